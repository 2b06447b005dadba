//! Attacks with connections: many of them, and readers that stop.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use netvane_tests::{Dns, Service, http, until};

use crate::figures::{at_most, exactly};

/// Time after which a reader that takes nothing loses its stream, and time to notice it.
const STALL: Duration = Duration::from_secs(30);
const MARGIN: Duration = Duration::from_secs(15);

/// Connects from an address of this machine, with a small receive buffer.
fn connect_from(address: [u8; 4], service: &Service) -> TcpStream {
    let stream = http::connect_from(address, service.address, Some(4096));
    stream
        .set_read_timeout(Some(STALL + MARGIN))
        .expect("a timeout can be set");
    stream
}

/// Whether the service has closed the connection.
fn is_closed(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a mode");
    let read = (&*stream).read(&mut [0; 64]);
    stream.set_nonblocking(false).expect("a mode");
    match read {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

fn count_open(streams: &[TcpStream]) -> usize {
    streams.iter().filter(|stream| !is_closed(stream)).count()
}

/// Sends `GET` for a path and returns the status line; empty if the connection was closed.
fn get(stream: &mut TcpStream, path: &str, fields: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    let mut answer = [0; 512];
    let read = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read(&mut answer));
    let text = String::from_utf8_lossy(&answer[..read.unwrap_or(0)]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn a_client_has_a_bounded_number_of_connections() {
    let service = Service::start(&[("NETVANE__HTTP__CONNECTIONS_PER_CLIENT", "10")]);
    let greedy: Vec<_> = (0..30)
        .map(|_| connect_from([127, 0, 0, 2], &service))
        .collect();
    until("the others are closed", || count_open(&greedy) == 10);
    exactly(
        "connections: of one client that wants 30 of 10",
        count_open(&greedy),
        10,
        "open",
    );

    let mut other = connect_from([127, 0, 0, 3], &service);
    assert_eq!(get(&mut other, "/healthz", ""), "HTTP/1.1 200 OK");
    drop(greedy);
    until("its places are free again", || {
        let mut again = connect_from([127, 0, 0, 2], &service);
        get(&mut again, "/healthz", "") == "HTTP/1.1 200 OK"
    });
    let metrics = service.get("/metrics");
    let refused = "netvane_http_connections_refused_total{limit=\"per_client\"} ";
    let count = metrics
        .text()
        .lines()
        .find_map(|line| line.strip_prefix(refused));
    assert!(
        count.is_some_and(|count| count != "0"),
        "{}",
        metrics.text()
    );
}

#[test]
fn the_last_connections_are_for_health_checks_and_keys() {
    let key = "nvk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let hash = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    let entry = format!(
        "sha256:{} name=ops",
        data_encoding::HEXLOWER.encode(hash.as_ref())
    );
    let service = Service::start(&[
        ("NETVANE__HTTP__CONNECTIONS", "40"),
        ("NETVANE__HTTP__CONNECTIONS_PER_CLIENT", "4"),
        ("NETVANE__HTTP__READ_TIMEOUT_MS", "60000"),
        ("NETVANE__HTTP__API_KEYS", &entry),
    ]);

    // Each address opens as many as it may and sends nothing.
    let crowd: Vec<_> = (0..100)
        .map(|n| connect_from([127, 0, 1, n / 4 + 1], &service))
        .collect();
    until("there are as many as allowed", || count_open(&crowd) == 40);

    let mut health = connect_from([127, 0, 2, 1], &service);
    assert_eq!(get(&mut health, "/healthz", ""), "HTTP/1.1 200 OK");
    let mut keyed = connect_from([127, 0, 2, 2], &service);
    let field = format!("Authorization: Bearer {key}\r\n");
    assert_eq!(get(&mut keyed, "/v1/commands", &field), "HTTP/1.1 200 OK");
    let mut stranger = connect_from([127, 0, 2, 3], &service);
    let refused = get(&mut stranger, "/v1/commands", "");
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");

    // However many come after it, a connection that has shown a key stays.
    let later: Vec<_> = (0..100)
        .map(|n| connect_from([127, 0, 3, n / 4 + 1], &service))
        .collect();
    until("the newest are kept", || count_open(&later) == 9);
    let mut rest = [0; 1 << 16];
    keyed
        .set_read_timeout(Some(Duration::from_millis(300)))
        .expect("a timeout");
    while keyed.read(&mut rest).is_ok_and(|read| read > 0) {}
    assert_eq!(get(&mut keyed, "/v1/commands", &field), "HTTP/1.1 200 OK");
}

#[test]
fn unread_responses_take_bounded_memory_and_end() {
    let service = Service::start(&[]);
    let size = service.get("/openapi.json").body.len();
    let before = service.resident();

    // Many requests on each connection, so that there is more to send than buffers hold.
    let request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50);
    // As many as fit into the bound of unread bytes: more would get short refusals, which the buffers hold.
    let readers: Vec<_> = (0..100)
        .map(|n| {
            let mut stream = connect_from([127, 0, 4, n / 25 + 1], &service);
            stream.write_all(request.as_bytes()).expect("it reads");
            stream
        })
        .collect();
    let began = Instant::now();
    thread::sleep(Duration::from_secs(3));
    let grown = service.resident() - before;
    let what = format!("unread: 100 readers of 50 × {} KB", size / 1000);
    at_most(&what, grown, 150.0, "MB");
    assert_eq!(service.get("/healthz").status, 200);

    let stalled = "netvane_http_stalled_total{closed=\"connection\"} ";
    let closed = || {
        let metrics = service.get("/metrics");
        let count = metrics
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(stalled)?.parse().ok());
        count.unwrap_or(0)
    };
    while closed() < readers.len() {
        assert!(began.elapsed() < STALL + MARGIN, "{} are closed", closed());
        thread::sleep(Duration::from_millis(500));
    }
    assert!(began.elapsed() >= STALL - Duration::from_secs(1));
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// The header block of a `GET` (RFC 7541): indexed method and scheme, literal path and authority.
fn get_block(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86];
    for (index, text) in [(0x04, path), (0x01, "localhost")] {
        block.extend([index, text.len() as u8]);
        block.extend(text.as_bytes());
    }
    block
}

