//! Address blocks as the regional registries write them.

use serde_json::json;

use super::*;

fn of(query: &str, object: Value) -> Option<Network> {
    network(Kind::Ip, query, &object)
}

#[test]
fn rejects_blocks_that_do_not_match_the_query() {
    let object =
        |start: &str, end: &str| json!({"startAddress": start, "endAddress": end, "name": "X"});

    for (query, start, end, fits) in [
        ("192.0.2.1", "192.0.2.0", "192.0.2.255", true),
        ("192.0.2.0/24", "192.0.2.0", "192.0.2.63", true),
        ("192.0.2.1", "192.0.2.0/24", "192.0.2.255/24", true),
        ("192.0.2.1", " 192.0.2.0 ", "192.0.2.255", true),
        ("anything", "192.0.2.0", "192.0.2.255", true),
        ("192.0.2.1", "198.51.100.0", "198.51.100.255", false),
        ("192.0.2.1", "0.0.0.0", "255.255.255.255", false),
        ("192.0.2.1", "2001:db8::", "2001:db8::ffff", false),
        ("2001:db8::1", "2001:db8::", "2001:db8::ffff", true),
        (
            "2001:db8::1",
            "::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            false,
        ),
        ("192.0.2.1", "192.0.2.255", "192.0.2.0", false),
        ("192.0.2.1", "", "192.0.2.255", false),
        ("192.0.2.1", "x", "y", false),
    ] {
        assert_eq!(
            of(query, object(start, end)).is_some(),
            fits,
            "{query} in {start}-{end}"
        );
    }

    assert_eq!(
        of("192.0.2.1", json!({"startAddress": 1, "endAddress": null})),
        None
    );
}

#[test]
fn prefixes_come_from_the_extension_or_the_range() {
    let block = |cidrs: Value| {
        let object =
            json!({"startAddress": "192.0.2.0", "endAddress": "192.0.2.255", "cidr0_cidrs": cidrs});
        of("192.0.2.1", object).expect("a block").cidr
    };
    assert_eq!(
        block(
            json!([{"v4prefix": "192.0.2.0", "length": 25}, {"v4prefix": "192.0.2.128", "length": "25"}])
        ),
        ["192.0.2.0/25", "192.0.2.128/25"]
    );
    for cidrs in [
        json!(null),
        json!([]),
        json!([{}]),
        json!([{"v4prefix": "x", "length": 24}]),
        json!([{"v4prefix": "192.0.2.0", "length": 99}]),
    ] {
        assert_eq!(block(cidrs.clone()), ["192.0.2.0/24"], "{cidrs}");
    }
}

#[test]
fn reads_the_origin_from_three_extensions() {
    for (object, expected) in [
        (
            json!({"arin_originas0_originautnums": [64500, 64501]}),
            Some(64500),
        ),
        (json!({"lacnic_originAutnum": ["AS64500"]}), Some(64500)),
        (json!({"nicbr_autnum": 64500}), Some(64500)),
        (json!({"nicbr_autnum": "64500"}), Some(64500)),
        (json!({"nicbr_autnum": 0}), None),
        (json!({"nicbr_autnum": 4_294_967_296_u64}), None),
        (json!({"nicbr_autnum": -1}), None),
        (json!({"nicbr_autnum": "none"}), None),
        (json!({}), None),
    ] {
        assert_eq!(origin(&object), expected, "{object}");
    }
}

#[test]
fn the_description_has_the_holder_at_apnic_and_afrinic_only() {
    let object = |server: &str, title: &str| {
        json!({"startAutnum": 64500, "port43": server, "remarks": [
            {"title": "remarks", "description": ["no"]}, {"title": title, "description": ["Sample Pty Ltd", "Street"]}]})
    };
    for (server, title, expected) in [
        ("whois.apnic.net", "description", Some("Sample Pty Ltd")),
        ("whois.afrinic.net", "Description", Some("Sample Pty Ltd")),
        ("whois.ripe.net", "description", None),
        ("whois.apnic.net", "note", None),
    ] {
        let found = network(Kind::Asn, "AS64500", &object(server, title)).expect("an AS");
        assert_eq!(found.organization.as_deref(), expected, "{server} {title}");
        assert_eq!((found.start, found.cidr.len()), (None, 0));
    }
}

#[test]
fn a_block_of_as_numbers_has_a_start_and_an_end() {
    let read = |query: &str, first: u64, last: u64| {
        let object = serde_json::json!({"startAutnum": first, "endAutnum": last, "name": "BLOCK"});
        network(Kind::Asn, query, &object).map(|found| (found.start, found.end))
    };
    let block = (Some("AS64496".to_owned()), Some("AS64511".to_owned()));
    assert_eq!(read("AS64500", 64496, 64511), Some(block));
    assert_eq!(read("AS64500", 64500, 64500), Some((None, None)));
    assert_eq!(read("AS64512", 64496, 64511), None, "another block");
    assert_eq!(read("AS64500", 0, u64::from(u32::MAX)), None, "all numbers");
}

#[test]
fn a_handle_or_the_name_of_the_block_is_no_holder() {
    let read = |entity: serde_json::Value| {
        let object = serde_json::json!({"startAddress": "192.0.2.0", "endAddress": "192.0.2.255", "name": "SAMPLE-NET", "entities": [entity]});
        network(Kind::Ip, "192.0.2.1", &object).and_then(|found| found.organization)
    };
    let entity = |handle: &str, name: &str| serde_json::json!({"handle": handle, "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", name], ["kind", {}, "text", "org"]]]});
    assert_eq!(read(entity("ORG-S1-RIPE", "ORG-S1-RIPE")), None);
    assert_eq!(read(entity("X", "SAMPLE-MNT")), None);
    assert_eq!(read(entity("X", "SAMPLE-NET")), None);
    assert_eq!(
        read(entity("X", "Sample B.V.\nStreet 1\nTown")).as_deref(),
        Some("Sample B.V.")
    );
    assert_eq!(
        read(entity("X", "Sample Inc., 1 Main Street, Town")).as_deref(),
        Some("Sample Inc.")
    );
}
