//! Messages within a session, and the ends that they provoke.

use super::World;
use super::fault::{Doom, Packet};
use super::path::Trip;
use super::session::{Answer, Session};

impl World {
    /// One message of ours.
    pub(super) fn publish(&mut self, session: &mut Session, bytes: f64) {
        session.totals.published += 1;
        session.totals.bytes_sent += whole(bytes) + 14;
        session.count(self.now, Some(bytes));
        session.in_flight.push(bytes);
        let trip = Trip { seconds: 0.0, retransmits: 0 };
        let taken = !session.muted && !session.dooms.iter().any(|(_, doom)| forbids(doom, bytes));
        self.send(session, "PUBLISH", taken.then_some(Answer::Puback(0.0, trip)));
        self.doom_after(session, bytes);
    }

    /// Whether that message, or the number of them, is answered by an end.
    fn doom_after(&mut self, session: &mut Session, bytes: f64) {
        let struck = session.dooms.iter().find_map(|(fault, doom)| match doom {
            Doom::After(_, delay, look) if forbids(doom, bytes) => Some((*fault, *delay, look.clone())),
            Doom::InFlight(most, look) if session.in_flight.len() as u64 >= *most => {
                Some((*fault, 0.01, look.clone()))
            }
            _ => None,
        });
        if let Some((fault, delay, look)) = struck {
            self.strike(session, fault, delay, look);
        }
        self.doom_of_messages(session);
    }

    /// Whether there were too many messages, or too fast.
    fn doom_of_messages(&mut self, session: &mut Session) {
        let messages = session.totals.received + session.totals.published;
        let struck = session.dooms.iter().find_map(|(fault, doom)| match doom {
            Doom::AfterMessages(count, look) if messages >= *count => Some((*fault, 0.02, look.clone())),
            Doom::OverRate(limit, span, delay, look)
                if self.now - session.since > *span && session.rate(self.now, *span) > *limit =>
            {
                Some((*fault, *delay, look.clone()))
            }
            _ => None,
        });
        if let Some((fault, delay, look)) = struck {
            self.strike(session, fault, delay, look);
        }
    }

    /// A message for us.
    pub(super) fn message(&mut self, session: &mut Session) {
        let now = self.now;
        session.last_received = now;
        session.totals.received += 1;
        session.totals.bytes_received += self.chance.whole(20, 300);
        session.messages += 1;
        session.count(now, None);
        session.next_message = now + self.setup.traffic.gap(session.messages, &mut self.chance);
        if self.setup.topics.first().is_some_and(|(_, qos)| *qos > 0) {
            self.send(session, "PUBACK", None);
        }
        self.doom_of_messages(session);
    }
}

/// Whether a message of this size is what the doom waits for: it gets no PUBACK.
fn forbids(doom: &Doom, bytes: f64) -> bool {
    match doom {
        Doom::After(Packet::Publish, ..) => true,
        Doom::After(Packet::PublishAbove(limit), ..) => bytes > *limit,
        Doom::After(Packet::Subscribe, ..)
        | Doom::AtAge(..)
        | Doom::Closed(..)
        | Doom::Forgotten(..)
        | Doom::AfterMessages(..)
        | Doom::OverRate(..)
        | Doom::Muted(_)
        | Doom::InFlight(..) => false,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are positive and far below 2^53"
)]
pub(super) fn whole(bytes: f64) -> u64 {
    bytes.max(0.0).round() as u64
}
