//! Fuzzes the reader of MaxMind databases.
#![no_main]

use std::{net::IpAddr, sync::Arc};

use libfuzzer_sys::fuzz_target;
use netvane_core::{
    facts::geo::{Database, GeoReader},
    fuzzing,
};
use netvane_fuzz::harmless;

const ADDRESSES: [&str; 6] = [
    "0.0.0.0",
    "192.0.2.1",
    "203.0.113.9",
    "255.255.255.255",
    "::1",
    "2001:db8::1",
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(database) = Database::from_bytes(bytes.to_vec(), "fuzzed") else {
        return;
    };
    let database = Arc::new(database);
    for reader in [
        GeoReader::new(database.clone(), None),
        GeoReader::new(database.clone(), Some(database)),
    ] {
        for address in ADDRESSES {
            let address: IpAddr = address.parse().expect("an address");
            let facts = reader.lookup(address);
            for text in [&facts.region, &facts.city, &facts.postal]
                .into_iter()
                .flatten()
            {
                assert!(
                    text.len() <= 120 && !text.contains(char::is_control),
                    "{text:?}"
                );
            }
            harmless(&fuzzing::placed(&reader, address));
        }
    }
});
