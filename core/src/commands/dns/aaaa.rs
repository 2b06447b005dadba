//! `aaaa`: AAAA records of a name.

super::record::record_command!(
    Aaaa,
    AAAA,
    "aaaa",
    "IPv6 addresses of a name.",
    &["aaaa example.com"]
);
