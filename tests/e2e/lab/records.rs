//! Mail servers, TXT records, reverse names and all types at once, in the lab.

use std::collections::BTreeSet;

use netvane_tests::Lab;
use serde_json::{Value, json};

/// A name below `example.test`, its severity, the faults of its hosts, and its warning.
type Mx = (
    &'static str,
    &'static str,
    &'static [Option<&'static str>],
    Option<&'static str>,
);

const MX_SHAPES: [Mx; 10] = [
    ("good-mx", "good", &[None, None], None),
    ("plain-mx", "good", &[None], None),
    ("via-cname-mx", "good", &[None, None], None),
    (
        "private-mx",
        "bad",
        &[Some("private")],
        Some("private.example.test has only private or local addresses"),
    ),
    (
        "cname-mx",
        "warning",
        &[Some("cname")],
        Some("is an alias; an MX must not point to a CNAME (RFC 2181 §10.3)"),
    ),
    (
        "noaddr-mx",
        "bad",
        &[Some("no_address")],
        Some("noaddr.example.test has no address"),
    ),
    (
        "nx-mx",
        "bad",
        &[Some("does_not_exist")],
        Some("missing.example.test does not exist"),
    ),
    (
        "ip-mx",
        "bad",
        &[Some("ip_literal")],
        Some("192.0.2.1 is an IP address; an MX must name a host"),
    ),
    (
        "mixed-null-mx",
        "warning",
        &[Some("null_among_others"), None],
        Some("A null MX (`.`) must be the only MX record"),
    ),
    (
        "silent-mx",
        "warning",
        &[None, Some("unresolved")],
        Some("Could not resolve mail server mail.silent.test"),
    ),
];

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn shows_every_kind_of_mx_record() {
    let lab = Lab::get();

    for (name, severity, faults, warning) in MX_SHAPES {
        let reply = lab.json(&format!("mx {name}.example.test"));
        let data = &reply["data"];
        assert_eq!(reply["severity"], severity, "{name}: {reply}");
        assert_eq!(
            (&data["null_mx"], &data["implicit"]),
            (&json!(false), &json!(false)),
            "{name}"
        );

        let seen: Vec<Option<&str>> = data["hosts"]
            .as_array()
            .expect("hosts")
            .iter()
            .map(|host| host["fault"].as_str())
            .collect();

        assert_eq!(seen, faults, "{name}");
        let warnings = reply["warnings"].as_array().expect("warnings");

        assert_eq!(
            warnings.len(),
            usize::from(warning.is_some()),
            "{name}: {warnings:?}"
        );

        if let (Some(told), Some(warning)) = (warning, warnings.first()) {
            assert!(
                warning.as_str().is_some_and(|text| text.contains(told)),
                "{name}: {warning}"
            );
        }
    }

    let addresses = lab.json("mx good-mx.example.test")["data"]["hosts"][1]["addresses"].clone();
    assert_eq!(addresses, json!(["2001:db8:2::82", "203.0.113.82"]));
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn distinguishes_null_implicit_and_missing_mx() {
    let lab = Lab::get();
    let null = lab.json("mx null-mx.example.test");

    assert_eq!(
        (
            &null["severity"],
            &null["data"]["null_mx"],
            &null["data"]["hosts"]
        ),
        (&json!("neutral"), &json!(true), &json!([]))
    );

    let implicit = lab.json("mx implicit-mx.example.test");

    assert_eq!(
        (&implicit["severity"], &implicit["data"]["implicit"]),
        (&json!("warning"), &json!(true))
    );

    let host = &implicit["data"]["hosts"][0];

    assert_eq!(
        (&host["preference"], &host["exchange"]),
        (&json!(0), &json!("implicit-mx.example.test"))
    );
    assert_eq!(host["addresses"], json!(["2001:db8:2::80", "203.0.113.80"]));
    let none = lab.json("mx nomail.example.test");

    assert_eq!(
        (
            &none["severity"],
            &none["data"]["implicit"],
            &none["data"]["hosts"]
        ),
        (&json!("bad"), &json!(false), &json!([]))
    );
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn txt_strings_are_joined_and_explained() {
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
        assert!(
            text[0]["purpose"]
                .as_str()
                .is_some_and(|told| told.starts_with(purpose)),
            "{name}: {text}"
        );
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

    assert_eq!(
        texts("sel1._domainkey")[0]["text"].as_str().map(str::len),
        Some(410)
    );
    assert_eq!(
        texts("longtxt")[0]["text"].as_str().map(str::len),
        Some(1200)
    );
    assert_eq!(texts("empty")[0]["text"], "");
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn shows_many_large_or_hostile_txt_records() {
    let lab = Lab::get();
    let two = lab.json("txt two-spf.example.test");

    assert_eq!(
        two["warnings"],
        json!([
            "2 SPF records; only one is allowed, so SPF evaluation fails with permerror (RFC 7208 §4.5)"
        ])
    );

    let big = lab.json("txt bigtxt.example.test")["data"].clone();

    assert_eq!(
        (&big["transport"], big["answers"].as_array().map(Vec::len)),
        (&json!("tcp"), Some(14))
    );
    assert_eq!(
        big["flags"]["tc"], false,
        "the complete response came over TCP"
    );
    for form in ["", "--markdown"] {
        let run = lab.line(&format!("txt hostile.example.test {form}")).run();
        assert!(netvane_tests::is_harmless(run.text()), "{:?}", run.stdout);
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn reverse_names_are_forward_confirmed_or_not() {
    let lab = Lab::get();

    for (address, severity, names) in [
        ("203.0.113.80", "good", &[("www.example.test", true)][..]),
        ("2001:db8:2::80", "good", &[("www.example.test", true)]),
        ("203.0.113.81", "warning", &[("www.example.test", false)]),
        (
            "203.0.113.82",
            "warning",
            &[("two-a.example.test", true), ("two-b.example.test", false)],
        ),
        ("203.0.113.83", "neutral", &[]),
        (
            "203.0.113.84",
            "warning",
            &[("missing.example.test", false)],
        ),
        ("203.0.113.85", "neutral", &[]),
        ("203.0.113.86", "good", &[("classless.example.test", true)]),
        ("203.0.113.88", "warning", &[("www.bogus.test", false)]),
    ] {
        let reply = lab.json(&format!("reverse {address}"));
        let found = &reply["data"]["addresses"][0];

        assert_eq!(
            (&reply["severity"], &found["address"]),
            (&json!(severity), &json!(address))
        );

        let mut seen: Vec<(&str, bool)> = found["names"]
            .as_array()
            .expect("names")
            .iter()
            .map(|name| {
                (
                    name["name"].as_str().expect("a name"),
                    name["forward_confirmed"] == true,
                )
            })
            .collect();

        seen.sort_unstable();
        assert_eq!(seen, names, "{address}");
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn reverse_handles_names_and_failed_lookups() {
    let lab = Lab::get();

    // A name whose lookup fails is not reported as pointing elsewhere.
    let unknown = lab.json("reverse 203.0.113.88");

    assert!(
        !unknown["warnings"]
            .to_string()
            .contains("does not resolve back"),
        "{}",
        unknown["warnings"]
    );

    let both = lab.json("reverse www.example.test")["data"]["addresses"].clone();
    let addresses: Vec<&Value> = both
        .as_array()
        .expect("addresses")
        .iter()
        .map(|found| &found["address"])
        .collect();

    assert_eq!(addresses, ["203.0.113.80", "2001:db8:2::80"]);
    let ptr = lab.json("ptr 203.0.113.86")["data"].clone();
    let types: Vec<&Value> = ptr["answers"]
        .as_array()
        .expect("answers")
        .iter()
        .map(|row| &row["type"])
        .collect();

    assert_eq!(types, ["CNAME", "PTR"], "RFC 2317");
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn dns_shows_every_type_at_once() {
    let lab = Lab::get();
    let reply = lab.json("dns example.test");

    assert_eq!(
        (&reply["severity"], &reply["data"]["rcode"]),
        (&json!("good"), &json!("NOERROR"))
    );

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
        assert_eq!(
            records[rtype].as_array().map(Vec::len),
            Some(number),
            "{rtype}"
        );
    }

    assert_eq!(records.get("SRV"), None);
    assert_eq!(
        records["HTTPS"][0]["data"]
            .as_str()
            .map(|data| data.contains("alpn=") && data.contains("ipv4hint=")),
        Some(true)
    );

    let none = lab.json("dns missing.example.test");

    assert_eq!(
        (
            &none["data"]["rcode"],
            &none["data"]["records"],
            &none["severity"]
        ),
        (&json!("NXDOMAIN"), &json!({}), &json!("bad"))
    );

    let silent = lab.line("--json dns www.lame.test").run().json();

    assert_eq!(
        (&silent["data"]["rcode"], &silent["severity"]),
        (&json!("SERVFAIL"), &json!("bad"))
    );
}
