//! `soa`: SOA records of a name.

super::record::record_command!(
    Soa,
    SOA,
    "soa",
    "Start of authority of a zone: primary server, contact, serial and SOA timers.",
    &["soa example.com"]
);
