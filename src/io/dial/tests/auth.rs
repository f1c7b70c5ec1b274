//! What goes before the connection: a signature in the path, and what an answer's date says of our clock.

use tokio::io::AsyncWriteExt;

use super::*;
use crate::io::authorize::aws::Signer;
use crate::secret::Secret;
use crate::sigv4::{Credentials, IOT_SERVICE, Scope, SigningInput, presign};

fn credentials() -> Credentials {
    Credentials {
        access_key_id: Secret::new("AKIDEXAMPLE"),
        secret_access_key: Secret::new("secret key"),
        session_token: Some(Secret::new("secret token")),
    }
}

fn signed(port: u16) -> DialSettings {
    let signer = Signer { region: "eu-west-1".to_owned(), credentials: credentials() };
    DialSettings {
        authorize: Some(Arc::new(signer)),
        path: "/mqtt".to_owned(),
        ..settings(Transport::Ws, port)
    }
}

/// A broker that answers each request for a WebSocket as `answer` says, and tells what was asked.
async fn gate(answer: fn(&str) -> String) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, asked) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let mut tcp = listener.accept().await.unwrap().0;
            let request = request(&mut tcp).await;
            tcp.write_all(answer(&request).as_bytes()).await.unwrap();
            tell.send(request).unwrap();
            tokio::spawn(silence(tcp));
        }
    });
    (port, asked)
}

fn takes_it(request: &str) -> String {
    accepted(request, "Sec-WebSocket-Protocol: mqtt\r\n")
}

#[tokio::test]
async fn each_attempt_is_signed_anew_for_the_host_that_is_asked() {
    let (port, mut asked) = gate(takes_it).await;
    let dialer = Dialer::new(signed(port)).unwrap();
    let clock = Clock::start();
    let mut times = Vec::new();
    for _ in 0..2 {
        let dialled = dialer.dial(Clock::start(), WITHIN, Depth::Quick).await.unwrap();
        assert_eq!(dialled.phases.auth_ms, None, "a signature takes no time worth telling");
        let asked = asked.recv().await.unwrap();
        let (_, time) = asked.split_once("X-Amz-Date=").unwrap();
        let time = chrono::NaiveDateTime::parse_from_str(&time[..16], "%Y%m%dT%H%M%SZ").unwrap().and_utc();
        let host_header = format!("localhost:{port}");
        let path = presign(&SigningInput {
            host_header: &host_header,
            path: "/mqtt",
            scope: Scope { region: "eu-west-1", service: IOT_SERVICE },
            credentials: &credentials(),
            time,
        });
        let head = format!("GET {} HTTP/1.1\r\nHost: {host_header}\r\n", path.reveal());
        assert!(asked.starts_with(&head), "{asked}");
        times.push(time);
        // A signature tells its time in whole seconds.
        clock.sleep_until(Some(clock.now().plus(Duration::from_secs(1)))).await;
    }
    assert!(times[0] < times[1], "{times:?}");
}

fn long_ago(request: &str) -> String {
    accepted(request, "Sec-WebSocket-Protocol: mqtt\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
}

fn refuses(_: &str) -> String {
    "HTTP/1.1 403 Forbidden\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n{}".to_owned()
}

#[tokio::test]
async fn the_date_of_an_answer_tells_of_our_clock_where_a_signature_depends_on_it() {
    let years = TimeDelta::days(30 * 365);
    let dialled = dialled(signed(gate(long_ago).await.0)).await.unwrap();
    assert!(dialled.clock_offset > Some(years), "{:?}", dialled.clock_offset);
    let refused = super::dialled(signed(gate(refuses).await.0)).await.unwrap_err();
    assert!(refused.clock_offset > Some(years), "{:?}", refused.clock_offset);
    assert_eq!(
        (refused.failure.http_status(), refused.retry),
        (Some(403), crate::session::attempt::Retry::Later)
    );
    assert_failed(&refused, Phase::Websocket, crate::crt::WEBSOCKET_UPGRADE_FAILURE, "HTTP 403");
    let dateless = super::dialled(signed(gate(takes_it).await.0)).await.unwrap();
    assert_eq!(dateless.clock_offset, None);
    let unsigned = super::dialled(settings(Transport::Ws, gate(refuses).await.0)).await.unwrap_err();
    assert_eq!(unsigned.clock_offset, None);
}

#[test]
fn a_signer_does_not_show_its_keys() {
    let shown = format!("{:?} {:?}", signed(1), Dialer::new(signed(1)).unwrap());
    assert!(shown.contains("eu-west-1") && !shown.contains("secret ") && !shown.contains("AKID"), "{shown}");
}
