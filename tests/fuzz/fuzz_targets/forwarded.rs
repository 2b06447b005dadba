//! Fuzzes the header fields in which proxies name the client: whatever a client writes there must
//! not hide what a trusted proxy appends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netvane_core::fuzzing::caller;

const APPENDED: [(&str, &str); 4] = [
    ("x-forwarded-for", "203.0.113.7"),
    ("x-forwarded-for", "[2001:db8::7]:4711"),
    ("forwarded", "for=203.0.113.7;proto=https"),
    ("forwarded", "proto=http;for=\"[2001:db8::7]:4711\""),
];

fuzz_target!(|claimed: &str| {
    for (field, appended) in APPENDED {
        let told = if appended.contains("2001") {
            "2001:db8::7"
        } else {
            "203.0.113.7"
        };
        let one_line = format!("{claimed}, {appended}");
        // Proxies append to an existing line, or add another line.
        for headers in [
            vec![(field, one_line.as_str())],
            vec![(field, claimed), (field, appended)],
        ] {
            let Some(address) = caller(&headers) else {
                continue;
            };
            assert_eq!(address.to_string(), told, "{headers:?}");
        }
    }
    for field in [
        "x-real-ip",
        "forwarded",
        "x-forwarded-for",
        "cf-connecting-ip",
        "via",
    ] {
        caller(&[(field, claimed)]);
    }
});
