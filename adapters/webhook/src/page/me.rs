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
    reply::Shown,
};
use crate::{access, app::App, request::Visited};

const ABOUT: &str = "Your IP address with its place and network, every header of your request, and what your browser \
                     says about itself.";

/// `GET /me`
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
            let shown = Shown {
                registry,
                asked: &input,
                origin,
                level: 2,
            };
            match engine.ask(request, |_| {}).await {
                Ok(reply) => shown.reply(&reply),
                Err(failure) => shown.failure(&failure),
            }
        }
    }));

    let page = Page {
        title: "Your request",
        about: Some(ABOUT),
        path: Some("/me"),
        indexed: true,
    };

    let content = html! {
        h1 { "Your request" }
        p.intro { "This is what your browser sent with this request. Only you can see it; nothing is stored." }
        @for part in parts.await { (part) }
    };

    with_hints(fixed(
        StatusCode::OK,
        &page.with(&app.pages.public_url, &content),
    ))
}
