//! Ten thousand users at once, and a greedy one among them.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    thread,
};

use netvane_tests::{Dns, PATIENCE, Service, http::Client, until};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;

const REQUESTERS: usize = 10_000;
/// Number of names they look up, so that many users share each.
const NAMES: usize = 500;
/// Most memory in bytes per waiting user.
const EACH: f64 = 64.0 * 1024.0;
const GREED: usize = 2000;

/// Returns an address for each user, from the network for benchmarks.
fn address(requester: usize) -> String {
    format!("198.18.{}.{}", requester / 250, requester % 250 + 1)
}

/// Sends the greedy user's requests; returns the number of responses by status.
fn greedy(service: &Service, thread: usize) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    let mut client = Client::connect(service.address);
    for number in 0..GREED / 4 {
        let body =
            json!({ "command": format!("a greedy{thread}-{number}.example.test") }).to_string();
        let headers = [
            ("X-Forwarded-For", "203.0.113.66"),
            ("Content-Type", "application/json"),
        ];
        *statuses
            .entry(
                client
                    .ask("POST /v1/commands", &headers, body.as_bytes())
                    .status,
            )
            .or_default() += 1;
    }
    statuses
}

/// Raises the limit of open files to the maximum, which must allow a connection per user.
fn raise_the_limit_of_open_files() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits can be read");

    assert!(
        hard > REQUESTERS as u64 + 2000,
        "open files are limited to {hard}"
    );
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).expect("the limit can be raised");
}

fn connect_all(service: &Service) -> Vec<TcpStream> {
    (0..REQUESTERS)
        .map(|_| {
            let stream = TcpStream::connect(service.address).expect("there is room for all");
            stream
                .set_read_timeout(Some(PATIENCE * 2))
                .expect("a timeout can be set");
            stream
        })
        .collect()
}

fn ask_all(crowd: &mut [TcpStream]) {
    for (requester, stream) in crowd.iter_mut().enumerate() {
        let request = format!(
            "GET /v1/commands/a?domain=n{}.example.test HTTP/1.1\r\nHost: netvane.test\r\nX-Forwarded-For: {}\r\n\r\n",
            requester % NAMES,
            address(requester)
        );
        stream.write_all(request.as_bytes()).expect("it listens");
    }
}

/// Reads until each user has a response, which must be a successful one.
fn hear_all(crowd: &mut [TcpStream]) {
    for (requester, stream) in crowd.iter_mut().enumerate() {
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        while !answer.windows(5).any(|five| five == b"NXDOM") {
            let read = stream
                .read(&mut piece)
                .unwrap_or_else(|error| panic!("requester {requester}: {error}"));
            answer.extend(&piece[..read]);
            let told = String::from_utf8_lossy(&answer);
            assert!(
                read > 0 && told.starts_with("HTTP/1.1 200"),
                "requester {requester}: {told}"
            );
        }
    }
}

/// Checks that each request of the greedy user got a response, and that only its share succeeded.
fn was_held_back(statuses: &BTreeMap<u16, usize>) {
    let answered = statuses.get(&200).copied().unwrap_or_default();
    println!("the greedy one: {statuses:?}");
    assert_eq!(
        answered + statuses.get(&429).copied().unwrap_or_default(),
        GREED,
        "{statuses:?}"
    );

    // The limit is 60 lookups a minute; the test takes a few minutes at most.
    assert!((1..=240).contains(&answered), "{statuses:?}");
}

#[test]
fn ten_thousand_users_are_answered_and_a_greedy_one_is_limited() {
    raise_the_limit_of_open_files();
    let dns = Dns::start();
    let server = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__DNS__TIMEOUT_MS", "60000"),
        ("NETVANE__HTTP__TRUSTED_PROXIES", "127.0.0.1"),
        ("NETVANE__HTTP__READ_TIMEOUT_MS", "60000"),
        ("NETVANE__LIMITS__LIGHT", "1000"),
    ]);

    // Warm up, so that one-time allocations are not measured.
    for name in ["a warm.example.test", "mx example.test"] {
        service.command(name);
    }

    let (files, memory) = (service.settled_files(), service.resident());

    let mut crowd = connect_all(&service);
    dns.hold("*");
    ask_all(&mut crowd);
    until("all names are asked for", || dns.asked().len() >= NAMES);
    let crowded = service.resident();

    thread::scope(|scope| {
        let service = &service;
        let greed: Vec<_> = (0..4)
            .map(|thread| scope.spawn(move || greedy(service, thread)))
            .collect();
        dns.release("*");
        hear_all(&mut crowd);
        let mut statuses = BTreeMap::new();

        for thread in greed {
            for (status, count) in thread.join().expect("all its questions have an answer") {
                *statuses.entry(status).or_insert(0) += count;
            }
        }

        was_held_back(&statuses);
    });

    let peak = crowded.max(service.resident());
    let each = (peak - memory) * 1e6 / REQUESTERS as f64;
    println!(
        "{memory:.0} MB before, {peak:.0} MB with {REQUESTERS} requesters: {each:.0} bytes for each"
    );
    assert!(each <= EACH, "{each:.0} bytes for each");
    drop(crowd);
    until("all connections are closed", || {
        service.open_files() <= files
    });
    assert_eq!(service.command("a example.test").status, 200);
    assert_eq!(service.stop(), Some(0));
}
