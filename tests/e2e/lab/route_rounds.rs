//! mtr, and what ping, trace and ports do with other protocols, over real hops.

use serde_json::{Value, json};

use super::route::Turn;

/// Hops of a reply.
fn hops(reply: &Value) -> &Vec<Value> {
    reply["data"]["hops"].as_array().expect("hops")
}

#[track_caller]
fn assert_complete(hop: &Value, address: &str, sent: u64) {
    assert_eq!(hop["addresses"], json!([address]), "{hop}");
    assert_eq!((&hop["sent"], &hop["lost"]), (&sent.into(), &0.into()));
    assert_eq!(
        (&hop["loss_percent"], &hop["rate_limited"]),
        (&0.0.into(), &false.into())
    );
    let [best, avg, worst] =
        ["best", "avg", "worst"].map(|name| hop[name].as_f64().expect("a figure"));
    assert!(0.0 < best && best <= avg && avg <= worst, "{hop}");
    assert!(hop["last"].is_f64() && hop["stddev"].is_f64(), "{hop}");
}

#[test]
#[ignore = "needs the route lab"]
fn mtr_measures_every_hop_in_every_round() {
    let turn = Turn::take();
    for (line, path) in [
        ("mtr {SERVER4} count=5", "HOPS4"),
        ("mtr {SERVER6} count=5", "HOPS6"),
        ("trace {SERVER4} count=5", "HOPS4"),
        ("mtr {SERVER4} count=5 protocol=udp", "HOPS4"),
        ("mtr {SERVER4} count=5 protocol=tcp port=443", "HOPS4"),
        ("mtr {SERVER6} count=5 port=1001", "HOPS6"),
    ] {
        let reply = turn.json(line);
        let expected: Vec<&str> = turn.value(path).split(' ').collect();
        assert_eq!(hops(&reply).len(), expected.len(), "{line}: {reply}");
        for (hop, address) in hops(&reply).iter().zip(expected) {
            assert_complete(hop, address, 5);
        }
        assert_eq!(
            (
                &reply["severity"],
                &reply["data"]["reached"],
                &reply["data"]["rounds"]
            ),
            (&"good".into(), &true.into(), &5.into()),
            "{line}"
        );
    }
}

#[test]
#[ignore = "needs the route lab"]
fn loss_of_a_rate_limit_is_no_packet_loss() {
    let turn = Turn::take();
    turn.script(&["fault", "ratelimit"]);
    for uid in [None, Some(65_534)] {
        let reply = turn
            .netvane(uid, "--json mtr {SERVER4} count=12")
            .run()
            .json();
        assert_eq!(reply["severity"], "good", "{reply}");
        let [routers @ .., target] = hops(&reply).as_slice() else {
            panic!("no hops: {reply}");
        };
        assert_eq!(routers.len(), 3);
        for router in routers {
            assert!(router["lost"].as_u64() > Some(0), "{router}");
            assert_eq!(router["rate_limited"], true, "{router}");
        }
        assert_eq!(target["lost"], 0, "{target}");
    }
}

#[test]
#[ignore = "needs the route lab"]
fn packet_loss_goes_on_to_the_target() {
    let turn = Turn::take();
    turn.script(&["fault", "loss20"]);
    let reply = turn.json("mtr {SERVER4} count=40");
    let (first, target) = (&hops(&reply)[0], &hops(&reply)[3]);
    assert_eq!(first["lost"], 0, "lost behind the first router");
    assert!(target["lost"].as_u64() > Some(0), "{target}");
    assert_eq!(target["rate_limited"], false);
    assert_eq!(reply["severity"], "warning");
}

