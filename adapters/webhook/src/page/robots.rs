//! `robots.txt` and the site map: the console and the tools are indexed, lookups are not crawled.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use maud::{Markup, PreEscaped, html};

use crate::app::App;

/// Handles `GET /robots.txt`: lists what crawlers may fetch.
pub(super) async fn robots(State(app): State<App>, headers: HeaderMap) -> String {
    let origin = app.pages.origin(&headers);
    format!(
        "User-agent: *\nAllow: /$\nAllow: /tools\nAllow: /assets/\nDisallow: /*?q=\nDisallow: /tools/*?\nDisallow: /v1\n\
         Disallow: /v/\nDisallow: /run\nDisallow: /complete\nDisallow: /hooks\nSitemap: {origin}/sitemap.xml\n"
    )
}

/// Handles `GET /sitemap.xml`: lists the indexed pages.
pub(super) async fn sitemap(State(app): State<App>, headers: HeaderMap) -> Response {
    let origin = app.pages.origin(&headers);
    let tools = app
        .engine
        .registry()
        .entries()
        .iter()
        .map(|entry| format!("/tools/{}", entry.spec.name));
    let paths = ["/".to_owned(), "/tools".to_owned()]
        .into_iter()
        .chain(tools);
    let map: Markup = html! {
        (PreEscaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
        urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" {
            @for path in paths { url { loc { (origin) (path) } } }
        }
    };
    (
        [(header::CONTENT_TYPE, "application/xml; charset=utf-8")],
        map.0,
    )
        .into_response()
}
