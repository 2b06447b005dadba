//! Request ids, methods, and messages in the body.

use netvane_tests::{Dns, Service, http::Client};
use serde_json::{Value, json};

use super::get;

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
