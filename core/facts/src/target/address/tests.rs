//! Addresses and hosts in the spellings that people paste.

use super::*;

#[test]
fn addresses_in_all_spellings() {
    for (text, address) in [
        ("192.0.2.1", "192.0.2.1"),
        ("1[.]1[.]1[.]1", "1.1.1.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:DB8:0::0:1", "2001:db8::1"),
        ("https://192.0.2.1:8443/x", "192.0.2.1"),
        ("1.2.0.192.in-addr.arpa.", "192.0.2.1"),
    ] {
        assert_eq!(
            text.parse::<Address>().map(|a| a.to_string()).as_deref(),
            Ok(address),
            "{text}"
        );
    }
}

#[test]
fn legacy_spellings_are_refused_with_the_plain_one() {
    for (text, plain) in [
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("010.0.0.1", "8.0.0.1"),
    ] {
        let invalid = text.parse::<Host>().expect_err(text);
        assert_eq!(invalid.value.as_deref(), Some(plain), "{text}");
    }
    assert_eq!(
        "999.1.1.1".parse::<Host>().expect_err("octet").message,
        "this is not an IPv4 or IPv6 address"
    );
    assert!(
        "fe80::1%eth0"
            .parse::<Host>()
            .expect_err("zone")
            .message
            .contains("%eth0")
    );
}

#[test]
fn reverse_names_there_and_back() {
    for address in ["192.0.2.1", "2001:db8::567:89ab"] {
        let address: IpAddr = address.parse().expect("address");
        assert_eq!(from_reverse_name(&reverse_name(address)), Some(address));
    }
    assert_eq!(
        reverse_name("192.0.2.1".parse().expect("v4")),
        "1.2.0.192.in-addr.arpa"
    );
    assert!(reverse_name("2001:db8::1".parse().expect("v6")).starts_with("1.0.0.0."));
}

#[test]
fn a_name_where_an_address_is_wanted() {
    assert_eq!(
        "example.com"
            .parse::<Address>()
            .expect_err("name")
            .command
            .as_deref(),
        Some("/reverse example.com")
    );
}

#[test]
fn what_inet_aton_reads_is_known_and_refused() {
    for (text, expected) in [
        ("0", Some(0)),
        ("4294967295", Some(u32::MAX)),
        ("4294967296", None),
        ("1.16777215", Some(0x01ff_ffff)),
        ("1.16777216", None),
        ("1.2.65535", Some(0x0102_ffff)),
        ("1.2.65536", None),
        ("256.1", None),
        ("1.2.3.4.5", None),
        ("0x7f000001", Some(0x7f00_0001)),
        ("0X7F.0x1", Some(0x7f00_0001)),
        ("0177.1", Some(0x7f00_0001)),
        ("08.1", None),
        ("0x", None),
        ("1..2", None),
        ("", None),
        ("a", None),
    ] {
        assert_eq!(legacy_ipv4(text), expected, "{text}");
    }
}

#[test]
fn a_network_or_a_port_is_told_from_a_host() {
    for (text, message, value) in [
        (
            "192.0.2.0/24",
            "192.0.2.0/24 is a network; one address is wanted here",
            "192.0.2.0",
        ),
        (
            "2001:db8::/32",
            "2001:db8::/32 is a network; one address is wanted here",
            "2001:db8::",
        ),
        (
            "192.0.2.1:53",
            "an address without a port is wanted here",
            "192.0.2.1",
        ),
    ] {
        let invalid = text.parse::<Host>().expect_err(text);
        assert_eq!(
            (invalid.message.as_str(), invalid.value.as_deref()),
            (message, Some(value)),
            "{text}"
        );
    }
}

#[test]
fn names_of_addresses_are_read_whole_or_not_at_all() {
    let v6 = reverse_name("2001:db8::567:89ab".parse().expect("v6"));

    assert_eq!(
        v6,
        "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
    );
    assert_eq!(
        from_reverse_name(&v6.to_uppercase())
            .map(|a| a.to_string())
            .as_deref(),
        Some("2001:db8::567:89ab")
    );

    for text in [
        "2.0.192.in-addr.arpa",
        "1.1.2.0.192.in-addr.arpa",
        "256.2.0.192.in-addr.arpa",
        "0.2.ip6.arpa",
        &v6[2..],
        &v6.replacen('b', "bb", 1),
        &v6.replacen('b', "g", 1),
        "in-addr.arpa",
        "",
    ] {
        assert_eq!(from_reverse_name(text), None, "{text}");
    }
}

#[test]
fn hosts_read_back_from_json() {
    for text in [
        "192.0.2.1",
        "2001:db8::1",
        "example.com",
        "xn--bcher-kva.example",
    ] {
        let host: Host = text.parse().expect(text);
        let json = serde_json::to_string(&host).expect("JSON");
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<Host>(&json).expect(text), host);
    }
    assert!(serde_json::from_str::<Host>("7").is_err());
    let error = serde_json::from_str::<Host>("\"127.1\"")
        .expect_err("legacy")
        .to_string();
    assert_eq!(
        Invalid::from_serde(error.split(" at line").next().unwrap_or_default())
            .value
            .as_deref(),
        Some("127.0.0.1")
    );
}

#[test]
fn a_zone_is_shown_short_and_clean() {
    let invalid = format!("fe80::1%{}", "z".repeat(100))
        .parse::<Host>()
        .expect_err("a zone");
    assert_eq!(
        invalid.message,
        format!(
            "the zone `%{}` means something only on its own machine",
            "z".repeat(16)
        )
    );
    assert_eq!(shorten("a\u{7}b"), "ab");
}
