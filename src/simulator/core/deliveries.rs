//! One client's subscriptions and the messages that it has not acknowledged. It encodes, but sends nothing.

use std::collections::BTreeSet;

use crate::event::{Protocol, Qos};
use crate::simulator::packet::broker::{self as encode, REMAINING_LENGTH_LIMIT};
use crate::simulator::script::{Copies, Message};

/// As many unacknowledged messages as mosquitto allows; more do not come by themselves.
const UNACKNOWLEDGED_LIMIT: usize = 20;

/// What a PUBLISH carries beside topic and payload, at most: two lengths and an identifier.
const HEAD_BYTES: usize = 5;

/// The topic of a message that nobody subscribed to, and the level that takes the place of a wildcard.
const UNSUBSCRIBED_TOPIC: &str = "nwdiag/simulator";
const WILDCARD_LEVEL: &str = "simulator";

/// What a client subscribed to, and what is under way to it.
#[derive(Debug)]
pub(super) struct Deliveries {
    subscriptions: Vec<(String, Qos)>,
    unacknowledged: BTreeSet<u16>,
    unacknowledged_limit: usize,
    last_identifier: u16,
}

impl Deliveries {
    /// For a client that takes so many unacknowledged messages, or as many as it likes.
    pub(super) fn new(receive_maximum: Option<u16>) -> Self {
        let limit = receive_maximum.map_or(UNACKNOWLEDGED_LIMIT, usize::from).min(UNACKNOWLEDGED_LIMIT);
        Self {
            subscriptions: Vec::new(),
            unacknowledged: BTreeSet::new(),
            unacknowledged_limit: limit,
            last_identifier: 0,
        }
    }

    /// Grants a filter; one that was granted before is granted anew.
    pub(super) fn subscribe(&mut self, filter: &str, qos: Qos) {
        match self.subscriptions.iter_mut().find(|(granted, _)| granted == filter) {
            Some(subscription) => subscription.1 = qos,
            None => self.subscriptions.push((filter.to_owned(), qos)),
        }
    }

    /// Forgets a filter; tells whether it was granted.
    pub(super) fn unsubscribe(&mut self, filter: &str) -> bool {
        let before = self.subscriptions.len();
        self.subscriptions.retain(|(granted, _)| granted != filter);
        self.subscriptions.len() < before
    }

    /// Whether messages may come by themselves: there is a subscription, and the client keeps up.
    pub(super) fn welcome(&self) -> bool {
        !self.subscriptions.is_empty() && self.unacknowledged.len() < self.unacknowledged_limit
    }

    /// PUBACK or PUBCOMP came: the identifier is free again.
    pub(super) fn acknowledged(&mut self, identifier: u16) {
        self.unacknowledged.remove(&identifier);
    }

    /// The packets that carry `message`.
    pub(super) fn publish(&mut self, protocol: Protocol, message: &Message) -> Vec<u8> {
        let (topic, granted) = match self.subscriptions.first() {
            Some((filter, granted)) => (topic_of(filter), *granted),
            None => (UNSUBSCRIBED_TOPIC.to_owned(), message.qos),
        };
        let room = REMAINING_LENGTH_LIMIT - topic.len() - HEAD_BYTES;
        let payload = vec![b'.'; message.payload_bytes.min(room)];
        match message.qos.min(granted) {
            qos @ Qos::AtMostOnce => encode::publish(protocol, qos, 0, &topic, &payload),
            qos @ (Qos::AtLeastOnce | Qos::ExactlyOnce) => {
                let packet = encode::publish(protocol, qos, self.identifier(), &topic, &payload);
                copied(packet, message.copies)
            }
        }
    }

    /// The next identifier that is free; 0 never is.
    fn identifier(&mut self) -> u16 {
        let last = self.last_identifier;
        let mut following = (last..=u16::MAX).skip(1).chain(1..=last);
        let free = following.find(|identifier| !self.unacknowledged.contains(identifier));
        self.last_identifier = free.unwrap_or(1);
        self.unacknowledged.insert(self.last_identifier);
        self.last_identifier
    }
}

const DUP: u8 = 0x08;

fn copied(packet: Vec<u8>, copies: Copies) -> Vec<u8> {
    match copies {
        Copies::One => packet,
        Copies::Two => {
            let mut again = packet.clone();
            again[0] |= DUP;
            [packet, again].concat()
        }
    }
}

/// A topic that the filter matches: wildcards filled in, the prefix of a shared subscription left out.
fn topic_of(filter: &str) -> String {
    let unshared = filter.strip_prefix("$share/").and_then(|rest| rest.split_once('/'));
    let levels = unshared.map_or(filter, |(_, filter)| filter).split('/');
    let filled: Vec<&str> =
        levels.map(|level| if matches!(level, "+" | "#") { WILDCARD_LEVEL } else { level }).collect();
    filled.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_one_that_the_filter_matches() {
        let rows = [
            ("a/b", "a/b"),
            ("a/+/c/#", "a/simulator/c/simulator"),
            ("#", "simulator"),
            ("$share/g/a/#", "a/simulator"),
        ];
        for (filter, topic) in rows {
            assert_eq!(topic_of(filter), topic, "{filter}");
        }
    }

    #[test]
    fn a_message_has_the_lower_of_its_own_qos_and_the_granted_one() {
        let rows = [(Qos::ExactlyOnce, Qos::AtLeastOnce, 0x32), (Qos::AtMostOnce, Qos::ExactlyOnce, 0x30)];
        for (asked, granted, first) in rows {
            let mut deliveries = Deliveries::new(None);
            deliveries.subscribe("t", granted);
            assert_eq!(
                deliveries.publish(Protocol::V311, &Message::at(asked))[0],
                first,
                "{asked:?} of {granted:?}"
            );
        }
    }

    #[test]
    fn identifiers_begin_at_one_and_come_back_only_after_they_were_acknowledged() {
        let mut deliveries = Deliveries::new(None);
        assert_eq!([deliveries.identifier(), deliveries.identifier()], [1, 2]);
        deliveries.last_identifier = u16::MAX;
        assert_eq!(deliveries.identifier(), 3);
        deliveries.acknowledged(1);
        deliveries.last_identifier = u16::MAX;
        assert_eq!(deliveries.identifier(), 1);
    }

    #[test]
    fn messages_come_by_themselves_to_a_subscriber_that_keeps_up() {
        let mut deliveries = Deliveries::new(None);
        assert!(!deliveries.welcome());
        deliveries.subscribe("t", Qos::AtLeastOnce);
        for _ in 0..UNACKNOWLEDGED_LIMIT {
            assert!(deliveries.welcome());
            deliveries.publish(Protocol::V311, &Message::at(Qos::AtLeastOnce));
        }
        assert!(!deliveries.welcome());
        deliveries.acknowledged(7);
        assert!(deliveries.welcome());
    }

    #[test]
    fn a_client_that_takes_few_messages_at_a_time_gets_no_more() {
        let mut deliveries = Deliveries::new(Some(1));
        deliveries.subscribe("t", Qos::AtLeastOnce);
        let sent =
            deliveries.publish(Protocol::V5, &Message { payload_bytes: 1, ..Message::at(Qos::AtLeastOnce) });
        assert_eq!(sent, b"\x32\x07\0\x01t\0\x01\0.");
        assert!(!deliveries.welcome());
    }
}
