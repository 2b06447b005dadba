use std::sync::LazyLock;

use super::*;
use crate::commands::registry;

/// Building it derives every schema, which is not for each of hundreds of cases.
static REGISTRY: LazyLock<Registry> = LazyLock::new(registry);

fn read(line: &str) -> Result<(String, String), UsageError> {
    parse(&REGISTRY, line).map(|(entry, prepared)| {
        (
            entry.spec.name.to_owned(),
            serde_json::to_string(prepared.arguments()).expect("serializes"),
        )
    })
}

fn fault(line: &str) -> (String, Option<Range<usize>>, Option<String>) {
    let error = read(line).expect_err(line);
    (error.message, error.position, error.suggestion)
}

#[test]
fn every_spelling_of_one_question() {
    let expected = (
        "mx".to_owned(),
        r#"{"domain":"example.com","resolver":"192.0.2.53"}"#.to_owned(),
    );
    for line in [
        "/mx example.com 192.0.2.53",
        "mx example.com resolver=192.0.2.53",
        "MX Example.COM. --resolver 192.0.2.53",
        "/mx@AnyBot https://example.com/path --resolver=192.0.2.53",
        "/mx –resolver=192.0.2.53 user@example.com",
        "/mx —resolver 192.0.2.53 <https://example.com|example.com>",
        "mx domain=example.com @192.0.2.53",
        "  /mx   \"example.com\"   'udp://192.0.2.53' ",
    ] {
        assert_eq!(read(line).as_ref(), Ok(&expected), "{line}");
    }
}

#[test]
fn switches_by_name_dash_and_plus() {
    let expected = (
        "dig".to_owned(),
        r#"{"name":"example.com.","type":"TXT","dnssec":true,"tcp":true}"#.to_owned(),
    );
    for line in [
        "dig example.com txt dnssec tcp",
        "dig example.com TXT --dnssec --tcp",
        "dig example.com type=txt +dnssec +tcp",
        "dig --tcp dnssec=yes example.com txt norecurse=no",
    ] {
        assert_eq!(read(line).as_ref(), Ok(&expected), "{line}");
    }
}

#[test]
fn an_unknown_command_is_placed_and_corrected() {
    assert_eq!(
        fault("/mxx example.com"),
        (
            "there is no command `mxx`; did you mean `mx`?".into(),
            Some(0..4),
            Some("/mx example.com".into())
        )
    );
    assert_eq!(fault("frobnicate x").2.as_deref(), Some("/help"));
    assert_eq!(fault("").0, "nothing was asked; `help` shows what can be");
}

#[test]
fn arguments_missing_superfluous_unknown_twice() {
    assert_eq!(
        fault("/mx"),
        (
            "`mx` needs `domain`: a domain name".into(),
            Some(3..3),
            Some("/mx example.com".into())
        )
    );

    assert_eq!(
        fault("/mx a.example 192.0.2.1 c"),
        (
            "this is one argument too many: `mx` takes only `domain` and `resolver`".into(),
            Some(24..25),
            None
        )
    );

    assert_eq!(
        fault("/mx a.example --resolvr=1").0,
        "`mx` has no option `resolvr`; did you mean `resolver`?"
    );
    assert_eq!(
        fault("/mx a.example -f").0,
        "`mx` has no option `f`; it takes `domain` and `resolver`"
    );
    assert_eq!(
        fault("/mx a.example domain=b.example"),
        ("`domain` is given twice".into(), Some(14..30), None)
    );
    assert_eq!(
        fault("/mx --resolver").0,
        "`resolver` needs a value: a DNS server: host, host:port, tls://…, https://… or quic://…"
    );
}

#[test]
fn a_bad_value_is_placed_inside_the_line() {
    assert_eq!(
        fault("/mx www..example.com"),
        (
            "`domain`: two dots stand side by side: an empty label is not allowed".into(),
            Some(4..20),
            Some("/mx www.example.com".into())
        )
    );
    assert_eq!(fault("/mx www.exa$mple.com").1, Some(8..16));
    assert_eq!(
        fault("/dig example.com type=MXX").2.as_deref(),
        Some("/dig example.com type=MX")
    );
    assert_eq!(fault("/mx 192.0.2.1").2.as_deref(), Some("/ptr 192.0.2.1"));
}

#[test]
fn words_in_the_wrong_order_are_put_right() {
    assert_eq!(
        fault("dig MX example.com").2.as_deref(),
        Some("/dig example.com MX")
    );
}

#[test]
fn named_arguments_are_read_by_the_same_types() {
    let named = |arguments: Value| {
        let Value::Object(arguments) = arguments else {
            panic!("an object")
        };
        parse_named(&REGISTRY, "mx", arguments)
            .map(|(_, prepared)| Value::Object(Map::clone(prepared.arguments())))
    };

    assert_eq!(
        named(serde_json::json!({"domain": "Example.com", "resolver": null})),
        Ok(serde_json::json!({"domain": "example.com"}))
    );
    assert_eq!(
        named(serde_json::json!({"domian": "x"}))
            .expect_err("typo")
            .message,
        "`mx` has no option `domian`; did you mean `domain`?"
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

proptest::proptest! {
    #[test]
    fn no_line_panics_and_every_place_is_inside(line in "\\PC{0,60}") {
        if let Err(UsageError { position: Some(position), .. }) = read(&line) {
            let length = line.chars().count();
            proptest::prop_assert!(position.start <= position.end && position.end <= length);
        }
    }

    #[test]
    fn no_arguments_of_dig_panic(line in "[a-z.@+= \"'\u{202e}\u{0}-]{0,40}") {
        let _ = read(&format!("dig {line}"));
    }
}

#[test]
fn free_text_is_not_empty() {
    for line in ["verify \"", "verify \"\"", "ua ''"] {
        let (message, position, _) = fault(line);
        assert!(
            message.contains("is empty") && position.is_some(),
            "{line}: {message}"
        );
    }
}
