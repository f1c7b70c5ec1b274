//! Which version of MQTT an attempt speaks, where the user left that to us.
//!
//! MQTT 5 is asked first: its answers say most. Where the broker refuses it, closes on it or does not answer, 3.1.1 is
//! asked in the same attempt. Only a refusal in words proves something: it is remembered until a deep attempt asks
//! again. A close or silence counts only for the attempt; where 3.1.1 then led to a session, it is spoken until the next
//! deep attempt, as what was spoken last is.

use super::ending::End;
use super::recovery::Depth;
use super::settings::ProtocolChoice;
use crate::event::failure::StreamEnd;
use crate::event::{FailureKind, Fallback, Protocol};
use crate::wire::WireError;

/// The choice, and what the run has learnt about it.
#[derive(Debug)]
pub struct Versions {
    choice: ProtocolChoice,
    /// What the attempt that is due or under way speaks now.
    current: Protocol,
    /// Why the other version was given up in this attempt.
    gave_up_on: Option<FailureKind>,
    /// What the last session was in.
    spoken: Option<Protocol>,
    /// What the broker refused in words.
    refused: Option<Protocol>,
    /// Whether the broker was silent in both versions since the last deep attempt: the version is not the reason.
    silent_in_both: bool,
}

/// What a failure after CONNECT says about the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// The broker said that it does not speak it.
    Refused,
    /// It may be the reason: the broker did not even answer with a CONNACK of this version.
    Possible,
    /// The failure has other reasons.
    None,
}

impl Versions {
    /// The state of a run that begins.
    pub const fn new(choice: ProtocolChoice) -> Self {
        let current = match choice {
            ProtocolChoice::Auto => Protocol::V5,
            ProtocolChoice::Only(protocol) => protocol,
        };
        Self { choice, current, gave_up_on: None, spoken: None, refused: None, silent_in_both: false }
    }

    /// What the attempt speaks now.
    pub const fn current(&self) -> Protocol {
        self.current
    }

    /// An attempt of this depth begins.
    pub const fn begins(&mut self, depth: Depth) {
        self.gave_up_on = None;
        if !matches!(self.choice, ProtocolChoice::Auto) {
            return;
        }
        self.current = match (depth, self.refused, self.spoken) {
            (Depth::Deep, _, _) => {
                (self.refused, self.silent_in_both) = (None, false);
                Protocol::V5
            }
            (Depth::Quick, Some(refused), _) => other(refused),
            (Depth::Quick, None, Some(spoken)) => spoken,
            (Depth::Quick, None, None) => Protocol::V5,
        };
    }

    /// A session was had.
    pub const fn connected(&mut self) {
        self.spoken = Some(self.current);
    }

    /// CONNECT was out, and it ended so. Where the other version is to be asked in the same attempt, that is the current
    /// one from now on, and the record of this one is returned.
    pub fn failed(&mut self, end: &End) -> Option<Fallback> {
        let asks_other = match doubt(self.current, end) {
            Doubt::Refused => {
                let is_other_refused = self.refused == Some(other(self.current));
                self.refused = (!is_other_refused).then_some(self.current);
                true
            }
            Doubt::Possible => self.is_unproven(),
            Doubt::None => false,
        };
        let kind = end.failure_before_connack(self.current).kind();
        let return_code = end.refusal().map(|connack| connack.code);
        asks_other.then(|| self.fall_back(kind, return_code)).flatten()
    }

    /// The same where no CONNACK came in time.
    pub fn unanswered(&mut self) -> Option<Fallback> {
        let asks_other = self.is_unproven() && !self.silent_in_both;
        self.silent_in_both |= self.gave_up_on == Some(FailureKind::ConnackTimeout);
        asks_other.then(|| self.fall_back(FailureKind::ConnackTimeout, None)).flatten()
    }

    /// MQTT 5 is spoken, and the last session was not in it: a close or silence may mean the version.
    fn is_unproven(&self) -> bool {
        self.current == Protocol::V5 && self.spoken != Some(Protocol::V5)
    }

