//! Access control of the pages, the same as for the API.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};
use netvane_core::{Input, Request, request::http_request::HttpRequestInfo, settings::keys::Scope};

use super::{
    frame::{fixed, unlisted},
    layout::ANSWER,
};
use crate::{access, admit::admit, app::App};

/// Returns the request with its caller, or why access is refused. The pages' script sends a key as
/// `Authorization: Bearer`.
pub(super) async fn admitted(
    app: &App,
    input: Input,
    http_request: Arc<HttpRequestInfo>,
) -> Result<Request, access::Refusal> {
    let admitted = admit(app, &http_request, Scope::Ask).await?;
    Ok(admitted.request(input, http_request))
}

/// Renders a page that asks for an API key, because opening a URL sends none. The script asks for
/// the key, then loads the reply.
pub(super) fn key_needed(page: &Markup) -> Response {
    let notice = html! {
        article.reply.problem data-needs-key {
            h2 { "API key required" }
            p { "This service requires an API key." }
        }
    };
    unlisted(fixed(
        StatusCode::UNAUTHORIZED,
        &maud::PreEscaped(page.0.replacen(ANSWER.0, &notice.0, 1)),
    ))
}
