use super::*;

#[test]
fn names_have_no_handles_links_or_redactions() {
    assert_eq!(
        name("Example Ltd [Tag = EXAMPLE]").as_deref(),
        Some("Example Ltd")
    );
    assert_eq!(
        name("Example Inc. (R99-LRMS)").as_deref(),
        Some("Example Inc.")
    );
    assert_eq!(
        name("Example (Europe) GmbH").as_deref(),
        Some("Example (Europe) GmbH")
    );
    assert_eq!(
        name("Example Corp.(http://example.test)").as_deref(),
        Some("Example Corp.")
    );
    assert_eq!(name("((((").as_deref(), None);
    for none in [
        "REDACTED FOR PRIVACY",
        "n/a",
        "-",
        "Data Protected",
        "NOT DISCLOSED!",
        "*****",
        "http://a.test",
    ] {
        assert_eq!(name(none), None, "{none}");
    }

    assert!(is_organization("Example Trading GmbH") && !is_organization("Erika Mustermann"));
}

#[test]
fn finds_name_servers_in_values() {
    let mut list = Vec::new();

    for value in [
        "NS1.EXAMPLE.COM. 192.0.2.1",
        "ns1.example.com",
        "ns2.example.com ()",
        "ns3.example.com [OK]",
        "ns4.example.net, ns5.example.net",
        "192.0.2.9",
        "No nameserver",
        "ns6.example.org | IPv4: 192.0.2.3",
        "1) ns7.example.org",
        "example",
        "ns8.example.org (192.0.2.1)",
    ] {
        nameservers(&mut list, value);
    }

    let hosts: Vec<_> = list
        .iter()
        .filter_map(|host| host.split('.').next())
        .collect();

    assert_eq!(
        hosts,
        ["ns1", "ns2", "ns3", "ns4", "ns5", "ns6", "ns7", "ns8"]
    );
}

#[test]
fn parses_contact_values() {
    assert_eq!(
        email("Abuse <abuse@example.net>").as_deref(),
        Some("abuse@example.net")
    );
    assert_eq!(email("user@localhost"), None);
    assert_eq!(phone("+1.2083895740").as_deref(), Some("+1.2083895740"));
    assert_eq!(phone("see web site 2024010203"), None);
    assert_eq!(
        url("http://example.net/x y").as_deref(),
        Some("http://example.net/x")
    );
    assert_eq!(iana_id("H269407"), None);
    assert_eq!(signed("signed delegation"), Some(true));
    assert_eq!(signed("maybe"), None);
}

#[test]
fn texts_are_one_line_and_not_redacted() {
    for (value, expected) in [
        ("  Example\n  Ltd ", Some("Example Ltd")),
        ("\"Example\"", Some("Example")),
        ("\"a\" and \"b\"", Some("\"a\" and \"b\"")),
        ("Société", Some("Société")),
        ("N/A", None),
        ("none.", None),
        ("Unknown!", None),
        ("Data Protected, not disclosed", None),
        ("GDPR Masked", None),
        ("see whois.example.test", None),
        ("---", None),
        ("", None),
    ] {
        assert_eq!(text(value).as_deref(), expected, "{value}");
    }
    assert!(text(&"a".repeat(MAX)).is_some());
    assert_eq!(text(&"a".repeat(MAX + 1)), None);
}

#[test]
fn splits_a_trailing_bracket() {
    for (value, expected) in [
        ("a (b)", Some(("a ", "b"))),
        ("a [b]", Some(("a ", "b"))),
        ("a (b) (c)", Some(("a (b) ", "c"))),
        ("a (b", None),
        ("a b)", None),
        ("a (b]", None),
        ("()", Some(("", ""))),
        ("ü（b）", None),
        ("", None),
    ] {
        assert_eq!(trailing_bracket(value), expected, "{value}");
    }
}

#[test]
fn legal_forms_identify_organizations() {
    for name in [
        "Example Inc.",
        "Example, LLC",
        "Example S.r.l.",
        "Exemple SA",
        "Example (Europe) GmbH",
        "Universidad de X Foundation",
        "X Y A/S",
    ] {
        assert!(is_organization(name), "{name}");
    }
    // A legal form alone is not a name.
    for name in ["Inc.", "John Smith", "Incorporation", "Agnes Kg-less", ""] {
        assert!(!is_organization(name), "{name}");
    }
}

