//! The engine, observed over HTTP: shared lookups, cache, cancellation, shutdown.

use std::{net::TcpStream, thread};

use netvane_tests::{Dns, Service, http::Client, until};
use serde_json::json;

#[test]
fn identical_concurrent_lookups_send_one_query() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    dns.hold("web.example.test. A");
    let spellings = [
        "a web.example.test",
        "/A WEB.example.test.",
        "a https://web.example.test/x",
        "a domain=web.example.test",
    ];

    let mut clients: Vec<Client> = Vec::new();

    for line in spellings {
        let mut client = Client::connect(service.address);
        client.request(
            "POST /v1/commands",
            &[],
            json!({ "command": line }).to_string().as_bytes(),
        );
        clients.push(client);
        dns.wait_for("web.example.test. A");
    }

    // A different lookup overtakes them; its reply shows that all of them have been read.
    assert_eq!(
        service.command("a example.test").json()["data"]["answers"][0]["data"],
        "192.0.2.80"
    );
    dns.release("web.example.test. A");
    let replies: Vec<_> = clients
        .iter_mut()
        .map(|client| client.response().expect("an answer").json())
        .collect();
    for reply in &replies {
        assert_eq!(reply["data"]["answers"][0]["data"], "192.0.2.80");
    }

    let asked = dns.asked();

    assert_eq!(
        asked
            .iter()
            .filter(|question| *question == "web.example.test. A")
            .count(),
        1,
        "{asked:?}"
    );

    let mut ids: Vec<_> = replies
        .iter()
        .map(|reply| reply["id"].as_str().expect("an id"))
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), spellings.len(), "each user has an id");
}

#[test]
fn an_answer_is_cached_for_its_ttl_which_counts_down() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let ask = || service.command("a short.example.test").json();
    let ttl =
        |reply: &serde_json::Value| reply["data"]["answers"][0]["ttl"].as_u64().expect("a TTL");
    let first = ask();
    assert_eq!((&first["cached"], ttl(&first)), (&json!(false), 3));
    let mut seen = vec![3];

    until("a new answer", || {
        let reply = ask();
        let fresh = reply["cached"] == false;
        seen.push(ttl(&reply));
        fresh
    });

    assert_eq!(seen.pop(), Some(3), "the new answer has its whole TTL");
    assert!(
        seen.is_sorted_by(|earlier, later| earlier >= later),
        "{seen:?}"
    );
    assert!(
        seen.iter().any(|ttl| (1..3).contains(ttl)),
        "it was seen counting down: {seen:?}"
    );
    assert_eq!(dns.asked(), ["short.example.test. A"; 2]);
}

#[test]
fn an_answer_with_ttl_zero_is_not_cached() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    for _ in 0..2 {
        assert_eq!(
            service.command("a zero.example.test").json()["cached"],
            false
        );
    }
    assert_eq!(dns.asked(), ["zero.example.test. A"; 2]);
}

#[test]
fn negative_answers_are_cached() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    for cached in [false, true] {
        let reply = service.command("a gone.example.test").json();
        assert_eq!(
            (&reply["data"]["rcode"], &reply["cached"]),
            (&json!("NXDOMAIN"), &json!(cached))
        );
    }
    assert_eq!(dns.asked(), ["gone.example.test. A"]);
}

/// Nothing keeps running for a client that has disconnected.
#[test]
fn a_lookup_is_cancelled_when_its_client_disconnects() {
    for accept in ["application/json", "text/event-stream"] {
        let dns = Dns::start();
        let service = Service::with_dns(dns.address);
        service.command("a example.test").json();
        let idle = service.settled_files();
        dns.hold("example.test. MX");
        let mut client = Client::connect(service.address);

        client.request(
            "GET /v1/commands/mx?domain=example.test",
            &[("Accept", accept)],
            b"",
        );

        dns.wait_for("example.test. MX");
        assert!(
            service.open_files() > idle,
            "a connection and a query are open"
        );
        drop(client);
        if accept == "application/json" {
            service.logged(r#""outcome":"cancelled""#);
        }

        // Wait until the number is stable: a query that is repeated has no socket for a moment.
        until("connection and query are gone", || {
            service.settled_files() <= idle
        });
        dns.release("example.test. MX");

        // A response that arrived now would cause queries for the mail servers.
        service.command("a web.example.test").json();

        // An abandoned stream continues for a grace period, in which a query may be repeated.
        let mut asked = dns.asked();
        asked.dedup();
        assert_eq!(
            asked,
            ["example.test. A", "example.test. MX", "web.example.test. A"],
            "{accept}"
        );
    }
}

#[test]
fn second_waiter_gets_the_result_after_the_first_disconnects() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    dns.hold("web.example.test. A");
    let mut requesters: Vec<Client> = (0..2)
        .map(|_| {
            let mut client = Client::connect(service.address);
            client.request("GET /v1/commands/a?domain=web.example.test", &[], b"");
            dns.wait_for("web.example.test. A");
            client
        })
        .collect();

    // Its reply shows that both have been read.
    service.command("a example.test").json();
    let open = service.settled_files();
    drop(requesters.remove(0));
    until("the connection is closed", || service.open_files() < open);
    dns.release("web.example.test. A");
    let reply = requesters[0].response().expect("an answer").json();
    assert_eq!(reply["data"]["answers"][0]["data"], "192.0.2.80");
    assert_eq!(
        dns.asked()
            .iter()
            .filter(|question| *question == "web.example.test. A")
            .count(),
        1
    );
}

