//! What a vendor's service adds to a run: topics of its own, requests over MQTT, records of what came of them.
//!
//! The run knows an [`Extension`] and no vendor. It hands over what happens ([`ExtensionInput`]), asks for requests
//! while the session takes publishes, and carries out what the extension wants ([`ExtensionOutput`]). What the service
//! told while an attempt was being let in passes through the run unread, as [`Opaque`] data.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::settings::Filter;
use crate::event::{Event, Moment};
use crate::wire::Message;

/// Data that the run hands from one part of a vendor's code to another without looking inside.
///
/// Its `Debug` shows nothing of the content. Two are equal if they are the same data, not a copy of it.
#[derive(Clone)]
pub struct Opaque(Arc<dyn Any + Send + Sync>);

impl Opaque {
    /// Wraps `content`.
    pub fn new<T: Any + Send + Sync>(content: T) -> Self {
        Self(Arc::new(content))
    }

    /// The content, if it is of type `T`.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opaque(..)")
    }
}

impl PartialEq for Opaque {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A message that an extension wants published at QoS 1. Its `Debug` leaves out topic and payload: they may name an
/// account or its devices.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Vec<u8>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("payload_bytes", &self.payload.len()).finish_non_exhaustive()
    }
}

/// What the run tells an extension.
#[derive(Debug)]
pub enum ExtensionInput<'a> {
    /// The service told this while an attempt was being let in. It comes before the session of that attempt opens.
    Learned(&'a Opaque),
    /// The broker granted this filter.
    Granted(&'a str),
    /// All subscriptions are answered, or a publish was acknowledged: requests may go out.
    Ready,
    /// All bytes that were queued have left for the socket.
    Written,
    /// Bytes arrived from the broker.
    Heard,
    /// A message arrived under one of [`Extension::topic_prefixes`].
    Message(&'a Message),
    /// A request could not be published, or the broker refused a publish of ours.
    RequestLost,
    /// The answer to [`ExtensionOutput::AskService`]; `None` where the service gave none.
    ServiceAnswered(Option<&'a Opaque>),
    /// The session ended: no answer to what is out can come any more.
    Down,
    /// Time passed; [`Extension::deadline`] may have come.
    Timeout,
}

/// What an extension wants done.
#[derive(Debug)]
pub enum ExtensionOutput {
    /// Ask the service that lets us in for what it told at sign-in, as of now; the answer is
    /// [`ExtensionInput::ServiceAnswered`].
    AskService,
    /// Record this.
    Observation(Event),
}

/// A vendor's part in a run. Every method has a default that adds nothing.
pub trait Extension: fmt::Debug + Send {
    /// Filters to subscribe to beside those of the user; asked for when a session opens.
    fn filters(&self) -> Vec<Filter> {
        Vec::new()
    }

    /// Beginnings of the topics whose messages [`ExtensionInput::Message`] is to bring; asked for when a session opens.
    fn topic_prefixes(&self) -> Vec<String> {
        Vec::new()
    }

    /// `topic` as records may hold it: without what names an account or its devices.
    fn redact_topic<'a>(&self, topic: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(topic)
    }

    /// When the next [`ExtensionInput::Timeout`] is wanted.
    fn deadline(&self) -> Option<Moment> {
        None
    }

    /// Takes what happened.
    fn handle(&mut self, now: Moment, input: ExtensionInput<'_>) {
        let _ = (now, input);
    }

    /// The next request to publish. The run calls this only where it can publish at once, and says
    /// [`ExtensionInput::RequestLost`] where the broker takes no packet of that size.
    fn next_request(&mut self, now: Moment) -> Option<Request> {
        let _ = now;
        None
    }

    /// The next thing to do.
    fn poll(&mut self, now: Moment) -> Option<ExtensionOutput> {
        let _ = now;
        None
    }
}

/// The extension of a broker without a service of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoExtension;

impl Extension for NoExtension {}

/// Takes what names an account or its devices out of every topic that `event` holds.
pub(super) fn redact_topics(extension: &dyn Extension, event: &mut Event) {
    let redact = |topic: &mut String| *topic = extension.redact_topic(topic).into_owned();
    match event {
        Event::Subscribed(subscribed) => redact(&mut subscribed.topic),
        Event::Drop(drop) => {
            drop.last_sent_topic.iter_mut().for_each(redact);
            drop.malformed.iter_mut().filter_map(|malformed| malformed.topic.as_mut()).for_each(redact);
        }
        Event::ProbeRefused(refused) => refused.topic.iter_mut().for_each(redact),
        Event::Start(_)
        | Event::Connected(_)
        | Event::LateAnswer(_)
        | Event::AttemptFailed(_)
        | Event::Sample(_)
        | Event::Environment(_)
        | Event::Device(_)
        | Event::Stop(_)
        | Event::Finding(_)
        | Event::Pruned(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Malformed, ProbeRefused, SessionDrop, Subscribed};

    #[derive(Debug)]
    struct Hiding;

    impl Extension for Hiding {
        fn redact_topic<'a>(&self, topic: &'a str) -> Cow<'a, str> {
            Cow::Owned(topic.replace("secret", "*"))
        }
    }

    #[test]
    fn no_event_keeps_a_topic_that_the_extension_hides() {
        let topic = || "a/secret/b".to_owned();
        let subscribed = Subscribed { topic: topic(), qos: None, granted_qos: None, return_code: None };
        let malformed = Malformed { topic: Some(topic()), ..Malformed::default() };
        let drop = SessionDrop {
            last_sent_topic: Some(topic()),
            malformed: Some(malformed),
            ..SessionDrop::default()
        };
        let refused = ProbeRefused { topic: Some(topic()), reason_code: None, reason_string: None };
        for mut event in
            [Event::Subscribed(subscribed), Event::Drop(Box::new(drop)), Event::ProbeRefused(refused)]
        {
            redact_topics(&Hiding, &mut event);
            let shown = format!("{event:?}");
            assert!(shown.contains("a/*/b") && !shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn opaque_data_opens_for_those_who_know_its_type_and_shows_nothing_to_others() {
        let opaque = Opaque::new(vec!["aabbccddeeff".to_owned()]);
        assert_eq!(opaque.get::<Vec<String>>().map(Vec::len), Some(1));
        assert_eq!(opaque.get::<String>(), None);
        assert_eq!(format!("{opaque:?}"), "Opaque(..)");
        assert!(opaque == opaque.clone() && opaque != Opaque::new(vec!["aabbccddeeff".to_owned()]));
    }
}
