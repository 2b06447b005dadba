//! Web pages: the console, one page per tool, the visitor's own request, and the links that chats
//! send.
//!
//! The server renders all pages, and they work without scripts; `assets/netvane.js` adds live
//! progress, completion, copying and history, and `assets/docs.js` the forms of `/docs`. Pages load
//! nothing from third parties, and these files are the only scripts they run.

mod about;
mod access;
mod assets;
mod complete;
mod console;
mod controls;
mod directory;
mod document;
mod form;
mod frame;
mod layout;
mod link;
mod me;
mod preview;
mod question;
mod reply;
mod reply_page;
mod result;
mod robots;
mod run;
mod samples;
mod starts;
mod tables;
mod tools;

use axum::{
    Router,
    http::{HeaderMap, StatusCode, Uri, header},
    response::Response,
    routing::get,
};
use netvane_core::ProblemCode;

use crate::{app::App, response::problem};
use frame::not_found;

pub(crate) use document::words;
pub(crate) use frame::{framed_docs, with_policy};
pub(crate) use question::fields as form_fields;

/// The routes of all pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(console::get))
        .route("/run", get(run::line))
        .route("/run/{name}", get(run::get).post(run::post))
        .route("/complete", get(complete::get))
        .route("/tools", get(tools::index))
        .route("/tools/{name}", get(tools::get).post(tools::post))
        .route("/me", get(me::get))
        .route("/about", get(about::get))
        .route("/v/{token}", get(link::show).post(link::share))
        .route("/r/{id}", get(result::show))
        .route("/r/{id}/image.png", get(result::image))
        .route(
            "/r/{id}/delete/{token}",
            get(result::delete)
                .post(result::delete)
                .delete(result::delete),
        )
        .route("/assets/{name}", get(assets::get))
        .route("/robots.txt", get(robots::robots))
        .route("/sitemap.xml", get(robots::sitemap))
}

/// Responds to unknown paths: with a page for browsers, with a problem document for programs.
pub(crate) async fn nothing_here(uri: Uri, headers: HeaderMap) -> Response {
    let for_programs = ["/v1", "/hooks"]
        .iter()
        .any(|start| uri.path().starts_with(start));
    if for_programs || !wants_page(&headers) {
        return problem::plain(StatusCode::NOT_FOUND, ProblemCode::NotFound, "no such path");
    }
    not_found("Page not found.")
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    accepted
        .into_iter()
        .any(|value| value.to_ascii_lowercase().contains("text/html"))
}
