//! Waits for the cues of a connection's acts, one after the other. Time and packets are arguments.

use std::collections::VecDeque;

use crate::event::Moment;
use crate::simulator::packet::PacketKind;
use crate::simulator::script::{Act, Cue, Deed};

/// The acts that are still to come.
#[derive(Debug)]
pub(super) struct Sequence {
    acts: VecDeque<Act>,
    /// Packets still waited for by the first act.
    awaited: u32,
    /// When the first act is due: once its packets have come, or its patience is at an end.
    due: Option<Moment>,
}

impl Sequence {
    /// The acts of a connection that was accepted `now`.
    pub(super) fn new(acts: Vec<Act>, now: Moment) -> Self {
        let mut sequence = Self { acts: acts.into(), awaited: 0, due: None };
        sequence.arm(now);
        sequence
    }

    /// A packet of this kind has come and was answered.
    pub(super) fn received(&mut self, kind: PacketKind, now: Moment) {
        let Some(act) = self.acts.front() else { return };
        if self.awaited == 0 || act.cue.kind() != kind {
            return;
        }
        self.awaited -= 1;
        if self.awaited == 0 {
            self.due = Some(now.plus(act.cue.delay()));
        }
    }

    /// The next deed, if its time has come.
    pub(super) fn next_due(&mut self, now: Moment) -> Option<Deed> {
        let due = self.due.filter(|due| *due <= now)?;
        let act = self.acts.pop_front()?;
        self.arm(due);
        Some(act.deed)
    }

    /// When the next deed is due; `None` while it waits for a packet alone, or after the last one.
    pub(super) const fn deadline(&self) -> Option<Moment> {
        self.due
    }

    fn arm(&mut self, from: Moment) {
        let cue = self.acts.front().map(|act| act.cue);
        self.awaited = cue.map_or(0, Cue::count);
        self.due = cue.and_then(Cue::patience).map(|span| from.plus(span));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::simulator::script::Conduct;

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn each_act_waits_for_its_packets_then_for_its_span_counted_from_the_act_before() {
        let second_ping = Cue::on_nth(PacketKind::Pingreq, 2).later(Duration::from_secs(1));
        let conduct = Conduct::serving()
            .act(second_ping, Deed::Silence)
            .act(Cue::after(Duration::from_secs(3)), Deed::Fin);
        let mut sequence = Sequence::new(conduct.acts, at(0));
        sequence.received(PacketKind::Pingreq, at(1));
        sequence.received(PacketKind::Connect, at(2));
        assert_eq!((sequence.next_due(at(9)), sequence.deadline()), (None, None));
        sequence.received(PacketKind::Pingreq, at(10));
        assert_eq!((sequence.next_due(at(10)), sequence.deadline()), (None, Some(at(11))));
        assert_eq!((sequence.next_due(at(12)), sequence.deadline()), (Some(Deed::Silence), Some(at(14))));
        assert_eq!((sequence.next_due(at(14)), sequence.deadline()), (Some(Deed::Fin), None));
        assert_eq!(sequence.next_due(at(99)), None);
    }

    #[test]
    fn patience_ends_where_no_packet_comes_and_counts_no_more_once_one_has() {
        let cue = Cue::on(PacketKind::Pingreq).later(Duration::from_secs(5));
        let conduct = Conduct::serving().act(cue.at_the_latest_after(Duration::from_secs(8)), Deed::Fin);
        let mut impatient = Sequence::new(conduct.acts.clone(), at(0));
        assert_eq!((impatient.next_due(at(7)), impatient.deadline()), (None, Some(at(8))));
        assert_eq!(impatient.next_due(at(8)), Some(Deed::Fin));
        let mut answered = Sequence::new(conduct.acts, at(0));
        answered.received(PacketKind::Pingreq, at(6));
        assert_eq!((answered.next_due(at(10)), answered.deadline()), (None, Some(at(11))));
    }
}
