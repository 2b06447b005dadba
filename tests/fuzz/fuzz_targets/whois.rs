//! Fuzzes whois: the target on the first line, a server's response below.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::{facts::registration::whois, fuzzing};
use netvane_fuzz::{calm_facts, harmless, registered};

fuzz_target!(|data: &[u8]| {
    let Some((asked, answer)) = registered(data) else {
        return;
    };
    let text = whois::decode(answer);
    calm_controls(&text);
    let query = asked.to_string();
    let facts = whois::parse(asked.kind(), &query, &text);
    assert_eq!(facts.kind, asked.kind());
    calm_facts(&facts);
    if let Some(referral) = whois::referral(&text) {
        assert!(
            referral.port > 0 && referral.host.is_ascii() && referral.host.len() <= 253,
            "{referral:?}"
        );
    }
    harmless(&fuzzing::registration(&query, facts.clone(), &text, true));
    harmless(&fuzzing::registration(&query, facts, &text, false));
});

/// Panics if decoded text contains control characters that could affect a terminal.
fn calm_controls(text: &str) {
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'),
        "{text:?}"
    );
}
