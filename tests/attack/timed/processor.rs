//! Attacks on the processor: large input and output, and signatures. Others still get answers.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use netvane_test_dns::oversized::{self, SHAPES};
use netvane_tests::{Service, everything::Over, http::Client, loopback};
use serde_json::json;

use crate::{
    figures::{at_least, at_most, milliseconds, percentile},
    key_trap::Trap,
    memory::Oversized,
    network::{ask, client, distant_client, post, serve},
};

/// Time of the attack.
const TIME: Duration = Duration::from_secs(8);
/// Promised time of a health check in milliseconds, and the factor for a noisy machine.
const HEALTH: f64 = 50.0;
const NOISE: f64 = 3.0;

/// Returns a hundred lookups of all shapes, none of which was sent in another round.
fn batch(round: usize) -> String {
    (0..100)
        .map(|line| {
            let shape = SHAPES[line % SHAPES.len()];
            let command = format!("dig w{round}-{line}.{shape}.test ANY");
            format!("{}\n", json!({ "command": command }))
        })
        .collect()
}

/// What one of four clients does, again and again; each has an address of its own, whose budgets it
/// uses up.
fn worst(service: &Service, number: usize, round: usize, messages: &[(&'static str, String)]) {
    let from = distant_client(number);
    match number {
        0 => {
            let headers = [("Content-Type", "application/x-ndjson")];
            Client::connect_from(from, service.address).ask(
                "POST /v1/batch",
                &headers,
                batch(round).as_bytes(),
            );
        }
        1 => {
            let (_, message) = &messages[round % messages.len()];
            ask(
                service,
                from,
                &format!("trace_mail X-Round: {round}\n{message}"),
            );
        }
        2 => {
            let body = [r#"{"command":"#, &"[".repeat(500_000)].concat();
            post(service, from, &body);
            post(
                service,
                from,
                &json!({ "command": "x".repeat(500_000) }).to_string(),
            );
            ask(
                service,
                from,
                &format!("trace_mail {}", "\n".repeat(500_000)),
            );
        }
        _ => {
            // Cached after the first, and drawn or rendered each time.
            let target = format!(
                "GET /v1/commands/dig?name=pointers.test&type={}",
                ["NS", "MX"][round % 2]
            );
            for accept in [
                "text/markdown",
                "text/html",
                "image/svg+xml",
                "image/png",
                "application/json",
            ] {
                Client::connect_from(from, service.address).ask(
                    &target,
                    &[("Accept", accept)],
                    b"",
                );
            }
        }
    }
}

/// Returns the sorted times of a health check every few milliseconds.
fn health(service: &Service, time: Duration) -> Vec<Duration> {
    let end = Instant::now() + time;
    let mut times = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        assert_eq!(service.get("/healthz").status, 200);
        times.push(began.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    times.sort();
    times
}

#[test]
fn health_checks_are_answered_while_four_clients_do_their_worst() {
    let servers = Oversized::start();
    let service = serve(servers.dns, &[]);
    let messages = oversized::messages();
    let quiet = health(&service, TIME / 4);

    let (over, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
    let times = thread::scope(|scope| {
        let end = Over(&over);
        for number in 0..4 {
            let (service, messages, over, rounds) = (&service, &messages, &over, &rounds);
            scope.spawn(move || {
                while !over.load(Ordering::SeqCst) {
                    worst(
                        service,
                        number,
                        rounds.fetch_add(1, Ordering::SeqCst),
                        messages,
                    );
                }
            });
        }
        let times = health(&service, TIME);
        drop(end);
        times
    });

    let (quiet, busy) = (percentile(&quiet, 0.99), percentile(&times, 0.99));
    println!("{} rounds; quiet {quiet:?}", rounds.load(Ordering::SeqCst));
    at_most(
        "processor: /healthz p99 under four attackers",
        milliseconds(busy),
        HEALTH * NOISE,
        "ms",
    );
    let median = milliseconds(percentile(&times, 0.5));
    at_most(
        "processor: /healthz median under four attackers",
        median,
        HEALTH,
        "ms",
    );
}

#[test]
fn many_keys_and_signatures_cost_a_bounded_time() {
    let trap = Trap::new();
    let runtime = loopback::runtime(1);
    for (keys, signatures) in [(23, 40), (60, 60)] {
        let trap = trap.clone();
        let anchor = trap.anchor_file();
        let dns = runtime.block_on(oversized::serve_dns(move |query| {
            trap.response(query, keys, signatures)
        }));
        let anchor = anchor.path().join("anchor").display().to_string();
        let service = serve(dns, &[("NETVANE__DNS__TRUST_ANCHOR", anchor.as_str())]);
        ask(&service, client(1), "dig none.test A dnssec");

        let before = service.cpu_seconds();
        let rounds = 10;
        for number in 0..rounds {
            let line = format!("dig n{number}.trap.test A dnssec");
            let reply = ask(&service, client(number), &line).json();
            let security = reply["data"]["dnssec"]["security"].as_str();
            assert!(
                matches!(security, Some("bogus" | "indeterminate")),
                "{security:?}"
            );
        }
        let each = (service.cpu_seconds() - before) / rounds as f64;
        at_most(
            &format!("processor: {keys} keys of one tag, {signatures} signatures"),
            each,
            0.2,
            "CPU-s",
        );
    }
}

#[test]
fn large_mistakes_and_cached_replies_are_charged() {
    let servers = Oversized::start();
    let service = serve(servers.dns, &[]);
    let until_refused = |from, body: &str| {
        (0..400)
            .take_while(|_| post(&service, from, body).status != 429)
            .count()
    };
    let mistake = json!({ "command": format!("a {}", "x".repeat(500_000)) }).to_string();
    let accepted = until_refused(client(1), &mistake);
    at_most(
        "processor: usage errors of 0.5 MB until a client waits",
        accepted as f64,
        60.0,
        "requests",
    );
    let cached = json!({ "command": "dig pointers.test NS" }).to_string();
    let accepted = until_refused(client(2), &cached);
    at_most(
        "processor: cached replies of 0.5 MB until a client waits",
        accepted as f64,
        100.0,
        "requests",
    );
    let small = json!({ "command": "port 22" }).to_string();
    at_least(
        "processor: small cached replies a minute",
        until_refused(client(3), &small) as f64,
        200.0,
        "requests",
    );
}
