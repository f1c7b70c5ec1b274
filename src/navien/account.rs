//! An account of the service: which request an attempt to connect needs next, and what its answer leads to.
//!
//! An attempt makes six requests at most, whatever the service answers: one sign-in, one refresh before the device list,
//! one after it was refused, the list's two pages, and one of them again. Whoever sends them keeps their time; nothing
//! here waits.

use super::answer::{Answer, Grant};
use super::device::Device;
use super::listing::{Listing, Page, Rest};
use super::refusal::{Refusal, RefusalKind};
use super::request::Request;
use super::tokens::{AwsKeys, Tokens};
use crate::event::Moment;
use crate::event::failure::{Failure, SignInFailure};
use crate::secret::Secret;

/// How much an attempt renews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// What has expired.
    AsNeeded,
    /// The access token at least.
    Forced,
    /// The device list, for which AWS keys are not needed.
    Devices,
}

/// Why an attempt has no credentials.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{failure}")]
pub struct AuthFailure {
    /// Whether another attempt may end better.
    pub finality: Finality,
    /// Why; no secret is in it.
    pub failure: Failure,
}

/// Whether another attempt may end better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// It may.
    Passing,
    /// It will not: e-mail or password have to be changed first.
    Final,
}

impl AuthFailure {
    /// A failure that may pass.
    pub const fn passing(failure: Failure) -> Self {
        Self { finality: Finality::Passing, failure }
    }
}

/// An account with what the service gave it.
#[derive(Debug)]
pub struct Account {
    email: Secret,
    password: Secret,
    tokens: Option<Tokens>,
    /// `None` until a list was had.
    devices: Option<Vec<Device>>,
    attempt: Attempt,
}

/// Where the attempt under way stands.
#[derive(Debug, Default)]
struct Attempt {
    next: Option<Call>,
    signed_in: bool,
    /// Whether the device list was refused once.
    token_refused: bool,
    /// What came of it.
    listing: Listing,
    /// Whether it was had.
    listed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    SignIn,
    Refresh,
    DeviceList,
}

impl Account {
    /// An account that is not signed in.
    pub fn new(email: Secret, password: Secret) -> Self {
        Self { email, password, tokens: None, devices: None, attempt: Attempt::default() }
    }

    /// Begins an attempt; one that was under way is forgotten.
    pub fn begin(&mut self, now: Moment, renewal: Renewal) {
        self.attempt = Attempt { next: self.first(now, renewal), ..Attempt::default() };
    }

    /// The request to send now; `None` once the attempt has what it needs, or has failed.
    pub fn request(&self) -> Option<Request> {
        let call = self.attempt.next?;
        Some(match (call, &self.tokens) {
            (Call::Refresh, Some(Tokens { refresh: Some(token), .. })) => Request::refresh(token),
            (Call::DeviceList, Some(tokens)) => {
                Request::device_list(&tokens.access, &self.email, self.attempt.listing.offset())
            }
            (Call::SignIn | Call::Refresh | Call::DeviceList, _) => {
                Request::sign_in(&self.email, &self.password)
            }
        })
    }

    /// Takes what came of the request: an answer, or the failure that kept it away.
    pub fn told(&mut self, now: Moment, outcome: Result<Answer, Failure>) -> Result<(), AuthFailure> {
        match self.attempt.next.take() {
            Some(Call::SignIn) => self.signed_in(now, outcome),
            Some(Call::Refresh) => self.refreshed(now, outcome),
            Some(Call::DeviceList) => self.list_came(outcome),
            None => Ok(()),
        }
    }

    /// The gateway of the broker refused the upgrade as if the AWS keys were bad. Keys that had time to expire are
    /// renewed by the next attempt; for younger ones that would help little, so that only a forced renewal signs in.
    pub fn keys_refused(&mut self, now: Moment) {
        if let Some(tokens) = &mut self.tokens {
            tokens.aws.refused(now);
        }
    }

    /// The AWS keys, once signed in.
    pub fn keys(&self) -> Option<&AwsKeys> {
        self.tokens.as_ref().map(|tokens| &tokens.aws)
    }

    /// The devices, if the latest attempt asked for them and had an answer.
    pub fn listed(&self) -> Option<&[Device]> {
        self.devices.as_deref().filter(|_| self.attempt.listed)
    }

    fn first(&self, now: Moment, renewal: Renewal) -> Option<Call> {
        let Some(tokens) = &self.tokens else { return Some(Call::SignIn) };
        let (sign_in, refresh, list) = match renewal {
            Renewal::AsNeeded => (tokens.aws.expired(now), tokens.expired(now), self.devices.is_none()),
            Renewal::Forced => (tokens.aws.expired(now) || tokens.aws.doubted, true, true),
            Renewal::Devices => (false, tokens.expired(now), true),
        };
        match (sign_in, refresh) {
            (true, _) => Some(Call::SignIn),
            (false, true) => Some(self.refresh_call()),
            (false, false) => list.then_some(Call::DeviceList),
        }
    }

    fn refresh_call(&self) -> Call {
        let token = self.tokens.as_ref().and_then(|tokens| tokens.refresh.as_ref());
        token.map_or(Call::SignIn, |_| Call::Refresh)
    }

