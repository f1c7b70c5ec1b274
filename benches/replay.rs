//! How long it takes to read a journal and to fold it, beside what reading its JSON takes at the least.
//!
//! `cargo bench --bench replay`, or with `-- --quick` in less than a minute. `fold` shows that a record costs the same
//! whether ten thousand were folded before or a million.

#![expect(clippy::unwrap_used, reason = "the journal is our own")]

use std::fmt::Write;
use std::hint::black_box;
use std::io::BufRead;

use chrono::TimeDelta;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nwdiag::collector::clock::Window;
use nwdiag::collector::{Collector, Liveness, RECENT};
use nwdiag::event::{Observation, rounded};
use nwdiag::journal::decode;
use nwdiag::journal::replay::replay;
use serde_json::Value;

/// A run that was really recorded, and is repeated, later and later, until there are enough records.
const RECORDED: &str = include_str!("../tests/fixtures/journals/demo.jsonl");
const RECORDS: usize = 100_000;

/// The records of a run that goes on for as long as wanted: the recorded one without its beginning and its end, each
/// time behind the last. Lengths vary, so that the sketches have something to tell apart.
fn records() -> impl Iterator<Item = Observation> {
    let recorded: Vec<Observation> =
        RECORDED.lines().map(|line| decode(line.as_bytes()).unwrap().unwrap()).collect();
    let first = recorded[0].clone();
    let (from, to) = (first.ts, recorded[recorded.len() - 1].ts);
    let middle = recorded[1..recorded.len() - 2].to_vec();
    let rounds = (0_i32..).map(move |round| (round, (to - from) * round));
    let later = move |(round, by): (i32, TimeDelta)| {
        middle.clone().into_iter().map(move |record| shifted(record, round, by))
    };
    std::iter::once(first).chain(rounds.flat_map(later))
}

fn shifted(mut record: Observation, round: i32, by: TimeDelta) -> Observation {
    use nwdiag::event::Event;

    record.ts += by;
    record.run_seconds = record.run_seconds.map(|seconds| rounded(seconds + by.as_seconds_f64(), 1e6));
    let stretch = 1.0 + f64::from(round % 997) / 100.0;
    match &mut record.event {
        Event::Drop(drop) => {
            drop.duration_connected_seconds =
                drop.duration_connected_seconds.map(|length| rounded(length * stretch, 1e6));
        }
        Event::Sample(sample) => {
            let trips = sample.ping_rtt_ms.iter_mut().flat_map(|trips| trips.values.iter_mut());
            trips.for_each(|trip| *trip = rounded(*trip * stretch, 1e3));
        }
        Event::Start(_)
        | Event::Connected(_)
        | Event::Subscribed(_)
        | Event::LateAnswer(_)
        | Event::AttemptFailed(_)
        | Event::Environment(_)
        | Event::Device(_)
        | Event::Finding(_)
        | Event::ProbeRefused(_)
        | Event::Pruned(_)
        | Event::Stop(_) => {}
    }
    record
}

fn journal() -> String {
    let lines = records().take(RECORDS).map(|record| nwdiag::journal::encode(&record).unwrap());
    lines.fold(String::new(), |mut text, line| {
        write!(text, "{}", String::from_utf8(line).unwrap()).unwrap();
        text
    })
}

fn collector() -> Collector {
    Collector::new(Window::default(), RECENT)
}

fn reading(c: &mut Criterion) {
    let text = journal();
    let mut group = c.benchmark_group("journal of 100,000 records");
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("parse each line as any JSON (baseline)", |b| {
        b.iter(|| {
            for line in text.as_bytes().lines() {
                black_box(serde_json::from_str::<Value>(&line.unwrap()).unwrap());
            }
        });
    });
    group.bench_function("replay", |b| {
        b.iter(|| {
            replay(text.as_bytes(), |record| {
                black_box(record);
            })
        });
    });
    group.bench_function("replay and fold", |b| {
        b.iter(|| {
            let mut collector = collector();
            replay(text.as_bytes(), |record| collector.record(record)).unwrap();
            black_box(collector.metrics(Liveness::Over))
        });
    });
    group.finish();
}

/// So many records are folded at a time: enough that every kind is among them.
const BATCH: usize = 1_000;

fn folding(c: &mut Criterion) {
    let mut group = c.benchmark_group("fold 1,000 more records");
    group.sample_size(50).throughput(Throughput::Elements(BATCH as u64));
    for before in [10_000, 1_000_000] {
        let mut collector = collector();
        let mut records = records();
        records.by_ref().take(before).for_each(|record| collector.record(&record));
        let batch: Vec<Observation> = records.take(BATCH).collect();
        group.bench_function(format!("after {before}"), |b| {
            let fold = |mut collector: Collector| {
                for record in &batch {
                    collector.record(record);
                }
                collector
            };
            b.iter_batched(|| collector.clone(), fold, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, reading, folding);
criterion_main!(benches);
