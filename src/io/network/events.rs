//! Listens to the kernel's notices of this host's network. What they change is up to [`NetworkState`].

use std::io;
use std::time::Duration;

use nix::libc;
use nix::sys::socket::SockProtocol;
use tokio::net::unix::pipe::Receiver;

use super::NetworkChange;
use super::message::{self, Notice};
use super::netlink;
use super::route::{self, DefaultRoute};
use super::state::NetworkState;
use crate::event::Moment;
use crate::io::clock::Clock;

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR`, `RTMGRP_IPV6_ROUTE`
/// (`include/uapi/linux/rtnetlink.h`).
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

/// When default routes are read a second time. The kernel sends its notice of a lost link or address before
/// it removes the routes, and sends none for those, so that the first reading may come too early. The kernel
/// needs far less; more would only delay the record of a lost route.
const REREAD_ROUTES_AFTER: Duration = Duration::from_millis(250);

/// When a socket that failed is opened again: a shortage of descriptors or memory may have passed by then.
const REOPEN_AFTER: Duration = Duration::from_mins(1);

/// Datagrams read without a pause. More would keep the session, which runs on the same thread, waiting for
/// longer.
const DATAGRAMS_IN_A_ROW: usize = 256;

/// The changes of this host's network.
#[derive(Debug)]
pub struct NetworkEvents {
    /// `None` after a failure, until it is opened again.
    listener: Option<Receiver>,
    state: NetworkState,
    clock: Clock,
    /// When default routes are read again or, without a listener, when everything is.
    reread_at: Option<Moment>,
}

/// Whether the socket's buffer held every notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Received {
    All,
    /// The kernel discarded notices, as the buffer was full.
    NotAll,
}

impl NetworkEvents {
    /// Begins to listen; the state now is no change. Needs a tokio runtime.
    pub fn open() -> io::Result<Self> {
        // The listener comes first: a change in between is seen twice instead of never.
        let listener = Some(listen()?);
        Ok(Self { listener, state: NetworkState::new(everything()?), clock: Clock::start(), reread_at: None })
    }

    /// Waits for the next change. While the socket has failed there is none; what changed meanwhile follows
    /// once it is open again. Dropping the future loses nothing.
    pub async fn next(&mut self) -> NetworkChange {
        loop {
            if let Some(change) = self.state.poll() {
                return change;
            }
            if let Err(error) = self.follow().await {
                tracing::warn!(%error, "changes of this host's network are not seen for now");
                self.listener = None;
                self.reread_at = Some(self.clock.now().plus(REOPEN_AFTER));
            }
        }
    }

    /// Waits for notices and applies them.
    async fn follow(&mut self) -> io::Result<()> {
        let Some(listener) = &self.listener else {
            self.clock.sleep_until(self.reread_at).await;
            return self.reopen();
        };
        tokio::select! {
            ready = listener.readable() => {
                ready?;
                if drain(listener, &mut self.state)? == Received::NotAll {
                    self.state.reconcile(everything()?);
                }
                if self.state.wants_routes() {
                    self.reread_at = Some(self.clock.now().plus(REREAD_ROUTES_AFTER));
                    self.state.set_default_routes(&default_routes()?);
                }
            }
            () = self.clock.sleep_until(self.reread_at) => {
                self.reread_at = None;
                self.state.set_default_routes(&default_routes()?);
            }
        }
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<()> {
        let listener = listen()?;
        self.state.reconcile(everything()?);
        (self.listener, self.reread_at) = (Some(listener), None);
        Ok(())
    }
}

fn listen() -> io::Result<Receiver> {
    let listener = netlink::listen(SockProtocol::NetlinkRoute, GROUPS)?;
    // Each read returns one datagram. A pipe's receiver is the type of tokio that waits for any descriptor
    // without unsafe code.
    Receiver::from_owned_fd_unchecked(listener)
}

/// Applies the notices that wait in the socket: at most [`DATAGRAMS_IN_A_ROW`], or all of them if some were
/// discarded, since those left over would be older than the dump that is read next.
fn drain(listener: &Receiver, state: &mut NetworkState) -> io::Result<Received> {
    let mut buffer = vec![0; netlink::DATAGRAM_BYTES];
    let (mut received, mut left) = (Received::All, DATAGRAMS_IN_A_ROW);
    while left > 0 || received == Received::NotAll {
        left = left.saturating_sub(1);
        match listener.try_read(&mut buffer) {
            Ok(length) => notices(&buffer[..length]).for_each(|notice| state.apply(notice)),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => received = Received::NotAll,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(received)
}

fn notices(datagram: &[u8]) -> impl Iterator<Item = Notice> {
    netlink::messages(datagram).filter_map(|message| message::notice(message.kind, message.payload))
}

/// A dump of all links, addresses and default routes.
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

/// A request for a dump of one kind, of all families: the kind, and the length of the header, which is all
/// zeros.
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

    /// A short shortage of descriptors or memory must not end the events of a run of months.
    #[tokio::test]
    async fn a_socket_that_failed_is_opened_again() {
        let mut events = NetworkEvents::open().unwrap();
        let clock = events.clock;
        (events.listener, events.reread_at) = (None, Some(clock.now()));
        tokio::select! {
            // Only if this host's network changes during the test.
            _ = events.next() => {}
            () = clock.sleep_until(Some(clock.now().plus(Duration::from_millis(100)))) => {}
        }
        assert!(events.listener.is_some());
    }
}
