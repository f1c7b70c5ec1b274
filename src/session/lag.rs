//! How late our own event loop was. To the broker, a process that does not get to run looks like a dead client.

use std::collections::VecDeque;
use std::time::Duration;

use crate::event::Moment;

/// The longest delay within a sliding span. It holds only delays that no later one exceeds.
#[derive(Debug)]
pub struct Lag {
    span: Duration,
    delays: VecDeque<(Moment, Duration)>,
}

impl Lag {
    /// A window of this length.
    pub const fn over(span: Duration) -> Self {
        Self { span, delays: VecDeque::new() }
    }

    /// The loop ran this long after it was due.
    pub fn note(&mut self, now: Moment, late: Duration) {
        while self.delays.back().is_some_and(|(_, earlier)| *earlier <= late) {
            self.delays.pop_back();
        }
        self.delays.push_back((now, late));
        self.forget(now);
    }

    /// The longest delay within the span that ends now; `None` before the first.
    pub fn longest(&mut self, now: Moment) -> Option<Duration> {
        self.forget(now);
        self.delays.front().map(|(_, late)| *late)
    }

    fn forget(&mut self, now: Moment) {
        while self.delays.front().is_some_and(|(at, _)| now.since(*at) > self.span) {
            self.delays.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at_ms(ms: u64) -> Moment {
        Moment::after_start(Duration::from_millis(ms))
    }

    #[test]
    fn before_the_loop_has_come_round_nothing_is_known() {
        assert_eq!(Lag::over(Duration::from_mins(1)).longest(at_ms(0)), None);
    }

    proptest! {
        #[test]
        fn it_is_the_longest_of_all_delays_within_the_span(
            delays in prop::collection::vec((1_u64..50, 0_u64..100), 1..200),
        ) {
            let mut lag = Lag::over(Duration::from_millis(300));
            let mut now = 0;
            let mut noted = Vec::new();
            for (step, late) in delays {
                now += step;
                noted.push((now, late));
                lag.note(at_ms(now), Duration::from_millis(late));
                let longest = noted.iter().filter(|(at, _)| now - at <= 300).map(|(_, late)| *late).max();
                prop_assert_eq!(lag.longest(at_ms(now)), longest.map(Duration::from_millis));
            }
        }
    }
}