#[test]
#[ignore = "needs the route lab"]
fn mtr_tells_why_a_route_ends() {
    let turn = Turn::take();
    for (line, summary) in [
        (
            "mtr {PROHIBITED4} count=3",
            "Not reached: administratively prohibited at hop 2",
        ),
        (
            "mtr {GHOST4} count=3",
            "Not reached: host unreachable at hop 4",
        ),
    ] {
        assert_eq!(turn.json(line)["summary"], summary);
    }

    turn.script(&["fault", "silent"]);
    let silent = turn.json("mtr {SERVER4} count=3");
    let hop = &hops(&silent)[1];
    assert_eq!((&hop["lost"], &hop["addresses"]), (&3.into(), &json!([])));
    for figure in ["last", "avg", "best", "worst", "stddev"] {
        assert_eq!(hop[figure], Value::Null, "{figure}");
    }
    assert_eq!(hop["rate_limited"], false);

    turn.script(&["heal"]);
    turn.script(&["fault", "noecho"]);
    let by_tcp = turn.json("mtr {SERVER4} count=6");
    let target = &hops(&by_tcp)[3];
    assert_eq!(by_tcp["data"]["method"], "tcp", "{by_tcp}");
    assert_eq!(target["lost"], 0, "only probes that it could answer count");
}

#[test]
#[ignore = "needs the route lab"]
fn trace_and_ping_use_the_chosen_protocol() {
    let turn = Turn::take();
    for line in [
        "trace {SERVER4} protocol=tcp port=443",
        "trace {SERVER6} port=1001",
        "trace {SERVER4} protocol=icmp",
    ] {
        let reply = turn.json(line);
        assert_eq!(
            (hops(&reply).len(), &reply["data"]["reached"]),
            (4, &true.into())
        );
        assert_eq!(reply["warnings"], json!([]), "{line}");
    }

    for (port, state) in [(443, "open"), (1001, "closed")] {
        let data = turn.json(&format!(
            "ping {{SERVER4}} protocol=tcp port={port} count=2"
        ));
        let data = &data["data"];
        assert_eq!(
            (&data["received"], &data["method"]),
            (&2.into(), &format!("tcp/{port}").into())
        );
        assert_eq!(data["replies"][1]["state"], state);
    }
    let dropped = turn.json("ping {SERVER4} protocol=tcp port=20000 count=2");
    assert_eq!(dropped["data"]["received"], 0);
    assert_eq!(dropped["summary"], "No reply (100 % loss)");
}

#[test]
#[ignore = "needs the route lab"]
fn udp_ports_are_closed_filtered_or_silent() {
    let turn = Turn::take();
    let states = || -> Vec<Value> {
        let reply = turn.json("ports {SERVER4} 53/udp,123/udp,4000/udp");
        let ports = reply["data"]["ports"].as_array().expect("ports").clone();
        assert!(ports.iter().all(|port| port["protocol"] == "udp"));
        ports.iter().map(|port| port["state"].clone()).collect()
    };
    assert_eq!(states(), ["closed", "closed", "closed"]);
    turn.script(&["fault", "noudp"]);
    assert_eq!(states(), ["no_reply", "no_reply", "no_reply"]);
    turn.script(&["heal"]);
    turn.script(&["fault", "reject"]);
    assert_eq!(states(), ["filtered", "filtered", "filtered"]);
}

/// An attempt to connect to a port of the own address may get that port as its own.
#[test]
#[ignore = "needs the route lab"]
fn a_port_of_the_own_address_is_not_open_by_meeting_itself() {
    let turn = Turn::take();
    for first in [32_768, 40_000, 50_000] {
        let last = first + 1023;
        let reply = turn.json(&format!("ports 198.51.100.1 {first}-{last}"));
        let ports = reply["data"]["ports"].as_array().expect("ports");
        assert_eq!(ports.len(), 1024);
        assert!(ports.iter().all(|port| port["state"] == "closed"));
    }
}

#[test]
#[ignore = "needs the route lab"]
fn round_trips_of_ports_are_those_of_the_network() {
    let turn = Turn::take();
    let reply = turn.json("ports {SERVER4}");
    let ports = reply["data"]["ports"].as_array().expect("ports");
    let times: Vec<f64> = ports
        .iter()
        .map(|port| port["rtt_ms"].as_f64().expect("a time"))
        .collect();
    assert!(times.iter().all(|time| *time > 0.0), "{times:?}");
    let opened = ports
        .iter()
        .zip(&times)
        .filter(|(port, _)| port["state"] == "open");
    for (port, time) in opened {
        assert!(*time < 5.0, "{port}");
    }
}
