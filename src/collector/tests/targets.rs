//! Several targets in one stream.

use super::*;
use crate::collector::fold::{Fold, Hosts};

/// A run of a target with so many drops, watched from a host, as its journal names it.
fn journal(target_name: &str, host: &str, run: &str, from: i64, drops: i64) -> Vec<Observation> {
    let begun = Event::Start(Box::new(start_of(target_name, host, run)));
    let mut records = vec![record(from, from, begun)];
    for drop in 0..drops {
        let at = from + 10 * drop;
        records.push(record(from, at + 1, connected(ConnectionKind::Resumed, 1, Some(1.0))));
        records.push(record(from, at + 9, dropped("A", 8.0)));
    }
    records.into_iter().map(|record| named(target_name, run, record)).collect()
}

/// The same as an older nwdiag wrote it.
fn nameless(records: Vec<Observation>) -> Vec<Observation> {
    let without = |record: Observation| match &record.event {
        Event::Start(_) => Observation { target_name: None, ..record },
        _ => Observation { target_name: None, run: None, ..record },
    };
    records.into_iter().map(without).collect()
}

fn alternating(one: Vec<Observation>, two: Vec<Observation>) -> Vec<Observation> {
    let rest = one[two.len().min(one.len())..].iter().chain(&two[one.len().min(two.len())..]).cloned();
    let rest: Vec<Observation> = rest.collect();
    one.into_iter().zip(two).flat_map(|(one, two)| [one, two]).chain(rest).collect()
}

fn folded(hosts: Hosts, records: &[Observation]) -> Fold {
    let mut fold = Fold::new(Window::default(), RECENT, hosts);
    for record in records {
        fold.record(record);
    }
    fold
}

/// The name of the target that is reported on, its drops and runs, and the others.
fn told(hosts: Hosts, records: &[Observation]) -> (String, u64, u64, Vec<String>) {
    let fold = folded(hosts, records);
    let metrics = fold.latest(Liveness::Over).unwrap().metrics(Liveness::Over);
    let name = metrics.target.map(|target| target.name).unwrap_or_default();
    (name, metrics.drops, metrics.observation.runs, fold.others(Liveness::Over))
}

#[test]
fn two_targets_in_one_stream_are_never_mixed() {
    let (a, b) = (journal("a", "h", "1", 0, 3), journal("b", "h", "2", 5, 5));
    let expected = ("b".to_owned(), 5, 1, vec!["a".to_owned()]);
    assert_eq!(told(Hosts::Apart, &[a.clone(), b.clone()].concat()), expected);
    assert_eq!(told(Hosts::Apart, &[b.clone(), a.clone()].concat()), expected, "the latest by time");
    assert_eq!(told(Hosts::Apart, &alternating(a, b)), expected);
}

#[test]
fn of_a_live_journal_the_target_of_the_last_record_is_reported_on() {
    let (a, b) = (journal("a", "h", "1", 100, 3), journal("b", "h", "2", 0, 5));
    let fold = folded(Hosts::Together, &[a, b].concat());
    let metrics = fold.latest(Liveness::Live).unwrap().metrics(Liveness::Live);
    assert_eq!((metrics.target.unwrap().name.as_str(), metrics.observation.interrupted_runs), ("b", 0));
    assert_eq!(fold.others(Liveness::Live), ["a"]);
}

#[test]
fn older_journals_are_told_apart_by_their_starts() {
    let (a, b) = (journal("a", "h", "1", 0, 3), journal("b", "h", "2", 100, 5));
    let records = [nameless(a), nameless(b)].concat();
    assert_eq!(told(Hosts::Apart, &records), ("b".to_owned(), 5, 1, vec!["a".to_owned()]));
}

#[test]
fn one_target_is_one_over_all_of_its_runs() {
    let runs = [journal("a", "h", "1", 0, 3), journal("a", "h", "2", 100, 5), journal("a", "h", "3", 200, 1)];
    assert_eq!(told(Hosts::Apart, &runs.concat()), ("a".to_owned(), 9, 3, Vec::new()));
}

#[test]
fn two_hosts_that_watch_one_target_see_it_each_for_itself() {
    let (one, two) = (journal("a", "kitchen", "1", 0, 3), journal("a", "cellar", "2", 5, 5));
    let mixed = alternating(one, two);
    let others = vec!["a (watched from kitchen)".to_owned()];
    assert_eq!(told(Hosts::Apart, &mixed), ("a".to_owned(), 5, 1, others));
    assert_eq!(told(Hosts::Together, &mixed), ("a".to_owned(), 8, 2, Vec::new()), "a journal has one writer");
}

#[test]
fn records_before_the_first_start_belong_to_the_target_that_they_name() {
    let beheaded = |records: Vec<Observation>| records[1..].to_vec();
    let (a, b) = (journal("a", "h", "1", 0, 3), journal("b", "h", "2", 5, 5));
    let next = journal("a", "h", "3", 200, 1);
    let records = [beheaded(a), b, next].concat();
    assert_eq!(told(Hosts::Apart, &records), ("a".to_owned(), 4, 2, vec!["b".to_owned()]));
    let older = [nameless(beheaded(journal("a", "h", "1", 0, 3))), nameless(journal("a", "h", "3", 200, 1))];
    assert_eq!(told(Hosts::Apart, &older.concat()), ("a".to_owned(), 4, 2, Vec::new()));
}

#[test]
fn a_stream_of_nothing_has_no_target() {
    let fold = folded(Hosts::Apart, &[]);
    assert!(fold.latest(Liveness::Over).is_none() && fold.others(Liveness::Over).is_empty());
}

#[test]
fn more_targets_than_can_be_told_apart_are_left_out_and_that_is_said() {
    let starts: Vec<Observation> = (0..1100)
        .map(|number| {
            let (name, run) = (format!("t{number}"), format!("r{number}"));
            let begun = Event::Start(Box::new(start_of(&name, "h", &run)));
            named(&name, &run, record(0, number, begun))
        })
        .collect();
    let (name, _, runs, others) = told(Hosts::Apart, &starts);
    assert_eq!((name.as_str(), runs, others.len()), ("t1023", 1, 1024));
    assert_eq!(others.last().map(String::as_str), Some("more than 1024 in all"));
}
