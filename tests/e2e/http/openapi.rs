//! The API against its own description: everything served matches `/openapi.json`, and nothing is
//! served that it does not describe.

mod problems;
mod replies;

use netvane_tests::{Dns, OpenApi, Service, whois};
use serde_json::Value;

/// A zone whose targets are all on loopback.
const ZONE: &str = r#"
$TTL 300
@ IN SOA ns.test. hostmaster.test. 7 7200 3600 1209600 60
@ IN NS ns.test.
ns.test. IN A 127.0.0.1
example.test. IN SOA ns.test. hostmaster.test. 7 7200 3600 1209600 60
example.test. IN NS ns.test.
example.test. IN A 127.0.0.1
example.test. IN AAAA ::1
example.test. IN MX 10 mail.example.test.
example.test. IN TXT "v=spf1 mx -all"
example.test. IN CAA 0 issue "ca.example"
mail.example.test. IN A 127.0.0.1
www.example.test. IN CNAME web.example.test.
web.example.test. IN A 127.0.0.1
_imaps._tcp.example.test. IN SRV 0 5 993 mail.example.test.
1.0.0.127.in-addr.arpa. IN PTR example.test.
"#;

const ASK: &str = "POST /v1/commands";
const JSON: &str = "application/json";

/// Starts a service whose peers are all on loopback.
fn start(dns: &Dns, more: &[(&str, &str)]) -> Service {
    let server = dns.address.to_string();
    let registry = whois::registry("127.0.0.1:0").expect("loopback has a free port");
    let registry = registry.port().to_string();
    let mut settings = vec![
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8,::1/128"),
        ("NETVANE__RDAP__ENABLED", "false"),
        ("NETVANE__WHOIS__ROOT", "127.0.0.1"),
        ("NETVANE__WHOIS__PORT", registry.as_str()),
        // Nothing listens on this port.
        ("NETVANE__SMTP__PORT", "9"),
    ];
    settings.extend(more);
    Service::start(&settings)
}

#[test]
fn listing_matches_the_schema() {
    let service = Service::start(&[]);
    let openapi = OpenApi::of(&service);
    let listing = service.get("/v1/commands").json();
    openapi
        .response("GET /v1/commands", 200, JSON)
        .assert_matches(&listing);
}

#[test]
fn text_responses_match_the_schema() {
    let service = Service::start(&[("NETVANE__DNS__SERVERS", "dns.example")]);
    let openapi = OpenApi::of(&service);
    for (path, status, media_type) in [
        ("/healthz", 200, "text/plain"),
        ("/readyz", 503, "text/plain"),
        ("/metrics", 200, "text/plain"),
        ("/docs", 200, "text/html"),
    ] {
        let response = service.get(path);
        assert_eq!(response.status, status, "{path}");
        assert!(
            response.header("content-type").starts_with(media_type),
            "{path}"
        );
        openapi
            .response(&format!("GET {path}"), status, media_type)
            .assert_matches(&response.text().into());
    }
}

#[test]
fn uses_only_formats_of_json_schema_or_our_own() {
    const KNOWN: [&str; 4] = ["date-time", "ipv4", "ipv6", "uri"];
    let service = Service::start(&[]);
    let document = service.get("/openapi.json").json();
    let mut left = vec![&document];
    while let Some(value) = left.pop() {
        if let Some(format) = value.get("format").and_then(Value::as_str) {
            assert!(
                KNOWN.contains(&format) || format.starts_with("netvane:"),
                "{format}"
            );
        }
        match value {
            Value::Object(members) => left.extend(members.values()),
            Value::Array(items) => left.extend(items),
            _ => {}
        }
    }
}
