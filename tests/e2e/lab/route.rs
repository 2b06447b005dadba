//! ping, trace and ports over real hops: client – r1 – r2 – r3 – server, with one fault after
//! another.
//!
//! A fault affects the whole lab, so these tests run one at a time.

use std::{fs::File, process::Command};

use netvane_tests::{Lab, Netvane};
use serde_json::Value;

/// Exclusive use of the route lab.
pub(super) struct Turn {
    lab: Lab,
    _lock: File,
}

impl Turn {
    pub(super) fn take() -> Self {
        let lab = Lab::route();
        let lock = File::create(lab.directory().join("turn")).expect("a lock file");
        lock.lock().expect("a turn");
        let turn = Self { lab, _lock: lock };
        turn.script(&["heal"]);
        turn
    }

    pub(super) fn script(&self, arguments: &[&str]) {
        let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/route.sh"));
        command
            .arg(arguments[0])
            .arg(self.lab.directory())
            .args(&arguments[1..]);
        assert!(
            command.status().expect("the lab's script starts").success(),
            "{arguments:?}"
        );
    }

    pub(super) fn netvane(&self, uid: Option<u32>, line: &str) -> Netvane {
        let line = [
            "SERVER4",
            "SERVER6",
            "GHOST4",
            "PROHIBITED4",
            "PROHIBITED6",
            "UNREACHABLE4",
            "UNREACHABLE6",
        ]
        .iter()
        .fold(line.to_owned(), |line, name| {
            line.replace(&format!("{{{name}}}"), self.lab.value(name))
        });

        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.lab.value("ROUTE_CLIENT")]);
        if let Some(uid) = uid {
            let id = uid.to_string();
            command.args([
                "setpriv",
                "--reuid",
                &id,
                "--regid",
                &id,
                "--clear-groups",
                "--bounding-set=-all",
            ]);
        }

        command.arg(netvane_tests::program::binary());

        Netvane::from_command(command, line.split_whitespace())
            .env(
                "NETVANE__POLICY__ALLOW",
                "198.51.0.0/16,203.0.113.0/24,2001:db8::/32",
            )
            .env("NETVANE__DNS__SERVERS", "198.51.100.2")
    }

    /// The value of a variable of the lab.
    pub(super) fn value(&self, name: &str) -> &str {
        self.lab.value(name)
    }

    #[track_caller]
    pub(super) fn json(&self, line: &str) -> Value {
        self.netvane(None, &format!("--json {line}")).run().json()
    }
}

fn hops(data: &Value) -> Vec<String> {
    let address = |hop: &Value| {
        let first = hop["probes"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|probe| !probe.is_null());
        first.map_or("*".to_owned(), |probe| {
            probe["address"].as_str().unwrap_or_default().to_owned()
        })
    };
    data["hops"]
        .as_array()
        .expect("hops")
        .iter()
        .map(address)
        .collect()
}

#[test]
#[ignore = "needs the route lab"]
fn trace_shows_the_route_and_nothing_else() {
    let turn = Turn::take();
    for (line, path) in [
        ("trace {SERVER4}", "HOPS4"),
        ("trace {SERVER6} probes=2", "HOPS6"),
    ] {
        let reply = turn.json(line);
        let expected: Vec<&str> = turn.lab.value(path).split(' ').collect();
        assert_eq!(hops(&reply["data"]), expected, "{reply}");
        assert_eq!(
            (&reply["data"]["reached"], &reply["severity"]),
            (&true.into(), &"good".into())
        );
        assert_eq!(reply["summary"], "Reached after 4 hops");
    }
    let limited = turn.json("trace {SERVER4} max_hops=2");
    assert_eq!(
        (
            limited["data"]["hops"].as_array().map(Vec::len),
            &limited["data"]["reached"]
        ),
        (Some(2), &false.into())
    );
}

