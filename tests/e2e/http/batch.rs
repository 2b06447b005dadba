//! Contract §3: `POST /v1/batch`, NDJSON in and out.

use std::thread;

use netvane_tests::{Dns, Service, http::Client, until};
use serde_json::{Value, json};

/// Returns the replies to these lines, in the order of arrival.
fn answers(service: &Service, lines: &str) -> Vec<Value> {
    let headers = [("Content-Type", "application/x-ndjson")];
    let response =
        Client::connect(service.address).ask("POST /v1/batch", &headers, lines.as_bytes());
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, "application/x-ndjson")
    );
    assert!(
        response.text().is_empty() || response.text().ends_with('\n'),
        "the last line ends as well"
    );
    let answer =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    response.text().lines().map(answer).collect()
}

#[test]
fn each_line_is_answered_with_its_ref() {
    let dns = Dns::start();
    let service = Service::with_dns(dns.address);
    let lines = "{\"command\":\"/a example.test\",\"ref\":1}\r\n\n   \n\
        {\"name\":\"mx\",\"arguments\":{\"domain\":\"example.test\"},\"ref\":{\"row\": [2, 12345678901234567890123]}}\n\
        {\"command\":\"port 22\"}\n\
        {\"command\":\"myip\",\"ref\":\"me\"}";
    let answers = answers(&service, lines);
    assert_eq!(answers.len(), 4, "{answers:?}");
    let find = |command: &str| {
        answers
            .iter()
            .find(|answer| answer["command"] == command)
            .expect(command)
    };

    assert_eq!(
        (&find("a")["ref"], &find("a")["data"]["answers"][0]["data"]),
        (&json!(1), &json!("192.0.2.80"))
    );
    assert_eq!(
        find("mx")["data"]["hosts"][0]["exchange"],
        "mail1.example.test"
    );

    let written = find("mx")["ref"].to_string();
    let wanted: Value =
        serde_json::from_str(r#"{"row": [2, 12345678901234567890123]}"#).expect("JSON");
    assert_eq!(written, wanted.to_string());
    assert_eq!(
        find("port").get("ref"),
        None,
        "a ref is only returned if one was given"
    );
    assert_eq!(
        (&find("myip")["ref"], &find("myip")["data"]["address"]),
        (&json!("me"), &json!("127.0.0.1"))
    );
}

#[test]
fn a_ref_is_returned_unchanged() {
    let service = Service::start(&[]);
    let lines = "{\"command\":\"port 22\",\"ref\":12345678901234567890123}\n{\"command\":\"port 22\",\"ref\": 1.50}\n";
    let response = Client::connect(service.address).ask("POST /v1/batch", &[], lines.as_bytes());
    assert!(
        response
            .text()
            .contains(r#","ref":12345678901234567890123}"#),
        "{}",
        response.text()
    );
    assert!(
        response.text().contains(r#","ref":1.50}"#),
        "{}",
        response.text()
    );
}

/// Returns the line number, the `ref` and the error code of a reply.
fn place_and_code(answer: &Value) -> (Value, Value, Value) {
    (
        answer["line"].clone(),
        answer["ref"].clone(),
        answer["error"]["code"].clone(),
    )
}

#[test]
fn an_invalid_line_is_reported_with_its_number_and_the_batch_continues() {
    let service = Service::start(&[("NETVANE__HTTP__MAX_BODY_BYTES", "2048")]);
    let long = format!(
        "{{\"command\":\"port 22\",\"ref\":\"{}\"}}",
        "x".repeat(1024)
    );
    let longer = format!("{{\"command\":\"port {}\"}}", "x".repeat(2048));
    let lines = [
        "nonsense",
        r#"{"command":"port 22","ref":"good"}"#,
        r#"{"command":5,"ref":"number"}"#,
        r#"{"ref":"nothing"}"#,
        r#"{"command":"nosuch","ref":"unknown"}"#,
        r#"{"command":"port 22","callback":"https://example.com/","ref":"call"}"#,
        "[1]",
        r#"{"command":"port 22","frobnicate":1,"ref":8}"#,
        &long,
        &longer,
        r#"{"command":"a x.example resolver=10.0.0.1","ref":11}"#,
        r#"{"command":"port 443","ref":"last"}"#,
    ];

    let mut answers = answers(&service, &lines.join("\n"));
    answers.sort_by_key(|answer| answer["line"].as_u64());
    let told: Vec<(Value, Value, Value)> = answers[2..].iter().map(place_and_code).collect();
    let error = |line: u64, reference: Value, code: &str| (json!(line), reference, json!(code));
    let mut replies: Vec<&Value> = answers[..2].iter().map(|answer| &answer["ref"]).collect();
    replies.sort_by_key(|reference| reference.to_string());
    assert_eq!(replies, [&json!("good"), &json!("last")]);
    assert_eq!(
        told,
        [
            error(1, Value::Null, "bad_argument"),
            error(3, json!("number"), "bad_argument"),
            error(4, json!("nothing"), "bad_argument"),
            error(5, json!("unknown"), "unknown_command"),
            error(6, json!("call"), "bad_argument"),
            error(7, Value::Null, "bad_argument"),
            error(8, json!(8), "bad_argument"),
            error(9, Value::Null, "too_large"),
            error(10, Value::Null, "too_large"),
            error(11, json!(11), "refused_target"),
        ]
    );

    assert_eq!(answers[7]["error"]["status"], 400);
    assert_eq!(
        answers[6]["error"]["detail"],
        "a line of a batch must not have a callback: its reply is in the response"
    );
}

#[test]
fn an_empty_batch_has_an_empty_response() {
    let service = Service::start(&[]);
    for lines in ["\n", "\r\n \n\n"] {
        assert_eq!(answers(&service, lines), Vec::<Value>::new());
    }
    let response =
        Client::connect(service.address).ask("POST /v1/batch", &[("Content-Length", "0")], b"");
    assert_eq!((response.status, response.text()), (200, ""));
    assert_eq!(
        service.get("/v1/batch").problem()["code"],
        "method_not_allowed"
    );
    assert_eq!(service.get("/v1/batch").header("allow"), "POST");
}

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

#[test]
fn an_error_keeps_the_ref_of_its_line_as_far_as_it_can_be_read() {
    let service = Service::start(&[("NETVANE__HTTP__MAX_BODY_BYTES", "2048")]);
    let long = "x".repeat(3000);
    for (line, reference) in [
        (r#"{"ref": 1, "command": "nosuch"}"#.to_owned(), json!(1)),
        (
            r#"{"ref": {"a": [2]}, "name": "mx", "arguments": {"x": 1}}"#.to_owned(),
            json!({"a": [2]}),
        ),
        (
            r#"{"ref": "three", "command": 3}"#.to_owned(),
            json!("three"),
        ),
        (
            r#"{"ref": "four", "command": "port 22"#.to_owned(),
            json!("four"),
        ),
        (
            format!(r#"{{"ref": "five", "command": "{long}"}}"#),
            json!("five"),
        ),
        (
            r#"{"command": "port 22", "callback": "https://a.example", "ref": 6}"#.to_owned(),
            json!(6),
        ),
        (
            r#"{"ref": 7, "ref": 8, "command": "port 22"}"#.to_owned(),
            Value::Null,
        ),
    ] {
        let all = answers(&service, &line);
        let [answer] = &all[..] else {
            panic!("{line}: {all:?}");
        };
        assert!(answer["error"]["code"].is_string(), "{answer}");
        assert_eq!(answer["ref"], reference, "{line}");
    }
}
