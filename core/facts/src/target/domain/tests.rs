use super::*;

fn domain(text: &str) -> Result<String, Invalid> {
    text.parse::<Domain>().map(|domain| domain.0)
}

#[test]
fn normalizes_spellings_of_one_name() {
    for text in [
        "example.com",
        "Example.COM.",
        "https://example.com/x",
        "user@example.com",
        "example。com",
        "ｅｘａｍｐｌｅ.com",
    ] {
        assert_eq!(domain(text).as_deref(), Ok("example.com"), "{text}");
    }

    for text in [
        "bücher.example",
        "BÜCHER.example",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.example",
    ] {
        assert_eq!(
            domain(text).as_deref(),
            Ok("xn--bcher-kva.example"),
            "{text}"
        );
    }

    assert_eq!(
        domain("_dmarc.example.com").as_deref(),
        Ok("_dmarc.example.com")
    );
}

#[test]
fn enforces_the_limits_of_rfc_1035() {
    let label = "a".repeat(63);
    assert!(domain(&format!("{label}.com")).is_ok());
    let long = domain(&format!("{label}a.com")).expect_err("64 octets");
    assert_eq!(long.message, "label is too long: 64 octets (max 63)");
    assert_eq!(long.part, Some(0..64));
    let name = [label.as_str(); 3].join(".") + "." + &"b".repeat(61);
    assert_eq!(name.len(), 253);
    assert!(domain(&name).is_ok());
    assert!(
        domain(&(name + "b"))
            .expect_err("254")
            .message
            .contains("254 characters (max 253)")
    );
    assert!(domain(&"a.".repeat(10_000)).is_err());
}

#[test]
fn errors_point_at_the_label() {
    let error = domain("www.exa mple.com").expect_err("space");
    assert_eq!(
        (error.message.as_str(), error.part),
        ("a space is not allowed in a domain name", Some(4..12))
    );
    let error = domain("ex\u{202e}ample.com").expect_err("override");
    assert_eq!(
        error.message,
        "the invisible character U+202E is not allowed in a domain name"
    );
    assert_eq!(
        domain("a..b").expect_err("empty").value.as_deref(),
        Some("a.b")
    );
    assert!(domain("xn--a").is_err(), "no valid punycode");
    assert!(domain("").is_err());
    assert!(domain("nul\0.com").is_err());
    assert_eq!(
        domain("192.0.2.1").expect_err("address").command.as_deref(),
        Some("/ptr 192.0.2.1")
    );
}

#[test]
fn rejects_characters_that_idna_maps_to_forbidden_ones() {
    for (text, bad) in [
        ("⒜.example", "`(`"),
        ("a˜b.example", "a space"),
        ("a＞b.example", "`>`"),
    ] {
        let error = domain(text).expect_err(text);
        assert_eq!(
            error.message,
            format!("{bad} is not allowed in a domain name")
        );
        assert_eq!(error.part.map(|part| part.start), Some(0), "{text}");
    }
}

#[test]
fn dns_names_include_the_root() {
    assert_eq!(
        ".".parse::<DnsName>().map(|name| name.0).as_deref(),
        Ok(".")
    );
    assert_eq!(
        "COM".parse::<DnsName>().map(|name| name.0).as_deref(),
        Ok("com.")
    );
}

#[test]
fn warns_about_names_that_look_like_others() {
    assert_eq!(
        both_forms("xn--bcher-kva.example"),
        "bücher.example (xn--bcher-kva.example)"
    );
    assert_eq!(name_warning("xn--bcher-kva.example"), None);
    assert_eq!(name_warning("example.com"), None);
    let cyrillic_a = domain("pаypal.com").expect("mixed script is a name all the same");
    assert_eq!(
        name_warning(&cyrillic_a).as_deref(),
        Some("`pаypal.com` contains Cyrillic \"а\"; this is not `paypal.com`")
    );
    assert!(name_warning(&domain("аррӏе.com").expect("whole-script")).is_some());
    assert_eq!(
        name_warning(&domain("пример.испытание").expect("plain Russian")),
        None
    );
    assert_eq!(
        name_warning(&domain("例え.テスト").expect("plain Japanese")),
        None
    );
}

#[test]
fn a_dns_name_may_have_escapes() {
    for (text, expected) in [
        (r"star\.dot.test", r"star\.dot.test."),
        (r"star\046dot.test.", r"star\.dot.test."),
        (
            r"My\032Printer._ipp._tcp.local",
            r"my\032printer._ipp._tcp.local.",
        ),
        (r"\097\B.Test", "ab.test."),
        (r"end\.", r"end\.."),
        (r"\255\000.test", r"\255\000.test."),
        (r"bücher.a\.b", r"xn--bcher-kva.a\.b."),
    ] {
        let name: DnsName = text.parse().expect(text);
        assert_eq!(name.as_str(), expected, "{text}");
    }

    let long = format!(r"\.{}.test", "a".repeat(63));
    for text in [
        r"a\",
        r"a\25",
        r"a\256.test",
        r"a\2x5.test",
        r"a..\.b",
        r"a\.b c.test",
        long.as_str(),
    ] {
        assert!(text.parse::<DnsName>().is_err(), "{text}");
    }
}
