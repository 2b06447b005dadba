//! `a`: A records of a name.

use crate::command::{Next, Subject};

super::record::record_command!(
    A,
    A,
    "a",
    "IPv4 addresses of a name.",
    &["a example.com", "a example.com resolver=1.1.1.1"],
    &[
        Next::about("ping", Subject::Host),
        Next::about("tls", Subject::Host),
        Next::about("http", Subject::Host),
        Next::target("aaaa"),
        Next::target("dns"),
        Next::domain("whois"),
        Next::about("ip", Subject::FirstAddress)
    ]
);
