//! The phase websocket.

use std::net;
use std::thread;

use tokio::io::AsyncWriteExt;
use tungstenite::Message;
use tungstenite::handshake::server::{Request, Response};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

use super::*;
use crate::crt;

/// A broker that answers the request as `answer` says and goes on in silence.
async fn answering(answer: impl FnOnce(String) -> String + Send + 'static) -> u16 {
    broker(async move |mut tcp| {
        let answer = answer(request(&mut tcp).await);
        // The client may have hung up on a long answer.
        let _ = tcp.write_all(answer.as_bytes()).await;
        silence(tcp).await;
    })
    .await
}

#[tokio::test]
async fn the_request_names_host_path_and_subprotocol() {
    let rows = [
        (Host::Domain("localhost".to_owned()), "127.0.0.1:0", "localhost"),
        (Host::Ipv6(net::Ipv6Addr::LOCALHOST), "[::1]:0", "[::1]"),
    ];
    for (host, bind, shown) in rows {
        // A host without IPv6 has nothing to show here.
        let Ok(listener) = TcpListener::bind(bind).await else { continue };
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move { request(&mut listener.accept().await.unwrap().0).await });
        dialled(DialSettings { host, ..settings(Transport::Ws, port) }).await.unwrap_err();
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("GET /mqtt?token=secret HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains(&format!("\r\nHost: {shown}:{port}\r\n")), "{asked}");
        assert!(asked.contains("\r\nSec-WebSocket-Protocol: mqtt\r\n"), "{asked}");
    }
}

#[test]
fn the_port_of_the_scheme_is_left_out_of_the_host() {
    let rows = [
        (Transport::Ws, 80, "\"localhost\""),
        (Transport::Ws, 443, "localhost:443"),
        (Transport::Ws, 8080, "localhost:8080"),
    ];
    for (transport, port, shown) in rows {
        let dialer = format!("{:?}", Dialer::new(settings(transport, port)).unwrap());
        assert!(dialer.contains(shown), "{dialer}");
    }
}

#[tokio::test]
async fn bytes_that_come_with_the_answer_are_not_lost() {
    let port = answering(|request| {
        accepted(&request, "Sec-WebSocket-Protocol: mqtt\r\n") + "\u{2}\u{3}abc\u{0}\u{1}d"
    });
    let mut dialled = dialled(settings(Transport::Ws, port.await)).await.unwrap();
    let mut read = [0; 3];
    dialled.stream.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"abc");
    let phases: Vec<_> = dialled.phases.steps().map(|(phase, _)| phase).collect();
    assert_eq!(phases, [Phase::Dns, Phase::Tcp, Phase::Websocket]);
}

