//! `nwdiag watch`: dial, keep the session, and hand what comes out of the pipeline to journal and standard output.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;

use super::{CommandError, Outcome, start};
use crate::cli::value::WatchFormat;
use crate::config::WatchConfig;
use crate::event::{Event, Observation, RunIdentity, StopReason};
use crate::io::clock::Clock;
use crate::io::driver::{Driver, Observer};
use crate::io::host_watch::HostWatch;
use crate::io::live_output::{Format, LiveOutput, StatusBoard};
use crate::io::signal;
use crate::io::sink_queue::SinkQueue;
use crate::io::terminal::{self, StatusLine};
use crate::pipeline::Pipeline;
use crate::report::clean;
use crate::report::line::Lines;
use crate::report::status::Status;
use crate::session::run::Run;
use crate::simulator::expired::ExpiredCertificate;
use crate::simulator::{Simulator, demo};
use crate::target::{Broker, Scenario, Target};

/// Nobody asks `watch` for its recent drops: what it prints and records is where they stand.
const NOTHING_RECENT: usize = 0;

/// The time that journal and standard output get at the end to take what is still in memory.
const LAST_WRITES: Duration = Duration::from_secs(1);

/// Watches until something ends it.
pub(super) fn run(mut config: WatchConfig) -> Result<Outcome, CommandError> {
    let status = start::status_line(config.display.verbosity);
    let _logs_until_the_end = start::logs(config.display.verbosity, status.clone())?;
    start::read_password(&mut config)?;
    start::warn(&config.warnings, config.display.verbosity);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the event loop")?;
    let outcome = runtime.block_on(watch(config, status));
    // A resolver that is stuck must not hold the exit.
    runtime.shutdown_background();
    outcome
}

async fn watch(mut config: WatchConfig, status: StatusLine) -> Result<Outcome, CommandError> {
    let (ask_to_stop, stops) = mpsc::channel(1);
    signal::listen(&ask_to_stop).context("cannot listen for signals")?;
    signal::survive_file_size_limit().context("cannot listen for signals")?;
    let (broker, _played) = broker(&mut config)?;
    let dialer = start::dialer(&broker, &config)?;
    let journal = start::journal(&config)?;
    // Certificates and journal may have taken their time: the run begins only now.
    let clock = Clock::start();
    let board = StatusBoard::default();
    let output = output(&config, status, board.clone(), clock, ask_to_stop)?;
    let first = start::first_record(config.run.target.clone());
    let identity = RunIdentity::of(&first);
    let connect_timeout = config.run.connect_timeout;
    let extension = start::extension(&config);
    let run = Run::begin(config.run, extension, first, fastrand::u64(..));
    let pipeline = Pipeline::new(NOTHING_RECENT);
    let mut recorder = Recorder { clock, identity, journal, output, pipeline, board, last_failure: None };
    let driver = Driver { clock, dialer: Arc::new(dialer), connect_timeout, host: HostWatch::open(), stops };
    let reason = driver.drive(run, &mut recorder).await;
    recorder.close(reason).await
}

/// Where to dial: the demo's broker is started here, and ends when the simulator goes.
fn broker(config: &mut WatchConfig) -> Result<(Broker, Played), CommandError> {
    match &config.target {
        Target::Broker(broker) => Ok(((**broker).clone(), Played::Nothing)),
        Target::Navien => {
            let navien = config.navien.as_ref().context("the Navien cloud is not set up")?;
            Ok((navien.broker.clone(), Played::Nothing))
        }
        Target::Demo(scenario) => {
            let (url, played) = play(*scenario).context("cannot start the demo")?;
            let broker = Broker::parse(&url).context("cannot reach the demo")?;
            config.run.target.url = url;
            config.run.target.transport = Some(broker.transport);
            Ok((broker, played))
        }
    }
}

/// What the demo plays; it ends when this goes.
enum Played {
    Nothing,
    Broker { _simulator: Simulator },
    Certificate { _expired: ExpiredCertificate },
}

