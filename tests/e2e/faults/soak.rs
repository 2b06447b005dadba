//! An hour of mixed traffic in a minute: memory stays flat, and file descriptors return to their
//! initial number.

use std::{
    sync::atomic::AtomicBool,
    thread,
    time::{Duration, Instant},
};

use netvane_tests::{
    Everything, Resolver, Service,
    everything::{A_WHILE, Over, answered, begin, call_back, told},
    http::Client,
    resolver::Mode,
    telegram::Limits,
    until,
};
use serde_json::{Value, json};

/// Duration of the test, and of its first part, which fills caches.
const TIME: Duration = Duration::from_secs(60);
const WARM: Duration = Duration::from_secs(20);
/// Least number of samples for a trend.
const SAMPLES: usize = 9;

/// Growth that is tolerated: a factor, and memory in MB that an allocator retains. A leak of two
/// kilobytes per request exceeds it.
const FACTOR: f64 = 1.05;
const SLACK: f64 = 1.0;

const LINES: [&str; 32] = [
    "a example.test",
    "aaaa example.test",
    "ns example.test",
    "soa example.test",
    "cname www.example.test",
    "srv _imaps._tcp.example.test",
    "caa example.test",
    "mx example.test",
    "txt example.test",
    "ptr 192.0.2.80",
    "dns example.test",
    "dig example.test MX",
    "dig www.example.test A tcp",
    "reverse mail1.example.test",
    "ip 1.1.1.1",
    "geo 1.1.1.1",
    "ping 127.0.0.1 1",
    "ports 127.0.0.1 1,2,3",
    "port 443",
    "verify a@absent.example.test",
    "trace_mail Subject: hello",
    "howmail a@example.test b@example.test",
    "myip",
    "myrequest",
    "myua",
    "ua curl/8.0",
    "help",
    "status",
    "mx example..test",
    "nosuch example.test",
    "ping 10.0.0.1",
    "a absent.example.test",
];

/// Requests all lines and pages over one connection, and a batch; `number` makes its names unique.
fn ask_over_http(service: &Service, number: usize) {
    let mut client = Client::connect(service.address);

    for line in LINES.into_iter().cycle().take(3 * LINES.len()) {
        let accept = ["application/json", "text/plain", "text/markdown"][number % 3];
        let headers = [("Content-Type", "application/json"), ("Accept", accept)];
        let body = json!({ "command": line }).to_string();
        let status = client
            .ask("POST /v1/commands", &headers, body.as_bytes())
            .status;
        assert!(
            [200, 400, 403, 404, 502, 504].contains(&status),
            "{line}: {status}"
        );
    }

    for path in [
        "/",
        "/tools/mx",
        "/me",
        "/docs",
        "/openapi.json",
        "/metrics",
        "/readyz",
        "/nothing",
        "/?q=a+example.test",
    ] {
        client.ask(&format!("GET {path}"), &[], b"");
    }

    let lines: String = (0..50)
        .map(|n| {
            format!(
                "{}\n",
                json!({"command": format!("a b{number}-{n}.example.test")})
            )
        })
        .collect();

    client.ask(
        "POST /v1/batch",
        &[("Content-Type", "application/x-ndjson")],
        lines.as_bytes(),
    );
}

/// Starts a lookup and disconnects before the reply, with JSON and with an event stream.
fn leave_early(world: &Everything, service: &Service, number: usize) {
    let held = format!("left{number}.example.test");
    world.dns.hold(&format!("{held}. A"));
    for accept in ["application/json", "text/event-stream"] {
        let left = begin(service, &format!("a {held}"), accept);
        world.dns.wait_for(&format!("{held}. A"));
        drop(left);
    }

    world.dns.release(&format!("{held}. A"));
}

/// Sends one lookup on each chat, and a mistake on one of them.
fn ask_on_chats(world: &Everything, number: usize) {
    let person = 100 + i64::try_from(number).expect("few");
    let on_telegram = world
        .on_telegram(person)
        .say(&format!("/a t{number}.example.test"));
    let on_discord = world.on_discord(
        u8::try_from(number % 90).expect("few"),
        &format!("t{number}.example.test"),
    );
    on_telegram.wait_for(told);
    answered(&on_discord);
    world.on_telegram(person).say("/mx example..test").reply();
}

