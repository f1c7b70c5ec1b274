//! Attempts to connect: what they meet, how long each step takes, what is recorded.

use nwdiag::crt;
use nwdiag::event::{AttemptFailed, Connected, Event, Phase, Phases, Protocol, rounded};
use std::time::Duration;

use super::World;
use super::fault::Refusal;
use super::recovery::Next;
use super::session::Session;

/// What came of an attempt.
pub(super) enum Tried {
    /// The next one follows after so many seconds, or none.
    Failed(Option<f64>),
    /// The service does not want us.
    Rejected,
    Connected(Box<Session>),
}

/// A refusal, and who is behind it.
type Met = (Option<usize>, Refusal);

/// A broker that does not speak MQTT 5 says so.
const UNSUPPORTED: [u8; 2] = [0x84, 1];

/// Steps done so far.
#[derive(Default)]
struct Way {
    phases: Phases,
    spent: f64,
}

impl Way {
    fn take(&mut self, phase: Phase, seconds: f64) {
        self.phases.set(phase, Duration::from_secs_f64(seconds));
        self.spent += seconds;
    }
}

impl World {
    /// One attempt, from now.
    pub(super) fn attempt(&mut self) -> Tried {
        let peer = self.chance.pick(&self.setup.place.peers);
        let peer = format!("{peer}:{}", self.setup.place.port);
        let mut way = Way::default();
        let met = self.meets();
        let stops = met.as_ref().map(|(_, refusal)| refusal.phase());
        for phase in self.steps() {
            if stops == Some(phase) {
                break;
            }
            let mut seconds = self.step_seconds(phase);
            if phase == Phase::Tcp {
                seconds += self.late_syn();
            }
            if way.spent + seconds > self.setup.connect_timeout {
                return self.fails(way, (None, Refusal::overdue(phase)), &peer);
            }
            way.take(phase, seconds);
        }
        match met {
            Some(met) => self.fails(way, met, &peer),
            None => Tried::Connected(Box::new(self.connects(&way, peer))),
        }
    }

    /// What stands against the attempt.
    fn meets(&mut self) -> Option<Met> {
        let now = self.now;
        self.spells.retain(|spell| spell.until > now);
        let spell = self.spells.iter().rfind(|spell| spell.from <= now);
        if let Some(spell) = spell {
            let possible: Vec<Refusal> = spell
                .refusals
                .iter()
                .filter(|refusal| self.steps().contains(&refusal.phase()))
                .cloned()
                .collect();
            let possible = if possible.is_empty() { vec![Refusal::Unanswered(Phase::Tcp)] } else { possible };
            let refusal = self.chance.pick(&possible);
            let patient =
                matches!(refusal, Refusal::Unanswered(Phase::Tcp)) && self.syn_gets_through().is_some();
            if !patient {
                return Some((Some(spell.fault), self.fitting(refusal)));
            }
        }
        for fault in 0..self.faults.len() {
            if let Some(refusal) = self
                .ask(fault, |fault, scene, chance| fault.gate.as_mut().and_then(|gate| gate(scene, chance)))
            {
                return Some((Some(fault), self.fitting(refusal)));
            }
        }
        let outdated = self.versions.next() == Protocol::V5 && self.setup.speaks == Protocol::V311;
        outdated.then(|| (None, Refusal::connack(self.chance.pick(&UNSUPPORTED))))
    }

    /// A refusal in a phase that this transport has: one of the resolver needs a name.
    fn fitting(&self, refusal: Refusal) -> Refusal {
        let phase = refusal.phase();
        if phase == Phase::Auth || self.steps().contains(&phase) {
            refusal
        } else {
            Refusal::Unanswered(Phase::Tcp)
        }
    }

    fn steps(&self) -> Vec<Phase> {
        let setup = &self.setup;
        let rows = [
            (!setup.place.literal, Phase::Dns),
            (true, Phase::Tcp),
            (setup.encrypted(), Phase::Tls),
            (setup.framed(), Phase::Websocket),
            (true, Phase::Mqtt),
        ];
        rows.into_iter().filter_map(|(has, phase)| has.then_some(phase)).collect()
    }