#[tokio::test]
async fn an_answer_in_single_bytes_is_read_all_the_same() {
    let port = broker(async |mut tcp| {
        tcp.set_nodelay(true).unwrap();
        let answer = accepted(&request(&mut tcp).await, "Sec-WebSocket-Protocol: mqtt\r\n");
        for byte in answer.bytes() {
            tcp.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        silence(tcp).await;
    });
    dialled(settings(Transport::Ws, port.await)).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_is_no_websocket_is_told_with_its_status() {
    let rows = [
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403, "credentials"),
        ("HTTP/1.1 401 Unauthorized\r\n\r\n", 401, "credentials"),
        ("HTTP/1.0 404 Not Found\r\nServer: SimpleHTTP\r\n\r\n<html>", 404, "path '/mqtt'"),
        ("HTTP/1.1 200 OK\r\n\r\n", 200, "a web server answers"),
        ("HTTP/1.1 302 Found\r\nLocation: /login?secret\r\n\r\n", 302, "points to '/login'"),
        ("HTTP/1.1 307 Temporary Redirect\r\n\r\n", 307, "somewhere else"),
        ("HTTP/1.1 400 Bad Request\r\n\r\n", 400, "not understood"),
        ("HTTP/1.1 426 Upgrade Required\r\n\r\n", 426, "another protocol"),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", 502, "gateway"),
        ("HTTP/1.1 418 I'm a teapot\r\n\r\n", 418, "refused"),
    ];
    for (answer, status, part) in rows {
        let port = answering(|_| answer.to_owned()).await;
        let failed = dialled(settings(Transport::Ws, port)).await.unwrap_err();
        assert_failed(&failed, Phase::Websocket, crt::WEBSOCKET_UPGRADE_FAILURE, part);
        assert_eq!(failed.failure.http_status(), Some(status));
    }
}

#[tokio::test]
async fn interim_answers_are_passed_over() {
    let port = answering(|request| {
        let early = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
        format!("{early}{}", accepted(&request, "Sec-WebSocket-Protocol: mqtt\r\n"))
    });
    dialled(settings(Transport::Ws, port.await)).await.unwrap();
}

type Answer = fn(String, &'static str) -> String;

#[tokio::test]
async fn an_answer_of_101_has_to_be_the_one_that_was_asked_for() {
    let mqtt = "Sec-WebSocket-Protocol: mqtt\r\n";
    let extended = "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    let as_is: Answer = |request, more| accepted(&request, more);
    let stale: Answer = |request, more| accepted(&request.replace("-Key: ", "-Key: x"), more);
    let deaf: Answer = |request, more| accepted(&request, more).replace("Upgrade\r", "close\r");
    let rows = [
        (as_is, "", "without the subprotocol 'mqtt'"),
        (as_is, "Sec-WebSocket-Protocol: chat\r\n", "with the subprotocol 'chat'"),
        (as_is, extended, "an extension that nobody asked for"),
        (stale, mqtt, "Sec-WebSocket-Accept does not fit"),
        (deaf, mqtt, "does not upgrade"),
    ];
    for (answer, more, part) in rows {
        let port = answering(move |request| answer(request, more)).await;
        let failed = dialled(settings(Transport::Ws, port)).await.unwrap_err();
        assert_failed(&failed, Phase::Websocket, crt::WEBSOCKET_UPGRADE_FAILURE, part);
        assert_eq!(failed.failure.http_status(), Some(101));
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_told_so() {
    let rows = [
        (" \u{2}\u{0}\u{5}".to_owned(), "not HTTP/1"),
        ("SSH-2.0-OpenSSH_9\r\n".to_owned(), "not HTTP/1"),
        (format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(20_000)), "over 16384 bytes"),
    ];
    for (answer, part) in rows {
        let port = answering(|_| answer).await;
        let failed = dialled(settings(Transport::Ws, port)).await.unwrap_err();
        assert_failed(&failed, Phase::Websocket, crt::HTTP_PROTOCOL_ERROR, part);
        assert_eq!(failed.failure.http_status(), None);
    }
}

#[tokio::test]
async fn a_silent_broker_fails_the_upgrade_at_the_deadline() {
    let port = broker(silence).await;
    let dialer = Dialer::new(settings(Transport::Ws, port)).unwrap();
    let clock = Clock::start();
    let failed = dialer.dial(clock, SOON, Depth::Quick).await.unwrap_err();
    let took = clock.now().since_start();
    assert!(took >= SOON && took < WITHIN, "{took:?}");
    assert_failed(&failed, Phase::Websocket, crt::HTTP_FIRST_BYTE_TIMEOUT, "was not answered within ");
}

#[tokio::test]
async fn a_connection_that_ends_in_the_upgrade_is_told_as_it_ended() {
    let closing = broker(async |mut tcp| {
        request(&mut tcp).await;
    });
    let rows = [
        (closing.await, "in the WebSocket upgrade, the broker closed the connection (FIN)"),
        (broker(reset).await, "(RST)"),
    ];
    for (port, part) in rows {
        let failed = dialled(settings(Transport::Ws, port)).await.unwrap_err();
        assert_failed(&failed, Phase::Websocket, crt::SOCKET_CLOSED, part);
    }
    let pki = Pki::new();
    let port = tls_broker(pki.localhost(), async |mut tls| {
        request(&mut tls).await;
        tls.shutdown().await.unwrap();
    });
    let failed = dialled(pki.settings(Transport::Wss, port.await)).await.unwrap_err();
    assert_failed(&failed, Phase::Websocket, crt::MQTT_UNEXPECTED_HANGUP, "(TLS close_notify)");
}

/// A broker built on another implementation: pings, then echoes until the client's first byte is 0, then closes.
#[expect(clippy::result_large_err, reason = "the callback's type is the library's")]
fn echo(listener: &net::TcpListener) {
    let with_subprotocol = |_: &Request, mut response: Response| {
        response.headers_mut().insert("Sec-WebSocket-Protocol", "mqtt".parse().unwrap());
        Ok(response)
    };
    let mut server = tungstenite::accept_hdr(listener.accept().unwrap().0, with_subprotocol).unwrap();
    server.send(Message::Ping("are you there".into())).unwrap();
    let mut pongs = 0;
    loop {
        match server.read().unwrap() {
            Message::Binary(bytes) if bytes[0] == 0 => break,
            Message::Binary(bytes) => server.send(Message::Binary(bytes)).unwrap(),
            Message::Pong(_) => pongs += 1,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(pongs, 1);
    let frame = CloseFrame { code: CloseCode::Away, reason: "enough".into() };
    server.close(Some(frame)).unwrap();
    // The client's own close frame ends it.
    while server.read().is_ok() {}
}

#[tokio::test]
async fn another_implementation_of_websocket_understands_ours() {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || echo(&listener));
    let mut stream = dialled(settings(Transport::Ws, port)).await.unwrap().stream;
    let sent: Vec<u8> = (0..100_000_u32).map(|index| index.to_le_bytes()[0] | 1).collect();
    for piece in sent.chunks(7_777) {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
        let mut read = vec![0; piece.len()];
        stream.read_exact(&mut read).await.unwrap();
        assert_eq!(read, piece);
    }
    stream.write_all(&[0]).await.unwrap();
    stream.flush().await.unwrap();
    let result = stream.read(&mut [0]).await.map(|bytes| assert_eq!(bytes, 0));
    assert_eq!(stream.end_of(result), StreamEnd::WebsocketClose(1001, "enough".to_owned()));
    stream.shutdown().await.unwrap();
    server.join().unwrap();
}
