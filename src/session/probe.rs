//! End-to-end probes: publishes at QoS 1 whose acknowledgement is timed. When one is due, and the queue of those that
//! wait for a session.

use std::collections::VecDeque;
use std::time::Duration;

use super::settings::ProbeSettings;
use crate::event::Moment;

/// Probes that wait for a connection at most; of more the oldest is given up.
const QUEUE_LIMIT: usize = 100;
/// Longest time that a probe waits: its round trip would say nothing about the connection that takes it.
const OLDEST: Duration = Duration::from_mins(5);

/// Whether there is a session that a probe can go out on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// A session is up.
    Up,
    /// None is: the probe waits.
    Down,
    /// A session is up whose broker accepts no publish at QoS 1: no probe is made.
    Refused,
}

/// The schedule and the queue. The first probe is due with the first session.
#[derive(Debug)]
pub struct Prober {
    settings: ProbeSettings,
    next_due: Option<Moment>,
    made: u64,
    queue: VecDeque<Queued>,
    had_to_wait: u64,
}

#[derive(Debug)]
struct Queued {
    since: Moment,
    payload: Vec<u8>,
}

impl Prober {
    /// Nothing is due before [`Self::begin`].
    pub const fn new(settings: ProbeSettings) -> Self {
        Self { settings, next_due: None, made: 0, queue: VecDeque::new(), had_to_wait: 0 }
    }

    /// Where probes go.
    pub fn topic(&self) -> &str {
        &self.settings.topic
    }

    /// A session can take probes: the schedule begins, if it has not.
    pub fn begin(&mut self, now: Moment) {
        self.next_due.get_or_insert(now);
    }

    /// When [`Self::tick`] wants to be called.
    pub const fn deadline(&self) -> Option<Moment> {
        self.next_due
    }

    /// Makes the probe that is due, if one is and the broker may take it. Probes that were due during a suspension are
    /// left out.
    pub fn tick(&mut self, now: Moment, availability: Availability) {
        let Some(due) = self.next_due.filter(|due| now >= *due) else { return };
        let next = due.plus(self.settings.interval);
        self.next_due = Some(if next > now { next } else { now.plus(self.settings.interval) });
        if availability == Availability::Refused {
            return;
        }
        self.made += 1;
        self.had_to_wait += u64::from(availability == Availability::Down);
        if self.queue.len() == QUEUE_LIMIT {
            self.queue.pop_front();
        }
        self.queue.push_back(Queued { since: now, payload: self.made.to_string().into_bytes() });
    }

    /// The next probe to send: its payload. One that has waited for longer than 5 minutes is given up.
    pub fn take(&mut self, now: Moment) -> Option<Vec<u8>> {
        while let Some(queued) = self.queue.pop_front() {
            if now.since(queued.since) <= OLDEST {
                return Some(queued.payload);
            }
        }
        None
    }

    /// Probes in the queue.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Probes of the run that were due while no session was up.
    pub const fn had_to_wait(&self) -> u64 {
        self.had_to_wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_mins(1);

    fn prober() -> Prober {
        Prober::new(ProbeSettings { topic: "t".to_owned(), interval: INTERVAL })
    }

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    fn texts(prober: &mut Prober, now: Moment) -> Vec<String> {
        std::iter::from_fn(|| prober.take(now)).map(|payload| String::from_utf8(payload).unwrap()).collect()
    }

    #[test]
    fn nothing_is_due_before_the_first_session_and_then_one_each_interval() {
        let mut prober = prober();
        prober.tick(at(500), Availability::Down);
        assert_eq!((prober.deadline(), prober.waiting()), (None, 0));
        prober.begin(at(500));
        for now in [500, 520, 559, 560, 600, 620] {
            prober.tick(at(now), Availability::Up);
            prober.begin(at(now));
        }
        assert_eq!(texts(&mut prober, at(620)), ["1", "2", "3"]);
        assert_eq!((prober.deadline(), prober.had_to_wait()), (Some(at(680)), 0));
    }

    #[test]
    fn probes_wait_while_the_connection_is_down_for_five_minutes_and_no_longer() {
        let mut prober = prober();
        prober.begin(at(0));
        for now in (0..=600).step_by(60) {
            prober.tick(at(now), Availability::Down);
        }
        assert_eq!((prober.waiting(), prober.had_to_wait()), (11, 11));
        assert_eq!(texts(&mut prober, at(600)), ["6", "7", "8", "9", "10", "11"]);
    }

    #[test]
    fn of_more_than_a_hundred_the_oldest_are_given_up() {
        let mut prober =
            Prober::new(ProbeSettings { topic: "t".to_owned(), interval: Duration::from_secs(1) });
        prober.begin(at(0));
        (0..130).for_each(|now| prober.tick(at(now), Availability::Down));
        let kept = texts(&mut prober, at(130));
        assert_eq!((kept.len(), &*kept[0], &*kept[99]), (100, "31", "130"));
    }

    #[test]
    fn a_suspension_does_not_make_up_for_what_it_swallowed() {
        let mut prober = prober();
        prober.begin(at(0));
        prober.tick(at(0), Availability::Up);
        prober.tick(at(36_000), Availability::Up);
        assert_eq!((prober.waiting(), prober.deadline()), (2, Some(at(36_060))));
    }
}
