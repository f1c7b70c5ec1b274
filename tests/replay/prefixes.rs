//! A journal that was cut short anywhere still reads: what a power cut leaves.

use std::collections::{BTreeSet, VecDeque};
use std::io::{BufRead, Read, Result};

use nwdiag::journal::replay::{Replayed, replay};
use serde_json::Value;

use crate::{collector, fixture, page};

const CUTS: usize = 200;

/// So many cuts over the whole length, and those around the end of each line.
fn cuts(journal: &[u8]) -> BTreeSet<usize> {
    let ends = journal.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at);
    let around = ends.flat_map(|end| [end - 1, end, end + 1]);
    (0..=CUTS).map(|cut| journal.len() * cut / CUTS).chain(around).collect()
}

/// What an export of a journal cut short has to say: drops, lines that could not be read, runs, and those without end.
fn expected(prefix: &str) -> [u64; 4] {
    let read: Vec<Option<Value>> = prefix.lines().map(|line| serde_json::from_str(line).ok()).collect();
    let count = |kind: &str| read.iter().flatten().filter(|record| record["event"] == kind).count() as u64;
    let torn = read.iter().filter(|record| record.is_none()).count() as u64;
    [count("drop"), torn, count("start"), count("start") - count("stop")]
}

fn said(export: &Value) -> [u64; 4] {
    let observation = &export["observation"];
    let keys = [&observation["skipped_lines"], &observation["runs"], &observation["interrupted_runs"]];
    let [skipped, runs, interrupted] = keys.map(|number| number.as_u64().unwrap());
    [export["metrics"]["total_connection_drops"].as_u64().unwrap(), skipped, runs, interrupted]
}

#[test]
fn every_prefix_of_a_journal_can_be_exported() {
    let journal = std::fs::read(fixture("demo.jsonl")).unwrap();
    let home = tempfile::tempdir().unwrap();
    let cut = home.path().join("cut.jsonl");
    let cuts = cuts(&journal);
    assert!(cuts.len() > CUTS, "{} cuts", cuts.len());
    for end in cuts {
        std::fs::write(&cut, &journal[..end]).unwrap();
        let export = serde_json::from_str(&page(&["export", cut.to_str().unwrap()])).unwrap();
        let prefix = std::str::from_utf8(&journal[..end]).unwrap();
        assert_eq!(said(&export), expected(prefix), "cut at {end}");
    }
}

/// A file that somebody is writing: each time its end was reached there is more.
struct Growing<'a>(VecDeque<&'a [u8]>);

impl Read for Growing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Growing<'_> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        match self.0.front() {
            Some([]) => {
                self.0.pop_front();
                Ok(&[])
            }
            part => Ok(part.copied().unwrap_or_default()),
        }
    }

    fn consume(&mut self, amount: usize) {
        if let Some(part) = self.0.front_mut() {
            *part = &part[amount..];
        }
    }
}

#[test]
fn a_record_that_is_being_written_while_it_is_read_is_neither_torn_nor_corrupt() {
    let journal = std::fs::read(fixture("demo.jsonl")).unwrap();
    let first = journal.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in [first + 1, first + 100] {
        let growing = Growing([&journal[..cut], &journal[cut..]].into());
        let mut collector = collector();
        let replayed = replay(growing, |record| collector.record(record)).unwrap();
        assert_eq!(replayed, Replayed { lines: 1, skipped: 0, torn_end: true }, "cut at {cut}");
    }
}
