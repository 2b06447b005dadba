//! The words for what is wrong with an HTTP answer.

use netvane_net::http_check::{HttpTrouble, MAX_REDIRECTS};

use super::data::Expectation;
use crate::{
    args::ExpectedStatus,
    commands::reach::tls::problems::{CheckProblem, Found, Weight},
};

/// Why there is no final answer.
pub(super) fn trouble(trouble: &HttpTrouble, url: &str) -> Found {
    let (code, short, fix) = explain(trouble);
    let what = match url {
        "" => short.clone(),
        url => format!("{url}: {short}"),
    };
    Found::new(Weight::Error, code, format!("{what}."), fix).because(short)
}

/// The code, the reason and the fix of a trouble.
fn explain(trouble: &HttpTrouble) -> (&'static str, String, &'static str) {
    match trouble {
        HttpTrouble::NoAddress(rcode) if rcode == "NXDOMAIN" => (
            "no_address",
            "the host does not exist (NXDOMAIN)".into(),
            "Check the spelling, or add an A or AAAA record.",
        ),
        HttpTrouble::NoAddress(_) => (
            "no_address",
            "the host has no address".into(),
            "Add an A or AAAA record, or leave out `ipv=`.",
        ),
        HttpTrouble::NotResolved(why) => (
            "not_resolved",
            format!("the host could not be resolved: {why}"),
            "Check the DNS of the host, for example with `dns`.",
        ),
        HttpTrouble::Forbidden(why) => (
            "redirect_refused",
            format!("the redirect was not followed: {why}"),
            "Redirect to a public address.",
        ),
        HttpTrouble::NotConnected(why) => (
            "not_connected",
            why.clone(),
            "Check that the web server runs and that firewalls let the port through.",
        ),
        HttpTrouble::NoTls(why) => (
            "no_tls",
            why.clone(),
            "Check the TLS configuration of the web server, for example with `tls`.",
        ),
        HttpTrouble::NotHttp(why) => (
            "not_http",
            why.clone(),
            "Check that a web server listens on this port; `http://` and `https://` have \
             different ports.",
        ),
        HttpTrouble::Silent => (
            "no_answer",
            "the server accepts the connection but does not answer the request".into(),
            "Check the load of the server and of the application behind it.",
        ),
        HttpTrouble::Loop => (
            "redirect_loop",
            "the redirects lead back to an earlier URL".into(),
            "Correct the redirect rules; often a proxy and the application disagree about https.",
        ),
        HttpTrouble::TooMany => (
            "too_many_redirects",
            format!("more than {MAX_REDIRECTS} redirects"),
            "Redirect straight to the final URL.",
        ),
        HttpTrouble::BadLocation(what) => (
            "bad_redirect",
            format!("it redirects to {what}"),
            "Redirect to an http or https URL.",
        ),
    }
}

/// A status that is an error, or not the expected one.
pub(super) fn status(status: u16, expected: Option<&ExpectedStatus>) -> Option<CheckProblem> {
    let name = status_line(status);
    if let Some(expected) = expected {
        let found = Found::new(
            Weight::Error,
            "unexpected_status",
            format!("The status is {name}, expected {expected}."),
            "Check the URL and the web server, or correct what is expected.",
        );
        return (!expected.holds(status)).then_some(found.problem);
    }

    let found = match status {
        500.. => Found::new(
            Weight::Error,
            "server_error",
            format!("The server answers {name}: it cannot serve the page."),
            "Look into the logs of the web server and of the application behind it.",
        ),
        400.. => Found::new(
            Weight::Warning,
            "client_error",
            format!("The server answers {name}: it does not give out this page."),
            "Check the URL, and whether the page needs a login or blocks automated clients.",
        ),
        _ => return None,
    };
    Some(found.problem)
}

/// A redirect without a target, which browsers show as an empty page.
pub(super) fn no_location(status: u16) -> CheckProblem {
    Found::new(
        Weight::Warning,
        "no_location",
        format!(
            "The server answers {} without a Location header: clients do not know where to go.",
            status_line(status)
        ),
        "Send the target of the redirect as Location, or another status.",
    )
    .problem
}

/// A page that does not contain the expected text.
pub(super) fn phrase(
    expectation: &Expectation,
    text: Option<&str>,
    truncated: bool,
) -> Option<CheckProblem> {
    let phrase = expectation.contains.as_deref()?;
    let why = match text {
        _ if expectation.is_head => "only the header was requested",
        None => "the page is compressed in a way that cannot be read",
        Some(text) if text.contains(phrase) => return None,
        Some(_) if truncated => "the part of the page that was read does not contain it",
        Some(_) => "the page does not contain it",
    };
    let found = Found::new(
        Weight::Error,
        "text_missing",
        format!("The expected text “{phrase}” was not found: {why}."),
        "Check the page, or correct what is expected; letters in a different case do not match.",
    );
    Some(found.problem)
}

/// A header for HSTS that is invalid.
pub(super) fn invalid_hsts(value: &str) -> CheckProblem {
    let shown: String = value.chars().take(80).collect();
    Found::new(
        Weight::Warning,
        "invalid_hsts",
        format!(
            "The header `Strict-Transport-Security: {shown}` is invalid, so browsers ignore \
         it."
        ),
        "Send `max-age` with a number of seconds, once, for example `max-age=31536000`.",
    )
    .problem
}

/// A host that answers only over http.
pub(super) fn no_https(why: &str) -> CheckProblem {
    Found::new(
        Weight::Warning,
        "no_https",
        format!("Nothing answers over https ({why}), so everything is sent in plain text."),
        "Set up a certificate and listen on port 443.",
    )
    .problem
}

/// The status code with its usual reason phrase (RFC 9110 §15).
pub(super) fn status_line(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    match reason {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}
