//! Listens to what the kernel tells of this host's network. Thin: what follows from it is up to [`Standing`].

use std::io;
use std::time::Duration;

use nix::libc;
use nix::sys::socket::SockProtocol;
use tokio::net::unix::pipe::Receiver;

use super::NetworkChange;
use super::message::{self, Notice};
use super::netlink;
use super::route::{self, DefaultRoute};
use super::standing::Standing;
use crate::event::Moment;
use crate::io::clock::Clock;

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR`, `RTMGRP_IPV6_ROUTE`
/// (`include/uapi/linux/rtnetlink.h`).
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

/// The kernel tells of a lost link or address before it removes the routes, and of those it says nothing: a first look
/// at them may come too early. Far longer than it takes, and nothing to a person.
const SECOND_LOOK_AFTER: Duration = Duration::from_millis(250);

/// After a failure, which may be a shortage that passes.
const TRY_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// As many datagrams are read in a row: then others have their turn.
const IN_A_ROW: usize = 256;

/// The changes of this host's network.
#[derive(Debug)]
pub struct NetworkEvents {
    /// `None` while it has failed.
    listener: Option<Receiver>,
    standing: Standing,
    clock: Clock,
    /// At the routes, or after a failure at everything.
    second_look: Option<Moment>,
}

/// What came of listening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// All that was told.
    All,
    /// The kernel told more than it had room for.
    NotAll,
}

impl NetworkEvents {
    /// Begins to listen; how things stand now is no change. Needs a tokio runtime.
    pub fn open() -> io::Result<Self> {
        // First the listener, then the look: what changes between is told twice rather than never.
        let listener = Some(listen()?);
        Ok(Self {
            listener,
            standing: Standing::new(everything()?),
            clock: Clock::start(),
            second_look: None,
        })
    }

    /// The next change, each once; none while the kernel cannot be listened to, and what came of that time behind it.
    /// Nothing is lost where the future is dropped.
    pub async fn next(&mut self) -> NetworkChange {
        loop {
            if let Some(change) = self.standing.poll() {
                return change;
            }
            if let Err(error) = self.follow().await {
                tracing::warn!(%error, "changes of this host's network are not seen for now");
                self.listener = None;
                self.second_look = Some(self.clock.now().plus(TRY_AGAIN_AFTER));
            }
        }
    }

    /// Waits until something is told, and takes in all of it.
    async fn follow(&mut self) -> io::Result<()> {
        let Some(listener) = &self.listener else {
            self.clock.sleep_until(self.second_look).await;
            return self.listen_again();
        };
        tokio::select! {
            ready = listener.readable() => {
                ready?;
                if drain(listener, &mut self.standing)? == Heard::NotAll {
                    self.standing.reconcile(everything()?);
                }
                if self.standing.wants_routes() {
                    self.second_look = Some(self.clock.now().plus(SECOND_LOOK_AFTER));
                    self.standing.settle(&default_routes()?);
                }
            }
            () = self.clock.sleep_until(self.second_look) => {
                self.second_look = None;
                self.standing.settle(&default_routes()?);
            }
        }
        Ok(())
    }

    fn listen_again(&mut self) -> io::Result<()> {
        let listener = listen()?;
        self.standing.reconcile(everything()?);
        (self.listener, self.second_look) = (Some(listener), None);
        Ok(())
    }
}

fn listen() -> io::Result<Receiver> {
    let listener = netlink::listen(SockProtocol::NetlinkRoute, GROUPS)?;
    // It is read like a pipe, datagram by datagram, and this is tokio's safe way to wait for one.
    Receiver::from_owned_fd_unchecked(listener)
}

/// Takes in what waits in the socket: some of it, or all if more was told than is there, since what is left would be
/// older than what is looked at next.
fn drain(listener: &Receiver, standing: &mut Standing) -> io::Result<Heard> {
    let mut buffer = vec![0; netlink::DATAGRAM_BYTES];
    let (mut heard, mut left) = (Heard::All, IN_A_ROW);
    while left > 0 || heard == Heard::NotAll {
        left = left.saturating_sub(1);
        match listener.try_read(&mut buffer) {
            Ok(length) => notices(&buffer[..length]).for_each(|notice| standing.fold(notice)),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => heard = Heard::NotAll,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(heard)
}

fn notices(datagram: &[u8]) -> impl Iterator<Item = Notice> {
    netlink::messages(datagram).filter_map(|told| message::notice(told.kind, told.payload))
}

/// All links, addresses and default routes.
fn everything() -> io::Result<Vec<Notice>> {
    let dumps: io::Result<Vec<_>> = [LINKS, ADDRESSES, ROUTES].into_iter().map(dump).collect();
    Ok(dumps?.concat())
}

fn default_routes() -> io::Result<Vec<DefaultRoute>> {
    let route = |notice| match notice {
        Notice::DefaultRoute(route) => Some(route),
        Notice::Link(_)
        | Notice::LinkGone { .. }
        | Notice::Address(..)
        | Notice::AddressGone(_)
        | Notice::DefaultRouteGone => None,
    };
    Ok(dump(ROUTES)?.into_iter().filter_map(route).collect())
}

/// Requests for all of something, of all families: the kind, and the length of a header that is all zeros.
type Request = (u16, usize);
const LINKS: Request = (libc::RTM_GETLINK, message::LINK_HEADER_BYTES);
const ADDRESSES: Request = (libc::RTM_GETADDR, message::ADDRESS_HEADER_BYTES);
const ROUTES: Request = (libc::RTM_GETROUTE, route::ROUTE_HEADER_BYTES);

fn dump((kind, header_bytes): Request) -> io::Result<Vec<Notice>> {
    let answers = netlink::dump(SockProtocol::NetlinkRoute, kind, &vec![0; header_bytes])?;
    Ok(answers.iter().filter_map(|(kind, payload)| message::notice(*kind, payload)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host that has no descriptor or no memory to spare for a moment must not cost a run of months its events.
    #[tokio::test]
    async fn what_has_failed_is_tried_again_in_time() {
        let mut events = NetworkEvents::open().unwrap();
        let clock = events.clock;
        (events.listener, events.second_look) = (None, Some(clock.now()));
        tokio::select! {
            // Most likely none: what changed meanwhile, if anything did.
            _ = events.next() => {}
            () = clock.sleep_until(Some(clock.now().plus(Duration::from_millis(100)))) => {}
        }
        assert!(events.listener.is_some());
    }
}
