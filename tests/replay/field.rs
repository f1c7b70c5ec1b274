//! Cases from reports, rebuilt live: each with the cause that its thread confirmed.

use nwdiag::collector::clock::Window;
use nwdiag::collector::{Collector, Liveness};
use nwdiag::diagnosis::{Cause, diagnose};
use nwdiag::journal::replay;

/// Where the case comes from, its journal, and the cause; none where nothing dropped.
const CASES: [(&str, &[u8], Option<Cause>); 15] = [
    (
        "homie-esp8266 340: packets above the VPN's MTU vanish",
        include_bytes!("../fixtures/field/02-mtu-vpn-journal.jsonl"),
        Some(Cause::PathMtu),
    ),
    (
        "emqx 5036, 3578, 932: a PROXY protocol header at one end only",
        include_bytes!("../fixtures/field/03-proxy-protocol-journal.jsonl"),
        Some(Cause::ClosedOnConnect),
    ),
    (
        "emqx 1035: an HTTP proxy before the broker",
        include_bytes!("../fixtures/field/04-http-mode-journal.jsonl"),
        Some(Cause::WrongPort),
    ),
    (
        "traefik 10598: closed 2 s after the last packet",
        include_bytes!("../fixtures/field/05-traefik-2s-journal.jsonl"),
        Some(Cause::IdleTimeout),
    ),
    (
        "the same with a client ID of the user's",
        include_bytes!("../fixtures/field/05-traefik-2s-ownid.jsonl"),
        Some(Cause::IdleTimeout),
    ),
    (
        "emqx 2786, 6133, 13983, 11663: a subscriber of '#' that is too slow",
        include_bytes!("../fixtures/field/07-emqx-slow-consumer-journal.jsonl"),
        Some(Cause::SlowConsumer),
    ),
    (
        "home-assistant 71088: a TAB in a topic filter",
        include_bytes!("../fixtures/field/09-tab-in-topic-journal.jsonl"),
        Some(Cause::MalformedPacket),
    ),
    (
        "the same in MQTT 3.1.1",
        include_bytes!("../fixtures/field/09-tab-in-topic-v311.jsonl"),
        Some(Cause::MalformedPacket),
    ),
    (
        "kubernetes 80298: IPVS forgets an idle flow, the next packet meets a reset",
        include_bytes!("../fixtures/field/12-ipvs-900-rst-journal.jsonl"),
        Some(Cause::IdleTimeout),
    ),
    (
        "mosquitto 840, 172, 3110: the broker saves its database on a timer",
        include_bytes!("../fixtures/field/20-broker-stall-grid.jsonl"),
        Some(Cause::BrokerStalled),
    ),
    (
        "the same at irregular times",
        include_bytes!("../fixtures/field/20-broker-stall-journal.jsonl"),
        Some(Cause::BrokerStalled),
    ),
    (
        "gluetun 1989: a certificate chain that is larger than the path takes",
        include_bytes!("../fixtures/field/21-mtu-tls-journal.jsonl"),
        Some(Cause::PathMtu),
    ),
    (
        "aws-iot-device-sdk-cpp-v2 167: a certificate without a policy",
        include_bytes!("../fixtures/field/23-aws-no-policy-journal.jsonl"),
        Some(Cause::ClosedOnConnect),
    ),
    (
        "IPv6 privacy addresses come beside a proxy's idle timeout",
        include_bytes!("../fixtures/field/24-ipv6-privacy-journal.jsonl"),
        Some(Cause::IdleTimeout),
    ),
    (
        "IPv6 privacy addresses come, and nothing drops",
        include_bytes!("../fixtures/field/24-ipv6-privacy-once.jsonl"),
        None,
    ),
];

#[test]
fn each_case_of_the_field_has_the_cause_that_its_thread_confirmed() {
    let mut wrong = Vec::new();
    for (case, journal, cause) in CASES {
        let mut collector = Collector::new(Window::default(), 0);
        replay::replay(journal, |record| collector.record(record)).unwrap();
        let findings = diagnose(&collector.metrics(Liveness::Over));
        let answer = findings.first().filter(|finding| finding.is_answer()).map(|finding| finding.cause);
        if answer != cause {
            wrong.push((case, cause, answer));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
