use std::collections::BTreeSet;

use netvane_document::{Answer, Severity};
use serde_json::{Value, json};

use super::{observation::has_value, *};
use crate::{
    Engine,
    testing::dns::{TestDns, ask_json},
};

fn seen(name: &str, rcode: &str, answers: &[&str]) -> Observation {
    let all: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
    Observation {
        name: name.into(),
        rcode: Some(rcode.into()),
        answers: all.clone(),
        all,
        ttl: Some(300),
        ..Observation::default()
    }
}

fn alias(name: &str, target: &str, answers: &[&str]) -> Observation {
    Observation {
        alias: Some(target.into()),
        ..seen(name, "NOERROR", answers)
    }
}

fn data(authorities: Vec<Observation>, resolvers: Vec<Observation>) -> Data {
    let row = |seen| AuthorityRow {
        seen,
        serial: Some(1),
    };
    let mut data = Data {
        zone: Some("example.test".into()),
        authoritative: authorities.into_iter().map(row).collect(),
        resolvers,
        ..Data::default()
    };
    data.compare();
    data
}

fn members(data: &Data) -> Vec<(&str, Vec<&str>)> {
    data.groups
        .iter()
        .map(|group| {
            let members = group.members.iter().map(String::as_str).collect();
            (group.rcode.as_str(), members)
        })
        .collect()
}

#[test]
fn each_outcome_is_a_group() {
    let data = data(
        vec![seen("ns1", "NOERROR", &["192.0.2.1"])],
        vec![
            seen("a", "NOERROR", &["192.0.2.1"]),
            seen("b", "NOERROR", &["192.0.2.2"]),
            seen("c", "NXDOMAIN", &[]),
            seen("d", "SERVFAIL", &[]),
            Observation::failed("e", None, Problem::Timeout),
            seen("f", "NOERROR", &[]),
        ],
    );
    assert_eq!(
        members(&data),
        [
            ("NOERROR", vec!["ns1", "a"]),
            ("NOERROR", vec!["b"]),
            ("NXDOMAIN", vec!["c"]),
            ("NOERROR", vec!["f"]),
            ("SERVFAIL", vec!["d"]),
            ("timeout", vec!["e"]),
        ]
    );
    assert_eq!(data.stale_seconds, Some(300));
    assert_eq!(data.resolvers[1].group, Some(2));
    assert_eq!(data.present().severity, Severity::Warning);
}

#[test]
fn an_alias_without_its_target_agrees_with_those_that_follow_it() {
    let data = data(
        vec![alias("ns1", "www.cdn.test", &[])],
        vec![
            alias("a", "www.cdn.test", &["192.0.2.1"]),
            alias("b", "old.cdn.test", &["192.0.2.1"]),
        ],
    );
    // The addresses of both resolvers are the same, so they are one group.
    assert_eq!(members(&data), [("NOERROR", vec!["a", "b", "ns1"])]);

    let data = self::data(
        vec![alias("ns1", "www.cdn.test", &[])],
        vec![alias("a", "old.cdn.test", &["192.0.2.9"])],
    );
    assert_eq!(data.groups.len(), 2);
    assert_eq!(data.stale_seconds, Some(300));
}

#[test]
fn nothing_is_stale_without_an_authoritative_answer() {
    let data = data(
        vec![Observation::failed("ns1", None, Problem::Timeout)],
        vec![
            seen("a", "NOERROR", &["192.0.2.1"]),
            seen("b", "NOERROR", &["192.0.2.2"]),
        ],
    );
    assert_eq!(data.stale_seconds, None);
    let warnings = data.present().warnings;
    assert!(
        !warnings.iter().any(|text| text.contains("caches")),
        "{warnings:?}"
    );
}

#[test]
fn different_serials_are_a_warning() {
    let mut data = data(
        vec![
            seen("ns1", "NOERROR", &["192.0.2.1"]),
            seen("ns2", "NOERROR", &["192.0.2.1"]),
        ],
        Vec::new(),
    );
    assert_eq!(data.present().severity, Severity::Good);
    data.authoritative[1].serial = Some(2);
    let document = data.present();
    assert_eq!(document.severity, Severity::Warning);
    assert!(
        document.warnings[0].contains("(1, 2)"),
        "{:?}",
        document.warnings
    );
}

