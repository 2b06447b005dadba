//! Routes of single probes: summary, rows and data.

use netvane_document::Severity;
use netvane_facts::geo::ATTRIBUTION;

use super::{data, hop, probe, refused};
use crate::commands::{
    reach::trace::*,
    testing::{field, head, rows, shown},
};
use crate::testing::read_back::ReadBack;

#[test]
fn summary_describes_the_end_of_the_route() {
    let answering = || hop(1, vec![probe("192.0.2.1", 1.0)]);
    let silent = |ttl| hop(ttl, vec![None, None, None]);

    for (hops, reached, summary, severity) in [
        (
            vec![answering()],
            true,
            "Reached after 1 hop",
            Severity::Good,
        ),
        (
            vec![
                answering(),
                silent(2),
                hop(3, vec![probe("192.0.2.9", 9.0)]),
            ],
            true,
            "Reached after 3 hops",
            Severity::Good,
        ),
        (
            vec![answering(), silent(2), silent(3)],
            false,
            "Not reached: no reply after hop 1",
            Severity::Warning,
        ),
        (
            vec![silent(1)],
            false,
            "Not reached: no replies",
            Severity::Bad,
        ),
        (vec![], false, "Not reached: no replies", Severity::Bad),
        (
            vec![answering(), hop(2, vec![None, refused("192.0.2.2")])],
            false,
            "Not reached: administratively prohibited at hop 2",
            Severity::Bad,
        ),
    ] {
        assert_eq!(
            head(&data(hops, reached).present_checked()),
            (summary, severity)
        );
    }
}

#[test]
fn progress_counts_hops() {
    let mut data = data(vec![hop(1, vec![None])], false);
    data.in_progress = true;
    assert_eq!(
        head(&data.present_checked()),
        ("1 hop so far", Severity::Neutral)
    );
}

#[test]
fn each_hop_is_one_row() {
    let mut several = hop(
        2,
        vec![
            probe("192.0.2.2", 1.25),
            probe("192.0.2.3", 2.0),
            probe("192.0.2.2", 3.0),
        ],
    );

    several.name = Some("a.example.test".into());
    (several.asn, several.country) = (Some(64496), Some("DE".into()));
    let mut country = hop(3, vec![None, refused("2001:db8::3")]);
    country.country = Some("FR".into());
    let mut network = hop(4, vec![probe("192.0.2.4", 0.04)]);
    network.asn = Some(1);

    let hops = vec![hop(1, vec![None, None]), several, country, network];

    assert_eq!(
        rows(&data(hops, true).present_checked()),
        [
            "1 |  (address) | no reply (aside) |  | *  *",
            "2 | 192.0.2.2 / 192.0.2.3 (address) | a.example.test (domain) | AS64496, DE | 1.25  2.00  3.00",
            "3 | 2001:db8::3 (address) |  | FR | *  7.00 !X",
            "4 | 192.0.2.4 (address) |  | AS1 | 0.040",
        ]
    );
}

#[test]
fn names_data_sources_only_with_networks_or_countries() {
    let mut hops = vec![hop(1, vec![probe("192.0.2.1", 1.0)])];
    assert_eq!(
        field(&data(hops.clone(), true).present_checked(), "Data sources"),
        None
    );
    hops[0].asn = Some(64496);
    assert_eq!(
        field(&data(hops, true).present_checked(), "Data sources"),
        Some(ATTRIBUTION)
    );
}

#[test]
fn links_to_the_publisher_of_a_database_that_requires_it() {
    let mut located = hop(1, vec![probe("192.0.2.1", 1.0)]);
    located.country = Some("DE".into());
    let trace = Data {
        databases: [DatabaseInfo {
            name: "DBIP-City-Lite".into(),
            built: None,
        }]
        .into(),
        ..data(vec![located], true)
    };
    let text = shown(&trace.present_checked());
    assert!(
        text.contains("IP Geolocation by DB-IP <https://db-ip.com>"),
        "{text}"
    );
}

#[test]
fn shows_path_mtu_and_probe_method() {
    for (method, warnings) in [
        (None, vec![]),
        (Some(Method::Udp), vec![]),
        (
            Some(Method::Icmp),
            vec!["The target does not reply to UDP probes; used ICMP"],
        ),
        (
            Some(Method::Tcp),
            vec!["The target does not reply to UDP probes; used TCP"],
        ),
    ] {
        let mut data = data(vec![hop(1, vec![probe("192.0.2.9", 1.0)])], true);
        data.method = method;
        let document = data.present_checked();
        assert_eq!(document.warnings, warnings);
        assert_eq!(document.severity, Severity::Good);
        assert_eq!(field(&document, "Path MTU"), None);
    }

    let mut narrow = data(vec![hop(1, vec![probe("192.0.2.9", 1.0)])], true);
    narrow.path_mtu = Some(1400);
    insta::assert_snapshot!(shown(&narrow.present_checked()), @r#"
    # Route to host.example.test
    ✓ Reached after 1 hop
    [Hop | Address | Name | Network | RTT (ms)]
    1 | 192.0.2.9 (address) |  |  | 1.00
    Target: 192.0.2.9 (address)
    Path MTU: 1400 bytes
    "#);
}

#[test]
fn json_has_null_for_lost_probes_and_omits_defaults() {
    let json = serde_json::to_value(data(
        vec![hop(
            1,
            vec![None, probe("192.0.2.1", 1.5), refused("192.0.2.1")],
        )],
        false,
    ))
    .expect("JSON");
    assert_eq!(
        json["hops"][0]["probes"],
        serde_json::json!([
            null,
            {"address": "192.0.2.1", "rtt_ms": 1.5},
            {"address": "192.0.2.1", "rtt_ms": 7.0, "mark": "!X", "note": "administratively prohibited"},
        ])
    );
    assert!(json.get("path_mtu").is_none() && json.get("in_progress").is_none());
}

#[test]
fn a_name_without_an_address_is_a_bad_reply() {
    let none = netvane_net::dns::NoAddress {
        rcode: "NOERROR".into(),
        version: Some(IpVersion::V6),
    };
    let data = Data::without_address("a.test".into(), none);
    assert_eq!(
        head(&data.present_checked()),
        ("a.test has no IPv6 address", Severity::Bad)
    );
    let json = serde_json::to_value(data).expect("JSON");
    assert_eq!(json["address"], serde_json::Value::Null);
    assert_eq!(
        (&json["rcode"], &json["ipv"]),
        (&"NOERROR".into(), &"6".into())
    );
}
