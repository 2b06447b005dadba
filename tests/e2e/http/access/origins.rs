//! Requests of pages of other origins (CORS).

use netvane_tests::{Service, http::Response};

use super::{CLOSED, KEYS, OLD, ask, hash, post};

const ORIGINS: &str = "NETVANE__HTTP__CORS_ORIGINS";
/// The origin whose pages are allowed.
const DASH: &str = "https://dash.example";

/// Sends the preflight request of a browser for a page of this origin.
fn preflight(service: &Service, path: &str, origin: &str) -> Response {
    let headers = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        (
            "Access-Control-Request-Headers",
            "authorization,content-type",
        ),
    ];
    ask(service, &format!("OPTIONS {path}"), &headers, "")
}

fn allowed(response: &Response) -> &str {
    response.header("access-control-allow-origin")
}

#[test]
fn pages_of_an_allowed_origin_can_send_requests_and_read_errors() {
    let service = Service::start(&[(ORIGINS, DASH), CLOSED, (KEYS, &hash(OLD))]);

    let asked = preflight(&service, "/v1/commands", DASH);
    assert_eq!((asked.status, allowed(&asked)), (200, DASH));
    assert_eq!(
        asked.header("access-control-allow-methods"),
        "GET,POST,OPTIONS"
    );

    let headers = asked.header("access-control-allow-headers");

    assert!(
        headers.contains("authorization") && headers.contains("webhook-signature"),
        "{headers}"
    );
    assert_eq!(asked.header("access-control-max-age"), "600");
    assert_eq!(asked.header("access-control-allow-credentials"), "");

    let answered = post(&service, &[("Origin", DASH)]);
    assert_eq!((answered.status, allowed(&answered)), (401, DASH));
    let exposed = answered.header("access-control-expose-headers");

    assert!(
        ["retry-after", "etag", "x-request-id", "location"]
            .iter()
            .all(|name| exposed.contains(name)),
        "{exposed}"
    );

    for path in ["/metrics", "/hooks/slack", "/healthz"] {
        assert_eq!(preflight(&service, path, DASH).status, 405, "{path}");
    }

    for other in [
        "https://evil.example",
        "https://dash.example.evil.example",
        "http://dash.example",
        "null",
    ] {
        assert_eq!(
            allowed(&preflight(&service, "/v1/commands", other)),
            "",
            "{other}"
        );
        assert_eq!(
            allowed(&post(&service, &[("Origin", other)])),
            "",
            "{other}"
        );
    }
}

#[test]
fn cors_can_allow_every_origin_or_none() {
    let everyone = Service::start(&[(ORIGINS, "*")]);

    assert_eq!(
        allowed(&post(&everyone, &[("Origin", "https://any.example")])),
        "*"
    );

    let nobody = Service::start(&[]);
    assert_eq!(preflight(&nobody, "/v1/commands", DASH).status, 405);
    assert_eq!(allowed(&post(&nobody, &[("Origin", DASH)])), "");
}
