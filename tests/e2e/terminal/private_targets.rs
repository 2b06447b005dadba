//! Contract §3: a terminal lookup acts for the local user, who may name private and loopback addresses
//! (`policy.terminal_private`). Addresses that answers contain are checked all the same.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    thread,
};

use netvane_tests::{Dns, Finished, Netvane, Service, whois};
use serde_json::{Value, json};

const ZONE: &str = r#"
$TTL 300
@ IN SOA ns1.example.test. hostmaster.example.test. 7 7200 3600 1209600 60
here IN A 127.0.0.1
router IN A 10.0.0.1
@ IN MX 10 here.example.test.
"#;

/// A web server on loopback that answers every path with 204, and `/to/URL` with a redirect to that URL.
fn web() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            let _ = lines.take_while(|line| !line.is_empty()).count();
            let path = first.split(' ').nth(1).unwrap_or_default();
            let head = match path.strip_prefix("/to/") {
                Some(url) => format!("302 Found\r\nLocation: {url}"),
                None => "204 No Content".to_owned(),
            };
            let _ = write!(
                stream,
                "HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
    });
    address
}

fn run(line: &str, dns: &Dns) -> Finished {
    Netvane::line(line).arg("--json").dns(dns.address).run()
}

fn dns() -> Dns {
    Dns::serving("example.test.", ZONE)
}

#[test]
fn the_user_may_name_targets_resolvers_and_servers_on_this_machine() {
    let (dns, web) = (dns(), web());
    let whois = whois::registry("127.0.0.1:0").expect("a free port");
    let port = web.port();

    let ports = |target: &str| run(&format!("ports {target} {port}"), &dns).json();
    for target in ["127.0.0.1", "here.example.test", "localhost"] {
        let reply = ports(target);
        assert_eq!(reply["data"]["ports"][0]["state"], "open", "{reply}");
    }

    let ping = run(
        &format!("ping 127.0.0.1 protocol=tcp port={port} count=1"),
        &dns,
    )
    .json();
    assert_eq!(ping["data"]["received"], 1, "{ping}");

    for host in ["127.0.0.1", "here.example.test"] {
        let http = run(&format!("http http://{host}:{port}/"), &dns).json();
        assert_eq!(http["data"]["steps"][0]["status"], 204, "{http}");
    }
    let resolve = format!("http http://far.example.test:{port}/ resolve=127.0.0.1");
    assert_eq!(
        run(&resolve, &dns).json()["data"]["steps"][0]["status"],
        204
    );

    let mx = run(&format!("mx example.test resolver={}", dns.address), &dns).json();
    assert_eq!(
        mx["data"]["hosts"][0]["exchange"], "here.example.test",
        "{mx}"
    );

    let facts = run(&format!("whois widget.test server={whois}"), &dns).json();
    assert_eq!(facts["data"]["registrar"]["name"], "Example", "{facts}");
}

#[test]
fn a_redirect_may_not_leave_the_server_that_the_user_named() {
    let (dns, web, other) = (dns(), web(), web());
    let steps = |to: &str| {
        let reply = run(&format!("http http://{web}/to/{to}"), &dns).json();
        let data = &reply["data"];
        let statuses: Vec<Value> = data["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .map(|step| step["status"].clone())
            .collect();
        (
            statuses,
            data["reason"].as_str().unwrap_or_default().to_owned(),
        )
    };

    let (statuses, _) = steps("/login");
    assert_eq!(statuses, [json!(302), json!(204)], "the same server");

    for (to, refused) in [
        (format!("http://{other}/"), "127.0.0.1 is in 127.0.0.0/8"),
        ("http://10.0.0.1/".into(), "10.0.0.1 is in 10.0.0.0/8"),
        (
            format!("http://here.example.test:{}/", other.port()),
            "here.example.test (127.0.0.1)",
        ),
        (
            "http://router.example.test/".into(),
            "router.example.test (10.0.0.1)",
        ),
    ] {
        let (statuses, reason) = steps(&to);
        assert_eq!(statuses, [json!(302)], "{to}: {reason}");
        assert!(reason.contains(refused), "{to}: {reason}");
    }
}

#[test]
fn mail_servers_on_this_machine_are_not_contacted() {
    let dns = dns();
    let reply = run("verify user@example.test", &dns).json();
    let refused = reply["data"]["refused"].to_string();
    assert!(
        refused.contains("here.example.test (127.0.0.1) is in 127.0.0.0/8"),
        "{reply}"
    );
}

#[test]
fn the_settings_and_the_deny_list_restore_the_guard() {
    let dns = dns();
    let lines = [
        "ports 127.0.0.1 1",
        "ping here.example.test",
        "http http://127.0.0.1:1/",
        "http http://far.example.test/ resolve=127.0.0.1",
        "tls localhost",
        "trace 127.0.0.1",
        "mtr 127.0.0.1 count=1",
        "mx example.test resolver=127.0.0.1:1",
        "propagation example.test resolver=127.0.0.1:1",
    ];
    for setting in [
        ("NETVANE__POLICY__TERMINAL_PRIVATE", "false"),
        ("NETVANE__POLICY__DENY", "127.0.0.0/8"),
        ("NETVANE__POLICY__DENY", "127.0.0.1,::1"),
    ] {
        for line in lines {
            let refused = Netvane::line(line)
                .arg("--json")
                .dns(dns.address)
                .env(setting.0, setting.1)
                .run();
            assert_eq!(
                refused.problem()["code"],
                "refused_target",
                "{setting:?} {line}"
            );
        }
    }
}

#[test]
fn addresses_of_no_host_stay_refused() {
    let dns = dns();
    for address in [
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "ff02::1",
        "::",
        "192.0.2.1",
        "64:ff9b::10.0.0.1",
    ] {
        let refused = run(&format!("ping {address}"), &dns);
        assert_eq!(refused.problem()["code"], "refused_target", "{address}");
    }
}

#[test]
fn the_server_contacts_no_private_address() {
    let dns = dns();
    let service = Service::with_dns(dns.address);
    for line in [
        "/ports 127.0.0.1 1",
        "/ping here.example.test",
        "/http http://127.0.0.1:8080/",
        "/mx example.test resolver=127.0.0.1",
    ] {
        let response = service.command(line);
        assert_eq!(response.problem()["code"], "refused_target", "{line}");
    }
}
