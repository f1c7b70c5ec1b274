//! Carries bytes both ways, and the end of one side to the other.

use std::io::{self, ErrorKind};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Manners;
use super::farewell::bid;
use super::frames::Dialect;
use super::wire::{Client, reset};

/// Room for one read; what came of it fits into one frame.
const READ_BYTES: usize = 16 * 1024;

enum Moved {
    FromClient(io::Result<usize>),
    FromBroker(io::Result<usize>),
}

/// Goes on until one side has ended.
pub(super) async fn carry(mut client: Client, mut broker: TcpStream, manners: Manners) {
    let dialect = Dialect::of(manners.transport);
    let (mut arrived, mut answer) = (BytesMut::new(), vec![0; READ_BYTES]);
    // The kernel tells of a reset once: to whoever asks first, and that may be a write.
    let mut was_reset = false;
    loop {
        let moved = tokio::select! {
            read = client.read_buf(&mut arrived) => Moved::FromClient(read),
            read = broker.read(&mut answer) => Moved::FromBroker(read),
        };
        match moved {
            Moved::FromClient(Ok(0) | Err(_)) => return,
            Moved::FromClient(Ok(_)) => {
                let sent = broker.write_all(&dialect.unwrap(&mut arrived)).await;
                was_reset |= sent.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
            }
            Moved::FromBroker(Ok(0)) if !was_reset => return bid(client, manners.farewell).await,
            Moved::FromBroker(Ok(0) | Err(_)) => return reset(client),
            Moved::FromBroker(Ok(count)) => {
                let sent = client.write_all(&dialect.wrap(&answer[..count])).await;
                if sent.and(client.flush().await).is_err() {
                    return;
                }
            }
        }
    }
}
