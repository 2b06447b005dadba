//! Each line is answered or reported, with its `ref`.

use netvane_tests::{Dns, Service, http::Client};
use serde_json::{Value, json};

use super::answers;

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
