//! What holds of every journal, whatever it is of: it could have been written by `watch`.

use nwdiag::event::{ConnectionKind, EnvironmentKind, Event, Observation};
use nwdiag::journal::{decode, encode};

use crate::faults::{CAUSES, PAIRS, made_by};
use crate::noise;
use crate::scenario::{Journal, Make, journal};

/// Two journals of everything.
fn journals() -> impl Iterator<Item = (String, Journal)> {
    let quiet: [(&str, Make); 2] = [("healthy", noise::healthy), ("unclear", noise::unclear)];
    let single = CAUSES.into_iter().chain(quiet).map(|(word, make)| (word.to_owned(), vec![make]));
    let pairs = PAIRS.iter().map(|pair| (pair.join(" + "), pair.map(made_by).to_vec()));
    let kinds: Vec<_> = single.chain(pairs).collect();
    kinds.into_iter().flat_map(|(name, makes)| {
        (100..102).map(move |seed| (format!("{name}, seed {seed}"), journal(&makes, &name, seed)))
    })
}

/// The records of one run, the `start` first.
fn runs(records: &[Observation]) -> impl Iterator<Item = &[Observation]> {
    records.chunk_by(|_, next| !matches!(next.event, Event::Start(_)))
}

fn at(record: &Observation) -> f64 {
    record.run_seconds.unwrap()
}

#[test]
fn one_seed_makes_one_journal() {
    for (word, make) in CAUSES {
        let [one, same, other] = [7, 7, 8].map(|seed| journal(&[make], word, seed).records);
        assert_eq!(one, same, "{word}");
        assert_ne!(one, other, "{word}");
    }
}

#[test]
fn every_record_is_read_as_it_was_written() {
    for (name, journal) in journals() {
        for record in &journal.records {
            let read = decode(&encode(record).unwrap()).unwrap();
            assert_eq!(read.as_ref(), Some(record), "{name}");
        }
    }
}

#[test]
fn a_run_begins_with_its_start_and_its_clock_goes_on() {
    for (name, journal) in journals() {
        for run in runs(&journal.records) {
            assert!(matches!(run[0].event, Event::Start(_)) && at(&run[0]).abs() < 1e-9, "{name}");
            assert!(run.is_sorted_by(|one, next| at(one) <= at(next)), "{name}");
            let stop = run.iter().position(|record| matches!(record.event, Event::Stop(_)));
            assert!(stop.is_none_or(|stop| stop == run.len() - 1), "{name}: records behind a stop");
        }
    }
}

#[test]
fn the_wall_clock_moves_with_the_runs_clock_but_for_steps() {
    for (name, journal) in journals() {
        for pair in runs(&journal.records).flat_map(|run| run.windows(2)) {
            let moved = pair[1].unix_seconds() - pair[0].unix_seconds() - (at(&pair[1]) - at(&pair[0]));
            let stepped = |record: &Observation| match &record.event {
                Event::Environment(told) if told.kind == EnvironmentKind::ClockStep => told.seconds.unwrap(),
                _ => 0.0,
            };
            let off = moved - stepped(&pair[1]);
            assert!(off.abs() < 0.01, "{name}: {off} s at {}", at(&pair[1]));
        }
    }
}

/// Follows a run as a reader does.
#[derive(Default)]
struct Reader {
    up_since: Option<f64>,
    dropped: Option<f64>,
    connected_before: bool,
    failed: u32,
}

