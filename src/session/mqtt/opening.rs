//! The opening of a session: what CONNECT says, what CONNACK asks for, the subscriptions.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::publishing::Publishing;
use super::{Session, SessionOutput, State};
use crate::event::{Moment, Subscribed};
use crate::session::ending::End;
use crate::session::settings::{Filter, SessionSettings};
use crate::wire::{Connack, Connect, Misplaced, Outgoing};

/// One SUBSCRIBE is out at a time, so one identifier.
const SUBSCRIBE_ID: u16 = 1;

/// Filters in one SUBSCRIBE: AWS IoT Core takes no more and closes the connection (AWS General Reference, "AWS IoT Core
/// endpoints and quotas", "Maximum subscriptions per subscribe call"). That a broker is AWS IoT does not show in every
/// address, and to any other an exchange more is nothing, so that all are asked alike.
const FILTERS_AT_ONCE: usize = 8;

/// A SUBSCRIBE that is not answered yet.
#[derive(Debug, Clone)]
pub(super) struct Subscribing {
    /// When it went out.
    pub(super) sent: Moment,
    /// Which filters of the settings it holds.
    filters: Range<usize>,
}

impl Session {
    pub(super) fn answered(&mut self, now: Moment, connack: Connack) {
        self.traffic.received(now);
        if connack.code != 0 {
            return self.end(End::Refused(Box::new(connack)));
        }
        self.state = State::Open;
        self.apply_connack(now, &connack);
        self.outputs.push_back(SessionOutput::Accepted(Box::new(connack)));
        self.subscribe(now, 0);
    }

    /// Applies what CONNACK asks for, and whether the broker kept the last session.
    fn apply_connack(&mut self, now: Moment, connack: &Connack) {
        let asked = &connack.properties;
        if let Some(seconds @ 1..) = asked.server_keep_alive_seconds {
            self.ping_interval = self.ping_interval.min(Duration::from_secs(seconds.into()));
        }
        if asked.maximum_qos == Some(0) {
            self.publishing = Publishing::Refused;
        }
        if !connack.session_present {
            (self.inbox, self.in_flight) = Default::default();
        }
        let largest = asked.maximum_packet_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        self.largest_bytes = largest.unwrap_or(usize::MAX);
        self.in_flight.begin_connection();
        self.in_flight.limit(asked.receive_maximum);
        self.publish_again(now);
    }

    /// Subscribes to the filters from the `begin`th on, one packet at a time, until none is left.
    fn subscribe(&mut self, now: Moment, mut begin: usize) {
        let settings = Arc::clone(&self.settings);
        for filters in settings.filters[begin..].chunks(FILTERS_AT_ONCE) {
            let end = begin + filters.len();
            let asked = filters.iter().map(|filter| (filter.topic.clone(), filter.qos)).collect();
            let packet = Outgoing::Subscribe(SUBSCRIBE_ID, asked);
            if self.fits(&packet) {
                self.send(now, &packet);
                self.subscribing = Some(Subscribing { sent: now, filters: begin..end });
                return;
            }
            tracing::warn!(
                "the broker takes {} bytes at most: {} filters were not subscribed to",
                self.largest_bytes,
                filters.len()
            );
            begin = end;
        }
        self.ready();
    }

    pub(super) fn subscribed(&mut self, now: Moment, packet_id: u16, codes: &[u8]) {
        if packet_id != SUBSCRIBE_ID {
            return;
        }
        let Some(Subscribing { filters, .. }) = self.subscribing.take() else { return };
        if codes.len() != filters.len() {
            return self.break_off(Misplaced::OtherSuback);
        }
        for (filter, code) in self.settings.filters[filters.clone()].iter().zip(codes) {
            let subscribed = subscribed(filter, *code);
            self.active_subscriptions += u32::from(subscribed.granted_qos.is_some());
            self.outputs.push_back(SessionOutput::Subscribed(subscribed));
        }
        self.subscribe(now, filters.end);
    }

    fn ready(&mut self) {
        if self.publishing == Publishing::NotYet {
            self.publishing = Publishing::Open;
        }
        self.outputs.push_back(SessionOutput::Ready);
    }
}

/// What CONNECT says.
pub(super) fn connect(settings: &SessionSettings) -> Connect {
    Connect {
        client_id: settings.client_id.clone(),
        username: settings.username.clone(),
        password: settings.password.clone(),
        keep_alive_seconds: u16::try_from(settings.keep_alive.as_secs()).unwrap_or(u16::MAX),
        clean_session: settings.clean_session,
    }
}

fn subscribed(filter: &Filter, code: u8) -> Subscribed {
    Subscribed {
        topic: filter.topic.clone(),
        qos: Some(filter.qos.level()),
        granted_qos: (code <= 2).then_some(code),
        return_code: Some(code),
    }
}
