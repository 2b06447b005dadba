//! Replies are sent as they come, within bounds of concurrency and memory.

use std::thread;

use netvane_tests::{Dns, Service, http::Client, until};
use serde_json::{Value, json};

/// Replies are sent in the order of completion, while further requests still arrive.
#[test]
fn replies_are_sent_in_order_of_completion() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    dns.hold("example.test. A");
    let mut client = Client::connect(service.address);
    assert!(
        client.send("POST /v1/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    );

    let chunk = |line: &str| format!("{:x}\r\n{line}\r\n", line.len());
    assert!(client.send(chunk(
        "{\"command\":\"a example.test\",\"ref\":1}\n{\"command\":\"a web.example.test\",\"ref\":2}\n"
    )));
    assert_eq!(client.head().expect("a response begins").0, 200);
    let mut next = || {
        let text = client.chunk().expect("no error").expect("an answer");
        serde_json::from_slice::<Value>(&text).expect("one line")["ref"].clone()
    };
    assert_eq!(next(), 2);
    dns.release("example.test. A");
    assert_eq!(next(), 1);
    assert!(client.send(chunk("{\"command\":\"port 22\",\"ref\":3}\n") + "0\r\n\r\n"));
    let text = client.chunk().expect("no error").expect("an answer");

    assert_eq!(
        serde_json::from_slice::<Value>(&text).expect("one line")["ref"],
        3
    );
    assert_eq!(client.chunk().expect("no error"), None);
}

#[test]
fn limits_concurrency_and_cancels_when_the_client_disconnects() {
    let dns = Dns::start();
    let server = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__LIMITS__BATCH", "3"),
    ]);
    let names = [
        "example",
        "web.example",
        "mail1.example",
        "mail2.example",
        "ns1.example",
    ];

    names
        .iter()
        .for_each(|name| dns.hold(&format!("{name}.test. A")));

    let lines: String = names
        .iter()
        .map(|name| format!("{{\"command\":\"a {name}.test\"}}\n"))
        .collect();
    let mut client = Client::connect(service.address);
    client.request("POST /v1/batch", &[], lines.as_bytes());
    dns.wait_for("mail1.example.test. A");

    // A lookup outside the batch overtakes the lines that wait.
    service.command("a www.example.test").json();
    let asked = |name: &str| dns.asked().iter().any(|asked| asked == name);
    assert!(!asked("mail2.example.test. A"), "{:?}", dns.asked());
    let open = service.open_files();
    drop(client);
    until("connection and queries are gone", || {
        service.open_files() < open - 3
    });
    names
        .iter()
        .for_each(|name| dns.release(&format!("{name}.test. A")));
    service.command("a short.example.test").json();
    assert!(
        !asked("mail2.example.test. A"),
        "nobody waits for the rest: {:?}",
        dns.asked()
    );
}

/// Half of the permits are reserved for other clients.
#[test]
fn a_batch_leaves_permits_for_other_clients() {
    let dns = Dns::start();
    let server = dns.address.to_string();
    let service = Service::start(&[
        ("NETVANE__DNS__SERVERS", &server),
        ("NETVANE__LIMITS__LIGHT", "2"),
    ]);
    dns.hold("example.test. A");
    dns.hold("web.example.test. A");
    let mut client = Client::connect(service.address);
    let lines = "{\"command\":\"a example.test\"}\n{\"command\":\"a web.example.test\"}\n";
    client.request("POST /v1/batch", &[], lines.as_bytes());
    dns.wait_for("example.test. A");
    assert_eq!(
        service.command("a mail1.example.test").json()["data"]["answers"][0]["data"],
        "192.0.2.81"
    );
    dns.release("web.example.test. A");
    assert_eq!(
        service.command("a web.example.test").json()["data"]["answers"][0]["data"],
        "192.0.2.80",
        "permits stay free while the batch waits"
    );

    dns.release("example.test. A");
    assert_eq!(
        client
            .response()
            .expect("a response")
            .text()
            .lines()
            .count(),
        2
    );
}

#[test]
fn a_body_that_stops_ends_with_an_error() {
    let service = Service::start(&[("NETVANE__HTTP__READ_TIMEOUT_MS", "1000")]);
    let mut client = Client::connect(service.address);
    client.send("POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"command\":\"port 22\",\"ref\":1}\n{\"com");
    let response = client.response().expect("a response");
    let answers: Vec<Value> = response
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();

    assert_eq!(answers[0]["ref"], 1);
    assert_eq!(
        (
            &answers[1]["line"],
            &answers[1]["error"]["code"],
            answers.len()
        ),
        (&json!(2), &json!("timeout"), 2)
    );

    // An invalid chunk size.
    let mut client = Client::connect(service.address);
    client.send("POST /v1/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    let _ = client.response();
    assert_eq!(service.get("/healthz").status, 200);
}

/// Neither requests nor replies accumulate: the service stops reading from a client that does not
/// read.
#[test]
fn memory_stays_flat_for_long_batches() {
    const LINES: usize = 100_000;
    let service = Service::start(&[("NETVANE__LOG__LEVEL", "info,netvane_core=warn")]);
    let batch = |lines: usize| {
        let mut client = Client::connect(service.address);
        let sender = client.sender();
        let writing =
            thread::spawn(move || {
                let mut sender = sender;
                assert!(sender.send(
                    "POST /v1/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                ));
                for begin in (0..lines).step_by(500) {
                    let text: String = (begin..begin + 500)
                        .map(|line| {
                            format!(
                                "{{\"command\":\"port {}\",\"ref\":{line}}}\n",
                                line % 2_000 + 1
                            )
                        })
                        .collect();
                    assert!(sender.send(format!("{:x}\r\n{text}\r\n", text.len())));
                }
                assert!(sender.send("0\r\n\r\n"));
            });

        assert_eq!(client.head().expect("a response begins").0, 200);
        let (mut answered, mut most) = (0, 0.0_f64);

        while let Some(chunk) = client.chunk().expect("no error") {
            answered += chunk.iter().filter(|byte| **byte == b'\n').count();
            most = most.max(service.resident());
        }

        writing.join().expect("all is sent");
        assert_eq!(answered, lines);

        most
    };

    let before = batch(10_000);
    let after = batch(LINES);

    // All replies together are more than 100 MB.
    assert!(
        after < before + 20.0,
        "{before:.1} MB at first, {after:.1} MB in the long batch"
    );
}