    fn step_seconds(&mut self, phase: Phase) -> f64 {
        match phase {
            Phase::Auth | Phase::Dns => self.chance.spread(0.0003, 0.06),
            Phase::Tcp | Phase::Websocket => self.trip().seconds,
            Phase::Tls => self.trip().seconds + 0.002,
            Phase::Mqtt => self.trip().seconds + 0.0005,
        }
    }

    /// SYN is sent again after 1, 3 and 7 seconds: one of them may come through after the outage.
    fn syn_gets_through(&self) -> Option<f64> {
        let until = self.spells.iter().filter(|spell| spell.from <= self.now).map(|spell| spell.until);
        let until = until.fold(self.now, f64::max);
        [1.0, 3.0, 7.0]
            .into_iter()
            .find(|wait| self.now + wait >= until && *wait < self.setup.connect_timeout)
    }

    fn late_syn(&self) -> f64 {
        let out = self.spells.iter().any(|spell| spell.from <= self.now);
        if out { self.syn_gets_through().unwrap_or(0.0) } else { 0.0 }
    }

    fn connects(&mut self, way: &Way, peer: String) -> Session {
        let opened = self.now + way.spent - way.phases.mqtt_ms.unwrap_or(0.0) / 1e3;
        self.now += way.spent;
        self.versions.proven();
        let recovered = self.recovery.connected(self.moment());
        let five = self.versions.next() == Protocol::V5;
        let greeting = self.setup.greeting.clone();
        self.local_port = 32_768 + (self.local_port + self.chance.whole(1, 400)) % 28_000;
        let session_present =
            !self.setup.clean_session && recovered.kind != nwdiag::event::ConnectionKind::Connected;
        let connected = Connected {
            protocol: Some(self.versions.next()),
            session_present: Some(session_present),
            return_code: Some(0),
            attempt_number: Some(recovered.attempt_number),
            time_to_reconnect_seconds: recovered.outage.map(nwdiag::event::seconds),
            phases: way.phases,
            local_address: Some(format!("{}:{}", self.setup.host.address, self.local_port)),
            peer_address: Some(peer),
            server_keep_alive_seconds: greeting.server_keep_alive.filter(|_| five),
            maximum_packet_bytes: greeting.maximum_packet.filter(|_| five),
            receive_maximum: greeting.receive_maximum.filter(|_| five),
            ..Connected::new(recovered.kind)
        };
        self.scribe.note(self.now, Event::Connected(Box::new(connected)));
        if !session_present {
            self.kept.clear();
        }
        self.open(opened)
    }

    fn fails(&mut self, mut way: Way, (fault, refusal): Met, peer: &str) -> Tried {
        let protocol = self.versions.next();
        let told = self.tell(&refusal, &mut way, peer);
        self.now += way.spent;
        if let Some(fault) = fault {
            self.refusals[fault] += 1;
        }
        let attempt_number = self.recovery.attempt_number();
        let instead = match &refusal {
            Refusal::Ended(end) => self.versions.failed(end),
            Refusal::NoConnack => {
                self.versions.unanswered();
                None
            }
            Refusal::Dial { .. } | Refusal::Unanswered(_) => None,
        };
        let mut record =
            AttemptFailed { attempt_number: Some(attempt_number), protocol: Some(protocol), ..told };
        let falls_back = instead == Some(Protocol::V311);
        if falls_back {
            record.error_message.push_str("; MQTT 3.1.1 is tried instead of 5");
            self.recovery.fell_back();
        }
        let rejected = record.phase == Phase::Auth && record.error_code.is_none();
        let wait = match (falls_back, rejected) {
            (true, _) => Some(0.0),
            (_, true) => None,
            (false, false) => match self.recovery.failed(self.chance.unit()) {
                Next::After(wait) => Some(wait.as_secs_f64()),
                Next::GiveUp => None,
            },
        };
        record.next_attempt_seconds = wait.map(|wait| rounded(wait, 1e6));
        self.scribe.note(self.now, Event::AttemptFailed(Box::new(record)));
        if rejected { Tried::Rejected } else { Tried::Failed(wait) }
    }

