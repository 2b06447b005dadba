//! The HTTP server: checks that apply to every request, before and after its handler.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body as HttpBody, to_bytes},
    extract::{FromRequestParts, Request, State as Extract, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};

use super::{
    body::Body,
    commands, connection, interactions, messages,
    rate::{Bucket, Limited},
    refusal::Refusal,
    route::Route,
    state::{APPLICATION, BOT, Call, Fault, Shared, State, TOKEN, bot},
};

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

type Answered = (u16, Headers, Option<Value>);

/// Returns the error that a test requested instead of the normal response.
fn provoked(
    state: &mut State,
    bucket: Option<&Bucket>,
    request: &str,
    fault: &Fault,
) -> Option<Answered> {
    match fault {
        Fault::Status(status) => Some((*status, Vec::new(), Some(failure(*status)))),
        Fault::Limit {
            retry_after,
            global,
        } => {
            state.rates.flood(bucket, request, *global, *retry_after);
            let limited = Limited {
                retry_after: *retry_after,
                global: *global,
                violated: false,
            };

            Some(too_many(&limited, Vec::new()))
        }
        _ => None,
    }
}

/// Counts a request; returns the rate limit header fields, or a refusal if it exceeds the limit.
fn count(state: &mut State, bucket: Option<&Bucket>, request: &str) -> Result<Headers, Answered> {
    let mut counted = state.rates.count(bucket, request);
    if bucket.is_none() {
        counted = counted.and_then(|()| state.rates.waits(request));
    }

    let headers = bucket.map_or_else(Vec::new, |bucket| state.rates.headers(bucket));

    if let Err(limited) = counted {
        state.limited(request, &limited);
        return Err(too_many(&limited, headers));
    }

    Ok(headers)
}

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

/// Whether a refusal was caused by the test itself, so that it is no violation.
fn excused(state: &State, route: Option<&Route<'_>>, refusal: &Refusal) -> bool {
    let token = match route {
        Some(
            Route::Callback { token, .. }
            | Route::Followup { token, .. }
            | Route::Answer { token, .. },
        ) => Some(*token),
        _ => None,
    };

    let expired = state
        .interactions
        .iter()
        .any(|i| Some(i.token.as_str()) == token && i.expired);
    let deleted = |id: &str| {
        state
            .messages
            .iter()
            .any(|message| message.id == id && message.now().is_null())
    };

    match (refusal.code, route) {
        (10062 | 50027, _) => expired,
        (10008, Some(Route::Message { message, .. })) => deleted(message),
        (
            10008,
            Some(Route::Answer {
                message: "@original",
                token,
                ..
            }),
        ) => {
            let interaction = state
                .interactions
                .iter()
                .find(|interaction| interaction.token == *token);
            interaction
                .and_then(|found| found.original.as_deref())
                .is_some_and(deleted)
        }
        (10008, Some(Route::Answer { message, .. })) => deleted(message),
        _ => false,
    }
}

