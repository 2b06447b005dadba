//! Lines that are not understood, with the mistake marked and a suggestion.

use netvane_tests::{Dns, Netvane};
use serde_json::json;

use super::arguments;

/// Returns the error of an invalid line; it must be on standard error, with exit status 2.
#[track_caller]
fn mistake(words: &[&str]) -> String {
    let run = Netvane::new(words).run();
    assert_eq!(
        (run.code, run.stdout.as_str()),
        (Some(2), ""),
        "{words:?}: {}",
        run.stderr
    );
    run.stderr
}

#[test]
fn an_unknown_command_is_marked_with_a_suggestion() {
    insta::assert_snapshot!(mistake(&["mxx", "example.com"]), @r"
    netvane: unknown command `mxx`; did you mean `mx`?

      mxx example.com
      ^^^

    Try: netvane mx example.com
    ");

    insta::assert_snapshot!(mistake(&["/digg@AnyBot", ".", "NS"]), @r"
    netvane: unknown command `digg`; did you mean `dig`?

      /digg@AnyBot . NS
      ^^^^^^^^^^^^

    Try: netvane dig . NS
    ");

    insta::assert_snapshot!(mistake(&["frobnicate"]), @r"
    netvane: unknown command `frobnicate`; for a name without a dot, use `dns frobnicate`

      frobnicate
      ^^^^^^^^^^

    Try: netvane dns frobnicate
    ");
}

#[test]
fn names_missing_superfluous_and_unknown_arguments() {
    insta::assert_snapshot!(mistake(&["mx"]), @r"
    netvane: `mx` needs `domain`: a domain name

      mx
        ^

    Try: netvane mx example.com
    ");

    insta::assert_snapshot!(mistake(&["mx", "a.example", "192.0.2.1", "third"]), @r"
    netvane: unexpected argument `third`: `mx` takes only `domain` and `resolver`

      mx a.example 192.0.2.1 third
                             ^^^^^
    ");

    assert!(
        mistake(&["mx", "a.example", "--resolvr=1.1.1.1"]).contains("did you mean `resolver`?")
    );
    insta::assert_snapshot!(mistake(&["mx", "a.example", "resolver=1.1.1.1", "--resolver", "9.9.9.9"]), @r"
    netvane: `resolver` is given twice

      mx a.example resolver=1.1.1.1 --resolver 9.9.9.9
                                               ^^^^^^^
    ");

    insta::assert_snapshot!(mistake(&["mx", "a.example", "--resolver"]), @r"
    netvane: `resolver` needs a value: a DNS server: host, host:port, udp://…, tcp://…, tls://…, https://… or quic://…

      mx a.example --resolver
                   ^^^^^^^^^^
    ");
}

#[test]
fn marks_an_invalid_value_in_the_line() {
    insta::assert_snapshot!(mistake(&["mx", "www..example.com"]), @r#"
    netvane: `domain`: empty label ("..")

      mx www..example.com
         ^^^^^^^^^^^^^^^^

    Try: netvane mx www.example.com
    "#);

    insta::assert_snapshot!(mistake(&["a", "exa mple.com"]), @r#"
    netvane: `domain`: a space is not allowed in a domain name

      a "exa mple.com"
         ^^^^^^^^
    "#);

    insta::assert_snapshot!(mistake(&["dig", "example.com", "MXX"]), @r"
    netvane: `type`: unknown record type `MXX`; expected a name such as `MX` or a number such as `TYPE65`

      dig example.com MXX
                      ^^^

    Try: netvane dig example.com MX
    ");

    insta::assert_snapshot!(mistake(&["mx", "192.0.2.1"]), @r"
    netvane: `domain`: expected a domain name, got the address 192.0.2.1

      mx 192.0.2.1
         ^^^^^^^^^

    Try: netvane ptr 192.0.2.1
    ");

    assert!(mistake(&["ptr", "127.1"]).contains("Try: netvane ptr 127.0.0.1\n"));
}

#[test]
fn enforces_the_length_limits_of_dns_names() {
    let dns = Dns::start();
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(
        arguments(&dns, &["a", &longest]),
        json!({"domain": longest}),
        "253 characters"
    );
    assert!(mistake(&["a", &format!("{longest}b")]).contains("domain name is too long"));
    assert!(
        mistake(&["a", &format!("{label}a.test")])
            .contains("label is too long: 64 octets (max 63)")
    );
    assert!(mistake(&["a", &"a.".repeat(7000)]).contains("domain name is too long"));
    assert_eq!(
        arguments(&dns, &["dig", ".", "NS"]),
        json!({"name": ".", "type": "NS"}),
        "the root, for `dig`"
    );
    assert!(mistake(&["mx", "."]).contains("Try: netvane dig . NS"));
    assert!(mistake(&["a", ""]).contains("expected a domain name"));
}

#[test]
fn refuses_or_reports_deceptive_names() {
    for (name, told) in [
        (
            "ex\u{202e}ample.com",
            "the invisible character U+202E is not allowed in a domain name",
        ),
        (
            "ex\u{200b}ample.com",
            "the invisible character U+200B is not allowed in a domain name",
        ),
        (
            "exa\u{7}mple.com",
            "the invisible character U+0007 is not allowed in a domain name",
        ),
        ("xn--a.com", "invalid internationalized label"),
        // U+2024 is compatible with a full stop: one label could be read as two.
        ("a\u{2024}b.com", "label"),
    ] {
        let told_all = mistake(&["a", name]);
        assert!(told_all.contains(told), "{name:?}: {told_all}");
        assert!(netvane_tests::is_harmless(&told_all), "{told_all:?}");
    }

    let dns = Dns::start();
    let reply = Netvane::new(["--json", "a", "pаypal.com"])
        .dns(dns.address)
        .run()
        .json();
    let warning = r#"`pаypal.com` contains Cyrillic "а"; this is not `paypal.com`"#;
    assert_eq!(reply["warnings"], json!([warning]), "Cyrillic а");
}

#[test]
fn a_mistyped_action_is_suggested() {
    for (line, suggestion) in [
        ("serv", "Try: netvane serve\n"),
        ("help serv", "Try: netvane help serve\n"),
        ("confg check", "Try: netvane config\n"),
        ("whos example.com", "Try: netvane whois example.com\n"),
    ] {
        let run = Netvane::line(line).run();
        assert_eq!(run.code, Some(2), "{line}");
        assert!(run.stderr.ends_with(suggestion), "{line}: {}", run.stderr);
    }
}
