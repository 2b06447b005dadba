//! HTTP caching: lifetimes, tags, and what is never cached.

use netvane_tests::{Dns, Service, http::Client, until};
use serde_json::json;

use super::get;

#[test]
fn a_reply_is_cacheable_while_it_is_fresh() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let path = "/v1/commands/a?domain=example.test";
    let first = service.get(path);
    assert_eq!(first.json()["data"]["answers"][0]["ttl"], 300);
    let seconds = |response: &netvane_tests::http::Response| {
        let text = response
            .header("cache-control")
            .strip_prefix("private, max-age=")
            .expect("max-age");
        text.parse::<u64>().expect("seconds")
    };

    assert!(
        (200..=300).contains(&seconds(&first)),
        "{}",
        first.header("cache-control")
    );

    assert_eq!(first.header("vary"), "accept");
    let tag = first.header("etag");
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = get(
        &service,
        path,
        &[("If-None-Match", &format!("\"x\", {tag}"))],
    );

    assert_eq!(
        (again.status, again.text(), again.header("etag")),
        (304, "", tag)
    );
    assert!(seconds(&again) <= seconds(&first));
    assert_eq!(again.header("vary"), "accept");

    // Another format has another tag, and so has another reply.
    for (path, accept) in [
        (path, "text/plain"),
        ("/v1/commands/a?domain=mail1.example.test", "*/*"),
    ] {
        let other = get(
            &service,
            path,
            &[("If-None-Match", tag), ("Accept", accept)],
        );
        assert_eq!(other.status, 200);
        assert_ne!(other.header("etag"), tag);
    }

    let mut client = Client::connect(service.address);
    client.request(&format!("HEAD {path}"), &[], b"");
    let (status, headers) = client.head().expect("a response");
    assert_eq!(status, 200);
    assert!(
        headers.contains(&("etag".into(), tag.into())),
        "{headers:?}"
    );
}

/// The tag depends on the reply, not on the second in which it was sent.
#[test]
fn a_reply_keeps_its_tag_while_its_ttl_counts_down() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let ask = || service.get("/v1/commands/a?domain=short.example.test");
    let (first, mut counted) = (ask(), false);
    until("the TTL was seen counting down", || {
        let reply = ask();
        if reply.header("etag").is_empty() {
            // In the last second of its TTL, a reply is not cacheable any more.
            assert_eq!(reply.header("cache-control"), "no-store");
        } else {
            assert_eq!(reply.header("etag"), first.header("etag"));
            counted |= reply.json()["data"]["answers"][0]["ttl"]
                != first.json()["data"]["answers"][0]["ttl"];
        }
        counted
    });
}

#[test]
fn private_and_uncacheable_replies_are_not_cached() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);

    for path in [
        "/v1/commands/myip",
        "/v1/commands/myrequest",
        "/v1/commands/a?domain=zero.example.test",
        "/v1/commands/a?domain=a..b",
        "/v1/commands/nosuch",
        "/healthz",
        "/nowhere",
    ] {
        let response = service.get(path);
        assert_eq!(
            (response.header("cache-control"), response.header("etag")),
            ("no-store", ""),
            "{path}"
        );
    }

    let posted = service.command("a example.test");

    assert_eq!(
        (posted.header("cache-control"), posted.header("etag")),
        ("no-store", "")
    );
}

#[test]
fn the_description_has_every_path_and_is_cacheable() {
    let service = Service::start(&[("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example/")]);
    let response = service.get("/openapi.json");
    let document = response.json();

    assert_eq!(
        (&document["openapi"], &document["servers"]),
        (
            &json!("3.1.0"),
            &json!([{"url": "https://netvane.example"}])
        )
    );

    for path in [
        "/v1/commands",
        "/v1/batch",
        "/v1/commands/mx",
        "/healthz",
        "/readyz",
        "/metrics",
        "/docs",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }

    let tag = response.header("etag");

    assert_eq!(
        get(&service, "/openapi.json", &[("If-None-Match", tag)]).status,
        304
    );

    let page = service.get("/docs");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(
        get(&service, "/docs", &[("If-None-Match", page.header("etag"))]).status,
        304
    );
}
