//! The frame of all pages, and their HTTP header fields.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use super::{assets, layout::Page};

/// Content-Security-Policy: only resources of this service; no inline scripts, styles or event
/// handlers.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Client hints that a browser sends only on request.
const HINTS: &str = "Sec-CH-UA-Full-Version-List, Sec-CH-UA-Platform-Version, Sec-CH-UA-Model, Sec-CH-UA-Arch, \
                     Sec-CH-UA-Bitness";

/// Renders a 404 page with this reason.
pub(super) fn not_found(why: &str) -> Response {
    let page = Page {
        title: "Not found",
        about: None,
        path: None,
        indexed: false,
    };
    let content = html! {
        h1 { "Not found" }
        p { (why) }
        p { "Go to the " a href="/" { "console" } " or the " a href="/tools" { "list of tools" } "." }
    };
    fixed(StatusCode::NOT_FOUND, &page.with("", &content))
}

/// Responds with a complete page that is not cached.
pub(super) fn fixed(status: StatusCode, page: &Markup) -> Response {
    dressed(status, Body::from(page.0.clone()))
}

/// Renders the documentation page in the frame of all pages, with the script of its forms.
pub(crate) fn framed_docs(
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
    let script = html! { script type="module" src=(assets::DOCS_SCRIPT.url()) {} };
    page.with_metadata(public_url.trim_end_matches('/'), &script, content)
}

/// Adds the Content-Security-Policy of all pages to a response.
pub(crate) fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    response
}

/// Builds a response with the header fields of every page.
pub(super) fn dressed(status: StatusCode, body: Body) -> Response {
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

/// Tells search engines not to index the page.
pub(super) fn unlisted(mut response: Response) -> Response {
    let name = header::HeaderName::from_static("x-robots-tag");
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static("noindex, nofollow"));
    response
}

/// Requests all client hints, for pages about the visitor's own request; Chromium then repeats its
/// request with them.
pub(super) fn with_hints(mut response: Response) -> Response {
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert("critical-ch", HeaderValue::from_static(HINTS));
    fields.insert(header::VARY, HeaderValue::from_static(HINTS));
    response
}

/// Allows caching, for pages that are the same for everyone until the next version.
pub(super) fn shared(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("max-age=300"),
    );
    response
}
