//! A message, its header section, or a paste of either.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use netvane_core::{facts::geo::GeoReader, fuzzing};
use netvane_fuzz::harmless;

/// The database that ships.
static PLACES: LazyLock<GeoReader> =
    LazyLock::new(|| GeoReader::embedded().expect("ships with the program"));

/// Lines that are read of one message, however many there are.
const MOST_HOPS: usize = 250;

fuzz_target!(|message: &[u8]| {
    // Every other message is read with trusted relays named.
    let relays = if message.len().is_multiple_of(2) {
        &[][..]
    } else {
        &["192.0.2.0/24", "mx.example.net"]
    };
    let (hops, document) = fuzzing::traced(message, &PLACES, relays);
    assert!(hops <= MOST_HOPS, "{hops} hops");
    harmless(&document);
});
