//! The command `soa`.

super::record::record_command!(
    Soa,
    SOA,
    "soa",
    "Start of authority: primary server, contact, serial and timers of a zone",
    &["soa example.com"]
);
