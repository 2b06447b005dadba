//! Access to the HTTP API: keys, signatures, cross-origin requests, and attempts to circumvent
//! them.

mod keys;
mod origins;
mod signatures;

use data_encoding::HEXLOWER;
use netvane_tests::{
    Service,
    http::{Client, Response},
};
use ring::digest;

const KEYS: &str = "NETVANE__HTTP__API_KEYS";
const CLOSED: (&str, &str) = ("NETVANE__HTTP__ANONYMOUS", "false");

const OLD: &str = "nvk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

fn hash(key: &str) -> String {
    format!(
        "sha256:{}",
        HEXLOWER.encode(digest::digest(&digest::SHA256, key.as_bytes()).as_ref())
    )
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

fn ask(service: &Service, target: &str, headers: &[(&str, &str)], body: &str) -> Response {
    Client::connect(service.address).ask(target, headers, body.as_bytes())
}

/// A request that needs no network.
const QUESTION: &str = r#"{"command": "help mx"}"#;

fn post(service: &Service, headers: &[(&str, &str)]) -> Response {
    ask(service, "POST /v1/commands", headers, QUESTION)
}

/// Returns status, detail and challenge of a refused request.
#[track_caller]
fn refused(response: &Response) -> (u16, String, String) {
    let problem = response.problem();
    let code = match response.status {
        401 => "unauthorized",
        403 => "forbidden",
        400 => "bad_argument",
        other => panic!("{other}: {problem}"),
    };
    assert_eq!(problem["code"], code, "{problem}");
    let detail = problem["detail"].as_str().expect("a detail").to_owned();
    (
        response.status,
        detail,
        response.header("www-authenticate").to_owned(),
    )
}
