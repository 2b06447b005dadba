//! Attacks on the slots for lookups: many greedy clients, and modest ones among them.

use std::{
    io::Write,
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use netvane_tests::{Dns, Service, http::connect_from};

use crate::{
    figures::{at_least, at_most, milliseconds, percentile},
    network::{ask, client, distant_client, serve},
};

/// Lookups that a greedy client has at once, as many as a user may run.
const EACH: usize = 8;
/// Lookups of modest clients in one round, and after how many another client continues: so few
/// that none reaches its budget.
const SAMPLES: usize = 200;
const TURN: usize = 10;
/// Promised ratios of the median and the 99th percentile to those without greedy clients.
const MEDIAN: f64 = 2.0;
const P99: f64 = 5.0;
/// Other work on the machine adds to the slowest of lookups that take less than a millisecond.
const NOISE: f64 = 3.0;

/// What greedy and modest clients run; neither is cached.
struct Lines {
    /// Whether the greedy ones are queries, which the resolver holds.
    is_held: bool,
    greedy: fn(usize) -> String,
    modest: fn(usize) -> String,
}

/// A resolver holds the answers for as long as it is waited for.
const LIGHT: Lines = Lines {
    is_held: true,
    greedy: |number| format!("a?domain=greedy{number}.example.test"),
    modest: |number| format!("a m{number}.example.test"),
};
/// Half of the servers' network drops everything.
const HEAVY: Lines = Lines {
    is_held: false,
    greedy: |number| format!("ping?host=198.51.100.{}&count=5", 128 + number % 120),
    modest: |number| format!("ping 198.51.100.{} 1", 1 + number % 120),
};

/// Sends lookups without an answer, one after the other on each connection.
fn attack(service: &Service, greedy: usize, lines: &Lines) -> Vec<TcpStream> {
    (0..greedy * EACH)
        .map(|connection| {
            let request = |round: usize| {
                let line = (lines.greedy)(connection * 20 + round);
                format!("GET /v1/commands/{line} HTTP/1.1\r\nHost: localhost\r\n\r\n")
            };
            let requests: String = (0..20).map(request).collect();
            let mut stream = connect_from(client(connection % greedy), service.address, None);
            stream.write_all(requests.as_bytes()).expect("it reads");
            stream
        })
        .collect()
}

/// Returns the median and the 99th percentile in ms of modest clients' lookups, the best of three
/// rounds: other work on the machine only adds to them.
fn measure(service: &Service, lines: &Lines, first: usize) -> (f64, f64) {
    let rounds: Vec<_> = (0..3)
        .map(|round| measure_once(service, lines, first + round * SAMPLES))
        .collect();
    let best = |times: &mut dyn Iterator<Item = f64>| times.fold(f64::MAX, f64::min);
    (
        best(&mut rounds.iter().map(|(median, _)| *median)),
        best(&mut rounds.iter().map(|(_, worst)| *worst)),
    )
}

fn measure_once(service: &Service, lines: &Lines, first: usize) -> (f64, f64) {
    let mut times: Vec<_> = (first..first + SAMPLES)
        .map(|number| {
            let began = Instant::now();
            let answer = ask(
                service,
                distant_client(number / TURN % 512),
                &(lines.modest)(number),
            );
            assert_eq!(answer.status, 200, "{}", answer.text());
            began.elapsed()
        })
        .collect();
    times.sort();
    (
        milliseconds(percentile(&times, 0.5)),
        milliseconds(percentile(&times, 0.99)),
    )
}

fn is_fair(greedy: usize, what: &str, lines: &Lines) {
    let dns = Dns::start();
    let service = serve(dns.address, &[]);
    dns.hold_where(|question| question.starts_with("greedy"));
    measure(&service, lines, 0);
    let (median, p99) = measure(&service, lines, 1000);

    let crowd = attack(&service, greedy, lines);
    thread::sleep(Duration::from_secs(2));
    let running = || {
        dns.asked()
            .iter()
            .filter(|name| name.starts_with("greedy"))
            .count()
    };
    let before = running();
    let (busy_median, busy_p99) = measure(&service, lines, 2000);
    let progress = running() - before;
    println!(
        "quiet {median:.2} and {p99:.2} ms, among {greedy} {busy_median:.2} and {busy_p99:.2} ms"
    );
    let named = |figure: &str| format!("fairness: {what} among {greedy} greedy clients, {figure}");
    at_most(&named("median"), busy_median / median, MEDIAN, "× quiet");
    at_most(&named("p99"), busy_p99 / p99, P99 * NOISE, "× quiet");
    drop(crowd);
    if lines.is_held {
        // They are served too: half of the slots are theirs.
        at_least(&named("their own"), progress as f64, 16.0, "lookups");
    }
}

#[test]
fn probes_are_not_slowed_down_by_five_greedy_clients() {
    is_fair(5, "ping", &HEAVY);
}

#[test]
fn lookups_are_not_slowed_down_by_34_greedy_clients() {
    is_fair(34, "a", &LIGHT);
}

#[test]
fn lookups_are_not_slowed_down_by_a_hundred_greedy_clients() {
    is_fair(100, "a", &LIGHT);
}
