//! Bytes on their way to the client, and when the next of them may go. It writes nothing itself.

use std::time::Duration;

use bytes::{Buf, BytesMut};

use crate::event::Moment;

/// What is still to be sent, in order.
#[derive(Debug)]
pub(super) struct Outbox {
    bytes: BytesMut,
    pace: Option<Duration>,
    /// Before this moment nothing more goes.
    free_at: Moment,
}

impl Outbox {
    /// An empty outbox; with a pace, bytes leave one by one with that pause after each.
    pub(super) fn new(pace: Option<Duration>) -> Self {
        Self { bytes: BytesMut::new(), pace, free_at: Moment::default() }
    }

    /// Puts bytes behind those that wait.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What may go now.
    pub(super) fn ready(&self, now: Moment) -> &[u8] {
        match self.pace {
            _ if now < self.free_at => &[],
            None => &self.bytes,
            Some(_) => &self.bytes[..self.bytes.len().min(1)],
        }
    }

    /// So many bytes of [`Outbox::ready`] were sent.
    pub(super) fn sent(&mut self, count: usize, now: Moment) {
        self.bytes.advance(count);
        if let Some(pace) = self.pace.filter(|_| count > 0) {
            self.free_at = now.plus(pace);
        }
    }

    /// When the next byte may go; `None` if one may go now, or none waits.
    pub(super) fn deadline(&self, now: Moment) -> Option<Moment> {
        (!self.is_empty() && self.free_at > now).then_some(self.free_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_pace_bytes_leave_one_by_one_and_without_all_at_once() {
        let pace = Duration::from_secs(1);
        let (start, later) = (Moment::default(), Moment::after_start(pace));
        let mut slow = Outbox::new(Some(pace));
        slow.push(b"ab");
        assert_eq!(slow.ready(start), b"a");
        slow.sent(1, start);
        assert_eq!((slow.ready(start), slow.deadline(start)), (&b""[..], Some(later)));
        assert_eq!(slow.ready(later), b"b");
        slow.sent(1, later);
        assert_eq!(slow.deadline(later), None);
        let mut quick = Outbox::new(None);
        quick.push(b"ab");
        assert_eq!(quick.ready(start), b"ab");
    }
}
