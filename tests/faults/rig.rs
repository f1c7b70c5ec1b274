//! The driver and a run on a real socket, against the simulator, in this process.

use std::sync::Arc;
use std::time::Duration;

use nwdiag::event::{
    Event, FORMAT_VERSION, Moment, Protocol, Qos, Start, StopReason, TargetFacts, Transport,
};
use nwdiag::io::clock::Clock;
use nwdiag::io::dial::{DialSettings, Dialer, TlsSettings};
use nwdiag::io::driver::{Driver, Observer};
use nwdiag::session::run::Run;
use nwdiag::session::settings::{Filter, Limits, ReconnectSettings, RunSettings, SessionSettings};
use nwdiag::simulator::Simulator;
use nwdiag::simulator::script::Script;
use tokio::sync::mpsc;

pub(crate) const MS: Duration = Duration::from_millis(1);

/// Time given to what takes moments, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);

/// Quick timers: a dead link is noticed within 0.6 s, an attempt is given up after 0.5 s.
pub(crate) fn settings() -> RunSettings {
    RunSettings {
        target: TargetFacts::default(),
        transport: Transport::Tcp,
        session: Arc::new(SessionSettings {
            protocol: Protocol::V311,
            client_id: "faults".to_owned(),
            username: None,
            password: None,
            keep_alive: Duration::from_mins(1),
            clean_session: true,
            ping_interval: 300 * MS,
            ping_timeout: 300 * MS,
            max_packet_bytes: 1024,
            filters: vec![Filter { topic: "a/#".to_owned(), qos: Qos::ExactlyOnce }],
        }),
        reconnect: ReconnectSettings { min: 10 * MS, max: 50 * MS, deep_every: 10, max_attempts: None },
        connect_timeout: 500 * MS,
        limits: Limits::default(),
    }
}

/// What happened until the test had seen enough.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) events: Vec<Event>,
    pub(crate) reason: StopReason,
    /// From the request to stop until the driver was done.
    pub(crate) stopping: Duration,
}

struct Witness<F> {
    clock: Clock,
    enough: F,
    stops: mpsc::Sender<StopReason>,
    events: Vec<Event>,
    asked: Option<Moment>,
}

impl<F: FnMut(&[Event]) -> bool> Observer for Witness<F> {
    fn event(&mut self, event: Event) {
        self.events.push(event);
        if self.asked.is_none() && (self.enough)(&self.events) {
            self.asked = Some(self.clock.now());
            self.stops.try_send(StopReason::Signal).expect("room for one request");
        }
    }

    fn standing(&mut self, _run: &Run) {}
}

/// Plays `script` to a run until `enough` of its events have happened.
pub(crate) fn play(script: Script, settings: RunSettings, enough: impl FnMut(&[Event]) -> bool) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let played = runtime.block_on(async {
        let clock = Clock::start();
        let simulator = Simulator::start(script, clock).expect("a simulator");
        let (stops, requests) = mpsc::channel(1);
        let dialer = Dialer::new(DialSettings {
            transport: settings.transport,
            host: url::Host::parse("127.0.0.1").expect("an address"),
            port: simulator.address().port(),
            path: String::new(),
            tls: TlsSettings::default(),
        });
        let dialer = Arc::new(dialer.expect("a dialler"));
        let driver = Driver { clock, dialer, connect_timeout: settings.connect_timeout, stops: requests };
        let mut witness = Witness { clock, enough, stops, events: Vec::new(), asked: None };
        let run = Run::begin(settings, start(), 7);
        let reason = tokio::select! {
            reason = driver.drive(run, &mut witness) => reason,
            () = clock.sleep_until(Some(Moment::after_start(PATIENCE))) => panic!("not enough: {:#?}", witness.events),
        };
        let stopping = witness.asked.map_or(Duration::ZERO, |asked| clock.now().since(asked));
        Played { events: witness.events, reason, stopping }
    });
    runtime.shutdown_background();
    played
}

fn start() -> Start {
    Start {
        v: FORMAT_VERSION,
        run: String::new(),
        version: String::new(),
        pid: 0,
        host: String::new(),
        time_zone: String::new(),
        target: TargetFacts::default(),
    }
}

/// Whether an event of this name happened `count` times.
pub(crate) fn times(events: &[Event], name: &str, count: usize) -> bool {
    events.iter().filter(|event| event.name() == name).count() >= count
}
