//! Fuzzes RDAP: the target on the first line, a server's response below.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::{facts::registration::rdap, fuzzing};
use netvane_fuzz::{calm, calm_facts, harmless, registered};

fuzz_target!(|data: &[u8]| {
    let Some((asked, answer)) = registered(data) else {
        return;
    };
    let related = rdap::related(answer);
    assert!(related.len() <= 4, "{related:?}");
    for link in &related {
        assert!(
            link.starts_with("https://") || link.starts_with("http://"),
            "{link}"
        );
        calm("a link", link, "");
    }
    let query = asked.to_string();
    let Ok(facts) = rdap::parse(asked.kind(), &query, answer) else {
        return;
    };
    assert_eq!(facts.kind, asked.kind());
    calm_facts(&facts);
    harmless(&fuzzing::registration(
        &query,
        facts,
        &String::from_utf8_lossy(answer),
        false,
    ));
});
