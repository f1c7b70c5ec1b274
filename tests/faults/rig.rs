//! A run of `watch` against the simulator, in this process: the real dialler, link and driver.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use nwdiag::event::{
    AttemptFailed, Connected, Event, Protocol, Qos, SessionDrop, Start, StopReason, TargetFacts, Transport,
};
use nwdiag::io::clock::Clock;
use nwdiag::io::dial::{DialSettings, Dialer, TlsSettings};
use nwdiag::io::driver::{Driver, Observer};
use nwdiag::io::host_watch::HostWatch;
use nwdiag::session::extension::NoExtension;
use nwdiag::session::run::Run;
use nwdiag::session::settings::{
    Filter, Limits, ProtocolChoice, ReconnectSettings, RunSettings, SessionSettings,
};
use nwdiag::simulator::Simulator;
use nwdiag::simulator::script::Script;
use tokio::sync::{mpsc, watch};

use crate::front::{Front, Manners};

/// No row takes so long: it hangs.
const HUNG: Duration = Duration::from_secs(20);

/// How soon the runs of these tests notice a dead link.
pub(crate) const PING_INTERVAL: Duration = Duration::from_millis(200);
pub(crate) const PING_TIMEOUT: Duration = Duration::from_millis(300);

/// A session with one subscription that is quick to ping and in no hurry to time out otherwise.
pub(crate) fn settings() -> RunSettings {
    RunSettings {
        target: TargetFacts::default(),
        transport: Transport::Tcp,
        protocol: ProtocolChoice::Only(Protocol::V311),
        probe: None,
        session: Arc::new(SessionSettings {
            client_id: "faults".to_owned(),
            username: None,
            password: None,
            keep_alive: Duration::from_mins(1),
            clean_session: true,
            ping_interval: Duration::from_mins(1),
            ping_timeout: Duration::from_secs(10),
            max_packet_bytes: 1024,
            filters: vec![filter("t")],
        }),
        reconnect: ReconnectSettings {
            min: Duration::from_millis(1),
            max: Duration::from_millis(20),
            deep_every: 10,
            max_attempts: None,
        },
        connect_timeout: Duration::from_secs(10),
        sample_interval: Duration::from_mins(1),
        limits: Limits::default(),
    }
}

/// A subscription at QoS 2, so that a message keeps its own.
pub(crate) fn filter(topic: &str) -> Filter {
    Filter { topic: topic.to_owned(), qos: Qos::ExactlyOnce }
}

/// The same session with other details.
pub(crate) fn session(change: impl FnOnce(&mut SessionSettings)) -> RunSettings {
    let mut settings = settings();
    change(Arc::make_mut(&mut settings.session));
    settings
}

/// The same run in this version of MQTT alone.
pub(crate) fn speaking(protocol: Protocol, settings: RunSettings) -> RunSettings {
    RunSettings { protocol: ProtocolChoice::Only(protocol), ..settings }
}

/// The same run, over after so many events.
pub(crate) fn ending_after(mut settings: RunSettings, events: u64) -> RunSettings {
    settings.limits.max_events = Some(events);
    settings
}

/// A run that can be watched and stopped.
pub(crate) struct Rig {
    pub(crate) simulator: Simulator,
    _front: Option<Front>,
    pub(crate) events: watch::Receiver<Vec<Event>>,
    pub(crate) stop: mpsc::Sender<StopReason>,
    pub(crate) clock: Clock,
    /// How often the loop went round.
    pub(crate) rounds: watch::Receiver<u32>,
}

struct Recorder {
    events: watch::Sender<Vec<Event>>,
    rounds: watch::Sender<u32>,
}

impl Observer for Recorder {
    fn event(&mut self, event: Event) {
        self.events.send_modify(|events| events.push(event));
    }

    fn standing(&mut self, _run: &Run) {
        self.rounds.send_modify(|rounds| *rounds += 1);
    }
}

