//! Which version of MQTT the next attempt of the simulated client speaks, where the user left that to it.
//!
//! MQTT 5 is tried first: its answers say most. A broker that refuses it, or closes on it before anything is known, is
//! asked in 3.1.1 at once; if that fails as well, the version was not the reason, and 5 has its turn again.

use nwdiag::event::Protocol;
use nwdiag::event::failure::StreamEnd;
use nwdiag::session::ending::End;
use nwdiag::session::settings::ProtocolChoice;
use nwdiag::wire::WireError;

/// The choice, and what the run has learnt about it.
#[derive(Debug)]
pub(super) struct Versions {
    choice: ProtocolChoice,
    next: Protocol,
    /// Whether a session was had: from then on only a plain refusal of the version speaks against it.
    proven: bool,
}

/// What a failure after CONNECT says about the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// The broker does not speak it.
    Refused,
    /// It may be the reason: the broker did not even answer with a CONNACK of this version.
    Possible,
    /// The failure has other reasons.
    None,
}

impl Versions {
    /// The state of a run that begins.
    pub(super) const fn new(choice: ProtocolChoice) -> Self {
        let next = match choice {
            ProtocolChoice::Auto => Protocol::V5,
            ProtocolChoice::Only(protocol) => protocol,
        };
        Self { choice, next, proven: false }
    }

    /// What the next attempt speaks.
    pub(super) const fn next(&self) -> Protocol {
        self.next
    }

    /// A session was had.
    pub(super) const fn proven(&mut self) {
        self.proven = true;
    }

    /// An attempt ended so after CONNECT was out; tells what is tried instead, if anything.
    pub(super) fn failed(&mut self, end: &End) -> Option<Protocol> {
        if self.choice != ProtocolChoice::Auto {
            return None;
        }
        let changes = match (self.next, doubt(self.next, end)) {
            (_, Doubt::Refused) => true,
            (Protocol::V5, Doubt::Possible) | (Protocol::V311, Doubt::Possible | Doubt::None) => !self.proven,
            (Protocol::V5, Doubt::None) => false,
        };
        changes.then(|| self.change())
    }

    /// The same for an attempt that nobody answered in MQTT: there was no stream, or no CONNACK in time.
    pub(super) fn unanswered(&mut self) {
        if self.choice == ProtocolChoice::Auto && self.next == Protocol::V311 && !self.proven {
            self.change();
        }
    }

    const fn change(&mut self) -> Protocol {
        self.next = match self.next {
            Protocol::V5 => Protocol::V311,
            Protocol::V311 => Protocol::V5,
        };
        self.next
    }
}

/// MQTT 5, "unsupported protocol version"; MQTT 3.1.1 calls it "unacceptable".
const UNSUPPORTED_VERSION: u8 = 0x84;
const UNACCEPTABLE_VERSION: u8 = 1;
/// A packet type: one that cannot be read may be that of the other version.
const CONNACK: u8 = 2;

const fn doubt(protocol: Protocol, end: &End) -> Doubt {
    match end {
        End::Refused(connack) => match protocol {
            Protocol::V5 if connack.code == UNSUPPORTED_VERSION || connack.is_of_older_version() => {
                Doubt::Refused
            }
            Protocol::V311 if connack.code == UNACCEPTABLE_VERSION => Doubt::Refused,
            Protocol::V5 | Protocol::V311 => Doubt::None,
        },
        End::Stream(
            StreamEnd::Fin | StreamEnd::CloseNotify | StreamEnd::WebsocketClose(..) | StreamEnd::Reset,
        )
        | End::Disconnect(_)
        | End::Protocol(WireError::Malformed { kind: CONNACK, .. }) => Doubt::Possible,
        End::Stream(_) | End::Protocol(_) | End::PingUnanswered(_) | End::SubscribeUnanswered(_) => {
            Doubt::None
        }
    }
}
