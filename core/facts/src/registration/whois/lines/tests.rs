//! Keys, values, headings and continuation lines.

use super::*;

#[test]
fn keys_have_one_canonical_form() {
    for (key, expected) in [
        ("Domain Name", "domain name"),
        ("domain_name", "domain name"),
        ("Last-Modified", "last modified"),
        ("created............", "created"),
        ("Registrant (holder)", "registrant"),
        ("a (b (c) d) e", "a e"),
        ("unclosed (x", "unclosed"),
        ("date d'expiration", "date dexpiration"),
        ("  Tab\tKey  ", "tab key"),
        ("登録年月日", "登録年月日"),
        ("ÉTAT", "état"),
        ("", ""),
        ("...", ""),
    ] {
        assert_eq!(canonical(key), expected, "{key}");
    }
}

#[test]
fn splits_keys_from_values() {
    for (text, expected) in [
        (
            "Domain Name: EXAMPLE.COM",
            Some(("domain name", "EXAMPLE.COM")),
        ),
        (
            "Domain Name:EXAMPLE.COM",
            Some(("domain name", "EXAMPLE.COM")),
        ),
        (
            "domain.............: example.fi",
            Some(("domain", "example.fi")),
        ),
        (
            "[Domain Name]   EXAMPLE.JP",
            Some(("domain name", "EXAMPLE.JP")),
        ),
        (
            "a. [Domain Name] EXAMPLE.JP",
            Some(("domain name", "EXAMPLE.JP")),
        ),
        ("** Registrant: x", Some(("registrant", "x"))),
        ("Registrant:", Some(("registrant", ""))),
        ("Key:: value", Some(("key", "value"))),
        ("URL: http://a.test", Some(("url", "http://a.test"))),
        ("created: 12:00:00", Some(("created", "12:00:00"))),
        ("http://a.test", None),
        ("2001:db8::1", None),
        ("ab:cd", None),
        ("ns1.example.net:53", None),
        ("12:00", None),
        (": x", None),
        ("one two three four five six seven eight nine: x", None),
        ("no colon", None),
        ("[]x", None),
        ("[ x ] y", None),
        ("", None),
    ] {
        let found = key_value(text);
        let found = found.as_ref().map(|(key, value)| (key.as_str(), *value));
        assert_eq!(found, expected, "{text}");
    }

    assert_eq!(key_value(&format!("{}: x", "a".repeat(MAX_KEY + 1))), None);
    assert!(key_value(&format!("{}: x", "a".repeat(MAX_KEY))).is_some());
}

#[test]
fn truncates_long_lines_at_a_character() {
    let long = "é".repeat(2 * MAX_LINE);
    assert_eq!(bounded(&long).chars().count(), MAX_LINE);
    assert_eq!(bounded("short"), "short");
    assert_eq!(bounded(""), "");
}

/// `role key=value` with `+` for a line without a key, `>` under a heading, and the paragraph.
fn of(text: &str) -> Vec<String> {
    entries(text, "test")
        .iter()
        .map(|entry| {
            format!(
                "{}{}{} {:?} {}={}",
                entry.paragraph,
                if entry.nested { ">" } else { "" },
                if entry.keyed { "" } else { "+" },
                entry.role,
                entry.key,
                entry.value
            )
        })
        .collect()
}

#[test]
fn a_heading_opens_a_section() {
    for (text, expected) in [
        (
            "Registrar:\n  Name: Sample\n  URL: x.test\nStatus: ok\n",
            vec![
                "0> Registrar name=Sample",
                "0> Registrar url=x.test",
                "0 Domain status=ok",
            ],
        ),
        (
            "Registrant:\n   Example Corp\n   1 Main Street\n\nStatus: ok\n",
            vec![
                "0>+ Registrant =Example Corp",
                "0>+ Registrant =1 Main Street",
                "1 Domain status=ok",
            ],
        ),
        (
            "Name servers\nns1.example.net\nns2.example.net\n\nStatus: ok\n",
            vec![
                "0>+ Domain name servers=ns1.example.net",
                "0>+ Domain name servers=ns2.example.net",
                "1 Domain status=ok",
            ],
        ),
        (
            "Registrar: Sample\nAdmin Organization: Other\nTech Email: x\n",
            vec![
                "0 Registrar =Sample",
                "0 Other organization=Other",
                "0 Other email=x",
            ],
        ),
    ] {
        assert_eq!(of(text), expected, "{text}");
    }
}

#[test]
fn deeper_lines_continue_a_value() {
    assert_eq!(
        of("descr: One\n       Two\nThree\n"),
        ["0 Domain descr=One", "0+ Domain descr=Two"]
    );
    assert_eq!(of("descr: One\n\n   Two\n"), ["0 Domain descr=One"]);
}

#[test]
fn data_of_the_domain_ends_a_contact_section() {
    assert_eq!(
        of("Registrant:\n   Example Corp\n   Domain Name: EXAMPLE.TEST\n   Created: 2001-01-01\n"),
        [
            "0>+ Registrant =Example Corp",
            "0 Domain domain name=EXAMPLE.TEST",
            "0 Domain created=2001-01-01"
        ]
    );
    // An expiry date is never about a contact.
    assert_eq!(
        of("Registrant:\n   Name: X\n   Expires: 2031-01-01\n"),
        ["0> Registrant name=X", "0> Domain expires=2031-01-01"]
    );
}

#[test]
fn comments_and_separators_are_no_entries() {
    let text = "% Registrant:\n# x: y\n; z: y\n>>> a: b <<<\n---\n\nStatus: ok\n***\nState: x\n";
    assert_eq!(of(text), ["0 Domain status=ok", "1 Domain state=x"]);
    assert_eq!(entries(text, "test")[0].comment, "Registrant");
    assert_eq!(of(""), [""; 0]);
    assert_eq!(of("\n\n\r\n \t\n"), [""; 0]);
}

#[test]
fn a_sentence_may_contain_a_date() {
    assert_eq!(
        of("Record created on 2001-02-03.\nRecord expires on never\n"),
        ["0 Domain domain created=2001-02-03"]
    );
}
