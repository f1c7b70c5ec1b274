//! The cause `wrong_port`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::collector::incidents::{FailureClass, Incident};
use crate::diagnosis::facts::{Facts, share_met};
use crate::event::Transport;
use crate::units;

entry! {
    /// Something listens there, but it does not speak what the URL says.
    ///
    /// **How it shows.** `mqtt://` at a TLS port is reset or closed right after CONNECT; `mqtts://` at a plain port fails as
    /// "not TLS" or hangs; an HTTP server answers "HTTP/1.1 400", AMQP answers "AMQP"; a WebSocket URL at a plain MQTT port is
    /// reset on the upgrade.
    ///
    /// **What looks like it.** A broker that hangs up on CONNECT for reasons of its own (`closed_on_connect`): trying the other
    /// scheme once decides.
    ///
    /// **What to do.** Use the scheme of the port: `mqtt` 1883, `mqtts` 8883, `ws` 80 or 8080 or 9001, `wss` 443 or 8084.
    WrongPort, prior -2.5, weigh
}

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_incidents(of_incident);
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

fn of_incident(incident: &Incident) -> Option<f64> {
    let never = !incident.is_drop() && incident.recovery.recovered.is_none();
    if !never {
        return None;
    }
    let spoken = share_met(incident, &[FailureClass::NoMqtt, FailureClass::NotTls]);
    let usual = usual_transport(incident)?;
    let is_other = incident.terms.transport().is_some_and(|transport| !usual.contains(&transport));
    let hung_up = share_met(
        incident,
        &[
            FailureClass::ClosedBeforeConnack,
            FailureClass::NoConnack,
            FailureClass::TlsOther,
            FailureClass::TlsTimeout,
            FailureClass::UpgradeOther,
            FailureClass::NoMqtt,
            FailureClass::NotTls,
        ],
    );
    if spoken >= 0.5 {
        return Some(if is_other { 13.0 } else { 10.0 });
    }
    (hung_up >= 0.7 && is_other).then_some(8.5)
}

/// What is usually spoken at the port of the incident's run (IANA's registry, and the defaults of the brokers); nothing in
/// particular at others.
fn usual_transport(incident: &Incident) -> Option<&'static [Transport]> {
    let target = incident.terms.target.as_deref()?;
    Some(match port(&target.url) {
        Some(1883) => &[Transport::Tcp],
        Some(8883 | 8884) => &[Transport::Tls],
        Some(80 | 8080 | 9001 | 8083) => &[Transport::Ws],
        Some(443 | 8443 | 8084 | 8081) => &[Transport::Wss, Transport::Tls],
        Some(_) | None => &[Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss],
    })
}

fn port(url: &str) -> Option<u16> {
    url.rsplit_once(':').and_then(|(_, rest)| rest.split('/').next()?.parse().ok())
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let incident = explains.last().map(|index| &facts.incidents[*index]);
    let spoken =
        incident.is_some_and(|one| share_met(one, &[FailureClass::NoMqtt, FailureClass::NotTls]) >= 0.5);
    let url = incident.and_then(better_url);
    let fix = match &url {
        Some(url) => format!(
            "try {url}; or use the scheme of the port: mqtt 1883, mqtts 8883, ws 8080 or 9001, wss 443"
        ),
        None => "use the scheme of the port: mqtt 1883, mqtts 8883, ws 8080 or 9001, wss 443".to_owned(),
    };
    Account::new(
        "something listens there, but it does not speak what the URL says",
        format!(
            "{} {}",
            units::count(facts.attempts(explains), "attempt"),
            if spoken {
                "were answered with bytes of another protocol"
            } else {
                "were cut off at the first packet"
            }
        ),
        fix,
    )
    .name("url", url)
}

/// The same address with the scheme that is usual at its port.
fn better_url(incident: &Incident) -> Option<String> {
    let target = incident.terms.target.as_deref()?;
    let usual = usual_transport(incident)?;
    let scheme = match usual {
        [Transport::Tcp] => "mqtt",
        [Transport::Tls] => "mqtts",
        [Transport::Ws] => "ws",
        [Transport::Wss, ..] => "wss",
        _ => return None,
    };
    let (old, rest) = target.url.split_once("://")?;
    (old != scheme).then(|| format!("{scheme}://{rest}"))
}
