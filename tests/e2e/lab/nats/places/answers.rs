//! What requests to one place and to several answer.

use netvane_tests::{Dns, Lab, Nats, Netvane, Running, Scratch, Service, until};
use serde_json::{Value, json};

use super::{AS_IT_IS, Hub, states};

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
