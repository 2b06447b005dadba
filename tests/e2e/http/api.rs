//! The API for programs: caching, request ids, resuming event streams, problem documents, and the
//! API's own description.

use netvane_tests::{Dns, Service, http::Client, until};
use serde_json::{Value, json};

const EVENTS: (&str, &str) = ("Accept", "text/event-stream");

fn get(service: &Service, path: &str, headers: &[(&str, &str)]) -> netvane_tests::http::Response {
    Client::connect(service.address).ask(&format!("GET {path}"), headers, b"")
}

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
fn every_response_has_a_request_id_that_is_logged() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let path = "/v1/commands/a?domain=example.test";
    let named = get(&service, path, &[("X-Request-Id", "order-66_a.b")]);
    assert_eq!(named.header("x-request-id"), "order-66_a.b");
    let line: Value =
        serde_json::from_str(&service.logged("order-66_a.b")).expect("a log line in JSON");

    assert_eq!(
        (&line["fields"]["request_id"], &line["fields"]["command"]),
        (&json!("order-66_a.b"), &json!("a"))
    );

    let mut names = Vec::new();

    for path in [
        path,
        "/healthz",
        "/nowhere",
        "/v1/commands",
        "/metrics",
        "/openapi.json",
        "/docs",
    ] {
        let long = "x".repeat(129);
        for given in ["", "<script>", "a b", "\u{e9}", &long] {
            let response = get(&service, path, &[("X-Request-Id", given)]);
            let name = response.header("x-request-id").to_owned();
            assert_eq!(name.len(), 26, "{path}, {given}: {name}");
            names.push(name);
        }
    }

    names.sort_unstable();
    assert!(
        names.windows(2).all(|two| two[0] != two[1]),
        "each response has its own id"
    );
    let told = get(&service, "/v1/commands/myrequest", &[]).json();

    assert_eq!(
        told["data"]["variables"].get("HTTP_X_REQUEST_ID"),
        None,
        "only what the caller sent is shown"
    );
}

#[test]
fn a_405_response_lists_the_allowed_methods() {
    let service = Service::start(&[]);

    for (target, allowed) in [
        ("DELETE /v1/commands", "GET,HEAD,POST"),
        ("POST /v1/commands/mx", "GET,HEAD"),
        ("PUT /v1/batch", "POST"),
        ("POST /healthz", "GET,HEAD"),
        ("PATCH /openapi.json", "GET,HEAD"),
    ] {
        let response = Client::connect(service.address).ask(target, &[], b"");
        assert_eq!(
            (response.status, response.header("allow")),
            (405, allowed),
            "{target}"
        );
        assert_eq!(response.problem()["code"], "method_not_allowed");
    }

    // The form content type is what curl sends by default.
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let reply = Client::connect(service.address).ask(
        "POST /v1/commands",
        &form,
        br#"{"command":"port 22"}"#,
    );

    assert_eq!(reply.json()["command"], "port");
}

/// Reads an event stream up to its end, as `(id, event, data)`.
fn events(client: &mut Client) -> Vec<(String, String, Value)> {
    let mut text = Vec::new();
    while let Some(chunk) = client.chunk().expect("no error") {
        text.extend(chunk);
    }
    parsed(&String::from_utf8(text).expect("UTF-8"))
}

fn parsed(text: &str) -> Vec<(String, String, Value)> {
    let field = |event: &str, name: &str| {
        event
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_default()
            .to_owned()
    };
    let events = text.split("\n\n").filter(|event| event.contains("data:"));
    events
        .map(|event| {
            assert_eq!(field(event, "retry"), "1000");
            let data = serde_json::from_str(&field(event, "data")).expect("JSON");
            (field(event, "id"), field(event, "event"), data)
        })
        .collect()
}

/// Resumes a stream of `mx example.test` after this event; returns the status and the events, if
/// any.
fn take_up(service: &Service, target: &str, id: &str) -> (u16, Vec<(String, String, Value)>) {
    let mut client = Client::connect(service.address);
    client.request(target, &[EVENTS, ("Last-Event-ID", id)], b"");
    let (status, _) = client.head().expect("a response");
    let events = if status == 200 {
        events(&mut client)
    } else {
        Vec::new()
    };

    (status, events)
}

/// Starts a stream and disconnects after its first event, which is progress; returns the event's id
/// and data.
fn leave_after_one(service: &Service, target: &str) -> (String, Value) {
    let mut client = Client::connect(service.address);
    client.request(target, &[EVENTS], b"");
    assert_eq!(client.head().expect("a response begins").0, 200);
    let chunk = client.chunk().expect("no error").expect("an event");
    let (id, name, so_far) = parsed(&String::from_utf8(chunk).expect("UTF-8")).remove(0);
    assert_eq!(name, "progress");

    (id, so_far)
}

