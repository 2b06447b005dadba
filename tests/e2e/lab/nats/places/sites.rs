//! Agents in networks of their own, behind a router and a long wire.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use netvane_tests::{Lab, Netvane, Running, Service, program::binary, until};

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
