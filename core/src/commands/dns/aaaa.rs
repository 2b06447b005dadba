//! `aaaa`: AAAA records of a name.

use crate::command::{Next, Subject};

super::record::record_command!(
    Aaaa,
    AAAA,
    "aaaa",
    "IPv6 addresses of a name.",
    &["aaaa example.com"],
    &[
        Next::about("ping", Subject::Host),
        Next::about("tls", Subject::Host),
        Next::about("http", Subject::Host),
        Next::target("a"),
        Next::target("dns"),
        Next::domain("whois"),
        Next::about("ip", Subject::FirstAddress)
    ]
);
