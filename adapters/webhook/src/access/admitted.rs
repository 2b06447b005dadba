//! A client that has passed access control.

use std::sync::Arc;

use netvane_core::{
    Caller, Credential, Engine, Input, Platform, Request, request::http_request::HttpRequestInfo,
    settings::keys::Scope,
};

use super::{
    refusal::{Refusal, SEND_A_KEY},
    signature::Signature,
};

/// Most lines in a batch that is sent with neither key nor signature.
pub(crate) const MOST_ANONYMOUS_LINES: u64 = 100;

/// A client that has passed access control.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    /// The client as the engine sees it: platform, identifier, address, credential.
    pub(crate) caller: Caller,
    scopes: Vec<Scope>,
}

/// The credentials in a request's header fields: an API key, a signature, or neither.
pub(crate) struct Head {
    /// Name and scopes of the key.
    pub(crate) key: Option<(String, Vec<Scope>)>,
    pub(crate) signature: Option<Signature>,
}

impl Head {
    /// Returns the admitted client. Call this only after the signature, if there is one, has been
    /// verified over the body.
    pub(crate) fn admitted(self, engine: &Engine, http_request: &HttpRequestInfo) -> Admitted {
        let (credential, scopes) = match (self.key, self.signature) {
            (Some((name, scopes)), _) => (Some(Credential::ApiKey(name)), scopes),
            (None, Some(_)) => (Some(Credential::Signature), Scope::ALL.to_vec()),
            (None, None) => (None, Scope::ALL.to_vec()),
        };
        let runtime = engine.runtime();
        let address = http_request.caller(&runtime.proxies);
        let own = credential.is_none() && runtime.is_operator(http_request);
        Admitted {
            caller: Caller {
                credential,
                address: Some(address),
                own,
                ..Caller::default()
            },
            scopes,
        }
    }
}

impl Admitted {
    /// Checks that the client's key covers this scope; anonymous clients and other keys are
    /// refused.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), Refusal> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        if self.is_anonymous() {
            let why =
                format!("`{scope}` requires authentication: {SEND_A_KEY}, or sign the request");
            return Err(Refusal::unauthorized(why, None));
        }
        Err(Refusal::out_of_scope(scope))
    }

    /// Whether the request came with neither a key nor a signature.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.caller.credential.is_none()
    }

    /// Whether this line number exceeds the batch limit of anonymous clients.
    pub(crate) fn is_over(&self, line: u64) -> bool {
        self.is_anonymous() && !self.caller.own && line > MOST_ANONYMOUS_LINES
    }

    /// Builds the engine's request from the client's input and its HTTP request.
    pub(crate) fn request(self, input: Input, http_request: Arc<HttpRequestInfo>) -> Request {
        Request::new(Platform::Http, input)
            .by(self.caller)
            .brought_by(http_request)
    }
}

/// Builds the request for a page about the visitor's own request, which needs no key.
pub(crate) fn visitor(
    engine: &Engine,
    input: Input,
    http_request: Arc<HttpRequestInfo>,
) -> Request {
    Head {
        key: None,
        signature: None,
    }
    .admitted(engine, &http_request)
    .request(input, http_request)
}
