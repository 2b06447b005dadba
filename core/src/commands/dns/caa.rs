//! The command `caa`.

super::record::record_command!(
    Caa,
    CAA,
    "caa",
    "Who may issue certificates for a name",
    &["caa example.com"]
);
