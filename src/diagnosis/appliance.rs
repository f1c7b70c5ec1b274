//! The cause behind the broker: our connection is up, and the appliance does not answer.
//!
//! The collector has left out what our own connection may have swallowed. One lost answer is no finding: what counts is
//! silence in a row, or again and again, and the word of the service.

use chrono::TimeDelta;

use super::cause::Cause;
use super::facts::Facts;
use super::finding::{Finding, Status};
use super::statistics::{number, share};
use super::words::{count, of};
use crate::collector::devices::{DeviceMetrics, Silence};
use crate::units::utc_date_time;

/// The page of the cause.
pub(super) const PAGE: &str = "Our connection is up, the appliance behind it does not answer.\n\n\
    **How it shows.** Status requests stay unanswered in a row while our own connection is fine; the service lists the \
    appliance as not connected.\n\n\
    **What looks like it.** One lost answer is none; an answer that our own drop swallowed is not counted.\n\n\
    **What to do.** Look at the appliance's Wi-Fi and power.\n";

/// From so many requests in a row on it is no matter of lost answers.
const IN_A_ROW: u64 = 3;
/// Two in a row, or single ones, prove something only where they are a good part of all.
const PAIR_SHARE: f64 = 0.05;
const SINGLE_SHARE: f64 = 0.1;
const SINGLES: u64 = 3;

/// Two requests that were given up within this are one moment of an appliance that answers at others, seconds.
const MOMENT_SECONDS: i64 = 60;

/// At this signal an appliance loses its network, dBm; the service's documents call -90 poor.
const WEAK_DBM: i32 = -75;
/// The appliance's own name for a fault of its Wi-Fi.
const WIFI_FAULT: i64 = 596;

/// Appliances whose figures are told one by one.
const SHOWN: usize = 4;

/// An appliance and the spells in which it was silent.
struct Suspect<'a> {
    device: &'a DeviceMetrics,
    silences: Vec<(usize, &'a Silence)>,
}

fn suspects<'a>(facts: &Facts<'a>) -> Vec<Suspect<'a>> {
    let of = |device: &'a DeviceMetrics| Suspect {
        device,
        silences: facts
            .metrics
            .silences
            .iter()
            .enumerate()
            .filter(|(_, silence)| silence.device == device.device)
            .collect(),
    };
    facts.metrics.devices.iter().map(of).filter(|suspect| !suspect.silences.is_empty()).collect()
}

impl Suspect<'_> {
    /// How many moments the longest silence held.
    fn longest(&self) -> u64 {
        self.silences.iter().map(|(_, silence)| self.moments(silence)).max().unwrap_or_default()
    }

    /// How many requests of a silence tell something anew.
    fn moments(&self, silence: &Silence) -> u64 {
        let is_brief = silence.latest - silence.began < TimeDelta::seconds(MOMENT_SECONDS);
        let is_a_moment = silence.unanswered == 2 && is_brief && self.device.answered > 0;
        if is_a_moment { 1 } else { silence.unanswered }
    }

    /// At how many moments of silence the service said the same.
    fn said(&self) -> u64 {
        let said = |silence: &Silence| silence.cloud_gone.min(self.moments(silence));
        self.silences.iter().map(|(_, silence)| said(silence)).fold(0, u64::saturating_add)
    }

    /// With how many unanswered requests the service said the same.
    fn cloud_gone(&self) -> u64 {
        self.silences.iter().map(|(_, silence)| silence.cloud_gone).fold(0, u64::saturating_add)
    }

    /// With how many it said the contrary.
    fn cloud_there(&self) -> u64 {
        self.silences.iter().map(|(_, silence)| silence.cloud_there).fold(0, u64::saturating_add)
    }

    /// How sure it is that the appliance was away, and not an answer lost now and then.
    fn confidence(&self) -> f64 {
        let (longest, said) = (self.longest(), self.said());
        let part = number(self.device.unanswered()) / number(self.device.asked.max(1));
        let again_and_again = self.device.unanswered() >= SINGLES && part >= SINGLE_SHARE;
        match longest {
            IN_A_ROW.. if said >= 2 => 0.98,
            IN_A_ROW.. => in_a_row(longest),
            2 if said >= 2 => 0.9,
            2 if part >= PAIR_SHARE => 0.75,
            _ if said >= 2 => 0.75,
            _ if again_and_again => 0.7,
            2 => 0.3,
            _ if said == 1 => 0.3,
            _ => 0.1,
        }
    }
}

/// Half of the doubt goes with each further request.
fn in_a_row(longest: u64) -> f64 {
    let beyond = i32::try_from(longest.saturating_sub(1)).unwrap_or(i32::MAX);
    0.97 - (0.97 - 0.6) * 0.5_f64.powi(beyond)
}

