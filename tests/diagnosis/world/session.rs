//! One session: what it is made of, and the small deeds in it. When they happen is told in `course`.

use std::collections::VecDeque;

use nwdiag::event::{Event, Protocol, Subscribed, TcpReading};
use nwdiag::session::ending::End;

use super::World;
use super::fault::{Deed, Doom, Look, Packet, Way};
use super::path::{Kernel, Trip, Trips, Unanswered, tries};
use super::traffic::{IN_FLIGHT, Totals};

/// A session that is up.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) since: f64,
    pub(super) last_received: f64,
    pub(super) sent: Sent,
    pub(super) ping: Option<f64>,
    pub(super) answers: Vec<(f64, Answer)>,
    pub(super) next_message: f64,
    pub(super) messages: u64,
    pub(super) dark: Option<Dark>,
    /// Who made the latest darkness.
    pub(super) blamed: Option<usize>,
    /// The connection is forgotten somewhere: what our next packet meets, and who is behind it.
    pub(super) forgotten: Option<(usize, Look)>,
    pub(super) dooms: Vec<(usize, Doom)>,
    pub(super) ending: Option<(f64, End, Option<usize>)>,
    pub(super) muted: bool,
    pub(super) in_flight: Vec<f64>,
    pub(super) active: u32,
    pub(super) subscribed: Option<f64>,
    pub(super) recent: VecDeque<(f64, Option<f64>)>,
    pub(super) kernel: Kernel,
    pub(super) pings: Trips,
    pub(super) sampled_pings: Trips,
    pub(super) sampled_probes: Trips,
    pub(super) totals: Totals,
    pub(super) ping_interval: f64,
    opened: f64,
}

/// The last packet that we sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) at: f64,
    pub(super) packet: &'static str,
    pub(super) topic: Option<String>,
    pub(super) idle_before: Option<f64>,
}

/// What is on its way to us.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    Suback,
    Pong(f64, Trip),
    /// For a message of this many bytes.
    Puback(f64, Trip),
}

/// Packets get nowhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dark {
    pub(super) since: f64,
    pub(super) until: f64,
    pub(super) waiting: Unanswered,
}

/// Messages of the last ten seconds count.
pub(super) const RECENT: f64 = 10.0;

impl Session {
    /// Silence in a direction, or the shorter one.
    pub(super) fn silent_since(&self, way: Way) -> f64 {
        match way {
            Way::Both => self.last_received.max(self.sent.at),
            Way::Out => self.sent.at,
        }
    }

    pub(super) fn reading(&self, now: f64, rto: f64) -> TcpReading {
        let waits = self.dark.is_some_and(|dark| self.sent.at >= dark.since);
        let waiting = self.dark.filter(|_| waits).map_or(Unanswered::Nothing, |dark| dark.waiting);
        let age = self.ping.filter(|_| waits).map_or(now - self.sent.at, |sent| now - sent);
        self.kernel.reading(waiting, age, rto, now - self.last_received)
    }

    pub(super) fn rate(&self, now: f64, span: f64) -> f64 {
        let count = self.recent.iter().rev().take_while(|(at, _)| now - at < span).count();
        count as f64 / (now - self.opened).min(span).max(0.1)
    }

    pub(super) fn count(&mut self, now: f64, bytes: Option<f64>) {
        self.recent.push_back((now, bytes));
        while self.recent.front().is_some_and(|(at, _)| now - at > 2.0 * RECENT) {
            self.recent.pop_front();
        }
    }
}