#[test]
fn a_shutdown_finishes_running_lookups_and_accepts_no_new_ones() {
    let dns = Dns::start();

    for signal in ["TERM", "INT"] {
        let service = Service::with_dns(dns.address);
        dns.hold("example.test. MX");
        let mut client = Client::connect(service.address);
        client.request("GET /v1/commands/mx?domain=example.test", &[], b"");
        until("the lookup is under way", || {
            dns.asked()
                .last()
                .is_some_and(|asked| asked == "example.test. MX")
        });

        service.signal(signal);
        service.logged("shutting down");
        until("new connections are refused", || {
            TcpStream::connect(service.address).is_err()
        });
        dns.release("example.test. MX");
        let reply = client.response().expect("the answer still arrives").json();

        assert_eq!(
            reply["data"]["hosts"][0]["addresses"],
            json!(["2001:db8::81", "192.0.2.81"]),
            "{signal}"
        );

        assert_eq!(client.rest().expect("then the connection is closed"), b"");
        assert_eq!(service.ended(), Some(0), "{signal}");
    }
}

#[test]
fn a_shutdown_ends_after_the_drain_timeout() {
    let dns = Dns::start();
    let address = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &address),
        ("NETVANE__HTTP__DRAIN_MS", "200"),
        ("NETVANE__DNS__TIMEOUT_MS", "60000"),
    ]);
    dns.hold("example.test. A");
    let mut client = Client::connect(service.address);
    client.request("GET /v1/commands/a?domain=example.test", &[], b"");
    dns.wait_for("example.test. A");
    assert_eq!(service.stop(), Some(0));
    assert!(client.response().is_err(), "it was cut off");
}

#[test]
fn many_concurrent_clients_are_all_answered() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);

    thread::scope(|scope| {
        let requesters: Vec<_> = (0..8)
            .map(|requester| {
                let service = &service;
                scope.spawn(move || {
                    let mut client = Client::connect(service.address);
                    for number in 0..50 {
                        let path = format!(
                            "GET /v1/commands/a?domain=n{number}-{}.example.test",
                            requester % 4
                        );
                        let reply = client.ask(&path, &[], b"").json();
                        assert_eq!(reply["data"]["rcode"], "NXDOMAIN");
                    }
                })
            })
            .collect();

        requesters
            .into_iter()
            .for_each(|requester| requester.join().expect("all answers are right"));
    });

    let mut asked = dns.asked();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!((asked.len(), all), (200, 200), "no query is sent twice");
}

#[test]
fn reports_a_port_that_is_in_use() {
    let service = Service::start(&[]);
    let run = netvane_tests::Netvane::line("serve")
        .env("NETVANE__HTTP__LISTEN", service.address.to_string())
        .run();
    assert_eq!(run.stdout, "");
    assert!(run.code.is_some_and(|code| code != 0), "{run:?}");
    assert!(
        run.stderr
            .contains(&format!("could not listen on {} (HTTP)", service.address)),
        "{}",
        run.stderr
    );
}

/// Reads the events of a response up to the one with this name; returns all of it as text.
fn read_until(client: &mut Client, event: &str) -> String {
    let mut text = String::new();
    while !text.contains(&format!("event: {event}\n")) {
        let chunk = client.chunk().expect("no error").expect("another event");
        text += &String::from_utf8_lossy(&chunk);
    }
    text
}

#[test]
fn a_client_cancels_the_lookup_of_its_event_stream() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    dns.hold("mail1.example.test. A");
    let delete = |id: &str| {
        Client::connect(service.address).ask(&format!("DELETE /v1/commands/{id}"), &[], b"")
    };
    let events = [("Accept", "text/event-stream")];

    // By the id of the event, with and without its number, and by that of the partial reply.
    for way in 0..3 {
        let mut client = Client::connect(service.address);
        client.request("GET /v1/commands/mx?domain=example.test", &events, b"");
        client.head().expect("a response begins");
        let first = read_until(&mut client, "progress");
        let between = |start: &str, end: &str| {
            let rest = first.split_once(start).expect("an id").1;
            rest.split_once(end).expect("the end of an id").0.to_owned()
        };
        let event = between("id: ", "\n");
        let id = match way {
            0 => event,
            1 => event.split('-').next().expect("a stream").to_owned(),
            _ => between("\"id\":\"", "\""),
        };

        assert_eq!(delete(&id).status, 204);
        let last = read_until(&mut client, "error");
        assert!(last.contains("the lookup was cancelled"), "{last}");
        service.logged(r#""outcome":"cancelled""#);
        assert_eq!(delete(&id).status, 404, "it has ended");
    }

    assert_eq!(delete("01M7Z8Q4W0V6ZK3T5N9Y2B1XCE").status, 404);
    let command = delete("mx");
    assert_eq!((command.status, command.header("allow")), (405, "GET,HEAD"));
}
