//! The cause `aws_websocket_lifetime`: its page, how it is recognised, and what is said of it.

use super::{Account, Candidate};
use crate::diagnosis::dropped::Dropped;
use crate::diagnosis::facts::{Facts, is_websocket_of_aws};
use crate::diagnosis::words::{of, seconds};

entry! {
    /// AWS IoT Core ends a WebSocket connection 24 h after it was made.
    ///
    /// **How it shows.** A WebSocket to `*.iot.*.amazonaws.com` ends at an age of 86,400 s, or with the next packet after it;
    /// the time of day creeps by the time that the reconnect takes.
    ///
    /// **What looks like it.** A provider's nightly reconnect keeps to the clock, not to the age.
    ///
    /// **What to do.** Expect it: reconnect with a freshly signed URL, or on purpose before 24 h are over. A client
    /// certificate on port 8883 has no such limit.
    AwsWebsocketLifetime, prior -1.0, weigh
}

/// AWS IoT Core closes a WebSocket after 24 h, at the latest with the next packet, which its longest keep-alive of 1,200 s
/// brings (AWS IoT Core quotas), seconds.
const LIFETIME_SECONDS: f64 = 86_400.0;
const LATE_SECONDS: f64 = 1_260.0;
const EARLY_SECONDS: f64 = 30.0;

fn weigh<'a>(facts: &'a Facts<'a>) -> Vec<Candidate<'a>> {
    let nats = facts.nats_of_drops(|dropped| {
        let late = (dropped.length()? - LIFETIME_SECONDS).abs().max(1.0);
        is_at_the_limit(dropped).then(|| facts.surprise(dropped.index, 2.0 * late))
    });
    Candidate::new(nats, |explains| account(facts, explains)).alone()
}

/// Whether AWS may have ended the session for its age.
pub(super) fn is_at_the_limit(dropped: Dropped<'_>) -> bool {
    let limit = LIFETIME_SECONDS - EARLY_SECONDS..=LIFETIME_SECONDS + LATE_SECONDS;
    let at_the_limit = dropped.length().is_some_and(|age| limit.contains(&age));
    at_the_limit && is_websocket_of_aws(&dropped.incident.terms)
}

fn account(facts: &Facts<'_>, explains: &[usize]) -> Account {
    let drops: Vec<Dropped<'_>> =
        facts.drops().filter(|dropped| is_websocket_of_aws(&dropped.incident.terms)).collect();
    Account::new(
        "AWS IoT Core ends a WebSocket connection 24 h after it was made",
        format!(
            "{} at an age of {}, and up to one keep-alive more",
            of(explains.len(), drops.len(), "drop"),
            seconds(LIFETIME_SECONDS)
        ),
        "expect it: reconnect with a freshly signed URL, or on purpose before 24 h are over; a client certificate on port \
            8883 has no such limit",
    )
    .figure("age_seconds", LIFETIME_SECONDS)
}