    fn signed_in(&mut self, now: Moment, outcome: Result<Answer, Failure>) -> Result<(), AuthFailure> {
        self.attempt.signed_in = true;
        let answer = outcome.map_err(AuthFailure::passing)?;
        let (grant, aws) = answer.signed_in().map_err(|refusal| self.not_signed_in(&refusal))?;
        self.tokens = Some(Tokens::received(now, grant, aws));
        self.attempt.next = Some(Call::DeviceList);
        Ok(())
    }

    fn refreshed(&mut self, now: Moment, outcome: Result<Answer, Failure>) -> Result<(), AuthFailure> {
        match self.grant(outcome) {
            Ok(grant) => {
                self.tokens.iter_mut().for_each(|tokens| tokens.refreshed(now, grant.clone()));
                self.attempt.next = Some(Call::DeviceList);
                Ok(())
            }
            Err(failure) if self.attempt.signed_in => self.give_up(failure),
            Err(failure) => {
                tracing::info!(%failure, "signing in instead");
                self.attempt.next = Some(Call::SignIn);
                Ok(())
            }
        }
    }

    fn grant(&self, outcome: Result<Answer, Failure>) -> Result<Grant, AuthFailure> {
        let answer = outcome.map_err(AuthFailure::passing)?;
        answer.refreshed().map_err(|refusal| self.unavailable("the request for a new token", &refusal))
    }

    fn list_came(&mut self, outcome: Result<Answer, Failure>) -> Result<(), AuthFailure> {
        let refusal = match outcome.map(|answer| answer.devices()) {
            Ok(Ok(page)) => {
                self.page_came(page);
                return Ok(());
            }
            Ok(Err(refusal)) => refusal,
            Err(failure) => return self.without_list(AuthFailure::passing(failure)),
        };
        let failure = self.unavailable("the request for the devices", &refusal);
        match refusal.kind {
            RefusalKind::Unauthorised => self.token_refused(failure),
            RefusalKind::UnknownUser | RefusalKind::Other => self.without_list(failure),
        }
    }

    /// Only a list that is whole takes the place of the one that is known.
    fn page_came(&mut self, page: Page) {
        match self.attempt.listing.take(page) {
            Rest::Another => self.attempt.next = Some(Call::DeviceList),
            Rest::Nothing => {
                self.devices = Some(std::mem::take(&mut self.attempt.listing).into_devices());
                self.attempt.listed = true;
            }
        }
    }

    /// One refresh, one repeat. Where that does not help either, the attempt has failed.
    fn token_refused(&mut self, failure: AuthFailure) -> Result<(), AuthFailure> {
        let call = self.refresh_call();
        if self.attempt.token_refused || (call == Call::SignIn && self.attempt.signed_in) {
            return self.give_up(failure);
        }
        self.attempt.token_refused = true;
        self.attempt.next = Some(call);
        Ok(())
    }

    /// The devices that are known already will do.
    fn without_list(&self, failure: AuthFailure) -> Result<(), AuthFailure> {
        if self.devices.is_none() {
            return Err(failure);
        }
        tracing::info!(%failure, "going on with the devices that are known");
        Ok(())
    }

    /// Tokens that the service gives and does not take are forgotten, so that the next attempt signs in.
    fn give_up(&mut self, failure: AuthFailure) -> Result<(), AuthFailure> {
        self.tokens = None;
        Err(failure)
    }

    fn not_signed_in(&self, refusal: &Refusal) -> AuthFailure {
        let status = refusal.status;
        let rejected = match refusal.kind {
            RefusalKind::Unauthorised => format!(
                "the Navien service refused the e-mail address or the password (HTTP {status}): check NAVIEN_EMAIL \
                 and NAVIEN_PASSWORD; the NaviLink app has to take the same"
            ),
            RefusalKind::UnknownUser => format!(
                "the Navien service knows no account with this e-mail address (HTTP {status}): check NAVIEN_EMAIL; \
                 it is the address that the NaviLink app signs in with"
            ),
            RefusalKind::Other => return self.unavailable("the sign-in", refusal),
        };
        let failure = SignInFailure::Rejected { words: rejected, http_status: Some(status) };
        AuthFailure { finality: Finality::Final, failure: Failure::SignIn(failure) }
    }

    fn unavailable(&self, asked: &str, refusal: &Refusal) -> AuthFailure {
        let told = refusal.told(self.secrets());
        let advice = advice(refusal.status);
        let words = format!("the Navien service answered {asked} with {told}{advice}");
        let failure = SignInFailure::Unavailable { words, http_status: Some(refusal.status) };
        AuthFailure::passing(Failure::SignIn(failure))
    }

    /// All that no sentence may hold.
    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let tokens = self.tokens.iter().flat_map(|tokens| {
            let keys = [&tokens.access, &tokens.aws.access_key_id, &tokens.aws.secret_key];
            keys.into_iter().chain(&tokens.refresh).chain(&tokens.aws.session_token)
        });
        [&self.email, &self.password].into_iter().chain(tokens)
    }
}

/// What a status means to somebody who wanted credentials.
const fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => ": it points somewhere else, and that is not followed",
        403 => ": it does not let us in",
        404 => ": is the address of the service right?",
        429 => ": it is asked too often",
        500..=599 => ": it is in trouble",
        _ => "",
    }
}
