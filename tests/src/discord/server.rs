//! The HTTP server: checks that apply to every request, before and after its handler.

mod checks;
mod routes;

use std::sync::Arc;

use axum::{
    Router,
    body::{Body as HttpBody, to_bytes},
    extract::{FromRequestParts, Request, State as Extract, WebSocketUpgrade},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::Notify};

use super::{
    body::Body,
    connection,
    refusal::Refusal,
    route::Route,
    state::{Call, Fault, Shared, State},
};
use checks::{admit, count, excused, provoked};
use routes::dispatch;

pub(crate) use routes::{ANSWER_WITHIN, is_bot};

/// Largest body in bytes: more than any request that Discord accepts.
const LARGEST: usize = 64 * 1024 * 1024;

/// A status and a body, or a refusal.
pub(crate) type Answer = Result<(u16, Option<Value>), Refusal>;

/// Cuts the connection that a request came on.
#[derive(Clone)]
struct Cut(Arc<Notify>);

/// Serves until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let router = Router::new().fallback(answer).with_state(shared);
    while let Ok((stream, _)) = listener.accept().await {
        let cut = Cut(Arc::default());
        let router = router.clone().layer(axum::Extension(cut.clone()));
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(router);
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = cut.0.notified() => {}
            }
        });
    }
}

async fn answer(Extract(shared): Extract<Arc<Shared>>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    if path == "/gateway" {
        let query = parts.uri.query().unwrap_or_default().to_owned();
        return match WebSocketUpgrade::from_request_parts(&mut parts, &shared).await {
            Ok(upgrade) => {
                upgrade.on_upgrade(move |socket| connection::converse(socket, query, shared))
            }
            Err(error) => error.into_response(),
        };
    }
    if path.starts_with("/attachments/") {
        return file(&shared, &path);
    }
    let Some(path) = path.strip_prefix("/api/v10") else {
        shared.with(|state| {
            state.violation(format!("{} {path} is no part of the API", parts.method))
        });
        return (StatusCode::NOT_FOUND, "404: Not Found").into_response();
    };
    api(&shared, &parts, path, body).await
}

fn file(shared: &Shared, path: &str) -> Response {
    match shared.lock().files.get(path).cloned() {
        Some((kind, bytes)) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        None => (
            StatusCode::NOT_FOUND,
            "This content is no longer available.",
        )
            .into_response(),
    }
}

async fn api(shared: &Arc<Shared>, parts: &Parts, path: &str, body: HttpBody) -> Response {
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_default();
    let body = Body::read(&parts.headers, bytes).await;
    let request = format!("{} {path}", parts.method);
    let (index, fault) = shared.with(|state| {
        state.calls.push(Call {
            at: state.now(),
            method: parts.method.to_string(),
            path: path.to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body: body.as_ref().map_or_else(|_| Body::default(), Clone::clone),
            status: 0,
        });
        (state.calls.len() - 1, state.fault(&request))
    });

    let cut = parts.extensions.get::<Cut>().cloned();
    let drop_connection = async || {
        cut.as_ref()
            .expect("every connection has one")
            .0
            .notify_one();
        std::future::pending::<Response>().await
    };

    match fault {
        Some(Fault::Drop) => return drop_connection().await,
        Some(Fault::Slow(delay)) => tokio::time::sleep(delay).await,
        _ => {}
    }

    let response = shared.with(|state| {
        let (status, headers, body) = respond(shared, state, parts, path, body, fault.as_ref());
        state.calls[index].status = status;
        write(status, headers, body)
    });

    if matches!(fault, Some(Fault::Lose)) {
        drop_connection().await
    } else {
        response
    }
}

type Headers = Vec<(&'static str, String)>;

fn respond(
    shared: &Shared,
    state: &mut State,
    parts: &Parts,
    path: &str,
    body: Result<Body, Refusal>,
    fault: Option<&Fault>,
) -> (u16, Headers, Option<Value>) {
    let (method, request) = (parts.method.as_str(), format!("{} {path}", parts.method));
    let route = Route::find(path);
    let bucket = route.as_ref().and_then(|route| route.bucket(method));

    if let Some(answer) = fault.and_then(|fault| provoked(state, bucket.as_ref(), &request, fault))
    {
        return answer;
    }

    let headers = match count(state, bucket.as_ref(), &request) {
        Ok(headers) => headers,
        Err(refused) => return refused,
    };

    let answer = admit(route.as_ref(), parts, body).and_then(|(route, body)| {
        let answer = dispatch(shared, state, method, parts.uri.query(), route, &body)?;
        // A request that the fake accepts must also match the description; otherwise the fake is
        // too lenient.
        if let Err(error) = shared.spec.check(method, path, &body.json) {
            state.violation(format!("{request} is not as Discord describes it: {error}"));
        }
        Ok(answer)
    });

    match answer {
        Ok((status, body)) => (status, headers, body),
        Err(refusal) => {
            if !excused(state, route.as_ref(), &refusal) {
                state.refused(&request, &refusal);
            }
            (refusal.status, headers, Some(refusal.body()))
        }
    }
}

fn write(status: u16, headers: Headers, body: Option<Value>) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = match body {
        Some(body) => (status, axum::Json(body)).into_response(),
        None => status.into_response(),
    };
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_str(&value).expect("a header"));
    }
    response
}
