//! AWS IoT Core over WebSocket: the path of the upgrade is signed anew for every attempt (Signature Version 4).

use crate::io::clock;
use crate::io::dial::{AuthContext, AuthFacts, Authorize, Authorized, Pending};
use crate::secret::Secret;
use crate::session::attempt::DialError;
use crate::sigv4::{self, Credentials, IOT_SERVICE, Scope, SigningInput};

/// Signs for one region of AWS IoT.
#[derive(Debug, Clone)]
pub struct Signer {
    /// As `us-east-1`.
    pub region: String,
    /// Who signs.
    pub credentials: Credentials,
}

impl Signer {
    /// The path, signed now.
    pub(super) fn path(&self, context: AuthContext<'_>) -> Secret {
        sigv4::presign(&SigningInput {
            host_header: context.host_header,
            path: context.path,
            scope: Scope { region: &self.region, service: IOT_SERVICE },
            credentials: &self.credentials,
            time: clock::wall(),
        })
    }
}

impl Authorize for Signer {
    fn authorize<'a>(
        &'a self,
        context: AuthContext<'a>,
        _facts: &'a mut AuthFacts,
    ) -> Pending<'a, Result<Authorized, DialError>> {
        Box::pin(async move { Ok(Authorized { path: Some(self.path(context)), learned: None }) })
    }
}
