//! The causes: one function each, that makes a case of a user. Parameters are drawn as widely as the field shows them.

pub(crate) mod client;
pub(crate) mod device;
pub(crate) mod network;
pub(crate) mod server;

use nwdiag::event::Transport;

use crate::chance::Chance;
use crate::scenario::Make;
use crate::world::fault::{Blow, Look, Scene};
use crate::world::setup::{Setup, Traffic};
use crate::world::{Story, fault::Deed};

/// Every cause, under its public id.
pub(crate) const CAUSES: [(&str, Make); 28] = [
    ("local_network_down", network::local::local_network_down),
    ("address_change", network::local::address_change),
    ("packet_loss", network::loss::packet_loss),
    ("idle_timeout", network::idle::idle_timeout),
    ("dns_failure", network::names::dns_failure),
    ("scheduled_outage", network::clockwork::scheduled_outage),
    ("regular_interval", network::clockwork::regular_interval),
    ("intermittent_network", network::loss::intermittent_network),
    ("aws_websocket_lifetime", server::lifetime::aws_websocket_lifetime),
    ("connection_lifetime", server::lifetime::connection_lifetime),
    ("credential_expiry", server::credentials::credential_expiry),
    ("authorization_violation", server::rules::authorization_violation),
    ("payload_too_large", server::rules::payload_too_large),
    ("publish_rate_limit", server::rules::publish_rate_limit),
    ("connect_rate_limit", server::limits::connect_rate_limit),
    ("broker_restart", server::outage::broker_restart),
    ("broker_unavailable", server::outage::broker_unavailable),
    ("server_disconnect", server::words::server_disconnect),
    ("tls_certificate", server::credentials::tls_certificate),
    ("duplicate_client_id", client::twin::duplicate_client_id),
    ("keep_alive_late", client::host::keep_alive_late),
    ("host_suspend", client::host::host_suspend),
    ("clock_wrong", client::clock::clock_wrong),
    ("bad_credentials", client::settings::bad_credentials),
    ("protocol_mismatch", client::settings::protocol_mismatch),
    ("websocket_endpoint", client::settings::websocket_endpoint),
    ("reconnect_storm", client::settings::reconnect_storm),
    ("appliance_offline", device::appliance_offline),
];

/// Causes that are at work together, each with drops of its own.
pub(crate) const PAIRS: [[&str; 2]; 12] = [
    ["idle_timeout", "broker_restart"],
    ["connection_lifetime", "host_suspend"],
    ["local_network_down", "broker_restart"],
    ["duplicate_client_id", "local_network_down"],
    ["keep_alive_late", "broker_restart"],
    ["host_suspend", "server_disconnect"],
    ["scheduled_outage", "local_network_down"],
    ["idle_timeout", "host_suspend"],
    ["connection_lifetime", "broker_restart"],
    ["address_change", "keep_alive_late"],
    ["broker_restart", "appliance_offline"],
    ["local_network_down", "appliance_offline"],
];

/// What makes journals of a cause.
pub(crate) fn made_by(word: &str) -> Make {
    CAUSES.iter().find(|(known, _)| *known == word).map(|(_, make)| *make).unwrap()
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// So many times the pace, within what one watches.
fn watched(pace: f64, times: (u64, u64), chance: &mut Chance) -> f64 {
    (pace * chance.whole(times.0, times.1) as f64 * 1.15).clamp(10.0 * MINUTE, 40.0 * DAY)
}

/// Packets go to and fro, so that silence is no explanation: pings come well before this age.
fn keep_busy(setup: &mut Setup, age: f64, chance: &mut Chance) {
    let interval = (age / chance.between(3.5, 12.0)).floor().clamp(1.0, 1200.0);
    if setup.ping_interval > interval {
        setup.ping_interval = interval;
        if setup.keep_alive > 6.0 * interval {
            setup.keep_alive = interval.max(chance.pick(&[10.0, 20.0, 30.0, 60.0]));
        }
    }
    setup.keep_alive = setup.keep_alive.max(setup.ping_interval);
    setup.greeting.server_keep_alive = None;
}

/// WebSocket, encrypted or not.
fn over_websocket(setup: &mut Setup, chance: &mut Chance) {
    if !setup.framed() {
        let transport =
            if setup.place.aws { Transport::Wss } else { chance.pick(&[Transport::Ws, Transport::Wss]) };
        setup.move_to(transport);
    }
}

/// TLS, with WebSocket over it or not.
fn over_tls(setup: &mut Setup, chance: &mut Chance) {
    if !setup.encrypted() {
        setup.move_to(chance.pick(&[Transport::Tls, Transport::Wss]));
    }
}

/// Something is subscribed to, and this arrives.
fn hear(setup: &mut Setup, traffic: Traffic) {
    if setup.topics.is_empty() {
        setup.topics.push(("#".to_owned(), 0));
    }
    setup.traffic = traffic;
}

/// A broker with a name, so that a resolver is asked.
fn by_name(setup: &mut Setup) {
    if setup.place.literal {
        setup.place.literal = false;
        "mqtt.example.com".clone_into(&mut setup.place.host);
        setup.place.peers = vec!["203.0.113.17".to_owned()];
    }
}

/// This host is one whose kernel tells of its network.
fn on_linux(setup: &mut Setup) {
    if !setup.host.linux {
        setup.host.linux = true;
        setup.host.interface = "eth0";
    }
}

/// A stream that ends by itself, without memory, or in clusters.
fn at_random(mean: f64, scene: &Scene<'_>, chance: &mut Chance) -> f64 {
    scene.now + chance.exponential(mean)
}

/// The stream ends like this.
fn ends(at: f64, look: Look) -> Blow {
    Blow::new(at, Deed::End(look))
}

/// When the drops of a fault were: seconds since the first record, and the session's length.
fn drops_of(story: &Story, fault: usize) -> Vec<(f64, f64)> {
    let first = story.records[0].unix_seconds();
    let drops = story.records.iter().filter_map(|record| match &record.event {
        nwdiag::event::Event::Drop(drop) => {
            Some((record.unix_seconds() - first, drop.duration_connected_seconds.unwrap()))
        }
        _ => None,
    });
    drops.zip(&story.culprits).filter(|(_, culprit)| **culprit == fault).map(|(drop, _)| drop).collect()
}