impl Rig {
    /// The simulator with its script, and the run as a future that ends when the run does.
    pub(crate) fn new(script: Script, settings: RunSettings) -> (Self, impl Future<Output = StopReason>) {
        Self::dialling(script, settings, |broker| (None, plain(broker)))
    }

    /// The same with a front before the simulator.
    pub(crate) fn behind(
        manners: Manners,
        script: Script,
        mut settings: RunSettings,
    ) -> (Self, impl Future<Output = StopReason>) {
        settings.transport = manners.transport;
        Self::dialling(script, settings, move |broker| {
            let front = Front::start(broker, manners);
            let tls = TlsSettings { cafile: Some(front.ca()), ..TlsSettings::default() };
            let (transport, path) = (manners.transport, "/mqtt".to_owned());
            let dial = DialSettings { transport, path, tls, ..plain(front.address()) };
            (Some(front), dial)
        })
    }

    fn dialling(
        script: Script,
        settings: RunSettings,
        way: impl FnOnce(SocketAddr) -> (Option<Front>, DialSettings),
    ) -> (Self, impl Future<Output = StopReason>) {
        let clock = Clock::start();
        let simulator = Simulator::start(script, clock).expect("a free port");
        let (front, dial) = way(simulator.address());
        let dialer = Arc::new(Dialer::new(dial).expect("settings that can be used"));
        let (stop, stops) = mpsc::channel(1);
        let (recorded, events) = watch::channel(Vec::new());
        let (counted, rounds) = watch::channel(0);
        let connect_timeout = settings.connect_timeout;
        let driver = Driver { clock, dialer, connect_timeout, host: HostWatch::blind(), stops };
        let drive = async move {
            let run = Run::begin(settings, Box::new(NoExtension), start(), 7);
            let mut observer = Recorder { events: recorded, rounds: counted };
            tokio::time::timeout(HUNG, driver.drive(run, &mut observer)).await.expect("the run hangs")
        };
        (Self { simulator, _front: front, events, stop, clock, rounds }, drive)
    }

    /// What was told, without `start`, samples and `stop`.
    fn told(&self) -> Vec<Event> {
        let told = |event: &&Event| !matches!(event, Event::Start(_) | Event::Sample(_) | Event::Stop(_));
        self.events.borrow().iter().filter(told).cloned().collect()
    }
}

/// TCP alone.
fn plain(address: SocketAddr) -> DialSettings {
    DialSettings {
        transport: Transport::Tcp,
        host: url::Host::parse(&address.ip().to_string()).expect("an address"),
        port: address.port(),
        path: String::new(),
        tls: TlsSettings::default(),
        authorize: None,
    }
}

fn start() -> Start {
    Start { time_zone: "UTC".to_owned(), ..Start::new(TargetFacts::default()) }
}

/// The events of a run that ends by itself, without its `start`, its samples and its `stop`.
pub(crate) async fn events(script: Script, settings: RunSettings) -> Vec<Event> {
    let (rig, run) = Rig::new(script, settings);
    run.await;
    rig.told()
}

/// The same with a front before the simulator.
pub(crate) async fn events_behind(manners: Manners, script: Script, settings: RunSettings) -> Vec<Event> {
    let (rig, run) = Rig::behind(manners, script, settings);
    run.await;
    rig.told()
}

/// The drops among the events.
pub(crate) fn drops(events: &[Event]) -> Vec<&SessionDrop> {
    let found = events.iter().filter_map(|event| match event {
        Event::Drop(drop) => Some(&**drop),
        _ => None,
    });
    found.collect()
}

/// The failed attempts among the events.
pub(crate) fn failures(events: &[Event]) -> Vec<&AttemptFailed> {
    let found = events.iter().filter_map(|event| match event {
        Event::AttemptFailed(failed) => Some(&**failed),
        _ => None,
    });
    found.collect()
}

/// The sessions among the events.
pub(crate) fn sessions(events: &[Event]) -> Vec<&Connected> {
    let found = events.iter().filter_map(|event| match event {
        Event::Connected(connected) => Some(&**connected),
        _ => None,
    });
    found.collect()
}

/// The names of the events.
pub(crate) fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}
