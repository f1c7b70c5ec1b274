//! What can go wrong, in the words of the world: blows at a time, dooms of a session, refusals of an attempt.
//!
//! A [`Fault`] is a process that deals them out. It is asked, and changes nothing by itself.

use nwdiag::event::failure::StreamEnd;
use nwdiag::event::{Environment, EnvironmentKind, Protocol, Transport};
use nwdiag::session::ending::End;
use nwdiag::wire::Farewell;

use super::path::{Unanswered, Weather};
pub(crate) use super::refusal::Refusal;
use super::setup::Setup;
use crate::chance::Chance;

/// How the world stands where a fault is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    /// Seconds since the first record.
    pub(crate) now: f64,
    pub(crate) setup: &'a Setup,
    /// Attempts that failed since the last session.
    pub(crate) failures: u32,
    /// Whether the attempt under way forgets credentials.
    pub(crate) deep: bool,
    /// When the run began.
    pub(crate) run_began: f64,
    /// What the attempt under way speaks.
    pub(crate) protocol: Protocol,
    /// What the wall clock is off by.
    pub(crate) clock_error: f64,
}

/// Tells when the next blow after now comes.
type NextBlow = dyn FnMut(&Scene<'_>, &mut Chance) -> Option<Blow>;
/// Tells what awaits a session that begins now.
type Dooms = dyn FnMut(&Scene<'_>, &mut Chance) -> Vec<Doom>;
/// Tells whether an attempt that begins now fails.
type Gate = dyn FnMut(&Scene<'_>, &mut Chance) -> Option<Refusal>;

/// A process that makes things go wrong.
#[derive(Default)]
pub(crate) struct Fault {
    pub(crate) next_blow: Option<Box<NextBlow>>,
    pub(crate) dooms: Option<Box<Dooms>>,
    pub(crate) gate: Option<Box<Gate>>,
}

impl Fault {
    /// One that deals blows.
    pub(crate) fn of_blows(next: impl FnMut(&Scene<'_>, &mut Chance) -> Option<Blow> + 'static) -> Self {
        Self { next_blow: Some(Box::new(next)), ..Self::default() }
    }

    /// One that dooms sessions.
    pub(crate) fn of_dooms(dooms: impl FnMut(&Scene<'_>, &mut Chance) -> Vec<Doom> + 'static) -> Self {
        Self { dooms: Some(Box::new(dooms)), ..Self::default() }
    }

    /// One that refuses attempts.
    pub(crate) fn of_gate(gate: impl FnMut(&Scene<'_>, &mut Chance) -> Option<Refusal> + 'static) -> Self {
        Self { gate: Some(Box::new(gate)), ..Self::default() }
    }

    /// It refuses attempts too.
    pub(crate) fn with_gate(
        mut self,
        gate: impl FnMut(&Scene<'_>, &mut Chance) -> Option<Refusal> + 'static,
    ) -> Self {
        self.gate = Some(Box::new(gate));
        self
    }

    /// It dooms sessions too.
    pub(crate) fn with_dooms(
        mut self,
        dooms: impl FnMut(&Scene<'_>, &mut Chance) -> Vec<Doom> + 'static,
    ) -> Self {
        self.dooms = Some(Box::new(dooms));
        self
    }
}

/// Something happens at a time, whatever the session does.
#[derive(Debug, Clone)]
pub(crate) struct Blow {
    /// Seconds since the first record.
    pub(crate) at: f64,
    pub(crate) deed: Deed,
    /// How attempts fail from then on, one spell after the other.
    pub(crate) spells: Vec<Spell>,
    /// What this host notices, and how long after.
    pub(crate) told: Vec<(f64, Environment)>,
    /// This host's address from then on.
    pub(crate) address: Option<String>,
}

/// What a blow does to this host and to the session that is up.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Nothing,
    /// The stream ends.
    End(Look),
    /// Packets of this connection get nowhere, for ever or for so many seconds.
    Silence(Option<f64>, Unanswered),
    /// Our process gets no turn for so long.
    Stall(f64),
    /// The host sleeps for so long; the connection does not live through it where told so.
    Suspend(f64, Option<Look>),
    /// The wall clock is set.
    Step(f64),
    /// The path gets worse.
    Weather(Weather),
}

/// For a while, attempts fail in one of these ways.
#[derive(Debug, Clone)]
pub(crate) struct Spell {
    pub(crate) lasts: f64,
    pub(crate) refusals: Vec<Refusal>,
}

/// How the end of a session looks from here.
#[derive(Debug, Clone)]
pub(crate) enum Look {
    Stream(StreamEnd),
    /// DISCONNECT of MQTT 5; the same as a plain close before.
    Farewell(u8, Option<String>, Option<String>),
    /// Nothing comes any more.
    Silence,
}

/// What awaits a session.
#[derive(Debug, Clone)]
pub(crate) enum Doom {
    /// At this age in seconds.
    AtAge(f64, Look),
    /// After so many seconds without a packet this way, at once.
    Closed(Way, f64, Look),
    /// After so many seconds without a packet either way the connection is forgotten: the next packet meets a reset
    /// or nothing.
    Forgotten(f64, Look),
    /// So long after this packet.
    After(Packet, f64, Look),
    /// After so many messages, both ways.
    AfterMessages(u64, Look),
    /// So long after more messages a second, both ways, over so many seconds.
    OverRate(f64, f64, f64, Look),
    /// PUBACKs stop at this age, pings are answered on.
    Muted(f64),
    /// As many publishes unacknowledged.
    InFlight(u64, Look),
}

/// One direction, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Both,
    Out,
}

/// A packet of ours that is answered by an end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Packet {
    Subscribe,
    Publish,
    /// With more payload bytes than this.
    PublishAbove(f64),
}

impl Look {
    pub(crate) const fn reset() -> Self {
        Self::Stream(StreamEnd::Reset)
    }

    pub(crate) const fn code(code: u8) -> Self {
        Self::Farewell(code, None, None)
    }

    /// An orderly close without a word, as the transport shows it.
    pub(crate) fn plain_close(setup: &Setup, chance: &mut Chance) -> Self {
        let notified = setup.encrypted() && chance.likely(0.6);
        let bare = if notified { StreamEnd::CloseNotify } else { StreamEnd::Fin };
        let framed = setup.framed() && chance.likely(0.4);
        Self::Stream(if framed {
            StreamEnd::WebsocketClose(chance.pick(&[1000, 1005]), String::new())
        } else {
            bare
        })
    }

    /// The same without any frame or alert: a process that died, a proxy that cuts.
    pub(crate) fn cut(setup: &Setup, chance: &mut Chance) -> Self {
        let notified = setup.encrypted() && chance.likely(0.3);
        Self::Stream(if notified { StreamEnd::CloseNotify } else { StreamEnd::Fin })
    }

    /// `code` where MQTT 5 is spoken and the broker tells, else a plain close.
    pub(crate) fn told(code: u8, share: f64, setup: &Setup, chance: &mut Chance) -> Self {
        if setup.protocol() == Protocol::V5 && chance.likely(share) {
            Self::code(code)
        } else {
            Self::plain_close(setup, chance)
        }
    }

    /// A close frame of WebSocket with a code, else a plain close.
    pub(crate) fn frame(code: u16, reason: &str, setup: &Setup, chance: &mut Chance) -> Self {
        match setup.place.transport {
            Transport::Ws | Transport::Wss => {
                Self::Stream(StreamEnd::WebsocketClose(code, reason.to_owned()))
            }
            Transport::Tcp | Transport::Tls => Self::plain_close(setup, chance),
        }
    }

    /// As the session tells it; `None` for silence.
    pub(crate) fn end(self, protocol: Protocol) -> Option<End> {
        match (self, protocol) {
            (Self::Stream(end), _) => Some(End::Stream(end)),
            (Self::Farewell(code, reason_string, server_reference), Protocol::V5) => {
                let farewell = Farewell { reason_code: Some(code), reason_string, server_reference };
                Some(End::Disconnect(Box::new(farewell)))
            }
            (Self::Farewell(..), Protocol::V311) => Some(End::Stream(StreamEnd::Fin)),
            (Self::Silence, _) => None,
        }
    }
}

impl Blow {
    pub(crate) const fn new(at: f64, deed: Deed) -> Self {
        Self { at, deed, spells: Vec::new(), told: Vec::new(), address: None }
    }

    /// From the blow on, or after the last spell, attempts fail like this.
    pub(crate) fn then(mut self, lasts: f64, refusals: Vec<Refusal>) -> Self {
        self.spells.push(Spell { lasts, refusals });
        self
    }

    /// This host notices, so long after.
    pub(crate) fn tells(mut self, after: f64, told: Environment) -> Self {
        self.told.push((after, told));
        self
    }
}

/// A change on an interface.
pub(crate) fn change(
    kind: EnvironmentKind,
    interface: &str,
    used: &str,
    detail: impl Into<String>,
) -> Environment {
    Environment {
        interface: Some(interface.to_owned()),
        in_use: Some(interface == used),
        detail: detail.into(),
        ..Environment::new(kind)
    }
}
