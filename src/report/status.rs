//! The status line below the live view: how the run stands at this moment.

use super::text::clean;
use crate::event::{Moment, millis, seconds};
use crate::session::run::Run;
use crate::session::state::RunStatus;
use crate::units::{count, span};

/// How a run stands, in numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Status {
    state: RunStatus,
    drops: u64,
    round_trip_ms: Option<f64>,
    messages: u64,
}

impl Status {
    /// Of a run that was dropped `drops` times so far.
    pub fn of(run: &Run, drops: u64) -> Self {
        Self {
            state: run.status(),
            drops,
            round_trip_ms: run.last_round_trip().map(millis),
            messages: run.totals().messages_received,
        }
    }

    /// In words, as of `now`.
    pub fn line(&self, now: Moment) -> String {
        let state = match self.state {
            RunStatus::Connecting(_, attempt) if attempt > 1 => format!("connecting, attempt {attempt}"),
            RunStatus::Connecting(..) => "connecting".to_owned(),
            RunStatus::Up(since) => format!("up {}", whole(now.since(since))),
            RunStatus::Waiting(until, attempt) => {
                format!("down, attempt {attempt} in {}", whole(until.since(now)))
            }
            RunStatus::Finished => "stopping".to_owned(),
        };
        let drops = Some(count(self.drops, "drop"));
        let ping = self.round_trip_ms.map(|ms| format!("ping {}", span(ms / 1e3)));
        let messages = (self.messages > 0).then(|| count(self.messages, "message"));
        let parts: Vec<String> = [Some(state), drops, ping, messages].into_iter().flatten().collect();
        clean(&parts.join(" · ")).into_owned()
    }
}

/// Whole seconds: a line that is redrawn each second needs no finer ones.
fn whole(length: std::time::Duration) -> String {
    span(seconds(length).round())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn line(state: RunStatus, drops: u64) -> String {
        let now = Moment::after_start(Duration::from_secs(100));
        Status { state, drops, round_trip_ms: Some(21.3), messages: 3 }.line(now)
    }

    #[test]
    fn a_round_trip_within_this_host_is_told_in_microseconds() {
        let up = RunStatus::Up(Moment::default());
        let status = Status { state: up, drops: 0, round_trip_ms: Some(0.04), messages: 0 };
        let day_and_a_bit = Moment::after_start(Duration::from_secs(86_409));
        assert_eq!(status.line(day_and_a_bit), "up 24h 9s · 0 drops · ping 40 µs");
    }

    #[test]
    fn each_state_reads_as_a_fact() {
        let at = |seconds| Moment::after_start(Duration::from_secs(seconds));
        assert_eq!(line(RunStatus::Up(at(40)), 1), "up 60 s · 1 drop · ping 21 ms · 3 messages");
        assert_eq!(
            line(RunStatus::Connecting(at(99), 3), 2),
            "connecting, attempt 3 · 2 drops · ping 21 ms · 3 messages"
        );
        assert_eq!(
            line(RunStatus::Waiting(at(104), 2), 2),
            "down, attempt 2 in 4 s · 2 drops · ping 21 ms · 3 messages"
        );
    }
}
