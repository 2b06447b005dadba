//! Names and addresses as servers write them, and who belongs to whom.

use super::*;

#[test]
fn reads_addresses_as_servers_write_them() {
    for (text, expected) in [
        ("192.0.2.1", "192.0.2.1"),
        ("[192.0.2.1]", "192.0.2.1"),
        ("[192.0.2.1:4711]", "192.0.2.1"),
        ("[192.0.2.1]:4711", "192.0.2.1"),
        ("[IPv6:2001:db8::1]", "2001:db8::1"),
        ("[::ffff:192.0.2.1]", "192.0.2.1"),
        ("fe80::1%12", "fe80::1"),
        ("[unix socket]", ""),
        ("300.1.2.3", ""),
        ("8.11.6", ""),
        ("", ""),
    ] {
        let found = address(text).map(|a| a.to_string()).unwrap_or_default();
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(
        address_port("[192.0.2.1:4711]").and_then(|(_, port)| port),
        Some(4711)
    );
}

#[test]
fn groups_names_by_operator() {
    assert!(related("mx1.example.com", "mail.example.com"));
    assert!(related("a.sourceforge.com", "b.sourceforge.net"));
    assert!(related(
        "mail-db8.outbound.protection.outlook.com",
        "x.prod.exchangelabs.com"
    ));
    assert!(!same_operator("a.sourceforge.com", "b.sourceforge.net"));
    assert!(!related("mx.a.example", "mx.b.example"));
    assert!(!related("localhost", "mx.b.example"));
    assert!(host("unknown").is_none() && host("mail.example.com.") == Some("mail.example.com"));
}

#[test]
fn reads_ports_behind_addresses() {
    for (text, expected) in [
        ("192.0.2.1:25", Some(("192.0.2.1", Some(25)))),
        ("192.0.2.1", Some(("192.0.2.1", None))),
        ("[192.0.2.1]:25", Some(("192.0.2.1", Some(25)))),
        ("[2001:db8::1]:25", Some(("2001:db8::1", Some(25)))),
        ("[IPV6:2001:db8::1]", Some(("2001:db8::1", None))),
        ("192.0.2.1:99999", Some(("192.0.2.1", None))),
        ("192.0.2.1:x", Some(("192.0.2.1", None))),
        ("<192.0.2.1>,", Some(("192.0.2.1", None))),
        ("[192.0.2.1", None),
        ("192.0.2", None),
        ("1.2.3.4.5", None),
        ("::1::", None),
        ("[]", None),
        ("é", None),
    ] {
        let found = address_port(text).map(|(address, port)| (address.to_string(), port));
        let expected = expected.map(|(address, port): (&str, _)| (address.to_owned(), port));
        assert_eq!(found, expected, "{text}");
    }
    assert_eq!(address(&format!("[192.0.2.1]{}", " ".repeat(100))), None);
}

#[test]
fn four_numbers_look_like_an_address() {
    for (text, expected) in [
        ("300.1.2.3", true),
        ("999.999.999.999", true),
        ("1.2.3", false),
        ("1.2.3.4.5", false),
        ("1.2.3.4567", false),
        ("1.2.3.", false),
        ("1.2.3.a", false),
        ("", false),
    ] {
        assert_eq!(looks_numeric(text), expected, "{text}");
    }
}

#[test]
fn accepts_only_host_names_that_are_safe_to_show() {
    for (text, expected) in [
        ("mx.example", Some("mx.example")),
        ("mx.example.", Some("mx.example")),
        ("<mx.example>;", Some("mx.example")),
        ("a_b-c", Some("a_b-c")),
        ("bücher.example", Some("bücher.example")),
        ("UNKNOWN", None),
        ("unverified", None),
        ("null", None),
        ("", None),
        (".", None),
        ("---", None),
        ("a b", None),
        ("a(b)", None),
        ("a\u{202e}b", None),
    ] {
        assert_eq!(host(text), expected, "{text:?}");
    }
    let fits = "a".repeat(255);
    assert_eq!(host(&fits), Some(fits.as_str()));
    assert_eq!(host(&"a".repeat(256)), None);
}

#[test]
fn distinguishes_public_from_internal_names() {
    for name in [
        "mx.example",
        "a.b.co.uk",
        "MX.Example.COM",
        "x.xn--p1ai",
        "пример.рф",
    ] {
        assert!(is_public_name(name), "{name}");
    }

    for name in [
        "localhost",
        "srv1",
        "mail.corp.local",
        "pc.LAN",
        "x.internal",
        "1.0.0.127.in-addr.arpa",
        "192.0.2.1",
        "a.b1",
        "x.1",
        "",
    ] {
        assert!(!is_public_name(name), "{name}");
    }

    for (name, expected) in [
        ("localhost", true),
        ("LocalHost.localdomain", true),
        ("localhost4", false),
        ("", false),
    ] {
        assert_eq!(is_localhost(name), expected, "{name}");
    }
}

#[test]
fn finds_the_registrable_domain() {
    for (name, expected) in [
        ("mx.example.com", Some("example.com")),
        ("MX.Example.CO.UK.", Some("example.co.uk")),
        ("example.com", Some("example.com")),
        ("co.uk", None),
        ("localhost", None),
        ("mail.corp.local", None),
        ("192.0.2.1", None),
        ("", None),
    ] {
        assert_eq!(organization(name).as_deref(), expected, "{name}");
    }
}

#[test]
fn families_are_one_operator() {
    for (a, b) in [
        ("mail-wr1.google.com", "gmail.com"),
        ("x.outbound.protection.outlook.com", "hotmail.com"),
        ("mout.kundenserver.de", "mail.gmx.net"),
        ("a.smtp-out.amazonses.com", "mail.amazonaws.com"),
        ("Localhost", "localhost"),
    ] {
        assert!(same_operator(a, b), "{a} {b}");
    }
    for (a, b) in [
        ("google.com", "outlook.com"),
        ("a.co.uk", "b.co.uk"),
        ("pc", "mx.example.com"),
        ("", "mx.example.com"),
    ] {
        assert!(!same_operator(a, b), "{a} {b}");
    }
    assert!(is_shared("google.com") && is_shared("mailgun.net"));
    assert!(!is_shared("debian.org") && !is_shared("example.com"));
}

#[test]
fn classes_of_addresses() {
    for (text, public, inside) in [
        ("8.8.8.8", true, false),
        ("192.0.2.1", true, false),
        ("2002:808:808::1", true, false),
        ("10.0.0.1", false, true),
        ("127.0.0.1", false, true),
        ("169.254.1.1", false, true),
        ("100.64.0.1", false, true),
        ("fd00::1", false, true),
        ("fe80::1", false, true),
        ("224.0.0.1", false, false),
        ("240.0.0.1", false, false),
        ("0.0.0.0", false, false),
    ] {
        let address = text.parse().expect(text);
        assert_eq!(
            (is_public(address), is_inside(address)),
            (public, inside),
            "{text}"
        );
    }
}

#[test]
fn clips_at_a_character() {
    assert_eq!(clip("abc", 2), "ab");
    assert_eq!(clip("abc", 3), "abc");
    assert_eq!(clip("aé", 2), "a");
    assert_eq!(clip("é", 1), "");
    assert_eq!(clip("", 0), "");
}
