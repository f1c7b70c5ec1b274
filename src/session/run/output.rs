//! What a run wants the world to do.

use bytes::BytesMut;

use crate::event::{Event, StopReason};
use crate::session::late::LateListener;
use crate::session::recovery::Depth;

/// What the world is to do.
#[derive(Debug)]
pub enum Action {
    /// Dial the broker; answer with [`super::Run::dialled`] or [`super::Run::dial_failed`].
    Dial(Depth),
    /// Write this to the stream.
    Send(BytesMut),
    /// Close the stream, or stop dialling.
    Close,
    /// Close the stream only once this listener has heard enough, or its time is over.
    Linger(LateListener),
    /// Record this.
    Record(Event),
    /// Ask the service that lets us in for what it told at sign-in, as of now; answer with [`super::Run::service_answered`],
    /// within 30 s.
    AskService,
    /// Write what is left to write, close, and end.
    Finish(StopReason),
}
