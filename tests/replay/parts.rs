//! A journal that is folded in parts, cut anywhere, gives byte for byte the export of the whole.

use nwdiag::collector::clock::Window;
use nwdiag::collector::{Fold, Hosts, Liveness, PartialFold, RECENT};
use nwdiag::diagnosis::diagnose;
use nwdiag::event::Observation;
use nwdiag::journal::replay::replay;
use nwdiag::report::{Report, json};
use proptest::prelude::*;

use crate::mixed::{alternating, named, older};

const RECORDED: [&str; 7] = [
    "demo.jsonl",
    "../recorded/acl_that_closes.jsonl",
    "../recorded/expired_certificate.jsonl",
    "../recorded/half_open.jsonl",
    "../recorded/restart.jsonl",
    "../recorded/take_over.jsonl",
    "../recorded/wrong_password.jsonl",
];

/// All recorded journals in one: two of them mixed line by line, the others one after the other.
fn recorded() -> Vec<Observation> {
    let [one, two, others @ ..] = RECORDED;
    let text: String = [alternating(&named(one), &named(two))]
        .into_iter()
        .chain(others.iter().flat_map(|name| [older(name), named(name)]))
        .collect();
    let mut records = Vec::new();
    replay(text.as_bytes(), |record| records.push(record.clone())).unwrap();
    records
}

/// The export of each target as of the last record.
fn exports(fold: &Fold) -> Vec<u8> {
    let mut bytes = Vec::new();
    for liveness in [Liveness::Over, Liveness::Live] {
        let metrics = fold.latest(liveness).map(|target| target.metrics(liveness)).unwrap_or_default();
        let report = Report {
            generated: chrono::DateTime::UNIX_EPOCH,
            live: liveness == Liveness::Live,
            skipped_lines: 0,
            findings: diagnose(&metrics),
            explanations: Vec::new(),
            metrics,
            dump: None,
            other_targets: fold.others(liveness),
        };
        json::write(&mut bytes, &report, json::Layout::Pretty).unwrap();
    }
    bytes
}

fn fold() -> Fold {
    Fold::new(Window::default(), RECENT, Hosts::Apart)
}

fn part(records: &[Observation]) -> PartialFold {
    let mut part = PartialFold::new(Window::default());
    records.iter().cloned().for_each(|record| part.record(record));
    part
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn parts_of_recorded_journals_give_the_bytes_of_the_whole(
        cuts in prop::collection::vec(0.0_f64..=1.0, 1..8), end in 0.0_f64..=1.0,
    ) {
        let records = recorded();
        #[expect(
            clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
            reason = "a place among some hundred records"
        )]
        let place = |share: f64, of: usize| (share * of as f64) as usize;
        let records = &records[..place(end, records.len())];
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| place(cut, records.len())).collect();
        cuts.extend([0, records.len()]);
        cuts.sort_unstable();
        let mut whole = fold();
        for record in records {
            whole.record(record);
        }
        let mut parts = fold();
        for pair in cuts.windows(2) {
            parts.append(part(&records[pair[0]..pair[1]]));
        }
        prop_assert_eq!(
            String::from_utf8(exports(&parts)).unwrap(), String::from_utf8(exports(&whole)).unwrap()
        );
    }
}
