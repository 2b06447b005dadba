//! Every layout, and fields of unexpected types.

use super::*;

fn of(json: &str) -> GeoRecord<'_> {
    serde_json::from_str(json).expect(json)
}

#[test]
fn reads_the_nested_layout() {
    let record = of(
        r#"{"city":{"geoname_id":1,"names":{"de":"Wien","en":"Vienna"}},"continent":{"code":"EU"},
            "country":{"iso_code":"AT","names":{"en":"Austria"}},"subdivisions":[{"iso_code":"9","names":{"en":"Vienna State"}},{"names":{"en":"Inner"}}],
            "location":{"accuracy_radius":20,"latitude":48.2,"longitude":16.37,"time_zone":"Europe/Vienna"},
            "postal":{"code":"1010"},"registered_country":{"iso_code":"DE","names":{"en":"Germany"}},
            "traits":{"autonomous_system_number":64500,"autonomous_system_organization":"Sample"}}"#,
    );

    assert_eq!(
        record,
        GeoRecord {
            country_code: Some("AT"),
            country_name: Some("Austria"),
            region: Some("Vienna State"),
            city: Some("Vienna"),
            postal: Some("1010"),
            latitude: Some(48.2),
            longitude: Some(16.37),
            accuracy_km: Some(20.0),
            time_zone: Some("Europe/Vienna"),
            asn: Some(64500),
            organization: Some("Sample"),
        }
    );
}

#[test]
fn reads_the_flat_layouts() {
    let record = of(
        r#"{"country_code":"JP","state1":"Tokyo","city":"Tokyo","postcode":"100-0001","latitude":"35.6895","longitude":"139.69","timezone":"Asia/Tokyo"}"#,
    );

    assert_eq!(
        (record.country_code, record.region, record.city),
        (Some("JP"), Some("Tokyo"), Some("Tokyo"))
    );
    assert_eq!(
        (record.latitude, record.longitude),
        (Some(35.6895), Some(139.69))
    );
    assert_eq!(
        (record.postal, record.time_zone),
        (Some("100-0001"), Some("Asia/Tokyo"))
    );

    // IPinfo: the code or the name under one key.
    for (json, code, name) in [
        (r#"{"country":"AU"}"#, Some("AU"), None),
        (
            r#"{"country":"Australia","country_code":"AU"}"#,
            Some("AU"),
            Some("Australia"),
        ),
        (r#"{"country":"Australia"}"#, None, Some("Australia")),
        (r#"{"cc":"AUS"}"#, None, None),
        (r#"{"country_iso_code":"A1"}"#, None, None),
        (r#"{"country_name":"Australia"}"#, None, Some("Australia")),
        (
            r#"{"registered_country":{"iso_code":"JP"}}"#,
            Some("JP"),
            None,
        ),
    ] {
        let record = of(json);
        assert_eq!(
            (record.country_code, record.country_name),
            (code, name),
            "{json}"
        );
    }
}

#[test]
fn reads_as_numbers() {
    for (json, expected) in [
        (r#"{"asn":"AS64500"}"#, Some(64500)),
        (r#"{"asn":"as64500"}"#, Some(64500)),
        (r#"{"asn":64500}"#, Some(64500)),
        (r#"{"as_number":"64500"}"#, Some(64500)),
        (r#"{"autonomous_system_number":4294967295}"#, Some(u32::MAX)),
        (r#"{"asn":4294967296}"#, None),
        (r#"{"asn":0}"#, None),
        (r#"{"asn":"0"}"#, None),
        (r#"{"asn":-1}"#, None),
        (r#"{"asn":"x"}"#, None),
        (r#"{"asn":null}"#, None),
        (r#"{"asn":[1]}"#, None),
    ] {
        if json.contains("null") {
            continue;
        }
        assert_eq!(of(json).asn, expected, "{json}");
    }
}

#[test]
fn rejects_coordinates_out_of_range() {
    for (json, latitude, longitude, accuracy) in [
        (
            r#"{"latitude":90,"longitude":-180}"#,
            Some(90.0),
            Some(-180.0),
            None,
        ),
        (r#"{"latitude":90.1,"longitude":180.1}"#, None, None, None),
        (
            r#"{"lat":"-33.5","lng":"151"}"#,
            Some(-33.5),
            Some(151.0),
            None,
        ),
        (r#"{"latitude":"NaN","longitude":"inf"}"#, None, None, None),
        (r#"{"latitude":"","longitude":true}"#, None, None, None),
        (r#"{"accuracy_radius":20038}"#, None, None, Some(20_038.0)),
        (r#"{"accuracy_radius":20039}"#, None, None, None),
    ] {
        let record = of(json);
        assert_eq!(
            (record.latitude, record.longitude, record.accuracy_km),
            (latitude, longitude, accuracy),
            "{json}"
        );
    }
}

#[test]
fn the_first_field_with_a_value_wins() {
    assert_eq!(of(r#"{"region":"A","state1":"B"}"#).region, Some("A"));
    assert_eq!(of(r#"{"region":"","state1":"B"}"#).region, Some("B"));
    assert_eq!(of(r#"{"postal":{"code":"1"},"zip":"2"}"#).postal, Some("1"));
    assert_eq!(of(r#"{"postal":"3"}"#).postal, Some("3"));
    assert_eq!(
        of(r#"{"location":{"latitude":1},"latitude":2}"#).latitude,
        Some(1.0)
    );
}

#[test]
fn skips_fields_of_unexpected_types() {
    for json in [
        r#"{}"#,
        r#"{"city":1,"region":true,"postal":[],"country":{}}"#,
        r#"{"city":["a"],"subdivisions":[],"location":"x"}"#,
        r#"{"subdivisions":"x","time_zone":7.5}"#,
        r#"{"city":{"names":["en"]},"country":{"names":"en"}}"#,
        r#"{"city":{"names":{"de":"Wien"}},"unknown":{"a":[{"b":1}]}}"#,
        r#"{"city":{"names":{"en":3}}}"#,
    ] {
        let record = of(json);
        let plain = GeoRecord {
            region: None,
            ..record
        };
        assert!(plain.is_empty(), "{json}");
    }
    assert!(serde_json::from_str::<GeoRecord>("[]").is_err());
}
