//! What a run is told: an input, and with each the clocks and what this host can measure.

use std::time::Duration;

use crate::event::failure::StreamEnd;
use crate::event::{ClockReading, Environment, Moment, StopReason};
use crate::session::attempt::{DialError, Dialled};
use crate::session::extension::Opaque;
use crate::session::host_view::Measured;

/// One look at this host, taken for each input: from it the run sees that the host slept, that a clock was set, that
/// this process was late, and what the kernel last said of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The run's clock.
    pub moment: Moment,
    /// All clocks of the host, read together.
    pub clocks: ClockReading,
    /// What was measured; for [`Input::Dialled`] of the new connection.
    pub measured: Measured,
}

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// The stream that [`super::Action::Dial`] asked for is ready.
    Dialled(Dialled),
    /// There is no stream.
    DialFailed(DialError),
    /// Bytes arrived on the stream.
    Received(&'a [u8]),
    /// All bytes of [`super::Action::Send`] so far have left for the socket.
    Written,
    /// The stream ended.
    StreamEnded(StreamEnd),
    /// The answer to a ping that was given up arrived this long after the ping.
    LateAnswer(Duration),
    /// The answer to [`super::Action::AskService`]; `None` where the service gave none.
    ServiceAnswered(Option<Opaque>),
    /// Something changed on this host.
    HostChanged(Environment),
    /// The run is to end: DISCONNECT if a session is up, a last sample, `stop`.
    Stop(StopReason),
    /// The moment of [`super::Output::Wait`] has come. What had arrived by then was told before: a process that was held
    /// up finds the answer in the socket that it would else call missing.
    Timeout,
}
