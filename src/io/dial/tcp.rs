//! TCP connections to several addresses, raced as RFC 8305 says: IPv6 first, families in turn, 250 ms apart, the next
//! one at once when one fails. The first to be there wins.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};

use super::TimedOut;
use crate::event::failure::{Failure, TcpFailure, TcpProblem};
use crate::event::{AddressLost, FailureKind, Moment};
use crate::io::clock::Clock;
use crate::io::stream::end_by;

/// What an address gets of a head start before the next one is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

/// Both ends of a TCP connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
}

type Connected = (TcpStream, Ends);
type Finish = (SocketAddr, io::Result<Connected>);

/// The most addresses that a record names as lost: with more, it could grow over the limit of a line.
const MOST_LOST: usize = 64;

/// A race between addresses. It outlives a run that was called off, to tell how far it came.
pub(super) struct Race {
    waiting: VecDeque<SocketAddr>,
    started: Vec<(SocketAddr, Moment)>,
    entered: usize,
    last_tried: Option<SocketAddr>,
    failures: Vec<(SocketAddr, io::Error)>,
    head_start: Duration,
}

impl Race {
    /// A race between `addresses`, at least one.
    pub(super) fn between(addresses: Vec<SocketAddr>) -> Self {
        Self {
            entered: addresses.len(),
            waiting: interleaved(addresses),
            started: Vec::new(),
            last_tried: None,
            failures: Vec::new(),
            head_start: HEAD_START,
        }
    }

    /// The address tried last: that of the winner, or of the last to fail, or the last one that was started.
    pub(super) fn last_tried(&self) -> Option<SocketAddr> {
        self.last_tried
    }

    /// Runs until one is connected or all have failed. To call it off is to drop it.
    pub(super) async fn run(&mut self, clock: Clock) -> Result<Connected, Failure> {
        let mut racing = JoinSet::new();
        let mut next_start = clock.now();
        while !(self.waiting.is_empty() && racing.is_empty()) {
            tokio::select! {
                biased;
                Some(finished) = racing.join_next() => match self.noted(finished) {
                    Some(winner) => return Ok(winner),
                    None => next_start = clock.now(),
                },
                () = clock.sleep_until(self.due(next_start)) => {
                    self.start_next(&mut racing, clock.now());
                    next_start = clock.now().plus(self.head_start);
                }
            }
        }
        Err(self.lost())
    }

    /// The failure of a race that nobody has finished when time is up.
    pub(super) fn timed_out(&self, TimedOut(waited): TimedOut) -> Failure {
        self.failure(self.last_tried, TcpProblem::Silent(waited))
    }

    /// The addresses that have lost by `now`, in the order in which they were tried. One that was given its head start
    /// and has not answered has lost, too; one that was called off before has not.
    pub(super) fn lost_addresses(&self, winner: Option<SocketAddr>, now: Moment) -> Vec<AddressLost> {
        let lost = self.started.iter().filter(|(address, _)| Some(*address) != winner);
        let lost = lost.filter_map(|(address, since)| {
            let failed = self.failures.iter().find(|(failed, _)| failed == address);
            let failure = match failed {
                Some((_, error)) => problem(error).kind(),
                None if now.since(*since) >= HEAD_START => FailureKind::ConnectTimeout,
                None => return None,
            };
            Some(AddressLost { address: address.to_string(), failure: Some(failure) })
        });
        lost.take(MOST_LOST).collect()
    }

    fn due(&self, next_start: Moment) -> Option<Moment> {
        (!self.waiting.is_empty()).then_some(next_start)
    }

    fn start_next(&mut self, racing: &mut JoinSet<Finish>, now: Moment) {
        if let Some(address) = self.waiting.pop_front() {
            self.last_tried = Some(address);
            self.started.push((address, now));
            racing.spawn(async move { (address, connected(address).await) });
        }
    }

    fn noted(&mut self, finished: Result<Finish, JoinError>) -> Option<Connected> {
        // A task that is gone without a word was called off together with the race.
        let (address, outcome) = finished.ok()?;
        self.last_tried = Some(address);
        match outcome {
            Ok(winner) => Some(winner),
            Err(error) => {
                self.failures.push((address, error));
                None
            }
        }
    }

    /// The failure of a race that all have lost.
    fn lost(&self) -> Failure {
        match self.failures.last() {
            None => self.failure(None, TcpProblem::NotStarted),
            Some((address, error)) => self.failure(Some(*address), problem(error)),
        }
    }

