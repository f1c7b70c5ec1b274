//! What lets an attempt in before a broker is dialled, as the dialler knows it: one trait, and no service by name.
//!
//! An attempt's connect timeout starts once this is over. An implementation keeps what outlives an attempt behind
//! something that can be shared: a dialler is cloned, and an attempt may be given up half-way.

use std::fmt;
use std::pin::Pin;

use chrono::TimeDelta;

use crate::io::clock::Clock;
use crate::secret::Secret;
use crate::session::attempt::DialError;
use crate::session::extension::Opaque;
use crate::session::recovery::Depth;

/// An answer that takes time.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Lets an attempt in before MQTT begins: by a signature, a sign-in, or both.
pub trait Authorize: fmt::Debug + Send + Sync {
    /// Gets what the attempt needs. A failure belongs to [`crate::event::Phase::Auth`], wherever on the way to a
    /// service it was met. `facts` is filled whatever comes of it.
    fn authorize<'a>(
        &'a self,
        context: AuthContext<'a>,
        facts: &'a mut AuthFacts,
    ) -> Pending<'a, Result<Authorized, DialError>>;

    /// The broker refused the upgrade with HTTP 401 or 403, as if the credentials were bad.
    fn refused(&self, _clock: Clock) -> Pending<'_, ()> {
        Box::pin(async {})
    }

    /// What a service stated at sign-in, asked for anew; `None` where there is no service, or no answer.
    fn ask_service(&self, _clock: Clock) -> Pending<'_, Option<Opaque>> {
        Box::pin(async { None })
    }
}

/// The attempt that asks to be let in.
#[derive(Debug, Clone, Copy)]
pub struct AuthContext<'a> {
    /// The run's clock.
    pub clock: Clock,
    /// How much of what is kept must not be used again.
    pub depth: Depth,
    /// The header `Host` of the upgrade; empty where there is none.
    pub host_header: &'a str,
    /// The path of the upgrade; empty where there is none.
    pub path: &'a str,
}

/// What an attempt goes on with.
#[derive(Debug, Default)]
pub struct Authorized {
    /// Path and query to ask for instead of the one in the settings.
    pub path: Option<Secret>,
    /// What the service stated, where it was asked.
    pub learned: Option<Opaque>,
}

/// What was measured on the way, whatever came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuthFacts {
    /// How far this host's clock is ahead of the service's, where an answer held its date.
    pub clock_offset: Option<TimeDelta>,
    /// How many requests it took.
    pub requests: u32,
}
