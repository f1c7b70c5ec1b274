//! The way in with a client certificate, on the port of HTTPS told apart by ALPN, as AWS IoT has it. Mosquitto knows no
//! ALPN: a front speaks TLS for it.

use std::net::Ipv4Addr;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

use super::gateway::run;
use super::tls::{self, Clients};
use crate::mosquitto::server::Mosquitto;
use crate::program::Home;
use crate::watch::Watch;

/// The name by which AWS IoT tells MQTT with a client certificate from HTTPS on one port.
const ALPN: &str = "x-amzn-mqtt-ca";

/// Phase and name of an attempt's failure, if it fails.
type Refusal<'a> = Option<(&'a str, &'a str)>;

/// Takes TLS off what comes in, where the client has agreed on [`ALPN`].
async fn serve(listener: std::net::TcpListener, acceptor: TlsAcceptor, broker: u16) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(mut client) = acceptor.accept(client).await else { return };
            if client.get_ref().1.alpn_protocol() == Some(ALPN.as_bytes()) {
                let mut broker = TcpStream::connect(("127.0.0.1", broker)).await.unwrap();
                // However it ends, both are gone then.
                let _ = copy_bidirectional(&mut client, &mut broker).await;
            }
        });
    }
}

#[test]
fn a_client_certificate_and_the_right_protocol_open_the_door() {
    let Some(broker) = Mosquitto::start("a client certificate and ALPN open the door") else { return };
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tls::acceptor(&broker.certificates, Clients::Certified, &[ALPN]);
    let plain = broker.ports.plain;
    let (close, closed) = oneshot::channel();
    let front = std::thread::spawn(move || run(serve(listener, acceptor, plain), closed));

    let files = &broker.certificates;
    let [ca, cert, key] =
        [&files.ca, &files.client, &files.client_key].map(|path| path.display().to_string());
    let url = format!("mqtts://localhost:{port}");
    let trusting = ["--cafile", &ca, "--max-attempts", "1"];
    let certified = ["--cert", &cert, "--key", &key];
    let alert: Refusal<'_> = Some(("tls", "AWS_IO_TLS_ERROR_ALERT_RECEIVED"));
    let rows: [(&[&str], &[&str], Refusal<'_>); 4] = [
        (&certified, &["--alpn", ALPN], None),
        (&certified, &["--alpn", "mqtt"], alert),
        (&certified, &[], Some(("mqtt", "AWS_IO_SOCKET_CLOSED"))),
        (&[], &["--alpn", ALPN], alert),
    ];
    for (identity, alpn, refusal) in rows {
        let options = [&trusting[..], identity, alpn, &["--topic", "a", "--max-events", "1"]].concat();
        let mut watch = Watch::start(&Home::new(), &url, &options);
        let told = watch.tells(if refusal.is_some() { "attempt_failed" } else { "connected" });
        let said = told["phase"].as_str().zip(told["error_name"].as_str());
        assert_eq!(said, refusal, "{identity:?} {alpn:?}");
    }
    close.send(()).unwrap();
    front.join().unwrap();
}
