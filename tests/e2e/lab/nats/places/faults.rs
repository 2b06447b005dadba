//! Refusals, cancelled requests, and agents and servers that are gone.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use netvane_tests::{Scratch, everything::begin, http::Client, until};
use serde_json::json;

use super::{AS_IT_IS, Hub, states};
use crate::lab::nats::packets::Packets;

#[test]
#[ignore = "needs the lab: tests/run"]
fn an_agent_refuses_what_its_own_operator_forbids_and_sends_nothing() {
    let scratch = Scratch::new();
    let rules = scratch.file(
        "rules.toml",
        "[[policy.rules]]\nname = \"no scans\"\neffect = \"deny\"\nplatforms = [\"agent\"]\ncommands = [\"ports\"]\n",
    );
    let hub = Hub::start(&[
        ("fra1", AS_IT_IS),
        ("sin1", &|agent| {
            agent.env("NETVANE__POLICY__DENY", "127.9.0.0/16")
        }),
        ("syd1", &|agent| agent.env("NETVANE_CONFIG", &rules)),
    ]);

    // The service itself contacts no loopback address, fra1 does, sin1's operator denies this network.
    let packets = Packets::to(&hub.lab, "127.9.1.1");
    let reply = hub
        .service
        .command("ping 127.9.1.1 count=1 from=local,sin1")
        .json();
    assert_eq!(
        states(&reply),
        [
            "local refused refused_target",
            "sin1 refused refused_target"
        ]
    );
    assert_eq!(packets.count(), 0);
    let reply = hub
        .service
        .command("ping 127.9.1.1 count=1 protocol=icmp from=local,fra1")
        .json();
    assert_eq!(
        states(&reply),
        ["local refused refused_target", "fra1 answered -"]
    );
    assert_eq!(packets.count(), 1);

    let reply = hub
        .service
        .command("ports 127.9.1.2 9 from=fra1,syd1")
        .json();
    assert_eq!(
        states(&reply),
        ["fra1 answered -", "syd1 refused forbidden"]
    );
    let problem = hub.service.command("ports 127.9.1.2 9 from=syd1").problem();
    assert_eq!(
        (&problem["code"], &problem["status"]),
        (&json!("forbidden"), &json!(403))
    );
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn cancelling_stops_the_packets_of_all_agents() {
    let hub = Hub::start(&[("fra1", AS_IT_IS), ("sin1", AS_IT_IS)]);
    let packets = Packets::to(&hub.lab, "127.9.2.1");
    let line = "ping 127.9.2.1 count=20 protocol=icmp from=fra1,sin1";
    let mut client = begin(&hub.service, line, "text/event-stream");
    client.head().expect("a response");
    let first = String::from_utf8(client.chunk().expect("an event").expect("data")).expect("text");
    let id = first
        .split(r#""id":""#)
        .nth(1)
        .and_then(|rest| rest.get(..26))
        .expect("an id");
    until("packets are sent", || packets.count() > 4);

    let cancelled =
        Client::connect(hub.service.address).ask(&format!("DELETE /v1/commands/{id}"), &[], b"");
    assert_eq!(cancelled.status, 204, "{}", cancelled.text());
    sleep(Duration::from_millis(300));
    let after = packets.count();
    sleep(Duration::from_millis(1200));
    assert_eq!(packets.count(), after);
    assert!(after < 40, "{after}");
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn an_agent_that_is_killed_is_gone_and_the_others_answer() {
    let hub = Hub::start(&[("fra1", AS_IT_IS), ("sin1", AS_IT_IS)]);
    let packets = Packets::to(&hub.lab, "127.9.3.1");
    let line = "ping 127.9.3.1 count=20 protocol=icmp from=fra1,sin1";
    let mut client = begin(&hub.service, line, "application/json");
    until("packets are sent", || packets.count() > 2);
    hub.agent("fra1").signal("KILL");
    let killed = Instant::now();

    let reply = client.response().expect("a response").json();
    assert_eq!(states(&reply), ["fra1 gone unavailable", "sin1 answered -"]);
    let sin1 = &reply["data"]["places"][1]["data"];
    assert_eq!((&sin1["sent"], &sin1["received"]), (&json!(20), &json!(20)));
    let gone_after = reply["data"]["places"][0]["elapsed_ms"]
        .as_f64()
        .expect("a time");
    assert!(gone_after < 6_000.0 + 2_000.0, "{gone_after}");
    assert!(killed.elapsed() < Duration::from_secs(12));
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn without_nats_only_lookups_at_other_places_fail_and_at_once() {
    let mut hub = Hub::start(&[("fra1", AS_IT_IS)]);
    hub.nats.kill();
    until("the loss is noticed", || {
        hub.service.command("geo 192.0.2.1 from=fra1").status == 503
    });
    let started = Instant::now();
    let problem = hub.service.command("geo 192.0.2.9 from=all").problem();
    assert!(
        started.elapsed() < Duration::from_millis(100),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(problem["code"], "unavailable");
    assert_eq!(
        hub.service.command("geo 192.0.2.1").json()["vantage"],
        "local"
    );
    let places = hub.service.command("places").json();
    assert_eq!(places["severity"], "warning");

    hub.nats.start_again();
    until("the agent is asked again", || {
        hub.service.command("geo 192.0.2.1 from=fra1").status == 200
    });
}
