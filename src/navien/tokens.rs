//! Tokens with the moments at which they expire.
//!
//! The service tells durations. They become moments of the run's clock on receipt: that clock goes on while the host
//! sleeps and knows no steps, so that a wall clock that is set neither revives a dead token nor kills a live one.

use std::time::Duration;

use super::answer::{AwsGrant, Grant};
use crate::event::Moment;
use crate::secret::Secret;

/// Tokens count as expired this long before they are: an attempt that begins with them has to end with them.
const MARGIN: Duration = Duration::from_mins(5);

/// A gateway that refuses keys of this age has let them expire; younger ones it refuses for another reason.
const AGED: Duration = Duration::from_mins(5);

/// What an account holds after a sign-in.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) access: Secret,
    pub(super) refresh: Option<Secret>,
    usable_until: Moment,
    pub(super) aws: AwsKeys,
}

/// AWS credentials of the account. They are kept in memory only.
#[derive(Debug, Clone)]
pub struct AwsKeys {
    /// The access key ID.
    pub access_key_id: Secret,
    /// The key that signs.
    pub secret_key: Secret,
    /// What makes temporary keys complete.
    pub session_token: Option<Secret>,
    received: Moment,
    /// `None` if they never expire.
    usable_until: Option<Moment>,
    /// Whether a gateway refused them when they were young.
    pub(super) doubted: bool,
}

impl Tokens {
    /// What a sign-in gave at `now`.
    pub(super) fn received(now: Moment, grant: Grant, aws: AwsGrant) -> Self {
        let aws = AwsKeys {
            access_key_id: aws.access_key_id,
            secret_key: aws.secret_key,
            session_token: aws.session_token,
            received: now,
            usable_until: aws.lifetime.map(|lifetime| usable_until(now, lifetime)),
            doubted: false,
        };
        Self {
            access: grant.access_token,
            refresh: grant.refresh_token,
            usable_until: usable_until(now, grant.lifetime),
            aws,
        }
    }

    /// Takes what a refresh gave at `now`; what it did not give stays, with the moment at which that expires.
    pub(super) fn refreshed(&mut self, now: Moment, grant: Grant) {
        self.access = grant.access_token;
        self.usable_until = usable_until(now, grant.lifetime);
        if let Some(token) = grant.refresh_token {
            self.refresh = Some(token);
        }
        if let Some(aws) = grant.aws {
            self.aws.renewed(now, aws);
        }
    }

    /// Whether the access token is too old.
    pub(super) fn expired(&self, now: Moment) -> bool {
        now >= self.usable_until
    }
}

impl AwsKeys {
    /// Whether they are too old.
    pub(super) fn expired(&self, now: Moment) -> bool {
        self.usable_until.is_some_and(|end| now >= end)
    }

    /// The gateway took them for no good.
    pub(super) fn refused(&mut self, now: Moment) {
        if now.since(self.received) >= AGED {
            self.usable_until = Some(now);
        }
        self.doubted = true;
    }

    fn renewed(&mut self, now: Moment, aws: AwsGrant) {
        *self = Self {
            access_key_id: aws.access_key_id,
            secret_key: aws.secret_key,
            session_token: aws.session_token.or_else(|| self.session_token.take()),
            received: now,
            usable_until: aws
                .lifetime
                .map_or(self.usable_until, |lifetime| Some(usable_until(now, lifetime))),
            doubted: false,
        };
    }
}

/// A lifetime that the margin would swallow whole is used to its end instead: whoever gives tokens for five minutes
/// would otherwise be asked for others at once, and again.
fn usable_until(received: Moment, lifetime: Duration) -> Moment {
    let usable = if lifetime > MARGIN { lifetime.saturating_sub(MARGIN) } else { lifetime };
    received.plus(usable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::after_start(Duration::from_millis(millis))
    }

    #[test]
    fn a_lifetime_ends_five_minutes_early_unless_nothing_would_be_left_of_it() {
        let rows = [(3600, 3300), (301, 1), (300, 300), (10, 10), (0, 0)];
        for (lifetime, usable) in rows {
            let end = usable_until(at(0), Duration::from_secs(lifetime));
            assert_eq!(end, at(usable * 1000), "{lifetime}");
        }
        let for_ever = usable_until(at(1), Duration::from_secs(u64::MAX));
        assert!(for_ever > at(u64::MAX));
    }
}
