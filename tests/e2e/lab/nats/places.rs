//! `from=` and `places`, from the request to the answers of several places.

use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use netvane_tests::{
    Dns, Lab, Nats, Netvane, Running, Scratch, Service, everything::begin, http::Client,
    program::binary, until,
};
use serde_json::{Value, json};

use super::packets::Packets;

/// A service with agents.
struct Hub {
    lab: Lab,
    nats: Nats,
    service: Service,
    agents: Vec<(&'static str, Running)>,
}

/// Prepares an agent, which may be changed.
type Change<'a> = &'a dyn Fn(Netvane) -> Netvane;

const AS_IT_IS: Change<'_> = &|agent| agent;

impl Hub {
    fn start(agents: &[(&'static str, Change<'_>)]) -> Self {
        Self::with(agents, &[])
    }

    fn with(agents: &[(&'static str, Change<'_>)], settings: &[(&str, &str)]) -> Self {
        let lab = Lab::nats();
        lab.enter();
        let nats = Nats::start(&lab);
        let (url, key) = (nats.url(), nats.key("hub"));
        let mut all = vec![
            ("NETVANE__CLUSTER__NATS", url.as_str()),
            ("NETVANE__CLUSTER__NKEY_FILE", key.as_str()),
            ("NETVANE__DNS__SERVERS", "127.0.0.1:53"),
        ];
        all.extend(settings);
        let service = Service::start(&all);
        let agents: Vec<_> = agents
            .iter()
            .map(|(name, change)| (*name, change(nats.agent(name)).spawn()))
            .collect();
        let hub = Self {
            lab,
            nats,
            service,
            agents,
        };
        until("all agents are there", || {
            hub.present() == hub.agents.len() + 1
        });
        hub
    }

    /// Number of vantage points that can be asked, the service included.
    fn present(&self) -> usize {
        let places = self.service.command("places").json();
        let places = places["data"]["places"].as_array().expect("a list");
        places
            .iter()
            .filter(|place| place["present"] == true)
            .count()
    }