/// Checks the request's route, token and form.
fn admit<'a>(
    route: Option<&'a Route<'a>>,
    parts: &Parts,
    body: Result<Body, Refusal>,
) -> Result<(&'a Route<'a>, Body), Refusal> {
    let header = |name| text(&parts.headers, name);
    if !header(header::USER_AGENT).is_some_and(|agent| agent.starts_with("DiscordBot (")) {
        return Err(Refusal::new(403, 40333, "internal network error"));
    }
    let route = route.ok_or_else(|| Refusal::new(404, 0, "404: Not Found"))?;
    match header(header::AUTHORIZATION) {
        None if route.is_open() => {}
        Some(given) if given == format!("Bot {TOKEN}") => {}
        _ => return Err(Refusal::unauthorized()),
    }
    Ok((route, body?))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Refuses requests for another application.
fn ours(application: &str) -> Result<(), Refusal> {
    match application {
        APPLICATION => Ok(()),
        _ => Err(Refusal::new(
            403,
            20012,
            "You are not authorized to perform this action on this application",
        )),
    }
}

/// Refuses tokens of another application.
fn our_webhook(application: &str) -> Result<(), Refusal> {
    ours(application).map_err(|_| Refusal::new(404, 10015, "Unknown Webhook"))
}

fn dispatch(
    shared: &Shared,
    state: &mut State,
    method: &str,
    query: Option<&str>,
    route: &Route<'_>,
    body: &Body,
) -> Answer {
    match (method, route) {
        ("GET", Route::CurrentUser) => Ok((200, Some(bot()))),
        ("GET", Route::CurrentApplication) => Ok((200, Some(application(shared)))),
        ("GET", Route::GatewayUrl { bot }) => Ok((200, Some(gateway_url(shared, *bot)))),
        (_, Route::Commands { application, guild }) => {
            ours(application)?;
            commands::list(state, method, *guild, &body.json)
        }
        (
            _,
            Route::Command {
                application,
                guild,
                command,
            },
        ) => {
            ours(application)?;
            commands::one(state, method, *guild, command, &body.json)
        }
        ("POST", Route::Callback { interaction, token }) => {
            let wanted = query.is_some_and(|query| query.contains("with_response=true"));
            interactions::callback(shared, state, interaction, token, body, wanted)
        }
        ("POST", Route::Followup { application, token }) => {
            our_webhook(application)?;
            interactions::followup(shared, state, token, body)
        }
        (
            _,
            Route::Answer {
                application,
                token,
                message,
            },
        ) => {
            our_webhook(application)?;
            interactions::answer(shared, state, method, token, message, body)
        }
        ("POST", Route::Messages { channel }) => messages::send(shared, state, channel, body),
        ("GET", Route::Messages { channel }) => messages::list(state, channel),
        (_, Route::Message { channel, message }) => {
            messages::one(shared, state, method, channel, message, body)
        }
        ("POST", Route::Typing { channel }) => messages::reachable(channel).map(|()| (204, None)),
        _ => Err(Refusal::new(405, 0, "405: Method Not Allowed")),
    }
}

fn application(shared: &Shared) -> Value {
    let key = super::delivery::public_key(&shared.keys);
    json!({
        "id": APPLICATION, "name": "netvane", "icon": null, "description": "", "summary": "",
        "bot_public": true, "bot_require_code_grant": false, "verify_key": key, "flags": 0,
        "team": null, "rpc_origins": [], "bot": bot(),
        "owner": { "id": "1100000000000000009", "username": "owner", "discriminator": "0",
            "global_name": null, "avatar": null },
        "integration_types_config": { "0": {}, "1": {} },
    })
}

fn gateway_url(shared: &Shared, bot: bool) -> Value {
    let mut answer =
        json!({ "url": format!("{}/gateway", shared.origin.replace("http://", "ws://")) });
    if bot {
        answer["shards"] = json!(1);
        answer["session_start_limit"] = json!({ "total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1 });
    }
    answer
}

fn failure(status: u16) -> Value {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    json!({ "message": format!("{status}: {}", reason.unwrap_or("Error")), "code": 0 })
}

fn too_many(limited: &Limited, mut headers: Headers) -> (u16, Headers, Option<Value>) {
    let seconds = limited.retry_after.as_secs_f64();
    // The header has whole seconds, the body is more exact.
    headers.push(("retry-after", format!("{}", seconds.ceil())));
    headers.push((
        "x-ratelimit-scope",
        if limited.global { "global" } else { "user" }.to_owned(),
    ));
    if limited.global {
        headers.push(("x-ratelimit-global", "true".to_owned()));
    }
    let body = json!({
        "message": "You are being rate limited.", "retry_after": (seconds * 1000.0).ceil() / 1000.0,
        "global": limited.global,
    });
    (429, headers, Some(body))
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

/// Whether the bot is the author of a message.
pub(crate) fn is_bot(message: &Value) -> bool {
    message["author"]["id"] == BOT
}

/// Time within which an interaction must be answered.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
