//! Contract §3: `"callback"` in a request. 202 at once, the signed reply later, with retries, even
//! after a crash.

use std::collections::BTreeSet;

use jiff::Timestamp;
use netvane_tests::{
    Dns, Receiver, Scratch, Service,
    dns::ZONE,
    everything::{RETRIES, SECRET, call_back},
    http::Client,
    receiver::Message,
    until,
};
use serde_json::{Value, json};

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

#[test]
fn a_kill_loses_no_callback() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    stage.dns.hold("example.test. MX");
    let ids: BTreeSet<String> = (0..20)
        .map(|n| {
            taken(
                &service,
                "mx example.test",
                &stage.receiver.url(&format!("/{n}")),
            )
        })
        .collect();

    service.kill();
    stage.dns.release("example.test. MX");

    let service = stage.service(&[]);
    let mut arrived = BTreeSet::new();

    while arrived.len() < ids.len() {
        let message = stage.receiver.next();
        assert_eq!(
            message.verified(SECRET)["data"]["data"]["hosts"][0]["exchange"],
            "mail1.example.test"
        );
        assert!(
            arrived.insert(message.header("webhook-id").to_owned()),
            "once each"
        );
        message.answer("200 OK", &[]);
    }

    assert_eq!(arrived, ids);
    for id in &ids {
        ended(&service, id, "delivered");
    }
}

#[test]
fn a_delivery_interrupted_by_a_kill_is_repeated_unchanged() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    let id = taken(&service, "mx example.test", &stage.receiver.url("/hook"));
    stage.receiver.next().answer("500 No", &[]);
    let first = stage.receiver.next();
    service.kill();

    let service = stage.service(&[]);
    let again = stage.receiver.next();
    again.verified(SECRET);
    assert_eq!(again.header("webhook-id"), id);
    assert_eq!(
        again.body, first.body,
        "the reply is that of the first lookup"
    );
    again.answer("200 OK", &[]);
    assert_eq!(statuses(&ended(&service, &id, "delivered")), [500, 200]);
    let asked = stage.dns.asked();

    assert_eq!(
        asked
            .iter()
            .filter(|question| *question == "example.test. MX")
            .count(),
        1,
        "{asked:?}"
    );

    service.kill();
    assert_eq!(
        statuses(&ended(&stage.service(&[]), &id, "delivered")),
        [500, 200],
        "the state does not change any more"
    );
}

#[test]
fn a_shutdown_completes_running_attempts_and_keeps_the_rest() {
    let stage = Stage::new();
    let waits = [("NETVANE__HTTP__CALLBACK_RETRY_SECONDS", "0,3600")];
    let service = stage.service(&waits);
    let waiting = taken(&service, "mx example.test", &stage.receiver.url("/waiting"));
    stage.receiver.next().answer("500 No", &[]);
    until("the answer is written down", || {
        statuses(&delivery(&service, &waiting)) == [500]
    });

    let under_way = taken(
        &service,
        "mx example.test",
        &stage.receiver.url("/under-way"),
    );

    let message = stage.receiver.next();
    service.signal("TERM");
    service.logged("shutting down");
    message.answer("200 OK", &[]);
    assert_eq!(service.ended(), Some(0));

    let service = stage.service(&waits);
    assert_eq!(statuses(&ended(&service, &under_way, "delivered")), [200]);
    let waiting = delivery(&service, &waiting);

    assert_eq!(
        (&waiting["state"], statuses(&waiting)),
        (&json!("delivering"), vec![&json!(500)])
    );
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn does_not_follow_a_name_to_a_private_address() {
    let stage = Stage::new();

    // The receiver at the second address must not be contacted.
    let port = stage.receiver.address.port();
    let inside = Receiver::listen(&format!("127.0.0.2:{port}"));
    let zone = |addresses: &[&str]| {
        let record = |address: &&str| {
            let rtype = if address.contains(':') { "AAAA" } else { "A" };
            format!("ops 0 IN {rtype} {address}\n")
        };
        format!("{ZONE}{}", addresses.iter().map(record).collect::<String>())
    };

    stage.dns.change(&zone(&["127.0.0.1"]));

    // A refused address is a failed attempt like any other, because the name may change back.
    let service = stage.service(&[(
        "NETVANE__HTTP__CALLBACK_RETRY_SECONDS",
        "0,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
    )]);
    let url = format!("http://ops.example.test:{port}/hook");
    let id = taken(&service, "mx example.test", &url);

    for private in [&["127.0.0.2"][..], &["127.0.0.1", "127.0.0.2"], &["::1"]] {
        let message = stage.receiver.next();
        let before = statuses(&delivery(&service, &id)).len();
        stage.dns.change(&zone(private));
        message.answer("500 No", &["Retry-After: 0"]);
        let mut told = Value::Null;

        until("the name has turned", || {
            told = delivery(&service, &id);
            statuses(&told).len() >= before + 2
        });

        let error = told["attempts"][before + 1]["error"]
            .as_str()
            .expect("an error");
        let refused = private.last().expect("one");

        assert!(
            error.contains(&format!("ops.example.test ({refused}) is in")),
            "{told}"
        );
        stage.dns.change(&zone(&["127.0.0.1"]));
    }

    stage.receiver.next().answer("200 OK", &[]);
    ended(&service, &id, "delivered");
    assert_eq!(inside.connections(), 0);
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

#[test]
fn rejects_callbacks_to_invalid_or_private_addresses() {
    let stage = Stage::new();
    let service = stage.service(&[]);

    for (url, status, code) in [
        ("", 400, "bad_argument"),
        ("ops.example/hook", 400, "bad_argument"),
        ("ftp://ops.example/", 400, "bad_argument"),
        ("https://ann:secret@ops.example/", 400, "bad_argument"),
        ("https://ops.example/#part", 400, "bad_argument"),
        ("https://ops.example/\r\nX: y", 400, "bad_argument"),
        ("http://10.0.0.1/", 403, "refused_target"),
        (
            "http://169.254.169.254/latest/meta-data/",
            403,
            "refused_target",
        ),
        ("http://[::1]/", 403, "refused_target"),
        ("http://2130706434/", 403, "refused_target"),
        ("http://localhost/", 403, "refused_target"),
    ] {
        let problem = call_back(&service, "mx example.test", url).problem();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(status), &json!(code)),
            "{url}: {problem}"
        );
    }

    let metrics = service.get("/metrics");
    assert!(
        metrics.text().contains("netvane_deliveries_open 0"),
        "no delivery was stored"
    );
}

