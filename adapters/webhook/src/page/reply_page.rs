//! A page with a reply: sent whole if the reply is ready quickly, otherwise the start of the page
//! first and the reply later.

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
    question,
    reply::ReplyView,
};
use crate::app::App;

/// Time to wait for the reply before the page is started without it.
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
        Ok(request) => stream_answer(app, headers, request, page).await,
        Err(_) => key_needed(&page),
    }
}

/// Sends the page up to the reply, then the reply. The lookup is cancelled when the client
/// disconnects.
async fn stream_answer(app: &App, headers: &HeaderMap, request: Request, page: Markup) -> Response {
    let (head, tail) = page.0.split_once(ANSWER.0).unwrap_or((page.0.as_str(), ""));
    let (head, tail) = (head.to_owned(), tail.to_owned());
    let mut asking = Box::pin(answer(app.clone(), app.pages.origin(headers), request));
    if let Ok((status, reply)) = tokio::time::timeout(AT_ONCE, &mut asking).await {
        return unlisted(dressed(status, Body::from(head + &reply.0 + &tail)));
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
    let input: Input = question::abridged(&request.input);
    let answer = app.engine.ask(request, |_| {}).await;
    let view = ReplyView {
        registry: app.engine.registry(),
        input: &input,
        origin: &origin,
        level: 2,
        keep: true,
    };
    match answer {
        Ok(reply) => (StatusCode::OK, view.reply(&reply)),
        Err(failure) => {
            let status =
                StatusCode::from_u16(failure.code().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, view.failure(&failure))
        }
    }
}
