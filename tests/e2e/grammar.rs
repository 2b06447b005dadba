//! Contract §1: every way to write a lookup, and every mistake, on the command line.

mod accepted;
mod mistakes;

use netvane_tests::{Dns, Netvane};
use serde_json::Value;

/// Returns the canonical arguments of a command line.
fn arguments(dns: &Dns, words: &[&str]) -> Value {
    let run = Netvane::new(std::iter::once(&"--json").chain(words))
        .dns(dns.address)
        .env("NETVANE__POLICY__ALLOW", "127.0.0.0/8")
        .run();
    assert_eq!(run.code, Some(0), "{words:?}: {}", run.stderr);
    run.json()["arguments"].clone()
}
