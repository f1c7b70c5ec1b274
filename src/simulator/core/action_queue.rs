//! Waits for the triggers of a connection's scripted actions, one after the other. Time and packets are arguments.

use std::collections::VecDeque;

use crate::event::Moment;
use crate::simulator::packet::PacketKind;
use crate::simulator::script::{Action, ScriptedAction, Trigger};

/// The actions that are still to come.
#[derive(Debug)]
pub(super) struct ActionQueue {
    actions: VecDeque<ScriptedAction>,
    /// Packets still waited for by the first action.
    awaited: u32,
    /// When the first action is due: once its packets have come, or its patience is at an end.
    due: Option<Moment>,
}

impl ActionQueue {
    /// The actions of a connection that was accepted `now`.
    pub(super) fn new(actions: Vec<ScriptedAction>, now: Moment) -> Self {
        let mut queue = Self { actions: actions.into(), awaited: 0, due: None };
        queue.arm(now);
        queue
    }

    /// A packet of this kind has come and was answered.
    pub(super) fn received(&mut self, kind: PacketKind, now: Moment) {
        let Some(first) = self.actions.front() else { return };
        if self.awaited == 0 || first.trigger.kind() != kind {
            return;
        }
        self.awaited -= 1;
        if self.awaited == 0 {
            self.due = Some(now.plus(first.trigger.delay()));
        }
    }

    /// The next action, if its time has come.
    pub(super) fn next_due(&mut self, now: Moment) -> Option<Action> {
        let due = self.due.filter(|due| *due <= now)?;
        let first = self.actions.pop_front()?;
        self.arm(due);
        Some(first.action)
    }

    /// When the next action is due; `None` while it waits for a packet alone, or after the last one.
    pub(super) const fn deadline(&self) -> Option<Moment> {
        self.due
    }

    fn arm(&mut self, from: Moment) {
        let trigger = self.actions.front().map(|first| first.trigger);
        self.awaited = trigger.map_or(0, Trigger::count);
        self.due = trigger.and_then(Trigger::patience).map(|span| from.plus(span));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::simulator::script::Behavior;

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn each_act_waits_for_its_packets_then_for_its_span_counted_from_the_act_before() {
        let second_ping = Trigger::on_nth(PacketKind::Pingreq, 2).later(Duration::from_secs(1));
        let behavior = Behavior::serving()
            .act(second_ping, Action::Silence)
            .act(Trigger::after(Duration::from_secs(3)), Action::Fin);
        let mut queue = ActionQueue::new(behavior.actions, at(0));
        queue.received(PacketKind::Pingreq, at(1));
        queue.received(PacketKind::Connect, at(2));
        assert_eq!((queue.next_due(at(9)), queue.deadline()), (None, None));
        queue.received(PacketKind::Pingreq, at(10));
        assert_eq!((queue.next_due(at(10)), queue.deadline()), (None, Some(at(11))));
        assert_eq!((queue.next_due(at(12)), queue.deadline()), (Some(Action::Silence), Some(at(14))));
        assert_eq!((queue.next_due(at(14)), queue.deadline()), (Some(Action::Fin), None));
        assert_eq!(queue.next_due(at(99)), None);
    }

    #[test]
    fn patience_ends_where_no_packet_comes_and_counts_no_more_once_one_has() {
        let trigger = Trigger::on(PacketKind::Pingreq).later(Duration::from_secs(5));
        let behavior =
            Behavior::serving().act(trigger.at_the_latest_after(Duration::from_secs(8)), Action::Fin);
        let mut impatient = ActionQueue::new(behavior.actions.clone(), at(0));
        assert_eq!((impatient.next_due(at(7)), impatient.deadline()), (None, Some(at(8))));
        assert_eq!(impatient.next_due(at(8)), Some(Action::Fin));
        let mut answered = ActionQueue::new(behavior.actions, at(0));
        answered.received(PacketKind::Pingreq, at(6));
        assert_eq!((answered.next_due(at(10)), answered.deadline()), (None, Some(at(11))));
    }
}
