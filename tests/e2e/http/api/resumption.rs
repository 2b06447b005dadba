//! An event stream that was interrupted is resumed after its last event.

use netvane_tests::{Dns, Service, http::Client};
use serde_json::{Value, json};

use super::get;

const EVENTS: (&str, &str) = ("Accept", "text/event-stream");

/// Reads an event stream up to its end, as `(id, event, data)`.
fn events(client: &mut Client) -> Vec<(String, String, Value)> {
    let mut text = Vec::new();
    while let Some(chunk) = client.chunk().expect("no error") {
        text.extend(chunk);
    }
    parsed(&String::from_utf8(text).expect("UTF-8"))
}

fn parsed(text: &str) -> Vec<(String, String, Value)> {
    let field = |event: &str, name: &str| {
        event
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .unwrap_or_default()
            .to_owned()
    };
    let events = text.split("\n\n").filter(|event| event.contains("data:"));
    events
        .map(|event| {
            assert_eq!(field(event, "retry"), "1000");
            let data = serde_json::from_str(&field(event, "data")).expect("JSON");
            (field(event, "id"), field(event, "event"), data)
        })
        .collect()
}

/// Resumes a stream of `mx example.test` after this event; returns the status and the events, if
/// any.
fn take_up(service: &Service, target: &str, id: &str) -> (u16, Vec<(String, String, Value)>) {
    let mut client = Client::connect(service.address);
    client.request(target, &[EVENTS, ("Last-Event-ID", id)], b"");
    let (status, _) = client.head().expect("a response");
    let events = if status == 200 {
        events(&mut client)
    } else {
        Vec::new()
    };

    (status, events)
}

/// Starts a stream and disconnects after its first event, which is progress; returns the event's id
/// and data.
fn leave_after_one(service: &Service, target: &str) -> (String, Value) {
    let mut client = Client::connect(service.address);
    client.request(target, &[EVENTS], b"");
    assert_eq!(client.head().expect("a response begins").0, 200);
    let chunk = client.chunk().expect("no error").expect("an event");
    let (id, name, so_far) = parsed(&String::from_utf8(chunk).expect("UTF-8")).remove(0);
    assert_eq!(name, "progress");

    (id, so_far)
}

#[test]
fn an_interrupted_stream_can_be_resumed() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let target = "GET /v1/commands/mx?domain=example.test";
    dns.hold("mail1.example.test. A");
    let (id, so_far) = leave_after_one(&service, target);

    // The lookup continues; no query is sent twice.
    let mut client = Client::connect(service.address);
    client.request(target, &[EVENTS, ("Last-Event-ID", &id)], b"");
    assert_eq!(client.head().expect("a response begins").0, 200);
    dns.release("mail1.example.test. A");
    let rest = events(&mut client);
    let (_, name, reply) = rest.last().expect("an event");

    assert_eq!(
        (name.as_str(), &reply["id"]),
        ("reply", &so_far["id"]),
        "the same lookup"
    );

    assert!(
        rest.iter().all(|(later, ..)| *later != id),
        "only what came since: {rest:?}"
    );
    assert_eq!(
        dns.asked()
            .iter()
            .filter(|asked| *asked == "example.test. MX")
            .count(),
        1
    );
}

#[test]
fn a_client_that_missed_the_end_of_a_stream_gets_it() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let target = "GET /v1/commands/mx?domain=example.test";
    dns.hold("mail1.example.test. A");
    let (id, _) = leave_after_one(&service, target);
    dns.release("mail1.example.test. A");
    let (_, rest) = take_up(&service, target, &id);
    let (last, _, reply) = rest.last().expect("an event");

    // A client that has seen everything gets 204, one that missed the end gets it, and one with a
    // different request starts a new stream.
    let ask = |target: &str, id: &str| take_up(&service, target, id);
    assert_eq!(ask(target, last), (204, Vec::new()));
    let (_, missed) = ask(target, &id);
    assert_eq!((missed.len(), &missed[0].0, &missed[0].2), (1, last, reply));
    for (target, id) in [
        ("GET /v1/commands/a?domain=example.test", last.as_str()),
        (target, "01J00000000000000000000000-1"),
        (target, "nonsense"),
        (target, "-"),
        (
            target,
            &format!("{}-99", last.split('-').next().expect("an id")),
        ),
    ] {
        let (status, restarted) = ask(target, id);
        assert_eq!(status, 200);
        assert_ne!(
            restarted.last().expect("an event").0.split('-').next(),
            last.split('-').next(),
            "{id}"
        );
    }
}

#[test]
fn a_stream_that_ended_with_an_error_can_be_resumed() {
    let service = Service::start(&[]);
    let mut client = Client::connect(service.address);
    let accept = ("Accept", "text/event-stream");
    client.request("GET /v1/commands/mx?domain=a..b", &[accept], b"");
    assert_eq!(client.head().expect("a response begins").0, 200);
    let told = events(&mut client);
    assert_eq!(
        (told[0].1.as_str(), &told[0].2["code"]),
        ("error", &json!("bad_argument"))
    );
    let again = get(
        &service,
        "/v1/commands/mx?domain=a..b",
        &[accept, ("Last-Event-ID", &told[0].0)],
    );
    assert_eq!(again.status, 204);
}
