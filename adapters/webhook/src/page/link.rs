//! `/v/{token}`: a link sent in a chat. Opening it shows what would be shared; only the Share
//! button posts it.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use maud::{Markup, html};
use netvane_core::{Input, Waiting, request::http_request::HttpRequestInfo};
use ulid::Ulid;

use super::{
    frame::{fixed, unlisted, with_hints},
    layout::Page,
    reply::ReplyView,
};
use crate::{access, app::App, request::Visited, site::View};

/// Largest form in bytes; it has one field.
const LONGEST_FORM: usize = 4096;

/// Handles `GET /v/{token}`: shows what sharing would post.
pub(super) async fn show(
    State(app): State<App>,
    Path(token): Path<String>,
    Visited(http_request): Visited,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Some(waiting) = app.engine.links().waiting(&token) else {
        return expired_page();
    };
    if method == Method::HEAD {
        return page(StatusCode::OK, "Share your request", &html! {});
    }

    let http_request = Arc::new(HttpRequestInfo {
        for_others: true,
        ..HttpRequestInfo::clone(&http_request)
    });
    let input = Input::Named {
        name: waiting.command.to_owned(),
        arguments: Default::default(),
    };
    let request = access::visitor(&app.engine, input.clone(), http_request.clone());
    let origin = app.pages.origin(&headers);
    let reply_view = ReplyView {
        registry: app.engine.registry(),
        input: &input,
        origin: &origin,
        level: 2,
        keep: false,
    };

    match app.engine.ask(request, |_| {}).await {
        Ok(reply) => {
            let view = Ulid::new().to_string();
            app.pages.remember(
                view.clone(),
                View {
                    token,
                    http_request,
                },
            );
            page(
                StatusCode::OK,
                "Share your request",
                &offer(&waiting, &view, &reply_view.bare(&reply)),
            )
        }
        Err(failure) => {
            let status =
                StatusCode::from_u16(failure.code().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            page(
                status,
                "Error",
                &html! { h1 { "Error" } (reply_view.failure(&failure)) },
            )
        }
    }
}

fn offer(waiting: &Waiting, view: &str, reply_view: &Markup) -> Markup {
    let minutes = waiting.left.as_secs().div_ceil(60);
    html! {
        h1 { "Share this with the chat?" }
        p.intro {
            "This link was requested in a chat with " code { (waiting.command) } ". Below is what your browser sent. "
            strong { "Only you can see it unless you press the button:" }
            " then it is posted in that chat, for everyone there to read."
        }
        form.share method="post" {
            input type="hidden" name="view" value=(view);
            button type="submit" { "Share with the chat" }
            span { "The link is valid for another " (minutes) @if minutes == 1 { " minute" } @else { " minutes" } ", one share." }
        }
        (reply_view)
    }
}

/// Handles `POST /v/{token}`: shares what was shown, after a press of the Share button.
pub(super) async fn share(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = tokio::time::timeout(app.read_timeout, to_bytes(body, LONGEST_FORM)).await;
    let form = form.ok().and_then(Result::ok).unwrap_or_default();
    let id = form_urlencoded::parse(&form)
        .find(|(name, _)| name == "view")
        .map(|(_, id)| id.into_owned());
    let view = id
        .and_then(|id| app.pages.view(&id))
        .filter(|view| view.token == token);
    let Some(view) = view.filter(|_| app.pages.is_own(&headers)) else {
        return match app.engine.links().waiting(&token) {
            Some(_) => page(
                StatusCode::FORBIDDEN,
                "Not shared",
                &html! {
                    h1 { "Not shared" }
                    p { "Open the link itself and press the button on its page." }
                },
            ),
            None => expired_page(),
        };
    };

    if !app.engine.links().accept(&token, view.http_request.clone()) {
        return expired_page();
    }

    page(
        StatusCode::OK,
        "Shared",
        &html! {
            h1 { "Shared" }
            p { "Your request was posted in the chat. You can close this page." }
        },
    )
}

/// Renders the same page for used, expired and unknown links.
fn expired_page() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "This link has been used or has expired",
        &html! {
            h1 { "This link has been used or has expired" }
            p { "Run the command again in the chat for a new link, or see " a href="/me" { "your own request" } "." }
        },
    )
}

fn page(status: StatusCode, title: &str, content: &Markup) -> Response {
    let page = Page {
        title,
        about: None,
        path: None,
        indexed: false,
    };
    unlisted(with_hints(fixed(status, &page.with("", content))))
}
