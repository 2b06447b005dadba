use std::{ops::Range, sync::LazyLock};

use super::*;
use crate::commands::registry;

mod lines;
mod named;

/// Shared by all cases, because building it derives every schema.
static REGISTRY: LazyLock<Registry> = LazyLock::new(registry);

fn read(line: &str) -> Result<(String, String), UsageError> {
    parse(&REGISTRY, line).map(|read| {
        (
            read.entry.spec.name.to_owned(),
            serde_json::to_string(read.prepared.arguments()).expect("serializes"),
        )
    })
}

fn fault(line: &str) -> (String, Option<Range<usize>>, Option<String>) {
    let error = read(line).expect_err(line);
    (error.message, error.position, error.suggestion)
}

#[test]
fn accepts_every_spelling_of_a_request() {
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
fn flags_are_set_by_name_dash_or_plus() {
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
fn options_may_follow_free_text_of_a_command_with_more_arguments() {
    let read = |line: &str| read(line).map(|(_, arguments)| arguments).expect(line);
    let expected = r#"{"target":"192.0.2.1","protocol":"udp","ports":"22,80,53/udp"}"#.to_owned();
    for line in [
        "ports 192.0.2.1 udp 22 80 53/udp",
        "ports 192.0.2.1 22 80 53/udp protocol=udp",
        "ports 192.0.2.1 protocol=udp 22 80,53/udp",
        "ports 192.0.2.1 22,80 53/udp --protocol udp",
    ] {
        assert_eq!(read(line), expected, "{line}");
    }

    let text = r#"{"user_agent":"curl/8 ports=1 protocol=udp"}"#;
    assert_eq!(read("ua curl/8 ports=1 protocol=udp"), text);
    let failed = fault("ports 192.0.2.1 ssssh");
    assert!(failed.0.contains("unknown service"), "{failed:?}");
}

#[test]
fn an_unknown_command_has_a_position_and_a_suggestion() {
    assert_eq!(
        fault("/mxx example.com"),
        (
            "unknown command `mxx`; did you mean `mx`?".into(),
            Some(0..4),
            Some("/mx example.com".into())
        )
    );
    assert_eq!(fault("frobnicate x").2.as_deref(), Some("/help"));
    assert_eq!(fault("").0, "empty command; see `help`");
}

#[test]
fn rejects_missing_extra_unknown_and_duplicate_arguments() {
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
            "unexpected argument `c`: `mx` takes only `domain` and `resolver`".into(),
            Some(24..25),
            None
        )
    );

    assert_eq!(
        fault("/mx a.example --resolvr=1").0,
        "unknown option `resolvr`; did you mean `resolver`?"
    );
    assert_eq!(
        fault("/mx a.example -f").0,
        "unknown option `f`; `mx` takes `domain` and `resolver`"
    );
    assert_eq!(
        fault("/mx a.example domain=b.example"),
        ("`domain` is given twice".into(), Some(14..30), None)
    );
    assert_eq!(
        fault("/mx --resolver").0,
        "`resolver` needs a value: a DNS server: host, host:port, udp://…, tcp://…, tls://…, https://… or quic://…"
    );
}