#[test]
#[ignore = "needs the route lab"]
fn distinguishes_faults_that_end_the_route() {
    let turn = Turn::take();
    let prohibited = turn.json("trace {PROHIBITED4}");

    assert_eq!(
        prohibited["summary"],
        "Not reached: administratively prohibited at hop 2"
    );

    let probes = prohibited["data"]["hops"][1]["probes"]
        .as_array()
        .expect("probes");

    assert!(
        probes.iter().any(|probe| probe["mark"] == "!X"),
        "{prohibited}"
    );

    let missing = turn.json("trace {GHOST4}");
    assert_eq!(missing["summary"], "Not reached: host unreachable at hop 4");
    let probes = missing["data"]["hops"][3]["probes"]
        .as_array()
        .expect("probes");

    assert!(
        probes.iter().any(|probe| probe["mark"] == "!H"),
        "{missing}"
    );
}

#[test]
#[ignore = "needs the route lab"]
fn distinguishes_faults_on_a_route_that_reaches_the_target() {
    let turn = Turn::take();
    turn.script(&["fault", "silent"]);
    let silent = turn.json("trace {SERVER4}");
    assert_eq!(hops(&silent["data"])[1], "*", "r2 keeps silent");
    assert_eq!(
        silent["data"]["hops"][1]["probes"],
        serde_json::json!([null, null, null])
    );
    assert_eq!(silent["data"]["reached"], true);

    turn.script(&["heal"]);
    turn.script(&["fault", "noudp"]);
    let by_echo = turn.json("trace {SERVER4}");

    assert_eq!(
        (&by_echo["data"]["reached"], &by_echo["data"]["method"]),
        (&true.into(), &"icmp".into())
    );

    turn.script(&["heal"]);
    turn.script(&["fault", "mtu"]);
    let narrow = turn.json("trace {SERVER4}");
    assert_eq!(narrow["data"]["path_mtu"], 1300);

    turn.script(&["heal"]);
    turn.script(&["fault", "ratelimit"]);
    let limited = turn.json("trace {SERVER4}");
    let answered = hops(&limited["data"])
        .iter()
        .filter(|address| *address != "*")
        .count();
    assert_eq!(answered, 4, "each router still answers once: {limited}");
}

#[test]
#[ignore = "needs the route lab"]
fn ping_reports_all_statistics() {
    let turn = Turn::take();
    turn.script(&["fault", "datagram"]);
    for line in ["ping {SERVER4}", "ping {SERVER6} count=4"] {
        let data = four_answered(&turn, line);
        // Three routers decremented the TTL by one each.
        assert_eq!(
            (ttls(&data), &data["duplicates"]),
            (vec![61.into(); 4], &0.into())
        );
    }
    turn.script(&["fault", "dark"]);
    let dark = turn.json("ping {SERVER4} count=2");
    assert_eq!(
        (&dark["summary"], &dark["severity"]),
        (&"No reply (100 % loss)".into(), &"bad".into())
    );
    assert_eq!(dark["data"]["rtt_ms"], Value::Null);
    assert_eq!(dark["data"]["loss_percent"], 100.0);
    assert_eq!(dark["data"]["replies"][0]["rtt_ms"], Value::Null);
}

#[test]
#[ignore = "needs the route lab"]
fn ping_over_a_raw_socket_reports_the_same() {
    let turn = Turn::take();
    for line in ["ping {SERVER4}", "ping {SERVER6} count=4"] {
        let data = four_answered(&turn, line);
        assert_eq!(
            (ttls(&data), &data["duplicates"]),
            (vec![61.into(); 4], &0.into())
        );
    }
    turn.script(&["fault", "dark"]);
    let dark = turn.json("ping {SERVER6} count=2");
    assert_eq!(dark["summary"], "No reply (100 % loss)");
    assert_eq!(dark["data"]["loss_percent"], 100.0);
}

