//! Attacks with callbacks from many addresses on a service with default settings: holders of a key
//! are not locked out, and no receiver gets much more than was sent for it.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use data_encoding::HEXLOWER;
use netvane_tests::{
    Dns, Receiver, Scratch, Service,
    dns::ZONE,
    everything::{RETRIES, SECRET},
    http::{Client, Response},
    until,
};
use serde_json::{Value, json};

use crate::{
    figures::{at_most, exactly},
    network::{client, distant_client, metric, post, serve},
};

const KEY: &str = "nvk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// Open callbacks that a client without a key may have.
const EACH: usize = 20;

fn start(dns: &Dns, state: &Scratch, more: &[(&str, &str)]) -> Service {
    let state = state.path().display().to_string();
    let mut settings = vec![
        ("NETVANE__STATE__DIRECTORY", state.as_str()),
        ("NETVANE__HTTP__CALLBACK_SECRET", SECRET),
    ];
    settings.extend(more);
    serve(dns.address, &settings)
}

fn question(line: &str, url: &str) -> String {
    json!({ "command": line, "callback": url }).to_string()
}

fn with_key(service: &Service, url: &str) -> Response {
    let field = format!("Bearer {KEY}");
    let headers = [
        ("Content-Type", "application/json"),
        ("Authorization", &field),
    ];
    let mut from = Client::connect_from(client(1), service.address);
    from.ask(
        "POST /v1/commands",
        &headers,
        question("mx example.test", url).as_bytes(),
    )
}

#[test]
fn five_hundred_addresses_do_not_lock_out_a_key() {
    let (dns, state) = (Dns::start(), Scratch::new());
    let hash = ring::digest::digest(&ring::digest::SHA256, KEY.as_bytes());
    let entry = format!("sha256:{} name=ops", HEXLOWER.encode(hash.as_ref()));
    let service = start(&dns, &state, &[("NETVANE__HTTP__API_KEYS", &entry)]);

    // Nobody listens there, so each waits for its next attempt.
    let (next, open) = (Mutex::new(0..500), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(number) = next.lock().ok().and_then(|mut next| next.next()) {
                    let url = format!("http://198.51.100.{}:8080/", 1 + number % 120);
                    let body = question("mx example.test", &url);
                    let from = distant_client(number);
                    let accepted = (0..EACH)
                        .filter(|_| post(&service, from, &body).status == 202)
                        .count();
                    open.fetch_add(accepted, Ordering::SeqCst);
                }
            });
        }
    });
    let open = open.load(Ordering::SeqCst);
    let what = "callbacks: open ones that 500 addresses want 10,000 of";
    at_most(what, open as f64, 7000.0, "deliveries");
    let receiver = Receiver::listen("198.51.100.125:0");
    let accepted = (0..50)
        .filter(|_| with_key(&service, &receiver.url("/")).status == 202)
        .count();
    exactly(
        "callbacks: of a key meanwhile, accepted of 50",
        accepted,
        50,
        "deliveries",
    );
    for _ in 0..50 {
        receiver.next().answer("200 OK", &[]);
    }
}

/// Bytes of a request as they are sent.
fn request_size(body: &str) -> usize {
    let head = "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    head.len() + body.len()
}

#[test]
fn a_receiver_gets_at_most_twenty_times_what_was_sent() {
    let (dns, state) = (Dns::start(), Scratch::new());
    let text = format!("\"{}\" ", "x".repeat(250)).repeat(50);
    dns.change(&format!("{ZONE}big IN TXT {text}\n"));
    let service = start(&dns, &state, &[RETRIES]);
    let receiver = Receiver::listen("198.51.100.126:0");

    for (line, from) in [("txt big.example.test", 2), ("mx example.test", 3)] {
        let body = question(line, &receiver.url("/"));
        let accepted = post(&service, client(from), &body);
        assert_eq!(accepted.status, 202, "{}", accepted.text());
        // Refused until the last attempt, so that it is sent as often as possible.
        let (mut largest, mut attempts) = (0, 0);
        while let Some(message) = receiver.next_within(Duration::from_secs(4)) {
            let fields = message.headers.iter();
            let fields: usize = fields
                .map(|(name, value)| name.len() + value.len() + 4)
                .sum();
            largest = largest.max(message.line.len() + 4 + fields + message.body.len());
            attempts += 1;
            message.answer("500 No", &[]);
        }
        exactly(
            &format!("callbacks: attempts of `{line}`"),
            attempts,
            16,
            "attempts",
        );
        let ratio = largest as f64 / request_size(&body) as f64;
        let what = format!("callbacks: bytes of an attempt, `{line}`");
        at_most(&what, ratio, 20.0, "× sent");
    }
}

#[test]
fn a_payload_over_64_kib_is_never_sent_whole() {
    let (dns, state) = (Dns::start(), Scratch::new());
    let text = format!("\"{}\" ", "x".repeat(250)).repeat(60);
    let records: String = (0..4)
        .map(|n| format!("big IN TXT \"{n}\" {text}\n"))
        .collect();
    dns.change(&format!("{ZONE}{records}"));
    let hash = ring::digest::digest(&ring::digest::SHA256, KEY.as_bytes());
    let entry = format!("sha256:{} name=ops", HEXLOWER.encode(hash.as_ref()));
    let service = start(&dns, &state, &[("NETVANE__HTTP__API_KEYS", &entry)]);
    let receiver = Receiver::listen("198.51.100.127:0");
    let field = format!("Bearer {KEY}");
    let headers = [
        ("Content-Type", "application/json"),
        ("Authorization", &field),
    ];
    let body = question("txt big.example.test", &receiver.url("/"));
    let accepted = Client::connect_from(client(1), service.address).ask(
        "POST /v1/commands",
        &headers,
        body.as_bytes(),
    );
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let message = receiver.next();
    at_most(
        "callbacks: a payload instead of 64 KiB",
        message.body.len() as f64,
        2000.0,
        "bytes",
    );
    let data: Value = serde_json::from_slice(&message.body).expect("JSON");
    assert!(data["data"]["summary"].is_string(), "{data}");
    message.answer("200 OK", &[]);
    until("it is delivered", || {
        metric(&service, "netvane_deliveries_open") == 0.0
    });
}