    /// The record of a refusal; how long it took is added to the way.
    fn tell(&mut self, refusal: &Refusal, way: &mut Way, peer: &str) -> AttemptFailed {
        let protocol = self.versions.next();
        let mut record = blank(refusal.phase());
        let (name, words) = match refusal {
            Refusal::Dial { phase, name, words, http, takes } => {
                way.take(*phase, takes + self.step_seconds(*phase));
                record.http_status = *http;
                (*name, self.fill(words, peer))
            }
            Refusal::Unanswered(phase) => {
                let late = self.setup.connect_timeout - way.spent;
                way.take(*phase, late);
                let (name, words) = overdue(*phase);
                (name, self.fill(words, peer) + &format!(" within {late:.1} s"))
            }
            Refusal::Ended(end) => {
                let seconds = self.step_seconds(end.failed_phase());
                way.take(end.failed_phase(), seconds);
                if let Some(connack) = end.refusal() {
                    record.return_code = Some(connack.code);
                    record.reason_string.clone_from(&connack.properties.reason_string);
                    record.server_reference.clone_from(&connack.properties.server_reference);
                }
                let failure = end.failure_before_connack(protocol);
                (crt::Name::of(&failure, protocol), failure.to_string())
            }
            Refusal::NoConnack => {
                let late = self.setup.connect_timeout - way.spent;
                way.take(Phase::Mqtt, late);
                let five = protocol == Protocol::V5;
                let name = if five { crt::MQTT5_CONNACK_TIMEOUT } else { crt::MQTT_TIMEOUT };
                (name, format!("no CONNACK within {late:.1} s"))
            }
        };
        record.error_name = name.recorded();
        record.error_code = name.code;
        record.error_message = words;
        let reached = !matches!(record.phase, Phase::Auth | Phase::Dns);
        record.peer_address = reached.then(|| peer.to_owned());
        record.elapsed_seconds = Some(rounded(way.spent, 1e6));
        record.phases = way.phases;
        record
    }

    fn fill(&self, words: &str, peer: &str) -> String {
        words.replace("{peer}", peer).replace("{host}", &self.setup.place.host)
    }
}

impl Refusal {
    /// The phase that fails.
    pub(crate) fn phase(&self) -> Phase {
        match self {
            Self::Dial { phase, .. } | Self::Unanswered(phase) => *phase,
            Self::Ended(end) => end.failed_phase(),
            Self::NoConnack => Phase::Mqtt,
        }
    }

    const fn overdue(phase: Phase) -> Self {
        match phase {
            Phase::Mqtt => Self::NoConnack,
            Phase::Auth | Phase::Dns | Phase::Tcp | Phase::Tls | Phase::Websocket => Self::Unanswered(phase),
        }
    }
}

fn overdue(phase: Phase) -> (crt::Name, &'static str) {
    match phase {
        Phase::Dns | Phase::Auth => (crt::DNS_QUERY_FAILED, "the resolver did not answer for '{host}'"),
        Phase::Tcp | Phase::Mqtt => (crt::SOCKET_TIMEOUT, "{peer} did not answer"),
        Phase::Tls => (crt::TLS_NEGOTIATION_TIMEOUT, "the TLS handshake was not answered to its end"),
        Phase::Websocket => (crt::HTTP_FIRST_BYTE_TIMEOUT, "the request for a WebSocket was not answered"),
    }
}

fn blank(phase: Phase) -> AttemptFailed {
    AttemptFailed { attempt_number: Some(0), elapsed_seconds: Some(0.0), ..AttemptFailed::new(phase) }
}
