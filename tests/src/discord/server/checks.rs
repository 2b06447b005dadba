//! Checks of every request before its handler, and the errors that a test requests.

use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        rate::{Bucket, Limited},
        refusal::Refusal,
        route::Route,
        state::{Fault, State, TOKEN},
    },
    Headers,
};

type Answered = (u16, Headers, Option<Value>);

/// Returns the error that a test requested instead of the normal response.
pub(super) fn provoked(
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
pub(super) fn count(
    state: &mut State,
    bucket: Option<&Bucket>,
    request: &str,
) -> Result<Headers, Answered> {
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

/// Whether a refusal was caused by the test itself, so that it is no violation.
pub(super) fn excused(state: &State, route: Option<&Route<'_>>, refusal: &Refusal) -> bool {
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
pub(super) fn admit<'a>(
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
