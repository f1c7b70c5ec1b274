//! Reads the kernel's counters of a connection (`TCP_INFO`). What they mean is not decided here.
//!
//! The kernel returns a `struct tcp_info` (Linux, `include/uapi/linux/tcp.h`), to which later kernels only
//! append fields. A field that an older kernel does not return is unknown.

use tokio::net::TcpStream;

use crate::event::TcpReading;

/// The counters of a connection; `None` once the kernel has closed it, and on systems other than Linux.
#[cfg(target_os = "linux")]
pub fn tcp_reading(tcp: &TcpStream) -> Option<TcpReading> {
    let mut bytes = [0; linux::KNOWN_BYTES];
    let length = linux::tcp_info(tcp, &mut bytes)
        .inspect_err(|error| tracing::debug!(%error, "the kernel gives no TCP_INFO of the connection"))
        .ok()?;
    linux::reading(bytes.get(..length)?)
}

/// The counters of a connection; `None` once the kernel has closed it, and on systems other than Linux.
#[cfg(not(target_os = "linux"))]
pub fn tcp_reading(_: &TcpStream) -> Option<TcpReading> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::AsRawFd;

    use nix::errno::Errno;
    use nix::libc;
    use tokio::net::TcpStream;

    use crate::event::{TcpReading, rounded};

    /// How much of `struct tcp_info` is read, in bytes: up to the end of `tcpi_notsent_bytes` (Linux 4.6).
    pub(super) const KNOWN_BYTES: usize = NOT_SENT_BYTES + 4;

    // Offsets in `struct tcp_info`, in bytes. The first three fields have 8 bits, the others 32.
    const STATE: usize = 0;
    const RETRANSMITS: usize = 2;
    const BACKOFF: usize = 4;
    const UNACKED: usize = 24;
    const LOST: usize = 32;
    const LAST_DATA_RECEIVED_MS: usize = 52;
    const LAST_ACK_RECEIVED_MS: usize = 56;
    const RTT_MICROSECONDS: usize = 68;
    const RTT_VAR_MICROSECONDS: usize = 72;
    const TOTAL_RETRANSMITS: usize = 100;
    const NOT_SENT_BYTES: usize = 144;

    /// `TCP_CLOSE` (`include/net/tcp_states.h`): the connection is closed, and its counters are reset.
    const CLOSED: u8 = 7;

    /// Fills `bytes` with the front of the connection's `struct tcp_info` and returns how many bytes the
    /// kernel has of it.
    #[expect(
        unsafe_code,
        reason = "no crate offers TCP_INFO in a form that an older kernel's shorter answer fits"
    )]
    pub(super) fn tcp_info(tcp: &TcpStream, bytes: &mut [u8; KNOWN_BYTES]) -> io::Result<usize> {
        let mut length = libc::socklen_t::try_from(bytes.len()).map_err(io::Error::other)?;
        // SAFETY: the descriptor is open while `tcp` is borrowed; the kernel writes `length` bytes at most,
        // which is the size of `bytes`, and how many it wrote into `length`; any bytes are a valid `[u8]`.
        let answer = unsafe {
            libc::getsockopt(
                tcp.as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_INFO,
                bytes.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        Errno::result(answer)?;
        usize::try_from(length).map_err(io::Error::other)
    }

    /// Decodes a `struct tcp_info`; `None` if the connection is closed.
    pub(super) fn reading(info: &[u8]) -> Option<TcpReading> {
        let byte = |at: usize| info.get(at).copied();
        let number = |at: usize| info.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
        if byte(STATE)? == CLOSED {
            return None;
        }
        let millis = |at| number(at).map(f64::from);
        let millis_of_micros = |at| millis(at).map(|micros| rounded(micros / 1e3, 1e3));
        // Before the first sample the round trip is 0, and the variance is the kernel's initial value, not a
        // measurement.
        let rtt_ms = millis_of_micros(RTT_MICROSECONDS).filter(|rtt| *rtt > 0.0);
        Some(TcpReading {
            rtt_ms,
            rtt_var_ms: rtt_ms.and_then(|_| millis_of_micros(RTT_VAR_MICROSECONDS)),
            retransmits: number(TOTAL_RETRANSMITS).map(u64::from),
            retransmits_pending: byte(RETRANSMITS).map(u64::from),
            lost: number(LOST).map(u64::from),
            unacked: number(UNACKED).map(u64::from),
            not_sent_bytes: number(NOT_SENT_BYTES).map(u64::from),
            backoff: byte(BACKOFF).map(u64::from),
            last_data_received_ms: millis(LAST_DATA_RECEIVED_MS),
            last_ack_received_ms: millis(LAST_ACK_RECEIVED_MS),
        })
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::time::Duration;

    use socket2::{SockFilter, SockRef};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::io::clock::Clock;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        (ours.unwrap(), theirs.unwrap().0)
    }

    /// Reads until a reading is `wanted`: the kernel's own timers decide when.
    async fn wait_for(tcp: &TcpStream, wanted: impl Fn(&TcpReading) -> bool) -> TcpReading {
        let clock = Clock::start();
        loop {
            let reading = tcp_reading(tcp).unwrap();
            if wanted(&reading) {
                return reading;
            }
            assert!(clock.now().since_start() < Duration::from_mins(1), "{reading:?}");
            clock.sleep_until(Some(clock.now().plus(Duration::from_millis(5)))).await;
        }
    }

    /// From now on whatever reaches `tcp` is lost.
    fn lose_all_that_arrives(tcp: &TcpStream) {
        const RETURN: u16 = 6;
        SockRef::from(tcp).attach_filter(&[SockFilter::new(RETURN, 0, 0, 0)]).unwrap();
    }

    #[tokio::test]
    async fn answered_data_has_a_round_trip_and_nothing_pending() {
        let (mut ours, mut theirs) = pair().await;
        ours.write_all(b"ping").await.unwrap();
        theirs.read_exact(&mut [0; 4]).await.unwrap();
        theirs.write_all(b"pong").await.unwrap();
        ours.read_exact(&mut [0; 4]).await.unwrap();
        let reading = wait_for(&ours, |reading| reading.unacked == Some(0)).await;
        assert!(reading.rtt_ms.is_some_and(|rtt| rtt > 0.0 && rtt < 10_000.0), "{reading:?}");
        assert!(reading.rtt_var_ms.is_some_and(|var| var < 10_000.0), "{reading:?}");
        let none_pending = [reading.retransmits_pending, reading.not_sent_bytes, reading.backoff];
        assert_eq!(none_pending, [Some(0); 3], "{reading:?}");
        for age in [reading.last_data_received_ms, reading.last_ack_received_ms] {
            assert!(age.is_some_and(|age| age < 60_000.0), "{reading:?}");
        }
    }

    #[tokio::test]
    async fn lost_data_stays_unacknowledged_and_is_sent_again() {
        let (mut ours, theirs) = pair().await;
        lose_all_that_arrives(&theirs);
        ours.write_all(b"ping").await.unwrap();
        assert_eq!(tcp_reading(&ours).unwrap().unacked, Some(1));
        let reading = wait_for(&ours, |reading| reading.backoff > Some(0)).await;
        assert!(reading.retransmits > Some(0) && reading.retransmits_pending > Some(0), "{reading:?}");
        assert_eq!((reading.unacked, reading.lost), (Some(1), Some(1)), "{reading:?}");
    }

    #[tokio::test]
    async fn what_the_peer_does_not_take_waits_unsent() {
        let (ours, _theirs) = pair().await;
        loop {
            ours.writable().await.unwrap();
            let written = ours.try_write(&[0; 8192]);
            if written.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
                && tcp_reading(&ours).unwrap().not_sent_bytes > Some(0)
            {
                return;
            }
        }
    }

    #[tokio::test]
    async fn after_a_reset_the_kernel_knows_nothing_any_more() {
        let (mut ours, theirs) = pair().await;
        assert!(tcp_reading(&ours).is_some());
        theirs.set_zero_linger().unwrap();
        drop(theirs);
        ours.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(tcp_reading(&ours), None);
    }

    #[tokio::test]
    async fn after_a_fin_the_kernel_still_knows() {
        let (mut ours, theirs) = pair().await;
        drop(theirs);
        assert_eq!(ours.read(&mut [0; 1]).await.unwrap(), 0);
        assert!(tcp_reading(&ours).is_some_and(|reading| reading.rtt_ms.is_some()));
    }

    /// A `struct tcp_info` of an established connection whose byte at each offset is that offset.
    fn numbered() -> [u8; linux::KNOWN_BYTES] {
        let mut bytes = std::array::from_fn(|at| u8::try_from(at).unwrap());
        bytes[0] = 1;
        bytes
    }

    /// The 32-bit number at `offset` of [`numbered`].
    fn at(offset: u8) -> u32 {
        u32::from_ne_bytes([offset, offset + 1, offset + 2, offset + 3])
    }

    #[test]
    fn each_field_is_read_from_its_place() {
        let number = |offset| Some(u64::from(at(offset)));
        let expected = TcpReading {
            rtt_ms: Some(f64::from(at(68)) / 1e3),
            rtt_var_ms: Some(f64::from(at(72)) / 1e3),
            retransmits: number(100),
            retransmits_pending: Some(2),
            lost: number(32),
            unacked: number(24),
            not_sent_bytes: number(144),
            backoff: Some(4),
            last_data_received_ms: Some(f64::from(at(52))),
            last_ack_received_ms: Some(f64::from(at(56))),
        };
        assert_eq!(linux::reading(&numbered()), Some(expected));
    }

    #[test]
    fn what_an_older_kernel_leaves_out_is_unknown() {
        let whole = linux::reading(&numbered()).unwrap();
        let of = |length: usize| linux::reading(&numbered()[..length]);
        assert_eq!(of(104), Some(TcpReading { not_sent_bytes: None, ..whole }));
        assert_eq!(of(147), of(104));
        assert_eq!(of(70).unwrap().rtt_ms, None);
        assert_eq!(of(0), None);
    }

    #[test]
    fn without_a_sample_there_is_no_round_trip() {
        let mut bytes = numbered();
        bytes[68..72].fill(0);
        let reading = linux::reading(&bytes).unwrap();
        assert_eq!((reading.rtt_ms, reading.rtt_var_ms), (None, None));
    }
}
