//! Which version of MQTT the next attempt speaks, where the user left that to us.
//!
//! MQTT 5 is tried first: its answers say most. A broker that refuses it, or closes on it before anything is known, is
//! asked in 3.1.1 at once; if that fails as well, the version was not the reason, and 5 has its turn again.

use super::ending::End;
use super::settings::ProtocolChoice;
use crate::event::Protocol;
use crate::event::failure::StreamEnd;
use crate::wire::WireError;

/// The choice, and what the run has learnt about it.
#[derive(Debug)]
pub struct Versions {
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
    pub const fn new(choice: ProtocolChoice) -> Self {
        let next = match choice {
            ProtocolChoice::Auto => Protocol::V5,
            ProtocolChoice::Only(protocol) => protocol,
        };
        Self { choice, next, proven: false }
    }

    /// What the next attempt speaks.
    pub const fn next(&self) -> Protocol {
        self.next
    }

    /// A session was had.
    pub const fn proven(&mut self) {
        self.proven = true;
    }

    /// An attempt ended so after CONNECT was out; tells what is tried instead, if anything.
    pub fn failed(&mut self, end: &End) -> Option<Protocol> {
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
    pub fn unanswered(&mut self) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::failure::TlsAlert;
    use crate::wire::Connack;

    const AUTO: ProtocolChoice = ProtocolChoice::Auto;

    fn refused(code: u8) -> End {
        End::Refused(Box::new(Connack { code, ..Connack::default() }))
    }

    fn malformed(kind: u8) -> End {
        End::Protocol(WireError::Malformed { kind, reason: String::new() })
    }

    fn spoken(versions: &mut Versions, ends: &[End]) -> Vec<Protocol> {
        let first = versions.next();
        let rest = ends.iter().map(|end| {
            versions.failed(end);
            versions.next()
        });
        std::iter::once(first).chain(rest).collect()
    }

    #[test]
    fn a_refused_version_and_a_close_before_connack_lead_to_the_other_version_and_back() {
        use Protocol::{V5, V311};
        let closed = || End::Stream(StreamEnd::Fin);
        let rows = [
            (vec![refused(0x84), refused(5)], vec![V5, V311, V5]),
            (vec![refused(1), closed()], vec![V5, V311, V5]),
            (vec![refused(5), refused(1)], vec![V5, V311, V5]),
            (vec![closed(), closed(), closed()], vec![V5, V311, V5, V311]),
            (vec![End::Stream(StreamEnd::Reset)], vec![V5, V311]),
            (vec![End::Stream(StreamEnd::WebsocketClose(1002, String::new()))], vec![V5, V311]),
            (vec![malformed(2)], vec![V5, V311]),
            (vec![malformed(4)], vec![V5, V5]),
            (vec![refused(0x87), refused(0x87)], vec![V5, V5, V5]),
            (vec![End::Stream(StreamEnd::TlsAlert(TlsAlert(40)))], vec![V5, V5]),
            (vec![End::Stream(StreamEnd::TimedOut)], vec![V5, V5]),
        ];
        for (ends, versions) in rows {
            assert_eq!(spoken(&mut Versions::new(AUTO), &ends), versions, "{ends:?}");
        }
    }

    #[test]
    fn after_a_session_only_a_refused_version_changes_it() {
        let mut versions = Versions::new(AUTO);
        versions.proven();
        assert_eq!(versions.failed(&End::Stream(StreamEnd::Fin)), None);
        assert_eq!(versions.failed(&refused(0x84)), Some(Protocol::V311));
        assert_eq!(versions.failed(&refused(3)), None);
        assert_eq!(versions.failed(&refused(1)), Some(Protocol::V5));
    }

    #[test]
    fn a_version_that_the_user_chose_stays() {
        for protocol in [Protocol::V311, Protocol::V5] {
            let mut versions = Versions::new(ProtocolChoice::Only(protocol));
            assert_eq!(versions.failed(&refused(1)), None);
            versions.unanswered();
            assert_eq!(versions.next(), protocol);
        }
    }

    #[test]
    fn silence_says_nothing_about_the_first_version_but_the_second_has_had_its_turn() {
        let mut versions = Versions::new(AUTO);
        versions.unanswered();
        assert_eq!(versions.next(), Protocol::V5);
        versions.failed(&refused(0x84));
        versions.unanswered();
        assert_eq!(versions.next(), Protocol::V5);
    }
}
