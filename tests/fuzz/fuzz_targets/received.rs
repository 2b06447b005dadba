//! Fuzzes mail traces: a message, its header section, or a pasted part of either.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use netvane_core::{facts::geo::GeoReader, fuzzing};
use netvane_fuzz::harmless;

/// The geo database that ships with the program.
static PLACES: LazyLock<GeoReader> =
    LazyLock::new(|| GeoReader::embedded().expect("ships with the program"));

/// Most hops that are read from one message.
const MOST_HOPS: usize = 250;

fuzz_target!(|message: &[u8]| {
    // Every other message is traced with trusted relays.
    let relays = if message.len().is_multiple_of(2) {
        &[][..]
    } else {
        &["192.0.2.0/24", "mx.example.net"]
    };
    let (hops, document) = fuzzing::traced(message, &PLACES, relays);
    assert!(hops <= MOST_HOPS, "{hops} hops");
    harmless(&document);
});
