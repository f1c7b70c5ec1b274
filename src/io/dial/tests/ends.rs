//! How a dialled stream ends, layer upon layer.

use tokio::io::AsyncWriteExt;

use super::*;

/// Dials, says a word, reads `expected` and on to the end, and tells how that looked.
async fn end(settings: DialSettings, expected: &[u8]) -> StreamEnd {
    let mut stream = dialled(settings).await.unwrap().stream;
    stream.write_all(b"hello").await.unwrap();
    stream.flush().await.unwrap();
    let mut read = Vec::new();
    let result = stream.read_to_end(&mut read).await;
    assert_eq!(read, expected);
    stream.end_of(result.map(|_| ()))
}

async fn heard(stream: &mut (impl AsyncRead + Unpin), bytes: usize) {
    let mut heard = vec![0; bytes];
    stream.read_exact(&mut heard).await.unwrap();
}

/// `hello` as a frame of ours.
const HELLO_FRAME_BYTES: usize = 2 + 4 + 5;

#[tokio::test]
async fn a_fin_and_a_reset_of_tcp_are_told_apart() {
    let closing = broker(async |mut tcp| {
        heard(&mut tcp, 5).await;
        tcp.write_all(b"bye").await.unwrap();
    });
    assert_eq!(end(settings(Transport::Tcp, closing.await), b"bye").await, StreamEnd::Fin);
    let resetting = broker(reset).await;
    assert_eq!(end(settings(Transport::Tcp, resetting), b"").await, StreamEnd::Reset);
}

#[tokio::test]
async fn a_close_notify_and_a_bare_fin_are_told_apart() {
    let pki = Pki::new();
    let notifying = tls_broker(pki.localhost(), async |mut tls| {
        heard(&mut tls, 5).await;
        tls.shutdown().await.unwrap();
    });
    assert_eq!(end(pki.settings(Transport::Tls, notifying.await), b"").await, StreamEnd::CloseNotify);
    let bare = tls_broker(pki.localhost(), async |mut tls| {
        heard(&mut tls, 5).await;
        tls.get_mut().0.shutdown().await.unwrap();
    });
    assert_eq!(end(pki.settings(Transport::Tls, bare.await), b"").await, StreamEnd::Fin);
}

#[tokio::test]
async fn an_alert_for_a_missing_certificate_is_read_from_the_stream() {
    let pki = Pki::new();
    let port = tls_broker(pki.demanding(&TLS13), async |_| ()).await;
    let mut stream = dialled(pki.settings(Transport::Tls, port)).await.unwrap().stream;
    let result = stream.read(&mut [0; 8]).await.map(|_| ());
    assert_eq!(stream.end_of(result), StreamEnd::TlsAlert(crate::event::failure::TlsAlert(116)));
}

#[tokio::test]
async fn garbage_in_the_middle_of_tls_is_told_as_such() {
    let pki = Pki::new();
    let port = tls_broker(pki.localhost(), async |mut tls| {
        heard(&mut tls, 5).await;
        tls.get_mut().0.write_all(b"\x17\x03\x03\x00\x20 this was never encrypted at all ").await.unwrap();
        silence(tls.into_inner().0).await;
    });
    let end = end(pki.settings(Transport::Tls, port.await), b"").await;
    assert!(matches!(end, StreamEnd::TlsProtocol(_)), "{end:?}");
}

#[tokio::test]
async fn what_came_right_before_the_end_of_tls_is_read_before_it() {
    let pki = Pki::new();
    let port = tls_broker(pki.localhost(), async |mut tls| {
        heard(&mut tls, 5).await;
        let (tcp, session) = tls.get_mut();
        session.writer().write_all(&vec![b'.'; 20_000]).unwrap();
        let mut records = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut records).unwrap();
        }
        // One write: the client finds the garbage in the same read as the last record.
        records.extend_from_slice(b"\x17\x03\x03\x00\x20 this was never encrypted at all ");
        tcp.write_all(&records).await.unwrap();
        silence(tls.into_inner().0).await;
    });
    let end = end(pki.settings(Transport::Tls, port.await), &vec![b'.'; 20_000]).await;
    assert!(matches!(end, StreamEnd::TlsProtocol(_)), "{end:?}");
}

