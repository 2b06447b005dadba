//! Contract §3: `"callback"` in a request. 202 at once, the signed reply later, with retries, even
//! after a crash.

mod delivery;
mod refusals;
mod restarts;
mod retries;

use jiff::Timestamp;
use netvane_tests::{
    Dns, Receiver, Scratch, Service,
    everything::{RETRIES, SECRET, call_back},
    receiver::Message,
    until,
};
use serde_json::Value;

/// What a receiver does with a request.
type Way = Box<dyn Fn(Message)>;

/// A DNS server, a receiver, and the state that one service leaves to the next.
struct Stage {
    dns: Dns,
    receiver: Receiver,
    state: Scratch,
}

impl Stage {
    fn new() -> Self {
        Self {
            dns: Dns::start(),
            receiver: Receiver::start(),
            state: Scratch::new(),
        }
    }

    /// Starts a service with these settings; one at a time.
    fn service(&self, more: &[(&str, &str)]) -> Service {
        let dns = self.dns.address.to_string();
        let state = self.state.path().to_str().expect("a path in UTF-8");
        let mut settings = vec![
            ("NETVANE__DNS__SERVERS", dns.as_str()),
            ("NETVANE__STATE__DIRECTORY", state),
            ("NETVANE__POLICY__ALLOW", "127.0.0.1/32"),
            ("NETVANE__HTTP__CALLBACK_SECRET", SECRET),
            RETRIES,
        ];
        settings.extend(more);
        Service::start(&settings)
    }
}

/// Sends a request with a callback, which must be accepted; returns the delivery's id.
#[track_caller]
fn taken(service: &Service, line: &str, callback: &str) -> String {
    let response = call_back(service, line, callback);
    assert_eq!(
        (response.status, response.header("content-type")),
        (202, "application/json"),
        "{response:?}"
    );
    let body: Value = serde_json::from_slice(&response.body).expect("JSON");
    let id = body["id"].as_str().expect("an id").to_owned();
    assert_eq!(body["url"], format!("/v1/deliveries/{id}"));
    assert_eq!(body["url"], response.header("location"));
    id
}

#[track_caller]
fn delivery(service: &Service, id: &str) -> Value {
    service.get(&format!("/v1/deliveries/{id}")).json()
}

/// Waits until the delivery is in this state, and returns it.
#[track_caller]
fn ended(service: &Service, id: &str, state: &str) -> Value {
    let mut seen = Value::Null;
    until(&format!("{id} is {state}"), || {
        seen = delivery(service, id);
        seen["state"] == state
    });
    assert_eq!(seen["next_attempt"], Value::Null, "{seen}");
    seen
}

/// Returns the statuses of the attempts so far; `null` for attempts without one.
fn statuses(delivery: &Value) -> Vec<&Value> {
    delivery["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .map(|attempt| &attempt["status"])
        .collect()
}

/// Receives the signed reply to `mx example.test` and accepts it; it must equal the direct reply.
fn take_the_reply(stage: &Stage, service: &Service, id: &str) {
    let message = stage.receiver.next();
    let body = message.verified(SECRET);
    assert_eq!(message.line, "POST /hook/1?token=CANARY HTTP/1.1");
    assert_eq!(message.header("webhook-id"), id);
    assert_eq!(message.header("content-type"), "application/json");
    assert!(
        message.header("user-agent").starts_with("netvane/"),
        "{:?}",
        message.headers
    );

    assert_eq!(body["type"], "reply");
    assert!(
        body["timestamp"]
            .as_str()
            .is_some_and(|at| at.parse::<Timestamp>().is_ok()),
        "{body}"
    );

    let mut at_once = service.command("mx example.test").json();

    for changing in ["id", "elapsed_ms", "cached"] {
        assert!(
            at_once
                .as_object_mut()
                .expect("an object")
                .remove(changing)
                .is_some()
        );
    }

    for (name, value) in at_once.as_object().expect("an object") {
        assert_eq!(&body["data"][name], value, "{name}");
    }

    message.answer("204 No Content", &[]);
}
