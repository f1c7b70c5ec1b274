//! What has to be had before a broker is dialled: nothing, or a path that is signed anew for every attempt.
//!
//! An attempt's connect timeout starts once this is over. What is kept between attempts is kept in here, behind
//! something that a clone shares: a dialler is cloned, and an attempt may be given up half-way.

use crate::event::Phase;
use crate::io::clock::{self, Clock};
use crate::io::navien::{Learned, SignIn, SignedIn};
use crate::navien::account::{AuthFailure, Finality, Renewal};
use crate::navien::extension::device_list;
use crate::navien::service::BROKER_REGION;
use crate::secret::Secret;
use crate::session::attempt::{DialError, Retry};
use crate::session::extension::Opaque;
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
    /// The same with credentials that an account of the Navien cloud is given.
    Navien(SignIn),
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
    pub(super) clock: Clock,
    /// How much of what is kept must not be used again.
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
    /// What the service told, where it was asked.
    pub(super) learned: Option<Opaque>,
}

impl Auth {
    /// Gets what `visit` needs; a failure belongs to [`Phase::Auth`], wherever on the way to the service it was met.
    /// `learned` is for what there is to tell whatever comes of it.
    pub(super) async fn admit(
        &self,
        visit: Visit<'_>,
        learned: &mut Learned,
    ) -> Result<Admission, DialError> {
        match self {
            Self::None => Ok(Admission::default()),
            Self::Aws(signer) => Ok(Admission { path: Some(signer.path(visit)), ..Admission::default() }),
            Self::Navien(sign_in) => {
                let renewed = sign_in.renew(visit.clock, renewal(visit.depth), learned).await;
                Ok(admitted(renewed?, visit))
            }
        }
    }

    /// The broker refused the upgrade as if the credentials were bad.
    pub(super) async fn refused(&self, clock: Clock) {
        match self {
            Self::None | Self::Aws(_) => {}
            Self::Navien(sign_in) => sign_in.refused(clock).await,
        }
    }

    /// What the service told at sign-in, asked for anew; `None` where there is no service, or no answer.
    pub(super) async fn ask_service(&self, clock: Clock) -> Option<Opaque> {
        match self {
            Self::None | Self::Aws(_) => None,
            Self::Navien(sign_in) => sign_in.devices(clock).await.map(device_list),
        }
    }

    /// Whether this host's clock decides if we are let in.
    pub(super) const fn depends_on_the_clock(&self) -> bool {
        match self {
            Self::None => false,
            Self::Aws(_) | Self::Navien(_) => true,
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

const fn renewal(depth: Depth) -> Renewal {
    match depth {
        Depth::Quick => Renewal::AsNeeded,
        Depth::Deep => Renewal::Forced,
    }
}

fn admitted(SignedIn { credentials, devices }: SignedIn, visit: Visit<'_>) -> Admission {
    let signer = Signer { region: BROKER_REGION.to_owned(), credentials };
    Admission { path: Some(signer.path(visit)), learned: devices.map(device_list) }
}

impl From<AuthFailure> for DialError {
    fn from(failure: AuthFailure) -> Self {
        let retry = match failure.finality {
            Finality::Passing => Retry::Later,
            Finality::Final => Retry::Never,
        };
        Self { retry, ..Self::new(Phase::Auth, failure.failure) }
    }
}
