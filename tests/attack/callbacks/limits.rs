//! What callbacks may cost: attempts, open deliveries, and bytes of a reply.

use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use netvane_tests::{
    Dns, Receiver, Scratch, Service,
    dns::ZONE,
    everything::{SECRET, taken},
    http::{Client, Response},
    until,
};
use serde_json::{Value, json};

use super::{ended, service};
use crate::figures::{at_most, exactly};

const PROXY: (&str, &str) = ("NETVANE__HTTP__TRUSTED_PROXIES", "127.0.0.1");

/// Sends a request with a callback as the client at this address.
fn call_back_from(service: &Service, from: &str, url: &str) -> Response {
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Forwarded-For", from),
    ];
    let body = json!({ "command": "mx example.test", "callback": url }).to_string();
    Client::connect(service.address).ask("POST /v1/commands", &headers, body.as_bytes())
}

/// Accepts connections on a port of every loopback address and never answers; counts them.
fn tarpit() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("0.0.0.0:0").expect("binds");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::<AtomicUsize>::default();
    let counter = count.clone();
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            held.push(stream);
        }
    });
    (port, count)
}

/// Delivers one reply to a receiver that answers at once; returns how long that takes.
fn quick_delivery(service: &Service, receiver: &Receiver) -> Duration {
    let started = Instant::now();
    let id = taken(service, "mx example.test", &receiver.url("/"));
    receiver.next().answer("200 OK", &[]);
    ended(service, &id, "delivered");
    started.elapsed()
}

#[test]
fn five_hundred_tarpits_delay_others_by_seconds_at_most() {
    let (dns, state, receiver) = (Dns::start(), Scratch::new(), Receiver::start());
    let service = service(
        &dns,
        &state,
        &[("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,300")],
    );
    let (port, connections) = tarpit();
    for n in 0..500 {
        let url = format!("http://127.1.{}.{}:{port}/", n / 250, 1 + n % 250);
        taken(&service, "mx example.test", &url);
    }
    until("the tarpits hold attempts", || {
        connections.load(Ordering::SeqCst) >= 100
    });

    let took = quick_delivery(&service, &receiver);
    let what = "callbacks: a delivery beside 500 tarpits at 500 addresses";
    at_most(what, took.as_secs_f64(), 12.0, "s");
}

#[test]
fn names_of_one_address_share_its_attempts() {
    let (dns, state, receiver) = (Dns::start(), Scratch::new(), Receiver::start());
    dns.change(&format!("{ZONE}*.tar IN A 127.0.0.9\n"));
    let service = service(
        &dns,
        &state,
        &[("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,300")],
    );
    let (port, connections) = tarpit();
    for n in 0..100 {
        let url = format!("http://n{n}.tar.example.test:{port}/");
        taken(&service, "mx example.test", &url);
    }
    until("the tarpit holds attempts", || {
        connections.load(Ordering::SeqCst) >= 4
    });

    let took = quick_delivery(&service, &receiver);
    let what = "callbacks: a delivery beside 100 names of one tarpit";
    at_most(what, took.as_secs_f64(), 5.0, "s");
    let held = connections.load(Ordering::SeqCst);
    exactly(
        "callbacks: attempts at once at one address",
        held,
        4,
        "attempts",
    );
}

#[test]
fn each_attempt_contacts_one_address_and_the_next_one_another() {
    let (dns, state, receiver) = (Dns::start(), Scratch::new(), Receiver::start());
    dns.change(&format!("{ZONE}two IN A 127.0.0.8\ntwo IN A 127.0.0.1\n"));
    let service = service(&dns, &state, &[]);
    let port = receiver.address.port();
    let url = format!("http://two.example.test:{port}/");
    let id = taken(&service, "mx example.test", &url);
    receiver.next().answer("500 No", &[]);
    receiver.next().answer("200 OK", &[]);
    let delivered = ended(&service, &id, "delivered");
    let attempts = delivered["attempts"].as_array().expect("attempts");
    assert!((3..=4).contains(&attempts.len()), "{delivered}");
    assert!(
        attempts.iter().any(|attempt| attempt["error"].is_string()),
        "{delivered}"
    );
}