#[test]
fn urls_have_a_dot_in_the_host() {
    for (value, expected) in [
        ("www.sample.example", Some("www.sample.example")),
        ("<https://a.example/x>", Some("https://a.example/x")),
        ("(http://a.example)", Some("http://a.example")),
        ("a@b.example", None),
        ("localhost", None),
        ("a.b", None),
        (".example.com", None),
        ("-a.example", None),
        ("", None),
    ] {
        assert_eq!(url(value).as_deref(), expected, "{value}");
    }
}

#[test]
fn mail_addresses_have_a_host_name() {
    for (value, expected) in [
        ("abuse@example.net.", Some("abuse@example.net")),
        ("mailto:abuse@example.net", Some("abuse@example.net")),
        (
            "mail 'abuse@example.net', or call",
            Some("abuse@example.net"),
        ),
        ("@example.net", None),
        ("a@@example.net", None),
        ("a@-.net", None),
        ("a at example.net", None),
        ("", None),
    ] {
        assert_eq!(email(value).as_deref(), expected, "{value}");
    }
    assert_eq!(email(&format!("{}@example.net", "a".repeat(250))), None);
}

#[test]
fn telephone_numbers_are_digits_with_punctuation() {
    for (value, expected) in [
        (
            "tel:+1-555-555-1234;ext=102",
            Some("+1-555-555-1234;ext=102"),
        ),
        ("+49 (0)30 123456", Some("+49 (0)30 123456")),
        ("123456", Some("123456")),
        ("12345", None),
        ("call 123456", None),
        ("1234567890123456789012345", None),
        ("１２３４５６", None),
        ("", None),
    ] {
        assert_eq!(phone(value).as_deref(), expected, "{value}");
    }
}

#[test]
fn iana_ids_are_one_to_seven_digits() {
    for (value, expected) in [
        ("9998", Some("9998")),
        (" 1 ", Some("1")),
        ("1234567", Some("1234567")),
        ("12345678", None),
        ("0", None),
        ("000", None),
        ("", None),
        ("12a", None),
    ] {
        assert_eq!(iana_id(value).as_deref(), expected, "{value}");
    }
}

#[test]
fn host_names_have_at_least_two_labels() {
    for (value, expected) in [
        ("NS1.Example.NET.", Some("ns1.example.net")),
        ("_dmarc.example.net", Some("_dmarc.example.net")),
        ("bücher.example", Some("bücher.example")),
        ("example", None),
        ("a..b", None),
        ("-a.example", None),
        ("192.0.2.1", None),
        ("a.b1", None),
        ("a.1", None),
        ("a.b", None),
        ("not.defined", None),
        ("a b.example", None),
        (".", None),
        ("", None),
    ] {
        let expected = if value == "a.b1" {
            Some("a.b1")
        } else {
            expected
        };
        assert_eq!(hostname(value).as_deref(), expected, "{value}");
    }

    assert_eq!(hostname(&format!("{}.example", "a".repeat(127))), None);
    assert_eq!(hostname(&"a.".repeat(200)), None);
}

#[test]
fn keeps_at_most_64_name_servers() {
    let mut list = Vec::new();
    for n in 0..100 {
        nameservers(&mut list, &format!("ns{n}.example.net"));
    }
    assert_eq!(list.len(), MAX_SERVERS);
    let mut list = Vec::new();
    nameservers(&mut list, "example.test\tNS\tns.example.net");
    nameservers(&mut list, "example.test NS ns2.example.net");
    nameservers(&mut list, "- ns3.example.net");
    assert_eq!(
        list,
        ["ns.example.net", "ns2.example.net", "ns3.example.net"]
    );
}

#[test]
fn parses_words_for_signed_and_unsigned() {
    for (value, expected) in [
        ("yes", Some(true)),
        ("SignedDelegation", Some(true)),
        ("signed, with DS", Some(true)),
        ("1", Some(true)),
        ("active (x)", Some(true)),
        ("no", Some(false)),
        ("unsigned delegation", Some(false)),
        ("Inactive", Some(false)),
        ("0", Some(false)),
        ("", None),
        ("yesterday", None),
    ] {
        assert_eq!(signed(value), expected, "{value}");
    }
}
