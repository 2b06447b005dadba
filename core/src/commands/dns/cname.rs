//! The command `cname`.

super::record::record_command!(
    Cname,
    CNAME,
    "cname",
    "What a name is an alias of",
    &["cname www.example.com"]
);
