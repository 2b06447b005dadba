//! Malformed and abusive requests: each gets a response or is disconnected, and the next one is
//! served.

use std::time::Instant;

use netvane_tests::{Hostile, Service, http::Client, is_harmless};
use serde_json::{Value, json};

/// Runs `abuse` against a service, which must work afterwards as before.
fn survives(settings: &[(&str, &str)], abuse: impl FnOnce(&Service)) {
    let service = Service::start(settings);
    abuse(&service);
    assert_eq!(
        service.command("help mx").json()["title"],
        "/mx <domain> [resolver]"
    );
    assert!(!service.log().contains("panic"), "{}", service.log());
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn rejects_invalid_bodies() {
    survives(&[], |service| {
        let detail = |body: &[u8]| {
            let problem = service.post(body).problem();
            assert_eq!(
                (&problem["status"], &problem["code"]),
                (&json!(400), &json!("bad_argument")),
                "{body:?}"
            );
            problem["detail"].as_str().expect("a detail").to_owned()
        };

        assert!(detail(b"").contains("the request body is empty"));
        assert!(detail(b"{\"command\": \"a \xff.example\"}").contains("is not UTF-8 (at byte 15)"));
        assert!(detail(b"{\"command\": \"mx").contains("EOF while parsing"));
        assert!(
            detail(br#"{"command": "a x", "frobnicate": 1}"#)
                .contains("unknown field `frobnicate`")
        );
        assert!(detail(br#"{"command": "a x", "name": "mx"}"#).contains("either \"command\""));
        assert!(detail(br#"{"command": "a x", "arguments": {}}"#).contains("either \"command\""));
        for body in [
            &b"{}"[..],
            b"null",
            b"7",
            b"\"mx example.com\"",
            b"[]",
            br#"["mx example.com", null, null]"#,
            br#"{"command": 5}"#,
            br#"{"command": null}"#,
            br#"{"name": "mx", "arguments": []}"#,
            br#"{"command": "a x", "command": "a y"}"#,
            br#"{"command": "a x"} {"command": "a y"}"#,
            b"\xef\xbb\xbf",
            b"\0\0\0\0",
            br#"{"command": "\ud800"}"#,
            "[".repeat(60_000).as_bytes(),
        ] {
            let told = detail(body);
            assert!(is_harmless(&told), "{told:?}");
            assert!(
                !told.contains("struct"),
                "names of the source are nobody's business: {told}"
            );
        }
    });
}

#[test]
fn rejects_a_megabyte_however_it_is_sent() {
    survives(&[], |service| {
        let body = json!({"command": format!("a {}", "x".repeat(1 << 20))}).to_string();
        let problem = service.post(&body).problem();

        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(413), &json!("too_large"))
        );
        assert_eq!(
            problem["detail"],
            "the request body is larger than 524288 bytes"
        );

        // The same without a declared length.
        let mut client = Client::connect(service.address);
        client.send("POST /v1/commands HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        for part in body.as_bytes().chunks(16 * 1024) {
            let sent = client.send(format!("{:x}\r\n", part.len()))
                && client.send(part)
                && client.send("\r\n");
            if !sent {
                break;
            }
        }

        if let Ok(response) = client.response() {
            assert_eq!(response.problem()["code"], "too_large");
        }

        // Within the limit for a body, but too long for a command line.
        let long = json!({"command": format!("a {}", "x".repeat(20_000))}).to_string();
        assert_eq!(service.post(&long).problem()["status"], 400);
    });
}

#[test]
fn rejects_unknown_paths_and_methods() {
    survives(&[], |service| {
        for path in [
            "/nosuch",
            "/v1",
            "/v1/commands/a/b",
            "/v1/commands/",
            "//",
            "/..%2f..%2fetc/passwd",
            "/healthz/x",
        ] {
            let problem = service.get(path).problem();
            assert_eq!(problem["status"], 404, "{path}");
        }

        for (target, allow) in [
            ("DELETE /v1/commands", "GET,HEAD,POST"),
            ("PUT /healthz", "GET,HEAD"),
            ("POST /v1/commands/mx", "GET,HEAD"),
            ("BREW /readyz", "GET,HEAD"),
            ("PATCH /metrics", "GET,HEAD"),
        ] {
            let response = Client::connect(service.address).ask(target, &[], b"");
            assert_eq!(
                (response.status, response.header("allow")),
                (405, allow),
                "{target}"
            );
            assert_eq!(response.problem()["code"], "method_not_allowed", "{target}");
        }

        for path in [
            "/v1/commands/nosuch?domain=x",
            "/v1/commands/%00",
            "/v1/commands/mx%0d%0aX:%20y?domain=x",
        ] {
            assert_eq!(
                service.get(path).problem()["code"],
                "unknown_command",
                "{path}"
            );
        }

        // Bytes that are not UTF-8 after decoding.
        let problem = service.get("/v1/commands/%ff?domain=example.com").problem();

        assert!(
            matches!(problem["status"].as_u64(), Some(400 | 404)),
            "{problem}"
        );
        assert_eq!(
            service
                .get("/v1/commands/mx?domain=%ff%fe.example")
                .problem()["code"],
            "bad_argument"
        );
    });
}

#[test]
fn rejects_malformed_and_huge_headers() {
    survives(&[], |service| {
        let status = |bytes: &[u8]| {
            let mut client = Client::connect(service.address);
            client.send(bytes);
            client.head().map(|(status, _)| status).ok()
        };

        let head = |extra: &str| format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{extra}\r\n");
        assert_eq!(status(head("").as_bytes()), Some(200));

        // A server that has responded may close the connection with unread bytes, and the response
        // is then lost.
        let huge = head(&format!("X: {}\r\n", "a".repeat(100_000)));
        assert!(matches!(status(huge.as_bytes()), Some(431) | None));
        assert_eq!(status(head(&"X: a\r\n".repeat(150)).as_bytes()), Some(431));
        let path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
        assert!(matches!(status(path.as_bytes()), Some(414 | 431) | None));
        for bytes in [
            &b"GARBAGE\r\n\r\n"[..],
            b"GET /healthz HTTP/9.9\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nX: a\0b\r\n\r\n",
            b"GET /\x07 HTTP/1.1\r\n\r\n",
            b"POST /v1/commands HTTP/1.1\r\nContent-Length: -5\r\n\r\nhello",
            b"POST /v1/commands HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
            b"POST /v1/commands HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        ] {
            assert_eq!(
                status(bytes),
                Some(400),
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    });
}

#[test]
fn slow_clients_are_disconnected() {
    let hold = [("NETVANE__HTTP__READ_TIMEOUT_MS", "1000")];

    survives(&hold, |service| {
        for begun in [
            "",
            "G",
            "GET /healthz HT",
            "GET /healthz HTTP/1.1\r\nHost: x\r\n",
            "PRI * HT",
        ] {
            let started = Instant::now();
            let mut client = Client::connect(service.address);
            client.send(begun);
            let told = client
                .rest()
                .unwrap_or_else(|error| panic!("{begun:?} is not cut: {error}"));
            assert!(
                told.is_empty() || told.starts_with(b"HTTP/1.1 408"),
                "{begun:?}"
            );
            assert!(
                started.elapsed().as_millis() >= 900,
                "{begun:?} has its time"
            );
        }

        // An idle connection after a request is not kept open forever either.
        let mut client = Client::connect(service.address);
        assert_eq!(client.ask("GET /healthz", &[], b"").status, 200);
        assert_eq!(client.rest().expect("it is closed"), b"");

        // A body that never arrives.
        let mut client = Client::connect(service.address);
        client.send(
            "POST /v1/commands HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"command\":",
        );

        let problem = client.response().expect("a response").problem();
        assert_eq!(problem["code"], "timeout");
        assert_eq!(
            client.rest().expect("it is closed"),
            b"",
            "the connection is closed without waiting for the rest of the body"
        );
    });
}

#[test]
fn invalid_names_are_not_sent_to_a_name_server() {
    let server = Hostile::start();
    let address = server.address.to_string();

    survives(&[("NETVANE__DNS__SERVERS", &address)], |service| {
        let ask = |domain: &str| {
            let typed = service.command(&format!("a {domain}"));
            let named =
                service.post(json!({"name": "a", "arguments": {"domain": domain}}).to_string());
            (typed, named)
        };

        for domain in [
            "a.".repeat(8000).as_str(),
            &"a".repeat(64),
            &format!("{}.example", "ü".repeat(60)),
            "nul\0.example",
            "bell\u{7}.example",
            "esc\u{1b}[31m.example",
            "line\u{2028}.example",
            "over\u{202e}ride.example",
            "zero\u{200b}width.example",
            "bom\u{feff}.example",
            "soft\u{ad}hyphen.example",
            "a\u{2024}b.example",
            "xn--.example",
            "xn--a.example",
            "xn--\u{fc}.example",
            // An A-label whose decoded form is plain ASCII: another spelling of `paypal`.
            "xn--paypal-.example",
            "-..-",
            "..",
        ] {
            let (typed, named) = ask(domain);
            for response in [typed, named] {
                let problem = response.problem();
                assert_eq!(
                    (&problem["status"], &problem["code"]),
                    (&json!(400), &json!("bad_argument")),
                    "{domain:.40?}"
                );
                let detail = problem["detail"].as_str().expect("a detail");
                assert!(is_harmless(detail), "{domain:.40?}: {detail:?}");
                assert!(
                    detail.len() < 500,
                    "{domain:.40?} is not repeated at length: {}",
                    detail.len()
                );
            }
        }
    });
}

#[test]
fn names_are_shown_in_canonical_form_and_lookalikes_cause_a_warning() {
    let server = Hostile::start();
    let service = Service::with_dns(server.address);

    for (written, name) in [
        ("ｇｏｏｇｌｅ.example", "google.example"),
        ("example。com", "example.com"),
        ("ℂom.example", "com.example"),
        ("EXAMPLE.Example", "example.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
    ] {
        let reply = service.command(&format!("a {written}")).json();
        assert_eq!(
            (&reply["arguments"]["domain"], &reply["data"]["name"]),
            (&json!(name), &json!(name)),
            "{written}"
        );
    }

    for deceiving in ["pаypal.example", "xn--pypal-4ve.example", "аррӏе.example"] {
        let reply: Value = service.command(&format!("a {deceiving}")).json();
        assert_eq!(reply["severity"], "warning", "{deceiving}");
        let warning = reply["warnings"][0].as_str().expect("a warning");
        assert!(warning.contains("this is not `"), "{warning}");
    }
}
