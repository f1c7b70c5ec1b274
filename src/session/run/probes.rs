//! End-to-end probes in a run: made when they are due, sent when the session takes them.

use super::Run;
use crate::event::Moment;
use crate::session::probe::Availability;

impl Run {
    /// The subscriptions stand, or there is room for another publish.
    pub(super) fn begin_probes(&mut self, now: Moment) {
        let (Some(prober), Some((_, session))) = (&mut self.prober, self.state.up()) else { return };
        if session.refuses_publishes() {
            tracing::warn!("the broker takes publishes at QoS 0 only: no probe can be acknowledged");
        } else {
            prober.begin(now);
        }
        self.probe(now);
    }

    /// Makes the probe that is due, and sends what waits as far as the session takes it.
    pub(super) fn probe(&mut self, now: Moment) {
        let Some(prober) = &mut self.prober else { return };
        let Some((_, session)) = self.state.up() else { return prober.tick(now, Availability::Down) };
        prober.tick(now, if session.refuses_publishes() { Availability::Refused } else { Availability::Up });
        while session.takes_publishes()
            && let Some(payload) = prober.take(now)
        {
            session.publish(now, prober.topic(), payload);
        }
    }
}
