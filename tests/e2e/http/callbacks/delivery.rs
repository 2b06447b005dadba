//! The signed reply, or the failure, arrives at the receiver.

use netvane_tests::{Receiver, everything::SECRET, http::Client};
use serde_json::json;

use super::{Stage, delivery, ended, statuses, take_the_reply, taken};

#[test]
fn the_reply_is_delivered_signed() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    stage.dns.hold("example.test. MX");
    let id = taken(
        &service,
        "/mx example.test",
        &stage.receiver.url("/hook/1?token=CANARY"),
    );

    stage.dns.wait_for("example.test. MX");
    let running = delivery(&service, &id);

    assert_eq!(
        (&running["state"], &running["attempts"]),
        (&json!("running"), &json!([]))
    );
    stage.dns.release("example.test. MX");
    take_the_reply(&stage, &service, &id);

    let told = ended(&service, &id, "delivered");
    assert_eq!(statuses(&told), [204]);
    assert_eq!(told["command"], "mx");
    assert_eq!(
        told["callback"],
        stage.receiver.url("/hook/1"),
        "the query may hold secrets"
    );

    assert!(
        told["attempts"][0]["elapsed_ms"].is_u64() && told["created"].is_string(),
        "{told}"
    );

    let line = service.logged("callback\"");
    assert!(line.contains(&id) && line.contains("delivered"), "{line}");
    assert!(!service.log().contains("CANARY") && !service.log().contains("example.test"));
    let metrics = service.get("/metrics");

    for line in [
        r#"netvane_deliveries_total{outcome="delivered"} 1"#,
        "netvane_deliveries_open 0",
    ] {
        assert!(metrics.text().contains(line), "{line}: {}", metrics.text());
    }

    assert_eq!(service.stop(), Some(0));
}

#[test]
fn delivers_failures_and_facts_about_the_request() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    let url = stage.receiver.url("/hook");
    let deliver = |line: &str| {
        let id = taken(&service, line, &url);
        let message = stage.receiver.next();
        let body = message.verified(SECRET);
        message.answer("200 OK", &[]);
        ended(&service, &id, "delivered");
        body
    };

    let refused = deliver("ping 10.0.0.1");

    assert_eq!(
        (&refused["type"], &refused["data"]["code"]),
        (&json!("error"), &json!("refused_target"))
    );
    assert_eq!(refused["data"]["status"], 403);
    let absent = deliver("a absent.example.test");

    assert_eq!(
        (&absent["type"], &absent["data"]["data"]["rcode"]),
        (&json!("reply"), &json!("NXDOMAIN"))
    );

    let myip = deliver("myip");

    assert_eq!(
        (&myip["type"], &myip["data"]["data"]["address"]),
        (&json!("reply"), &json!("127.0.0.1"))
    );

    let headers = [
        ("Authorization", "Basic CANARY"),
        ("Cookie", "session=CANARY"),
        ("X-Plain", "seen"),
    ];

    let question = json!({"command": "myrequest", "callback": url}).to_string();
    let response =
        Client::connect(service.address).ask("POST /v1/commands", &headers, question.as_bytes());
    assert_eq!(response.status, 202, "{response:?}");
    let message = stage.receiver.next();
    let body = message.verified(SECRET).to_string();
    assert!(body.contains("seen") && !body.contains("CANARY"), "{body}");
    message.answer("200 OK", &[]);
}

#[test]
fn a_dead_receiver_does_not_delay_others() {
    let stage = Stage::new();
    let dead = Receiver::listen("127.0.0.2:0");
    let service = stage.service(&[
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
        ("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0"),
    ]);
    let waiting: Vec<_> = (0..40)
        .map(|_| taken(&service, "mx example.test", &dead.url("/")))
        .collect();
    let held: Vec<_> = (0..4).map(|_| dead.next()).collect();

    for _ in 0..4 {
        let id = taken(&service, "mx example.test", &stage.receiver.url("/"));
        stage.receiver.next().answer("200 OK", &[]);
        ended(&service, &id, "delivered");
    }

    assert_eq!(
        dead.connections(),
        4,
        "the limit of concurrent attempts holds"
    );
    drop(held);
    for _ in 4..waiting.len() {
        drop(dead.next());
    }

    for id in &waiting {
        ended(&service, id, "failed");
    }
}
