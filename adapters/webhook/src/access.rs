//! Who may ask: whoever has an API key or signs the request, and everybody where the settings say so.
//!
//! What is wrong is never taken for nothing: a request with a wrong key or a wrong signature is refused, also where one
//! with neither would be answered.

mod cors;
pub(crate) mod signature;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use netvane_core::{
    Caller, Credential, Failure, Input, Platform, Request, UsageError,
    request::http_request::Visit,
    settings::{
        self, Secret,
        keys::{ApiKeys, Scope},
    },
};
use tokio::sync::watch;

use crate::{App, ask, problem};
pub(crate) use cors::cors;
use signature::{Secrets, Signature};

/// Lines that a batch may have when it is sent with neither key nor signature.
pub(crate) const MOST_ANONYMOUS_LINES: u64 = 100;

/// Schemes by which a browser shows its user to a proxy in front, request after request.
const FOR_OTHERS: [&str; 3] = ["basic", "digest", "negotiate"];

/// Who is let in.
pub(crate) struct Gate {
    anonymous: bool,
    keys: ApiKeys,
    secrets: Secrets,
}

/// Someone who may ask.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    /// Who it is.
    pub(crate) caller: Caller,
    scopes: Vec<Scope>,
}

/// Why someone may not, and how they could.
#[derive(Debug)]
pub(crate) struct Refusal {
    failure: Box<Failure>,
    challenge: Option<String>,
}

/// What a request's head says of its sender.
struct Head {
    /// Name and scopes of the key.
    key: Option<(String, Vec<Scope>)>,
    signature: Option<Signature>,
}

impl Gate {
    /// From settings that have been checked.
    pub(crate) fn new(http: &settings::Http) -> std::io::Result<Self> {
        let invalid = |fault: String| std::io::Error::new(std::io::ErrorKind::InvalidInput, fault);
        Ok(Self {
            anonymous: http.anonymous,
            keys: ApiKeys::read(http.api_keys.iter().map(Secret::reveal)).map_err(invalid)?,
            secrets: Secrets::read(&http.inbound_secrets).map_err(invalid)?,
        })
    }

    fn head(&self, headers: &HeaderMap) -> Result<Head, Refusal> {
        let head = Head {
            key: self.key(headers)?,
            signature: self.secrets.claimed(headers)?,
        };
        if head.key.is_none() && head.signature.is_none() && !self.anonymous {
            let mut ways = vec!["an API key, as `Authorization: Bearer nvk_…`"];
            if !self.secrets.is_empty() {
                ways.push("a signature (Standard Webhooks)");
            }
            return Err(Refusal::unauthorized(
                format!("this service wants {}", ways.join(" or ")),
                None,
            ));
        }
        Ok(head)
    }

    fn key(&self, headers: &HeaderMap) -> Result<Option<(String, Vec<Scope>)>, Refusal> {
        let mut lines = headers.get_all(header::AUTHORIZATION).iter();
        let Some(line) = lines.next() else {
            return Ok(None);
        };

        if lines.next().is_some() {
            let twice = UsageError::argument("`Authorization` is there twice; send one");
            return Err(Refusal::from(Failure::from(twice)));
        }

        let text = line.to_str().unwrap_or_default().trim();
        let (scheme, given) = text.split_once(' ').unwrap_or((text, ""));

        if FOR_OTHERS
            .iter()
            .any(|other| scheme.eq_ignore_ascii_case(other))
        {
            return Ok(None);
        }

        if !scheme.eq_ignore_ascii_case("bearer") {
            let how = "`Authorization` is not understood; an API key is sent as `Authorization: Bearer nvk_…`";
            return Err(Refusal::unauthorized(how.into(), Some("invalid_request")));
        }

        match self.keys.find(given.trim()) {
            Some(key) => Ok(Some((key.name.clone(), key.scopes.clone()))),
            None => {
                metrics::counter!("netvane_http_refused_total", "credential" => "key").increment(1);
                let why = if self.keys.is_empty() {
                    "this service knows no API keys; send the request without one"
                } else {
                    "this API key is not known here, or has expired"
                };
                Err(Refusal::unauthorized(why.into(), Some("invalid_token")))
            }
        }
    }
}

