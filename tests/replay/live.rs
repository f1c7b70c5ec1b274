//! What `watch` saw is what its journal says afterwards.

use std::sync::Arc;

use chrono::DateTime;
use nwdiag::cli::environment::Environment;
use nwdiag::collector::metrics::Metrics;
use nwdiag::collector::{Liveness, RECENT};
use nwdiag::config::ZoneChoice;
use nwdiag::config::{Config, Surroundings, WatchConfig, resolve};
use nwdiag::diagnosis::diagnose;
use nwdiag::event::{Event, Observation, Start, StopReason};
use nwdiag::io::clock::{Clock, local};
use nwdiag::io::dial::{DialSettings, Dialer, TlsSettings};
use nwdiag::io::driver::{Driver, Observer};
use nwdiag::io::host_watch::HostWatch;
use nwdiag::journal::encode;
use nwdiag::journal::replay::{Replayed, replay};
use nwdiag::pipeline::Pipeline;
use nwdiag::session::extension::NoExtension;
use nwdiag::session::run::Run;
use nwdiag::simulator::{Simulator, demo};
use nwdiag::target::Broker;
use tokio::sync::mpsc;

use crate::{collector, page};

/// The pipeline of `watch`, with a journal in memory as its sink.
struct Live {
    clock: Clock,
    pipeline: Pipeline,
    lines: Vec<u8>,
    /// What was known after each record that was observed; findings are made of what is known.
    known: Vec<Metrics>,
}

impl Observer for Live {
    fn event(&mut self, event: Event) {
        let record = Observation::new(self.clock.stamp(), event);
        let records = self.pipeline.observe(record, || self.clock.now());
        self.write(&records);
        self.known.push(self.pipeline.metrics());
    }

    fn standing(&mut self, _run: &Run) {
        let findings = self.pipeline.diagnose_if_due(|| self.clock.now());
        self.write(&findings);
    }
}

impl Live {
    fn write(&mut self, records: &[Observation]) {
        for record in records {
            self.lines.extend(encode(record).unwrap());
        }
    }
}

fn config() -> WatchConfig {
    let environment = Environment::default();
    let arguments = ["nwdiag", "watch", "demo", "--duration", "9s", "--no-journal"];
    let around = Surroundings {
        environment: &environment,
        now: DateTime::UNIX_EPOCH,
        zone: ZoneChoice::Utc.function(local),
        exists: &|_| false,
        random: 1,
    };
    match resolve(nwdiag::cli::parse(arguments, &environment).unwrap(), around).unwrap() {
        Config::Watch(config) => *config,
        Config::Summary(_) | Config::Export(_) => unreachable!("'watch' was asked for"),
    }
}

fn dialer(broker: &Broker) -> Dialer {
    let tls = TlsSettings::default();
    let (transport, host, port) = (broker.transport, broker.host.clone(), broker.port);
    Dialer::new(DialSettings { transport, host, port, path: broker.path.clone(), tls, authorize: None })
        .unwrap()
}

fn start(config: &WatchConfig) -> Start {
    Start { run: "r".to_owned(), time_zone: "UTC".to_owned(), ..Start::new(config.run.target.clone()) }
}

/// Watches the demo from inside, where records have not been written and read yet.
async fn watch() -> Live {
    let (clock, config) = (Clock::start(), config());
    let simulator = Simulator::start(demo::tour(), clock).unwrap();
    let broker = Broker::parse(&format!("mqtt://{}", simulator.address())).unwrap();
    let mut live = Live { clock, pipeline: Pipeline::new(RECENT), lines: Vec::new(), known: Vec::new() };
    let (_nobody_stops_it, stops) = mpsc::channel(1);
    let connect_timeout = config.run.connect_timeout;
    let host = HostWatch::blind();
    let driver = Driver { clock, dialer: Arc::new(dialer(&broker)), connect_timeout, host, stops };
    let start = start(&config);
    let reason = driver.drive(Run::begin(config.run, Box::new(NoExtension), start, 1), &mut live).await;
    assert_eq!(reason, StopReason::Duration);
    live
}

#[tokio::test(flavor = "current_thread")]
async fn a_replayed_run_gives_the_numbers_that_the_live_one_had_after_each_record() {
    let live = watch().await;
    assert!(live.pipeline.drops() >= 2, "{} drops", live.pipeline.drops());
    let (mut replayed, mut at) = (collector(), 0);
    let done = replay(&live.lines[..], |record| {
        replayed.record(record);
        if !matches!(record.event, Event::Finding(_)) {
            assert_eq!(replayed.metrics(Liveness::Live), live.known[at], "after record {at}");
            at += 1;
        }
    });
    let lines = live.lines.split(|byte| *byte == b'\n').count() as u64 - 1;
    assert_eq!(done.unwrap(), Replayed { lines, skipped: 0, torn_end: false });
    assert_eq!(at, live.known.len());
    assert_eq!(diagnose(&replayed.metrics(Liveness::Live)), diagnose(&live.pipeline.metrics()));
    assert!(replayed.metrics(Liveness::Over).ping_rtt.count > 0, "round trips are folded too");
}

#[test]
fn what_watch_printed_gives_the_numbers_of_its_journal() {
    let home = tempfile::tempdir().unwrap();
    let journal = home.path().join("demo.jsonl");
    let printed =
        page(&["watch", "demo", "--duration", "8s", "--json", "--journal", journal.to_str().unwrap()]);
    let fold = |text: &[u8]| {
        let mut collector = collector();
        replay(text, |record| collector.record(record)).unwrap();
        collector.metrics(Liveness::Over)
    };
    let metrics = fold(printed.as_bytes());
    assert!(metrics.drops > 0 && metrics.recent_drops.len() as u64 == metrics.drops, "{metrics:?}");
    assert_eq!(metrics, fold(&std::fs::read(&journal).unwrap()));
}
