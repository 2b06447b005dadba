use netvane_document::{Answer, Severity};
use serde_json::{Value, json};

use super::*;

fn data(text: &str) -> Data {
    match text.parse().expect(text) {
        NetworkQuery::Network(written) => Data::of_network(written),
        NetworkQuery::Range(first, last) => Data::of_range(first, last),
    }
}

fn value(text: &str) -> Value {
    serde_json::to_value(data(text)).expect("JSON")
}

#[test]
fn an_ipv4_network_has_masks_hosts_and_halves() {
    assert_eq!(
        value("192.0.2.64/26"),
        json!({
            "network": "192.0.2.64/26", "version": 4, "first": "192.0.2.64", "last": "192.0.2.127",
            "netmask": "255.255.255.192", "wildcard": "0.0.0.63", "addresses": 64, "usable": 62,
            "scope": "documentation", "parent": "192.0.2.0/25", "halves": ["192.0.2.64/27", "192.0.2.96/27"],
        })
    );
}

#[test]
fn the_numbers_hold_for_every_size() {
    for (network, addresses, usable) in [
        ("192.0.2.1/32", json!(1), json!(1)),
        ("192.0.2.0/31", json!(2), json!(2)),
        ("192.0.2.0/30", json!(4), json!(2)),
        (
            "0.0.0.0/0",
            json!(4_294_967_296_u64),
            json!(4_294_967_294_u64),
        ),
        ("::1/128", json!(1), json!(1)),
        ("2001:db8::/127", json!(2), json!(2)),
        (
            "2001:db8::/75",
            json!(9_007_199_254_740_992_u64),
            json!(9_007_199_254_740_992_u64),
        ),
        (
            "2001:db8::/74",
            json!("18014398509481984"),
            json!("18014398509481984"),
        ),
        (
            "2001:db8::/64",
            json!("18446744073709551616"),
            json!("18446744073709551616"),
        ),
        (
            "::/0",
            json!("340282366920938463463374607431768211456"),
            json!("340282366920938463463374607431768211456"),
        ),
    ] {
        let value = value(network);
        assert_eq!(
            (&value["addresses"], &value["usable"]),
            (&addresses, &usable),
            "{network}"
        );
    }
}

#[test]
fn the_largest_and_the_smallest_network_have_an_end() {
    for (network, halves) in [
        ("0.0.0.0/0", json!(["0.0.0.0/1", "128.0.0.0/1"])),
        ("::/0", json!(["::/1", "8000::/1"])),
    ] {
        let value = value(network);
        assert_eq!(
            (&value["parent"], &value["halves"], &value["scope"]),
            (&Value::Null, &halves, &Value::Null)
        );
    }
    for network in ["192.0.2.1/32", "2001:db8::1/128"] {
        assert_eq!(value(network)["halves"], json!([]), "{network}");
    }
    let v6 = value("2001:db8::/32");
    assert_eq!(
        (&v6["netmask"], &v6["wildcard"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn host_bits_are_a_warning() {
    let document = data("192.0.2.77/26").present();
    assert_eq!(document.severity, Severity::Warning);
    assert_eq!(
        document.warnings,
        ["192.0.2.77 is not the first address of the network: write 192.0.2.64/26"]
    );
    assert_eq!(value("192.0.2.77/26")["network"], "192.0.2.64/26");
    assert_eq!(data("192.0.2.64/26").present().severity, Severity::Neutral);
}

#[test]
fn a_range_is_covered_by_the_fewest_networks() {
    let range = value("192.0.2.10-192.0.2.20");
    assert_eq!(
        range["cidrs"],
        json!([
            "192.0.2.10/31",
            "192.0.2.12/30",
            "192.0.2.16/30",
            "192.0.2.20/32"
        ])
    );
    assert_eq!(
        (&range["network"], &range["addresses"]),
        (&Value::Null, &json!(11))
    );
    assert_eq!(range["scope"], "documentation");

    for (range, network) in [
        ("192.0.2.0-192.0.2.255", "192.0.2.0/24"),
        ("0.0.0.0-255.255.255.255", "0.0.0.0/0"),
        ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0"),
        ("2001:db8::1-2001:db8::1", "2001:db8::1/128"),
    ] {
        let value = value(range);
        assert_eq!(
            (&value["network"], &value["cidrs"]),
            (&json!(network), &json!([network])),
            "{range}"
        );
    }
}

/// The worst case of a range: all but the first and the last address.
#[test]
fn the_networks_of_a_range_are_few() {
    for (range, number) in [
        ("0.0.0.1-255.255.255.254", 62),
        ("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 254),
    ] {
        assert_eq!(
            data(range).cidrs.map(|cidrs| cidrs.len()),
            Some(number),
            "{range}"
        );
    }
}