impl Refusal {
    fn unauthorized(why: String, error: Option<&str>) -> Self {
        let error = error
            .map(|error| format!(", error=\"{error}\""))
            .unwrap_or_default();
        Self {
            failure: Failure::Unauthorized(why).into(),
            challenge: Some(format!("Bearer realm=\"netvane\"{error}")),
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure: failure.into(),
            challenge: None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = problem::failure(&self.failure);
        if let Some(challenge) = self
            .challenge
            .and_then(|text| HeaderValue::try_from(text).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl Head {
    /// Who it is, once the signature, if there is one, has been found to be right.
    fn admitted(self, app: &App, visit: &Visit) -> Admitted {
        let (credential, scopes) = match (self.key, self.signature) {
            (Some((name, scopes)), _) => (Some(Credential::ApiKey(name)), scopes),
            (None, Some(_)) => (Some(Credential::Signature), Scope::ALL.to_vec()),
            (None, None) => (None, Scope::ALL.to_vec()),
        };
        let address = visit.caller(&app.engine.runtime().proxies);
        let own = credential.is_none() && app.engine.runtime().is_own(address);
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
    /// Whether they may do this, too.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), Refusal> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        if self.is_anonymous() {
            let why = format!("`{scope}` takes an API key, or a signature");
            return Err(Refusal::unauthorized(why, None));
        }
        Err(Refusal {
            failure: Failure::Forbidden(format!("this API key is not for `{scope}`")).into(),
            challenge: Some(format!(
                "Bearer realm=\"netvane\", error=\"insufficient_scope\", scope=\"{scope}\""
            )),
        })
    }

    /// Neither a key nor a signature came with the request.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.caller.credential.is_none()
    }

    /// Whether this line of a batch is one too many.
    pub(crate) fn is_over(&self, line: u64) -> bool {
        self.is_anonymous() && !self.caller.own && line > MOST_ANONYMOUS_LINES
    }

    /// What they ask.
    pub(crate) fn request(self, input: Input, visit: Arc<Visit>) -> Request {
        Request::new(Platform::Http, input)
            .by(self.caller)
            .brought_by(visit)
    }
}

/// Takes up who is let in, each time that the settings change.
pub(crate) async fn follow(
    gate: Arc<ArcSwap<Gate>>,
    mut changing: watch::Receiver<settings::Http>,
) {
    while changing.changed().await.is_ok() {
        match Gate::new(&changing.borrow_and_update()) {
            Ok(new) => gate.store(Arc::new(new)),
            Err(error) => tracing::error!(%error, "who is let in stays as it was"),
        }
    }
}

/// A question of whoever opens a page about their own request: everybody may.
pub(crate) fn visitor(app: &App, input: Input, visit: Arc<Visit>) -> Request {
    Head {
        key: None,
        signature: None,
    }
    .admitted(app, &visit)
    .request(input, visit)
}

/// Lets in who may do this, by the head of the request alone. A signature is one over an empty body then, so a request
/// whose body is read as it comes cannot have one.
pub(crate) async fn admit(app: &App, visit: &Visit, scope: Scope) -> Result<Admitted, Refusal> {
    let gate = app.gate.load_full();
    let head = gate.head(&visit.headers)?;
    if let Some(signature) = &head.signature {
        if !matches!(visit.method, Method::GET | Method::HEAD) {
            let how = "a signature covers the whole body, and this one is read as it comes; use an API key";
            return Err(Refusal::unauthorized(how.into(), None));
        }
        gate.secrets
            .settle(signature, b"", app.store.as_ref())
            .await?;
    }
    let admitted = head.admitted(app, visit);
    admitted.may(scope).map(|()| admitted)
}

/// The same with the body, which is read only for those whose head is in order.
pub(crate) async fn admit_with_body(
    app: &App,
    visit: &Visit,
    scope: Scope,
    body: Body,
) -> Result<(Admitted, Bytes), Response> {
    let gate = app.gate.load_full();
    let head = gate.head(&visit.headers).map_err(Refusal::into_response)?;
    let body = ask::body(app, body).await?;
    if let Some(signature) = &head.signature {
        let settled = gate
            .secrets
            .settle(signature, &body, app.store.as_ref())
            .await;
        settled.map_err(Refusal::into_response)?;
    }
    let admitted = head.admitted(app, visit);
    admitted.may(scope).map_err(Refusal::into_response)?;
    Ok((admitted, body))
}