    fn failure(&self, address: Option<SocketAddr>, problem: TcpProblem) -> Failure {
        Failure::Tcp(TcpFailure {
            address: address.map(|address| address.to_string()),
            problem,
            addresses: self.entered,
            failed: self.failures.len(),
        })
    }
}

async fn connected(peer: SocketAddr) -> io::Result<Connected> {
    let stream = TcpStream::connect(peer).await?;
    stream.set_nodelay(true)?;
    // The socket itself is not asked for its peer: it has none any more where a reset followed at once.
    let local = stream.local_addr()?;
    if local == peer {
        // On one host, a port that nobody listens on can be drawn as our own: TCP then connects us to ourselves.
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok((stream, Ends { local, peer }))
}

fn problem(error: &io::Error) -> TcpProblem {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => TcpProblem::Refused,
        io::ErrorKind::TimedOut => TcpProblem::Unanswered(error.to_string()),
        _ => TcpProblem::Socket(end_by(error)),
    }
}

/// `addresses` with the families in turn, IPv6 first, each family in its own order.
fn interleaved(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let (v6, v4): (VecDeque<_>, VecDeque<_>) = addresses.into_iter().partition(SocketAddr::is_ipv6);
    let (mut first, mut second) = (v6, v4);
    let mut order = VecDeque::new();
    while let Some(address) = first.pop_front() {
        order.push_back(address);
        if !second.is_empty() {
            std::mem::swap(&mut first, &mut second);
        }
    }
    order.extend(second);
    order
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use nix::errno::Errno;
    use tokio::net::TcpSocket;

    use super::*;
    use crate::crt;
    use crate::event::Protocol;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// A port of loopback that is taken and does not listen.
    fn closed() -> (SocketAddr, TcpSocket) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address("127.0.0.1:0")).unwrap();
        (socket.local_addr().unwrap(), socket)
    }

    /// A listener whose queue is full: it drops every further SYN, as a firewall does.
    async fn blackhole() -> (SocketAddr, tokio::net::TcpListener, TcpStream) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address("127.0.0.1:0")).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let queued = TcpStream::connect(address).await.unwrap();
        (address, listener, queued)
    }

    #[test]
    fn families_take_turns_and_ipv6_begins() {
        let rows: [(&[&str], &[&str]); 4] = [
            (
                &["1.1.1.1:1", "1.1.1.2:1", "1.1.1.3:1", "[::1]:1", "[::2]:1"],
                &["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "1.1.1.3:1"],
            ),
            (&["1.1.1.1:1", "1.1.1.2:1"], &["1.1.1.1:1", "1.1.1.2:1"]),
            (&["[::1]:1", "[::2]:1"], &["[::1]:1", "[::2]:1"]),
            (
                &["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"],
                &["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"],
            ),
        ];
        for (given, expected) in rows {
            let order = interleaved(given.iter().map(|text| address(text)).collect());
            let expected: Vec<_> = expected.iter().map(|text| address(text)).collect();
            assert_eq!(order, expected);
        }
    }

    #[tokio::test]
    async fn the_second_address_is_tried_at_once_when_the_first_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let (closed, _taken) = closed();
        let mut race = Race::between(vec![closed, good]);
        race.head_start = Duration::from_hours(1);
        let (stream, ends) = race.run(Clock::start()).await.unwrap();
        assert_eq!((ends.peer, ends.local), (good, stream.local_addr().unwrap()));
        assert_eq!(race.last_tried(), Some(good));
        assert!(stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn the_second_address_is_tried_beside_a_first_that_does_not_answer() {
        let (hole, _listener, _queued) = blackhole().await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let mut race = Race::between(vec![hole, good]);
        let clock = Clock::start();
        assert_eq!(race.run(clock).await.unwrap().1.peer, good);
        assert!(clock.now().since_start() >= HEAD_START);
    }

    #[tokio::test]
    async fn a_race_that_all_lose_tells_the_last_address_and_how_many_failed() {
        let ((first, _taken), (last, _too)) = (closed(), closed());
        let mut race = Race::between(vec![first, last]);
        let failure = race.run(Clock::start()).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::ConnectionRefused);
        assert_eq!(failure.to_string(), format!("{last} refused the connection (all 2 addresses failed)"));
        assert_eq!(race.last_tried(), Some(last));
    }

    #[tokio::test]
    async fn a_race_called_off_tells_who_did_not_answer() {
        let (hole, _listener, _queued) = blackhole().await;
        let (closed, _taken) = closed();
        let mut race = Race::between(vec![closed, hole]);
        let clock = Clock::start();
        let deadline = clock.now().plus(Duration::from_millis(60));
        tokio::select! {
            _ = race.run(clock) => panic!("nobody can win"),
            () = clock.sleep_until(Some(deadline)) => {}
        }
        let failure = race.timed_out(TimedOut(Duration::from_millis(60)));
        assert_eq!(failure.kind(), FailureKind::ConnectTimeout);
        let sentence = format!("{hole} did not answer within 60 ms; 1 of 2 addresses failed before");
        assert_eq!(failure.to_string(), sentence);
    }

    /// Address and failure of each that has lost.
    fn lost(race: &Race, winner: Option<SocketAddr>, now: Moment) -> Vec<(String, Option<FailureKind>)> {
        let lost = race.lost_addresses(winner, now).into_iter();
        lost.map(|lost| (lost.address, lost.failure)).collect()
    }

    #[tokio::test]
    async fn a_race_tells_which_addresses_lost_and_how() {
        let (hole, _listener, _queued) = blackhole().await;
        let (closed, _taken) = closed();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let mut race = Race::between(vec![closed, hole, good, address("192.0.2.1:1")]);
        let clock = Clock::start();
        race.run(clock).await.unwrap();
        let expected = [
            (closed.to_string(), Some(FailureKind::ConnectionRefused)),
            (hole.to_string(), Some(FailureKind::ConnectTimeout)),
        ];
        assert_eq!(lost(&race, Some(good), clock.now()), expected, "nobody tried the last one");
    }

    #[tokio::test]
    async fn an_address_that_was_called_off_within_its_head_start_has_not_lost() {
        let (hole, _listener, _queued) = blackhole().await;
        let mut race = Race::between(vec![hole]);
        let clock = Clock::start();
        let deadline = clock.now().plus(Duration::from_millis(30));
        tokio::select! {
            _ = race.run(clock) => panic!("nobody can win"),
            () = clock.sleep_until(Some(deadline)) => {}
        }
        let (_, started) = race.started[0];
        let just_before = started.plus(HEAD_START.checked_sub(Duration::from_nanos(1)).unwrap());
        assert_eq!(lost(&race, None, just_before), []);
        let expected = [(hole.to_string(), Some(FailureKind::ConnectTimeout))];
        assert_eq!(lost(&race, None, started.plus(HEAD_START)), expected);
    }

    #[test]
    fn no_record_names_more_lost_addresses_than_fit() {
        let mut race = Race::between(vec![address("192.0.2.1:1883")]);
        race.started =
            (1..=200).map(|port| (SocketAddr::from(([192, 0, 2, 1], port)), Moment::default())).collect();
        assert_eq!(lost(&race, None, Moment::default().plus(HEAD_START)).len(), MOST_LOST);
    }

    #[test]
    fn errors_of_connect_get_their_names_and_kinds() {
        let rows = [
            (Errno::ECONNREFUSED, crt::SOCKET_CONNECTION_REFUSED, FailureKind::ConnectionRefused),
            (Errno::ETIMEDOUT, crt::SOCKET_TIMEOUT, FailureKind::ConnectTimeout),
            (Errno::EHOSTUNREACH, crt::SOCKET_NO_ROUTE_TO_HOST, FailureKind::NetworkUnreachable),
            (Errno::ENETUNREACH, crt::SOCKET_NO_ROUTE_TO_HOST, FailureKind::NetworkUnreachable),
            (Errno::ENETDOWN, crt::SOCKET_NETWORK_DOWN, FailureKind::NetworkDown),
            (Errno::ECONNRESET, crt::SOCKET_CLOSED, FailureKind::PeerReset),
            (Errno::EACCES, crt::SOCKET_ERROR, FailureKind::LocalError),
        ];
        for (errno, name, kind) in rows {
            let mut race = Race::between(vec![address("192.0.2.1:1883")]);
            race.failures.push((address("192.0.2.1:1883"), errno.into()));
            let failure = race.lost();
            assert_eq!((crt::Name::of(&failure, Protocol::V5), failure.kind()), (name, kind));
            assert!(failure.to_string().contains("192.0.2.1:1883"), "{failure}");
        }
    }
}