#[test]
#[ignore = "needs the route lab"]
fn ping_reports_icmp_errors_over_either_socket() {
    let turn = Turn::take();

    for socket in ["raw", "datagram"] {
        if socket == "datagram" {
            turn.script(&["fault", "datagram"]);
        }

        for (target, told) in [
            (
                "{PROHIBITED4}",
                "administratively prohibited (from 198.51.101.2)",
            ),
            (
                "{PROHIBITED6}",
                "administratively prohibited (from 2001:db8:2::2)",
            ),
            ("{UNREACHABLE4}", "host unreachable (from 198.51.101.2)"),
            ("{UNREACHABLE6}", "network unreachable (from 2001:db8:2::2)"),
            ("{GHOST4}", "host unreachable (from 198.51.102.2)"),
        ] {
            let data = turn.json(&format!("ping {target} count=2"))["data"].clone();
            assert_eq!(
                (&data["method"], &data["received"]),
                (&"icmp".into(), &0.into())
            );
            for reply in data["replies"].as_array().expect("replies") {
                assert_eq!(
                    (&reply["error"], &reply["ttl"]),
                    (&told.into(), &Value::Null),
                    "{socket}: {data}"
                );
            }
        }
    }
}

/// Returns the data of a ping with ICMP replies to all four requests.
#[track_caller]
fn four_answered(turn: &Turn, line: &str) -> Value {
    let data = turn.json(line)["data"].clone();
    assert_eq!(
        (&data["sent"], &data["received"], &data["loss_percent"]),
        (&4.into(), &4.into(), &0.0.into())
    );
    assert_eq!(
        (&data["method"], &data["replies"][3]["seq"]),
        (&"icmp".into(), &4.into())
    );
    let rtt = |name: &str| data["rtt_ms"][name].as_f64().expect(name);
    assert!(rtt("min") <= rtt("avg") && rtt("avg") <= rtt("max") && rtt("stddev") >= 0.0);
    data
}

fn ttls(data: &Value) -> Vec<Value> {
    let replies = data["replies"].as_array().expect("replies");
    replies.iter().map(|reply| reply["ttl"].clone()).collect()
}

#[test]
#[ignore = "needs the route lab"]
fn works_without_privileges() {
    let turn = Turn::take();
    let stranger = Some(65_534);
    let traced = turn
        .netvane(stranger, "--json trace {SERVER4}")
        .run()
        .json();

    assert_eq!(
        (
            traced["data"]["reached"].as_bool(),
            hops(&traced["data"]).len()
        ),
        (Some(true), 4)
    );

    let pinged = turn
        .netvane(stranger, "--json ping {SERVER4} count=2")
        .run()
        .json();
    assert_eq!(pinged["data"]["method"], "tcp/443", "{pinged}");
    assert_eq!(pinged["data"]["received"], 2);
    let warning = pinged["warnings"].to_string();

    assert!(
        warning.contains("net.ipv4.ping_group_range") && warning.contains("CAP_NET_RAW"),
        "{warning}"
    );
}

#[test]
#[ignore = "needs the route lab"]
fn distinguishes_open_closed_and_filtered_ports() {
    let turn = Turn::take();
    let reply = turn.json("ports {SERVER4} 22,25,443,1000-1100,20000-20005,30000,30010,smtp");
    let ports = reply["data"]["ports"].as_array().expect("ports");
    assert_eq!(ports.len(), 3 + 101 + 6 + 2, "no port twice");
    for port in ports {
        let number = port["port"].as_u64().expect("a number");
        let expected = match number {
            22 | 25 | 443 => "open",
            1000..=1100 if number % 20 == 0 => "open",
            20_000..=30_999 => "filtered",
            _ => "closed",
        };
        assert_eq!(port["state"], expected, "{port}");
    }

    let said = |number: u64| {
        ports
            .iter()
            .find(|port| port["port"] == number)
            .expect("listed")["hint"]
            .clone()
    };

    assert_eq!(
        turn.json("ports {SERVER4} ssh")["data"]["ports"][0]["hint"],
        "SSH-2.0-OpenSSH_9.2p1 Lab"
    );
    assert_eq!(said(1000), Value::Null);
}