#[tokio::test]
async fn a_close_frame_is_the_end_though_the_socket_stays_open() {
    let port = broker(async |mut tcp| {
        upgraded(&mut tcp).await;
        heard(&mut tcp, HELLO_FRAME_BYTES).await;
        tcp.write_all(b"\x82\x03bye\x88\x06\x03\xe9over").await.unwrap();
        silence(tcp).await;
    });
    let end = end(settings(Transport::Ws, port.await), b"bye").await;
    assert_eq!(end, StreamEnd::WebsocketClose(1001, "over".to_owned()));
}

#[tokio::test]
async fn a_malformed_frame_is_the_end() {
    let port = broker(async |mut tcp| {
        upgraded(&mut tcp).await;
        tcp.write_all(b"\x81\x02hi").await.unwrap();
        silence(tcp).await;
    });
    let end = end(settings(Transport::Ws, port.await), b"").await;
    assert!(matches!(end, StreamEnd::WebsocketProtocol(_)), "{end:?}");
}

#[tokio::test]
async fn a_websocket_over_tls_ends_as_the_layer_that_spoke_last() {
    let pki = Pki::new();
    let close = tls_broker(pki.localhost(), async |mut tls| {
        upgraded(&mut tls).await;
        heard(&mut tls, HELLO_FRAME_BYTES).await;
        tls.write_all(b"\x88\x00").await.unwrap();
        tls.shutdown().await.unwrap();
    });
    let notify = tls_broker(pki.localhost(), async |mut tls| {
        upgraded(&mut tls).await;
        heard(&mut tls, HELLO_FRAME_BYTES).await;
        tls.shutdown().await.unwrap();
    });
    let fin = tls_broker(pki.localhost(), async |mut tls| {
        upgraded(&mut tls).await;
        heard(&mut tls, HELLO_FRAME_BYTES).await;
        tls.get_mut().0.shutdown().await.unwrap();
    });
    let rows = [
        (close.await, StreamEnd::WebsocketClose(1005, String::new())),
        (notify.await, StreamEnd::CloseNotify),
        (fin.await, StreamEnd::Fin),
    ];
    for (port, expected) in rows {
        assert_eq!(end(pki.settings(Transport::Wss, port), b"").await, expected);
    }
}

#[tokio::test]
async fn a_reset_that_meets_our_answer_to_a_websocket_ping_is_a_reset() {
    let (leave, left) = tokio::sync::oneshot::channel();
    let port = broker(async |mut tcp| {
        upgraded(&mut tcp).await;
        tcp.write_all(b"\x89\x00").await.unwrap();
        tcp.set_zero_linger().unwrap();
        drop(tcp);
        leave.send(()).unwrap();
    });
    let mut stream = dialled(settings(Transport::Ws, port.await)).await.unwrap().stream;
    left.await.unwrap();
    let result = stream.read(&mut [0; 8]).await.map(|_| ());
    assert_eq!(stream.end_of(result), StreamEnd::Reset);
}

#[tokio::test]
async fn shutting_down_closes_every_layer_in_order() {
    let pki = Pki::new();
    let (told, heard_all) = tokio::sync::oneshot::channel();
    let port = tls_broker(pki.localhost(), async |mut tls| {
        upgraded(&mut tls).await;
        let mut rest = Vec::new();
        tls.read_to_end(&mut rest).await.unwrap();
        told.send(rest).unwrap();
    });
    let mut stream = dialled(pki.settings(Transport::Wss, port.await)).await.unwrap().stream;
    stream.shutdown().await.unwrap();
    let rest = heard_all.await.unwrap();
    assert_eq!(rest[..2], [0x88, 0x82]);
}
