//! Queries as sent, responses as received, and DNSSEC.

use netvane_tests::Lab;
use serde_json::{Value, json};

/// A query, the type of the answer, and the answer in presentation format (RFC 1035 and its
/// successors): one line, names with their final dot.
const ANSWERS: [(&str, &str, &str); 15] = [
    ("example.test MX", "MX", "10 mail1.example.test."),
    ("example.test TYPE15", "MX", "10 mail1.example.test."),
    (". NS", "NS", "ns.root."),
    (
        "unknown.example.test TYPE65280",
        "TYPE65280",
        "\\# 4 0A000001",
    ),
    ("unknown.example.test TYPE65281", "TYPE65281", "\\# 0"),
    (
        "_imaps._tcp.example.test SRV",
        "SRV",
        "10 5 993 mail1.example.test.",
    ),
    (
        "example.test HTTPS",
        "HTTPS",
        "1 . alpn=h2,h3 ipv4hint=203.0.113.80 ipv6hint=2001:db8:2::80",
    ),
    ("www.example.test HTTPS", "HTTPS", "0 example.test."),
    (
        "enum.example.test NAPTR",
        "NAPTR",
        r#"10 100 "u" "E2U+sip" "!^.*$!sip:info@example.test!" ."#,
    ),
    (
        "example.test CAA",
        "CAA",
        r#"0 issue "ca.test; accounturi=https://ca.test/acct/1""#,
    ),
    ("dn.example.test DNAME", "DNAME", "plain.test."),
    ("host.example.test HINFO", "HINFO", r#""PDP-11" "UNIX""#),
    (
        "_443._tcp.www.example.test TLSA",
        "TLSA",
        "3 1 1 E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    ),
    (
        "host.example.test SSHFP",
        "SSHFP",
        "4 2 E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    ),
    ("80.113.0.203.in-addr.arpa PTR", "PTR", "www.example.test."),
];

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn dig_shows_the_response_as_received() {
    let lab = Lab::get();
    let mut faults = Vec::new();

    for (line, rtype, told) in ANSWERS {
        let run = lab.line(&format!("--json dig {line}")).run();
        let reply: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
        let rows = reply["data"]["answers"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if reply["data"]["type"] != rtype || !rows.iter().any(|row| row["data"] == told) {
            faults.push(format!(
                "{line}: expected {told}, seen {rows:?}{}",
                run.stderr
            ));
        }
    }

    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn dig_sends_the_query_as_requested() {
    let lab = Lab::get();
    let data = |line: &str| lab.json(line)["data"].clone();
    let one = data("dig www.example.test norecurse resolver={ROOT4}");

    assert_eq!(
        (&one["flags"]["rd"], &one["answers"]),
        (&json!(false), &json!([]))
    );
    assert_eq!(one["authority"][0]["type"], "NS");
    let big = data("dig bigtxt.example.test TXT");

    assert_eq!(
        (&big["transport"], big["answers"].as_array().map(Vec::len)),
        (&json!("tcp"), Some(14))
    );
    assert_eq!(data("dig www.example.test tcp")["transport"], "tcp");
    let signed = data("dig www.example.test dnssec");
    let types: Vec<&Value> = signed["answers"]
        .as_array()
        .expect("answers")
        .iter()
        .map(|row| &row["type"])
        .collect();

    assert_eq!(types, ["A", "RRSIG"]);
    let text = lab.line("dig www.example.test").run();

    for part in [
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: ",
        ";; flags: qr rd ra ad; QUERY: 1, ANSWER: 1,",
        ";; OPT PSEUDOSECTION:",
        ";www.example.test.\t\tIN\tA",
        "www.example.test. ",
    ] {
        assert!(text.text().contains(part), "{part}: {}", text.stdout);
    }
}

/// A name, the expected validation status, and the reason that is shown.
const VALIDATED: [(&str, &str, &str); 22] = [
    ("www.example.test", "secure", "chain of signatures"),
    ("www.nsec3.test", "secure", ""),
    ("missing.example.test", "secure", ""),
    ("nosuch.nsec3.test", "secure", ""),
    ("ent.example.test", "secure", ""),
    ("nodata.example.test AAAA", "secure", ""),
    ("a.b.wild.example.test", "secure", ""),
    ("chain1.example.test", "secure", ""),
    (". DNSKEY", "secure", ""),
    // Netvane's own validation does not need a validating resolver.
    ("www.example.test A {OPEN4}", "secure", ""),
    (
        "www.plain.test",
        "insecure",
        "proves that this zone is not signed",
    ),
    ("out.example.test", "insecure", ""),
    ("www.dn.example.test", "insecure", ""),
    ("80.113.0.203.in-addr.arpa PTR", "insecure", ""),
    (
        "www.bogus.test",
        "bogus",
        "the DS records of bogus.test list key tag",
    ),
    (
        "www.bogus.test A {OPEN4}",
        "bogus",
        "the DS records of bogus.test list key tag",
    ),
    ("www.badsig.test", "bogus", ""),
    (
        "www.expired.test",
        "bogus",
        "the signature of the A record of www.expired.test expired",
    ),
    ("www.future.test", "bogus", "is not valid yet"),
    ("www.nosig.test", "bogus", "has no signature (RRSIG)"),
    ("to-bogus.example.test", "bogus", ""),
    ("www.lame.test", "indeterminate", ""),
];

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn validates_dnssec_from_the_trust_anchor() {
    let lab = Lab::get();
    let mut faults = Vec::new();

    for (line, security, reason) in VALIDATED {
        let reply = lab.json(&format!("dig {line} dnssec"));
        let seen = &reply["data"]["dnssec"];
        if seen["security"] != security
            || !seen["reason"]
                .as_str()
                .is_some_and(|told| told.contains(reason))
        {
            faults.push(format!(
                "{line}: expected {security} ({reason}), seen {seen}"
            ));
        }
        if security == "bogus" {
            assert_eq!(reply["severity"], "bad", "{line}");
        }
    }

    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let wrong = lab
        .line("--json dig www.example.test dnssec")
        .env("NETVANE__DNS__TRUST_ANCHOR", "")
        .run()
        .json();

    assert_ne!(
        wrong["data"]["dnssec"]["security"], "secure",
        "the lab's root is not the world's"
    );
}

/// Every example in the DNS commands' help, with names replaced by the lab's.
#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn every_dns_example_works() {
    let lab = Lab::get();
    let commands: Value =
        serde_json::from_str(lab.line("commands --json").run().text()).expect("JSON");
    let listed = commands["commands"].as_array().expect("an array");
    let mut asked = 0;

    for name in [
        "a", "aaaa", "mx", "ns", "soa", "txt", "cname", "srv", "caa", "ptr", "dns", "dig",
        "reverse",
    ] {
        let command = listed
            .iter()
            .find(|command| command["name"] == name)
            .expect("a command of the contract");

        for example in command["examples"].as_array().expect("examples") {
            let mut line = example.as_str().expect("a line").to_owned();
            for (theirs, ours) in [
                ("example.com", "example.test"),
                ("2001:db8::1", "2001:db8:2::80"),
                ("192.0.2.1", "203.0.113.80"),
                ("tls://1.1.1.1", "tls://{RESOLVER4}"),
                ("1.1.1.1", "{RESOLVER4}"),
                ("9.9.9.9", "{RESOLVER4}"),
            ] {
                line = line.replace(theirs, ours);
            }
            let reply = lab.json(&line);
            assert_eq!(reply["command"], name, "{line}");
            assert_ne!(reply["data"]["rcode"], "SERVFAIL", "{line}");
            asked += 1;
        }
    }

    assert!(asked >= 13, "{asked}");
}
