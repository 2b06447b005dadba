//! Checks of policies against a zone, for the tests of several commands.

use crate::testing::dns::{TestDns, ask_json};

/// The state of a reply and its codes of problems, sorted.
pub(super) fn verdict(reply: &serde_json::Value) -> String {
    let data = &reply["data"];
    let mut codes: Vec<&str> = data["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|problem| problem["code"].as_str().expect("a code"))
        .collect();
    codes.sort_unstable();
    codes.dedup();
    let state = data["state"].as_str().expect("a state");
    format!("{state} {}", codes.join(" ")).trim_end().to_owned()
}

/// Runs each line against a zone and compares the state and the codes of its problems.
pub(super) async fn check_verdicts(zone: &str, cases: &[(&str, &str)]) {
    let dns = TestDns::serving(zone).await;
    let engine = dns.engine();
    for (line, expected) in cases {
        let reply = ask_json(&engine, line).await;
        assert_eq!(verdict(&reply), *expected, "{line}: {reply:#}");
    }
}
