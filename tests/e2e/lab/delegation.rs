//! `delegation` and `propagation` in the lab: its own root, signed and broken zones, lame and silent servers.

use netvane_tests::Lab;
use serde_json::{Value, json};

/// Runs a line with the lab's root, and its open resolver as a public one.
fn run(lab: &Lab, line: &str) -> Value {
    let hints = format!(
        "ns.root={},ns.root={}",
        lab.value("ROOT4"),
        lab.value("ROOT6")
    );
    let public = format!("open={}", lab.value("OPEN4"));
    let run = lab
        .line(&format!("--json {line}"))
        .env("NETVANE__DNS__ROOT_HINTS", hints)
        .env("NETVANE__DNS__PUBLIC_RESOLVERS", public)
        .run();
    run.json()
}

/// The states of the last zone's servers, each once.
fn states(data: &Value) -> Vec<&str> {
    let last = data["steps"].as_array().and_then(|steps| steps.last());
    let servers = last.and_then(|step| step["servers"].as_array());
    let mut states: Vec<&str> = servers
        .into_iter()
        .flatten()
        .filter_map(|server| server["state"].as_str())
        .collect();
    states.sort_unstable();
    states.dedup();
    states
}

/// Name, DNSSEC status of the last zone, states of its servers, broken zone.
type Row = (
    &'static str,
    &'static str,
    &'static [&'static str],
    Option<&'static str>,
);

const ZONES: [Row; 15] = [
    ("www.example.test", "secure", &["ok"], None),
    ("missing.example.test", "secure", &["ok"], None),
    ("www.nsec3.test", "secure", &["ok"], None),
    ("nosuch.nsec3.test", "secure", &["ok"], None),
    ("www.plain.test", "insecure", &["ok"], None),
    ("www.bogus.test", "bogus", &["ok"], Some("bogus.test")),
    ("www.badsig.test", "bogus", &["ok"], Some("badsig.test")),
    ("www.expired.test", "bogus", &["ok"], Some("expired.test")),
    ("www.future.test", "bogus", &["ok"], Some("future.test")),
    ("www.nosig.test", "bogus", &["ok"], Some("nosig.test")),
    ("www.half.test", "insecure", &["ok", "silent"], None),
    (
        "www.silent.test",
        "insecure",
        &["silent"],
        Some("silent.test"),
    ),
    ("www.lame.test", "insecure", &["lame"], Some("lame.test")),
    (
        "www.closed.test",
        "insecure",
        &["silent"],
        Some("closed.test"),
    ),
    (
        "www.nons.test",
        "insecure",
        &["no_address"],
        Some("nons.test"),
    ),
];

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn a_walk_finds_where_the_delegation_breaks() {
    let lab = Lab::get();
    let mut faults = Vec::new();

    for (name, secure, expected, broken_at) in ZONES {
        let reply = run(&lab, &format!("delegation {name}"));
        let data = &reply["data"];
        let steps = data["steps"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let zones: Vec<&Value> = steps.iter().map(|step| &step["zone"]).collect();
        let last = steps.last().map_or(&Value::Null, |step| &step["secure"]);
        let zone = name.split_once('.').map_or(name, |(_, zone)| zone);

        if (zones, last)
            != (
                vec![&json!("."), &json!("test"), &json!(zone)],
                &json!(secure),
            )
            || states(data) != expected
            || data["broken_at"] != json!(broken_at)
            || (reply["severity"] == "bad") != broken_at.is_some()
        {
            faults.push(format!("{name}: {} {data}", reply["summary"]));
        }
        if steps.iter().take(2).any(|step| step["secure"] != "secure") {
            faults.push(format!("{name}: the root or test is not secure: {data}"));
        }
    }

    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn denials_and_wildcards_are_proved_with_nsec_and_nsec3() {
    let lab = Lab::get();
    for line in [
        "www.example.test MX",
        "ent.example.test",
        "x.y.missing.example.test",
        "a.b.wild.example.test",
        "a.b.wild.example.test MX",
        "www.nsec3.test MX",
        "x.y.z.nsec3.test",
        "plain.test DS",
        "nosuch.",
    ] {
        let reply = run(&lab, &format!("delegation {line}"));
        let steps = reply["data"]["steps"].as_array().expect("steps");
        assert_eq!(reply["severity"], "good", "{line}: {reply}");
        let last = steps.last().map(|step| &step["secure"]);
        assert_eq!(last, Some(&json!("secure")), "{line}");
    }
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn every_address_of_every_server_is_asked() {
    let lab = Lab::get();
    let data = &run(&lab, "dig +trace www.example.test")["data"];
    let addresses: Vec<&Value> = data["steps"][2]["servers"]
        .as_array()
        .expect("servers")
        .iter()
        .map(|server| &server["address"])
        .collect();
    assert_eq!(
        addresses,
        [
            "203.0.113.10",
            "2001:db8:2::10",
            "203.0.113.11",
            "2001:db8:2::11"
        ]
    );
    assert_eq!(data["answers"][0]["data"], "203.0.113.80");
    assert_eq!(data["disagreements"], json!([]));
    assert_eq!(data["steps"][2]["ds"].as_array().map(Vec::len), Some(1));
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn parent_and_child_disagree_about_a_silent_server() {
    let lab = Lab::get();
    let data = &run(&lab, "delegation www.half.test")["data"];
    assert_eq!(
        data["disagreements"],
        json!([{
            "zone": "half.test", "kind": "ns",
            "parent": ["ns.plain.test", "ns.silent.test"], "child": ["ns.plain.test"]
        }])
    );
}

#[test]
#[ignore = "needs the lab, which tests/run brings up"]
fn propagation_compares_resolvers_and_authoritative_servers() {
    let lab = Lab::get();
    let reply = run(&lab, "propagation www.example.test expect=203.0.113.80");
    let data = &reply["data"];
    assert_eq!(reply["severity"], "good", "{reply}");
    assert_eq!(data["groups"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["authoritative"].as_array().map(Vec::len), Some(4));
    assert_eq!(data["zone"], "example.test");

    // A validating resolver refuses what the others give.
    let data = &run(&lab, "propagation www.badsig.test")["data"];
    let outcomes: Vec<&Value> = data["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| &group["rcode"])
        .collect();
    assert_eq!(outcomes, ["NOERROR", "SERVFAIL"]);
}
