//! `/r/{id}`: a kept result as a page or in the formats of the API, its preview image, and the page that deletes it.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};
use netvane_core::{Input, ShownResult};

use super::{
    frame::{fixed, not_found, unlisted},
    layout::Page,
    preview::{self, is_for_preview, metadata},
    reply::ReplyView,
    wants_page,
};
use crate::{
    api::{content_negotiation::rendered, results},
    app::App,
    response::Form,
};

/// Reason on the page of results that do not exist.
const UNKNOWN: &str = "This result has expired, was deleted, or never existed.";

/// Handles `GET /r/{id}`: HTML for browsers and for previews of links, otherwise JSON, text or Markdown.
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let response = match app.engine.kept_result(&id).await {
        Ok(Some(result)) if wants_page(&headers) || is_for_preview(&headers) => {
            page(&app, &headers, &id, &result)
        }
        Ok(Some(result)) => rendered(&result.reply, Form::accepted(&headers)),
        Ok(None) => unknown(&headers),
        Err(failure) => results::failed(&failure),
    };
    confidential(response)
}

/// Handles `GET /r/{id}/image.png`: the image in previews of the link.
pub(super) async fn image(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let response = match app.engine.kept_result(&id).await {
        Ok(Some(result)) => preview::image(&id, result.reply).await,
        Ok(None) => unknown(&headers),
        Err(failure) => results::failed(&failure),
    };
    confidential(response)
}

fn page(app: &App, headers: &HeaderMap, id: &str, result: &ShownResult) -> Response {
    let input = Input::Named {
        name: result.reply.command.to_owned(),
        arguments: (*result.reply.arguments).clone(),
    };
    let origin = app.pages.origin(headers);
    let view = ReplyView {
        registry: app.engine.registry(),
        input: &input,
        origin: &origin,
        level: 1,
        keep: false,
    };
    let (created, expires) = (date(result.created), date(result.expires));
    let content = html! {
        (view.reply(&result.reply))
        p.kept { "Kept on " (created) ", removed on " (expires) "." }
    };
    let document = result.reply.document();
    let metadata = metadata(document, &format!("{origin}/r/{id}"));
    fixed(
        StatusCode::OK,
        &page_of(&document.title).with_metadata("", &metadata, &content),
    )
}

/// Handles `/r/{id}/delete/{token}`: GET shows a button, POST (of the button) and DELETE delete the
/// result.
pub(super) async fn delete(
    State(app): State<App>,
    Path((id, token)): Path<(String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let response = if method == Method::GET || method == Method::HEAD {
        match app.engine.can_delete_result(&id, &token).await {
            Ok(true) => framed(StatusCode::OK, "Delete this result?", &question(&id)),
            Ok(false) => unknown(&headers),
            Err(failure) => results::failed(&failure),
        }
    } else {
        match app.engine.delete_result(&id, &token).await {
            Ok(true) if method == Method::DELETE => StatusCode::NO_CONTENT.into_response(),
            Ok(true) => framed(StatusCode::OK, "Result deleted", &deleted()),
            Ok(false) => unknown(&headers),
            Err(failure) => results::failed(&failure),
        }
    };
    confidential(response)
}

/// Responds to unknown, expired and deleted results, with a page for browsers.
fn unknown(headers: &HeaderMap) -> Response {
    if wants_page(headers) {
        not_found(UNKNOWN)
    } else {
        results::unknown()
    }
}

fn question(id: &str) -> Markup {
    html! {
        h1 { "Delete this result?" }
        p.intro { "The result at " a href={ "/r/" (id) } { "/r/" (id) } " is removed for everyone." }
        form.share method="post" { button type="submit" { "Delete" } }
    }
}

fn deleted() -> Markup {
    html! {
        h1 { "Result deleted" }
        p { "Its link no longer works. You can close this page." }
    }
}

fn framed(status: StatusCode, title: &str, content: &Markup) -> Response {
    fixed(status, &page_of(title).with("", content))
}

fn page_of(title: &str) -> Page<'_> {
    Page {
        title,
        about: None,
        path: None,
        indexed: false,
    }
}

/// Keeps the URL, which is all that protects the result, from search engines and other sites.
fn confidential(response: Response) -> Response {
    let mut response = unlisted(response);
    let fields = response.headers_mut();
    fields.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    fields.insert(
        HeaderName::from_static("vary"),
        HeaderValue::from_static("accept, user-agent"),
    );
    response
}

fn date(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
