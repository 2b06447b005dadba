//! The table row by row, and compared with Python's `ipaddress`.

use super::*;

fn of(text: &str) -> (&'static str, bool, String) {
    let address = text.parse().expect(text);
    let scope = classify(address);
    (
        scope.kind.as_str(),
        is_global(address),
        scope.prefix.map(|net| net.to_string()).unwrap_or_default(),
    )
}

/// Address, kind, our [`is_global`], `ipaddress.ip_address(…).is_global` of Python 3.11, block.
#[rustfmt::skip]
const ROWS: &[(&str, &str, bool, bool, &str)] = &[
    ("0.0.0.0", "unspecified", false, false, "0.0.0.0/32"),
    ("0.1.2.3", "reserved", false, false, "0.0.0.0/8"),
    ("10.0.0.1", "private", false, false, "10.0.0.0/8"),
    ("100.64.0.1", "shared", false, false, "100.64.0.0/10"),
    ("100.128.0.0", "global", true, true, ""),
    ("127.0.0.1", "loopback", false, false, "127.0.0.0/8"),
    ("169.254.169.254", "link_local", false, false, "169.254.0.0/16"),
    ("172.15.255.255", "global", true, true, ""),
    ("172.31.255.255", "private", false, false, "172.16.0.0/12"),
    ("172.32.0.0", "global", true, true, ""),
    ("192.0.0.1", "protocol", false, false, "192.0.0.0/29"),
    ("192.0.0.8", "protocol", false, true, "192.0.0.8/32"),
    ("192.0.0.9", "protocol", true, true, "192.0.0.9/32"),
    ("192.0.0.10", "protocol", true, true, "192.0.0.10/32"),
    ("192.0.0.11", "protocol", false, true, "192.0.0.0/24"),
    ("192.0.0.170", "protocol", false, false, "192.0.0.170/31"),
    ("192.0.0.171", "protocol", false, false, "192.0.0.170/31"),
    ("192.0.2.1", "documentation", false, false, "192.0.2.0/24"),
    ("192.31.196.1", "global", true, true, "192.31.196.0/24"),
    ("192.52.193.1", "global", true, true, "192.52.193.0/24"),
    ("192.88.99.1", "transition", false, true, "192.88.99.0/24"),
    ("192.88.99.2", "transition", false, true, "192.88.99.2/32"),
    ("192.168.1.1", "private", false, false, "192.168.0.0/16"),
    ("192.175.48.1", "global", true, true, "192.175.48.0/24"),
    ("198.18.0.1", "benchmarking", false, false, "198.18.0.0/15"),
    ("198.20.0.0", "global", true, true, ""),
    ("198.51.100.1", "documentation", false, false, "198.51.100.0/24"),
    ("203.0.113.255", "documentation", false, false, "203.0.113.0/24"),
    ("224.0.0.251", "multicast", false, true, "224.0.0.0/4"),
    ("233.252.0.1", "documentation", false, true, "233.252.0.0/24"),
    ("239.255.255.255", "multicast", false, true, "224.0.0.0/4"),
    ("240.0.0.1", "reserved", false, false, "240.0.0.0/4"),
    ("255.255.255.255", "broadcast", false, false, "255.255.255.255/32"),
    ("8.8.8.8", "global", true, true, ""),
    ("1.1.1.1", "global", true, true, ""),
    ("::", "unspecified", false, false, "::/128"),
    ("::1", "loopback", false, false, "::1/128"),
    ("::2", "transition", false, true, "::/96"),
    ("::ffff:127.0.0.1", "loopback", false, false, "127.0.0.0/8"),
    ("::ffff:8.8.8.8", "global", true, true, ""),
    ("64:ff9b::808:808", "transition", true, true, "64:ff9b::/96"),
    ("64:ff9b::a00:1", "transition", false, true, "64:ff9b::/96"),
    ("64:ff9b:1::1", "transition", false, true, "64:ff9b:1::/48"),
    ("100::1", "discard", false, false, "100::/64"),
    ("100:0:0:1::1", "protocol", false, true, "100:0:0:1::/64"),
    ("100:0:0:2::1", "reserved", false, true, "::/3"),
    ("2001::1", "transition", false, false, "2001::/32"),
    ("2001:1::1", "protocol", true, false, "2001:1::1/128"),
    ("2001:1::2", "protocol", true, false, "2001:1::2/128"),
    ("2001:1::3", "protocol", true, false, "2001:1::3/128"),
    ("2001:1::4", "protocol", false, false, "2001::/23"),
    ("2001:2::1", "benchmarking", false, false, "2001:2::/48"),
    ("2001:3::1", "global", true, false, "2001:3::/32"),
    ("2001:4:112::1", "global", true, false, "2001:4:112::/48"),
    ("2001:4:113::1", "protocol", false, false, "2001::/23"),
    ("2001:10::1", "reserved", false, false, "2001:10::/28"),
    ("2001:20::1", "protocol", true, false, "2001:20::/28"),
    ("2001:30::1", "protocol", true, false, "2001:30::/28"),
    ("2001:40::1", "protocol", false, false, "2001::/23"),
    ("2001:200::1", "global", true, true, ""),
    ("2001:db8::1", "documentation", false, false, "2001:db8::/32"),
    ("2002:808:808::1", "transition", false, true, "2002::/16"),
    ("2002:a00:1::1", "transition", false, true, "2002::/16"),
    ("2620:4f:8000::1", "global", true, true, "2620:4f:8000::/48"),
    ("2606:4700::1111", "global", true, true, ""),
    ("3fff::1", "documentation", false, true, "3fff::/20"),
    ("3fff:1000::1", "global", true, true, ""),
    ("4000::1", "reserved", false, true, "4000::/2"),
    ("5f00::1", "protocol", false, true, "5f00::/16"),
    ("8000::1", "reserved", false, true, "8000::/1"),
    ("fc00::1", "unique_local", false, false, "fc00::/7"),
    ("fdff::1", "unique_local", false, false, "fc00::/7"),
    ("fe80::1", "link_local", false, false, "fe80::/10"),
    ("fec0::1", "unique_local", false, true, "fec0::/10"),
    ("ff02::1", "multicast", false, true, "ff00::/8"),
    ("ff0e::1", "multicast", false, true, "ff00::/8"),
    ("2a00:1450::5efe:10.0.0.1", "global", false, true, ""),
];

