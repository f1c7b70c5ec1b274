//! The opening of a session: what CONNECT says, what CONNACK asks for, the subscriptions.

use std::time::Duration;

use super::publishing::Publishing;
use super::{Output, Session, State};
use crate::event::{Moment, Subscribed};
use crate::session::ending::End;
use crate::session::settings::{Filter, SessionSettings};
use crate::wire::{Connack, Connect, Outgoing};

/// One SUBSCRIBE a session, so one identifier.
const SUBSCRIBE_ID: u16 = 1;

impl Session {
    pub(super) fn answered(&mut self, now: Moment, connack: Connack) {
        self.traffic.received(now);
        if connack.code != 0 {
            return self.end(End::Refused(Box::new(connack)));
        }
        self.state = State::Open;
        self.obey(now, &connack);
        self.outputs.push_back(Output::Accepted(Box::new(connack)));
        self.subscribe(now);
    }

    /// Takes over what the broker asks for, and what it kept of the last session.
    fn obey(&mut self, now: Moment, connack: &Connack) {
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

    fn subscribe(&mut self, now: Moment) {
        if self.settings.filters.is_empty() {
            return self.ready();
        }
        let filters = self.settings.filters.iter().map(|filter| (filter.topic.clone(), filter.qos)).collect();
        let packet = Outgoing::Subscribe(SUBSCRIBE_ID, filters);
        if !self.fits(&packet) {
            tracing::warn!(
                "the broker takes {} bytes at most: nothing was subscribed to",
                self.largest_bytes
            );
            return self.ready();
        }
        self.send(now, &packet);
        self.subscribe_sent = Some(now);
    }

    pub(super) fn subscribed(&mut self, packet_id: u16, codes: &[u8]) {
        if packet_id != SUBSCRIBE_ID || self.subscribe_sent.take().is_none() {
            return;
        }
        if codes.len() != self.settings.filters.len() {
            return self.break_off("a SUBACK that has not one code for each filter");
        }
        for (filter, code) in self.settings.filters.iter().zip(codes) {
            let subscribed = subscribed(filter, *code);
            self.active_subscriptions += u32::from(subscribed.granted_qos.is_some());
            self.outputs.push_back(Output::Subscribed(subscribed));
        }
        self.ready();
    }

    fn ready(&mut self) {
        if self.publishing == Publishing::NotYet {
            self.publishing = Publishing::Open;
        }
        self.outputs.push_back(Output::Ready);
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
        qos: filter.qos.level(),
        granted_qos: (code <= 2).then_some(code),
        return_code: code,
    }
}
