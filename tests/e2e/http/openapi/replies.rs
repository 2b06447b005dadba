//! Replies of each command, alone, in a stream, in a batch and delivered later.

use std::collections::BTreeSet;

use netvane_tests::{
    Dns, OpenApi, Receiver, Scratch, Service, everything::SECRET, http::Client, until,
};
use serde_json::{Value, json};

use super::{ASK, JSON, ZONE, start};

/// Lookups that work on loopback: at least one of each command.
const LINES: [&str; 62] = [
    "dns example.test",
    "dns nosuch.test",
    "a example.test",
    "a www.example.test",
    "a nosuch.test",
    "aaaa example.test",
    "mx example.test",
    "mx web.example.test",
    "ns example.test",
    "soa example.test",
    "txt example.test",
    "cname www.example.test",
    "srv _imaps._tcp.example.test",
    "caa example.test",
    "ptr 127.0.0.1",
    "dig example.test MX",
    "dig example.test TXT dnssec",
    "reverse 127.0.0.1",
    "reverse example.test",
    "ip 127.0.0.1",
    "ip 8.8.8.8",
    "whois example.test source=whois",
    "whois example.test source=whois raw",
    "geo example.test",
    "geo 2001:4860:4860::8888",
    "ping 127.0.0.1 --count 1",
    "trace 127.0.0.1 --probes 1",
    "mtr 127.0.0.1 count=1",
    "ports 127.0.0.1 1,9",
    "http http://127.0.0.1:9/ status=200",
    "tls 127.0.0.1:9 warn=30",
    "port 443",
    "port 60001",
    "port postgres",
    "verify joe@example.test",
    "verify joe@nosuch.test",
    "trace_mail From: joe@example.test",
    "trace_mail Received: from a.example (a.example [192.0.2.1]) by b.example; Mon, 2 Mar 2026 10:00:00 +0000",
    "mailbox joe@example.test",
    "howmail",
    "howmail joe@example.test jane@example.test",
    "spf example.test",
    "dmarc example.test",
    "dkim example.test",
    "dkim example.test selector1",
    "blocklist 192.0.2.1",
    "blocklist 127.0.0.1",
    "mailcheck example.test",
    "subnet 192.0.2.0/24",
    "subnet 192.0.2.1-192.0.2.6",
    "mac 00:00:5e:00:53:01",
    "asn 64496",
    "propagation example.test MX",
    "delegation example.test",
    "myip",
    "myrequest",
    "myua",
    "ua Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "help",
    "help mx",
    "status",
    "places",
];

const EVENTS: &str = "text/event-stream";
const NDJSON: &str = "application/x-ndjson";

#[test]
fn a_reply_of_each_command_matches_the_schema() {
    let dns = Dns::serving(".", ZONE);
    let service = start(&dns, &[]);
    let openapi = OpenApi::of(&service);
    let any = openapi.response(ASK, 200, JSON);
    let mut replied = BTreeSet::new();
    for line in LINES {
        let reply = service.command(line).json();
        let name = reply["command"].as_str().expect("a name");
        let target = format!("GET /v1/commands/{name}");
        openapi.response(&target, 200, JSON).assert_matches(&reply);
        assert_eq!(any.errors(&reply), Vec::<String>::new(), "{line}");
        replied.insert(name.to_owned());
    }
    let listing = service.get("/v1/commands").json();
    let all: BTreeSet<String> = listing["commands"]
        .as_array()
        .expect("commands")
        .iter()
        .map(|command| command["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(all, replied, "a line for each command");
}

/// Parses the events in this text as the description has them: fields by name, with the data as
/// JSON.
fn events(text: &str) -> Vec<Value> {
    let event = |text: &str| {
        let mut fields = serde_json::Map::new();
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else {
                panic!("{line} is no field");
            };
            let value = value.strip_prefix(' ').unwrap_or(value);
            let value = match name {
                "data" | "retry" => serde_json::from_str(value).expect("JSON"),
                _ => value.into(),
            };
            assert_eq!(fields.insert(name.into(), value), None, "{name} twice");
        }
        Value::Object(fields)
    };
    let blocks = text.split("\n\n").filter(|block| !block.is_empty());
    blocks
        .filter(|block| !block.starts_with(':'))
        .map(event)
        .collect()
}

#[test]
fn each_event_of_a_stream_matches_the_schema() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let openapi = OpenApi::of(&service);
    let target = "GET /v1/commands/mx";
    let schema = openapi.stream_item(target, EVENTS);
    let mut seen = BTreeSet::new();
    let mut hold = |event: &Value| {
        schema.assert_matches(event);
        seen.insert(event["event"].as_str().expect("a name").to_owned());
    };

    dns.hold("mail1.example.test. A");
    let mut client = Client::connect(service.address);
    let accept = [("Accept", EVENTS)];
    client.request(&format!("{target}?domain=example.test"), &accept, b"");
    assert_eq!(client.head().expect("a response begins").0, 200);
    let first = client.chunk().expect("no error").expect("an event");
    events(&String::from_utf8(first).expect("UTF-8"))
        .iter()
        .for_each(&mut hold);
    dns.release("mail1.example.test. A");
    let mut rest = Vec::new();
    while let Some(chunk) = client.chunk().expect("no error") {
        rest.extend(chunk);
    }

    events(&String::from_utf8(rest).expect("UTF-8"))
        .iter()
        .for_each(&mut hold);

    let failed =
        Client::connect(service.address).ask(&format!("{target}?domain=a..b"), &accept, b"");
    events(failed.text()).iter().for_each(&mut hold);
    let all = ["error", "progress", "reply"].map(str::to_owned);
    assert_eq!(seen, BTreeSet::from(all));
}