#[test]
fn classifies_one_address_of_every_row() {
    for &(address, kind, global, _, prefix) in ROWS {
        assert_eq!(of(address), (kind, global, prefix.to_owned()), "{address}");
    }
}

#[test]
fn differs_from_python_only_for_known_addresses() {
    let differ: Vec<_> = ROWS
        .iter()
        .filter(|row| row.2 != row.3)
        .map(|row| row.0)
        .collect();

    assert_eq!(
        differ,
        [
            "192.0.0.8",
            "192.0.0.11",
            "192.88.99.1",
            "192.88.99.2",
            "224.0.0.251",
            "233.252.0.1",
            "239.255.255.255",
            "::2",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100:0:0:1::1",
            "100:0:0:2::1",
            "2001:1::1",
            "2001:1::2",
            "2001:1::3",
            "2001:3::1",
            "2001:4:112::1",
            "2001:20::1",
            "2001:30::1",
            "2002:808:808::1",
            "2002:a00:1::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "8000::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
            "2a00:1450::5efe:10.0.0.1"
        ]
    );
}

#[test]
fn every_row_is_a_network_and_matches_its_own_addresses() {
    let v4 = V4
        .iter()
        .map(|row| (IpAddr::V4(Ipv4Addr::from_bits(row.0)), row.1));
    let v6 = V6
        .iter()
        .map(|row| (IpAddr::V6(Ipv6Addr::from_bits(row.0)), row.1));
    for (address, length) in v4.chain(v6) {
        let net = IpNet::new(address, length).expect("a prefix");
        assert_eq!(net.network(), address, "host bits in {net}");
        let found = classify(net.broadcast()).prefix.expect("a row");
        assert!(
            net.contains(&found) || found.contains(&net),
            "{net} found {found}"
        );
    }
}

#[test]
fn names_equal_their_json() {
    for kind in [
        Kind::LinkLocal,
        Kind::UniqueLocal,
        Kind::Global,
        Kind::Protocol,
    ] {
        assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.as_str());
    }
}

