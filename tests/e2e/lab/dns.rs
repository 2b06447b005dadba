//! DNS lookups in the lab, with its validating resolver as the system's: the table of
//! `tests/lab/README.md`, row by row.

use netvane_tests::Lab;
use serde_json::json;

/// Line, RCODE, outcome, severity, whether the resolver reports validation.
type Row = (&'static str, &'static str, &'static str, &'static str, bool);

const ANSWERS: [Row; 26] = [
    ("a www.example.test", "NOERROR", "answer", "good", true),
    ("a www.nsec3.test", "NOERROR", "answer", "good", true),
    (
        "a missing.example.test",
        "NXDOMAIN",
        "nxdomain",
        "bad",
        true,
    ),
    ("a nosuch.nsec3.test", "NXDOMAIN", "nxdomain", "bad", true),
    ("a ent.example.test", "NOERROR", "no_data", "neutral", true),
    ("a a.b.wild.example.test", "NOERROR", "answer", "good", true),
    (
        "txt a.b.wild.example.test",
        "NOERROR",
        "answer",
        "good",
        true,
    ),
    ("a www.plain.test", "NOERROR", "answer", "good", false),
    ("a mail.badsig.test", "NOERROR", "answer", "good", true),
    ("a www.bogus.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.badsig.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.expired.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.future.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.nosig.test", "SERVFAIL", "servfail", "bad", false),
    (
        "a to-bogus.example.test",
        "SERVFAIL",
        "servfail",
        "bad",
        false,
    ),
    ("a www.half.test", "NOERROR", "answer", "good", false),
    ("a chain1.example.test", "NOERROR", "answer", "good", true),
    (
        "a dangling.example.test",
        "NXDOMAIN",
        "nxdomain",
        "bad",
        true,
    ),
    (
        "cname dangling.example.test",
        "NOERROR",
        "answer",
        "good",
        true,
    ),
    (
        "aaaa nodata.example.test",
        "NOERROR",
        "no_data",
        "neutral",
        true,
    ),
    ("a out.example.test", "NOERROR", "answer", "good", false),
    ("a www.dn.example.test", "NOERROR", "answer", "good", false),
    (
        "a _underscore.example.test",
        "NOERROR",
        "answer",
        "good",
        true,
    ),
    ("a UPPER.example.test", "NOERROR", "answer", "good", true),
    // A private address is shown like any other, because nothing connects to it.
    ("a private.example.test", "NOERROR", "answer", "good", true),
    ("aaaa nat64.example.test", "NOERROR", "answer", "good", true),
];

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn distinguishes_all_outcomes() {
    let lab = Lab::get();
    let mut faults = Vec::new();

    for (line, rcode, outcome, severity, validated) in ANSWERS {
        // unbound may take a while if a server is dead.
        let run = lab
            .line(&format!("--json {line}"))
            .env("NETVANE__DNS__TIMEOUT_MS", "5000")
            .run();
        let reply = run.json();
        let data = &reply["data"];
        let seen = (
            &data["rcode"],
            &data["outcome"],
            &reply["severity"],
            &data["authenticated"],
        );

        if seen
            != (
                &json!(rcode),
                &json!(outcome),
                &json!(severity),
                &json!(validated),
            )
        {
            faults.push(format!("{line}: {seen:?}"));
        }

        assert_eq!(
            data["resolver"], "198.51.100.53:53",
            "{line}: the first of /etc/resolv.conf"
        );
    }

    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn validation_failures_are_reported_with_their_code() {
    let lab = Lab::get();
    // unbound's second response may differ from its first.
    for (line, codes) in [
        ("a www.bogus.test", &[9, 6][..]),
        ("a www.badsig.test", &[6]),
        ("a www.expired.test", &[7]),
        ("a www.future.test", &[8]),
        ("a www.nosig.test", &[9]),
    ] {
        let reply = lab.json(line);
        let summary = reply["summary"].as_str().expect("a summary");
        assert!(
            summary.ends_with("returned SERVFAIL: DNSSEC validation failed"),
            "{line}: {summary}"
        );
        let code = reply["data"]["extended_errors"][0]["code"]
            .as_u64()
            .expect("a code");
        assert!(codes.contains(&code), "{line}: {code}");
        let unvalidated = lab.json(&format!("{line} {{OPEN4}}"));
        assert_eq!(unvalidated["data"]["rcode"], "NOERROR", "{line}");
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn distinguishes_zones_with_failing_servers() {
    let lab = Lab::get();

    for (name, told) in [
        ("www.silent.test", "the zone's name servers do not answer"),
        ("www.closed.test", "the zone's name servers do not answer"),
        ("www.nons.test", "the zone's name servers do not answer"),
        (
            "www.lame.test",
            "the zone's name servers are not authoritative for it (lame delegation)",
        ),
        (
            "www.refused.test",
            "the zone's name servers are not authoritative for it (lame delegation)",
        ),
        ("loop1.example.test", "CNAME loop"),
        ("self.example.test", "CNAME loop"),
    ] {
        // unbound takes 3.6 s to give up on a silent server.
        let run = lab
            .line(&format!("--json a {name}"))
            .env("NETVANE__DNS__TIMEOUT_MS", "5000")
            .run();
        let reply = run.json();
        assert_eq!(
            (&reply["data"]["rcode"], &reply["severity"]),
            (&json!("SERVFAIL"), &json!("bad")),
            "{name}"
        );
        let summary = reply["summary"].as_str().expect("a summary");
        assert!(
            summary.ends_with(&format!("returned SERVFAIL: {told}")),
            "{name}: {summary}"
        );
    }
}

/// The same failures, with the servers queried directly.
#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn distinguishes_failing_servers() {
    let lab = Lab::get();

    for (line, code, told) in [
        (
            "a www.example.test {SILENT4}",
            "timeout",
            "203.0.113.99:53 did not answer within",
        ),
        (
            "a www.example.test tcp://{SILENT4}",
            "timeout",
            "203.0.113.99:53 did not answer within",
        ),
        (
            "a www.example.test {CLOSED4}",
            "upstream",
            "connection refused (no DNS server is listening)",
        ),
        (
            "a www.example.test tcp://[{CLOSED6}]",
            "upstream",
            "connection refused (no DNS server is listening)",
        ),
    ] {
        let run = lab
            .line(&format!("--json {line}"))
            .env("NETVANE__DNS__TIMEOUT_MS", "300")
            .run();
        assert_eq!(run.code, Some(1), "{line}");
        let problem = run.problem();
        assert_eq!(problem["code"], code, "{line}: {problem}");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(told)),
            "{line}: {problem}"
        );
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn distinguishes_responses_without_an_answer() {
    let lab = Lab::get();

    for (line, rcode, outcome) in [
        ("a www.plain.test {REFUSED4}", "REFUSED", "refused"),
        ("a www.plain.test {EXAMPLE4}", "REFUSED", "refused"),
        ("a www.plain.test {ROOT4}", "NOERROR", "referral"),
        ("a loop1.example.test {EXAMPLE4}", "NOERROR", "cname_loop"),
        ("a www.plain.test {AUTH6}", "NOERROR", "answer"),
    ] {
        let data = lab.json(line)["data"].clone();
        assert_eq!(
            (&data["rcode"], &data["outcome"]),
            (&json!(rcode), &json!(outcome)),
            "{line}"
        );
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn keeps_the_order_of_aliases_even_if_the_target_is_missing() {
    let lab = Lab::get();
    let chain = |line: &str| -> Vec<String> {
        let reply = lab.json(line);
        let answers = reply["data"]["answers"]
            .as_array()
            .expect("answers")
            .clone();
        answers
            .iter()
            .map(|row| format!("{} {} {}", row["name"], row["type"], row["data"]).replace('"', ""))
            .collect()
    };

    assert_eq!(
        chain("a chain1.example.test"),
        [
            "chain1.example.test CNAME chain2.example.test.",
            "chain2.example.test CNAME chain3.example.test.",
            "chain3.example.test CNAME www.example.test.",
            "www.example.test A 203.0.113.80",
        ]
    );

    assert_eq!(
        chain("a dangling.example.test"),
        ["dangling.example.test CNAME missing.example.test."]
    );
    assert_eq!(
        chain("aaaa nodata.example.test"),
        ["nodata.example.test CNAME v4only.example.test."]
    );
}
