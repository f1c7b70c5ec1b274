//! The appliances behind the broker: their topics in the session, requests to them, records of what came of it.

use std::sync::Arc;

use super::Run;
use super::{Action, Appliances};
use crate::event::{Event, Moment, Qos, SessionDrop, Subscribed};
use crate::navien::device::{Device, masked_topic};
use crate::session::mqtt::Session;
use crate::session::settings::{Filter, RunSettings, SessionSettings};
use crate::session::state::State;
use crate::wire::Message;

/// The appliances of a run that begins, none known yet. The identifier that all requests carry is made of `seed`, and
/// not of the stream of chance that jitter is drawn from.
pub(super) fn of(settings: &RunSettings, seed: u64) -> Appliances {
    let session_id = format!("{:032x}", fastrand::Rng::with_seed(!seed).u128(..));
    Appliances::new(settings.appliances, settings.session.client_id.clone(), session_id)
}

/// The record of a drop as it may be shown.
pub(super) fn shown(mut drop: SessionDrop) -> SessionDrop {
    drop.last_sent_topic = drop.last_sent_topic.map(|topic| masked_topic(&topic).into_owned());
    drop
}

impl Run {
    /// The service's device list, asked for by [`Action::AskDevices`]; `None` where it could not be had.
    pub fn devices_listed(&mut self, now: Moment, devices: Option<Vec<Device>>) {
        if !matches!(self.state, State::Finished) {
            self.appliances.listed(now, devices);
            self.tell_of_appliances(now);
            self.settle(now);
        }
    }

    /// Opens a session over a stream that is ready, after a sign-in that told of these.
    pub(super) fn open_session(&mut self, now: Moment, devices: Vec<Device>) -> Session {
        self.appliances.learned(devices);
        let (settings, kept) = (self.session_settings(), std::mem::take(&mut self.kept));
        let mut session = Session::open(settings, self.versions.next(), kept, now);
        session.listen(self.appliances.topics_begin());
        session
    }

    /// What the session subscribes to: also the topics of the appliances; nothing twice.
    fn session_settings(&self) -> Arc<SessionSettings> {
        let mut settings = Arc::clone(&self.settings.session);
        for topic in self.appliances.filters() {
            if settings.filters.iter().all(|known| known.topic != topic) {
                Arc::make_mut(&mut settings).filters.push(Filter { topic, qos: Qos::AtLeastOnce });
            }
        }
        settings
    }

    pub(super) fn subscribed(&mut self, mut subscribed: Subscribed) {
        if subscribed.granted_qos.is_some() {
            self.appliances.granted(&subscribed.topic);
        }
        subscribed.topic = masked_topic(&subscribed.topic).into_owned();
        self.record(Event::Subscribed(subscribed));
    }

    /// The subscriptions stand, or there is room for another publish.
    pub(super) fn begin_asking(&mut self, now: Moment) {
        if self.state.up().is_some_and(|(_, session)| !session.refuses_publishes()) {
            self.appliances.ready();
            self.ask_appliances(now);
        }
    }

    /// Sends the requests that are due, as far as the session takes them, and tells of those that were in vain.
    pub(super) fn ask_appliances(&mut self, now: Moment) {
        self.appliances.tick(now);
        if let Some((_, session)) = self.state.up() {
            while session.takes_publishes()
                && let Some(request) = self.appliances.take(now)
            {
                if !session.publish(now, &request.topic, request.payload) {
                    self.appliances.let_go();
                }
            }
        }
        self.tell_of_appliances(now);
    }

    pub(super) fn appliance_said(&mut self, now: Moment, message: &Message) {
        self.appliances.message(now, &message.topic, &message.payload);
        self.tell_of_appliances(now);
    }

    fn tell_of_appliances(&mut self, now: Moment) {
        if self.appliances.take_list_wish(now) {
            self.actions.push_back(Action::AskDevices);
        }
        while let Some(probe) = self.appliances.poll() {
            self.record(Event::Device(probe));
        }
    }
}
