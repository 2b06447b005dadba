//! The HTTP server: connections, tokens, faults, and the record of calls.

use std::{io, sync::Arc, time::Instant};

use axum::{
    body::Body,
    http::{Request, Response, StatusCode, header::CONTENT_TYPE},
};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::{
    Call,
    faults::Fault,
    methods,
    parameters::Parameters,
    refusal::{Answer, Refusal},
    rooms::file_path,
    state::{Shared, State},
    updates,
};

/// Serves until the runtime ends.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, shared.clone()));
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let shared = shared.clone();
        // Without a response, the connection is closed.
        async move {
            route(&shared, request.map(Body::new))
                .await
                .ok_or(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    });
    let server = Builder::new(TokioExecutor::new()).http1_only();
    let _ = server.serve_connection(TokioIo::new(stream), service).await;
}

async fn route(shared: &Arc<Shared>, request: Request<Body>) -> Option<Response<Body>> {
    // Clients may encode the slashes of a file's path as %2F.
    let path = request.uri().path().replace("%2F", "/").replace("%3A", ":");
    let (file, rest) = match path.strip_prefix("/file/bot") {
        Some(rest) => (true, rest),
        None => (false, path.strip_prefix("/bot").unwrap_or_default()),
    };
    let (token, name) = rest.split_once('/').unwrap_or_default();
    let authorized = shared.change(|state| {
        let authorized = authorize(state, token);
        if let Err(refusal) = &authorized {
            let told = (refusal.code, Some(refusal.description.clone()));
            note(state, name, &Parameters::default(), told, None);
        }
        authorized
    });

    if let Err(refusal) = authorized {
        return Some(refused(&refusal));
    }

    if file {
        Some(download(&shared.lock(), name))
    } else {
        method(shared, name, request).await
    }
}

fn authorize(state: &mut State, token: &str) -> Result<(), Refusal> {
    if state.revoked {
        return Err(Refusal::unauthorized());
    }
    if token == state.token {
        return Ok(());
    }
    state.violation(format!("a call with the token {token:?}"));
    let (id, secret) = token.split_once(':').unwrap_or_default();
    let formed = !secret.is_empty() && !id.is_empty() && id.chars().all(|c| c.is_ascii_digit());
    Err(if formed {
        Refusal::unauthorized()
    } else {
        Refusal::not_found()
    })
}

fn download(state: &State, path: &str) -> Response<Body> {
    match state.files.iter().find(|(id, _)| file_path(id) == path) {
        Some((_, file)) => Response::new(Body::from(file.bytes.to_vec())),
        None => refused(&Refusal::new(404, "Not Found: invalid file_path")),
    }
}

async fn method(
    shared: &Arc<Shared>,
    name: &str,
    request: Request<Body>,
) -> Option<Response<Body>> {
    let fault = shared.change(|state| state.faults.get_mut(&name.to_lowercase())?.pop_front());
    let read = Parameters::read(request).await;
    let parameters = match read {
        Ok(parameters) => parameters,
        Err(refusal) => {
            let answer = Err(refusal.clone());
            shared.change(|state| record(state, name, &Parameters::default(), &answer));
            return Some(refused(&refusal));
        }
    };

    let injected = |status| {
        let told = (status, Some("a fault that the test wanted".to_owned()));
        shared.change(|state| note(state, name, &parameters, told, None));
    };

    match fault {
        Some(Fault::Drop) => injected(0),
        Some(Fault::Status(status)) => injected(status),
        Some(Fault::Flood(_)) => injected(429),
        _ => {}
    }

    match fault {
        Some(Fault::Drop) => return None,
        Some(Fault::Status(status)) => return Some(broken(status)),
        Some(Fault::Flood(seconds)) => {
            let chat = parameters
                .get("chat_id")
                .and_then(Value::as_i64)
                .unwrap_or_default();
            shared.change(|state| state.flood.pause(chat, seconds));
            return Some(refused(&Refusal::flood(seconds)));
        }
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        Some(Fault::Lose) | None => {}
    }

    let answer = answer(shared, name, parameters).await;
    if matches!(fault, Some(Fault::Lose)) {
        return None;
    }

    Some(match answer {
        Ok(result) => respond(StatusCode::OK, &json!({ "ok": true, "result": result })),
        Err(refusal) => refused(&refusal),
    })
}

async fn answer(shared: &Arc<Shared>, name: &str, mut parameters: Parameters) -> Answer {
    match methods::find(name) {
        Some(method @ ("getUpdates", ..)) => {
            let wrong = methods::check(&shared.lock(), method, &mut parameters);
            let answer = match wrong.first() {
                Some(first) => Err(Refusal::bad(first)),
                None => updates::get(shared, &parameters).await,
            };
            if answer.is_err() {
                shared.change(|state| record(state, method.0, &parameters, &answer));
            }
            answer
        }
        _ => shared.change(|state| call(state, name, parameters)),
    }
}

/// Handles a call of any method that does not wait.
pub(super) fn call(state: &mut State, name: &str, mut parameters: Parameters) -> Answer {
    let Some(method) = methods::find(name) else {
        let answer = Err(Refusal::not_found());
        record(state, name, &parameters, &answer);
        return answer;
    };
    let wrong = methods::check(state, method, &mut parameters);
    let answer = match wrong.first() {
        Some(first) => Err(Refusal::bad(first)),
        None => methods::carry_out(state, method.0, &parameters),
    };
    for other in wrong.iter().skip(1) {
        state.violation(format!("refused: {other}"));
    }
    record(state, method.0, &parameters, &answer);
    answer
}

/// Records a call; if the platform refuses it because of the bot, that is a violation.
fn record(state: &mut State, method: &str, parameters: &Parameters, answer: &Answer) {
    let (status, description) = match answer {
        Ok(_) => (200, None),
        Err(refusal) => (refusal.code, Some(refusal.description.clone())),
    };
    let excused = answer
        .as_ref()
        .err()
        .is_none_or(|refusal| refusal.parameters.is_some());
    if matches!(status, 400 | 404 | 409 | 413) && !excused {
        state.violation(format!(
            "refused: {method}: {}",
            description.as_deref().unwrap_or_default()
        ));
    }
    note(
        state,
        method,
        parameters,
        (status, description),
        answer.as_ref().ok().cloned(),
    );
}

/// Adds a call to the record.
fn note(
    state: &mut State,
    method: &str,
    parameters: &Parameters,
    (status, description): (u16, Option<String>),
    result: Option<Value>,
) {
    state.calls.push(Call {
        method: methods::find(method)
            .map_or(method, |known| known.0)
            .to_owned(),
        parameters: Value::Object(parameters.values.clone()),
        status,
        description,
        result,
        at: Instant::now(),
    });
}

fn refused(refusal: &Refusal) -> Response<Body> {
    respond(
        StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::BAD_REQUEST),
        &refusal.json(),
    )
}

fn respond(status: StatusCode, json: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(json.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        "application/json".parse().expect("a header value"),
    );
    response
}

/// Returns an error response of the platform's proxies, as if its backend were down.
fn broken(status: u16) -> Response<Body> {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let reason = code.canonical_reason().unwrap_or_default();
    if status == 409 {
        return refused(&Refusal::conflict(updates::OTHER_POLL));
    }
    if status < 502 {
        return refused(&Refusal::new(status, reason));
    }
    let mut response = Response::new(Body::from(format!(
        "<html><h1>{status} {reason}</h1></html>"
    )));
    *response.status_mut() = code;
    response
}
