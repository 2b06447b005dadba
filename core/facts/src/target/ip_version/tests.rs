//! Both versions as text and as numbers.

use super::*;

#[test]
fn reads_text_and_numbers() {
    for (json, expected) in [
        ("\"4\"", IpVersion::V4),
        ("4", IpVersion::V4),
        ("\"6\"", IpVersion::V6),
        ("6", IpVersion::V6),
    ] {
        assert_eq!(
            serde_json::from_str::<IpVersion>(json).expect(json),
            expected
        );
    }
    for json in ["5", "\"v4\"", "\"\"", "null", "[4]", "4.0", "true"] {
        assert!(serde_json::from_str::<IpVersion>(json).is_err(), "{json}");
    }
}

#[test]
fn round_trips_through_json() {
    for version in [IpVersion::V4, IpVersion::V6] {
        let json = serde_json::to_string(&version).expect("JSON");
        assert_eq!(json, format!("\"{version}\""));
        assert_eq!(
            serde_json::from_str::<IpVersion>(&json).expect("back"),
            version
        );
    }
}

#[test]
fn holds_addresses_of_its_own_version() {
    for (version, address, holds) in [
        (IpVersion::V4, "192.0.2.1", true),
        (IpVersion::V4, "2001:db8::1", false),
        (IpVersion::V6, "192.0.2.1", false),
        (IpVersion::V6, "2001:db8::1", true),
        (IpVersion::V6, "::ffff:192.0.2.1", true),
    ] {
        assert_eq!(
            version.holds(address.parse().expect(address)),
            holds,
            "{address}"
        );
    }
}
