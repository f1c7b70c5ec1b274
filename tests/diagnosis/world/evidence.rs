//! The end of a session: the record of the drop, with all that was known, and what follows.

use std::time::Duration;

use nwdiag::crt::Name;
use nwdiag::event::failure::StreamEnd;
use nwdiag::event::{Event, LateAnswer, SessionDrop, TcpReading, rounded};
use nwdiag::session::ending::End;

use super::World;
use super::messages::whole;
use super::session::{Answer, RECENT, Session};

/// The old stream is read on for so long (journal format).
const LATE_ANSWER_WINDOW: f64 = 30.0;

impl World {
    /// The session ended: what is told, and how long to wait for the next attempt.
    pub(super) fn dropped(&mut self, mut session: Session, end: &End, fault: Option<usize>) -> f64 {
        let uptime = self.now - session.since;
        let tcp = self.tcp(&session);
        let record = self.drop_record(&mut session, end, tcp);
        let late = matches!(end, End::PingUnanswered(_)).then(|| late_answer(&session)).flatten();
        self.sample(Some(&mut session));
        self.scribe.note(self.now, Event::Drop(Box::new(record)));
        if let Some((at, seconds)) = late.filter(|(at, _)| *at <= self.now + LATE_ANSWER_WINDOW) {
            let seconds = rounded(seconds, 1e6);
            self.scribe.plan(at, Event::LateAnswer(LateAnswer { seconds }));
        }
        self.culprits.push(fault.unwrap_or(usize::MAX));
        self.totals = self.totals.plus(session.totals);
        self.kept = session.in_flight;
        let moment = self.moment();
        let chance = self.chance.unit();
        self.recovery.dropped(moment, Duration::from_secs_f64(uptime.max(0.0)), chance).as_secs_f64()
    }

    fn drop_record(&mut self, session: &mut Session, end: &End, tcp: Option<TcpReading>) -> SessionDrop {
        let now = self.now;
        let ago = |at: f64| Some(rounded((now - at).max(0.0), 1e6));
        let protocol = self.setup.protocol();
        let failure = end.failure(protocol);
        let name = Name::of(&failure, protocol);
        let stream_end = end.stream_end();
        let farewell = end.farewell().cloned().unwrap_or_default();
        let words = stream_end.and_then(StreamEnd::websocket_reason);
        let largest =
            session.recent.iter().filter(|(at, _)| now - at < RECENT).filter_map(|(_, bytes)| *bytes);
        let largest =
            largest.fold(None, |most: Option<f64>, bytes| Some(most.map_or(bytes, |most| most.max(bytes))));
        SessionDrop {
            error_name: name.recorded(),
            error_code: name.code,
            error_message: failure.to_string(),
            closed_by: Some(end.closed_by()),
            protocol: Some(protocol),
            reason_code: farewell.reason_code,
            reason_string: farewell.reason_string.or(words),
            server_reference: farewell.server_reference,
            websocket_close_code: stream_end
                .and_then(|end| end.websocket_close_code(self.setup.place.transport)),
            reconnect_attempt: 0,
            duration_connected_seconds: Some(rounded(now - session.since, 1e6)),
            active_subscriptions: Some(session.active),
            queued_commands: Some(u32::try_from(session.in_flight.len()).unwrap()),
            last_received_seconds: ago(session.last_received),
            last_sent_seconds: ago(session.sent.at),
            last_sent_packet: Some(session.sent.packet.into()),
            last_sent_topic: session.sent.topic.clone(),
            idle_before_last_sent_seconds: session.sent.idle_before.map(|idle| rounded(idle, 1e6)),
            unanswered_ping_seconds: session.ping.and_then(ago),
            loop_lag_ms: Some(self.loop_lag()),
            messages_received: Some(session.totals.received),
            messages_published: Some(session.totals.published),
            bytes_received: Some(session.totals.bytes_received),
            bytes_sent: Some(session.totals.bytes_sent),
            publish_rate_per_second: Some(rounded(session.rate(now, RECENT), 1e3)),
            largest_publish_bytes: largest.map(whole),
            ping_rtt_ms: session.pings.in_short(),
            tcp,
            wifi_dbm: self.signal(),
            ..SessionDrop::default()
        }
    }

    /// The longest delay of our loop in the last keep-alive period: small, as on any host, unless it was held up.
    fn loop_lag(&mut self) -> f64 {
        let usual = if self.chance.likely(0.05) {
            self.chance.spread(20.0, 400.0)
        } else {
            self.chance.spread(0.1, 12.0)
        };
        let held_up = self
            .lag
            .filter(|(at, _)| self.now - at <= self.setup.keep_alive)
            .map_or(0.0, |(_, seconds)| seconds);
        rounded(usual.max(held_up * 1e3), 1e3)
    }
}

/// When the answer to the ping that we gave up on comes, and how long after it.
fn late_answer(session: &Session) -> Option<(f64, f64)> {
    let ping = session.ping?;
    session
        .answers
        .iter()
        .find_map(|(at, answer)| matches!(answer, Answer::Pong(..)).then_some((*at, at - ping)))
}