#[test]
fn an_expected_value_is_written_in_several_ways() {
    for (answers, value) in [
        (&["192.0.2.1"][..], "192.0.2.1"),
        (&["192.0.2.1", "192.0.2.2"], "192.0.2.2"),
        (&["192.0.2.1", "192.0.2.2"], "192.0.2.2, 192.0.2.1"),
        (&["2001:db8::1"], "2001:0DB8:0::1"),
        (&["10 mail.example.test."], "10 Mail.example.test"),
        (&["10 mail.example.test."], "mail.example.test"),
        (&["\"v=spf1 -all\""], "v=spf1 -all"),
        (&["\"v=spf1 \" \"-all\""], "v=spf1 -all"),
        (&["ns1.example.test."], "ns1.example.test."),
    ] {
        assert!(has_value(&seen("a", "NOERROR", answers), value), "{value}");
    }
    assert!(has_value(&seen("a", "NXDOMAIN", &[]), "nxdomain"));
    for (answers, value) in [
        (&["192.0.2.1"][..], "192.0.2.11"),
        (&["192.0.2.1"], "192.0.2.1, 192.0.2.2"),
        (&["192.0.2.1"], ","),
        (&[], ""),
        (&["\"v=spf1 include:a.test -all\""], "-all"),
    ] {
        assert!(!has_value(&seen("a", "NOERROR", answers), value), "{value}");
    }
}

/// Settings with the first server as the resolver and the others as public ones.
async fn engine_with(servers: &[&TestDns]) -> Engine {
    let mut settings = servers[0].settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let others = servers[1..].iter().enumerate();
    settings.dns.public_resolvers = others
        .map(|(index, server)| format!("public {index}={}", server.address))
        .collect();
    Engine::new(&settings).expect("an engine")
}

#[tokio::test]
async fn resolvers_with_another_answer_are_found() {
    let old = TestDns::serving("host 60 IN A 192.0.2.1").await;
    let new = TestDns::serving("host 60 IN A 192.0.2.2").await;
    let third = TestDns::serving("host 60 IN A 192.0.2.2").await;
    let engine = engine_with(&[&old, &new, &third]).await;

    let reply = ask_json(&engine, "propagation host.example.test expect=192.0.2.2").await;
    let data = &reply["data"];
    assert_eq!(data["groups"][0]["answers"], json!(["192.0.2.2"]));
    assert_eq!(
        data["groups"][0]["members"],
        json!(["public 0", "public 1"])
    );
    assert_eq!(data["groups"][1]["answers"], json!(["192.0.2.1"]));
    assert_eq!(data["expect"]["missing"], json!([old.address.to_string()]));
    assert_eq!(reply["severity"], "bad");

    let names: BTreeSet<&str> = data["resolvers"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    assert_eq!(names.len(), 3);
    assert_eq!(data["resolvers"][0]["ttl"], 60);
    assert_eq!(data["zone"], "example.test");
    // The server of the zone has an address that the guard refuses.
    assert_eq!(data["authoritative"][0]["rcode"], Value::Null);
    assert_eq!(data["authoritative"][0]["problem"], "refused");
}

#[tokio::test]
async fn negative_answers_are_groups_too() {
    let dns = TestDns::start().await;
    let engine = engine_with(&[&dns]).await;
    for (line, rcode) in [
        ("propagation gone.example.test", "NXDOMAIN"),
        ("propagation web.example.test MX", "NOERROR"),
    ] {
        let data = &ask_json(&engine, line).await["data"];
        assert_eq!(data["groups"][0]["rcode"], rcode, "{line}");
        assert_eq!(data["groups"][0]["answers"], json!([]), "{line}");
        assert_eq!(data["resolvers"][0]["ttl"], 60, "{line}");
    }
}
