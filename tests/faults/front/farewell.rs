//! How the front says good-bye where the simulator sent FIN.

use tokio::io::AsyncWriteExt;

use super::wire::{Client, reset, see_off};

/// Looks like a record of encrypted bytes, and is not.
const GARBAGE: &[u8] = b"\x17\x03\x03\x00\x20 this was never encrypted at all ";

/// What comes in the place of FIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// FIN alone; the socket is still read.
    Fin,
    /// FIN alone, of a socket that is gone: what is still sent to it is reset.
    Gone,
    /// TLS `close_notify`.
    CloseNotify(After),
    /// A fatal TLS alert, then FIN.
    Alert,
    /// Bytes in the place of a TLS record; the socket stays open.
    Garbage,
    /// A WebSocket close frame with this payload, and in TLS its `close_notify` where FIN follows.
    Close(&'static [u8], After),
    /// These bytes in the place of a WebSocket frame; the socket stays open.
    Frame(&'static [u8]),
}

/// What follows the last word of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// FIN.
    Fin,
    /// RST.
    Rst,
    /// Nothing: the socket stays open.
    Nothing,
}

/// Says it, and waits until the client has left. A client that is gone already hears nothing.
pub(super) async fn bid(mut client: Client, farewell: Farewell) {
    let said = match farewell {
        Farewell::Fin => client.tcp().shutdown().await,
        Farewell::Gone => return,
        Farewell::CloseNotify(after) => {
            client.tls().expect("TLS").send_close_notify();
            let sent = client.flush().await;
            return sent_then(client, sent, after).await;
        }
        Farewell::Alert => {
            let sent = alert(&mut client).await;
            sent.and(client.tcp().shutdown().await)
        }
        Farewell::Garbage => client.tcp().write_all(GARBAGE).await,
        Farewell::Close(payload, after) => {
            let length = u8::try_from(payload.len()).expect("a short payload");
            let sent = send(&mut client, &[&[0x88, length], payload].concat()).await;
            return sent_then(client, sent, after).await;
        }
        Farewell::Frame(bytes) => send(&mut client, bytes).await,
    };
    if said.is_ok() {
        see_off(client).await;
    }
}

/// TLS makes an alert by itself where it is given what nobody can decrypt, and then refuses to do anything else.
pub(super) async fn alert(client: &mut Client) -> std::io::Result<()> {
    let tls = client.tls().expect("TLS");
    tls.read_tls(&mut &*GARBAGE).expect("room for a record");
    tls.process_new_packets().expect_err("garbage is not encrypted");
    let mut record = Vec::new();
    tls.write_tls(&mut record).expect("room in memory");
    client.tcp().write_all(&record).await
}

/// What follows a layer's last word, where that was `sent`.
async fn sent_then(mut client: Client, sent: std::io::Result<()>, after: After) {
    let sent = match after {
        After::Fin => sent.and(client.shutdown().await),
        After::Rst => return reset(client),
        After::Nothing => sent,
    };
    if sent.is_ok() {
        see_off(client).await;
    }
}

async fn send(client: &mut Client, bytes: &[u8]) -> std::io::Result<()> {
    client.write_all(bytes).await?;
    client.flush().await
}
