//! The course of a session: what happens next, until it ends or the run does.

use nwdiag::session::ending::End;
use std::time::Duration;

use super::World;
use super::fault::{Doom, Packet, Way};
use super::session::Session;

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    End,
    Answer,
    Message,
    Publish,
    Doom(usize),
    /// A ping is due, or the answer to one.
    Ping,
    SubackMissing,
    Light,
    Sample,
    Blow,
    RunOver,
}

/// The longest that a SUBACK may take (journal format).
const SUBACK_TIMEOUT: f64 = 30.0;

impl World {
    /// Lives through a session; seconds until the next attempt, or `None` where the run ends first.
    pub(super) fn live(&mut self, mut session: Session) -> Option<f64> {
        while let Some((fault, blow)) = self.blow_before(self.now) {
            self.meanwhile(fault, blow);
        }
        loop {
            self.clear_up();
            self.skip_quiet(&mut session);
            let (at, next) = self.next(&session);
            self.now = self.now.max(at);
            match next {
                Next::End => {
                    let (_, end, fault) = session.ending.take()?;
                    return Some(self.dropped(session, &end, fault));
                }
                Next::SubackMissing => {
                    let fault = session.blamed;
                    return Some(self.dropped(
                        session,
                        &End::SubscribeUnanswered(Duration::from_secs(30)),
                        fault,
                    ));
                }
                Next::Ping if session.ping.is_some() => {
                    self.now += self.chance.spread(0.0002, 0.003);
                    return Some(self.unanswered(session));
                }
                Next::RunOver => {
                    self.left = Some(session);
                    return None;
                }
                Next::Ping => self.ping(&mut session),
                Next::Answer => {
                    let (_, answer) = session.answers.remove(0);
                    self.answered(&mut session, answer);
                }
                Next::Message => self.message(&mut session),
                Next::Publish => self.publish_due(&mut session),
                Next::Doom(number) => self.doom(&mut session, number),
                Next::Light => session.dark = None,
                Next::Sample => self.sample(Some(&mut session)),
                Next::Blow => {
                    let (fault, blow) = self.blow_before(f64::INFINITY)?;
                    self.hit(&mut session, fault, blow);
                }
            }
        }
    }

    fn next(&self, session: &Session) -> (f64, Next) {
        let never = f64::INFINITY;
        let ping = match session.ping {
            Some(sent) => sent + self.setup.ping_timeout,
            None => session.last_received.min(session.sent.at) + session.ping_interval,
        };
        let publish =
            if session.in_flight.len() < super::traffic::IN_FLIGHT { self.publishing.next } else { None };
        let publish = publish.filter(|_| session.subscribed.is_none());
        let hears = session.dark.is_none() && session.forgotten.is_none();
        let light = session.dark.filter(|dark| dark.until.is_finite());
        let rows = [
            (session.ending.as_ref().map_or(never, |(at, _, _)| *at), Next::End),
            (session.answers.first().map_or(never, |(at, _)| *at), Next::Answer),
            (if hears { session.next_message } else { never }, Next::Message),
            (publish.filter(|_| self.setup.publisher.is_some()).unwrap_or(never), Next::Publish),
            (ping, Next::Ping),
            (session.subscribed.map_or(never, |sent| sent + SUBACK_TIMEOUT), Next::SubackMissing),
            (light.map_or(never, |dark| dark.until), Next::Light),
            (self.next_sample, Next::Sample),
            (self.next_blow(), Next::Blow),
            (self.run_end, Next::RunOver),
        ];
        // What has arrived is read before a deadline is held against the broker.
        let arrived = rows[..2].iter().filter(|row| row.0 <= self.now).min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(row) = arrived {
            return *row;
        }
        let mut first = (never, Next::RunOver);
        for row in rows {
            if row.0 < first.0 {
                first = row;
            }
        }
        for (number, (_, doom)) in session.dooms.iter().enumerate() {
            let at = due(doom, session);
            if at < first.0 {
                first = (at, Next::Doom(number));
            }
        }
        first
    }

    fn publish_due(&mut self, session: &mut Session) {
        let Some(publisher) = self.setup.publisher.clone() else { return };
        self.publishing.advance(self.now, &publisher);
        let bytes = self.payload(&publisher);
        self.publish(session, bytes);
    }

    /// A doom whose time has come.
    fn doom(&mut self, session: &mut Session, number: usize) {
        let (fault, doom) = session.dooms.remove(number);
        match doom {
            Doom::AtAge(_, look) | Doom::Closed(_, _, look) | Doom::After(_, _, look) => {
                self.strike(session, fault, 0.0, look);
            }
            Doom::Forgotten(_, look) => session.forgotten = Some((fault, look)),
            Doom::Muted(_) => session.muted = true,
            Doom::AfterMessages(..) | Doom::OverRate(..) | Doom::InFlight(..) => {}
        }
    }

    fn unanswered(&mut self, session: Session) -> f64 {
        let after = Duration::from_secs_f64(session.ping.map_or(0.0, |sent| self.now - sent));
        let fault = session.blamed.or(self.weather.map(|(fault, _)| fault));
        self.dropped(session, &End::PingUnanswered(after), fault)
    }
}

/// When a doom strikes by itself; never where a packet of ours has to provoke it.
fn due(doom: &Doom, session: &Session) -> f64 {
    let open = session.dark.is_none() && session.forgotten.is_none() && session.ending.is_none();
    let never = f64::INFINITY;
    match doom {
        Doom::AtAge(age, _) | Doom::Muted(age) => session.since + age,
        Doom::Closed(way, seconds, _) if open => session.silent_since(*way) + seconds,
        Doom::Forgotten(seconds, _) if open => session.silent_since(Way::Both) + seconds,
        Doom::After(Packet::Subscribe, delay, _) if session.sent.packet == "SUBSCRIBE" => {
            session.sent.at + delay
        }
        Doom::Closed(..)
        | Doom::Forgotten(..)
        | Doom::After(..)
        | Doom::AfterMessages(..)
        | Doom::OverRate(..)
        | Doom::InFlight(..) => never,
    }
}

/// Whether a silence of this length can come about while pings go out.
pub(super) fn can_be_silent(seconds: f64, session: &Session) -> bool {
    seconds <= session.ping_interval * 1.02 + 1.0
}
