//! Access control of the pages: the same as over the API.

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};
use maud::{Markup, html};
use netvane_core::{Input, Request, request::http_request::HttpRequestInfo, settings::keys::Scope};

use super::{
    frame::{fixed, unlisted},
    layout::ANSWER,
};
use crate::{access, admit::admit, app::App};

/// The question with who asks it, or why they may not. The pages' script sends a key as `Authorization: Bearer`.
pub(super) async fn admitted(
    app: &App,
    input: Input,
    http_request: Arc<HttpRequestInfo>,
) -> Result<Request, access::Refusal> {
    let admitted = admit(app, &http_request, Scope::Ask).await?;
    Ok(admitted.request(input, http_request))
}

/// In place of the answer: an address that was opened brings no key. The script asks for one and then for the answer.
pub(super) fn key_needed(page: &Markup) -> Response {
    let told = html! {
        article.reply.problem data-needs-key {
            h2 { "A key is needed" }
            p { "This service answers those who have an API key." }
        }
    };
    unlisted(fixed(
        StatusCode::UNAUTHORIZED,
        &maud::PreEscaped(page.0.replacen(ANSWER.0, &told.0, 1)),
    ))
}
