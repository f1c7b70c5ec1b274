//! Signing in to the Navien cloud: sends what an account asks for, and hands on what came of it.
//!
//! It decides nothing: which request comes next, and whether an answer is good, is the account's.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use super::aws::Signer;
use crate::event::Phase;
use crate::event::failure::{Failure, SignInFailure};
use crate::io::clock::{self, Clock};
use crate::io::dial::{AuthContext, AuthFacts, Authorize, Authorized, Pending, SetupError, TlsSettings};
use crate::io::https::{Endpoint, HttpsAnswer, HttpsService, Limits, Post, Unanswered};
use crate::navien::AwsKeys;
use crate::navien::account::{Account, AuthFailure, Finality, Renewal};
use crate::navien::answer::{Answer, BODY_LIMIT_BYTES};
use crate::navien::device::Device;
use crate::navien::extension::device_list;
use crate::navien::service::{BROKER_REGION, ServiceUrl};
use crate::secret::Secret;
use crate::session::attempt::{DialError, Retry};
use crate::session::extension::Opaque;
use crate::session::recovery::Depth;
use crate::session::service_clock::clock_offset;
use crate::sigv4::Credentials;

/// The whole of one request, from looking up the name to the last byte of the answer: what the vendor's clients give it.
const REQUEST_WITHIN: Duration = Duration::from_secs(30);

/// What a sign-in needs to know.
#[derive(Debug, Clone)]
pub struct SignInSettings {
    /// Who signs in.
    pub email: Secret,
    /// How it is proved.
    pub password: Secret,
    /// Where.
    pub service: ServiceUrl,
    /// Whom to trust.
    pub tls: TlsSettings,
}

/// An account that signs in, and stays so. Clones share it.
#[derive(Debug, Clone)]
pub struct SignIn(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    service: HttpsService,
    account: Account,
}

/// What an attempt goes on with.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// To sign with.
    pub credentials: Credentials,
    /// The appliances of the account, where the service was asked for them.
    pub devices: Option<Vec<Device>>,
}

impl SignIn {
    /// Reads the roots to trust; nothing is sent yet.
    pub fn new(settings: SignInSettings) -> Result<Self, SetupError> {
        Self::within(settings, REQUEST_WITHIN)
    }

    /// The same with another time for each request.
    pub fn within(settings: SignInSettings, within: Duration) -> Result<Self, SetupError> {
        let limits = Limits { within, body_bytes: BODY_LIMIT_BYTES };
        let service = HttpsService::new(endpoint(settings.service), settings.tls, limits)?;
        let account = Account::new(settings.email, settings.password);
        Ok(Self(Arc::new(Mutex::new(State { service, account }))))
    }

    /// Makes sure that there are credentials for an attempt. A forced renewal forgets TLS tickets as well.
    pub async fn renew(
        &self,
        clock: Clock,
        renewal: Renewal,
        facts: &mut AuthFacts,
    ) -> Result<SignedIn, AuthFailure> {
        let mut state = self.0.lock().await;
        let State { service, account } = &mut *state;
        if renewal == Renewal::Forced {
            service.forget_tickets();
        }
        account.begin(clock.now(), renewal);
        while let Some(request) = account.request() {
            let post = Post {
                path: request.path,
                authorization: request.authorization.as_ref(),
                body: &request.body,
            };
            let outcome = service.post(clock, post).await;
            facts.requests += 1;
            let date = outcome.as_ref().ok().and_then(|answer| answer.date.as_deref());
            facts.clock_offset =
                date.and_then(|date| clock_offset(date, clock::wall())).or(facts.clock_offset);
            account.told(clock.now(), outcome.map(Answer::from).map_err(failure))?;
        }
        let signed_in = signed_in(account)?;
        if signed_in.devices.as_ref().is_some_and(Vec::is_empty) {
            tracing::warn!(
                "the account has no devices: the connection is watched, and nothing is subscribed to"
            );
        }
        Ok(signed_in)
    }

    /// Asks the service for its devices once more; `None` where that was in vain.
    pub async fn devices(&self, clock: Clock) -> Option<Vec<Device>> {
        let asked = self.renew(clock, Renewal::Devices, &mut AuthFacts::default()).await;
        asked.inspect_err(|failure| tracing::debug!(%failure, "no list of the devices")).ok()?.devices
    }
}

impl Authorize for SignIn {
    fn authorize<'a>(
        &'a self,
        context: AuthContext<'a>,
        facts: &'a mut AuthFacts,
    ) -> Pending<'a, Result<Authorized, DialError>> {
        Box::pin(async move {
            let signed_in = self.renew(context.clock, renewal(context.depth), facts).await?;
            Ok(authorized(signed_in, context))
        })
    }

    fn refused(&self, clock: Clock) -> Pending<'_, ()> {
        Box::pin(async move { self.0.lock().await.account.keys_refused(clock.now()) })
    }

    fn ask_service(&self, clock: Clock) -> Pending<'_, Option<Opaque>> {
        Box::pin(async move { self.devices(clock).await.map(device_list) })
    }
}

const fn renewal(depth: Depth) -> Renewal {
    match depth {
        Depth::Quick => Renewal::AsNeeded,
        Depth::Deep => Renewal::Forced,
    }
}

fn authorized(SignedIn { credentials, devices }: SignedIn, context: AuthContext<'_>) -> Authorized {
    let signer = Signer { region: BROKER_REGION.to_owned(), credentials };
    Authorized { path: Some(signer.path(context)), learned: devices.map(device_list) }
}

fn endpoint(url: ServiceUrl) -> Endpoint {
    Endpoint { authority: url.authority(), host: url.host, port: url.port, base: url.base }
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

fn signed_in(account: &Account) -> Result<SignedIn, AuthFailure> {
    let missing = || AuthFailure::passing(unavailable("the Navien service gave no AWS keys".to_owned()));
    let keys = account.keys().ok_or_else(missing)?;
    Ok(SignedIn { credentials: keys.into(), devices: account.listed().map(<[_]>::to_vec) })
}

impl From<&AwsKeys> for Credentials {
    fn from(keys: &AwsKeys) -> Self {
        Self {
            access_key_id: keys.access_key_id.clone(),
            secret_access_key: keys.secret_key.clone(),
            session_token: keys.session_token.clone(),
        }
    }
}

impl From<HttpsAnswer> for Answer {
    fn from(answer: HttpsAnswer) -> Self {
        Self { status: answer.status, body: answer.body.into() }
    }
}

fn failure(unanswered: Unanswered) -> Failure {
    match unanswered {
        Unanswered::Unreached(error) => Failure::SignIn(SignInFailure::Unreached {
            service: "the Navien service",
            phase: error.phase,
            failure: Box::new(error.failure),
        }),
        Unanswered::Broken(what) => unavailable(format!("the Navien service {what}")),
    }
}

const fn unavailable(words: String) -> Failure {
    Failure::SignIn(SignInFailure::Unavailable { words, http_status: None })
}
