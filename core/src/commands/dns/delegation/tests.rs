use netvane_document::{Answer, Severity};
use serde_json::json;

use super::{
    referral::{is_below, names_between},
    *,
};
use crate::{
    Engine,
    testing::dns::{TestDns, ask_json},
};

#[test]
fn names_are_below_zones_by_labels() {
    for (name, zone) in [
        ("example.test", "."),
        ("example.test", "test"),
        ("a.b.Example.Test", "example.test"),
    ] {
        assert!(is_below(name, zone), "{name} {zone}");
    }
    for (name, zone) in [
        (".", "."),
        ("test", "test"),
        ("badexample.test", "example.test"),
        ("a\\.example.test", "example.test"),
        ("test", "example.test"),
    ] {
        assert!(!is_below(name, zone), "{name} {zone}");
    }
}

#[test]
fn names_between_a_zone_and_a_name_start_at_the_top() {
    assert_eq!(
        names_between(".", "www.example.test"),
        ["test", "example.test", "www.example.test"]
    );
    assert_eq!(names_between("test", "example.test"), ["example.test"]);
    assert!(names_between("example.test", "example.test").is_empty());
    let long = "a.".repeat(200) + "test";
    assert_eq!(names_between(".", &long).len(), 32);
}

fn server(state: State) -> Server {
    Server {
        name: "ns1.example.test".into(),
        address: None,
        state,
        elapsed_ms: None,
        rcode: None,
    }
}

fn data(state: State) -> Data {
    let step = Step {
        zone: "example.test".into(),
        servers: vec![server(State::Ok), server(state)],
        ds: Vec::new(),
        secure: ChainStatus::Secure,
    };
    Data {
        name: "example.test".into(),
        r#type: "A".into(),
        steps: vec![step],
        rcode: Some("NOERROR".into()),
        ..Data::default()
    }
}

#[test]
fn the_severity_follows_the_worst_fault() {
    for (state, severity, summary) in [
        (State::Ok, Severity::Good, "In order: 1 zone, secure"),
        (
            State::Lame,
            Severity::Warning,
            "1 zone, secure; 1 server at fault",
        ),
        (
            State::Silent,
            Severity::Warning,
            "1 zone, secure; 1 server at fault",
        ),
        (
            State::NoAddress,
            Severity::Warning,
            "1 zone, secure; 1 server at fault",
        ),
    ] {
        let document = data(state).present();
        assert_eq!(
            (document.severity, document.summary.as_str()),
            (severity, summary)
        );
    }

    let mut broken = data(State::Lame);
    broken.broken_at = Some("example.test".into());
    broken.reason = Some("no server".into());
    let document = broken.present();
    assert_eq!(document.severity, Severity::Bad);
    assert_eq!(document.summary, "Broken at example.test: no server");

    for (state, summary) in [
        (
            State::Lame,
            "Broken at the root: no root server gives a referral; a firewall or resolver is intercepting DNS here",
        ),
        (
            State::Silent,
            "Broken at the root: no root server gives a referral; a firewall or resolver is intercepting DNS here",
        ),
        (State::RefusedTarget, "Broken at the root: no server"),
        (State::Ok, "Broken at the root: no server"),
    ] {
        let mut broken = data(state);
        broken.steps[0].servers.truncate(1);
        broken.steps[0].servers[0].state = state;
        broken.broken_at = Some(".".into());
        broken.reason = Some("no server".into());
        assert_eq!(broken.present().summary, summary);
    }
}

/// The test server is the root and the zone `example.test`, so there is no referral between them.
#[tokio::test]
async fn a_zone_on_the_servers_of_its_parent_is_found() {
    let dns = TestDns::start().await;
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    let engine = Engine::new(&settings).expect("an engine");

    let reply = ask_json(&engine, "dig +trace web.example.test").await;
    let data = &reply["data"];
    assert_eq!(reply["command"], "delegation");
    assert_eq!(data["steps"][0]["zone"], ".");
    assert_eq!(data["steps"][0]["servers"][0]["state"], "ok");
    assert_eq!(data["steps"][0]["secure"], "insecure");

    // Its server has an address that may not be contacted.
    let zone = &data["steps"][1];
    assert_eq!(zone["zone"], "example.test");
    assert_eq!(zone["servers"][0]["name"], "ns1.example.test");
    assert_eq!(data["broken_at"], "example.test");
    assert_eq!(reply["severity"], "bad");
    assert_eq!(data["answers"], json!([]));
}
