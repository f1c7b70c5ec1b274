//! What has to be had before a broker is dialled: nothing, or a path that is signed anew for every attempt.
//!
//! An attempt's connect timeout starts once this is over. What is kept between attempts is kept in here, behind
//! something that a clone shares: a dialler is cloned, and an attempt may be given up half-way.

use chrono::TimeDelta;

use super::Setback;
use crate::io::clock::{self, Clock};
use crate::secret::Secret;
use crate::session::attempt::Granted;
use crate::session::recovery::Depth;
use crate::sigv4::{self, Credentials, IOT_SERVICE, Scope, SigningInput};

/// How a broker is to know us before MQTT begins.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// Not at all: the path is asked for as it is.
    #[default]
    None,
    /// By a signature in the path's query.
    Aws(Signer),
}

/// Signs for one region of AWS IoT.
#[derive(Debug, Clone)]
pub struct Signer {
    /// As `us-east-1`.
    pub region: String,
    /// Who signs.
    pub credentials: Credentials,
}

/// The attempt that asks to be let in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit<'a> {
    /// The run's clock.
    #[expect(dead_code, reason = "a signature takes no time; a sign-in does")]
    pub(super) clock: Clock,
    /// How much of what is kept must not be used again.
    #[expect(dead_code, reason = "a signature is always new; what a sign-in gave is kept")]
    pub(super) depth: Depth,
    /// The header `Host` of the upgrade; empty where there is none.
    pub(super) host_header: &'a str,
    /// The path of the upgrade; empty where there is none.
    pub(super) path: &'a str,
}

/// What an attempt goes on with.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// Path and query to ask for instead of the one in the settings.
    pub(super) path: Option<Secret>,
    /// What came with the credentials.
    pub(super) granted: Granted,
}

impl Auth {
    /// Gets what `visit` needs; a failure belongs to [`crate::event::Phase::Auth`], wherever on the way to the service
    /// it was met. `_clock_offset` is for what an answer says of this host's clock, whatever comes of it.
    #[expect(clippy::unused_async, reason = "whoever asks a service waits for its answer")]
    pub(super) async fn admit(
        &self,
        visit: Visit<'_>,
        _clock_offset: &mut Option<TimeDelta>,
    ) -> Result<Admission, Setback> {
        match self {
            Self::None => Ok(Admission::default()),
            Self::Aws(signer) => Ok(Admission { path: Some(signer.path(visit)), ..Admission::default() }),
        }
    }

    /// Whether a service is asked, which takes a time worth telling.
    pub(super) const fn asks_a_service(&self) -> bool {
        match self {
            Self::None | Self::Aws(_) => false,
        }
    }

    /// Whether this host's clock decides if we are let in.
    pub(super) const fn depends_on_the_clock(&self) -> bool {
        match self {
            Self::None => false,
            Self::Aws(_) => true,
        }
    }
}

impl Signer {
    /// The path, signed now.
    fn path(&self, visit: Visit<'_>) -> Secret {
        sigv4::presign(&SigningInput {
            host_header: visit.host_header,
            path: visit.path,
            scope: Scope { region: &self.region, service: IOT_SERVICE },
            credentials: &self.credentials,
            time: clock::wall(),
        })
    }
}