#[test]
fn open_callbacks_of_a_client_and_a_network_are_bounded_across_restarts() {
    let (dns, state) = (Dns::start(), Scratch::new());
    let settings = [
        PROXY,
        ("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,300"),
        ("NETVANE__LIMITS__PER_TARGET", "100000"),
    ];
    let first = service(&dns, &state, &settings);
    let url = "http://127.0.0.3:1025/";
    for host in 1..=10 {
        for _ in 0..20 {
            let response = call_back_from(&first, &format!("198.51.100.{host}"), url);
            assert_eq!(response.status, 202, "{}", response.text());
        }
    }
    assert_eq!(call_back_from(&first, "198.51.100.1", url).status, 429);
    assert_eq!(call_back_from(&first, "198.51.100.99", url).status, 429);
    assert_eq!(call_back_from(&first, "203.0.113.1", url).status, 202);
    assert_eq!(first.stop(), Some(0));

    let again = service(&dns, &state, &settings);
    until("the open ones are counted", || {
        again
            .get("/metrics")
            .text()
            .contains("netvane_deliveries_open 201")
    });
    assert_eq!(call_back_from(&again, "198.51.100.1", url).status, 429);
    assert_eq!(call_back_from(&again, "198.51.100.99", url).status, 429);
    let metrics = again.get("/metrics");
    assert!(
        metrics
            .text()
            .contains(r#"netvane_deliveries_refused_total{limit="network"} 1"#),
        "{}",
        metrics.text()
    );
}

#[test]
fn a_reply_beyond_the_amplification_limit_is_delivered_as_its_summary() {
    let (dns, state, receiver) = (Dns::start(), Scratch::new(), Receiver::start());
    let settings = [
        ("NETVANE__LIMITS__AMPLIFICATION", "5"),
        ("NETVANE__HTTP__PUBLIC_URL", "https://netvane.example"),
        PROXY,
    ];
    let service = service(&dns, &state, &settings);
    let response = call_back_from(&service, "198.51.100.1", &receiver.url("/hook"));
    assert_eq!(response.status, 202, "{}", response.text());

    let message = receiver.next();
    let body = message.verified(SECRET);
    let sent: usize = message.line.len()
        + message.body.len()
        + message
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len() + 4)
            .sum::<usize>();
    assert!(sent <= 5 * 400, "{sent} bytes");
    message.answer("200 OK", &[]);

    assert_eq!(body["type"], "reply");
    let summary = &body["data"];
    let whole = service
        .command_from("198.51.100.2", "mx example.test")
        .json();
    for name in ["command", "title", "summary", "severity"] {
        assert_eq!(summary[name], whole[name], "{name}");
    }
    assert!(summary.get("data").is_none() && summary.get("blocks").is_none());

    let url = summary["result_url"].as_str().expect("a URL");
    let path = url
        .strip_prefix("https://netvane.example")
        .expect("the public URL");
    let kept = Client::connect(service.address).ask(
        &format!("GET {path}"),
        &[("Accept", "application/json")],
        b"",
    );
    let kept: Value = serde_json::from_slice(&kept.body).expect("JSON");
    assert_eq!(kept["data"], whole["data"], "{kept}");
}

#[test]
fn a_reply_over_64_kib_is_delivered_as_its_summary() {
    let (dns, state, receiver) = (Dns::start(), Scratch::new(), Receiver::start());
    let text = format!("\"{}\" ", "x".repeat(250)).repeat(60);
    let records: String = (0..4)
        .map(|n| format!("big IN TXT \"{n}\" {text}\n"))
        .collect();
    dns.change(&format!("{ZONE}{records}"));
    let service = service(&dns, &state, &[]);

    let whole = service.command("txt big.example.test");
    assert!(whole.body.len() > 64 << 10, "{} bytes", whole.body.len());
    taken(&service, "txt big.example.test", &receiver.url("/hook"));
    let message = receiver.next();
    let body = message.verified(SECRET);
    assert!(message.body.len() < 2000, "{} bytes", message.body.len());
    message.answer("200 OK", &[]);
    assert_eq!(body["data"]["summary"], whole.json()["summary"]);
    assert_eq!(body["data"]["result_url"], Value::Null, "no public URL");
}
