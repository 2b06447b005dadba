//! Addresses and hosts as people paste them.

use super::*;

#[test]
fn parses_addresses_in_all_spellings() {
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
fn rejects_legacy_spellings_with_a_suggestion() {
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
        "expected an IPv4 or IPv6 address"
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
fn reverse_names_round_trip() {
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
fn a_name_in_place_of_an_address_suggests_reverse() {
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
fn parses_legacy_spellings_like_inet_aton() {
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
fn a_bad_prefix_length_is_an_error_of_every_target() {
    let message = "prefix length must be 0–32, got `33`";
    let address = "192.0.2.1/33".parse::<Address>().expect_err("a network");
    assert_eq!(address.message, message);
    let domain = "192.0.2.1/33".parse::<Domain>().expect_err("a network");
    assert_eq!(domain.message, message);
    for text in [
        "192.0.2.1/32",
        "192.0.2.1",
        "a.test/33",
        "0/26.2.0.192.in-addr.arpa",
    ] {
        assert_eq!(bad_prefix_length(text).map(|invalid| invalid.message), None);
    }
}

#[test]
fn rejects_networks_and_ports_as_hosts() {
    for (text, message, value) in [
        (
            "192.0.2.0/24",
            "expected a single address, got the network 192.0.2.0/24",
            "192.0.2.0",
        ),
        (
            "2001:db8::/32",
            "expected a single address, got the network 2001:db8::/32",
            "2001:db8::",
        ),
        (
            "192.0.2.1:53",
            "expected an address without a port",
            "192.0.2.1",
        ),
        (
            "1.1.1.1/33",
            "prefix length must be 0–32, got `33`",
            "1.1.1.1",
        ),
        (
            "1.1.1.1/099",
            "prefix length must be 0–32, got `099`",
            "1.1.1.1",
        ),
        (
            "2001:db8::/129",
            "prefix length must be 0–128, got `129`",
            "2001:db8::",
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
fn rejects_partial_and_malformed_reverse_names() {
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
fn hosts_round_trip_through_json() {
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
fn an_error_about_a_zone_id_truncates_and_cleans_it() {
    let invalid = format!("fe80::1%{}", "z".repeat(100))
        .parse::<Host>()
        .expect_err("a zone");
    assert_eq!(
        invalid.message,
        format!(
            "the zone ID `%{}` is only valid on its own machine",
            "z".repeat(16)
        )
    );
    assert_eq!(shorten("a\u{7}b"), "ab");
}
