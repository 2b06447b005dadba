//! Requests by name: Discord's options, JSON, the forms of `/tools`.

use serde_json::{Map, Value, json};

use super::{REGISTRY, UsageError, parse, parse_named};

fn read(name: &str, arguments: Value) -> Result<(String, Value, bool), UsageError> {
    let arguments = arguments.as_object().cloned().expect("an object");
    parse_named(&REGISTRY, name, arguments).map(|read| {
        (
            read.entry.spec.name.to_owned(),
            Value::Object(read.prepared.arguments().as_ref().clone()),
            read.envelope.short,
        )
    })
}

#[test]
fn mistakes_have_a_suggestion_that_works() {
    for (name, arguments, suggestion) in [
        (
            "mxx",
            json!({"domain": "example.com"}),
            "/mx domain=example.com",
        ),
        ("mx", json!({"domian": "example.com"}), "/mx example.com"),
        (
            "mx",
            json!({"domain": "example.com", "resolvr": "192.0.2.53"}),
            "/mx example.com resolver=192.0.2.53",
        ),
        (
            "mx",
            json!({"domain": "www..example.com"}),
            "/mx www.example.com",
        ),
        ("mx", json!({"domain": "192.0.2.1"}), "/ptr 192.0.2.1"),
        (
            "dig",
            json!({"name": "example.com", "type": "MXX", "tcp": true}),
            "/dig example.com tcp=true type=MX",
        ),
        ("port", json!({"query": "443/tpc"}), "/port 443/tcp"),
        (
            "ports",
            json!({"target": "example.com", "ports": "443-80"}),
            "/ports example.com ports=80-443",
        ),
        ("help", json!({"command": "mxx"}), "/help command=mx"),
        (
            "tls",
            json!({"target": "example.com", "starttls": "smpt"}),
            "/tls example.com starttls=smtp",
        ),
    ] {
        let error = read(name, arguments.clone()).expect_err(name);
        let given = error.suggestion.expect(name);
        let same = parse(&REGISTRY, suggestion).expect(suggestion);
        let understood = parse(&REGISTRY, &given).expect(&given);
        assert_eq!(
            (understood.entry.spec.name, understood.prepared.arguments()),
            (same.entry.spec.name, same.prepared.arguments()),
            "{name} {arguments}: {given}"
        );
    }
}

#[test]
fn record_types_ports_and_short_work_as_in_a_line() {
    assert_eq!(
        read("ds", json!({"domain": "example.com", "short": "yes"})),
        Ok((
            "dig".into(),
            json!({"name": "example.com.", "type": "DS"}),
            true
        ))
    );
    assert_eq!(
        read("ports", json!({"target": "https://example.com:8443/"})),
        Ok((
            "ports".into(),
            json!({"target": "example.com", "ports": "8443"}),
            false
        ))
    );
    assert!(read("ds", json!({"name": "example.com", "type": "A"})).is_err());
    assert!(read("mx", json!({"domain": "example.com", "short": "maybe"})).is_err());
    assert!(read("ports", json!({"target": "example.com:1", "ports": "2"})).is_err());
}

#[test]
fn named_arguments_are_read_by_the_same_types() {
    let named = |arguments: Value| {
        let Value::Object(arguments) = arguments else {
            panic!("an object")
        };
        parse_named(&REGISTRY, "mx", arguments)
            .map(|read| Value::Object(Map::clone(read.prepared.arguments())))
    };

    assert_eq!(
        named(serde_json::json!({"domain": "Example.com", "resolver": null})),
        Ok(serde_json::json!({"domain": "example.com"}))
    );
    assert_eq!(
        named(serde_json::json!({"domian": "x"}))
            .expect_err("typo")
            .message,
        "unknown option `domian`; did you mean `domain`?"
    );

    assert_eq!(
        named(serde_json::json!({})).expect_err("missing").message,
        "`mx` needs `domain`: a domain name"
    );
    assert_eq!(
        named(serde_json::json!({"domain": 7}))
            .expect_err("number")
            .message,
        "`domain`: invalid type: integer `7`, expected a string"
    );
}

#[test]
fn named_arguments_have_the_same_bounds() {
    let named = |name: &str, arguments: Value| {
        let Value::Object(arguments) = arguments else {
            panic!("an object")
        };
        parse_named(&REGISTRY, name, arguments)
            .map(|read| Value::Object(Map::clone(read.prepared.arguments())))
            .map_err(|error| error.message)
    };

    for (name, arguments, message) in [
        (
            "ping",
            serde_json::json!({"target": "192.0.2.1", "count": "21"}),
            "`count` must be 1–20",
        ),
        (
            "mx",
            serde_json::json!({"domain": "a.test", "Domain": "b.test"}),
            "`domain` is given twice",
        ),
        (
            "mx",
            serde_json::json!({"domain": ""}),
            "`domain` is empty: expected a domain name",
        ),
        (
            "nothing-like-it",
            serde_json::json!({}),
            "unknown command `nothing-like-it`; see `help`",
        ),
    ] {
        assert_eq!(named(name, arguments), Err(message.to_owned()));
    }

    assert_eq!(
        named(
            "FIND-MAILBOX",
            serde_json::json!({"email": "ada@example.test"})
        ),
        Ok(serde_json::json!({"email": "example.test"})),
        "names as people write them"
    );

    assert_eq!(
        named("port", serde_json::json!({"query": 443})),
        Ok(serde_json::json!({"query": "443"})),
        "expected text, got a number"
    );
}