/// Runs one round of everything; `number` makes its names unique.
fn round(world: &Everything, service: &Service, resolver: &Resolver, number: usize) {
    ask_over_http(service, number);
    leave_early(world, service, number);

    let streamed = begin(service, "mx example.test", "text/event-stream").response();
    assert_eq!(streamed.expect("a stream").status, 200);
    assert_eq!(
        call_back(service, "a example.test", &world.receiver.url("/")).status,
        202
    );

    ask_on_chats(world, number);

    if number.is_multiple_of(5) {
        resolver.is(Mode::Dead);
        service.command(&format!("a dead{number}.example.test"));
        resolver.is(Mode::Right);
        service.signal("HUP");
    }
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Memory in MB, open files, and open files at the start.
type Sample = (f64, usize, usize);

/// Runs rounds for the duration of the test; returns a sample after each one past the warm-up.
fn go_round(world: &Everything, service: &Service, resolver: &Resolver) -> Vec<Sample> {
    let (started, mut number, mut base) = (Instant::now(), 0, None);
    let mut samples = Vec::new();

    // Takes longer on a busy machine, until there are enough samples.
    while started.elapsed() < TIME || samples.len() < SAMPLES {
        number += 1;
        round(world, service, resolver, number);
        if started.elapsed() < WARM {
            continue;
        }
        // Wait until nothing of the round is left: an abandoned stream continues for ten seconds.
        let base = *base.get_or_insert_with(|| service.settled_files());
        samples.push((service.resident(), service.open_files(), base));
    }

    until("all callbacks are delivered", || {
        service
            .get("/metrics")
            .text()
            .contains("netvane_deliveries_open 0")
    });

    println!("{number} rounds");

    samples
}

#[track_caller]
fn is_flat(memory: &[f64]) {
    assert!(
        memory.len() >= SAMPLES,
        "only {} samples: this says nothing",
        memory.len()
    );

    let third = memory.len() / 3;
    let (middle, last) = (
        median(&memory[third..2 * third]),
        median(&memory[2 * third..]),
    );

    println!(
        "MB: {:.1} at first, {middle:.1} in the middle, {last:.1} at last",
        memory[0]
    );
    assert!(
        last <= middle * FACTOR + SLACK,
        "memory grows: {memory:.1?}"
    );
}

#[test]
fn memory_stays_flat_and_descriptors_are_released() {
    let world = Everything::default();
    world.telegram.limits(Limits::none());
    let resolver = Resolver::before(world.dns.address);
    let server = resolver.address.to_string();
    let service = world.serve(&[
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__DNS__TIMEOUT_MS", "1000"),
        // Soon full, so that later growth is not caused by the cache.
        ("NETVANE__LIMITS__CACHE_ENTRIES", "200"),
    ]);

    world.connected(&service);
    let flag = AtomicBool::new(false);
    let samples = thread::scope(|scope| {
        let end = Over(&flag);

        scope.spawn(|| {
            while !flag.load(std::sync::atomic::Ordering::SeqCst) {
                if let Some(message) = world.receiver.next_within(A_WHILE / 10) {
                    message.answer("200 OK", &[]);
                }
            }
        });

        let samples = go_round(&world, &service, &resolver);
        drop(end);

        samples
    });

    let memory: Vec<f64> = samples.iter().map(|(memory, ..)| *memory).collect();
    is_flat(&memory);

    // The number of idle chat connections may vary slightly.
    let base = samples[0].2;
    until("descriptors are level", || service.open_files() <= base + 2);
    let described: Value = service.command("status").json();
    assert_eq!(described["command"], "status");
    assert_eq!(service.times_logged("panicked"), 0);
    assert_eq!(service.stop(), Some(0));
    world.telegram.finish();
    world.discord.finish();
}
