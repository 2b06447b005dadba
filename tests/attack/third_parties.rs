//! Attacks on third parties: what one request makes the service send to others.

use std::{
    io::Write,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use netvane_tests::{Dns, dns::ZONE};

use crate::{
    figures::{at_most, exactly},
    memory::Oversized,
    network::{ask, client, serve},
};

const BANNER: &str = "SSH-2.0-CANARY_9.2";

/// Listens at an address of the servers' network and greets as an SSH server does; counts
/// connections.
fn ssh_server(address: &str) -> Arc<AtomicUsize> {
    let listener = TcpListener::bind(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    let count = Arc::<AtomicUsize>::default();
    let counter = count.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(format!("{BANNER}\r\n").as_bytes());
        }
    });
    count
}

#[test]
fn four_thousand_signatures_send_a_bounded_number_of_queries() {
    let dns = Dns::serving("example.test.", ZONE);
    let service = serve(dns.address, &[]);
    let commands = netvane_tests::Netvane::new(["commands", "--json"]).run();
    let promised = promised_bytes(&commands.stdout, "trace_mail");

    let received = "Received: from a.test (a.test [192.0.2.1]) by b.test with ESMTPS id 1; Mon, 2 Mar 2026 10:00:00 +0000\n";
    let signatures: String = (0..4000)
        .map(|n| format!("DKIM-Signature: v=1; a=rsa-sha256; d=d{n}.example.test; s=s{n}; h=from; bh=AAAA; b=AAAA\n"))
        .collect();
    let message = format!("{received}{signatures}From: a@example.test\n\nbody");
    let reply = ask(&service, client(1), &format!("trace_mail {message}"));
    assert_eq!(reply.status, 200, "{}", reply.text());

    let asked = dns.asked();
    // A query has at least a header, a question of 40 bytes, and the headers of a datagram.
    let bytes: usize = asked.iter().map(|question| question.len() + 12 + 48).sum();
    at_most(
        "third parties: queries for 4,000 DKIM signatures",
        asked.len() as f64,
        200.0,
        "queries",
    );
    at_most(
        "third parties: bytes of these queries",
        bytes as f64,
        promised,
        "bytes",
    );
}

/// Returns `sends_at_most_bytes` of a command.
fn promised_bytes(commands: &str, name: &str) -> f64 {
    let commands: serde_json::Value = serde_json::from_str(commands).expect("JSON");
    let list = commands["commands"].as_array().or(commands.as_array());
    let entry = list
        .expect("commands")
        .iter()
        .find(|entry| entry["name"] == name);
    entry
        .and_then(|entry| entry["sends_at_most_bytes"].as_f64())
        .expect("a promise")
}

#[test]
fn a_resolver_or_whois_server_on_another_port_is_no_port_scanner() {
    let servers = Oversized::start();
    let ssh = ssh_server("198.51.100.22:22");
    let service = serve(servers.dns, &[]);
    let lines = [
        "dig example.test A resolver=tcp://198.51.100.22:22",
        "dig example.test A resolver=tls://198.51.100.22:22",
        "a example.test resolver=198.51.100.22:22",
        "dns example.test resolver=tcp://198.51.100.22:22",
        "whois example.test server=198.51.100.22:22",
        "whois 192.0.2.1 server=198.51.100.22:22",
        "http http://198.51.100.22:22/",
        "tls 198.51.100.22:22",
    ];
    for (number, line) in lines.into_iter().enumerate() {
        let reply = ask(&service, client(number), line);
        assert!(!reply.text().contains("CANARY"), "{line}: {}", reply.text());
        assert_eq!(reply.status, 403, "{line}: {}", reply.text());
    }
    exactly(
        "third parties: connections to port 22 with default ports",
        ssh.load(Ordering::SeqCst),
        0,
        "connections",
    );
}

#[test]
fn where_every_port_is_allowed_such_servers_count_as_port_checks() {
    let servers = Oversized::start();
    let service = serve(
        servers.dns,
        &[
            ("NETVANE__POLICY__PORTS__RESOLVER", "1-65535"),
            ("NETVANE__POLICY__PORTS__SERVER", "1-65535"),
        ],
    );
    let hosts: Vec<_> = (61..=100)
        .map(|host| ssh_server(&format!("198.51.100.{host}:22")))
        .collect();
    for host in 61..=100 {
        let line = if host % 2 == 0 {
            format!("dig example.test A resolver=tcp://198.51.100.{host}:22")
        } else {
            format!("whois example.test server=198.51.100.{host}:22")
        };
        let reply = ask(&service, client(host), &line);
        assert!(!reply.text().contains("CANARY"), "{line}: {}", reply.text());
    }
    let reached = hosts
        .iter()
        .filter(|count| count.load(Ordering::SeqCst) > 0)
        .count();
    // `limits.hosts_per_network` by default.
    at_most(
        "third parties: hosts of one network whose port 22 is contacted",
        reached as f64,
        16.0,
        "hosts",
    );
}
