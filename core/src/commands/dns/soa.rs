//! `soa`: SOA records of a name.

use crate::command::Next;

super::record::record_command!(
    Soa,
    SOA,
    "soa",
    "Start of authority of a zone: primary server, contact, serial and SOA timers.",
    &["soa example.com"],
    &[
        Next::target("ns"),
        Next::target("delegation"),
        Next::target("propagation"),
        Next::target("dns")
    ]
);