impl World {
    /// CONNACK came: SUBSCRIBE goes out, or the session is ready.
    pub(super) fn open(&mut self, opened: f64) -> Session {
        let now = self.now;
        let asked = self.setup.greeting.server_keep_alive.filter(|_| self.setup.protocol() == Protocol::V5);
        let mut session = Session {
            since: now,
            opened,
            last_received: now,
            sent: Sent { at: opened, packet: "CONNECT", topic: None, idle_before: None },
            ping: None,
            answers: Vec::new(),
            next_message: f64::INFINITY,
            messages: 0,
            dark: None,
            blamed: None,
            forgotten: None,
            dooms: Vec::new(),
            ending: None,
            muted: false,
            in_flight: Vec::new(),
            active: 0,
            subscribed: None,
            recent: VecDeque::new(),
            kernel: Kernel::default(),
            pings: Trips::default(),
            sampled_pings: Trips::default(),
            sampled_probes: Trips::default(),
            totals: Totals { bytes_received: 5, bytes_sent: 40, ..Totals::default() },
            ping_interval: asked
                .map_or(self.setup.ping_interval, |asked| self.setup.ping_interval.min(asked.into())),
        };
        session.kernel.heard(Trip { seconds: now - opened, retransmits: 0 });
        for fault in 0..self.faults.len() {
            let dooms = self
                .ask(fault, |fault, scene, chance| fault.dooms.as_mut().map(|dooms| dooms(scene, chance)));
            session.dooms.extend(dooms.into_iter().flatten().map(|doom| (fault, doom)));
        }
        for bytes in std::mem::take(&mut self.kept) {
            self.publish(&mut session, bytes);
        }
        if self.setup.topics.is_empty() {
            self.ready(&mut session);
        } else {
            session.subscribed = Some(now);
            let ignored = |(_, doom): &(usize, Doom)| matches!(doom, Doom::After(Packet::Subscribe, ..));
            let answered = self.setup.refused_topic.is_some() || !session.dooms.iter().any(ignored);
            self.send(&mut session, "SUBSCRIBE", answered.then_some(Answer::Suback));
            session.totals.bytes_sent += 20;
        }
        session
    }

    /// A packet goes out, and an answer to it comes back if the path lets it.
    pub(super) fn send(&mut self, session: &mut Session, packet: &'static str, answer: Option<Answer>) {
        let now = self.now;
        let idle_before = Some((now - session.silent_since(Way::Both)).max(0.0));
        let topic = match packet {
            "SUBSCRIBE" => self.setup.topics.first().map(|(topic, _)| topic.clone()),
            "PUBLISH" => self.setup.publisher.as_ref().map(|publisher| publisher.topic.clone()),
            _ => None,
        };
        session.sent = Sent { at: now, packet, topic, idle_before };
        session.totals.bytes_sent += 2;
        if let Some((fault, look)) = session.forgotten.clone() {
            return self.meet(session, fault, look);
        }
        let Some(answer) = answer else { return };
        let trip = self.trip();
        let at = now + trip.seconds;
        let answer = match answer {
            Answer::Suback => Answer::Suback,
            Answer::Pong(..) => Answer::Pong(now, trip),
            Answer::Puback(..) => Answer::Puback(now, trip),
        };
        self.answer_at(session, at, answer);
    }

    /// An answer is to arrive then, or once packets get through again.
    fn answer_at(&self, session: &mut Session, at: f64, answer: Answer) {
        let at = match session.dark {
            Some(dark) if at >= dark.since => {
                let sent = at.max(dark.since);
                let again = tries(dark.until - sent, self.setup.path.rto()) + 1;
                sent + self.setup.path.rto() * (2_f64.powf(again as f64) - 1.0)
            }
            _ => at,
        };
        let place = session.answers.partition_point(|(known, _)| *known <= at);
        if at.is_finite() {
            session.answers.insert(place, (at, answer));
        }
    }

    /// Our packet runs into what became of the connection.
    fn meet(&mut self, session: &mut Session, fault: usize, look: Look) {
        let back = self.setup.path.trip(None, &mut self.chance).seconds;
        match look.end(self.setup.protocol()) {
            Some(end) => {
                session.ending.get_or_insert((self.now + back, end, Some(fault)));
            }
            None => self.darken(session, fault, None, Unanswered::Unacked),
        }
    }

    /// Packets get nowhere from now on, for ever or for so long.
    pub(super) fn darken(
        &mut self,
        session: &mut Session,
        fault: usize,
        lasts: Option<f64>,
        waiting: Unanswered,
    ) {
        let until = lasts.map_or(f64::INFINITY, |lasts| self.now + lasts);
        if session.dark.is_some_and(|dark| dark.until >= until) {
            return;
        }
        session.blamed = Some(fault);
        session.dark = Some(Dark { since: self.now, until, waiting });
        for (at, answer) in std::mem::take(&mut session.answers) {
            self.answer_at(session, at, answer);
        }
    }

    pub(super) fn ping(&mut self, session: &mut Session) {
        session.ping = Some(self.now);
        let trip = Trip { seconds: 0.0, retransmits: 0 };
        self.send(session, "PINGREQ", Some(Answer::Pong(0.0, trip)));
    }

    /// The session ends like this, so long from now.
    pub(super) fn strike(&mut self, session: &mut Session, fault: usize, delay: f64, look: Look) {
        match look.end(self.setup.protocol()) {
            Some(end) => {
                session.ending.get_or_insert((self.now + delay, end, Some(fault)));
            }
            None => self.darken(session, fault, None, Unanswered::Unacked),
        }
    }

