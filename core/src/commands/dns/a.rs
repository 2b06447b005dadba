//! `a`: A records of a name.

super::record::record_command!(
    A,
    A,
    "a",
    "IPv4 addresses of a name.",
    &["a example.com", "a example.com resolver=1.1.1.1"]
);
