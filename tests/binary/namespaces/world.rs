//! A world of three namespaces: the client's, a router's in the middle, and the broker's with a mosquitto.
//!
//! `client 198.51.100.2 ── 198.51.100.1 router 203.0.113.1 ── 203.0.113.2 broker`

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::REQUIRED;
use super::namespace::{Done, Namespace};
use crate::needs::{find, leave_out};
use crate::program::{Home, Running};
use crate::table;
use crate::watch::Watch;

const URL: &str = "mqtt://203.0.113.2:1883";
/// The journal's name of it.
const NAME: &str = "mqtt-203.0.113.2-1883";

pub(super) const PING_INTERVAL: Duration = Duration::from_secs(1);
/// The usual one.
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The broker has the namespace to itself, so its port is free.
const MOSQUITTO: &str =
    "listener 1883 203.0.113.2\nallow_anonymous true\npersistence false\nlog_dest stderr\nuser root\n";

/// What is so before any fault: addresses, routes, and a place for rules.
const CLIENT: [&str; 2] = ["address add 198.51.100.2/24 dev up0", "route add default via 198.51.100.1"];
const ROUTER: [&str; 2] = ["address add 198.51.100.1/24 dev client", "address add 203.0.113.1/24 dev broker"];
const FAR: [&str; 2] = ["address add 203.0.113.2/24 dev up0", "route add default via 203.0.113.1"];
const FORWARDING: &str = "echo 1 >/proc/sys/net/ipv4/ip_forward";
const RULES: &str = "add table ip fault; add chain ip fault forward { type filter hook forward priority 0; }";

/// A action by which a fault is made or mended.
pub(super) enum Action {
    /// `ip` with these words at the client.
    Client(&'static str),
    /// `ip` with these words at the router.
    Router(&'static str),
    /// A rule for packets that the router would forward.
    Rule(&'static str),
    /// The router forwards everything again.
    NoRules,
}

/// All of it is gone with this, the broker first.
pub(super) struct World {
    _broker: Running,
    home: Home,
    client: Namespace,
    router: Namespace,
    _far: Namespace,
}

impl World {
    /// Makes the world, or says that `test` is left out.
    pub(super) fn make(test: &str) -> Option<Self> {
        Self::build().map_err(|why| leave_out(test, &why, REQUIRED)).ok()
    }

    fn build() -> Result<Self, String> {
        let [ip, nft, mosquitto] = programs()?;
        let make = || Namespace::make(ip.clone(), nft.clone());
        let (client, router, far) = (make()?, make()?, make()?);
        client.connect("up0", &router, "client")?;
        far.connect("up0", &router, "broker")?;
        for (namespace, words) in [(&client, CLIENT), (&router, ROUTER), (&far, FAR)] {
            words.into_iter().try_for_each(|words| namespace.ip(words).map(drop))?;
        }
        router.run("sh", &["-c", FORWARDING])?;
        router.nft(RULES)?;
        let home = Home::new();
        let broker = start_broker(&home, &far, &mosquitto);
        Ok(Self { _broker: broker, home, client, router, _far: far })
    }

    /// A watch of the broker from the client's namespace, quick to notice and to come back.
    pub(super) fn watch(&self, ping_timeout: Duration, options: &[&str]) -> Watch {
        let timing = [
            ("--ping-interval", PING_INTERVAL),
            ("--ping-timeout", ping_timeout),
            ("--connect-timeout", CONNECT_TIMEOUT),
            ("--reconnect-min", Duration::from_millis(200)),
            ("--reconnect-max", Duration::from_millis(400)),
        ];
        let timing = timing.map(|(option, time)| format!("{option}={}ms", time.as_millis()));
        let (ip, entering) = self.client.entering(env!("CARGO_BIN_EXE_nwdiag"));
        let mut command = self.home.program(ip, &entering);
        command.args(Watch::arguments(URL, options)).args(timing);
        // A deep reconnect would have a kind of its own.
        command.arg("--deep-reconnect-every=1000");
        Watch::of(command)
    }

    /// The records of the journal, whose last line may be in the making.
    pub(super) fn records_so_far(&self) -> Vec<Value> {
        let journal = std::fs::read_to_string(self.home.journal(NAME)).unwrap();
        journal.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    pub(super) fn client(&self) -> &Namespace {
        &self.client
    }

    pub(super) fn router(&self) -> &Namespace {
        &self.router
    }

    pub(super) fn act(&self, deeds: &[Action]) {
        for action in deeds {
            self.act_once(action).unwrap();
        }
    }

    fn act_once(&self, action: &Action) -> Done {
        match action {
            Action::Client(words) => self.client.ip(words),
            Action::Router(words) => self.router.ip(words),
            Action::Rule(rule) => self.router.nft(&format!("add rule ip fault forward {rule}")),
            Action::NoRules => self.router.nft("flush chain ip fault forward"),
        }
    }
}

fn programs() -> Result<[PathBuf; 3], String> {
    let find = |name| find(name).ok_or_else(|| format!("{name} is not installed"));
    Ok([find("ip")?, find("nft")?, find("mosquitto")?])
}

fn start_broker(home: &Home, namespace: &Namespace, mosquitto: &Path) -> Running {
    let configuration = home.path().join("mosquitto.conf");
    std::fs::write(&configuration, MOSQUITTO).unwrap();
    let (ip, entering) = namespace.entering(mosquitto.to_str().unwrap());
    let arguments = [&entering[..], &["-c", configuration.to_str().unwrap()]].concat();
    let mut broker = Running::start(home.program(ip, &arguments));
    broker.warns(" running");
    broker
}

/// The texts under `key` of the records of a kind, each said once.
pub(super) fn each(records: &[Value], event: &str, key: &str) -> String {
    let mut found: Vec<&str> = Vec::new();
    for record in records.iter().filter(|record| record["event"] == event) {
        let text = record[key].as_str().unwrap();
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found.join(", ")
}

/// Prints the line of a fault in the table.
pub(super) fn tell(fault: &str, records: &[Value], noticed_after_seconds: Option<f64>) {
    let phases = each(records, "attempt_failed", "phase");
    let names = each(records, "attempt_failed", "error_name");
    let attempts = format!("{phases} {names}");
    let noticed = noticed_after_seconds.map(|after| format!("{after:.2} s")).unwrap_or_default();
    // As wide as the longest of each; tests/run has the headings.
    table::print(
        "network",
        &[
            (fault, 36),
            (&each(records, "drop", "closed_by"), 15),
            (&each(records, "drop", "error_name"), 37),
            (&noticed, 7),
            (attempts.trim(), 57),
            (&each(records, "environment", "kind"), 0),
        ],
    );
}
