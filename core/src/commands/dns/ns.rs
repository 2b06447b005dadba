//! `ns`: the name servers of a zone.

use crate::command::Next;

super::record::record_command!(
    Ns,
    NS,
    "ns",
    "Name servers of a zone.",
    &["ns example.com"],
    &[
        Next::target("soa"),
        Next::target("delegation"),
        Next::target("dns"),
        Next::target("whois"),
        Next::target("propagation")
    ]
);