#[test]
fn streams_whose_window_stays_closed_are_reset_and_their_connection_is_closed() {
    const STREAMS: u32 = 100;
    let service = Service::start(&[]);
    let before = service.resident();
    let mut stream = connect_from([127, 0, 0, 1], &service);
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .expect("it reads");
    // SETTINGS_INITIAL_WINDOW_SIZE = 0: no stream may send a byte of its body.
    let mut opening = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    for number in 0..STREAMS {
        opening.extend(frame(1, 0x5, 2 * number + 1, &get_block("/openapi.json")));
    }
    stream.write_all(&opening).expect("it reads");
    let began = Instant::now();
    thread::sleep(Duration::from_secs(2));
    let grown = service.resident() - before;
    at_most(
        "unread: 100 streams with a closed window",
        grown,
        60.0,
        "MB",
    );

    let (mut resets, mut data) = (0, 0);
    let mut head = [0; 9];
    while resets < STREAMS && stream.read_exact(&mut head).is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).expect("a whole frame");
        match head[3] {
            0 => data += length,
            3 => resets += 1,
            // Answer pings, so that the peer seems alive.
            6 if head[4] == 0 => stream
                .write_all(&frame(6, 1, 0, &payload))
                .expect("it reads"),
            _ => {}
        }
    }
    let elapsed = began.elapsed();
    assert_eq!(data, 0);
    let what = "unread: streams with a closed window that are reset";
    exactly(what, resets as usize, STREAMS as usize, "streams");
    assert!(
        elapsed >= STALL - Duration::from_secs(1) && elapsed < STALL + MARGIN,
        "{elapsed:?}"
    );
}

#[test]
fn a_small_event_does_not_wait_for_an_acknowledgement() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let time = |accept: &str| {
        let mut times: Vec<_> = (0..21)
            .map(|_| {
                let began = Instant::now();
                assert_eq!(
                    service.post_for(accept, r#"{"command":"port 22"}"#).status,
                    200
                );
                began.elapsed()
            })
            .collect();
        times.sort();
        times[10]
    };
    let (whole, events) = (time("application/json"), time("text/event-stream"));
    assert!(events < whole * 8, "{events:?} instead of {whole:?}");
}

#[test]
fn connections_that_have_begun_cost_nothing() {
    let service = Service::start(&[
        ("NETVANE__HTTP__CONNECTIONS_PER_CLIENT", "2000"),
        ("NETVANE__HTTP__READ_TIMEOUT_MS", "60000"),
    ]);
    let begun: Vec<_> = (0..800)
        .map(|_| {
            let mut stream = connect_from([127, 0, 0, 5], &service);
            stream.write_all(b"PRI * HTTP").expect("it reads");
            stream
        })
        .collect();
    thread::sleep(Duration::from_secs(1));
    let before = service.cpu_seconds();
    thread::sleep(Duration::from_secs(3));
    let used = service.cpu_seconds() - before;
    let what = format!("connections: {} that have begun, for 3 s", begun.len());
    at_most(&what, used, 0.15, "CPU-s");
}
