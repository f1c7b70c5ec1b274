//! What a run wants the world to do.

use bytes::BytesMut;

use crate::event::{Event, Moment, StopReason};
use crate::session::late::LateListener;
use crate::session::recovery::Depth;

/// What comes next.
#[derive(Debug)]
pub enum Output {
    /// Nothing is left to do: wait for something to happen, until this moment at the latest, then say
    /// [`super::Input::Timeout`].
    Wait(Moment),
    /// Do this, and ask again.
    Act(Action),
}

/// What the world is to do.
#[derive(Debug)]
pub enum Action {
    /// Dial the broker; answer with [`super::Input::Dialled`] or [`super::Input::DialFailed`].
    Dial(Depth),
    /// Write this to the stream.
    Send(BytesMut),
    /// Close the stream, or stop dialling.
    Close,
    /// Close the stream only once this listener has heard enough, or its time is over.
    Linger(LateListener),
    /// Record this.
    Observation(Event),
    /// Ask the service that lets us in for what it told at sign-in, as of now; answer with
    /// [`super::Input::ServiceAnswered`], within 30 s.
    AskService,
    /// Write what is left to write, close, and end: nothing follows.
    Finish(StopReason),
}
