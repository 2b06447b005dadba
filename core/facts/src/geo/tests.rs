//! The reader with every layout, with the shipped database, and with damaged files.

use cpu_time::ThreadTime;
use std::{io::Write, time::SystemTime};

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("fixtures/", $name, ".mmdb")).to_vec()
    };
}

fn database(bytes: Vec<u8>) -> Arc<Database> {
    Arc::new(Database::from_bytes(bytes, "test").expect("a valid fixture"))
}

fn look(reader: &GeoReader, address: &str) -> serde_json::Value {
    serde_json::to_value(reader.lookup(address.parse().expect("an address"))).expect("facts")
}

#[test]
fn reads_the_nested_layout_with_a_second_database() {
    let reader = GeoReader::new(
        database(fixture!("nested-city")),
        Some(database(fixture!("nested-asn"))),
    );
    let facts = look(&reader, "81.2.69.161");

    assert_eq!(
        facts,
        serde_json::json!({
            "country": {"code": "GB", "name": "United Kingdom"}, "region": "England", "city": "London", "postal": "OX1",
            "location": {"latitude": 51.5142, "longitude": -0.0931, "accuracy_km": 10.0, "time_zone": "Europe/London"},
            "network": {"cidr": "81.2.69.0/24", "asn": 20712, "organization": "Andrews & Arnold Ltd"},
            "databases": [{"name": "GeoLite2-City", "built": "2026-01-01T00:00:00Z"},
                          {"name": "GeoLite2-ASN", "built": "2026-01-01T00:00:00Z"}],
        })
    );

    assert_eq!(look(&reader, "::ffff:81.2.69.161"), facts);

    // Only the country of registration is known, and the block comes from the location database.
    let facts = look(&reader, "2001:218::1");
    assert_eq!(facts["country"]["code"], "JP");
    assert_eq!(facts["network"]["cidr"], "2001:218::/32");
    assert_eq!(
        look(&reader, "192.0.2.1")["country"],
        serde_json::Value::Null
    );
}

#[test]
fn reads_the_flat_layouts() {
    let reader = GeoReader::new(
        database(fixture!("flat-city")),
        Some(database(fixture!("flat-asn"))),
    );
    let facts = look(&reader, "203.0.113.9");

    assert_eq!(
        facts["country"],
        serde_json::json!({"code": "JP", "name": "Japan"})
    );
    assert_eq!(
        (&facts["region"], &facts["city"], &facts["postal"]),
        (&"Tokyo".into(), &"Tokyo".into(), &"100-0001".into())
    );
    assert_eq!(facts["location"]["latitude"], 35.6895);
    assert_eq!(facts["location"]["time_zone"], "Asia/Tokyo");
    assert_eq!(
        facts["network"],
        serde_json::json!({"cidr": "203.0.113.0/25", "asn": 64500, "organization": "Example Net"})
    );

    // An IPv6 address in an IPv4-only file has no record.
    assert_eq!(
        look(&reader, "2001:218::1")["network"],
        serde_json::Value::Null
    );

    let lite = look(
        &GeoReader::new(database(fixture!("lite")), None),
        "198.51.100.7",
    );

    assert_eq!(
        lite["country"],
        serde_json::json!({"code": "AU", "name": "Australia"})
    );
    assert_eq!(lite["network"]["asn"], 13335);
    assert_eq!(lite["network"]["organization"], "Cloudflare, Inc.");
}

#[test]
fn skips_fields_of_the_wrong_type() {
    let facts = GeoReader::new(database(fixture!("odd")), None).lookup([192, 0, 2, 1].into());
    assert_eq!(
        (facts.country, facts.city, facts.region, facts.location),
        (None, None, None, None)
    );
    let network = facts.network.expect("a network");
    assert_eq!(network.asn, None);
    let organization = network.organization.expect("a name");
    assert!(
        organization.starts_with("Axxx") && organization.len() <= TEXT_MAX,
        "{organization}"
    );
}