/// What is said of appliances that did not answer.
pub(super) fn finding(facts: &Facts<'_>) -> Option<Finding> {
    let suspects = suspects(facts);
    let confidence = suspects.iter().map(Suspect::confidence).max_by(f64::total_cmp)?;
    let away: Vec<&Suspect<'_>> = suspects
        .iter()
        .filter(|suspect| confidence < super::LIKELY || suspect.confidence() >= super::LIKELY)
        .collect();
    let silences: Vec<&Silence> =
        away.iter().flat_map(|suspect| suspect.silences.iter().map(|(_, silence)| *silence)).collect();
    let goes_on = away.iter().any(|suspect| suspect.device.unanswered_streak > 0);
    Some(Finding {
        cause: Cause::ApplianceOffline,
        confidence: (confidence * 100.0).round() / 100.0,
        drops_explained: 0,
        incidents_explained: silences.len() as u64,
        status: if goes_on { Status::Active } else { Status::Unsure },
        first: silences.iter().map(|silence| silence.began).min(),
        last: silences.iter().map(|silence| silence.latest).max(),
        expected_since: None,
        summary: summary(facts, &away),
        evidence: away.iter().take(SHOWN).flat_map(|suspect| evidence(suspect)).collect(),
        figures: std::collections::BTreeMap::new(),
        named: std::collections::BTreeMap::new(),
        fix: fix(&away),
        next_test: None,
    })
}

fn summary(facts: &Facts<'_>, away: &[&Suspect<'_>]) -> String {
    let who = match away {
        [one] => format!("the appliance {} behind it", one.device.device),
        many => format!("{} of {} behind it", many.len(), count(facts.metrics.devices.len(), "appliance")),
    };
    let goes_on = away.iter().any(|suspect| suspect.device.unanswered_streak > 0);
    let deed = match (away.len(), goes_on) {
        (1, true) => "does not answer",
        (_, true) => "do not answer",
        (_, false) => "did not answer for a while",
    };
    if facts.incidents.is_empty() {
        format!("our connection is fine; {who} {deed}")
    } else {
        format!("while our connection is up, {who} {deed}")
    }
}

fn evidence(suspect: &Suspect<'_>) -> Vec<String> {
    let name = &suspect.device.device;
    let (unanswered, said) = (suspect.device.unanswered(), suspect.cloud_gone());
    let longest = suspect.silences.iter().map(|(_, silence)| *silence).max_by_key(|one| one.unanswered);
    let mut lines = vec![format!(
        "{name}: connected, and {} unanswered, at most {} in a row",
        of(whole(unanswered), whole(suspect.device.asked), "status request"),
        suspect.longest()
    )];
    lines.extend(longest.map(|silence| match silence.ended {
        Some(ended) => {
            format!(
                "{name}: longest silent from {}, answered again at {}",
                utc_date_time(silence.began),
                utc_date_time(ended)
            )
        }
        None => format!("{name}: silent since {}, up to the last request", utc_date_time(silence.began)),
    }));
    if said > 0 {
        lines.push(format!(
            "{name}: the service itself listed it as not connected with {} of them ({:.0} %)",
            said,
            100.0 * share(whole(said), whole(unanswered))
        ));
    }
    let there = suspect.cloud_there();
    if there > 0 {
        lines.push(format!(
            "{name}: the service listed it as connected all the same with {there} of them ({:.0} %)",
            100.0 * share(whole(there), whole(unanswered))
        ));
    }
    lines.extend(
        weakest_before(suspect).map(|dbm| format!("{name}: its Wi-Fi signal was down to {dbm} dBm before")),
    );
    lines.extend(reported_fault(suspect).then(|| {
        format!("{name}: it had reported error {WIFI_FAULT}, a fault of its Wi-Fi, before it fell silent")
    }));
    lines
}

/// The weakest signal before a silence, where it was weak.
fn weakest_before(suspect: &Suspect<'_>) -> Option<i32> {
    let before = suspect.silences.iter().filter_map(|(_, silence)| silence.wifi_dbm_before).min();
    before.filter(|dbm| *dbm <= WEAK_DBM)
}

fn reported_fault(suspect: &Suspect<'_>) -> bool {
    suspect.silences.iter().any(|(_, silence)| silence.error_code_before == Some(WIFI_FAULT))
}

fn fix(away: &[&Suspect<'_>]) -> String {
    let signal = away.iter().find_map(|suspect| weakest_before(suspect));
    let first = match signal {
        Some(dbm) => {
            format!("bring its access point nearer, or add one ({dbm} dBm is weak, above -70 is good)")
        }
        None => "see at the appliance whether it has power and is in its Wi-Fi".to_owned(),
    };
    format!(
        "{first}; check that the access point and its way to the internet work; switch the appliance off and on at its \
         breaker; at last set up its Wi-Fi module anew by hand, as its manual says (nwdiag only reads and changes nothing)"
    )
}

fn whole(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
