//! One session through the gateway: MQTT in frames on the one side, mosquitto on the other, until it is to end.

use bytes::BytesMut;
use nwdiag::event::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio_rustls::server::TlsStream;

use super::quirk::{Quirk, whole_packets};

#[path = "../../faults/front/frames.rs"]
#[expect(clippy::expect_used, reason = "it says what a test program has found wrong")]
mod frames;

use frames::Dialect;

/// How a gateway ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// A TCP reset.
    Reset,
    /// A WebSocket close frame, then the end of TLS and TCP.
    Close,
    /// Nothing is read or said any more.
    Silence,
}

/// "Going away", without a reason.
const CLOSE_FRAME: [u8; 4] = [0x88, 2, 0x03, 0xe9];

/// So much fits into one frame.
const FRAME_BYTES: usize = 16 * 1024;

/// Carries until one side has ended, or the gateway is told to end it.
pub(super) async fn carry(
    mut client: TlsStream<TcpStream>,
    broker: u16,
    mut farewells: broadcast::Receiver<Farewell>,
    quirk: impl Fn() -> Quirk,
) {
    let mut broker = TcpStream::connect(("127.0.0.1", broker)).await.unwrap();
    let dialect = Dialect::of(Transport::Wss);
    let (mut arrived, mut asked, mut answered) = (BytesMut::new(), BytesMut::new(), BytesMut::new());
    loop {
        tokio::select! {
            Ok(farewell) = farewells.recv() => return bid(client, farewell).await,
            read = client.read_buf(&mut arrived) => match read {
                Ok(1..) => {
                    asked.unsplit(dialect.unwrap(&mut arrived));
                    let Some(passed) = quirk().upwards(&whole_packets(&mut asked)) else {
                        return bid(client, Farewell::Close).await;
                    };
                    if broker.write_all(&passed).await.is_err() {
                        return bid(client, Farewell::Close).await;
                    }
                }
                Ok(0) | Err(_) => return,
            },
            read = broker.read_buf(&mut answered) => match read {
                Ok(1..) => {
                    let passed = quirk().downwards(whole_packets(&mut answered));
                    let framed: Vec<u8> =
                        passed.chunks(FRAME_BYTES).flat_map(|part| dialect.wrap(part)).collect();
                    let sent = client.write_all(&framed).await;
                    if sent.and(client.flush().await).is_err() {
                        return;
                    }
                    if quirk().is_over_after(&passed) {
                        return bid(client, Farewell::Close).await;
                    }
                }
                Ok(0) | Err(_) => return bid(client, Farewell::Close).await,
            },
        }
    }
}

async fn bid(mut client: TlsStream<TcpStream>, farewell: Farewell) {
    match farewell {
        Farewell::Reset => client.get_mut().0.set_zero_linger().unwrap(),
        Farewell::Close => {
            // A client that is gone already hears nothing.
            let _ = client.write_all(&CLOSE_FRAME).await.and(client.shutdown().await);
            while client.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
        }
        Farewell::Silence => std::future::pending().await,
    }
}
