//! Lines of many servers with the fields that must be read from them.

use serde_json::{Value, json};

use super::*;

/// The fields that cases name; the TLS parameters are flat there.
fn fields(line: &Received) -> Value {
    let mut fields = serde_json::to_value(line).expect("JSON");
    let tls = line.tls.clone().unwrap_or_default();
    fields["tls"] = json!(tls.version);
    fields["cipher"] = json!(tls.cipher);
    fields
}

fn check(cases: &str) -> usize {
    for case in cases.lines() {
        let case: Value = serde_json::from_str(case).expect(case);
        let expected = case.as_object().expect("an object");
        let text = expected["line"].as_str().expect("a line");
        let found = fields(&parse(text));
        for (name, value) in expected {
            if name != "line" && name != "dialect" {
                assert_eq!(&found[name], value, "{name} of {text}");
            }
        }
        assert!(!found["at"].is_null(), "{text}");
    }
    cases.lines().count()
}

#[test]
fn reads_the_lines_that_were_once_read_wrongly() {
    assert_eq!(check(include_str!("cases/received.jsonl")), 3);
}

#[test]
fn reads_the_dialects_of_many_servers() {
    assert!(check(include_str!("cases/dialects.jsonl")) >= 45);
}

#[test]
fn a_channel_named_after_the_server_is_encrypted() {
    let of = |words: &str| {
        parse(&format!(
            "from a.example ([192.0.2.5]) by mx.b.example {words}; 12 Mar 2024 10:00:00 +0000"
        ))
    };
    assert_eq!(
        of("over TLS secured channel with Microsoft SMTPSVC").tls,
        Some(ReceivedTls::default())
    );
    assert_eq!(of("with Microsoft SMTPSVC").tls, None);
}
