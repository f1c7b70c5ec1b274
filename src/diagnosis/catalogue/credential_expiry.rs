//! The cause `credential_expiry`: its page, how it is recognised, and what is said of it.

use super::bad_credentials::REFUSED;
use super::clock_wrong::is_clock_off;
use super::server_disconnect::refusal_words;
use super::{Account, Candidate};
use crate::collector::incidents::Incident;
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::{Facts, share_met};
use crate::diagnosis::law::{Space, crowd, exposure};
use crate::diagnosis::words::{between, count, of, seconds};
use crate::event::SessionDrop;

entry! {
    /// Credentials run out: what was accepted at first is refused later, or the broker ends the session when they do.
    ///
    /// **How it shows.** A session works, drops, and the reconnect is refused (CONNACK 4 or 5, 0x86, 0x87, HTTP 401 or 403)
    /// until the token or signed URL is renewed; or sessions end at the life of a token (60 to 70 minutes).
    ///
    /// **What looks like it.** Credentials that never worked (`bad_credentials`). A permission that was never there
    /// (`authorization_violation`): it fails in the first session too. A clock that is wrong.
    ///
    /// **What to do.** Renew the token or signed URL for every attempt, and before it expires.
    CredentialExpiry, prior -2.0, weigh
}

/// A session this long shows that its requests were allowed, seconds.
const ALLOWED_SECONDS: f64 = 600.0;
/// So many messages show that publishing was allowed.
const ALLOWED_PUBLISHES: u64 = 3;
/// Lifetimes that tokens have, with the grace that services give: 1 h (Azure SAS, Cognito, Google JWT + 10 min), seconds.
const TOKEN_SECONDS: std::ops::RangeInclusive<f64> = 3_540.0..=4_300.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_drops(|dropped| of_drop(facts, dropped));
    let said = Candidate::new(nats, |explains| account(facts, explains)).alone();
    said.into_iter().chain(token_age(facts)).collect()
}

fn of_drop(facts: &Facts<'_>, dropped: Dropped<'_>) -> Option<f64> {
    let incident = dropped.incident;
    if is_clock_off(incident) {
        return None;
    }
    let refused = share_met(incident, &REFUSED);
    let word = match dropped.ending() {
        Ending::Reason(0x86 | 0x8c) => 10.0,
        // Not authorized: a request, unless it had been allowed before or nothing was asked.
        Ending::Reason(0x87) if dropped.request_before().is_none() || was_allowed_before(facts, dropped) => {
            9.0
        }
        Ending::Reason(0x87) => 2.0,
        Ending::Reason(_) | Ending::CloseCode(_) | Ending::Breach => f64::NEG_INFINITY,
        Ending::Closed
        | Ending::Reset
        | Ending::ResetOnOurPacket
        | Ending::Silence
        | Ending::LocalError
        | Ending::Unknown => 0.0,
    };
    let way_back = if refused >= 0.5 {
        10.0
    } else if refused > 0.0 {
        6.0
    } else {
        0.0
    };
    let gain = word + way_back;
    (gain > 0.0).then_some(gain)
}

/// Whether a request met the end that had been allowed before in this run: what ran out is not the permission.
pub(super) fn was_allowed_before(facts: &Facts<'_>, dropped: Dropped<'_>) -> bool {
    let record = dropped.record();
    let in_this_run = |earlier: &&Incident| earlier.terms.run == dropped.incident.terms.run;
    let mut earlier = facts.incidents[..dropped.index].iter().filter(in_this_run).filter_map(Incident::drop);
    let lived = |earlier: &SessionDrop| earlier.duration_connected_seconds >= Some(ALLOWED_SECONDS);
    match record.last_sent_packet.as_deref() {
        Some("PUBLISH") => {
            earlier.any(|earlier| lived(earlier) && earlier.messages_published >= Some(ALLOWED_PUBLISHES))
        }
        Some("SUBSCRIBE") => earlier.any(|earlier| {
            let counts = earlier.active_subscriptions.zip(record.active_subscriptions);
            lived(earlier) && counts.is_some_and(|(earlier, now)| earlier > now)
        }),
        Some(_) | None => false,
    }
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let refused =
        explains.iter().filter(|index| facts.incidents[**index].recovery.met_any(&REFUSED) > 0).count();
    let words = explains.iter().rev().find_map(|index| refusal_words(&facts.incidents[*index]));
    let said = explains.len() - refused;
    Account::new(
        "credentials run out: what was accepted at first is refused later",
        if refused > 0 {
            format!(
                "{} after which the broker refused the credentials that it had taken before",
                count(refused, "drop")
            )
        } else {
            format!("{} in which the broker said so as it closed", count(said, "drop"))
        },
        "renew the token or signed URL for every attempt, and before it expires",
    )
    .and(words)
}

/// Sessions that end at the life of a token.
fn token_age<'a>(facts: &'a Facts<'a>) -> Option<Candidate<'a>> {
    let ages = facts.ages(Dropped::is_mute_close);
    let law = crowd(&ages, Space::Sizes { finest: 1.0 })?;
    if law.len() < 4 || !TOKEN_SECONDS.contains(&law.place) {
        return None;
    }
    let span = facts.span_of(law.members.iter().map(|(index, _)| *index));
    let outlived = facts.outlived_age(1.03 * law.range.1, span);
    let (strike, passed) = exposure(law.len(), crate::diagnosis::statistics::number(outlived as u64));
    let nats = law.nats(facts.len(), |index, width| facts.surprise(index, width) + strike - 0.1);
    let (place, range, search) = (law.place, law.range, law.search);
    let account = move |explains: &[usize]| {
        Account::new(
            format!("sessions end at an age of {}, the life of a token", seconds(place)),
            format!("{} at an age of {}", of(explains.len(), facts.drop_count(), "drop"), between(range)),
            "mint a token for every connect, and reconnect before it expires",
        )
        .figure("age_seconds", place)
    };
    Some(Candidate::new(nats, account).costing(passed - search - 1.0))
}