    fn fall_back(&mut self, failure: FailureKind, return_code: Option<u8>) -> Option<Fallback> {
        if self.choice != ProtocolChoice::Auto || self.gave_up_on.is_some() {
            return None;
        }
        let fallback = Fallback { protocol: Some(self.current), failure: Some(failure), return_code };
        self.current = other(self.current);
        self.gave_up_on = Some(failure);
        Some(fallback)
    }
}

const fn other(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::V5 => Protocol::V311,
        Protocol::V311 => Protocol::V5,
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
    use Protocol::{V5, V311};

    use super::*;
    use crate::event::failure::TlsAlert;
    use crate::wire::Connack;

    const AUTO: ProtocolChoice = ProtocolChoice::Auto;

    /// What came of CONNECT in one version.
    #[derive(Debug, Clone, Copy)]
    enum Answer {
        Accepted,
        Code(u8),
        Fin,
        Silence,
        /// No stream: CONNECT was not sent.
        Unreached,
    }
    use Answer::{Accepted, Code, Fin, Silence, Unreached};

    fn refused(code: u8) -> End {
        End::Refused(Box::new(Connack { code, ..Connack::default() }))
    }

    /// The versions that one attempt asks, where the broker answers each with the next of these.
    fn attempt(versions: &mut Versions, depth: Depth, answers: &[Answer]) -> Vec<Protocol> {
        versions.begins(depth);
        let mut asked = Vec::new();
        for answer in answers {
            asked.push(versions.current());
            let fallback = match answer {
                Accepted => {
                    versions.connected();
                    None
                }
                Code(code) => versions.failed(&refused(*code)),
                Fin => versions.failed(&End::Stream(StreamEnd::Fin)),
                Silence => versions.unanswered(),
                Unreached => None,
            };
            if fallback.is_none() {
                break;
            }
        }
        asked
    }

    /// Quick attempts and what they ask, one after the other.
    fn check(rows: &[(&[Answer], &[Protocol])]) {
        let mut versions = Versions::new(AUTO);
        for (number, (answers, asked)) in rows.iter().enumerate() {
            assert_eq!(
                attempt(&mut versions, Depth::Quick, answers),
                *asked,
                "attempt {number}: {answers:?}"
            );
        }
    }

    #[test]
    fn a_version_that_was_refused_in_words_is_remembered_though_the_other_fails_for_other_reasons() {
        check(&[
            (&[Code(0x84), Code(5)], &[V5, V311]),
            (&[Fin], &[V311]),
            (&[Silence], &[V311]),
            (&[Unreached], &[V311]),
            (&[Accepted], &[V311]),
            (&[Fin], &[V311]),
        ]);
        check(&[(&[Code(1), Unreached], &[V5, V311]), (&[Accepted], &[V311])]);
    }

    #[test]
    fn two_versions_that_are_both_refused_in_words_are_both_asked_in_each_attempt() {
        check(&[
            (&[Code(0x84), Code(1)], &[V5, V311]),
            (&[Code(0x84), Code(1)], &[V5, V311]),
            (&[Code(0x84), Accepted], &[V5, V311]),
            (&[Code(1), Accepted], &[V311, V5]),
            (&[Accepted], &[V5]),
        ]);
    }

    #[test]
    fn a_close_proves_nothing_by_itself() {
        check(&[
            (&[Fin, Fin], &[V5, V311]),
            (&[Fin, Unreached], &[V5, V311]),
            (&[Fin, Code(5)], &[V5, V311]),
            (&[Accepted], &[V5]),
            (&[Fin, Fin], &[V5]),
        ]);
    }

    #[test]
    fn silence_is_a_refusal_to_be_tried_once_in_3_1_1() {
        check(&[(&[Silence, Accepted], &[V5, V311]), (&[Silence], &[V311])]);
        check(&[
            (&[Silence, Silence], &[V5, V311]),
            (&[Silence, Silence], &[V5]),
            (&[Fin, Silence], &[V5, V311]),
            (&[Accepted], &[V5]),
            (&[Silence, Silence], &[V5]),
        ]);
        check(&[(&[Fin, Silence], &[V5, V311]), (&[Silence, Silence], &[V5, V311])]);
    }

    #[test]
    fn a_deep_attempt_asks_again_in_version_5_whatever_was_learnt() {
        for first in [Code(0x84), Fin, Silence] {
            let mut versions = Versions::new(AUTO);
            assert_eq!(attempt(&mut versions, Depth::Quick, &[first, Accepted]), [V5, V311]);
            assert_eq!(attempt(&mut versions, Depth::Quick, &[Fin]), [V311], "{first:?}");
            assert_eq!(attempt(&mut versions, Depth::Deep, &[first, Fin]), [V5, V311], "{first:?}");
            assert_eq!(attempt(&mut versions, Depth::Deep, &[Accepted]), [V5], "{first:?}");
            assert_eq!(attempt(&mut versions, Depth::Quick, &[Fin]), [V5], "{first:?}");
        }
        let mut versions = Versions::new(AUTO);
        assert_eq!(attempt(&mut versions, Depth::Quick, &[Silence, Silence]), [V5, V311]);
        assert_eq!(attempt(&mut versions, Depth::Deep, &[Silence, Accepted]), [V5, V311]);
    }

    #[test]
    fn after_a_session_only_a_refusal_in_words_speaks_against_its_version() {
        check(&[
            (&[Accepted], &[V5]),
            (&[Fin], &[V5]),
            (&[Silence], &[V5]),
            (&[Code(0x84), Accepted], &[V5, V311]),
            (&[Code(3)], &[V311]),
            (&[Code(1), Accepted], &[V311, V5]),
        ]);
    }

    #[test]
    fn what_is_no_word_about_the_version_changes_nothing() {
        let malformed = |kind| {
            End::Protocol(WireError::Malformed { kind, reason: String::new(), topic: None, offset: None })
        };
        let rows = [
            (End::Stream(StreamEnd::Reset), true),
            (End::Stream(StreamEnd::CloseNotify), true),
            (End::Stream(StreamEnd::WebsocketClose(1002, String::new())), true),
            (malformed(2), true),
            (malformed(4), false),
            (refused(0x87), false),
            (End::Stream(StreamEnd::TlsAlert(TlsAlert(116))), false),
            (End::Stream(StreamEnd::TimedOut), false),
        ];
        for (end, asks_other) in rows {
            let mut versions = Versions::new(AUTO);
            assert_eq!(versions.failed(&end).is_some(), asks_other, "{end:?}");
        }
    }

    #[test]
    fn a_fallback_tells_what_the_version_met() {
        let fallback =
            |failure, return_code| Fallback { protocol: Some(V5), failure: Some(failure), return_code };
        let mut versions = Versions::new(AUTO);
        let expected = fallback(FailureKind::ConnackRefused, Some(0x84));
        assert_eq!(versions.failed(&refused(0x84)), Some(expected));
        let mut versions = Versions::new(AUTO);
        let expected = fallback(FailureKind::ClosedBeforeConnack, None);
        assert_eq!(versions.failed(&End::Stream(StreamEnd::Fin)), Some(expected));
        let mut versions = Versions::new(AUTO);
        assert_eq!(versions.unanswered(), Some(fallback(FailureKind::ConnackTimeout, None)));
    }

    #[test]
    fn a_version_that_the_user_chose_stays() {
        for protocol in [V311, V5] {
            let mut versions = Versions::new(ProtocolChoice::Only(protocol));
            for depth in [Depth::Quick, Depth::Deep] {
                for answer in [Code(1), Code(0x84), Fin, Silence] {
                    assert_eq!(attempt(&mut versions, depth, &[answer, Accepted]), [protocol]);
                }
            }
        }
    }
}
