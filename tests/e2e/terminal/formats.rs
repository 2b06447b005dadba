//! Replies as text, Markdown and JSON.

use netvane_tests::{Dns, Netvane};
use serde_json::{Value, json};

#[test]
fn prints_a_reply_as_text() {
    let dns = Dns::start();
    let run = Netvane::line("mx example.test").dns(dns.address).run();
    insta::assert_snapshot!(run.text().replace(&dns.address.to_string(), "SERVER"), @r"
    MX of example.test
    ✓ 2 mail servers, both resolve

    Preference  Mail server         Addresses       TTL
            10  mail1.example.test  2001:db8::81  5 min
                                    192.0.2.81
            20  mail2.example.test  192.0.2.82    5 min

    Answered by:  SERVER
    ");
}

#[test]
fn prints_a_reply_as_markdown() {
    let dns = Dns::start();
    let run = Netvane::line("caa example.test --markdown")
        .dns(dns.address)
        .run();
    insta::assert_snapshot!(run.text().replace(&dns.address.port().to_string(), "PORT"), @"
    ### CAA of example.test

    ✅ **1 CAA record**

    | Tag | Value | Meaning | TTL |
    | --- | --- | --- | ---: |
    | issue | `ca.example` | may issue certificates | 5 min |

    - Answered by: 127.0.0.1:PORT
    ");
}

/// Returns the reply to `mx example.test` as JSON.
fn reply_to_mx(dns: &Dns) -> Value {
    Netvane::line("--json mx example.test")
        .dns(dns.address)
        .run()
        .json()
}

/// Contract §2: every member with its type; there may be more.
#[test]
fn a_reply_as_json_has_the_contracts_shape() {
    let reply = reply_to_mx(&Dns::start());
    let members: Vec<&str> = reply
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();

    assert_eq!(
        members,
        [
            "id",
            "command",
            "arguments",
            "severity",
            "title",
            "summary",
            "data",
            "blocks",
            "warnings",
            "elapsed_ms",
            "cached",
            "vantage"
        ]
    );

    assert_eq!(reply["id"].as_str().map(str::len), Some(26), "a ULID");
    assert_eq!(reply["command"], "mx");
    assert_eq!(reply["arguments"], json!({"domain": "example.test"}));
    assert_eq!(reply["severity"], "good");
    assert_eq!(reply["title"], "MX of example.test");
    assert_eq!(reply["summary"], "2 mail servers, both resolve");
    assert_eq!(reply["warnings"], json!([]));
    assert!(
        reply["elapsed_ms"]
            .as_f64()
            .is_some_and(|elapsed| elapsed > 0.0),
        "{}",
        reply["elapsed_ms"]
    );

    assert_eq!(
        (&reply["cached"], &reply["vantage"]),
        (&json!(false), &json!("local"))
    );
    assert_eq!(reply["blocks"][0]["kind"], "table");
}

#[test]
fn the_data_of_mx_has_the_contracts_shape() {
    let dns = Dns::start();
    let data = &reply_to_mx(&dns)["data"];

    assert_eq!(
        (&data["name"], &data["type"], &data["rcode"]),
        (&json!("example.test"), &json!("MX"), &json!("NOERROR"))
    );

    let first =
        json!({"name": "example.test", "type": "MX", "ttl": 300, "data": "10 mail1.example.test."});

    assert!(
        data["answers"]
            .as_array()
            .expect("an array")
            .contains(&first),
        "{data}"
    );

    assert!(data["authority"].is_array());
    assert_eq!(data["resolver"], dns.address.to_string());
    assert_eq!(
        (&data["authenticated"], &data["transport"]),
        (&json!(false), &json!("udp"))
    );
    assert_eq!(
        (&data["null_mx"], &data["implicit"]),
        (&json!(false), &json!(false))
    );

    let host = &data["hosts"][0];

    assert_eq!(
        (&host["preference"], &host["exchange"]),
        (&json!(10), &json!("mail1.example.test"))
    );
    assert_eq!(host["addresses"], json!(["2001:db8::81", "192.0.2.81"]));
}

/// Returns the data of a line's reply.
fn data_of(dns: &Dns, line: &str) -> Value {
    Netvane::line(&format!("--json {line}"))
        .dns(dns.address)
        .run()
        .json()["data"]
        .clone()
}

#[test]
fn every_dns_command_returns_the_contracts_data() {
    let dns = Dns::start();

    for (line, rtype, data) in [
        ("a example.test", "A", "192.0.2.80"),
        ("aaaa example.test", "AAAA", "2001:db8::80"),
        ("ns example.test", "NS", "ns1.example.test."),
        (
            "soa example.test",
            "SOA",
            "ns1.example.test. hostmaster.example.test. 7 7200 3600 1209600 60",
        ),
        ("txt example.test", "TXT", "\"v=spf1 mx -all\""),
        ("cname www.example.test", "CNAME", "web.example.test."),
        (
            "srv _imaps._tcp.example.test",
            "SRV",
            "0 5 993 mail1.example.test.",
        ),
        ("caa example.test", "CAA", "0 issue \"ca.example\""),
        ("dig example.test txt", "TXT", "\"v=spf1 mx -all\""),
    ] {
        let found = data_of(&dns, line);

        assert_eq!(
            (&found["type"], &found["rcode"]),
            (&json!(rtype), &json!("NOERROR")),
            "{line}"
        );

        let answer = &found["answers"][0];

        assert_eq!(
            (&answer["type"], &answer["ttl"], &answer["data"]),
            (&json!(rtype), &json!(300), &json!(data)),
            "{line}"
        );

        for member in [
            "name",
            "authority",
            "resolver",
            "authenticated",
            "transport",
        ] {
            assert!(!found[member].is_null(), "{line}: {member}");
        }
    }
}

#[test]
fn dns_lists_all_records_by_type() {
    let all = data_of(&Dns::start(), "dns example.test");
    let types: Vec<&str> = all["records"]
        .as_object()
        .expect("records")
        .keys()
        .map(String::as_str)
        .collect();

    assert_eq!(
        types,
        ["A", "AAAA", "CAA", "MX", "NS", "SOA", "TXT"],
        "absent types are absent"
    );

    assert_eq!(
        all["records"]["A"],
        json!([{"name": "example.test", "ttl": 300, "data": "192.0.2.80"}])
    );
}

#[test]
fn an_alias_comes_before_its_target() {
    let chain = data_of(&Dns::start(), "a www.example.test");
    let types: Vec<&Value> = chain["answers"]
        .as_array()
        .expect("answers")
        .iter()
        .map(|row| &row["type"])
        .collect();

    assert_eq!(types, ["CNAME", "A"], "the alias comes first");
}

#[test]
fn a_failure_has_the_same_text_in_both_formats() {
    let run = Netvane::line("a example.com resolver=192.0.2.1").run();
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""));
    let told = "192.0.2.1 is in 192.0.2.0/24 (Documentation (TEST-NET-1), RFC 5737), which this service does not contact. \
                Operators can allow it with `[policy] allow`.";
    assert_eq!(run.stderr, format!("netvane: {told}\n"));
    let problem = Netvane::line("a example.com resolver=192.0.2.1 --json")
        .run()
        .problem();
    assert_eq!(
        problem,
        json!({"type": "about:blank", "title": "Refused target", "status": 403, "detail": told, "code": "refused_target"})
    );
    let problem = Netvane::line("--json /mxx example.com").run().problem();
    assert_eq!(
        (&problem["code"], &problem["suggestion"]),
        (&json!("unknown_command"), &json!("/mx example.com"))
    );
    assert_eq!(problem["position"], json!({"start": 0, "end": 4}));
}