    fn agent(&self, name: &str) -> &Running {
        let agent = self.agents.iter().find(|(known, _)| *known == name);
        &agent.expect("a known agent").1
    }
}

/// `vantage state code` of each row.
fn states(reply: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let rows = reply["data"]["places"].as_array().expect("a list").iter();
    rows.map(|row| {
        let [vantage, state, code] =
            [&row["vantage"], &row["state"], &row["problem"]["code"]].map(text);
        format!("{vantage} {state} {code}")
    })
    .collect()
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn one_request_is_answered_from_several_places() {
    let hub = Hub::start(&[
        ("fra1", &|agent| {
            agent
                .env("NETVANE__AGENT__CITY", "Frankfurt")
                .env("NETVANE__AGENT__COUNTRY", "DE")
                .env("NETVANE__AGENT__LATITUDE", "50.1")
                .env("NETVANE__AGENT__LONGITUDE", "8.7")
        }),
        ("syd1", &|agent| agent.env("NETVANE__AGENT__COUNTRY", "AU")),
        ("sin1", AS_IT_IS),
    ]);

    let all = hub.service.command("geo 192.0.2.1 from=all").json();
    assert_eq!(
        (&all["data"]["asked"], &all["data"]["left_out"]),
        (&json!(4), &json!(0))
    );
    let mut rows = states(&all);
    rows.sort();
    assert_eq!(
        rows,
        [
            "fra1 answered -",
            "local answered -",
            "sin1 answered -",
            "syd1 answered -"
        ]
    );
    assert_eq!(all["vantage"], "all");
    assert!(
        all["title"]
            .as_str()
            .expect("a title")
            .ends_with("from 4 places"),
        "{all}"
    );
    let fra1 = &all["data"]["places"][1];
    assert_eq!(
        (&fra1["vantage"], &fra1["city"]),
        (&json!("fra1"), &json!("Frankfurt"))
    );
    assert_eq!(fra1["data"]["address"], "192.0.2.1");

    // Some words mean the same agent; one place gives the usual reply.
    for from in ["fra1", "Frankfurt", "de", "germany", "europe", "de+fra1"] {
        let line = format!("geo 192.0.2.2 --from={from}");
        let one = hub.service.command(&line).json();
        assert_eq!(
            (&one["vantage"], &one["data"]["address"]),
            (&json!("fra1"), &json!("192.0.2.2")),
            "{from}"
        );
    }

    for (line, code, text) in [
        (
            "geo 192.0.2.1 from=fra2",
            "bad_argument",
            "did you mean `fra1`?",
        ),
        ("geo 192.0.2.1 from=nowhere", "bad_argument", "see `places`"),
        ("status from=fra1", "bad_argument", "unknown option `from`"),
    ] {
        let problem = hub.service.command(line).problem();
        let detail = problem["detail"].as_str().expect("text");
        assert!(
            problem["code"] == code && detail.contains(text),
            "{line}: {problem}"
        );
    }
    let problem = hub.service.command("geo 192.0.2.1 from=fra2").problem();
    assert_eq!(problem["suggestion"], "/geo 192.0.2.1 from=fra1");
    assert_eq!(problem["position"], json!({ "start": 19, "end": 23 }));
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_name_that_resolves_differently_is_shown_as_such() {
    let lab = Lab::nats();
    lab.enter();
    let zone = |address: &str| {
        format!(
            "@ IN SOA ns hostmaster 1 7200 3600 1209600 60\n@ IN NS ns\nns IN A 127.0.0.1\n@ 300 IN A {address}\n"
        )
    };
    let servers = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
        .map(|address| Dns::serving("example.test.", &format!("$TTL 300\n{}", zone(address))));
    let nats = Nats::start(&lab);
    let (url, key) = (nats.url(), nats.key("hub"));
    let service = Service::start(&[
        ("NETVANE__CLUSTER__NATS", &url),
        ("NETVANE__CLUSTER__NKEY_FILE", &key),
        ("NETVANE__DNS__SERVERS", &servers[0].address.to_string()),
    ]);
    let _agents = ["fra1", "sin1"].map(|name| {
        let server = if name == "fra1" {
            &servers[1]
        } else {
            &servers[2]
        };
        nats.agent(name)
            .env("NETVANE__DNS__SERVERS", server.address.to_string())
            .spawn()
    });
    until("both agents are there", || {
        let places = service.command("places").json();
        places["data"]["places"].as_array().map(Vec::len) == Some(3)
    });

    let reply = service
        .command("a example.test from=local,fra1,sin1")
        .json();
    assert_eq!(reply["summary"], "different addresses at each of 3 places");
    let rows = reply["blocks"][0]["rows"].as_array().expect("a table");
    let shown: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.as_array()?.last()?["text"].as_str())
        .collect();
    assert_eq!(shown, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
}

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

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_rule_sets_the_place_of_requests_that_name_none() {
    let scratch = Scratch::new();
    let rules = scratch.file(
        "hub.toml",
        "[[policy.rules]]\nname = \"inside\"\neffect = \"allow\"\ncommands = [\"geo\", \"port\"]\nfrom = \"fra1\"\n",
    );
    let path = rules.to_str().expect("UTF-8");
    let hub = Hub::with(&[("fra1", AS_IT_IS)], &[("NETVANE_CONFIG", path)]);
    for (line, vantage) in [
        ("geo 192.0.2.1", "fra1"),
        ("geo 192.0.2.1", "fra1"),
        ("geo 192.0.2.1 from=local", "local"),
        // No command that can be run elsewhere.
        ("port 443", "local"),
    ] {
        assert_eq!(
            hub.service.command(line).json()["vantage"],
            vantage,
            "{line}"
        );
    }
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn a_terminal_asks_agents() {
    let hub = Hub::start(&[("fra1", AS_IT_IS), ("sin1", AS_IT_IS)]);
    let run = |arguments: &[&str]| {
        Netvane::new(arguments.iter().copied())
            .env("NETVANE__CLUSTER__NATS", hub.nats.url())
            .env("NETVANE__CLUSTER__NKEY_FILE", hub.nats.key("hub"))
            .run()
    };
    for arguments in [
        &["--place", "fra1", "geo", "192.0.2.1", "--json"][..],
        &["geo", "192.0.2.1", "--json", "--from=fra1"],
        &["geo", "192.0.2.1", "from=fra1", "--json"],
    ] {
        let finished = run(arguments);
        let reply: Value = serde_json::from_str(finished.text()).expect("JSON");
        assert_eq!(reply["vantage"], "fra1", "{arguments:?}");
    }
    let places = run(&["places"]);
    assert!(
        places.text().contains("fra1") && places.text().contains("sin1"),
        "{places:?}"
    );
    let table = run(&["geo", "192.0.2.1", "from=all"]);
    assert!(table.text().contains("from 3 places"), "{table:?}");

    let without = Netvane::new(["--place", "fra1", "geo", "192.0.2.1"]).run();
    assert_eq!(without.code, Some(1));
    assert!(without.stderr.contains("`[cluster] nats`"), "{without:?}");
    let unknown = run(&["geo", "192.0.2.1", "from=fra2"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("did you mean `fra1`"),
        "{unknown:?}"
    );
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn fifty_agents_answer_at_once() {
    let lab = Lab::nats();
    lab.enter();
    let scratch = Scratch::new();
    let nats = Nats::start_with(&lab, scratch.file("nats.conf", "max_connections: 100\n"));
    let url = nats.url();
    let service = Service::start(&[
        ("NETVANE__CLUSTER__NATS", &url),
        ("NETVANE__DNS__SERVERS", "127.0.0.1:53"),
        ("NETVANE__LIMITS__AGENTS_PER_QUESTION", "100"),
    ]);
    let _agents: Vec<Running> = (0..50)
        .map(|number| {
            nats.agent("fra1")
                .env("NETVANE__CLUSTER__NKEY_FILE", "")
                .env("NETVANE__AGENT__NAME", format!("a{number}"))
                .spawn()
        })
        .collect();
    until("all agents are there", || {
        let places = service.command("places").json();
        places["data"]["places"].as_array().map(Vec::len) == Some(51)
    });
    let reply = service.command("geo 192.0.2.1 from=all").json();
    let states = states(&reply);
    assert_eq!(states.len(), 51);
    assert!(
        states.iter().all(|state| state.ends_with(" answered -")),
        "{states:?}"
    );
}

/// Starts the agent of a site in its own namespace.
fn at_its_site(lab: &Lab, name: &str) -> Running {
    let namespace = format!("{}{name}", lab.value("SITES"));
    let mut command = Command::new("ip");
    command.args(["netns", "exec", &namespace]).arg(binary());
    let key = format!("{}/{name}.nk", lab.value("KEYS"));
    Netvane::from_command(command, ["agent"])
        .env("NETVANE__CLUSTER__NATS", lab.value("FAR_NATS"))
        .env("NETVANE__CLUSTER__NKEY_FILE", key)
        .env("NETVANE__AGENT__NAME", name)
        .env("NETVANE__POLICY__ALLOW", "203.0.113.0/24")
        .env("NETVANE__DNS__SERVERS", "127.0.0.1:53")
        .spawn()
}

/// Sets the device of a site's router towards the server up or down.
fn set_cable(lab: &Lab, name: &str, state: &str) {
    let router = format!("{}r-{name}", lab.value("SITES"));
    let status = Command::new("ip")
        .args(["-n", &router, "link", "set", "out", state])
        .status()
        .expect("ip runs");
    assert!(status.success());
    if state == "up" {
        // The kernel forgot the route with the device.
        let number = ["fra1", "sin1", "syd1"]
            .iter()
            .position(|known| *known == name);
        let gateway = format!("10.60.{}.1", number.expect("a site") + 1);
        let _ = Command::new("ip")
            .args([
                "-n", &router, "route", "replace", "default", "via", &gateway,
            ])
            .status();
    }
}

#[test]
#[ignore = "needs the lab: tests/run"]
fn agents_behind_routers_measure_what_their_link_takes_and_return_after_a_cut() {
    let lab = Lab::nats();
    lab.enter();
    let key = format!("{}/hub.nk", lab.value("KEYS"));
    let service = Service::start(&[
        ("NETVANE__CLUSTER__NATS", lab.value("FAR_NATS")),
        ("NETVANE__CLUSTER__NKEY_FILE", &key),
        ("NETVANE__DNS__SERVERS", "127.0.0.1:53"),
    ]);
    let _agents = ["fra1", "sin1", "syd1"].map(|name| at_its_site(&lab, name));
    let is_present = |name: &str| {
        let places = service.command("places").json();
        let places = places["data"]["places"].as_array().expect("a list");
        places
            .iter()
            .any(|place| place["name"] == name && place["present"] == true)
    };
    for name in ["fra1", "sin1", "syd1"] {
        until("the agent is there", || is_present(name));
    }

    let line = format!(
        "ping {} count=5 protocol=icmp from=fra1,sin1,syd1",
        lab.value("FAR_TARGET")
    );
    let reply = service.command(&line).json();
    for (row, expected) in reply["data"]["places"]
        .as_array()
        .expect("rows")
        .iter()
        .zip([5.0, 90.0, 180.0])
    {
        let shortest = row["data"]["rtt_ms"]["min"]
            .as_f64()
            .unwrap_or_else(|| panic!("no time: {row}"));
        // Not shorter than the wire; the machine may be busy.
        assert!(
            shortest >= expected * 0.98 && shortest <= expected * 1.1 + 1.0,
            "{expected}: {row}"
        );
    }
    let summary = reply["summary"].as_str().expect("text");
    assert!(
        summary.starts_with("3 of 3 replied; fastest fra1 ") && summary.contains("slowest syd1 "),
        "{summary}"
    );

    set_cable(&lab, "sin1", "down");
    let cut = Instant::now();
    until("the agent is not asked any more", || !is_present("sin1"));
    assert!(
        cut.elapsed() < Duration::from_secs(15),
        "{:?}",
        cut.elapsed()
    );
    let problem = service.command("geo 192.0.2.1 from=sin1").problem();
    assert_eq!(problem["code"], "unavailable");
    set_cable(&lab, "sin1", "up");
    let healed = Instant::now();
    until("the agent is back", || is_present("sin1"));
    assert!(
        healed.elapsed() < Duration::from_secs(18),
        "{:?}",
        healed.elapsed()
    );
}