#[test]
fn rejects_invalid_requests_with_a_callback() {
    let stage = Stage::new();
    let service = stage.service(&[]);
    let url = stage.receiver.url("/");

    for (body, code) in [
        (
            json!({"command": "mxx example.test", "callback": url}),
            "unknown_command",
        ),
        (json!({"command": "mx", "callback": url}), "bad_argument"),
        (
            json!({"name": "mx", "arguments": {"domain": 7}, "callback": url}),
            "bad_argument",
        ),
        (
            json!({"command": "mx example.test", "callback": 7}),
            "bad_argument",
        ),
        (
            json!({"command": "mx example.test", "callback": {"url": url}}),
            "bad_argument",
        ),
        (
            json!({"command": format!("ua {}", "x".repeat(2100)), "callback": url}),
            "too_large",
        ),
    ] {
        assert_eq!(
            service.post(body.to_string()).problem()["code"],
            code,
            "{body}"
        );
    }

    for unknown in [
        "dlv_00000000000000000000000000",
        "%ff",
        "..%2f..%2fstate",
        "x",
    ] {
        let problem = service.get(&format!("/v1/deliveries/{unknown}")).problem();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(404), &json!("not_found")),
            "{unknown}"
        );
    }

    assert!(
        service
            .get("/metrics")
            .text()
            .contains("netvane_deliveries_open 0")
    );
}

#[test]
fn rejects_callbacks_without_a_secret() {
    let stage = Stage::new();
    let url = stage.receiver.url("/");
    let without = Service::with_dns(stage.dns.address);

    for response in [
        call_back(&without, "mx example.test", &url),
        without.get("/v1/deliveries/dlv_1"),
    ] {
        let problem = response.problem();
        assert_eq!(
            (&problem["status"], &problem["code"]),
            (&json!(503), &json!("unavailable"))
        );
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("http.callback_secret"))
        );
    }
}

#[test]
fn keys_of_callbacks_are_replaced_while_the_service_runs() {
    let (stage, scratch) = (Stage::new(), Scratch::new());
    let write = |keys: &str| {
        scratch.file(
            "netvane.toml",
            format!("[http]\ncallback_secret = {keys}\n"),
        )
    };
    let file = write(&format!("{SECRET:?}"));
    let (dns, state) = (
        stage.dns.address.to_string(),
        stage.state.path().display().to_string(),
    );
    let service = Service::start(&[
        ("NETVANE_CONFIG", file.to_str().expect("a path")),
        ("NETVANE__DNS__SERVERS", dns.as_str()),
        ("NETVANE__STATE__DIRECTORY", state.as_str()),
        ("NETVANE__POLICY__ALLOW", "127.0.0.1/32"),
    ]);
    let deliver = || {
        taken(&service, "mx example.test", &stage.receiver.url("/"));
        let message = stage.receiver.next();
        let signatures = message.header("webhook-signature").to_owned();
        message.answer("200 OK", &[]);
        signatures
    };
    let public_keys = || service.get("/v1/callback-keys").json()["keys"].clone();
    assert!(deliver().starts_with("v1,"));
    assert_eq!(public_keys(), json!([]));

    // Both sign during the rotation, then the new one alone.
    let new = format!("whsk_{}", data_encoding::BASE64.encode(&[7; 32]));
    write(&format!("[{SECRET:?}, {new:?}]"));
    service.signal("HUP");
    until("the new key is published", || public_keys() != json!([]));
    let both = deliver();
    assert!(both.starts_with("v1,") && both.contains(" v1a,"), "{both}");
    write(&format!("{new:?}"));
    service.signal("HUP");
    until("the new key signs alone", || deliver().starts_with("v1a,"));

    // Without a key, callbacks go on with the last one.
    write("\"\"");
    service.signal("HUP");
    service.logged("callback keys not removed before a restart");
    assert!(deliver().starts_with("v1a,"));
}
