//! Long stretches in which nothing can happen are passed over: pings, messages and samples are made up in bulk.

use super::World;
use super::course::can_be_silent;
use super::fault::Doom;
use super::session::Session;
use super::setup::Traffic;

impl World {
    /// Passes over what is quiet, if it is long enough to be worth it.
    pub(super) fn skip_quiet(&mut self, session: &mut Session) {
        let interval = session.ping_interval;
        let calm = self.weather.is_none()
            && session.dark.is_none()
            && session.forgotten.is_none()
            && session.ending.is_none()
            && session.ping.is_none()
            && session.subscribed.is_none()
            && session.answers.is_empty()
            && !session.muted;
        if !calm || session.dooms.iter().any(|(_, doom)| stands_in_the_way(doom, session)) {
            return;
        }
        let ages = session.dooms.iter().filter_map(|(_, doom)| age(doom)).map(|age| session.since + age);
        let next = ages.fold(self.next_blow().min(self.run_end), f64::min);
        let until = next - 45.0 - interval * self.chance.between(1.2, 2.2);
        if until > self.now + 3.0 * interval.max(60.0) {
            self.skip(session, until);
        }
    }

    fn skip(&mut self, session: &mut Session, until: f64) {
        while self.next_sample < until {
            let due = self.next_sample.max(self.now);
            self.pass(session, due);
            self.now = due;
            self.sample(Some(session));
        }
        self.pass(session, until);
        self.now = until;
        self.settle(session);
    }

    /// What went to and fro from now until then.
    fn pass(&mut self, session: &mut Session, until: f64) {
        let span = until - self.now;
        let pings = self.round(span * self.pings_a_second(session));
        for ping in 0..pings {
            if ping < 64 {
                let trip = self.trip();
                session.kernel.heard(trip);
                session.pings.add(trip.seconds);
                session.sampled_pings.add(trip.seconds);
            } else {
                session.pings.again();
                session.sampled_pings.again();
            }
        }
        let heard = self.round(span * self.setup.traffic.rate());
        session.messages += heard;
        session.totals.received += heard;
        session.totals.bytes_received += heard * 120 + pings * 2;
        session.totals.bytes_sent += pings * 2;
        self.pass_published(session, span);
    }

    fn pass_published(&mut self, session: &mut Session, span: f64) {
        let Some(publisher) = self.setup.publisher.clone() else { return };
        let sent = self.round(span / publisher.interval * publisher.burst.0 as f64);
        session.totals.published += sent;
        session.totals.bytes_sent += sent * 20;
        for _ in 0..sent.min(16) {
            let trip = self.trip();
            session.sampled_probes.add(trip.seconds);
        }
    }

    /// How often a direction is silent for so long that a ping goes out.
    fn pings_a_second(&self, session: &Session) -> f64 {
        let interval = session.ping_interval;
        let acknowledges = self.setup.topics.first().is_some_and(|(_, qos)| *qos > 0);
        let published = self.setup.publisher.as_ref().map_or(f64::INFINITY, |publisher| publisher.interval);
        let share = match self.setup.traffic {
            _ if published < interval => 0.0,
            Traffic::Regular(every) if acknowledges && every < interval => 0.0,
            Traffic::Random(mean) if acknowledges => (-interval / mean).exp(),
            Traffic::Idle | Traffic::Regular(_) | Traffic::Random(_) | Traffic::Bursts(..) => 1.0,
        };
        share / interval
    }

    /// A whole number that is right on average.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    fn round(&mut self, value: f64) -> u64 {
        (value + self.chance.unit()).floor() as u64
    }

    /// The last packets before now lie where they would: pings keep their rhythm, and so do messages.
    fn settle(&mut self, session: &mut Session) {
        let now = self.now;
        let interval = session.ping_interval;
        let passed = ((now - session.sent.at) / interval).floor().max(0.0) * interval;
        session.sent.at += passed;
        session.last_received = (session.sent.at + self.setup.path.rtt_ms / 1e3).min(now);
        session.sent.packet = "PINGREQ";
        session.sent.idle_before = Some(interval - self.setup.path.rtt_ms / 1e3).filter(|idle| *idle > 0.0);
        session.next_message = match self.setup.traffic {
            Traffic::Regular(every) => now + every * self.chance.unit(),
            other => now + other.gap(session.messages.max(1), &mut self.chance),
        };
        if let Some(publisher) = &self.setup.publisher {
            let behind =
                self.publishing.next.map_or(0.0, |next| ((now - next) / publisher.interval).ceil().max(0.0));
            self.publishing.next = self.publishing.next.map(|next| next + behind * publisher.interval);
        }
    }
}

/// Whether each packet has to be looked at for this doom.
fn stands_in_the_way(doom: &Doom, session: &Session) -> bool {
    match doom {
        Doom::AtAge(..) | Doom::Muted(_) | Doom::InFlight(..) => false,
        Doom::Closed(_, seconds, _) | Doom::Forgotten(seconds, _) => can_be_silent(*seconds, session),
        Doom::After(..) | Doom::AfterMessages(..) | Doom::OverRate(..) => true,
    }
}

const fn age(doom: &Doom) -> Option<f64> {
    match doom {
        Doom::AtAge(age, _) | Doom::Muted(age) => Some(*age),
        Doom::Closed(..)
        | Doom::Forgotten(..)
        | Doom::After(..)
        | Doom::AfterMessages(..)
        | Doom::OverRate(..)
        | Doom::InFlight(..) => None,
    }
}
