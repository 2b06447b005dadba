//! `caa`: CAA records of a name.

super::record::record_command!(
    Caa,
    CAA,
    "caa",
    "Certificate authorities that may issue certificates for a name.",
    &["caa example.com"]
);