#[test]
fn the_shipped_database_has_countries_and_networks() {
    let started = ThreadTime::now();
    let reader = GeoReader::embedded().expect("embedded");

    assert!(
        started.elapsed().as_millis() < 20,
        "opening took {:?}",
        started.elapsed()
    );

    for (address, country, asn, organization) in [
        ("8.8.8.8", "US", 15169, "Google"),
        ("1.1.1.1", "AU", 13335, "Cloudflare"),
        ("193.0.6.139", "NL", 3333, "RIPE"),
        ("185.15.59.224", "NL", 14907, "Wikimedia"),
        ("2001:4860:4860::8888", "US", 15169, "Google"),
        ("2001:67c:2e8:22::c100:68b", "NL", 3333, "RIPE"),
        ("2001:200:0:8803::1", "JP", 2500, "WIDE"),
        // Without a country at IPFire: that of the delegation.
        ("2001:600::1", "NL", 702, "Verizon"),
    ] {
        let facts = reader.lookup(address.parse().expect("an address"));
        assert_eq!(facts.country.expect(address).code, country, "{address}");
        let network = facts.network.expect(address);
        assert_eq!(network.asn, Some(asn), "{address}");
        assert!(
            network.organization.expect(address).contains(organization),
            "{address}"
        );
        let cidr = network.cidr.expect(address);
        assert!(
            cidr.contains(&address.parse::<IpAddr>().expect("an address")),
            "{address} in {cidr}"
        );
    }

    for address in ["10.1.2.3", "127.0.0.1", "fd00::1", "::1", "255.255.255.255"] {
        let facts = reader.lookup(address.parse().expect("an address"));
        assert_eq!((facts.country, facts.network), (None, None), "{address}");
    }
}

/// Every damaged byte and every truncation gives an error or a bounded answer, never a panic.
#[test]
fn damaged_databases_never_panic() {
    for good in [
        fixture!("nested-city"),
        fixture!("lite"),
        fixture!("flat-asn"),
    ] {
        for length in 0..good.len() {
            assert!(
                Database::from_bytes(good[..length].to_vec(), "truncated").is_err(),
                "truncated at {length}"
            );
        }

        for at in 0..good.len() {
            for value in [0x00, 0x3f, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                if let Ok(database) = Database::from_bytes(bad, "damaged") {
                    let reader = GeoReader::new(Arc::new(database), None);
                    for address in [
                        "81.2.69.161",
                        "198.51.100.1",
                        "203.0.113.1",
                        "2001:218::1",
                        "::",
                    ] {
                        let facts = reader.lookup(address.parse().expect("an address"));
                        assert!(facts.city.is_none_or(|city| city.len() <= TEXT_MAX));
                    }
                }
            }
        }
    }

    let message = |bytes: &[u8]| {
        Database::from_bytes(bytes.to_vec(), "x.mmdb")
            .expect_err("broken")
            .to_string()
    };

    assert_eq!(message(b""), "geo database x.mmdb: the file is empty");
    assert!(message(b"<html>Not Found</html>").contains("not a complete MaxMind DB file"));
}

#[test]
fn install_is_atomic_and_the_handle_reloads() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("city.mmdb");
    let put = |bytes: Vec<u8>| install(&target, Contents::Any, None, |file| file.write_all(&bytes));
    put(fixture!("flat-city")).expect("installed");
    let handle = GeoHandle::open(GeoPaths {
        city: Some(target.clone()),
        ..GeoPaths::default()
    })
    .expect("open");

    let city = |address: [u8; 4]| handle.current().lookup(address.into()).city;
    assert_eq!(city([203, 0, 113, 1]).as_deref(), Some("Tokyo"));
    assert_eq!(
        handle.refresh_if_changed().expect("same"),
        Refresh::Unchanged
    );

    // A broken download is rejected; the old file and the old reader stay.
    let mut truncated = fixture!("nested-city");
    truncated.truncate(700);
    assert!(put(truncated).is_err());
    assert_eq!(
        handle.refresh_if_changed().expect("same"),
        Refresh::Unchanged
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("folder").count(),
        1,
        "no temporary file is left"
    );

    put(fixture!("nested-city")).expect("installed");
    assert_eq!(
        handle.refresh_if_changed().expect("fresh"),
        Refresh::Swapped
    );
    assert_eq!(city([81, 2, 69, 161]).as_deref(), Some("London"));

    // A file damaged in place is reported once; the current reader stays.
    std::fs::write(&target, b"broken").expect("written");
    assert!(handle.refresh_if_changed().is_err());
    assert_eq!(
        handle.refresh_if_changed().expect("reported"),
        Refresh::Unchanged
    );
    assert_eq!(city([81, 2, 69, 161]).as_deref(), Some("London"));
}

