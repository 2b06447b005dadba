use super::*;
use crate::commands::{
    address::geo::tests::{known, unknown},
    testing::{field, head, shown},
};
use crate::testing::read_back::ReadBack;

fn about(place: Place) -> AddressInfo {
    AddressInfo {
        place,
        names: Vec::new(),
        registration: None,
        missing: Vec::new(),
    }
}

fn registered(name: Option<&str>, organization: Option<&str>) -> Option<Summary> {
    Some(Summary {
        cidr: vec!["192.0.2.0/25".into(), "192.0.2.128/25".into()],
        name: name.map(str::to_owned),
        organization: organization.map(str::to_owned),
        country: Some("DE".into()),
        server: "rdap.example".into(),
    })
}

fn data(first: AddressInfo, more: Vec<AddressInfo>) -> Data {
    let addresses = std::iter::once(first).chain(more).collect();
    Data::of("192.0.2.1".into(), addresses)
}

#[test]
fn shows_all_data() {
    let mut about = about(known("192.0.2.1"));
    about.names = vec!["a.example.test".into(), "b.example.test".into()];
    about.registration = registered(Some("EXAMPLE-NET"), Some("Example GmbH"));
    insta::assert_snapshot!(shown(&data(about, vec![]).present_checked()), @r#"
    # About 192.0.2.1
    · Frankfurt, Hesse, Germany; AS64496 Example Net
    Address: 192.0.2.1 (address)
    Class: global
    Country: Germany (DE)
    Region: Hesse (exact)
    City: Frankfurt (exact)
    Postal code: 60311 (exact)
    Position: 50.1155, 8.6842, within 20 km
    Time zone: Europe/Berlin (exact)
    Network: AS64496 Example Net (exact)
    Block: 192.0.2.0/24 (address)
    Names: a.example.test / b.example.test (domain)
    Registered as: EXAMPLE-NET, Example GmbH, DE (exact)
    Registered block: 192.0.2.0/25, 192.0.2.128/25 (address)
    Data: Cities of 2026-01-02, Networks of unknown date. Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0). (aside)
    "#);
}

#[test]
fn each_address_of_a_host_has_a_section() {
    let mut second = about(unknown("2001:db8::1"));
    second.names = vec!["v6.example.test".into()];
    let document = data(about(known("192.0.2.1")), vec![second]).present_checked();
    let headings: Vec<_> = document
        .blocks
        .iter()
        .filter_map(|block| match block {
            netvane_document::Block::Heading { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(headings, ["192.0.2.1", "2001:db8::1"]);
    assert_eq!(
        head(&document).0,
        "2 addresses: Frankfurt, Hesse, Germany; AS64496 Example Net · No location data for this address"
    );
}

#[test]
fn failed_lookups_are_notes_and_keep_the_severity() {
    let mut about = about(known("192.0.2.1"));
    about.missing = vec![
        "Names: lookup failed: timeout".into(),
        "Registration: lookup failed: x".into(),
    ];
    let document = data(about.clone(), vec![about]).present_checked();
    assert_eq!(
        document.warnings,
        [
            "Names: lookup failed: timeout",
            "Registration: lookup failed: x"
        ],
        "once for both addresses"
    );
    assert_eq!(document.severity, Severity::Neutral);
}

#[test]
fn registration_joins_the_known_parts() {
    for (name, organization, expected) in [
        (Some("NET"), Some("Org"), "NET, Org, DE"),
        (None, Some("Org"), "Org, DE"),
        (None, None, "DE"),
    ] {
        let mut about = about(unknown("192.0.2.1"));
        about.registration = registered(name, organization);
        let document = data(about, vec![]).present_checked();
        assert_eq!(field(&document, "Registered as"), Some(expected));
        assert_eq!(
            field(&document, "Registered block"),
            Some("192.0.2.0/25, 192.0.2.128/25")
        );
    }
}

#[test]
fn json_has_the_first_address_at_the_top_level() {
    let json = serde_json::to_value(data(
        about(known("192.0.2.1")),
        vec![about(unknown("192.0.2.2"))],
    ))
    .expect("JSON");
    assert_eq!(json["address"], "192.0.2.1");
    assert_eq!(json["more"][0]["address"], "192.0.2.2");
    assert!(json.get("missing").is_none());
    assert_eq!(
        data(about(known("192.0.2.1")), vec![]).lifetime(),
        Duration::from_secs(300)
    );
}

#[test]
fn equal_addresses_are_described_once() {
    let all = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|address| about(known(address)));
    let document = Data::of("host.test".into(), all.to_vec()).present_checked();
    assert_eq!(
        head(&document).0,
        "3 addresses: Frankfurt, Hesse, Germany; AS64496 Example Net"
    );
}

#[test]
fn the_headline_uses_the_registry_where_the_database_has_nothing() {
    let headline = |registration| {
        let mut about = about(unknown("2001:db8::1"));
        about.registration = registration;
        data(about, vec![]).present_checked().summary
    };
    assert_eq!(headline(None), "No location data for this address");
    assert_eq!(
        headline(registered(Some("NET"), Some("Example GmbH"))),
        "Registered to Example GmbH, DE"
    );
    assert_eq!(
        headline(registered(Some("NET"), None)),
        "Registered to NET, DE"
    );
}

#[test]
fn a_name_without_an_address_is_a_bad_reply() {
    let none = netvane_net::dns::NoAddress {
        rcode: "NOERROR".into(),
        version: None,
    };
    let data = Data {
        query: "a.test".into(),
        first: Located::Nowhere(none.into()),
        more: Vec::new(),
    };
    assert_eq!(
        head(&data.present_checked()),
        ("a.test has no address", Severity::Bad)
    );
    assert_eq!(data.lifetime(), Duration::ZERO);
    let json = serde_json::to_value(data).expect("JSON");
    let expected = serde_json::json!({ "query": "a.test", "address": null, "rcode": "NOERROR" });
    assert_eq!(json, expected);
}
