//! How a client gets through TLS and the WebSocket upgrade, or does not.

use nwdiag::event::Transport;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tungstenite::handshake::derive_accept_key;

use super::farewell::alert;
use super::wire::{Client, reset, see_off};
use super::{Entry, Hindrance, Manners};

/// The client once it is ready for MQTT; `None` where it never will be.
pub(super) async fn admit(tcp: TcpStream, manners: Manners, acceptor: &TlsAcceptor) -> Option<Client> {
    let mut client: Client = match manners.transport {
        Transport::Tcp | Transport::Ws => Box::new(tcp),
        Transport::Tls | Transport::Wss => encrypt(tcp, manners.entry, acceptor).await?,
    };
    match manners.transport {
        Transport::Tcp | Transport::Tls => Some(client),
        Transport::Ws | Transport::Wss => {
            let request = request(&mut client).await?;
            if let Entry::InUpgrade(hindrance) = manners.entry {
                hinder(client, hindrance).await;
                return None;
            }
            client.write_all(answer(&request).as_bytes()).await.ok()?;
            client.flush().await.ok()?;
            Some(client)
        }
    }
}

async fn encrypt(mut tcp: TcpStream, entry: Entry, acceptor: &TlsAcceptor) -> Option<Client> {
    if let Entry::InTls(hindrance) = entry {
        // Its hello is read: closed with bytes unread, a socket would reset.
        let hello_bytes = tcp.read(&mut [0; 4096]).await.ok()?;
        assert!(hello_bytes > 0, "the client says nothing");
        hinder(Box::new(tcp), hindrance).await;
        return None;
    }
    Some(Box::new(acceptor.accept(tcp).await.ok()?))
}

async fn hinder(mut client: Client, hindrance: Hindrance) {
    // The client may be gone; then nothing is left to be done.
    let _ = match hindrance {
        Hindrance::Silence => Ok(()),
        Hindrance::Bytes(bytes) => client.write_all(bytes).await.and(client.flush().await),
        Hindrance::Fin => client.tcp().shutdown().await,
        Hindrance::CloseNotify => client.shutdown().await,
        Hindrance::Alert => alert(&mut client).await,
        Hindrance::Rst => return reset(client),
    };
    see_off(client).await;
}

/// The head of a request; `None` where the client left in it.
async fn request(client: &mut Client) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

fn answer(request: &str) -> String {
    let key = request.split("Sec-WebSocket-Key: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let accept = derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"
    )
}
