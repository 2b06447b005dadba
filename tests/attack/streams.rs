//! Attacks with batches and event streams that nobody reads: they end after a minute, and until then
//! take bounded memory.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use netvane_tests::{Service, http::connect_from};
use serde_json::json;

use crate::{
    figures::at_most,
    memory::Oversized,
    network::{client, metric, serve},
};

/// Time after which a stream ends that nobody reads, and time to notice it.
const MINUTE: Duration = Duration::from_secs(60);
const MARGIN: Duration = Duration::from_secs(25);
const READERS: usize = 20;

/// A batch of forty lines with replies of a quarter of a megabyte.
fn batch() -> String {
    let line = |line: usize| json!({ "command": format!("dig s{line}.pointers.test NS") });
    let lines: String = (0..40).map(|n| format!("{}\n", line(n))).collect();
    format!(
        "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n{lines}",
        lines.len()
    )
}

/// Event streams with such replies, one after the other.
fn events() -> String {
    let one = |stream: usize| {
        let body = json!({ "command": format!("dig e{}.pointers.test NS", stream % 10) });
        let body = body.to_string();
        format!(
            "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    (0..40).map(one).collect()
}

fn attack(service: &Service, what: &str, request: &str) {
    let before = service.resident();
    service.forget_peak();
    let began = Instant::now();
    let readers: Vec<_> = (0..READERS)
        .map(|number| {
            let mut stream = connect_from(client(number), service.address, Some(4096));
            stream.write_all(request.as_bytes()).expect("it reads");
            stream
        })
        .collect();

    thread::sleep((began + MINUTE + MARGIN).saturating_duration_since(Instant::now()));
    let grown = service.peak() - before;
    let peak = format!("unread: {READERS} {what}, memory at the peak");
    at_most(&peak, grown, 150.0, "MB");
    // A connection whose responses the system has taken may stay open; no stream may hold bytes.
    let unread = metric(service, "netvane_http_unread_bytes");
    let left = format!("unread: bytes that {what} hold after a minute");
    at_most(&left, unread, 0.0, "bytes");
    drop(readers);
    assert_eq!(service.get("/healthz").status, 200);
}

#[test]
fn batches_that_nobody_reads_end_after_a_minute() {
    let servers = Oversized::start();
    attack(&serve(servers.dns, &[]), "batches", &batch());
}

#[test]
fn event_streams_that_nobody_reads_end_after_a_minute() {
    let servers = Oversized::start();
    attack(&serve(servers.dns, &[]), "event streams", &events());
}
