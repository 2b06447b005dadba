//! Attacks on the operator's privilege and on the operator's network: proxies that are not listed,
//! DNS rebinding, pages of other sites, and names of the internal network.

use std::io::{Read, Write};

use netvane_tests::{Dns, Service, http::Client};
use serde_json::json;

/// Sends raw bytes on a new connection and returns the status of the response.
fn status(service: &Service, request: &str) -> u16 {
    let mut client = Client::connect(service.address);
    assert!(client.send(request));
    client.response().map_or(0, |response| response.status)
}

fn get(service: &Service, path: &str, host: &str) -> u16 {
    status(
        service,
        &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
    )
}

/// Whether requests with these header fields are the operator's: they have no rate limit.
fn is_operator(service: &Service, fields: &str) -> bool {
    let body = json!({ "command": "status" }).to_string();
    let request = format!(
        "POST /v1/commands HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut client = Client::connect(service.address);
    assert!(client.send(&request));
    let reply = client.response().expect("a response").json();
    reply["data"]["yours"].as_array().is_none_or(Vec::is_empty)
}

#[test]
fn a_forwarding_header_ends_the_operators_privilege_until_restart() {
    for field in [
        "X-Forwarded-For: 203.0.113.9",
        "Forwarded: for=203.0.113.9",
        "X-Real-IP: 203.0.113.9",
        "X-Forwarded-Proto: https",
        "Via: 1.1 proxy",
    ] {
        let service = Service::start(&[]);
        assert!(is_operator(&service, "Host: localhost\r\n"), "{field}");
        let host = format!("Host: localhost\r\n{field}\r\n");
        assert!(!is_operator(&service, &host), "{field}");
        assert!(!is_operator(&service, "Host: localhost\r\n"), "{field}");
        assert!(!is_operator(&service, &host), "{field}");
        service.logged("no operator privilege");
        assert_eq!(service.times_logged("no operator privilege"), 1);
        service.signal("HUP");
        service.logged("settings reloaded");
        assert!(!is_operator(&service, "Host: localhost\r\n"), "{field}");
    }

    // Any request of a proxy shows that it is one.
    let service = Service::start(&[]);
    let health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    assert_eq!(status(&service, health), 200);
    assert!(!is_operator(&service, "Host: localhost\r\n"));
}

#[test]
fn a_foreign_name_never_has_the_operators_privilege() {
    let service = Service::start(&[]);
    for host in ["attacker.example", "netvane.test:8080", "127.0.0.1.example"] {
        assert!(
            !is_operator(&service, &format!("Host: {host}\r\n")),
            "{host}"
        );
    }
    for host in ["127.0.0.1:8080", "[::1]", "localhost", "LOCALHOST.:1"] {
        assert!(
            is_operator(&service, &format!("Host: {host}\r\n")),
            "{host}"
        );
    }
}

#[test]
fn only_names_of_the_service_are_served() {
    let service = Service::start(&[
        ("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example"),
        ("NETVANE__HTTP__HOSTS", "netvane.lan"),
    ]);
    for host in [
        "netvane.example",
        "Netvane.Example.:443",
        "netvane.lan:8080",
        "127.0.0.1",
        "[2001:db8::1]:8080",
        "localhost:8080",
    ] {
        assert_eq!(get(&service, "/v1/commands", host), 200, "{host}");
        assert_eq!(get(&service, "/", host), 200, "{host}");
    }
    for host in [
        "attacker.example",
        "netvane.example.attacker.example",
        "lan",
    ] {
        for path in ["/v1/commands", "/", "/metrics", "/hooks/slack", "/nothing"] {
            assert_eq!(get(&service, path, host), 403, "{host} {path}");
        }
        for path in ["/healthz", "/readyz"] {
            assert_ne!(get(&service, path, host), 403, "{host} {path}");
        }
    }
}

#[test]
fn http_1_1_needs_exactly_one_host_and_http_1_0_none() {
    let service = Service::start(&[]);
    for (request, expected) in [
        ("GET /healthz HTTP/1.1\r\n\r\n", 400),
        (
            "GET /healthz HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n\r\n",
            400,
        ),
        (
            "GET /v1/commands HTTP/1.1\r\nHost: a.example\r\nHost: localhost\r\n\r\n",
            400,
        ),
        ("GET /v1/commands HTTP/1.1\r\nHost: \r\n\r\n", 400),
        ("GET /v1/commands HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (
            "GET http://a.example/healthz HTTP/1.1\r\nHost: b.example\r\n\r\n",
            400,
        ),
        (
            "GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            200,
        ),
        ("GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("GET /v1/commands HTTP/1.0\r\n\r\n", 200),
        ("GET /healthz HTTP/1.0\r\nHost: a.example\r\n\r\n", 200),
    ] {
        assert_eq!(status(&service, request), expected, "{request:?}");
    }
}

#[test]
fn pages_of_other_sites_may_only_open_links() {
    let service = Service::start(&[("NETVANE__HTTP__CORS_ORIGINS", "https://dash.example")]);
    let site = "Sec-Fetch-Site: cross-site\r\n";
    let body = json!({ "command": "port 22" }).to_string();
    for (target, fields, expected) in [
        ("GET /", "Sec-Fetch-Mode: navigate\r\n", 200),
        ("HEAD /tools", "Sec-Fetch-Mode: navigate\r\n", 200),
        ("POST /run/port", "Sec-Fetch-Mode: navigate\r\n", 403),
        (
            "GET /v1/commands/port?query=22",
            "Sec-Fetch-Mode: no-cors\r\n",
            403,
        ),
        ("GET /v1/commands/port?query=22", "", 403),
        (
            "POST /v1/commands",
            "Sec-Fetch-Mode: cors\r\nOrigin: https://evil.example\r\n",
            403,
        ),
        (
            "POST /v1/commands",
            "Sec-Fetch-Mode: cors\r\nOrigin: https://dash.example\r\n",
            200,
        ),
    ] {
        let length = if target.starts_with("POST") {
            body.len()
        } else {
            0
        };
        let request = format!(
            "{target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{site}{fields}Content-Length: {length}\r\n\r\n{}",
            &body[..length]
        );
        let mut stream = std::net::TcpStream::connect(service.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let line = String::from_utf8_lossy(&answer);
        let line = line.lines().next().unwrap_or_default();
        let found = line.split(' ').nth(1).unwrap_or_default();
        assert_eq!(found, expected.to_string(), "{target} {fields:?}: {line}");
    }
    for site in [
        "",
        "Sec-Fetch-Site: none\r\n",
        "Sec-Fetch-Site: same-origin\r\n",
    ] {
        let request = format!("GET /v1/commands HTTP/1.1\r\nHost: localhost\r\n{site}\r\n");
        assert_eq!(status(&service, &request), 200, "{site:?}");
    }
}

#[test]
fn strangers_cannot_look_up_names_of_the_internal_network() {
    const ZONE: &str = "$TTL 300\n\
        @ IN SOA ns1.internal. root.internal. 1 7200 3600 1209600 60\n\
        @ IN NS ns1.internal.\n\
        db IN A 10.1.2.3\n";
    let dns = Dns::serving("internal.", ZONE);
    let server = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__DNS__TIMEOUT_MS", "300"),
    ]);
    let from = |host: &str, line: &str| {
        let body = json!({ "command": line }).to_string();
        let request = format!(
            "POST /v1/commands HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut client = Client::connect(service.address);
        assert!(client.send(&request));
        client.response().expect("a response")
    };

    // The operator first: what it has learned is not repeated to strangers.
    assert_eq!(from("localhost", "a db.internal").status, 200);
    let asked = dns.asked().len();
    for line in [
        "a db.internal",
        "a DB.INTERNAL.",
        r"dig d\098.intern\097l A",
        "ns internal",
        "ptr 10.1.2.3",
        "dig 3.2.1.10.in-addr.arpa PTR",
        "ping db.internal",
        "trace db.internal",
        "ports db.internal 22",
        "mx printer.local",
        "a kubernetes.default.svc.cluster.local",
    ] {
        let reply = from("stranger.example", line);
        let text = reply.text().to_owned();
        assert!(!text.contains("10.1.2.3\"}"), "{line}: {text}");
        assert_eq!(reply.status, 403, "{line}: {text}");
    }
    // Commands that show other things as well leave these out.
    for line in [
        "ip 10.1.2.3",
        "reverse 10.1.2.3",
        "mailcheck db.internal",
        "dns db.internal",
    ] {
        from("stranger.example", line);
    }
    let leaked: Vec<_> = dns.asked().split_off(asked);
    assert!(leaked.is_empty(), "{leaked:?}");
    assert_eq!(from("localhost", "a db.internal").status, 200);
}
