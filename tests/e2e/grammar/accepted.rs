//! Lines as people write and paste them.

use netvane_tests::{Dns, Netvane};
use serde_json::json;

use super::arguments;

#[test]
fn accepts_commands_as_written_in_chats() {
    let dns = Dns::start();
    for command in ["mx", "/mx", "MX", "/Mx", "/mx@AnyBot", "mx@netvane_bot"] {
        assert_eq!(
            arguments(&dns, &[command, "example.test"]),
            json!({"domain": "example.test"}),
            "{command}"
        );
    }
    let run = Netvane::line("--json lookup example.test")
        .dns(dns.address)
        .run();
    assert_eq!(run.json()["command"], "dns", "an alias runs its command");
    let run = Netvane::line("--json start").run();
    assert_eq!(run.json()["command"], "help");
}

#[test]
fn accepts_names_as_pasted() {
    let dns = Dns::start();

    for domain in [
        "example.test",
        "Example.TEST.",
        "https://example.test/path",
        "HTTPS://example.test:8443/?q=a#b",
        "user@example.test",
        "mailto:user@example.test",
        "example[.]test",
        "hxxp://example.test",
        "hxxps://example[.]test/evil",
        "<https://example.test|example.test>",
        "<https://example.test>",
        "“example.test”",
        "ｅｘａｍｐｌｅ.test",
        "example。test",
        " example.test ",
    ] {
        assert_eq!(
            arguments(&dns, &["a", domain]),
            json!({"domain": "example.test"}),
            "{domain}"
        );
    }

    for domain in [
        "bücher.example.test",
        "BÜCHER.example.test",
        "xn--bcher-kva.example.test",
    ] {
        let reply = Netvane::new(["--json", "a", domain])
            .dns(dns.address)
            .run()
            .json();

        assert_eq!(
            reply["arguments"],
            json!({"domain": "xn--bcher-kva.example.test"}),
            "{domain}"
        );

        assert_eq!(
            reply["title"], "A of bücher.example.test (xn--bcher-kva.example.test)",
            "{domain}"
        );
        assert_eq!(
            reply["warnings"],
            json!([]),
            "a German word causes no warning"
        );
    }

    assert_eq!(
        arguments(&dns, &["a", "_underscore.example.test"])["domain"],
        "_underscore.example.test"
    );
}

#[test]
fn accepts_addresses_as_pasted() {
    let dns = Dns::start();

    for (written, meant) in [
        ("1[.]1[.]1[.]1", "1.1.1.1"),
        ("1(.)1(.)1(.)1", "1.1.1.1"),
        ("hxxp://1.1.1.1/x", "1.1.1.1"),
        ("https://1.1.1.1:8443/", "1.1.1.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("https://[2001:db8::1]:443/", "2001:db8::1"),
        ("1.2.0.192.in-addr.arpa", "192.0.2.1"),
    ] {
        assert_eq!(
            arguments(&dns, &["ptr", written]),
            json!({"address": meant}),
            "{written}"
        );
        assert_eq!(
            arguments(&dns, &["reverse", written])["target"]
                .as_str()
                .map(|target| target.ends_with("arpa")),
            Some(written.ends_with("arpa")),
            "`reverse` takes a name as a name: {written}"
        );
    }
}

#[test]
fn accepts_options_in_three_forms_and_with_typographic_dashes() {
    let dns = Dns::start();
    let server = dns.address.to_string();
    let expected = json!({"domain": "example.test", "resolver": server});

    for option in [
        "--resolver=",
        "resolver=",
        "—resolver=",
        "–resolver=",
        "--RESOLVER=",
        "@",
    ] {
        let option = format!("{option}{server}");
        assert_eq!(
            arguments(&dns, &["a", "example.test", &option]),
            expected,
            "{option}"
        );
        assert_eq!(
            arguments(&dns, &["a", &option, "example.test"]),
            expected,
            "before: {option}"
        );
    }

    for option in ["--resolver", "—resolver", "–resolver"] {
        assert_eq!(
            arguments(&dns, &["a", "example.test", option, &server]),
            expected,
            "{option}"
        );
    }

    assert_eq!(
        arguments(&dns, &["a", "example.test", &server]),
        expected,
        "by its place"
    );

    let resolver = format!("udp://{server}");

    assert_eq!(
        arguments(&dns, &["a", "domain=example.test", "--resolver", &resolver]),
        expected
    );
}

#[test]
fn dig_accepts_types_flags_and_resolvers_in_several_forms() {
    let dns = Dns::start();
    let tcp = format!("tcp://{}", dns.address);
    let expected =
        json!({"name": "example.test.", "type": "MX", "resolver": tcp, "norecurse": true});

    assert_eq!(
        arguments(&dns, &["dig", "example.test", "mx", &tcp, "norecurse"]),
        expected
    );
    assert_eq!(
        arguments(
            &dns,
            &[
                "dig",
                "example.test",
                "TYPE15",
                "+norecurse",
                &format!("@{tcp}")
            ]
        ),
        expected
    );

    assert_eq!(
        arguments(
            &dns,
            &["dig", "example.test", "--type", "15", "--norecurse", &tcp]
        ),
        expected
    );
}

#[test]
fn short_prints_values_only() {
    for line in ["port 443 --short", "--short port 443", "port 443 +short"] {
        assert_eq!(
            Netvane::line(line).run().text(),
            "Port 443: https\n",
            "{line}"
        );
    }
    let json = Netvane::line("port 443 --short --json").run();
    assert_eq!(json.json()["data"]["matches"][0]["service"], "https");
}

#[test]
fn fail_gives_bad_results_an_exit_status() {
    for (line, code) in [
        ("verify a..b@example.com", 0),
        ("verify a..b@example.com --fail", 3),
        ("--fail=warning verify a..b@example.com", 3),
        ("port 443 --fail=warning", 0),
        ("port 443 --fail=never", 2),
        ("mxx example.com --fail", 2),
    ] {
        assert_eq!(Netvane::line(line).run().code, Some(code), "{line}");
    }
}
