use super::*;
use crate::commands::testing::{field, head, rows, shown};
use crate::testing::read_back::ReadBack;

fn databases() -> Arc<[DatabaseInfo]> {
    let database = |name: &str, built: Option<&str>| DatabaseInfo {
        name: name.into(),
        built: built.map(str::to_owned),
    };
    [
        database("Cities", Some("2026-01-02T03:04:05Z")),
        database("Networks", None),
    ]
    .into()
}

/// A global address without any data.
pub(crate) fn unknown(address: &str) -> Place {
    Place {
        address: address.parse().expect("an address"),
        version: if address.contains(':') { 6 } else { 4 },
        scope: Kind::Global,
        special: None,
        embedded: None,
        country: None,
        region: None,
        city: None,
        postal: None,
        location: None,
        network: None,
        databases: databases(),
    }
}

/// A global address with all data.
pub(crate) fn known(address: &str) -> Place {
    Place {
        country: Some(Country {
            code: "DE".into(),
            name: Some("Germany".into()),
        }),
        region: Some("Hesse".into()),
        city: Some("Frankfurt".into()),
        postal: Some("60311".into()),
        location: Some(Location {
            latitude: Some(50.11552),
            longitude: Some(8.68417),
            accuracy_km: Some(20.0),
            time_zone: Some("Europe/Berlin".into()),
        }),
        network: Some(Network {
            cidr: "192.0.2.0/24".parse().ok(),
            asn: Some(64496),
            organization: Some("Example Net".into()),
        }),
        ..unknown(address)
    }
}

fn data(place: Place, more: Vec<Place>) -> Data {
    Data {
        query: "host.example.test".into(),
        place: Located::At(place),
        more,
    }
}

#[test]
fn shows_all_data() {
    let document = data(known("192.0.2.1"), vec![]).present_checked();
    insta::assert_snapshot!(shown(&document), @r#"
    # Location and network of host.example.test
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
    Data: Cities of 2026-01-02, Networks of unknown date. Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0). (aside)
    "#);
}

