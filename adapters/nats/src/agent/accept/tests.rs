use bytes::Bytes;

use super::*;

const SUBJECT: &str = "nv.1.re.fra1.r1.7Z";

fn message(payload: String, reply: Option<&str>) -> Message {
    Message {
        subject: "nv.1.ask.fra1".into(),
        reply: reply.map(Into::into),
        length: payload.len(),
        payload: Bytes::from(payload),
        headers: None,
        status: None,
        description: None,
    }
}

/// Reads a question with some members replaced; the error is the code of the problem.
fn read_with(changes: Value) -> Result<Accepted, String> {
    let mut ask = json!({"id": "7Z", "name": "ping", "arguments": {"target": "example.com"}, "deadline_ms": 12000,
        "progress": true, "client": "b3c1", "units": 25});
    for (name, value) in changes.as_object().expect("an object") {
        ask[name] = value.clone();
    }
    read(
        &message(ask.to_string(), None),
        SUBJECT,
        &netvane_core::registry(),
    )
    .map_err(|problem| {
        let problem: Value = serde_json::from_slice(&problem).expect("JSON");
        problem["code"].as_str().expect("a code").to_owned()
    })
}

#[test]
fn a_question_is_accepted_with_a_bounded_deadline() {
    let question = read_with(json!({})).expect("accepted");
    assert_eq!(
        (question.id.as_str(), question.name.as_str()),
        ("7Z", "ping")
    );
    assert_eq!(question.deadline, Duration::from_secs(12));
    let patient = read_with(json!({"deadline_ms": u64::MAX})).expect("accepted");
    assert_eq!(patient.deadline, MAX_DEADLINE);
}

#[test]
fn other_questions_are_refused_with_a_reason() {
    for (changes, code) in [
        (json!({"id": "8Z"}), "bad_argument"),
        (json!({"client": "telegram:7"}), "bad_argument"),
        (json!({"client": ""}), "bad_argument"),
        (
            json!({"arguments": {"target": "example.com", "from": "all"}}),
            "bad_argument",
        ),
        (json!({"arguments": []}), "bad_argument"),
        (json!({"deadline_ms": -1}), "bad_argument"),
        (json!({"name": "myip"}), "forbidden"),
        (json!({"name": "status"}), "forbidden"),
        (json!({"name": "pingg"}), "unknown_command"),
        (
            json!({"arguments": {"target": "x".repeat(MAX_ASK)}}),
            "too_large",
        ),
    ] {
        assert_eq!(
            read_with(changes.clone()).err().as_deref(),
            Some(code),
            "{changes:.200}"
        );
    }
}

#[test]
fn answers_go_to_a_subject_of_the_agent_only() {
    let subject = |reply| reply_subject(&message(String::new(), reply), "fra1");
    assert_eq!(subject(Some(SUBJECT)).as_deref(), Some(SUBJECT));
    for reply in [
        None,
        Some("nv.1.re.sin1.r1.7Z"),
        Some("nv.1.hello.fra1"),
        Some("_INBOX.x"),
        Some("nv.1.re.fra1.r1"),
        Some("nv.1.re.fra1.*.7Z"),
        Some("nv.1.re.fra1.r1.7Z.more"),
    ] {
        assert_eq!(subject(reply), None, "{reply:?}");
    }
}