impl Reader {
    fn read(&mut self, record: &Observation, before: Option<&Observation>) -> Result<(), &'static str> {
        let now = at(record);
        match &record.event {
            Event::Connected(connected) => self.connected(now, connected),
            Event::Drop(drop) => {
                let since = self.up_since.take().ok_or("a drop without a session")?;
                self.dropped = Some(now);
                let sampled = before.is_some_and(|before| matches!(before.event, Event::Sample(_)));
                check(sampled, "no sample before the drop")?;
                check(
                    (since + drop.duration_connected_seconds.unwrap() - now).abs() < 1e-3,
                    "the session's length",
                )?;
                drop_is_possible(drop)
            }
            Event::AttemptFailed(failed) => {
                check(self.up_since.is_none(), "an attempt beside a session")?;
                self.failed += 1;
                check(failed.attempt_number == Some(self.failed), "the number of an attempt")
            }
            Event::Subscribed(_) => check(self.up_since.is_some(), "a SUBACK without a session"),
            Event::Sample(sample) => {
                check(
                    sample.connected == Some(self.up_since.is_some()),
                    "up in a sample and not in the journal",
                )?;
                let length = self.up_since.map_or(0.0, |since| now - since);
                check(
                    (length - sample.session_seconds.unwrap()).abs() < 1e-3,
                    "the session's length in a sample",
                )
            }
            Event::Device(_) => check(self.up_since.is_some(), "an appliance is asked without a session"),
            Event::Start(_)
            | Event::LateAnswer(_)
            | Event::Environment(_)
            | Event::Finding(_)
            | Event::ProbeRefused(_)
            | Event::Pruned(_)
            | Event::Stop(_) => Ok(()),
        }
    }

    fn connected(&mut self, now: f64, connected: &nwdiag::event::Connected) -> Result<(), &'static str> {
        check(self.up_since.replace(now).is_none(), "two sessions at once")?;
        let first = connected.kind == ConnectionKind::Connected;
        check(first != self.connected_before, "the kind of a connection")?;
        self.connected_before = true;
        let expected = self.dropped.take().map(|dropped| now - dropped);
        let told = connected.time_to_reconnect_seconds;
        check(expected.is_some() == told.is_some(), "time to reconnect without a drop")?;
        let apart = expected.unwrap_or(0.0) - told.unwrap_or(0.0);
        check(apart.abs() < 1e-3, "the time to reconnect")?;
        let number = if first && self.failed == 0 { 0 } else { self.failed + 1 };
        self.failed = 0;
        check(connected.attempt_number == Some(number), "attempts of a recovery")
    }
}

fn check(holds: bool, what: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(what) }
}

/// What a drop says of itself fits together.
fn drop_is_possible(drop: &nwdiag::event::SessionDrop) -> Result<(), &'static str> {
    let [received, sent] = [drop.last_received_seconds, drop.last_sent_seconds].map(Option::unwrap);
    let opening = 31.0;
    check(received <= drop.duration_connected_seconds.unwrap() + 1e-3, "heard before CONNACK")?;
    check(sent <= drop.duration_connected_seconds.unwrap() + opening, "sent before CONNECT")?;
    check(drop.unanswered_ping_seconds.is_none_or(|age| age + 1e-3 >= sent), "a ping after the last packet")?;
    let alone = drop.protocol == Some(nwdiag::event::Protocol::V311);
    check(!alone || drop.reason_code.is_none(), "a reason code in MQTT 3.1.1")
}

#[test]
fn sessions_drops_and_attempts_follow_each_other_as_in_a_real_run() {
    for (name, journal) in journals() {
        for run in runs(&journal.records) {
            let mut reader = Reader::default();
            let mut before = None;
            for record in run {
                let read = reader.read(record, before);
                assert_eq!(read, Ok(()), "{name}: {} at {}", record.event.name(), at(record));
                before = Some(record);
            }
        }
    }
}

#[test]
fn the_next_attempt_comes_when_the_last_one_said() {
    for (name, journal) in journals() {
        let held_up = |event: &Event| matches!(event, Event::Environment(_) | Event::Start(_));
        let telling: Vec<&Observation> =
            journal.records.iter().filter(|record| !matches!(record.event, Event::Sample(_))).collect();
        for pair in telling.windows(2).filter(|pair| !held_up(&pair[1].event)) {
            let Event::AttemptFailed(one) = &pair[0].event else { continue };
            let Event::AttemptFailed(next) = &pair[1].event else { continue };
            let due = at(pair[0]) + one.next_attempt_seconds.unwrap();
            let late = at(pair[1]) - next.elapsed_seconds.unwrap() - due;
            // A process that got no turn is late.
            assert!((-1e-3..0.01).contains(&late) || late > 1.0, "{name}: {late} s late");
        }
    }
}

#[test]
fn the_program_counts_the_drops_that_there_are() {
    for (name, journal) in journals() {
        let metrics = journal.metrics();
        assert_eq!(metrics.drops, journal.culprits.len() as u64, "{name}");
        assert_eq!(metrics.observation.records_lost, 0, "{name}");
        let availability = metrics.observation.availability();
        assert!(availability.is_none_or(|share| (0.0..=1.0).contains(&share)), "{name}");
    }
}

#[test]
fn noise_is_at_most_one_drop_in_three() {
    for (name, journal) in journals() {
        let causes = if name.contains(" + ") { 2 } else { 1 };
        let noise = journal.culprits.iter().filter(|culprit| **culprit >= causes).count();
        assert!(noise * 3 <= journal.culprits.len(), "{name}: {noise} of {}", journal.culprits.len());
    }
}