#[test]
fn finds_embedded_ipv4_addresses() {
    use Embedding::*;
    for (address, v4, how) in [
        ("::ffff:192.0.2.1", "192.0.2.1", Mapped),
        ("::192.0.2.1", "192.0.2.1", Compatible),
        ("64:ff9b::192.0.2.33", "192.0.2.33", Nat64),
        ("2002:c000:0204::1", "192.0.2.4", SixToFour),
        // RFC 4380's example of a Teredo client behind 192.0.2.45.
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45", Teredo),
        ("fe80::5efe:192.0.2.143", "192.0.2.143", Isatap),
        ("2001:db8::200:5efe:192.0.2.143", "192.0.2.143", Isatap),
    ] {
        let expected = Some((v4.parse().expect(v4), how));
        assert_eq!(
            embedded_v4(address.parse().expect(address)),
            expected,
            "{address}"
        );
    }

    for address in ["::", "::1", "2001:db8::1", "fe80::1", "64:ff9b:1::1"] {
        assert_eq!(
            embedded_v4(address.parse().expect(address)),
            None,
            "{address}"
        );
    }
}

#[test]
fn blocks_have_the_bounds_of_the_registries() {
    for (inside, outside) in [
        ("9.255.255.255", "10.0.0.0"),
        ("11.0.0.0", "10.255.255.255"),
        ("100.63.255.255", "100.64.0.0"),
        ("128.0.0.0", "127.255.255.255"),
        ("169.253.255.255", "169.254.0.0"),
        ("192.0.1.0", "192.0.0.255"),
        ("192.0.3.0", "192.0.2.255"),
        ("192.167.255.255", "192.168.0.0"),
        ("198.17.255.255", "198.18.0.0"),
        ("203.0.112.255", "203.0.113.0"),
        ("223.255.255.255", "224.0.0.0"),
        ("2000::", "1fff:ffff::"),
        ("2001:db7:ffff::", "2001:db8::"),
        ("2001:db9::", "2001:db8:ffff:ffff::"),
        ("2003::", "2002:ffff::"),
        ("3ffe:ffff::", "3fff::"),
    ] {
        assert_eq!(of(inside).0, "global", "{inside}");
        assert_ne!(of(outside).0, "global", "{outside}");
    }
}

#[test]
fn an_embedded_address_must_be_global_too() {
    for (address, global) in [
        ("64:ff9b::8.8.8.8", true),
        ("64:ff9b::127.0.0.1", false),
        ("64:ff9b::169.254.169.254", false),
        ("2001:db8::5efe:8.8.8.8", false),
        ("2a00:1450::5efe:8.8.8.8", true),
        ("2a00:1450::200:5efe:192.168.0.1", false),
        ("::ffff:10.0.0.1", false),
        ("::ffff:1.1.1.1", true),
    ] {
        assert_eq!(
            is_global(address.parse().expect(address)),
            global,
            "{address}"
        );
    }
}

#[test]
fn every_row_names_its_rfc() {
    let v4 = V4.iter().map(|row| (row.2, row.3, row.4, row.5));
    let v6 = V6.iter().map(|row| (row.2, row.3, row.4, row.5));
    for (kind, reachable, name, rfc) in v4.chain(v6) {
        assert!(!name.is_empty() && rfc.starts_with("RFC "), "{name}");
        let never = matches!(
            kind,
            Kind::Private
                | Kind::Loopback
                | Kind::LinkLocal
                | Kind::UniqueLocal
                | Kind::Shared
                | Kind::Reserved
                | Kind::Documentation
        );
        assert!(!(never && reachable), "{name}");
    }
}

#[test]
fn a_network_has_the_class_of_the_block_that_contains_it() {
    for (network, kind) in [
        ("10.1.0.0/16", Some(Kind::Private)),
        ("10.0.0.0/7", None),
        ("0.0.0.0/0", None),
        ("0.0.0.0/8", Some(Kind::Reserved)),
        ("224.0.0.0/4", Some(Kind::Multicast)),
        ("240.0.0.0/4", Some(Kind::Reserved)),
        ("233.252.0.0/25", Some(Kind::Documentation)),
        ("8.8.8.0/24", Some(Kind::Global)),
        ("192.175.0.0/16", Some(Kind::Global)),
        ("192.0.0.0/16", None),
        ("255.255.255.255/32", Some(Kind::Broadcast)),
        ("::/0", None),
        ("::1/128", Some(Kind::Loopback)),
        ("2001:db8:1::/48", Some(Kind::Documentation)),
        ("2600::/12", Some(Kind::Global)),
        ("2000::/3", None),
        ("fe80::/64", Some(Kind::LinkLocal)),
    ] {
        let found = classify_network(network.parse().expect(network));
        assert_eq!(found.map(|scope| scope.kind), kind, "{network}");
    }
}
