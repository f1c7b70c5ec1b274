//! Reads the clocks and waits. Nothing else does.
//!
//! A run's clock goes on while the host is suspended and is never set: on Linux it is `CLOCK_BOOTTIME`.
//! Timers use the same clock, so that a deadline that passes during a suspension fires on waking.

use std::io;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, FixedOffset, Local, Utc};

use crate::event::{ClockReading, Moment, Stamp};

/// A run's clock, which counts from the run's start.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Duration,
}

impl Clock {
    /// A clock that begins now.
    pub fn start() -> Self {
        Self { origin: since_boot() }
    }

    /// The time since the start.
    pub fn now(self) -> Moment {
        Moment::after_start(since_boot().saturating_sub(self.origin))
    }

    /// The wall clock and the run's clock.
    pub fn stamp(self) -> Stamp {
        Stamp { wall: wall(), moment: self.now() }
    }

    /// Waits until `deadline`, or for ever without one. Returns at once if it has passed.
    pub async fn sleep_until(self, deadline: Option<Moment>) {
        let Some(deadline) = deadline else { return std::future::pending().await };
        loop {
            let left = deadline.since(self.now());
            if left.is_zero() {
                return;
            }
            if let Err(error) = sleep(left).await {
                tracing::warn!(%error, "the host's timer failed; falling back to one that stops while it sleeps");
                fallback_sleep(left).await;
            }
        }
    }
}

/// How many times all clocks are read to get one reading.
const READ_ATTEMPTS: usize = 4;

/// The longest time that reading all clocks takes without an interruption. A larger value would take an
/// interruption for a set clock or a suspension.
const UNINTERRUPTED: Duration = Duration::from_micros(50);

/// A reading of all clocks of this host, as close together as possible: if the process was interrupted in
/// between, they are read again.
pub fn reading() -> ClockReading {
    let mut closest = read_all();
    for _ in 1..READ_ATTEMPTS {
        if closest.0 <= UNINTERRUPTED {
            break;
        }
        let again = read_all();
        if again.0 < closest.0 {
            closest = again;
        }
    }
    closest.1
}

/// How long reading all clocks took, and what they read.
fn read_all() -> (Duration, ClockReading) {
    let (boot, awake, wall) = (since_boot(), awake_since_boot(), wall());
    let reading = ClockReading { boot, monotonic: awake.unwrap_or(boot), wall };
    (since_boot().saturating_sub(boot), reading)
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub fn wall() -> DateTime<Utc> {
    // `Utc::now` panics on a clock that is set before 1970.
    SystemTime::now().into()
}

/// `time` in the time zone of this host.
pub fn local(time: DateTime<Utc>) -> DateTime<FixedOffset> {
    time.with_timezone(&Local).fixed_offset()
}

/// The IANA name of the local time zone; its offset from UTC if the name is unknown.
pub fn time_zone() -> String {
    iana_time_zone::get_timezone().unwrap_or_else(|_| local(wall()).offset().to_string())
}

#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
async fn fallback_sleep(span: Duration) {
    tokio::time::sleep(span.min(Duration::from_secs(1))).await;
}

#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default()
}

#[cfg(target_os = "linux")]
fn awake_since_boot() -> Option<Duration> {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_MONOTONIC).ok().map(Duration::from)
}

#[cfg(target_os = "linux")]
async fn sleep(span: Duration) -> io::Result<()> {
    use nix::sys::time::TimeSpec;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    use tokio::net::unix::pipe::Receiver;

    let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
    let timer = TimerFd::new(ClockId::CLOCK_BOOTTIME, flags)?;
    let span = TimeSpec::from_duration(span.max(Duration::from_nanos(1)));
    timer.set(Expiration::OneShot(span), TimerSetTimeFlags::empty())?;
    // A timer descriptor becomes readable when it expires. A pipe's receiver is the type of tokio that waits
    // for any descriptor without unsafe code.
    Receiver::from_owned_fd_unchecked(timer.into())?.readable().await
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
fn since_boot() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    ORIGIN.get_or_init(Instant::now).elapsed()
}

#[cfg(not(target_os = "linux"))]
fn awake_since_boot() -> Option<Duration> {
    None
}

#[cfg(not(target_os = "linux"))]
async fn sleep(span: Duration) -> io::Result<()> {
    fallback_sleep(span).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn a_timer_waits_for_its_deadline_and_not_for_one_that_is_past() {
        let clock = Clock::start();
        let deadline = clock.now().plus(Duration::from_millis(20));
        clock.sleep_until(Some(deadline)).await;
        assert!(clock.now() >= deadline);
        clock.sleep_until(Some(Moment::default())).await;
    }

    #[test]
    fn all_clocks_of_a_reading_were_read_at_one_time() {
        let (before, after) = (reading(), reading());
        assert!(before.boot < after.boot && before.monotonic <= after.monotonic);
        let apart = |reading: ClockReading| reading.boot.abs_diff(reading.monotonic);
        assert!(apart(before).abs_diff(apart(after)) < Duration::from_secs(1));
        assert!((wall() - after.wall).abs() < chrono::TimeDelta::seconds(10));
    }
}
