//! Records that a run makes by itself: samples, and its end.

use super::{Action, Run};
use crate::event::{Event, Moment, Sample, Stop, StopReason, Survived, TcpReading, seconds};
use crate::session::extension::redact_topics;
use crate::session::host_view::Measured;
use crate::session::mqtt::{SampleTrips, SessionOutput};
use crate::session::probe::Prober;
use crate::session::state::State;

/// What samples of the session said last, so that the next one can leave out what is as it was.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    survived: Option<Survived>,
    tcp: Option<TcpReading>,
}

impl Sampled {
    fn changed_survived(&mut self, survived: Survived) -> Option<Survived> {
        (self.survived.replace(survived) != Some(survived)).then_some(survived)
    }

    fn changed_tcp(&mut self, tcp: TcpReading) -> Option<TcpReading> {
        if self.tcp.is_some_and(|before| tcp.is_as(&before)) {
            return None;
        }
        self.tcp = Some(tcp);
        Some(tcp)
    }
}

impl Run {
    /// Ends the run: DISCONNECT if a session is up, a last sample, `stop`.
    pub(super) fn stop(&mut self, now: Moment, reason: StopReason) {
        if self.is_finished() {
            return;
        }
        self.sample(now);
        let mut stop = Stop::new(reason);
        if let Some((since, session)) = self.state.up() {
            stop.duration_connected_seconds = Some(seconds(now.since(since)));
            stop.survived = Some(session.survived());
            session.close(now);
            while let Some(output) = session.poll() {
                if let SessionOutput::Send(bytes) = output {
                    self.actions.push_back(Action::Send(bytes));
                }
            }
        }
        self.record(Event::Stop(stop));
        self.leave_connection(now, State::Finished);
        self.actions.push_back(Action::Finish(reason));
    }

    pub(super) fn sample(&mut self, now: Moment) {
        let Measured { tcp, wifi_dbm } = self.host.latest();
        let of_run = Sample { wifi_dbm, ..self.totals_sample() };
        let sample = match self.state.up() {
            None => Sample { connected: Some(false), session_seconds: Some(0.0), ..of_run },
            Some((since, session)) => {
                let SampleTrips { pings, publishes } = session.take_trips();
                Sample {
                    connected: Some(true),
                    session_seconds: Some(seconds(now.since(since))),
                    ping_rtt_ms: pings.in_full(),
                    probe_rtt_ms: publishes.in_full(),
                    survived: self.sampled.changed_survived(session.survived()),
                    tcp: tcp.and_then(|tcp| self.sampled.changed_tcp(tcp)),
                    ..of_run
                }
            }
        };
        self.record(Event::Sample(Box::new(sample)));
    }

    fn totals_sample(&self) -> Sample {
        let totals = self.totals();
        Sample {
            messages_received: Some(totals.messages_received),
            messages_published: Some(totals.messages_published),
            messages_queued: Some(self.prober.as_ref().map_or(0, Prober::had_to_wait)),
            bytes_received: Some(totals.bytes_received),
            bytes_sent: Some(totals.bytes_sent),
            ..Sample::default()
        }
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
        self.actions.push_back(Action::Observation(event));
    }
}
