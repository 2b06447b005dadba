//! Answers in the lab, through its validating resolver as the system's own: the table of
//! `tests/lab/README.md`, row by row.

use std::collections::BTreeSet;

use netvane_tests::Lab;
use serde_json::{Value, json};

/// Line, RCODE, outcome, severity, whether the resolver says that it validated.
type Row = (&'static str, &'static str, &'static str, &'static str, bool);

const ANSWERS: [Row; 26] = [
    ("a www.example.test", "NOERROR", "answer", "good", true),
    ("a www.nsec3.test", "NOERROR", "answer", "good", true),
    ("a missing.example.test", "NXDOMAIN", "nxdomain", "bad", true),
    ("a nosuch.nsec3.test", "NXDOMAIN", "nxdomain", "bad", true),
    ("a ent.example.test", "NOERROR", "no_data", "neutral", true),
    ("a a.b.wild.example.test", "NOERROR", "answer", "good", true),
    ("txt a.b.wild.example.test", "NOERROR", "answer", "good", true),
    ("a www.plain.test", "NOERROR", "answer", "good", false),
    ("a mail.badsig.test", "NOERROR", "answer", "good", true),
    ("a www.bogus.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.badsig.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.expired.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.future.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.nosig.test", "SERVFAIL", "servfail", "bad", false),
    ("a to-bogus.example.test", "SERVFAIL", "servfail", "bad", false),
    ("a www.half.test", "NOERROR", "answer", "good", false),
    ("a chain1.example.test", "NOERROR", "answer", "good", true),
    ("a dangling.example.test", "NXDOMAIN", "nxdomain", "bad", true),
    ("cname dangling.example.test", "NOERROR", "answer", "good", true),
    ("aaaa nodata.example.test", "NOERROR", "no_data", "neutral", true),
    ("a out.example.test", "NOERROR", "answer", "good", false),
    ("a www.dn.example.test", "NOERROR", "answer", "good", false),
    ("a _underscore.example.test", "NOERROR", "answer", "good", true),
    ("a UPPER.example.test", "NOERROR", "answer", "good", true),
    // A private address is shown like any other: nobody connects to it.
    ("a private.example.test", "NOERROR", "answer", "good", true),
    ("aaaa nat64.example.test", "NOERROR", "answer", "good", true),
];

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn outcomes_are_told_apart() {
    let lab = Lab::get();
    let mut faults = Vec::new();
    for (line, rcode, outcome, severity, validated) in ANSWERS {
        let reply = lab.json(line);
        let data = &reply["data"];
        let seen = (&data["rcode"], &data["outcome"], &reply["severity"], &data["authenticated"]);
        if seen != (&json!(rcode), &json!(outcome), &json!(severity), &json!(validated)) {
            faults.push(format!("{line}: {seen:?}"));
        }
        assert_eq!(data["resolver"], "198.51.100.53:53", "{line}: the first of /etc/resolv.conf");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn a_failure_of_validation_is_told_with_its_code() {
    let lab = Lab::get();
    // What unbound says second differs from what it said first.
    for (line, codes) in [
        ("a www.bogus.test", &[9, 6][..]),
        ("a www.badsig.test", &[6]),
        ("a www.expired.test", &[7]),
        ("a www.future.test", &[8]),
        ("a www.nosig.test", &[9]),
    ] {
        let reply = lab.json(line);
        let summary = reply["summary"].as_str().expect("a summary");
        assert!(summary.ends_with("(SERVFAIL): DNSSEC validation failed"), "{line}: {summary}");
        let code = reply["data"]["extended_errors"][0]["code"].as_u64().expect("a code");
        assert!(codes.contains(&code), "{line}: {code}");
        let unvalidated = lab.json(&format!("{line} {{OPEN4}}"));
        assert_eq!(unvalidated["data"]["rcode"], "NOERROR", "{line}");
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn servers_that_fail_are_told_apart() {
    let lab = Lab::get();
    for (name, told) in [
        ("www.silent.test", "the zone's own servers do not answer"),
        ("www.closed.test", "the zone's own servers do not answer"),
        ("www.nons.test", "the zone's own servers do not answer"),
        ("www.lame.test", "the zone's own servers do not serve it (lame delegation)"),
        ("www.refused.test", "the zone's own servers do not serve it (lame delegation)"),
        ("loop1.example.test", "the name is an alias that leads back to itself"),
        ("self.example.test", "the name is an alias that leads back to itself"),
    ] {
        // unbound takes 3.6 s to give up on a silent server.
        let run = lab.line(&format!("--json a {name}")).env("NETVANE__DNS__TIMEOUT_MS", "5000").run();
        let reply = run.json();
        assert_eq!(
            (&reply["data"]["rcode"], &reply["severity"]),
            (&json!("SERVFAIL"), &json!("bad")),
            "{name}"
        );
        let summary = reply["summary"].as_str().expect("a summary");
        assert!(summary.ends_with(&format!("(SERVFAIL): {told}")), "{name}: {summary}");
    }
    // The same at the servers themselves.
    for (line, code, told) in [
        ("a www.example.test {SILENT4}", "timeout", "203.0.113.99:53 did not answer within"),
        ("a www.example.test tcp://{SILENT4}", "timeout", "203.0.113.99:53 did not answer within"),
        ("a www.example.test {CLOSED4}", "upstream", "no DNS server listens there (connection refused)"),
        (
            "a www.example.test tcp://[{CLOSED6}]",
            "upstream",
            "no DNS server listens there (connection refused)",
        ),
    ] {
        let run = lab.line(&format!("--json {line}")).env("NETVANE__DNS__TIMEOUT_MS", "300").run();
        assert_eq!(run.code, Some(1), "{line}");
        let problem = run.problem();
        assert_eq!(problem["code"], code, "{line}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(told)), "{line}: {problem}");
    }
    for (line, rcode, outcome) in [
        ("a www.plain.test {REFUSED4}", "REFUSED", "refused"),
        ("a www.plain.test {EXAMPLE4}", "REFUSED", "refused"),
        ("a www.plain.test {ROOT4}", "NOERROR", "referral"),
        ("a loop1.example.test {EXAMPLE4}", "NOERROR", "cname_loop"),
        ("a www.plain.test {AUTH6}", "NOERROR", "answer"),
    ] {
        let data = lab.json(line)["data"].clone();
        assert_eq!((&data["rcode"], &data["outcome"]), (&json!(rcode), &json!(outcome)), "{line}");
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn aliases_are_kept_in_order_also_when_they_lead_nowhere() {
    let lab = Lab::get();
    let chain = |line: &str| -> Vec<String> {
        let reply = lab.json(line);
        let answers = reply["data"]["answers"].as_array().expect("answers").clone();
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
    assert_eq!(chain("a dangling.example.test"), ["dangling.example.test CNAME missing.example.test."]);
    assert_eq!(chain("aaaa nodata.example.test"), ["nodata.example.test CNAME v4only.example.test."]);
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn mx_in_all_its_shapes() {
    let lab = Lab::get();
    for (name, severity, faults, warning) in [
        ("good-mx", "good", &[None, None][..], None),
        ("plain-mx", "good", &[None], None),
        ("via-cname-mx", "good", &[None, None], None),
        ("private-mx", "good", &[None], None),
        (
            "cname-mx",
            "warning",
            &[Some("cname")],
            Some("is an alias (CNAME); it must have addresses itself (RFC 2181 §10.3)"),
        ),
        ("noaddr-mx", "bad", &[Some("no_address")], Some("noaddr.example.test has no address")),
        ("nx-mx", "bad", &[Some("does_not_exist")], Some("missing.example.test does not exist")),
        ("ip-mx", "bad", &[Some("ip_literal")], Some("192.0.2.1 is an address; it must be a host name")),
        (
            "mixed-null-mx",
            "warning",
            &[Some("null_among_others"), None],
            Some("The null MX `.` stands beside other exchanges"),
        ),
        (
            "silent-mx",
            "warning",
            &[None, Some("unresolved")],
            Some("mail.silent.test could not be found out"),
        ),
    ] {
        let reply = lab.json(&format!("mx {name}.example.test"));
        let data = &reply["data"];
        assert_eq!(reply["severity"], severity, "{name}: {reply}");
        assert_eq!((&data["null_mx"], &data["implicit"]), (&json!(false), &json!(false)), "{name}");
        let seen: Vec<Option<&str>> =
            data["hosts"].as_array().expect("hosts").iter().map(|host| host["fault"].as_str()).collect();
        assert_eq!(seen, faults, "{name}");
        let warnings = reply["warnings"].as_array().expect("warnings");
        assert_eq!(warnings.len(), usize::from(warning.is_some()), "{name}: {warnings:?}");
        if let (Some(told), Some(warning)) = (warning, warnings.first()) {
            assert!(warning.as_str().is_some_and(|text| text.contains(told)), "{name}: {warning}");
        }
    }
    let addresses = lab.json("mx good-mx.example.test")["data"]["hosts"][1]["addresses"].clone();
    assert_eq!(addresses, json!(["2001:db8:2::82", "203.0.113.82"]));
    let null = lab.json("mx null-mx.example.test");
    assert_eq!(
        (&null["severity"], &null["data"]["null_mx"], &null["data"]["hosts"]),
        (&json!("neutral"), &json!(true), &json!([]))
    );
    let implicit = lab.json("mx implicit-mx.example.test");
    assert_eq!((&implicit["severity"], &implicit["data"]["implicit"]), (&json!("warning"), &json!(true)));
    let host = &implicit["data"]["hosts"][0];
    assert_eq!((&host["preference"], &host["exchange"]), (&json!(0), &json!("implicit-mx.example.test")));
    assert_eq!(host["addresses"], json!(["2001:db8:2::80", "203.0.113.80"]));
    let none = lab.json("mx nomail.example.test");
    assert_eq!(
        (&none["severity"], &none["data"]["implicit"], &none["data"]["hosts"]),
        (&json!("bad"), &json!(false), &json!([]))
    );
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn texts_are_joined_and_explained() {
    let lab = Lab::get();
    let texts = |name: &str| lab.json(&format!("txt {name}.example.test"))["data"]["texts"].clone();
    let split = texts("split");
    assert_eq!(
        (&split[0]["text"], &split[0]["strings"]),
        (&json!("v=spf1 ip4:203.0.113.0/24 -all"), &json!(2))
    );
    for (name, purpose) in [
        ("split", "SPF"),
        ("_dmarc", "DMARC"),
        ("sel1._domainkey", "DKIM"),
        ("ed._domainkey", "DKIM"),
        ("_mta-sts", "MTA-STS"),
        ("_smtp._tls", "TLS reporting"),
    ] {
        let text = texts(name);
        assert!(text[0]["purpose"].as_str().is_some_and(|told| told.starts_with(purpose)), "{name}: {text}");
    }
    let purposes: BTreeSet<String> = lab.json("txt example.test")["data"]["texts"]
        .as_array()
        .expect("texts")
        .iter()
        .map(|text| text["purpose"].as_str().unwrap_or_default().to_lowercase())
        .collect();
    assert!(
        purposes.iter().any(|told| told.contains("google"))
            && purposes.iter().any(|told| told.contains("microsoft")),
        "{purposes:?}"
    );
    assert_eq!(texts("sel1._domainkey")[0]["text"].as_str().map(str::len), Some(410));
    assert_eq!(texts("longtxt")[0]["text"].as_str().map(str::len), Some(1200));
    assert_eq!(texts("empty")[0]["text"], "");
    let two = lab.json("txt two-spf.example.test");
    assert_eq!(
        two["warnings"],
        json!(["There are 2 SPF records; receivers then treat SPF as broken (RFC 7208 §4.5)"])
    );
    let big = lab.json("txt bigtxt.example.test")["data"].clone();
    assert_eq!((&big["transport"], big["answers"].as_array().map(Vec::len)), (&json!("tcp"), Some(14)));
    assert_eq!(big["flags"]["tc"], false, "the whole one came over TCP");
    for form in ["", "--markdown"] {
        let run = lab.line(&format!("txt hostile.example.test {form}")).run();
        assert!(netvane_tests::is_harmless(run.text()), "{:?}", run.stdout);
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn reverse_is_confirmed_forward_or_not() {
    let lab = Lab::get();
    for (address, severity, names) in [
        ("203.0.113.80", "good", &[("www.example.test", true)][..]),
        ("2001:db8:2::80", "good", &[("www.example.test", true)]),
        ("203.0.113.81", "warning", &[("www.example.test", false)]),
        ("203.0.113.82", "warning", &[("two-a.example.test", true), ("two-b.example.test", false)]),
        ("203.0.113.83", "neutral", &[]),
        ("203.0.113.84", "warning", &[("missing.example.test", false)]),
        ("203.0.113.85", "neutral", &[]),
        ("203.0.113.86", "good", &[("classless.example.test", true)]),
        ("203.0.113.88", "warning", &[("www.bogus.test", false)]),
    ] {
        let reply = lab.json(&format!("reverse {address}"));
        let found = &reply["data"]["addresses"][0];
        assert_eq!((&reply["severity"], &found["address"]), (&json!(severity), &json!(address)));
        let mut seen: Vec<(&str, bool)> = found["names"]
            .as_array()
            .expect("names")
            .iter()
            .map(|name| (name["name"].as_str().expect("a name"), name["forward_confirmed"] == true))
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, names, "{address}");
    }
    // A name that cannot be looked up now is not accused of leading elsewhere.
    let unknown = lab.json("reverse 203.0.113.88");
    assert!(!unknown["warnings"].to_string().contains("does not lead back"), "{}", unknown["warnings"]);
    let both = lab.json("reverse www.example.test")["data"]["addresses"].clone();
    let addresses: Vec<&Value> =
        both.as_array().expect("addresses").iter().map(|found| &found["address"]).collect();
    assert_eq!(addresses, ["203.0.113.80", "2001:db8:2::80"]);
    let ptr = lab.json("ptr 203.0.113.86")["data"].clone();
    let types: Vec<&Value> =
        ptr["answers"].as_array().expect("answers").iter().map(|row| &row["type"]).collect();
    assert_eq!(types, ["CNAME", "PTR"], "RFC 2317");
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn dns_shows_every_type_at_once() {
    let lab = Lab::get();
    let reply = lab.json("dns example.test");
    assert_eq!((&reply["severity"], &reply["data"]["rcode"]), (&json!("good"), &json!("NOERROR")));
    let records = reply["data"]["records"].as_object().expect("records");
    for (rtype, number) in [
        ("A", 1),
        ("AAAA", 1),
        ("MX", 2),
        ("NS", 2),
        ("SOA", 1),
        ("TXT", 3),
        ("CAA", 4),
        ("HTTPS", 1),
        ("NAPTR", 1),
        ("DS", 1),
    ] {
        assert_eq!(records[rtype].as_array().map(Vec::len), Some(number), "{rtype}");
    }
    assert_eq!(records.get("SRV"), None);
    assert_eq!(
        records["HTTPS"][0]["data"].as_str().map(|data| data.contains("alpn=") && data.contains("ipv4hint=")),
        Some(true)
    );
    let none = lab.json("dns missing.example.test");
    assert_eq!(
        (&none["data"]["rcode"], &none["data"]["records"], &none["severity"]),
        (&json!("NXDOMAIN"), &json!({}), &json!("bad"))
    );
    let silent = lab.line("--json dns www.lame.test").run().json();
    assert_eq!((&silent["data"]["rcode"], &silent["severity"]), (&json!("SERVFAIL"), &json!("bad")));
}
