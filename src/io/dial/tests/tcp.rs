//! The phases dns and tcp, and the settings.

use super::*;
use crate::crt;
use crate::event::FailureKind;

#[tokio::test]
async fn a_name_is_resolved_and_a_connection_opened_each_in_its_time() {
    let port = broker(silence).await;
    let dialled = dialled(settings(Transport::Tcp, port)).await.unwrap();
    let phases: Vec<_> = dialled.phases.steps().map(|(phase, _)| phase).collect();
    assert_eq!(phases, [Phase::Dns, Phase::Tcp]);
    assert_eq!(dialled.peer, ([127, 0, 0, 1], port).into());
    assert_eq!(dialled.local, dialled.stream.tcp().local_addr().unwrap());
}

#[tokio::test]
async fn an_address_needs_no_resolver() {
    let port = broker(silence).await;
    let host = Host::Ipv4([127, 0, 0, 1].into());
    let dialled = dialled(DialSettings { host, ..settings(Transport::Tcp, port) }).await.unwrap();
    assert_eq!(dialled.phases.dns_ms, None);
}

#[tokio::test]
async fn a_refused_connection_tells_the_address() {
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = taken.local_addr().unwrap().port();
    let host = Host::Ipv4([127, 0, 0, 1].into());
    let failed = dialled(DialSettings { host, ..settings(Transport::Tcp, port) }).await.unwrap_err();
    assert_failed(&failed, Phase::Tcp, crt::SOCKET_CONNECTION_REFUSED, "127.0.0.1");
    let address = format!("127.0.0.1:{port}");
    let lost = AddressLost { address: address.clone(), failure: Some(FailureKind::ConnectionRefused) };
    assert_eq!((failed.peer_address, failed.addresses_lost), (Some(address), vec![lost]));
}

#[tokio::test]
async fn an_attempt_without_time_left_ends_in_the_phase_it_is_in() {
    let port = broker(silence).await;
    let host = Host::Ipv4([127, 0, 0, 1].into());
    let dialer = Dialer::new(DialSettings { host, ..settings(Transport::Tcp, port) }).unwrap();
    let failed = dialer.dial(Clock::start(), Duration::ZERO, Depth::Quick).await.unwrap_err();
    assert_failed(&failed, Phase::Tcp, crt::SOCKET_TIMEOUT, "did not answer within ");
}

#[test]
fn the_query_of_the_path_is_never_shown() {
    let settings = settings(Transport::Ws, 80);
    let shown = format!("{settings:?} {:?}", Dialer::new(settings.clone()).unwrap());
    assert!(shown.contains("/mqtt") && !shown.contains("secret"), "{shown}");
}

#[test]
fn settings_that_cannot_be_sent_are_refused() {
    for path in ["", "mqtt", "/a b", "/a\r\nX-Evil: 1"] {
        let settings = DialSettings { path: path.to_owned(), ..settings(Transport::Ws, 80) };
        assert_eq!(Dialer::new(settings).unwrap_err(), SetupError::Path);
    }
    let pki = Pki::new();
    let host = Host::Domain("not'a'name".to_owned());
    let settings = DialSettings { host, ..pki.settings(Transport::Tls, 1) };
    assert_eq!(Dialer::new(settings).unwrap_err(), SetupError::Host("not'a'name".to_owned()));
}
