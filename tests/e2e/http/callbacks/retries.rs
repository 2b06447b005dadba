//! Attempts that fail are repeated: when, how often, and what is recorded.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netvane_tests::{everything::SECRET, receiver::Message, until};
use serde_json::{Value, json};

use super::{Stage, Way, delivery, ended, statuses, taken};

fn answer(status: &'static str, headers: &[&str]) -> Way {
    let headers: Vec<_> = headers.iter().map(|line| (*line).to_owned()).collect();
    Box::new(move |message: Message| {
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        message.answer(status, &headers);
    })
}

fn send(bytes: &'static str) -> Way {
    Box::new(move |mut message: Message| assert!(message.send(bytes)))
}

/// A receiver's behaviour, the status that is recorded, and the text of the error.
type Failure = (Way, Value, &'static str);

/// Responses that are not a success.
fn answers_that_fail(elsewhere: &str) -> Vec<Failure> {
    let no = "500 Internal Server Error";
    let moved = "308 Permanent Redirect";
    let many = "429 Too Many Requests";
    let down = "503 Service Unavailable";
    let past = "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT";
    let odd = "Retry-After: soon";

    vec![
        (answer(no, &[]), json!(500), ""),
        (answer("404 Not Found", &[]), json!(404), ""),
        (answer("302 Found", &[elsewhere]), json!(302), ""),
        (answer(moved, &[elsewhere]), json!(308), ""),
        (answer("304 Not Modified", &[]), json!(304), ""),
        (answer(many, &["Retry-After: 1"]), json!(429), ""),
        (answer(down, &[past]), json!(503), ""),
        (answer("502 Bad Gateway", &[odd]), json!(502), ""),
    ]
}

/// Responses that are incomplete; the last one has at least a status.
fn answers_that_break() -> Vec<Failure> {
    vec![
        (send(""), Value::Null, ""),
        (send("HTTP/1.1 200 O"), Value::Null, ""),
        (send("SSH-2.0-OpenSSH_9.2\r\n"), Value::Null, ""),
        (
            Box::new(|message: Message| message.hung_up()),
            Value::Null,
            "did not answer within 1 s",
        ),
        (
            Box::new(|mut message: Message| {
                assert!(message.send("HTTP/1.1 200 OK\r\n"));
                while message.send("X: and on and on\r\n") {}
            }),
            Value::Null,
            "",
        ),
        (
            Box::new(|mut message: Message| {
                assert!(message.send("HTTP/1.1 100 Continue\r\n\r\n"));
                message.hung_up();
            }),
            Value::Null,
            "did not answer within 1 s",
        ),
        // A body that never ends does not matter: the status has arrived.
        (
            Box::new(|mut message: Message| {
                assert!(message.send("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"));
                while message.send([b'x'; 4096]) {}
            }),
            json!(200),
            "",
        ),
    ]
}

#[test]
fn retries_after_every_kind_of_failure() {
    let stage = Stage::new();
    let service = stage.service(&[("NETVANE__HTTP__CALLBACK_TIMEOUT_MS", "1000")]);
    let id = taken(&service, "mx example.test", &stage.receiver.url("/hook"));
    let elsewhere = format!("Location: {}", stage.receiver.url("/elsewhere"));
    let mut ways = answers_that_fail(&elsewhere);
    ways.extend(answers_that_break());
    assert_eq!(ways.len(), 15);
    let mut bodies = BTreeSet::new();

    for (way, _, _) in &ways {
        let message = stage.receiver.next();
        message.verified(SECRET);
        assert_eq!(
            (message.line.as_str(), message.header("webhook-id")),
            ("POST /hook HTTP/1.1", id.as_str())
        );
        bodies.insert(message.body.clone());
        way(message);
    }

    assert_eq!(bodies.len(), 1, "the same bytes each time");
    let told = ended(&service, &id, "delivered");

    assert_eq!(
        statuses(&told),
        ways.iter().map(|(_, status, _)| status).collect::<Vec<_>>(),
        "{told}"
    );

    for (attempt, (_, status, error)) in told["attempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .zip(&ways)
    {
        assert_eq!(attempt["error"].is_string(), status.is_null(), "{attempt}");
        assert!(
            attempt["error"]
                .as_str()
                .unwrap_or_default()
                .contains(error),
            "{attempt}"
        );
    }

    assert_eq!(
        stage.receiver.connections(),
        ways.len(),
        "each attempt has a connection of its own"
    );
}

#[test]
fn stops_after_410_and_at_the_end_of_the_schedule() {
    let stage = Stage::new();
    let service = stage.service(&[("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,0,0")]);
    let id = taken(&service, "mx example.test", &stage.receiver.url("/gone"));
    stage.receiver.next().answer("500 No", &[]);
    stage
        .receiver
        .next()
        .answer("410 Gone", &["Retry-After: 0"]);
    assert_eq!(statuses(&ended(&service, &id, "gone")), [500, 410]);
    let id = taken(&service, "mx example.test", &stage.receiver.url("/failed"));
    for _ in 0..3 {
        stage.receiver.next().answer("500 No", &["Retry-After: 0"]);
    }
    assert_eq!(statuses(&ended(&service, &id, "failed")), [500, 500, 500]);
    let metrics = service.get("/metrics");
    for outcome in ["gone", "failed"] {
        let line = format!(r#"netvane_deliveries_total{{outcome="{outcome}"}} 1"#);
        assert!(metrics.text().contains(&line), "{line}: {}", metrics.text());
    }
}

#[test]
fn retry_after_delays_within_limits() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    let in_an_hour = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let in_an_hour = in_an_hour
        .strftime("Retry-After: %a, %d %b %Y %H:%M:%S GMT")
        .to_string();

    for (asked, range) in [
        ("Retry-After: 3600", 3600..=3960),
        (in_an_hour.as_str(), 3500..=3960),
        ("Retry-After: 99999999999999999999", 86_400..=95_040),
    ] {
        let id = taken(&service, "mx example.test", &stage.receiver.url("/hook"));

        stage
            .receiver
            .next()
            .answer("429 Too Many Requests", &[asked]);

        let mut told = Value::Null;

        until("the answer is written down", || {
            told = delivery(&service, &id);
            statuses(&told) == [429]
        });
        assert_eq!(told["state"], "delivering");
        let time = |value: &Value| {
            value
                .as_str()
                .and_then(|at| at.parse::<Timestamp>().ok())
                .expect("a time")
        };

        let waits = time(&told["next_attempt"])
            .duration_since(time(&told["attempts"][0]["at"]))
            .as_secs();
        assert!(range.contains(&waits), "{asked}: {told}");
    }
}
