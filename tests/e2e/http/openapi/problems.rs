//! Each kind of problem that the document describes.

use std::collections::BTreeSet;

use netvane_tests::{
    Hostile, OpenApi, Scratch, Service,
    http::{Client, Response},
};
use serde_json::json;

use super::ASK;

const PROBLEM: &str = "application/problem+json";

/// Returns the code of a problem, which must match its schema and, if a target is given, the schema
/// of its status.
#[track_caller]
fn code(openapi: &OpenApi, response: &Response, target: Option<&str>) -> String {
    let problem = response.problem();
    openapi.component("Problem").assert_matches(&problem);
    if let Some(target) = target {
        let schema = openapi.response(target, response.status, PROBLEM);
        schema.assert_matches(&problem);
    }
    problem["code"].as_str().expect("a code").to_owned()
}

/// Returns the problem codes that the document describes.
fn described_codes(openapi: &OpenApi) -> BTreeSet<String> {
    let described = &openapi.document()["components"]["schemas"]["ProblemCode"]["oneOf"];
    described
        .as_array()
        .expect("codes")
        .iter()
        .map(|code| code["const"].as_str().expect("a code").to_owned())
        .collect()
}

#[test]
fn each_kind_of_problem_matches_the_schema() {
    let (hostile, scratch) = (Hostile::start(), Scratch::new());
    let rules =
        "[[policy.rules]]\nname = \"no scans\"\ncommands = [\"ports\"]\neffect = \"deny\"\n";
    let rules = scratch.file("netvane.toml", rules);
    let service = Service::start(&[
        ("NETVANE_CONFIG", rules.to_str().expect("a path in UTF-8")),
        ("NETVANE__DNS__SERVERS", &hostile.address.to_string()),
        ("NETVANE__DNS__TIMEOUT_MS", "50"),
    ]);

    let openapi = OpenApi::of(&service);
    let mut codes = BTreeSet::new();

    for (line, expected) in [
        ("mxx example.test", "unknown_command"),
        ("mx www..example.test", "bad_argument"),
        ("ping 10.0.0.1", "refused_target"),
        ("ports 192.0.2.1", "forbidden"),
        ("a silent.example.com", "timeout"),
        ("a garbage.example.com", "upstream"),
    ] {
        let got = code(&openapi, &service.command(line), Some(ASK));
        assert_eq!(got, expected, "{line}");
        codes.insert(got);
    }

    let callback = json!({ "command": "port 22", "callback": "https://example.com/" }).to_string();

    for (body, expected) in [
        (callback, "unavailable"),
        (" ".repeat(600 << 10), "too_large"),
    ] {
        let got = code(&openapi, &service.post(body), Some(ASK));
        assert_eq!(got, expected);
        codes.insert(got);
    }

    // Errors outside of the described paths.
    for (target, expected) in [
        ("GET /v1/nowhere", "not_found"),
        ("DELETE /v1/commands", "method_not_allowed"),
    ] {
        let response = Client::connect(service.address).ask(target, &[], b"");
        let got = code(&openapi, &response, None);
        assert_eq!(got, expected);
        codes.insert(got);
    }

    codes.extend(those_of_strangers(&openapi));

    // An internal error cannot be provoked; a unit test covers it.
    codes.insert("internal".into());
    assert_eq!(codes, described_codes(&openapi));
}

/// Returns the codes of problems for clients without access or over their limit.
fn those_of_strangers(openapi: &OpenApi) -> [String; 2] {
    let closed = Service::start(&[("NETVANE__HTTP__ANONYMOUS", "false")]);
    let unauthorized = code(openapi, &closed.command("help"), Some(ASK));
    assert_eq!(unauthorized, "unauthorized");

    let few = Service::start(&[("NETVANE__LIMITS__PER_ANONYMOUS", "30")]);
    let refused = (0..100)
        .map(|number| few.command(&format!("port {number}")))
        .find(|response| response.status != 200)
        .expect("a limit");
    assert!(!refused.header("retry-after").is_empty());
    let limited = code(openapi, &refused, Some(ASK));
    assert_eq!(limited, "rate_limited");
    [unauthorized, limited]
}
