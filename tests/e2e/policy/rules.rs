//! Rules of the operator: what is refused, and what a reload changes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    thread,
};

use netvane_tests::{Dns, Scratch, Service, until};
use serde_json::{Value, json};

use super::public;

const RULES: &str = r#"
    [policy]
    contact = "noc@example.test"
    [[policy.rules]]
    name = "no scans"
    platforms = ["http"]
    commands = ["ports"]
    effect = "deny"
"#;

#[test]
fn a_refusal_names_the_rule_and_help_shows_the_remaining_budget() {
    let scratch = Scratch::new();
    let file = scratch.file("netvane.toml", RULES);
    let (service, _dns) = public(&[("NETVANE_CONFIG", file.to_str().expect("a path"))]);
    let refused = service.command_from("192.0.2.1", "/portcheck 127.0.0.1");
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.problem()["detail"],
        "You may not use `ports` here (rule \"no scans\"). Ask noc@example.test if you need it."
    );
    assert_eq!(refused.problem()["code"], "forbidden");
    let help = service.command_from("192.0.2.1", "/help").json();
    let names: Vec<&Value> = help["data"]["commands"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|command| &command["name"])
        .collect();

    assert!(
        names.contains(&&json!("ping")) && !names.contains(&&json!("ports")),
        "{names:?}"
    );
    assert_eq!(service.command_from("192.0.2.1", "/help ports").status, 403);
    assert_eq!(service.command_from("192.0.2.1", "/port 22").status, 200);
}

#[test]
fn settings_are_reloaded_and_invalid_ones_rejected_entirely() {
    let scratch = Scratch::new();
    let file = scratch.file("netvane.toml", RULES);
    let (service, _dns) = public(&[("NETVANE_CONFIG", file.to_str().expect("a path"))]);
    let ports = || {
        service
            .command_from("192.0.2.1", "/ports 127.0.0.1 1")
            .status
    };
    assert_eq!(ports(), 403);
    scratch.file("netvane.toml", RULES.replace("\"deny\"", "\"dney\""));
    service.signal("HUP");
    let told = service.logged("invalid settings, keeping the previous ones");
    assert!(told.contains("policy.rules"), "{told}");
    assert_eq!(ports(), 403, "the old ones stay");
    scratch.file("netvane.toml", RULES.replace("\"ports\"", "\"trace\""));
    service.signal("HUP");
    service.logged("settings reloaded");
    assert_eq!(ports(), 200);
    assert_eq!(
        service.command_from("192.0.2.1", "/trace 127.0.0.1").status,
        403
    );
    scratch.file("netvane.toml", RULES.replace("\"ports\"", "\"prots\""));
    service.signal("HUP");
    service.logged("which does not exist; did you mean `ports`?");
    assert_eq!(
        service.command_from("192.0.2.1", "/trace 127.0.0.1").status,
        403
    );
}

#[test]
fn the_audit_log_has_user_and_lookup_but_no_mailbox() {
    let scratch = Scratch::new();
    let directory = scratch.path().join("audit");
    let (service, _dns) = public(&[(
        "NETVANE__AUDIT__DIRECTORY",
        directory.to_str().expect("a path"),
    )]);

    for line in [
        "/a www.example.test",
        "/verify canary-user@example.test",
        "/trace_mail Subject: canary-subject",
    ] {
        service.command_from("192.0.2.9", line);
    }

    let written = || {
        let files = std::fs::read_dir(&directory)
            .into_iter()
            .flatten()
            .flatten();
        files
            .filter_map(|file| std::fs::read_to_string(file.path()).ok())
            .collect::<String>()
    };

    until("three records", || written().lines().count() == 3);
    let records: Vec<Value> = written()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(records[0]["command"], "a");
    assert_eq!(
        records[0]["arguments"],
        json!({ "domain": "www.example.test" })
    );
    assert_eq!(
        (&records[0]["address"], &records[0]["units"]),
        (&json!("192.0.2.9"), &json!(5))
    );
    assert_eq!(
        (&records[0]["adapter"], &records[0]["outcome"]),
        (&json!("http"), &json!("answered"))
    );
    assert_eq!(records[1]["arguments"]["email"], "…@example.test");
    let everything = written() + &service.log();
    assert!(!everything.contains("canary"), "{everything}");
}

#[test]
fn a_loopback_only_service_has_no_limits() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let all = (0..200).map(|n| service.command(&format!("/a host{n}.example.test")).status);
    assert!(all.into_iter().all(|status| status == 200));
}

#[test]
fn a_reload_does_not_reset_budgets() {
    let scratch = Scratch::new();
    let file = scratch.file("netvane.toml", RULES);
    let (service, _dns) = public(&[
        ("NETVANE_CONFIG", file.to_str().expect("a path")),
        ("NETVANE__LIMITS__PER_ANONYMOUS", "10"),
        ("NETVANE__LIMITS__PER_TARGET", "25"),
    ]);

    let (greedy, other) = ("192.0.2.66", "192.0.2.67");
    assert_eq!(
        service.command_from(greedy, "/a one.example.test").status,
        200
    );
    assert_eq!(
        service.command_from(greedy, "/a two.example.test").status,
        200
    );
    assert_eq!(
        service
            .command_from(other, "/ping 127.0.0.9 --count 1")
            .status,
        200
    );
    scratch.file("netvane.toml", RULES.replace("\"ports\"", "\"trace\""));
    service.signal("HUP");
    service.logged("settings reloaded");
    assert_eq!(
        service.command_from(greedy, "/a three.example.test").status,
        429
    );
    assert_eq!(
        service
            .command_from("192.0.2.68", "/ping 127.0.0.9 --count 1")
            .status,
        429
    );
    assert_eq!(
        service
            .command_from("192.0.2.68", "/trace 127.0.0.1")
            .status,
        403,
        "the new rule holds"
    );
}

/// A web server that redirects its one client.
fn redirecting_to(target: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let _ = client.read(&mut [0; 4096]);
        let answer = format!(
            "HTTP/1.1 302 Found\r\nLocation: http://{target}/\r\nContent-Length: 0\r\n\r\n"
        );
        client.write_all(answer.as_bytes()).expect("it reads");
    });
    address
}

#[test]
fn users_reach_only_the_listed_ports_with_http_and_tls() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    other.set_nonblocking(true).expect("a setting");
    let unlisted = other.local_addr().expect("an address");
    let listed = redirecting_to(unlisted);
    let ports = listed.port().to_string();
    let (service, _dns) = public(&[("NETVANE__POLICY__PORTS__HTTP", &ports)]);

    for line in [
        format!("/http http://{unlisted}/"),
        format!("/tls {unlisted}"),
    ] {
        let refused = service.command_from("192.0.2.1", &line);
        assert_eq!(refused.status, 403, "{line}");
        let told = refused.problem();
        assert_eq!(told["code"], "refused_target", "{told}");
        let detail = told["detail"].as_str().expect("a sentence");
        assert!(detail.contains("`policy.ports`"), "{detail}");
    }

    let line = format!("/http http://{listed}/");
    let redirected = service.command_from("192.0.2.1", &line).json();
    assert_eq!(redirected["severity"], "bad", "{redirected}");
    let steps = redirected["data"]["steps"].as_array().expect("steps");
    assert_eq!(steps[0]["status"], 302, "{redirected}");
    let shown = redirected["blocks"].to_string() + &redirected["summary"].to_string();
    assert!(shown.contains("policy.ports"), "{shown}");

    assert!(other.accept().is_err(), "nothing connected to it");
}
