//! Replies in every format, and event streams.

use netvane_tests::{Dns, Hostile, Service, http::Client};
use serde_json::{Value, json};

#[test]
fn the_json_equals_that_of_the_terminal() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let mut over_http = service.command("dns example.test").json();
    let mut on_terminal = netvane_tests::Netvane::line("--json dns example.test")
        .dns(dns.address)
        .run()
        .json();
    for reply in [&mut over_http, &mut on_terminal] {
        let reply = reply.as_object_mut().expect("an object");
        for changing in ["id", "elapsed_ms"] {
            assert!(reply.remove(changing).is_some());
        }
    }
    assert_eq!(over_http, on_terminal);
}

#[test]
fn replies_in_every_accepted_format() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let ask = |accept: &str| service.post_for(accept, r#"{"command": "a example.test"}"#);

    for accept in [
        "application/json",
        "*/*",
        "text/html, */*;q=0.5",
        "image/png",
        "",
    ] {
        assert_eq!(
            ask(accept).json()["data"]["answers"][0]["data"],
            "192.0.2.80",
            "{accept}"
        );
    }

    let text = ask("text/plain");

    assert_eq!(
        (text.status, text.header("content-type")),
        (200, "text/plain; charset=utf-8")
    );
    insta::assert_snapshot!(text.text().replace(&dns.address.to_string(), "SERVER"), @r"
    A of example.test
    ✓ 1 IPv4 address

    Address       TTL
    192.0.2.80  5 min

    Answered by:  SERVER
    ");

    let markdown = ask("text/plain;q=0.5, text/markdown");

    assert_eq!(
        (markdown.status, markdown.header("content-type")),
        (200, "text/markdown; charset=utf-8")
    );
    assert!(
        markdown
            .text()
            .starts_with("### A of example.test\n\n✅ **1 IPv4 address**\n"),
        "{}",
        markdown.text()
    );

    for response in [&text, &markdown] {
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        assert_eq!(response.header("cache-control"), "no-store");
    }
}

#[test]
fn an_event_stream_has_progress_and_then_one_reply() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);

    // Partial results are shown while the addresses of the mail servers are still being looked up.
    dns.hold("mail1.example.test. A");
    let mut client = Client::connect(service.address);
    let accept = [("Accept", "text/event-stream")];
    client.request("GET /v1/commands/mx?domain=example.test", &accept, b"");
    let (status, headers) = client.head().expect("a response begins");
    assert_eq!(status, 200);
    assert!(
        headers.contains(&("content-type".into(), "text/event-stream".into())),
        "{headers:?}"
    );

    let chunk = client
        .chunk()
        .expect("no error")
        .expect("an event before the answer is there");
    let progress = String::from_utf8(chunk).expect("UTF-8");
    let data = progress
        .strip_prefix("event: progress\ndata: ")
        .expect("a progress event");
    let so_far: Value = serde_json::from_str(data.lines().next().expect("a line")).expect("JSON");
    assert_eq!(so_far["data"]["hosts"][0]["exchange"], "mail1.example.test");
    assert_eq!(so_far["data"]["hosts"][0]["addresses"], json!([]));
    dns.release("mail1.example.test. A");
    let mut rest = Vec::new();
    while let Some(chunk) = client.chunk().expect("no error") {
        rest.extend(chunk);
    }

    let rest = String::from_utf8(rest).expect("UTF-8");
    let names: Vec<&str> = rest
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(names.last(), Some(&"reply"), "{rest}");
    assert_eq!(
        names.iter().filter(|name| **name != "progress").count(),
        1,
        "{rest}"
    );

    let reply = rest
        .lines()
        .rfind(|line| line.starts_with("data: "))
        .expect("data");
    let reply: Value = serde_json::from_str(&reply["data: ".len()..]).expect("JSON");

    assert_eq!(
        reply["data"]["hosts"][0]["addresses"],
        json!(["2001:db8::81", "192.0.2.81"])
    );
    assert_eq!(reply["id"], so_far["id"], "one lookup, one id");
}

#[test]
fn an_event_stream_of_a_failure_ends_with_one_error() {
    let server = Hostile::start();
    let service = Service::with_dns(server.address);
    for (line, code) in [
        ("nosuch", "unknown_command"),
        ("a a..b", "bad_argument"),
        ("a x.example resolver=10.0.0.1", "refused_target"),
        ("a garbage.example.com", "upstream"),
    ] {
        let response =
            service.post_for("text/event-stream", json!({ "command": line }).to_string());
        let events = response.events();
        assert_eq!(events.len(), 1, "{line}: {events:?}");
        assert_eq!(
            (events[0].0.as_str(), &events[0].1["code"]),
            ("error", &json!(code)),
            "{line}"
        );
    }
}