#[test]
fn an_interrupted_stream_can_be_resumed() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let target = "GET /v1/commands/mx?domain=example.test";
    dns.hold("mail1.example.test. A");
    let (id, so_far) = leave_after_one(&service, target);

    // The lookup continues; no query is sent twice.
    let mut client = Client::connect(service.address);
    client.request(target, &[EVENTS, ("Last-Event-ID", &id)], b"");
    assert_eq!(client.head().expect("a response begins").0, 200);
    dns.release("mail1.example.test. A");
    let rest = events(&mut client);
    let (_, name, reply) = rest.last().expect("an event");

    assert_eq!(
        (name.as_str(), &reply["id"]),
        ("reply", &so_far["id"]),
        "the same lookup"
    );

    assert!(
        rest.iter().all(|(later, ..)| *later != id),
        "only what came since: {rest:?}"
    );
    assert_eq!(
        dns.asked()
            .iter()
            .filter(|asked| *asked == "example.test. MX")
            .count(),
        1
    );
}

#[test]
fn a_client_that_missed_the_end_of_a_stream_gets_it() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let target = "GET /v1/commands/mx?domain=example.test";
    dns.hold("mail1.example.test. A");
    let (id, _) = leave_after_one(&service, target);
    dns.release("mail1.example.test. A");
    let (_, rest) = take_up(&service, target, &id);
    let (last, _, reply) = rest.last().expect("an event");

    // A client that has seen everything gets 204, one that missed the end gets it, and one with a
    // different request starts a new stream.
    let ask = |target: &str, id: &str| take_up(&service, target, id);
    assert_eq!(ask(target, last), (204, Vec::new()));
    let (_, missed) = ask(target, &id);
    assert_eq!((missed.len(), &missed[0].0, &missed[0].2), (1, last, reply));
    for (target, id) in [
        ("GET /v1/commands/a?domain=example.test", last.as_str()),
        (target, "01J00000000000000000000000-1"),
        (target, "nonsense"),
        (target, "-"),
        (
            target,
            &format!("{}-99", last.split('-').next().expect("an id")),
        ),
    ] {
        let (status, anew) = ask(target, id);
        assert_eq!(status, 200);
        assert_ne!(
            anew.last().expect("an event").0.split('-').next(),
            last.split('-').next(),
            "{id}"
        );
    }
}

#[test]
fn a_stream_that_ended_with_an_error_can_be_resumed() {
    let service = Service::start(&[]);
    let mut client = Client::connect(service.address);
    let accept = ("Accept", "text/event-stream");
    client.request("GET /v1/commands/mx?domain=a..b", &[accept], b"");
    assert_eq!(client.head().expect("a response begins").0, 200);
    let told = events(&mut client);
    assert_eq!(
        (told[0].1.as_str(), &told[0].2["code"]),
        ("error", &json!("bad_argument"))
    );
    let again = get(
        &service,
        "/v1/commands/mx?domain=a..b",
        &[accept, ("Last-Event-ID", &told[0].0)],
    );
    assert_eq!(again.status, 204);
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

#[test]
fn a_message_arrives_as_its_bytes() {
    let service = Service::start(&[]);
    let post = |path: &str, content_type: &str, body: &[u8]| {
        let headers = [("Content-Type", content_type)];
        Client::connect(service.address).ask(&format!("POST {path}"), &headers, body)
    };
    let path = "/v1/commands/trace_mail";
    let head = b"Received: from a.example.test ([192.0.2.1]) by b.example.test; Mon, 2 Nov 2026 10:00:00 +0000\r\n\
                 Subject: Gr\xfc\xdfe\r\n\r\n";

    for body in [
        b"Gr\xfc\xdfe \0\xff\r\n".as_slice(),
        b"",
        "Grüße\n".as_bytes(),
    ] {
        let message = [head, body].concat();
        for content_type in ["message/rfc822", "Application/Octet-Stream; x=y"] {
            let traced = post(path, content_type, &message);
            assert_eq!(traced.status, 200, "{}", traced.text());
            let reply = traced.json();
            assert_eq!(reply["data"]["subject"], "Grüße");
            let digest = ring::digest::digest(&ring::digest::SHA256, &message);
            let digest: String = digest
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let shown = format!("{} bytes, SHA-256 {digest}", message.len());
            assert_eq!(reply["arguments"]["message"], shown);
        }
    }

    for (path, content_type, body, status) in [
        (path, "text/plain", b"From: a".as_slice(), 415),
        (path, "", b"From: a", 415),
        (path, "message/rfc822", b"", 400),
        ("/v1/commands/mx", "message/rfc822", b"From: a", 405),
        ("/v1/commands/nothing", "message/rfc822", b"From: a", 405),
        (path, "message/rfc822", &vec![b'a'; (25 << 20) + 1], 413),
    ] {
        let refused = post(path, content_type, body);
        assert_eq!(
            refused.status,
            status,
            "{path} {content_type}: {}",
            refused.text()
        );
    }
}

#[test]
fn a_large_message_is_traced() {
    let service = Service::start(&[]);
    let mut message = b"Received: from a.example.test ([192.0.2.1]) by b.example.test; Mon, 2 Nov 2026 10:00:00 +0000\r\n\
                        Subject: large\r\n\r\n"
        .to_vec();
    message.resize(24 << 20, b'\n');
    let headers = [("Content-Type", "message/rfc822")];
    let traced =
        Client::connect(service.address).ask("POST /v1/commands/trace_mail", &headers, &message);
    assert_eq!(traced.json()["data"]["subject"], "large");
}