    pub(super) fn answered(&mut self, session: &mut Session, answer: Answer) {
        session.last_received = self.now;
        session.totals.bytes_received += 4;
        match answer {
            Answer::Suback => self.subscribed(session),
            Answer::Pong(sent, trip) => {
                session.ping = None;
                session.kernel.heard(Trip { seconds: self.now - sent, ..trip });
                session.pings.add(self.now - sent);
                session.sampled_pings.add(self.now - sent);
            }
            Answer::Puback(sent, trip) => {
                session.in_flight.pop();
                session.kernel.heard(Trip { seconds: self.now - sent, ..trip });
                session.sampled_probes.add(self.now - sent);
            }
        }
    }

    fn subscribed(&mut self, session: &mut Session) {
        session.subscribed = None;
        let five = self.setup.protocol() == Protocol::V5;
        for (number, (topic, qos)) in self.setup.topics.clone().into_iter().enumerate() {
            let refused = self.setup.refused_topic == Some(number);
            let return_code = if refused { if five { 0x87 } else { 0x80 } } else { qos };
            let granted_qos = (!refused).then_some(qos);
            session.active += u32::from(!refused);
            let subscribed =
                Subscribed { topic, qos: Some(qos), granted_qos, return_code: Some(return_code) };
            self.scribe.note(self.now, Event::Subscribed(subscribed));
        }
        self.ready(session);
    }

    /// Messages may flow.
    fn ready(&mut self, session: &mut Session) {
        session.next_message = self.now + self.setup.traffic.first(&mut self.chance);
        let Some(publisher) = self.setup.publisher.clone() else { return };
        self.totals.queued += self.publishing.catch_up(self.now, &publisher);
        self.publishing.begin(self.now);
        for _ in std::mem::take(&mut self.publishing.waiting)
            .iter()
            .take(IN_FLIGHT - session.in_flight.len().min(IN_FLIGHT))
        {
            let bytes = self.payload(&publisher);
            self.publish(session, bytes);
        }
    }

    pub(super) fn payload(&mut self, publisher: &super::setup::Publisher) -> f64 {
        match publisher.large {
            Some((share, low, high)) if self.chance.likely(share) => self.chance.spread(low, high).round(),
            _ => self.chance.between(publisher.bytes.0, publisher.bytes.1 + 0.999).floor(),
        }
    }

    /// A blow while the session is up.
    pub(super) fn hit(&mut self, session: &mut Session, fault: usize, blow: super::fault::Blow) {
        self.now = self.now.max(blow.at);
        match blow.deed.clone() {
            Deed::Nothing => {}
            Deed::End(look) => self.strike(session, fault, 0.0, look),
            Deed::Silence(lasts, waiting) => self.darken(session, fault, lasts, waiting),
            Deed::Weather(weather) => self.weather = Some((fault, weather)),
            Deed::Step(seconds) => self.step(seconds),
            Deed::Stall(seconds) => self.held_up(session, fault, seconds),
            Deed::Suspend(seconds, death) => {
                self.sleep(seconds);
                session.answers.clear();
                session.next_message = session.next_message.max(self.now + 0.05);
                session.forgotten = death.map(|look| (fault, look)).or(session.forgotten.take());
            }
        }
        self.befall(fault, blow);
    }

    /// We get no turn: the broker's timer may run out, and all that came is read at once afterwards.
    fn held_up(&mut self, session: &mut Session, fault: usize, seconds: f64) {
        let keep_alive =
            self.setup.greeting.server_keep_alive.filter(|_| self.setup.protocol() == Protocol::V5);
        let keep_alive = keep_alive.map_or(self.setup.keep_alive, f64::from);
        let given_up = session.sent.at + self.chance.between(1.5, 1.53) * keep_alive;
        let heard = session.next_message < given_up.min(self.now + seconds);
        self.stall(seconds);
        if heard || session.answers.first().is_some_and(|(at, _)| *at < self.now) {
            session.last_received = self.now;
        }
        if session.answers.first().is_some_and(|(at, _)| *at < self.now) {
            session.ping = None;
            session.answers.clear();
        }
        session.next_message = session.next_message.max(self.now + 0.01);
        if given_up < self.now && session.dark.is_none() {
            let look = Look::told(0x8d, 0.5, &self.setup, &mut self.chance);
            self.strike(session, fault, 0.0, look);
        }
    }
}
