//! `srv`: SRV records of a name.

super::record::record_command!(
    Srv,
    SRV,
    "srv",
    "Hosts and ports of a service (SRV records).",
    &["srv _imaps._tcp.example.com"]
);
