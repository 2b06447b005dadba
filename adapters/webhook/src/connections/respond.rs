//! What happens to each request before and after the router: the bounds of its client.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, HttpBody},
    http::{Request, Response, header},
};
use hyper::{body::Incoming, service::Service};
use hyper_util::service::TowerToHyperService;
use netvane_core::{
    Caller, Credential, Failure,
    request::http_request::{Connection, HttpRequestInfo},
};

use super::{
    body::CountedBody,
    clients::{ConnectedClient, Unit},
    open::{OpenConnection, OpenRequest},
    registry::Registry,
    unread::HeldBytes,
};
use crate::{app::App, response::problem};

/// Open requests that one client may have for each connection that it may have: streams of HTTP/2,
/// or connections of a proxy.
const REQUESTS: usize = 4;

/// The service of one connection.
#[derive(Clone)]
pub(super) struct Responder {
    pub(super) app: App,
    pub(super) router: TowerToHyperService<Router>,
    pub(super) registry: Registry,
    pub(super) open: Arc<OpenConnection>,
    pub(super) connection: Connection,
}

impl Service<Request<Incoming>> for Responder {
    type Response = Response<CountedBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let responder = self.clone();
        Box::pin(async move { Ok(responder.respond(request).await) })
    }
}

impl Responder {
    async fn respond(self, mut request: Request<Incoming>) -> Response<CountedBody> {
        let begun = self.open.begin_request();
        let key = self.key(&request);
        let client = self.client(&request, key.as_deref());

        if self.open.in_reserve.load(Relaxed) && !self.may_stay(&request, key.is_some()) {
            let mut response = problem::failure(&Failure::Unavailable(
                "All connections are in use. Try again later.".into(),
            ));
            let close = axum::http::HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            return self.counted(response, &client, (begun, None));
        }

        let most = self.registry.most().per_client.saturating_mul(REQUESTS);
        let Some(unit) = client.request(most) else {
            let refused = busy("You have too many open requests.");
            return self.counted(refused, &client, (begun, None));
        };
        if !self.open.room().await {
            let refused = busy("This connection has too many unread responses.");
            return self.counted(refused, &client, (begun, Some(unit)));
        }

        request.extensions_mut().insert(self.connection.clone());
        let Ok(response) = self.router.call(request).await;
        self.counted(response, &client, (begun, Some(unit)))
    }

    /// Returns the name of the request's API key, if it is valid.
    fn key(&self, request: &Request<Incoming>) -> Option<String> {
        if !request.headers().contains_key(header::AUTHORIZATION) {
            return None;
        }
        self.app.gate.load().valid_key(request.headers())
    }

    /// Whether a request that came over the reserve is one that the reserve is for.
    fn may_stay(&self, request: &Request<Incoming>, has_key: bool) -> bool {
        matches!(request.uri().path(), "/healthz" | "/readyz")
            || self.registry.promote(&self.open, has_key)
    }

    /// Returns the client that the response is charged to.
    fn client(&self, request: &Request<Incoming>, key: Option<&str>) -> Arc<ConnectedClient> {
        let caller = match (key, self.open.client()) {
            (Some(key), _) => Caller {
                credential: Some(Credential::ApiKey(key.to_owned())),
                ..Caller::default()
            },
            (None, Some(client)) => return client.clone(),
            // Of a trusted proxy: the client is the one that it names.
            (None, None) => Caller {
                address: Some(
                    self.head(request)
                        .caller(&self.app.engine.runtime().proxies),
                ),
                ..Caller::default()
            },
        };
        self.registry.clients().find(caller.name())
    }

    fn head(&self, request: &Request<Incoming>) -> HttpRequestInfo {
        HttpRequestInfo {
            connection: self.connection.clone(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            for_others: false,
            id: None,
        }
    }

    /// Charges a response to its client; one that does not fit is replaced by a short error.
    fn counted(
        &self,
        response: Response<Body>,
        client: &Arc<ConnectedClient>,
        request: (OpenRequest, Option<Unit>),
    ) -> Response<CountedBody> {
        let (clients, bytes) = (self.registry.clients(), known_length(response.body()));
        let (response, held) = match HeldBytes::charge_on(&self.open, clients, client, bytes) {
            Some(held) => (response, held),
            None => {
                let refused = busy("You have too many unread responses.");
                (refused, HeldBytes::nothing(&self.open, clients, client))
            }
        };
        response.map(|body| CountedBody::new(body, held, self.open.clone(), request))
    }
}

fn known_length(body: &Body) -> usize {
    let length = body.size_hint().exact().unwrap_or_default();
    usize::try_from(length).unwrap_or(usize::MAX)
}

fn busy(message: &str) -> Response<Body> {
    problem::failure(&Failure::RateLimited {
        message: format!("{message} Read or close some of them."),
        retry_after: Duration::from_secs(1),
    })
}