#[test]
fn each_line_of_a_batch_matches_the_schema() {
    let service = Service::start(&[]);
    let openapi = OpenApi::of(&service);
    let schema = openapi.stream_item("POST /v1/batch", NDJSON);
    let lines = [
        r#"{"command": "port 22", "ref": {"a": [1, null]}}"#,
        r#"{"command": "port 22"}"#,
        r#"{"name": "nosuch", "ref": null}"#,
        "nonsense",
    ];
    let answers =
        Client::connect(service.address).ask("POST /v1/batch", &[], lines.join("\n").as_bytes());
    let answers: Vec<Value> = answers
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let with_reference = answers.iter().filter(|answer| answer.get("ref").is_some());
    assert_eq!((answers.len(), with_reference.count()), (4, 2));
    answers
        .iter()
        .for_each(|answer| schema.assert_matches(answer));
}

#[test]
fn a_delivery_matches_the_schema() {
    let (dns, receiver, state) = (Dns::serving(".", ZONE), Receiver::start(), Scratch::new());
    let service = start(
        &dns,
        &[
            (
                "NETVANE__STATE__DIRECTORY",
                state.path().to_str().expect("a path in UTF-8"),
            ),
            ("NETVANE__HTTP__CALLBACK_SECRET", SECRET),
            ("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,0,0"),
        ],
    );

    let openapi = OpenApi::of(&service);
    let accepted = openapi.response(ASK, 202, JSON);
    let message = openapi.callback(ASK, "reply", "{$request.body#/callback}");
    let status = openapi.response("GET /v1/deliveries/{id}", 200, JSON);

    // A lookup about the request itself runs at once; only its delivery comes later.
    for (line, kind) in [
        ("mx example.test", "reply"),
        ("ping 10.0.0.1", "error"),
        ("myip", "reply"),
    ] {
        let question = json!({ "command": line, "callback": receiver.url("/hook?secret=1") });
        let taken: Value =
            serde_json::from_slice(&service.post(question.to_string()).body).expect("JSON");
        accepted.assert_matches(&taken);
        let look = || service.get(taken["url"].as_str().expect("a URL")).json();

        // One attempt gets an error status, one is disconnected, and one is accepted.
        let first = receiver.next();
        let body = first.verified(SECRET);
        message.assert_matches(&body);
        assert_eq!(body["type"], kind, "{line}");
        first.answer("500 Internal Server Error", &[]);
        drop(receiver.next());
        receiver.next().answer("204 No Content", &[]);
        until("it is delivered", || {
            let delivery = look();
            status.assert_matches(&delivery);
            delivery["state"] == "delivered"
        });

        let attempts = look()["attempts"].as_array().expect("attempts").clone();
        let outcomes: Vec<bool> = attempts
            .iter()
            .map(|attempt| attempt["status"].is_number())
            .collect();
        assert_eq!(outcomes, [true, false, true], "{attempts:?}");
    }
}
