//! The cause `connection_lifetime`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::diagnosis::cause::Cause;
use crate::diagnosis::dropped::{Dropped, Ending};
use crate::diagnosis::facts::Facts;
use crate::diagnosis::law::{Reading, Space, crowd, exposure};
use crate::diagnosis::statistics::number;
use crate::diagnosis::words::{between, count, of, seconds};
use crate::units;

entry! {
    /// Sessions end at a fixed age T, whatever the traffic.
    ///
    /// **How it shows.** The ages at the end agree within a percent or less, and no session grew older; or the broker says
    /// 0xA0, "Maximum connect time". Custom authorizers, proxies, mobile operators (2 minutes, 4 hours, 24 hours) do it.
    ///
    /// **What looks like it.** Silence of the same length (`idle_timeout`) in a session in which nothing moved. The clock
    /// (`regular_interval`, `scheduled_outage`): an extra reconnect in between moves an age and no clock. Sessions that
    /// outlived T count against it.
    ///
    /// **What to do.** Find the limit (broker, authorizer, proxy, operator) and raise it, or reconnect on purpose before it.
    ConnectionLifetime, prior -2.5, weigh
}

/// MQTT 5: "Maximum connect time".
const MAXIMUM_CONNECT_TIME: u8 = 0xa0;
/// Fewer sessions claim no age.
const FEWEST: usize = 4;
/// Limits of connections are a minute or more; a shorter one is a loop of another kind, seconds.
const SHORTEST_SECONDS: f64 = 20.0;

/// A way back is hardly ever this long and always the same, seconds.
const LONGEST_RHYTHM_SECONDS: f64 = 75.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts
        .nats_of_drops(|dropped| (dropped.ending() == Ending::Reason(MAXIMUM_CONNECT_TIME)).then_some(13.0));
    let said = Candidate::new(nats, |explains| {
        Account::new(
            "the broker ends connections that have lasted as long as it allows",
            format!("{} with reason 0xa0, Maximum connect time", of(explains.len(), facts.len(), "incident")),
            "raise the limit at the broker, or reconnect on purpose before it is reached",
        )
    });
    said.alone().into_iter().chain(by_age(facts)).collect()
}

fn by_age<'a>(facts: &'a Facts<'a>) -> Option<Candidate<'a>> {
    let is_open = |dropped: Dropped<'_>| {
        !matches!(dropped.ending(), Ending::Reason(_) | Ending::CloseCode(_) | Ending::Breach)
            && dropped.incident.host.slept_seconds < 5.0
            && !super::aws_websocket_lifetime::is_at_the_limit(dropped)
    };
    let ages: Vec<Reading> =
        facts.ages(is_open).into_iter().filter(|age| age.to >= SHORTEST_SECONDS).collect();
    let law = crowd(&ages, Space::Sizes { finest: 0.2 })?;
    if law.len() < FEWEST {
        return None;
    }
    let span = facts.span_of(law.members.iter().map(|(index, _)| *index));
    let outlived = facts.outlived_age(1.02 * law.range.1 + 1.0, span);
    let (strike, passed) = exposure(law.len(), number(outlived as u64));
    let rhythm = if super::duplicate_client_id::may_be_a_rhythm(facts, &law, LONGEST_RHYTHM_SECONDS) {
        4.0
    } else {
        0.0
    };
    let nats = law.nats(facts.len(), |index, width| facts.surprise(index, width) + strike - rhythm);
    let short = if law.place < 75.0 { 2.0 } else { 0.0 };
    let cost = passed - law.search - short;
    let account = move |explains: &[usize]| {
        let age = law.place;
        Account::new(
            format!("sessions end at an age of {}, whatever the traffic", seconds(age)),
            format!("{} at an age of {}", of(explains.len(), facts.drop_count(), "drop"), between(law.range)),
            format!(
                "find the limit of {} (broker, authorizer, proxy, mobile operator) and raise it, or reconnect on purpose \
                    before it",
                seconds(age)
            ),
        )
        .and(Some(match outlived {
            0 => "no session grew older".to_owned(),
            more => format!("{} grew older all the same", count(more, "session")),
        }))
        .figure("age_seconds", age)
        .test(
            &format!("nwdiag watch TARGET --probe --probe-interval {}s", units::whole((age / 4.0).floor().max(1.0))),
            &[Cause::ConnectionLifetime, Cause::IdleTimeout],
            "still the same age although messages flow: a limit of age; no drops any more: a limit of silence",
        )
    };
    Some(Candidate::new(nats, account).costing(cost))
}
