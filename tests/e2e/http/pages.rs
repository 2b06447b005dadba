//! The pages without scripts, as some users, search engines and link preview bots get them.

mod console;
mod tools;

use netvane_tests::{
    Service,
    http::{Client, Response},
};

const BROWSER: [(&str, &str); 1] = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")];

fn page(service: &Service, target: &str) -> Response {
    Client::connect(service.address).ask(target, &BROWSER, b"")
}

#[track_caller]
fn assert_page(response: &Response) {
    assert_eq!(
        response.header("content-type"),
        "text/html; charset=utf-8",
        "{}",
        response.text()
    );

    let policy = response.header("content-security-policy");

    for part in [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }

    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(response.header("referrer-policy"), "same-origin");
    let text = response.text();

    assert!(
        text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>"),
        "{text}"
    );
    for inline in ["<style", " style=", " onclick", " onload", "javascript:"] {
        assert!(!text.contains(inline), "{inline}");
    }
}
