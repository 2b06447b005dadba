//! The frame of all pages, and the header fields that go with it.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

use super::layout::Page;

/// Nothing but what this service has itself, and no script, style or handler inside a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a browser tells of itself only when it is asked to.
const HINTS: &str = "Sec-CH-UA-Full-Version-List, Sec-CH-UA-Platform-Version, Sec-CH-UA-Model, Sec-CH-UA-Arch, \
                     Sec-CH-UA-Bitness";

/// Says that there is no such page.
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

/// A page that says what is so at this moment.
pub(super) fn fixed(status: StatusCode, page: &Markup) -> Response {
    dressed(status, Body::from(page.0.clone()))
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

/// Pages that search engines are to leave alone.
pub(super) fn unlisted(mut response: Response) -> Response {
    let name = header::HeaderName::from_static("x-robots-tag");
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static("noindex, nofollow"));
    response
}

/// Pages about the request itself, which is to hold all that a browser tells on demand; Chromium then repeats it.
pub(super) fn with_hints(mut response: Response) -> Response {
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert("critical-ch", HeaderValue::from_static(HINTS));
    fields.insert(header::VARY, HeaderValue::from_static(HINTS));
    response
}

/// Pages that are the same for everyone, until the next version.
pub(super) fn shared(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("max-age=300"),
    );
    response
}
