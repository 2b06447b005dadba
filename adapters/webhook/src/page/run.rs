//! `GET /run`: progress and reply as HTML fragments, for the pages' own script only.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{StreamExt, stream};
use maud::Markup;
use netvane_core::{
    Failure, Input, ProblemCode, Reply, document::render::printable_line,
    request::http_request::HttpRequestInfo,
};
use tokio::sync::watch;

use super::{access::admitted, question, reply::ReplyView};
use crate::{app::App, mail, request::Visited, response::problem};

/// Handles `GET /run?q=LINE`: runs the command line.
pub(super) async fn line(
    State(app): State<App>,
    Visited(http_request): Visited,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let line = question::line(query.as_deref()).unwrap_or_default();
    events(&app, Input::Text(line), http_request, &headers).await
}

/// Handles `GET /run/{name}?argument=value`: runs the command.
pub(super) async fn get(
    State(app): State<App>,
    Path(name): Path<String>,
    Visited(http_request): Visited,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let input = fields(&app, name, query.unwrap_or_default().as_bytes());
    events(&app, input, http_request, &headers).await
}

/// Handles `POST /run/{name}`: runs the command with a form that is too large for a URL.
pub(super) async fn post(
    State(app): State<App>,
    Path(name): Path<String>,
    Visited(http_request): Visited,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !app.pages.is_own(&headers) {
        return not_own();
    }
    let Some(entry) = app.engine.registry().find(&name) else {
        let input = fields(&app, name, b"");
        return events(&app, input, http_request, &headers).await;
    };
    match mail::form(&app, entry, &headers, body).await {
        Ok(input) => {
            let input = input.unwrap_or_else(|| fields(&app, name, b""));
            events(&app, input, http_request, &headers).await
        }
        Err(failure) => problem::failure(&failure),
    }
}

fn fields(app: &App, name: String, form: &[u8]) -> Input {
    let entry = app.engine.registry().find(&name);
    let given = entry.and_then(|entry| question::fields(entry, form));
    given.unwrap_or(Input::Named {
        name,
        arguments: Default::default(),
    })
}

fn not_own() -> Response {
    problem::plain(
        StatusCode::FORBIDDEN,
        ProblemCode::Forbidden,
        "this path is for the pages of this service",
    )
}

struct Pieces {
    app: App,
    input: Input,
    origin: String,
}

/// Streams `progress` events, then one `reply` or `error`, with heartbeats in between. The lookup
/// is cancelled when the page stops reading.
async fn events(
    app: &App,
    input: Input,
    http_request: Arc<HttpRequestInfo>,
    headers: &HeaderMap,
) -> Response {
    if !app.pages.is_own(headers) {
        return not_own();
    }

    let request = match admitted(app, input, http_request).await {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(),
    };
    let pieces = Pieces {
        app: app.clone(),
        input: question::abridged(&request.input),
        origin: app.pages.origin(headers),
    };

    let (sender, progress) = watch::channel(None::<Reply>);
    let engine = app.engine.clone();

    // Only the latest progress is kept; a slow reader skips older ones.
    let lookup = async move {
        engine
            .ask(request, |so_far| drop(sender.send_replace(Some(so_far))))
            .await
    };

    let begin = (pieces, progress, Some(Box::pin(lookup)));
    let reply_view = stream::unfold(begin, |(pieces, mut progress, lookup)| async move {
        let mut lookup = lookup?;
        let answer = tokio::select! {
            biased;
            Ok(()) = progress.changed() => {
                let event = pieces.progress(progress.borrow_and_update().as_ref());
                return Some((event, (pieces, progress, Some(lookup))));
            }
            answer = &mut lookup => answer,
        };
        Some((pieces.last(&answer), (pieces, progress, None)))
    });

    Sse::new(reply_view.map(Ok::<_, Infallible>))
        .keep_alive(KeepAlive::default())
        .into_response()
}

impl Pieces {
    fn reply_view(&self) -> ReplyView<'_> {
        ReplyView {
            registry: self.app.engine.registry(),
            input: &self.input,
            origin: &self.origin,
            level: 2,
            keep: true,
        }
    }

    fn progress(&self, reply: Option<&Reply>) -> Event {
        let html = reply
            .map(|reply| self.reply_view().bare(reply))
            .unwrap_or_default();
        event("progress", &html, "")
    }

    fn last(&self, answer: &Result<Reply, Failure>) -> Event {
        match answer {
            Ok(reply) => {
                let document = reply.document();
                let said = format!("{}: {}", document.title, document.summary);
                event("reply", &self.reply_view().reply(reply), &said)
            }
            Err(failure) => event(
                "error",
                &self.reply_view().failure(failure),
                &failure.to_string(),
            ),
        }
    }
}

/// Builds an event with an HTML fragment and the text for screen readers.
fn event(name: &str, html: &Markup, said: &str) -> Event {
    let data = serde_json::json!({ "html": html.0, "said": printable_line(said) });
    Event::default().event(name).data(data.to_string())
}
