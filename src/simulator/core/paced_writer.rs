//! Bytes on their way to the client, and when the next of them may go. It writes nothing itself.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::event::Moment;

/// What is still to be sent, in order.
#[derive(Debug)]
pub(super) struct PacedWriter {
    bytes: BytesMut,
    pace: Option<Duration>,
    /// Before this moment nothing more goes.
    free_at: Moment,
    blocked: bool,
}

impl PacedWriter {
    /// An empty one; with a pace, bytes leave one by one with that pause after each.
    pub(super) fn new(pace: Option<Duration>) -> Self {
        Self { bytes: BytesMut::new(), pace, free_at: Moment::default(), blocked: false }
    }

    /// Puts bytes behind those that wait.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The transport takes nothing more until [`PacedWriter::unblock`].
    pub(super) const fn block(&mut self) {
        self.blocked = true;
    }

    /// The transport has taken everything that it was given.
    pub(super) const fn unblock(&mut self) {
        self.blocked = false;
    }

    /// Whether the transport is full.
    pub(super) const fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Whether all bytes are with the transport, and it is not full.
    pub(super) fn is_idle(&self) -> bool {
        self.bytes.is_empty() && !self.blocked
    }

    /// Whether [`PacedWriter::take`] has something to give.
    pub(super) fn is_ready(&self, now: Moment) -> bool {
        !self.bytes.is_empty() && !self.blocked && self.free_at <= now
    }

    /// What may go now; it must be handed to the transport.
    pub(super) fn take(&mut self, now: Moment) -> Option<Bytes> {
        if !self.is_ready(now) {
            return None;
        }
        let Some(pace) = self.pace else { return Some(self.bytes.split().freeze()) };
        self.free_at = now.plus(pace);
        Some(self.bytes.split_to(1).freeze())
    }

    /// When the next byte may go; `None` if one may go now, if none waits, or if the transport is full.
    pub(super) fn deadline(&self, now: Moment) -> Option<Moment> {
        let waits = !self.bytes.is_empty() && !self.blocked && self.free_at > now;
        waits.then_some(self.free_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_a_pace_bytes_leave_one_by_one_and_without_all_at_once() {
        let pace = Duration::from_secs(1);
        let (start, later) = (Moment::default(), Moment::after_start(pace));
        let mut slow = PacedWriter::new(Some(pace));
        slow.push(b"ab");
        assert_eq!(slow.take(start).as_deref(), Some(&b"a"[..]));
        assert_eq!((slow.take(start), slow.deadline(start)), (None, Some(later)));
        assert_eq!(slow.take(later).as_deref(), Some(&b"b"[..]));
        assert_eq!(slow.deadline(later), None);
        let mut quick = PacedWriter::new(None);
        quick.push(b"ab");
        assert_eq!(quick.take(start).as_deref(), Some(&b"ab"[..]));
    }

    #[test]
    fn nothing_leaves_while_the_transport_is_full_and_it_is_not_idle_before_it_has_taken_all() {
        let start = Moment::default();
        let mut writer = PacedWriter::new(None);
        writer.push(b"a");
        writer.take(start);
        assert!(writer.is_idle());
        writer.block();
        writer.push(b"b");
        assert_eq!((writer.take(start), writer.deadline(start), writer.is_idle()), (None, None, false));
        writer.unblock();
        assert_eq!(writer.take(start).as_deref(), Some(&b"b"[..]));
    }
}
