//! What is known of this host beside MQTT: the kernel's counters of the connection, the Wi-Fi signal, its clocks, and
//! how late our own loop was. Readings come in as arguments.

use std::time::Duration;

use super::clock_watch::ClockWatch;
use super::lag::Lag;
use super::run::Now;
use crate::event::{Environment, Moment, TcpReading, millis};

/// Longest time between two looks at this host. A stalled process and a jump of a clock are noticed after this time on a
/// quiet connection, and the kernel's last reading before an end is at most this old.
const PULSE: Duration = Duration::from_secs(1);

/// A measurement of the connection; `None` for what could not be measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// The kernel's view of the connection.
    pub tcp: Option<TcpReading>,
    /// Signal of the interface in use, in dBm.
    pub wifi_dbm: Option<i32>,
}

/// The latest readings, and what follows from comparing them.
#[derive(Debug)]
pub struct HostView {
    measured: Measured,
    clocks: ClockWatch,
    lag: Lag,
    next_pulse: Moment,
}

impl HostView {
    /// The state of a run that begins; lag is looked back on over `keep_alive`.
    pub fn new(keep_alive: Duration) -> Self {
        Self {
            measured: Measured::default(),
            clocks: ClockWatch::default(),
            lag: Lag::over(keep_alive),
            next_pulse: Moment::default().plus(PULSE),
        }
    }

    /// When the loop is to come round at the latest.
    pub const fn deadline(&self) -> Moment {
        self.next_pulse
    }

    /// Takes a look at this host, at which the run wanted to be woken at `due`: what happened to the clocks since the
    /// last one. The time that the host slept is not our being late, and a kernel that has let go of the connection says
    /// nothing: its last word stays.
    pub fn look(&mut self, now: &Now, due: Moment) -> Vec<Environment> {
        let jumps = self.clocks.read(now.clocks);
        if now.moment >= due {
            let suspended = jumps.suspended.to_std().unwrap_or_default();
            self.lag.note(now.moment, now.moment.since(due).saturating_sub(suspended));
        }
        if now.moment >= self.next_pulse {
            self.next_pulse = now.moment.plus(PULSE);
        }
        let tcp = now.measured.tcp.or(self.measured.tcp);
        self.measured = Measured { tcp, ..now.measured };
        jumps.events
    }

    /// A new connection: what the kernel said of the last one is no longer true.
    pub const fn begin_connection(&mut self, measured: Measured) {
        self.measured = measured;
    }

    /// The latest measurement.
    pub const fn latest(&self) -> Measured {
        self.measured
    }

    /// The longest delay of our loop in the last keep-alive period, in milliseconds.
    pub fn loop_lag_ms(&mut self, now: Moment) -> Option<f64> {
        self.lag.longest(now).map(millis)
    }
}
