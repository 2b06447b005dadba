//! `GET /me`: the visitor's own address, request and User-Agent.

use axum::{
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use futures::future::join_all;
use maud::html;
use netvane_core::Input;

use super::{
    frame::{fixed, with_hints},
    layout::Page,
    reply::ReplyView,
};
use crate::{access, app::App, request::Visited};

const ABOUT: &str = "Your IP address with its location and network, the headers of your request, and what your browser \
                     reveals about itself.";

/// Handles `GET /me`: renders what the visitor's browser sent.
pub(super) async fn get(
    State(app): State<App>,
    Visited(http_request): Visited,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let registry = app.engine.registry();
    let about_visits = registry
        .entries()
        .iter()
        .filter(|entry| entry.about_visit && method != Method::HEAD);
    let origin = app.pages.origin(&headers);
    let parts = join_all(about_visits.map(|entry| {
        let input = Input::Named {
            name: entry.spec.name.to_owned(),
            arguments: Default::default(),
        };
        let request = access::visitor(&app.engine, input.clone(), http_request.clone());
        let (engine, origin) = (&app.engine, &origin);

        async move {
            let reply_view = ReplyView {
                registry,
                input: &input,
                origin,
                level: 2,
                keep: false,
            };
            match engine.ask(request, |_| {}).await {
                Ok(reply) => reply_view.reply(&reply),
                Err(failure) => reply_view.failure(&failure),
            }
        }
    }));

    let page = Page {
        title: "My IP",
        about: Some(ABOUT),
        path: Some("/me"),
        indexed: true,
    };

    let content = html! {
        h1 { "My IP" }
        p.intro { "This is what your browser sent with this request. Only you can see it; nothing is stored." }
        @for part in parts.await { (part) }
    };

    with_hints(fixed(
        StatusCode::OK,
        &page.with(&app.pages.public_url, &content),
    ))
}
