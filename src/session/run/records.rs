//! Records that a run makes by itself: samples, and its end.

use super::{Action, Run};
use crate::event::{Event, Moment, Sample, Stop, StopReason, seconds};
use crate::session::extension::redact_topics;
use crate::session::host_view::Measured;
use crate::session::mqtt::{SampleTrips, SessionOutput};
use crate::session::probe::Prober;
use crate::session::state::State;

impl Run {
    /// Ends the run: DISCONNECT if a session is up, a last sample, `stop`.
    pub(super) fn stop(&mut self, now: Moment, reason: StopReason) {
        if self.is_finished() {
            return;
        }
        self.sample(now);
        let mut uptime = None;
        if let Some((since, session)) = self.state.up() {
            uptime = Some(now.since(since));
            session.close(now);
            while let Some(output) = session.poll() {
                if let SessionOutput::Send(bytes) = output {
                    self.actions.push_back(Action::Send(bytes));
                }
            }
        }
        self.record(Event::Stop(Stop {
            duration_connected_seconds: uptime.map(seconds),
            ..Stop::new(reason)
        }));
        self.leave_connection(now, State::Finished);
        self.actions.push_back(Action::Finish(reason));
    }

    pub(super) fn sample(&mut self, now: Moment) {
        let up = self.state.up().map(|(since, session)| (now.since(since), session.take_trips()));
        let (uptime, SampleTrips { pings, publishes }) =
            up.map_or_else(Default::default, |(uptime, trips)| (Some(uptime), trips));
        let Measured { tcp, wifi_dbm } = self.host.latest();
        let totals = self.totals();
        self.record(Event::Sample(Box::new(Sample {
            connected: Some(uptime.is_some()),
            session_seconds: Some(uptime.map_or(0.0, seconds)),
            messages_received: Some(totals.messages_received),
            messages_published: Some(totals.messages_published),
            messages_queued: Some(self.prober.as_ref().map_or(0, Prober::had_to_wait)),
            bytes_received: Some(totals.bytes_received),
            bytes_sent: Some(totals.bytes_sent),
            ping_rtt_ms: pings.in_full(),
            probe_rtt_ms: publishes.in_full(),
            survived: None,
            tcp: tcp.filter(|_| uptime.is_some()),
            wifi_dbm,
        })));
    }

    /// Records `event` without what must not be shown, and counts it if it counts for the limit of events.
    pub(super) fn record(&mut self, mut event: Event) {
        redact_topics(&*self.extension, &mut event);
        match event {
            Event::Start(_)
            | Event::Subscribed(_)
            | Event::Sample(_)
            | Event::Stop(_)
            | Event::Finding(_)
            | Event::Pruned(_) => {}
            Event::Connected(_)
            | Event::Drop(_)
            | Event::LateAnswer(_)
            | Event::AttemptFailed(_)
            | Event::Environment(_)
            | Event::Device(_)
            | Event::ProbeRefused(_) => self.events += 1,
        }
        self.actions.push_back(Action::Record(event));
    }
}