/// Starts a demo, and tells its URL.
fn play(scenario: Scenario) -> Result<(String, Played), anyhow::Error> {
    if scenario == Scenario::CertificateExpired {
        let expired = ExpiredCertificate::start()?;
        return Ok((format!("mqtts://{}", expired.address()), Played::Certificate { _expired: expired }));
    }
    let simulator = Simulator::start(demo::script(scenario), Clock::start())?;
    Ok((format!("mqtt://{}", simulator.address()), Played::Broker { _simulator: simulator }))
}

fn output(
    config: &WatchConfig,
    status: StatusLine,
    board: StatusBoard,
    clock: Clock,
    ask_to_stop: mpsc::Sender<StopReason>,
) -> Result<SinkQueue, CommandError> {
    let format = match config.output {
        WatchFormat::Text => {
            Format::Text(Lines::new(start::zone(config.display.zone), start::palette(config.display.color)))
        }
        WatchFormat::Json => Format::Json,
    };
    let output = LiveOutput::open(format, status, board, clock).context("cannot use standard output")?;
    let gone = move || {
        // A full queue holds a request to stop already.
        let _ = ask_to_stop.try_send(StopReason::OutputClosed);
    };
    Ok(SinkQueue::start("standard output", output, gone).context("cannot start the output's thread")?)
}

/// Stamps events, and hands what the pipeline makes of them to all who want it.
struct Recorder {
    clock: Clock,
    identity: RunIdentity,
    journal: Option<SinkQueue>,
    output: SinkQueue,
    pipeline: Pipeline,
    board: StatusBoard,
    /// What the last attempt that failed said.
    last_failure: Option<String>,
}

impl Observer for Recorder {
    fn event(&mut self, event: Event) {
        if let Event::AttemptFailed(failed) = &event {
            self.last_failure = Some(failed.error_message.clone());
        }
        let record = Observation::new(self.clock.stamp(), event).in_run(&self.identity);
        let records = self.pipeline.observe(record, || self.clock.now());
        self.send(records);
    }

    fn standing(&mut self, run: &Run) {
        let findings = self.pipeline.diagnose_if_due(|| self.clock.now());
        self.send(findings);
        self.board.post(Status::of(run, self.pipeline.drops()));
    }
}

impl Recorder {
    fn send(&self, records: Vec<Observation>) {
        for record in records {
            if let Some(journal) = &self.journal {
                journal.send(record.clone());
            }
            self.output.send(record);
        }
    }

    async fn close(self, reason: StopReason) -> Result<Outcome, CommandError> {
        let journal = async {
            match self.journal {
                Some(journal) => journal.close(self.clock, LAST_WRITES).await,
                None => 0,
            }
        };
        let (journal, output) = tokio::join!(journal, self.output.close(self.clock, LAST_WRITES));
        for (place, lost) in [("journal", journal), ("standard output", output)] {
            if lost > 0 {
                terminal::say(&format!("{lost} records were lost: the {place} did not take them in time"));
            }
        }
        if let (Some(why), Some(last)) = (gave_up(reason), self.last_failure) {
            terminal::say(&format!("{why}: {}", clean(&last)));
        }
        Ok(if journal + output > 0 { Outcome::Failed } else { outcome(reason) })
    }
}

/// What led to an end that the last failed attempt explains.
const fn gave_up(reason: StopReason) -> Option<&'static str> {
    match reason {
        StopReason::AttemptsExhausted => {
            Some("gave up after the attempts that --max-attempts allows; the last one said")
        }
        StopReason::CredentialsRejected => Some("gave up, as the credentials were refused for good"),
        StopReason::Signal
        | StopReason::Duration
        | StopReason::MaxEvents
        | StopReason::OutputClosed
        | StopReason::Error => None,
    }
}

const fn outcome(reason: StopReason) -> Outcome {
    match reason {
        StopReason::Signal | StopReason::Duration | StopReason::MaxEvents | StopReason::OutputClosed => {
            Outcome::Done
        }
        StopReason::AttemptsExhausted | StopReason::CredentialsRejected | StopReason::Error => {
            Outcome::Failed
        }
    }
}
