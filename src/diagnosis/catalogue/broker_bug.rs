//! The cause `broker_bug`: its page, how it is recognised, and what is said of it.

use super::Candidate;
use crate::diagnosis::facts::Facts;

entry! {
    /// This version of the broker is known to end healthy sessions.
    ///
    /// **How it shows.** Only a broker's own log names its version: mosquitto 2.0.21 with `max_keepalive` set, for one, reports
    /// "exceeded timeout" for clients that ping in time.
    ///
    /// **What to do.** Update to the version that mends it.
    BrokerBug, prior -4.0, weigh
}

/// From the client's side the version of a broker is not to be seen.
const fn weigh<'a>(_: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    Vec::new()
}
