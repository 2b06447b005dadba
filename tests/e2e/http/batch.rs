//! Contract §3: `POST /v1/batch`, NDJSON in and out.

mod lines;
mod streaming;

use netvane_tests::{Service, http::Client};
use serde_json::Value;

/// Returns the replies to these lines, in the order of arrival.
fn answers(service: &Service, lines: &str) -> Vec<Value> {
    let headers = [("Content-Type", "application/x-ndjson")];
    let response =
        Client::connect(service.address).ask("POST /v1/batch", &headers, lines.as_bytes());
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, "application/x-ndjson")
    );
    assert!(
        response.text().is_empty() || response.text().ends_with('\n'),
        "the last line ends as well"
    );
    let answer =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    response.text().lines().map(answer).collect()
}
