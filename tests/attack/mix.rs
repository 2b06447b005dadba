//! The worst requests of all kinds at once, for `NETVANE_ATTACK_SECONDS`, half a minute by default:
//! the memory of the service grows by a bounded amount.

use std::{
    io::Write,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use netvane_test_dns::oversized::{self, SHAPES};
use netvane_tests::{
    Service,
    http::{Client, connect_from},
};
use serde_json::json;

use crate::{
    figures::at_most,
    memory::Oversized,
    network::{ask, client, serve},
};

/// Most growth in MB, at the peak too.
const GROWTH: f64 = 150.0;
/// Clients that take turns; each stays within its rate.
const CLIENTS: usize = 2000;

fn duration() -> Duration {
    let given = std::env::var("NETVANE_ATTACK_SECONDS");
    let seconds = given.ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(30))
}

/// One attack: sends one request, or a few, with this number.
type Attack<'a> = Box<dyn Fn(&Service, usize) + Send + Sync + 'a>;

fn attacks(whois: &str, messages: &[(&'static str, String)]) -> Vec<Attack<'static>> {
    let whois = format!("whois example.test server={whois}");
    let messages: Vec<String> = messages.iter().map(|(_, text)| text.clone()).collect();
    vec![
        Box::new(|service, number| {
            let shape = SHAPES[number % SHAPES.len()];
            let command = ["dig", "ns", "txt", "dns", "mx"][number % 5];
            let line = format!("{command} n{number}.{shape}.test");
            ask(service, client(number % CLIENTS), &line);
        }),
        Box::new(move |service, number| {
            let source = if number.is_multiple_of(2) {
                whois.clone()
            } else {
                "whois 192.0.2.1 source=rdap".into()
            };
            ask(service, client(number % CLIENTS), &source);
        }),
        Box::new(move |service, number| {
            let message = &messages[number % messages.len()];
            let line = format!("trace_mail X-Number: {number}\n{message}");
            ask(service, client(number % CLIENTS), &line);
        }),
        Box::new(batch),
        Box::new(leave_unread),
        Box::new(|service, number| {
            let line = format!("a {}", "x".repeat(400_000 + number % 1000));
            ask(service, client(number % CLIENTS), &line);
        }),
    ]
}

/// Sends a batch of a hundred lines with large replies and reads all of them.
fn batch(service: &Service, number: usize) {
    let lines: String = (0..100)
        .map(|line| {
            let shape = SHAPES[line % SHAPES.len()];
            let command = format!("dig b{number}-{line}.{shape}.test");
            format!("{}\n", json!({ "command": command }))
        })
        .collect();
    let headers = [("Content-Type", "application/x-ndjson")];
    let mut from = Client::connect_from(client(number % CLIENTS), service.address);
    from.request("POST /v1/batch", &headers, lines.as_bytes());
    let _ = from.response();
}

/// Requests large replies on a connection and reads none of them for a second.
fn leave_unread(service: &Service, number: usize) {
    let request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50);
    let held: Vec<_> = (0..20)
        .map(|connection| {
            let from = client((number * 20 + connection) % CLIENTS);
            let mut stream = connect_from(from, service.address, Some(4096));
            let _ = stream.write_all(request.as_bytes());
            stream
        })
        .collect();
    thread::sleep(Duration::from_secs(1));
    drop(held);
}

#[test]
fn the_worst_of_everything_raises_the_memory_by_a_bounded_amount() {
    let servers = Oversized::start();
    let whois = servers.whois(oversized::whois_answers().swap_remove(3).1);
    let rdap = servers.rdap(oversized::rdap_answers().swap_remove(1).1);
    let rdap = rdap.path().display().to_string();
    let service = serve(
        servers.dns,
        &[
            ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
            ("NETVANE__POLICY__PORTS__SERVER", "1-65535"),
            ("NETVANE__RDAP__BOOTSTRAP", rdap.as_str()),
        ],
    );
    let attacks = attacks(&whois.to_string(), &oversized::messages());
    for number in 0..5 {
        ask(&service, client(CLIENTS + number), "dig warm.test");
    }

    let (before, end) = (service.resident(), Instant::now() + duration());
    service.forget_peak();
    let sent = AtomicUsize::new(0);
    thread::scope(|scope| {
        for attack in &attacks {
            scope.spawn(|| {
                while Instant::now() < end {
                    attack(&service, sent.fetch_add(1, Ordering::Relaxed));
                }
            });
        }
    });

    let (peak, grown) = (service.peak() - before, service.resident() - before);
    let seconds = duration().as_secs();
    println!("{} requests in {seconds} s", sent.load(Ordering::Relaxed));
    let what = format!("memory: growth in {seconds} s of the worst mix");
    at_most(&what, grown, GROWTH, "MB");
    at_most(&format!("{what}, at the peak"), peak, GROWTH, "MB");
    at_most(
        "memory: all of it, of MemoryMax=1G",
        service.peak(),
        1000.0,
        "MB",
    );
    assert_eq!(service.get("/healthz").status, 200);
    assert_eq!(service.times_logged("panicked"), 0);
}
