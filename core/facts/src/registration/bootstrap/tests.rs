use super::*;

fn sample() -> Bootstrap {
    let file = |services: &str| {
        format!(
            r#"{{"version":"1.0","publication":"2026-01-01T00:00:00Z","services":[{services}]}}"#
        )
    };
    Bootstrap::parse(
            &file(r#"[["test","xn--p1ai"],["http://rdap.test","https://rdap.test"]],[["co.test"],["https://co.example/"]]"#),
            &file(r#"[["192.0.0.0/8"],["https://big.example/"]],[["192.0.2.0/24"],["https://small.example/"]]"#),
            &file(r#"[["2001:db8::/32"],["https://six.example/"]]"#),
            &file(r#"[["64496-64511","65536"],["https://as.example/"]]"#),
        )
        .expect("the sample is valid")
}

#[test]
fn the_longest_entry_wins() {
    let b = sample();

    for (kind, query, expected) in [
        (
            Kind::Domain,
            "www.Example.TEST.",
            vec!["https://rdap.test/", "http://rdap.test/"],
        ),
        (Kind::Domain, "example.co.test", vec!["https://co.example/"]),
        (Kind::Domain, "example.invalid", vec![]),
        (
            Kind::Domain,
            "9.2.0.192.in-addr.arpa",
            vec!["https://small.example/"],
        ),
        (Kind::Ip, "192.0.2.1", vec!["https://small.example/"]),
        (Kind::Network, "192.0.2.0/23", vec!["https://big.example/"]),
        (Kind::Ip, "2001:db8::1", vec!["https://six.example/"]),
        (Kind::Asn, "AS64500", vec!["https://as.example/"]),
        (Kind::Asn, "65536", vec!["https://as.example/"]),
        (Kind::Asn, "65537", vec![]),
        (Kind::Ip, "not an address", vec![]),
    ] {
        assert_eq!(b.lookup(kind, query), expected, "{query}");
    }

    assert_eq!(b.published(), Some("2026-01-01T00:00:00Z"));
    assert!(Bootstrap::parse("{", "", "", "").is_err());
}

/// Bootstrap data with the given services for names.
fn names(services: &str) -> Bootstrap {
    let file = format!(r#"{{"services":[{services}]}}"#);
    let empty = r#"{"services":[]}"#;
    Bootstrap::parse(&file, empty, empty, empty).expect("a file")
}

#[test]
fn only_http_urls_are_servers() {
    let b = names(r#"[["test"],["ftp://a.test/","rdap.test","http://b.test"]]"#);
    assert_eq!(b.lookup(Kind::Domain, "x.test"), ["http://b.test/"]);
    let b = names(r#"[["test"],["ftp://a.test/"]]"#);
    assert!(b.lookup(Kind::Domain, "x.test").is_empty());
    // Contacts may precede the entries.
    let b = names(r#"[["mail@a.test"],["test"],["https://a.test/"]]"#);
    assert_eq!(b.lookup(Kind::Domain, "x.test"), ["https://a.test/"]);
    assert!(
        names(r#"[["test"]],[]"#)
            .lookup(Kind::Domain, "x.test")
            .is_empty()
    );
    assert_eq!(b.published(), None);
}

#[test]
fn reverse_zones_map_to_addresses() {
    for (name, expected) in [
        ("1.2.0.192.in-addr.arpa", Some("192.0.2.1")),
        ("2.0.192.in-addr.arpa", Some("192.0.2.0")),
        ("192.in-addr.arpa", Some("192.0.0.0")),
        ("256.in-addr.arpa", None),
        ("x.in-addr.arpa", None),
        ("1.1.2.0.192.in-addr.arpa", None),
        (".in-addr.arpa", None),
        ("in-addr.arpa", None),
        ("example.test", None),
    ] {
        let expected = expected.map(|text| text.parse().expect("an address"));
        assert_eq!(reverse_zone_address(name), expected, "{name}");
    }
}

#[test]
fn as_numbers_are_found_with_and_without_prefix() {
    let b = sample();
    for (query, listed) in [
        ("64496", true),
        ("as64511", true),
        (" AS64496 ", true),
        ("64495", false),
        ("64512", false),
        ("AS", false),
        ("-1", false),
        ("4294967296", false),
        ("", false),
        ("é", false),
    ] {
        assert_eq!(!b.lookup(Kind::Asn, query).is_empty(), listed, "{query}");
    }
}

#[test]
fn malformed_files_fail_and_empty_ones_do_not() {
    let empty = r#"{"services":[]}"#;
    for bad in [
        "",
        "[]",
        "{}",
        r#"{"services":3}"#,
        r#"{"services":[["a"]]}"#,
    ] {
        assert!(Bootstrap::parse(empty, empty, empty, bad).is_err(), "{bad}");
    }
    let b = Bootstrap::parse(empty, empty, empty, empty).expect("empty files");
    for kind in [Kind::Domain, Kind::Ip, Kind::Network, Kind::Asn] {
        assert!(b.lookup(kind, "192.0.2.1").is_empty());
    }
}

#[test]
fn a_file_is_checked_for_its_kind_of_objects() {
    let file = |date: &str, entry: &str| {
        format!(r#"{{"publication":"{date}","services":[[["{entry}"],["https://r.test/"]]]}}"#)
    };
    let date = "2026-11-01T00:00:00Z";

    for (which, entry, wrong) in [
        (BootstrapFile::Ipv4, "192.0.2.0/24", "2001:db8::/32"),
        (BootstrapFile::Ipv6, "2001:db8::/32", "192.0.2.0/24"),
        (BootstrapFile::AsNumbers, "64496-64511", "test"),
    ] {
        let published = which.publication(&file(date, entry)).expect("valid");
        assert_eq!(published.to_string(), date);
        assert!(matches!(
            which.publication(&file(date, wrong)),
            Err(BootstrapError::Empty(_))
        ));
    }

    let names = BootstrapFile::Names;
    assert!(names.publication(&file(date, "test")).is_ok());
    for bad_date in ["", "yesterday", "2026-11"] {
        assert!(matches!(
            names.publication(&file(bad_date, "test")),
            Err(BootstrapError::Date)
        ));
    }
    assert!(matches!(
        names.publication(r#"{"publication":"2026-11-01T00:00:00Z","services":[]}"#),
        Err(BootstrapError::Empty("names"))
    ));
    for bad in ["", "<html>", "[]", r#"{"services":[["a"]]}"#] {
        assert!(matches!(
            names.publication(bad),
            Err(BootstrapError::Format(_))
        ));
    }
}