#[test]
fn omits_unknown_data() {
    let document = data(unknown("2001:db8::1"), vec![]).present_checked();
    insta::assert_snapshot!(shown(&document), @r#"
    # Location and network of host.example.test
    · No location data for this address
    Address: 2001:db8::1 (address)
    Class: global
    Data: Cities of 2026-01-02, Networks of unknown date. Country: IPFire Location (CC BY-SA 4.0). AS: RouteViews, NRO, DB-IP.com (CC BY 4.0). (aside)
    "#);
}

#[test]
fn place_and_holder_join_the_known_parts() {
    let all = known("192.0.2.1");
    assert_eq!(all.place().as_deref(), Some("Frankfurt, Hesse, Germany"));
    assert_eq!(all.holder().as_deref(), Some("AS64496 Example Net"));

    let code_only = Place {
        country: Some(Country {
            code: "XK".into(),
            name: None,
        }),
        ..unknown("192.0.2.1")
    };

    assert_eq!(code_only.place().as_deref(), Some("XK"));
    assert_eq!(code_only.holder(), None);

    for (asn, organization, holder) in [
        (Some(4_294_967_295), None, Some("AS4294967295")),
        (None, Some("Example"), Some("Example")),
        (None, None, None),
    ] {
        let place = Place {
            network: Some(Network {
                cidr: None,
                asn,
                organization: organization.map(str::to_owned),
            }),
            ..unknown("192.0.2.1")
        };
        assert_eq!(place.holder().as_deref(), holder);
    }
}

#[test]
fn summary_joins_place_and_network() {
    let mut place = known("192.0.2.1");
    assert_eq!(
        place.summary(),
        "Frankfurt, Hesse, Germany; AS64496 Example Net"
    );
    place.network = None;
    assert_eq!(place.summary(), "Frankfurt, Hesse, Germany");

    let network = Place {
        network: known("192.0.2.1").network,
        ..unknown("192.0.2.1")
    };
    assert_eq!(network.summary(), "AS64496 Example Net");
    assert_eq!(
        unknown("192.0.2.1").summary(),
        "No location data for this address"
    );
}

#[test]
fn summary_prefers_special_ranges() {
    let geo = GeoReader::embedded().expect("the shipped database");

    for (address, version, summary) in [
        (
            "10.1.2.3",
            4,
            "Private address: Private-Use (10.0.0.0/8, RFC 1918)",
        ),
        (
            "127.0.0.1",
            4,
            "Loopback address: Loopback (127.0.0.0/8, RFC 1122)",
        ),
        (
            "::ffff:10.1.2.3",
            4,
            "Private address: Private-Use (10.0.0.0/8, RFC 1918)",
        ),
        (
            "fe80::1",
            6,
            "Link-local address: Link-Local Unicast (fe80::/10, RFC 4291)",
        ),
    ] {
        let place = Place::new(&geo, address.parse().expect("an address"));
        assert_eq!((&*place.summary(), place.version), (summary, version));
    }
}

#[test]
fn transition_addresses_show_the_embedded_ipv4_address() {
    let geo = GeoReader::embedded().expect("the shipped database");
    let of = |address: &str| Place::new(&geo, address.parse().expect("an address"));
    let google = of("8.8.8.8");

    for (address, name) in [
        ("2002:808:808::1", "6to4"),
        ("2001:0:1:2:3:4:f7f7:f7f7", "Teredo"),
        ("64:ff9b::8.8.8.8", "IPv4-IPv6 Translation (NAT64)"),
        ("::8.8.8.8", "Deprecated (IPv4-Compatible)"),
    ] {
        let place = of(address);
        assert_eq!(place.embedded, Some(google.address), "{address}");
        assert_eq!(
            (&place.country, &place.network),
            (&google.country, &google.network)
        );
        let facts = google.place_and_holder().expect("facts");
        assert_eq!(place.summary(), format!("{name}: embeds 8.8.8.8, {facts}"));
    }

    let private = of("2002:a00:1::1");
    assert_eq!(private.summary(), "6to4: embeds 10.0.0.1");
    assert_eq!((&private.country, &private.network), (&None, &None));
}

#[test]
fn special_ranges_are_in_no_country() {
    let geo = GeoReader::embedded().expect("embedded");
    for address in [
        "2001:2::1",
        "2001:10::1",
        "198.18.0.1",
        "10.0.0.1",
        "2002:a00:1::1",
    ] {
        let place = Place::new(&geo, address.parse().expect("an address"));
        assert_eq!(place.country, None, "{address}");
        assert!(
            place.network.is_none_or(|network| network.asn.is_some()),
            "{address}"
        );
    }
}

#[test]
fn a_name_without_an_address_is_a_bad_reply() {
    let none = NoAddress {
        rcode: "NXDOMAIN".into(),
        version: None,
    };
    let data = Data::without_address("a.test".into(), none);
    assert_eq!(
        head(&data.present_checked()),
        ("a.test does not exist (NXDOMAIN)", Severity::Bad)
    );
    let json = serde_json::to_value(data).expect("JSON");
    let expected = serde_json::json!({ "query": "a.test", "address": null, "rcode": "NXDOMAIN" });
    assert_eq!(json, expected);
}

#[test]
fn position_needs_latitude_and_longitude() {
    let mut place = known("192.0.2.1");
    let location = place.location.as_mut().expect("a location");
    (location.longitude, location.time_zone) = (None, None);
    let document = data(place, vec![]).present_checked();
    assert_eq!(field(&document, "Position"), None);
    assert_eq!(field(&document, "Time zone"), None);

    let mut place = known("192.0.2.1");
    place.location.as_mut().expect("a location").accuracy_km = None;
    let document = data(place, vec![]).present_checked();
    assert_eq!(field(&document, "Position"), Some("50.1155, 8.6842"));
}

#[test]
fn further_addresses_are_in_a_table() {
    let document = data(
        known("192.0.2.1"),
        vec![known("192.0.2.2"), unknown("2001:db8::2")],
    )
    .present_checked();
    assert_eq!(
        rows(&document),
        [
            "192.0.2.2 (address) | Frankfurt, Hesse, Germany | AS64496 Example Net",
            "2001:db8::2 (address) |  | "
        ]
    );
    assert_eq!(head(&document).1, Severity::Neutral);
}

#[test]
fn json_omits_absent_members() {
    let json = serde_json::to_value(data(unknown("192.0.2.1"), vec![])).expect("JSON");
    assert!(json.get("more").is_none() && json.get("special").is_none());
    assert_eq!(json["scope"], "global");
    assert_eq!(json["country"], serde_json::Value::Null);
}

#[test]
fn cities_of_db_ip_are_shown_with_a_link() {
    let mut place = known("192.0.2.1");
    place.databases = ["DBIP-City-Lite", "Netvane-Country-ASN"]
        .map(|name| DatabaseInfo {
            name: name.into(),
            built: None,
        })
        .into();
    let text = shown(&data(place, vec![]).present_checked());
    assert!(
        text.contains("IP Geolocation by DB-IP <https://db-ip.com>"),
        "{text}"
    );
    assert!(!text.contains("data update"), "{text}");
}

#[test]
fn a_note_tells_how_to_get_cities_for_public_addresses() {
    let geo = GeoReader::embedded().expect("the shipped database");
    for (address, told) in [("8.8.8.8", true), ("10.0.0.1", false), ("::1", false)] {
        let place = Place::new(&geo, address.parse().expect("an address"));
        let notes = data(place, vec![]).present_checked().warnings.concat();
        assert_eq!(notes.contains("`netvane data update`"), told, "{address}");
    }
}
