//! Signing in to the Navien cloud: sends what an account asks for, and hands on what came of it.
//!
//! It decides nothing: which request comes next, and whether an answer is good, is the account's.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::Mutex;

use super::clock::{self, Clock};
use super::dial::{SetupError, TlsSettings};
use super::https::{HttpsAnswer, HttpsService, Limits, Post, Unanswered};
use crate::event::failure::{Failure, SignInFailure};
use crate::navien::AwsKeys;
use crate::navien::account::{Account, AuthFailure, Renewal};
use crate::navien::answer::{Answer, BODY_LIMIT_BYTES};
use crate::navien::device::Device;
use crate::navien::service::ServiceUrl;
use crate::secret::Secret;
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

/// What was learned on the way, whatever came of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Learned {
    /// How far this host's clock is ahead of the service's, where an answer told.
    pub clock_offset: Option<TimeDelta>,
    /// How many requests it took.
    pub requests: u32,
}

impl SignIn {
    /// Reads the roots to trust; nothing is sent yet.
    pub fn new(settings: SignInSettings) -> Result<Self, SetupError> {
        Self::within(settings, REQUEST_WITHIN)
    }

    /// The same with another time for each request.
    pub fn within(settings: SignInSettings, within: Duration) -> Result<Self, SetupError> {
        let limits = Limits { within, body_bytes: BODY_LIMIT_BYTES };
        let service = HttpsService::new(settings.service, settings.tls, limits)?;
        let account = Account::new(settings.email, settings.password);
        Ok(Self(Arc::new(Mutex::new(State { service, account }))))
    }

    /// Makes sure that there are credentials for an attempt. A forced renewal forgets TLS tickets as well.
    pub async fn renew(
        &self,
        clock: Clock,
        renewal: Renewal,
        learned: &mut Learned,
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
            learned.requests += 1;
            let date = outcome.as_ref().ok().and_then(|answer| answer.date.as_deref());
            learned.clock_offset =
                date.and_then(|date| clock_offset(date, clock::wall())).or(learned.clock_offset);
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
        let asked = self.renew(clock, Renewal::Devices, &mut Learned::default()).await;
        asked.inspect_err(|failure| tracing::debug!(%failure, "no list of the devices")).ok()?.devices
    }

    /// The gateway of the broker refused what was signed with the credentials.
    pub async fn refused(&self, clock: Clock) {
        self.0.lock().await.account.keys_refused(clock.now());
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
