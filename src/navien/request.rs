//! What is asked of the service: three requests, all POST, each with a JSON body.
//!
//! Only these are ever sent over HTTP; none of them changes anything on an appliance.

use serde_json::json;

use crate::secret::Secret;

/// How many entries one page of the device list holds at most, as the reference client asks.
pub(super) const PAGE_ENTRIES: usize = 20;

/// One request, ready to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Below the base URL, with a leading `/`.
    pub path: &'static str,
    /// The header `authorization`: the access token as it came, without `Bearer`.
    pub authorization: Option<Secret>,
    /// JSON.
    pub body: Secret,
}

impl Request {
    /// Signs in with e-mail and password.
    pub(super) fn sign_in(email: &Secret, password: &Secret) -> Self {
        let body = json!({ "userId": email.reveal(), "password": password.reveal() });
        Self::new("/user/sign-in", None, &body)
    }

    /// Asks for a new access token.
    pub(super) fn refresh(refresh_token: &Secret) -> Self {
        Self::new("/auth/refresh", None, &json!({ "refreshToken": refresh_token.reveal() }))
    }

    /// Asks for the devices of the account, from the `offset`th on.
    pub(super) fn device_list(access_token: &Secret, email: &Secret, offset: usize) -> Self {
        let body = json!({ "offset": offset, "count": PAGE_ENTRIES, "userId": email.reveal() });
        Self::new("/device/list", Some(access_token.clone()), &body)
    }

    fn new(path: &'static str, authorization: Option<Secret>, body: &serde_json::Value) -> Self {
        Self { path, authorization, body: Secret::new(body.to_string()) }
    }
}
