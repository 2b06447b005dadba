use axum::http::{HeaderValue, Version};
use netvane_core::{request::http_request::Connection, settings::Settings};

use super::*;

fn rules(public_url: &str, hosts: &[&str], cors_origins: &[&str]) -> OriginRules {
    let list = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    OriginRules::new(&settings::Http {
        public_url: public_url.into(),
        hosts: list(hosts),
        cors_origins: list(cors_origins),
        ..Settings::default().http
    })
}

fn request(target: &str, fields: &[(&'static str, &str)]) -> HttpRequestInfo {
    let (method, path) = target.split_once(' ').expect("a method and a path");
    let value = |text: &str| HeaderValue::from_str(text).expect("a value");
    let fields = fields.iter().map(|(name, text)| {
        let name = axum::http::HeaderName::from_static(name);
        (name, value(text))
    });
    HttpRequestInfo {
        connection: Connection {
            peer: ([127, 0, 0, 1], 4321).into(),
            local: ([127, 0, 0, 1], 8080).into(),
            relayed: None,
        },
        method: method.parse().expect("a method"),
        uri: path.parse().expect("a path"),
        version: Version::HTTP_11,
        headers: fields.collect(),
        for_others: false,
        id: None,
    }
}

fn status(rules: &OriginRules, request: &HttpRequestInfo) -> u16 {
    rules
        .check(request)
        .map_or_else(|(status, _)| status.as_u16(), |()| 200)
}

#[test]
fn only_its_own_names_and_addresses_are_served() {
    let named = rules("https://netvane.example", &["Netvane.Lan"], &[]);
    let open = rules("", &[], &[]);
    for (host, expected) in [
        ("netvane.example", 200),
        ("NETVANE.example.:443", 200),
        ("netvane.lan:8080", 200),
        ("192.0.2.1:8080", 200),
        ("[::1]", 200),
        ("localhost:8080", 200),
        ("attacker.example", 403),
        ("netvane.example.attacker.example", 403),
    ] {
        let asked = request("GET /tools", &[("host", host)]);
        assert_eq!(status(&named, &asked), expected, "{host}");
        assert_eq!(status(&open, &asked), 200, "{host}");
        for path in ["GET /healthz", "GET /readyz"] {
            assert_eq!(status(&named, &request(path, &[("host", host)])), 200);
        }
    }
    assert_eq!(status(&open, &request("GET /healthz", &[])), 400);
}

#[test]
fn pages_of_other_sites_may_only_open_links() {
    let rules = rules("", &[], &["https://dash.example"]);
    let site = ("sec-fetch-site", "cross-site");
    let navigate = ("sec-fetch-mode", "navigate");
    let cors = ("sec-fetch-mode", "cors");
    let dash = ("origin", "https://dash.example");
    for (target, fields, expected) in [
        ("GET /r/x", &[site, navigate][..], 200),
        ("HEAD /v/x", &[site, navigate], 200),
        ("POST /v/x", &[site, navigate], 403),
        (
            "GET /v1/commands/mx",
            &[site, ("sec-fetch-mode", "no-cors")],
            403,
        ),
        ("GET /v1/commands/mx", &[site], 403),
        ("POST /v1/commands", &[site, cors, dash], 200),
        ("OPTIONS /v1/commands", &[site, cors, dash], 200),
        (
            "POST /v1/commands",
            &[site, cors, ("origin", "https://a.example")],
            403,
        ),
        ("POST /run/mx", &[site, cors, dash], 403),
        ("POST /v1/commands", &[], 200),
        (
            "POST /v1/commands",
            &[("sec-fetch-site", "same-origin")],
            200,
        ),
        ("POST /v1/commands", &[("sec-fetch-site", "none")], 200),
    ] {
        let mut fields = fields.to_vec();
        fields.push(("host", "127.0.0.1"));
        assert_eq!(
            status(&rules, &request(target, &fields)),
            expected,
            "{target} {fields:?}"
        );
    }
}
