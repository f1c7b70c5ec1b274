//! The extension in a run: its topics in the session, its requests, its records.

use std::sync::Arc;

use super::{Action, Run};
use crate::event::{Event, Moment, Subscribed};
use crate::session::extension::{ExtensionInput, ExtensionOutput};
use crate::session::mqtt::Session;
use crate::session::settings::SessionSettings;

impl Run {
    /// Hands `input` to the extension, and does what it wants done then; nothing once the run is over.
    pub(super) fn tell_extension(&mut self, now: Moment, input: ExtensionInput<'_>) {
        if self.is_finished() {
            return;
        }
        self.extension.handle(now, input);
        self.publish_requests(now);
        while let Some(output) = self.extension.poll(now) {
            match output {
                ExtensionOutput::AskService => self.actions.push_back(Action::AskService),
                ExtensionOutput::Observation(event) => self.record(event),
            }
        }
    }

    /// Publishes the extension's requests as far as the session takes them.
    fn publish_requests(&mut self, now: Moment) {
        let Some((_, session)) = self.state.up() else { return };
        while session.takes_publishes()
            && let Some(request) = self.extension.next_request(now)
        {
            if !session.publish(now, &request.topic, request.payload) {
                self.extension.handle(now, ExtensionInput::RequestLost);
            }
        }
    }

    /// Opens a session over a stream that is ready.
    pub(super) fn open_session(&mut self, now: Moment) -> Session {
        let (settings, kept) = (self.session_settings(), std::mem::take(&mut self.kept));
        let mut session = Session::open(settings, self.versions.current(), kept, now);
        session.listen(self.extension.topic_prefixes());
        session
    }

    /// The settings of a session with the extension's filters beside the user's; no topic twice.
    fn session_settings(&self) -> Arc<SessionSettings> {
        let mut settings = Arc::clone(&self.settings.session);
        for filter in self.extension.filters() {
            if settings.filters.iter().all(|known| known.topic != filter.topic) {
                Arc::make_mut(&mut settings).filters.push(filter);
            }
        }
        settings
    }

    pub(super) fn subscribed(&mut self, now: Moment, subscribed: Subscribed) {
        if subscribed.granted_qos.is_some() {
            self.tell_extension(now, ExtensionInput::Granted(&subscribed.topic));
        }
        self.record(Event::Subscribed(subscribed));
    }

    /// All subscriptions are answered, or a publish was acknowledged.
    pub(super) fn ready(&mut self, now: Moment) {
        if self.state.up().is_some_and(|(_, session)| !session.refuses_publishes()) {
            self.tell_extension(now, ExtensionInput::Ready);
        }
        self.begin_probes(now);
    }
}