/// A city database as DB-IP publishes it: the nested layout under its own name.
fn db_ip_city() -> Vec<u8> {
    let (old, new) = (b"MGeoLite2-City", b"NDBIP-City-Lite");
    let bytes = fixture!("nested-city");
    let at = bytes
        .windows(old.len())
        .position(|window| window == old)
        .expect("the type in the metadata");
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

#[test]
fn a_downloaded_database_is_used_from_its_first_need_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("city.mmdb");
    let open = || {
        GeoHandle::open(GeoPaths {
            downloaded: Some(target.clone()),
            ..GeoPaths::default()
        })
        .expect("the file is optional")
    };
    let look = |handle: &GeoHandle, address: [u8; 4]| handle.current().lookup(address.into());

    let handle = open();
    let facts = look(&handle, [8, 8, 8, 8]);
    assert!(lacks_cities(&facts.databases) && credit(&facts.databases).is_none());
    assert_eq!(
        handle.refresh_if_changed().expect("same"),
        Refresh::Unchanged
    );

    // Cities come from the download, and networks from the shipped database.
    let published = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_793_491_200);
    let info = install(&target, Contents::Cities, Some(published), |file| {
        file.write_all(&db_ip_city())
    })
    .expect("installed");
    assert_eq!(info.name, "DBIP-City-Lite");
    let modified = std::fs::metadata(&target).and_then(|data| data.modified());
    assert_eq!(modified.expect("a time"), published);
    assert_eq!(
        handle.refresh_if_changed().expect("fresh"),
        Refresh::Swapped
    );
    for handle in [&handle, &open()] {
        let facts = look(handle, [81, 2, 69, 161]);
        assert_eq!(facts.city.as_deref(), Some("London"));
        assert_eq!(
            credit(&facts.databases).map(|credit| credit.url),
            Some("https://db-ip.com")
        );
        let network = look(handle, [8, 8, 8, 8]).network.expect("shipped");
        assert_eq!(network.asn, Some(15169));
    }

    // A damaged download is reported once; the shipped database is used.
    std::fs::write(&target, b"broken").expect("written");
    let handle = open();
    assert!(lacks_cities(&look(&handle, [8, 8, 8, 8]).databases));
    assert!(handle.refresh_if_changed().is_err());
    assert_eq!(
        handle.refresh_if_changed().expect("reported"),
        Refresh::Unchanged
    );

    std::fs::remove_file(&target).expect("removed");
    assert_eq!(handle.refresh_if_changed().expect("gone"), Refresh::Swapped);
    assert!(lacks_cities(&look(&handle, [8, 8, 8, 8]).databases));
}

#[test]
fn only_a_database_with_cities_replaces_one_of_cities() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("city.mmdb");
    let put = |bytes: &[u8]| {
        install(&target, Contents::Cities, None, |file| {
            file.write_all(bytes)
        })
        .map(|info| info.name)
        .map_err(|error| error.to_string())
    };
    assert_eq!(put(&fixture!("flat-city")).as_deref(), Ok("ip-location-db"));
    for other in [fixture!("nested-asn"), fixture!("lite")] {
        let why = put(&other).expect_err("no cities");
        assert!(why.contains("contains no cities"), "{why}");
    }
    let stays = std::fs::read(&target).expect("in place");
    assert_eq!(stays, fixture!("flat-city"));
}

#[test]
fn finds_the_prefixes_of_an_as() {
    let reader = GeoReader::new(
        database(fixture!("nested-city")),
        Some(database(fixture!("nested-asn"))),
    );
    let found = reader.prefixes_of(20712, 10).expect("a valid file");
    assert_eq!(found.organization.as_deref(), Some("Andrews & Arnold Ltd"));
    assert_eq!(found.shown[0].to_string(), "81.2.69.0/24");
    assert_eq!(found.v4 + found.v6, found.shown.len());
    let none = reader.prefixes_of(64511, 10).expect("a valid file");
    assert_eq!(none, AsPrefixes::default());
}

#[test]
fn prefixes_of_an_as_in_the_shipped_database_are_looked_up_as_its_own() {
    let reader = GeoReader::embedded().expect("embedded");
    let found = reader.prefixes_of(15169, 5).expect("a valid file");
    assert!(found.v4 > 50 && found.v6 > 5, "{found:?}");
    assert_eq!(found.shown.len(), 10);
    assert_eq!(found.country.as_deref(), Some("US"));
    for network in found.shown {
        let facts = reader.lookup(network.network()).network.expect("a network");
        assert_eq!((facts.asn, facts.cidr), (Some(15169), Some(network)));
    }
}