#[test]
fn a_bad_value_has_its_position_in_the_line() {
    assert_eq!(
        fault("/mx www..example.com"),
        (
            r#"`domain`: empty label ("..")"#.into(),
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
fn suggests_the_right_order_of_words() {
    assert_eq!(
        fault("ping 3 example.com").2.as_deref(),
        Some("/ping example.com 3")
    );
}

proptest::proptest! {
    #[test]
    fn no_line_panics_and_every_position_is_inside_the_line(line in "\\PC{0,60}") {
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
fn rejects_empty_free_text() {
    for line in ["verify \"", "verify \"\"", "ua ''"] {
        let (message, position, _) = fault(line);
        assert!(
            message.contains("is empty") && position.is_some(),
            "{line}: {message}"
        );
    }
}

fn arguments(line: &str) -> String {
    read(line).expect(line).1
}

#[test]
fn two_hyphens_end_the_options() {
    for line in ["mx -- --resolver", "mx \"--resolver\""] {
        assert_eq!(arguments(line), r#"{"domain":"--resolver"}"#, "{line}");
    }
    assert_eq!(
        arguments("mx -- example.com"),
        r#"{"domain":"example.com"}"#
    );
}

#[test]
fn quoted_words_are_never_options() {
    assert!(
        fault("mx example.com \"--resolver=1.1.1.1\"")
            .0
            .starts_with("`resolver`")
    );
    assert!(fault("dig example.com \"+tcp\"").0.starts_with("`type`"));
    assert_eq!(
        arguments("mx domain=\"example.com\""),
        r#"{"domain":"example.com"}"#
    );
}

#[test]
fn an_empty_option_value_has_a_position() {
    let (message, position, _) = fault("mx example.com resolver=");
    assert!(message.starts_with("`resolver`"), "{message}");
    assert_eq!(
        position,
        Some(24..24),
        "the position where the value is missing"
    );
    assert_eq!(
        fault("mx example.com --resolver").1,
        Some(15..25),
        "the option itself"
    );
}

#[test]
fn at_and_plus_work_only_for_commands_that_declare_them() {
    assert_eq!(
        arguments("dig @192.0.2.53 example.com +tcp"),
        r#"{"name":"example.com.","resolver":"192.0.2.53","tcp":true}"#
    );
    assert_eq!(
        arguments("ping @192.0.2.53"),
        r#"{"target":"192.0.2.53"}"#,
        "a word of a command without resolver"
    );
    assert!(fault("mx @").0.starts_with("`domain`"), "no server follows");
    assert_eq!(
        fault("dig example.com +trac").0,
        "unknown option `trac`; `dig` takes `name`, `type`, `resolver`, `dnssec`, `tcp`, `norecurse`, `subnet`, `nsid`, `bufsize`, `noedns` and `ipv`"
    );
}

#[test]
fn flags_can_be_set_to_true_or_false() {
    for (word, set) in [
        ("tcp=yes", true),
        ("tcp=true", true),
        ("tcp=on", true),
        ("tcp=no", false),
        ("tcp=off", false),
        ("--tcp", true),
        ("TCP", true),
    ] {
        let told = arguments(&format!("dig example.com {word}"));
        assert_eq!(told.contains(r#""tcp":true"#), set, "{word}: {told}");
    }
    assert!(fault("dig example.com tcp=perhaps").0.starts_with("`tcp`"));
    assert_eq!(fault("dig example.com tcp tcp").0, "`tcp` is given twice");
}

#[test]
fn numbers_have_bounds() {
    assert!(arguments("ping 192.0.2.1 20").contains(r#""count":20"#));
    assert!(arguments("ping 192.0.2.1 count=1").contains(r#""count":1"#));
    assert!(arguments("ping 192.0.2.1 count=0").contains(r#""count":0"#));
    assert_eq!(
        fault("trace 192.0.2.1 max_hops=0").0,
        "`max_hops` must be 1–64"
    );
    for value in ["21", "-1", "4.5", "many", "99999999999999999999"] {
        assert_eq!(
            fault(&format!("ping 192.0.2.1 {value}")).0,
            "`count` must be 1–20",
            "{value}"
        );
    }
}

#[test]
fn choices_are_listed() {
    assert!(arguments("whois example.com source=RDAP").contains(r#""source":"rdap""#));
    let (message, position, _) = fault("whois example.com source=both");
    assert_eq!(message, "`source` must be `rdap` or `whois`");
    assert_eq!(position, Some(18..29));
}

#[test]
fn free_text_takes_the_rest_of_the_line() {
    assert_eq!(
        arguments("ua  Mozilla/5.0 (X; --tcp=1)  "),
        r#"{"user_agent":"Mozilla/5.0 (X; --tcp=1)"}"#
    );
    assert_eq!(
        arguments("ua \"quoted text\""),
        r#"{"user_agent":"quoted text"}"#,
        "quotes around all of it are taken away"
    );
    assert_eq!(
        arguments("ua \"quoted\" and more"),
        r#"{"user_agent":"\"quoted\" and more"}"#
    );
}

#[test]
fn positions_are_counted_in_characters() {
    let (_, position, suggestion) = fault("/mx 日本..example");
    assert_eq!(position, Some(4..15));
    assert_eq!(suggestion.as_deref(), Some("/mx 日本.example"));
    assert_eq!(fault("/日本 x").1, Some(0..3));
}

#[test]
fn an_invalid_command_is_shown_without_control_characters() {
    let (message, ..) = fault("/a\u{1b}[31mb x");
    assert_eq!(message, "unknown command `a[31mb`; see `help`");
    let (long, ..) = fault(&"x".repeat(5000));
    assert_eq!(
        long,
        format!("unknown command `{}`; see `help`", "x".repeat(40))
    );
}

#[test]
fn missing_arguments_name_command_and_argument() {
    let error = read("dig").expect_err("nothing to ask for");
    let missing = error.missing.expect("an argument");
    assert_eq!((missing.command, &*missing.argument), ("dig", "name"));
    assert_eq!(error.suggestion.as_deref(), Some("/dig example.com MX"));
    assert!(read("dig $").expect_err("no name").missing.is_none());
}

#[test]
fn a_command_s_example_is_parsed_by_its_own_types() {
    let entry = REGISTRY.find("mx").expect("mx");
    assert_eq!(
        Value::Object(example(&REGISTRY, entry)),
        serde_json::json!({"domain": "example.com"})
    );
}

#[test]
fn the_position_is_that_of_the_value_even_if_its_name_contains_it() {
    assert_eq!(fault("dig example.com type=t").1, Some(21..22));
    assert_eq!(fault("ping 192.0.2.1 count=\"c\"").1, Some(15..24));
}

#[test]
fn a_word_that_is_neither_a_command_nor_a_target_says_why() {
    assert_eq!(
        fault("localhost"),
        (
            "unknown command `localhost`; for a name without a dot, use `dns localhost`".into(),
            Some(0..9),
            Some("/dns localhost".into())
        )
    );
    assert_eq!(
        fault("bücher..example"),
        (
            "`bücher..example`: empty label (\"..\")".into(),
            Some(0..15),
            Some("/dns bücher.example".into())
        )
    );
    for (line, part) in [
        ("user@", "@"),
        ("user@example..com", "two in a row"),
        ("1.2.3", "four decimal numbers"),
        ("2001:db8:::1", "address"),
    ] {
        let (message, ..) = fault(line);
        assert!(message.starts_with(&format!("`{line}`: ")), "{message}");
        assert!(message.contains(part), "{message}");
    }

    for line in ["/localhost", "mxx", "frobnicate x"] {
        let (message, ..) = fault(line);
        assert!(message.starts_with("unknown command"), "{line}: {message}");
    }
}
