//! Pages for people: the console, one page for each tool, the visitor's own request, links that chats hand out.
//!
//! All of it is written here by the server and works without scripts; `assets/netvane.js` adds live progress, completion,
//! copying and history. Nothing comes from elsewhere, and nothing in a page can run but that one file.

mod about;
mod access;
mod answered;
mod assets;
mod complete;
mod console;
mod document;
mod layout;
mod link;
mod me;
mod question;
mod reply;
mod robots;
mod run;
mod tools;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use maud::{Markup, html};
use netvane_core::ProblemCode;

use crate::{App, problem};
use layout::Page;

/// Nothing but what this service has itself, and no script, style or handler inside a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a browser tells of itself only when it is asked to.
const HINTS: &str = "Sec-CH-UA-Full-Version-List, Sec-CH-UA-Platform-Version, Sec-CH-UA-Model, Sec-CH-UA-Arch, \
                     Sec-CH-UA-Bitness";

/// What the pages keep between requests.
#[derive(Clone)]
pub(crate) struct Pages {
    /// Where others reach this service, without the final slash; empty where that is not known.
    public_url: Arc<str>,
    views: link::Views,
}

impl Pages {
    pub(crate) fn new(public_url: &str) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').into(),
            views: link::Views::default(),
        }
    }

    /// The address of this service as the asker would write it.
    fn origin(&self, headers: &HeaderMap) -> String {
        if !self.public_url.is_empty() {
            return self.public_url.to_string();
        }
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        // A host that needs no quoting in a shell, or none.
        let plain = |host: &&str| {
            host.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
        };
        format!("http://{}", host.filter(plain).unwrap_or("127.0.0.1:8080"))
    }
}

/// The paths of all pages.
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
        .route("/assets/{name}", get(assets::get))
        .route("/robots.txt", get(robots::robots))
        .route("/sitemap.xml", get(robots::sitemap))
}

/// Where no handler is: a page for browsers, a problem document for programs.
pub(crate) async fn nothing_here(uri: Uri, headers: HeaderMap) -> Response {
    let for_programs = ["/v1", "/hooks"]
        .iter()
        .any(|start| uri.path().starts_with(start));
    if for_programs || !wants_page(&headers) {
        return problem::plain(
            StatusCode::NOT_FOUND,
            ProblemCode::NotFound,
            "there is nothing at this path",
        );
    }
    not_found("There is nothing at this address.")
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

fn not_found(why: &str) -> Response {
    let page = Page {
        title: "Not found",
        about: None,
        path: None,
        indexed: false,
    };
    let content = html! {
        h1 { "Not found" }
        p { (why) }
        p { a href="/" { "Ask something" } " or look at " a href="/tools" { "all tools" } "." }
    };
    fixed(StatusCode::NOT_FOUND, &page.with("", &content))
}

/// A page that says what is so at this moment.
fn fixed(status: StatusCode, page: &Markup) -> Response {
    dressed(status, axum::body::Body::from(page.0.clone()))
}

/// A page of someone else's making, in the frame of all pages.
pub(crate) fn framed(
    title: &str,
    about: &str,
    path: &str,
    public_url: &str,
    content: &Markup,
) -> Markup {
    let page = Page {
        title,
        about: Some(about),
        path: Some(path),
        indexed: true,
    };
    page.with(public_url.trim_end_matches('/'), content)
}

/// The same with the policy of all pages.
pub(crate) fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    response
}

/// The header fields of every page.
fn dressed(status: StatusCode, body: axum::body::Body) -> Response {
    let fields = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "same-origin"),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (header::HeaderName::from_static("accept-ch"), HINTS),
    ];
    let fields = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (status, fields, body).into_response()
}

/// Pages that search engines are to leave alone.
fn unlisted(mut response: Response) -> Response {
    let name = header::HeaderName::from_static("x-robots-tag");
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static("noindex, nofollow"));
    response
}

/// Pages about the request itself, which is to hold all that a browser tells on demand; Chromium then repeats it.
fn with_hints(mut response: Response) -> Response {
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert("critical-ch", HeaderValue::from_static(HINTS));
    fields.insert(header::VARY, HeaderValue::from_static(HINTS));
    response
}

/// Pages that are the same for everyone, until the next version.
fn shared(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("max-age=300"),
    );
    response
}
