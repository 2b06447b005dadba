//! A page that answers: whole when the answer comes at once, else its beginning now and the answer when it is there.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use maud::{Markup, html};
use netvane_core::{Input, Request, request::http_request::HttpRequestInfo};

use super::{
    access::{admitted, key_needed},
    frame::{dressed, unlisted},
    layout::ANSWER,
    reply::Shown,
};
use crate::app::App;

/// An answer is waited for this long before the page is begun without it.
const AT_ONCE: Duration = Duration::from_millis(700);

/// Shows a reply on its page if the visitor has access; otherwise the page asks for a key.
pub(super) async fn respond(
    app: &App,
    http_request: Arc<HttpRequestInfo>,
    headers: &HeaderMap,
    input: Input,
    page: Markup,
) -> Response {
    match admitted(app, input, http_request).await {
        Ok(request) => answered(app, headers, request, page).await,
        Err(_) => key_needed(&page),
    }
}

/// Answers it there. Dropped, and the lookup with it, when the reader goes.
async fn answered(app: &App, headers: &HeaderMap, request: Request, page: Markup) -> Response {
    let (head, tail) = page.0.split_once(ANSWER.0).unwrap_or((page.0.as_str(), ""));
    let (head, tail) = (head.to_owned(), tail.to_owned());
    let mut asking = Box::pin(answer(app.clone(), app.pages.origin(headers), request));
    if let Ok((status, shown)) = tokio::time::timeout(AT_ONCE, &mut asking).await {
        return unlisted(dressed(status, Body::from(head + &shown.0 + &tail)));
    }
    let waiting = html! { p.waiting { "Working…" } };
    let begun = stream::iter([Bytes::from(head + &waiting.0)]);
    let rest = stream::once(async move { Bytes::from(asking.await.1.0 + &tail) });
    unlisted(dressed(
        StatusCode::OK,
        Body::from_stream(begun.chain(rest).map(Ok::<_, std::convert::Infallible>)),
    ))
}

async fn answer(app: App, origin: String, request: Request) -> (StatusCode, Markup) {
    let asked: Input = request.input.clone();
    let answer = app.engine.ask(request, |_| {}).await;
    let shown = Shown {
        registry: app.engine.registry(),
        asked: &asked,
        origin: &origin,
        level: 2,
    };
    match answer {
        Ok(reply) => (StatusCode::OK, shown.reply(&reply)),
        Err(failure) => {
            let status =
                StatusCode::from_u16(failure.code().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, shown.failure(&failure))
        }
    }
}
