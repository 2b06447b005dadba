//! `cname`: CNAME records of a name.

super::record::record_command!(
    Cname,
    CNAME,
    "cname",
    "The name that an alias (CNAME) points to.",
    &["cname www.example.com"]
);
