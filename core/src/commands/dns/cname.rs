//! `cname`: CNAME records of a name.

use crate::command::{Next, Subject};

super::record::record_command!(
    Cname,
    CNAME,
    "cname",
    "The name that an alias (CNAME) points to.",
    &["cname www.example.com"],
    &[
        Next::target("dns"),
        Next::target("tls"),
        Next::target("http"),
        Next::domain("whois"),
        Next::about("dns", Subject::FirstName)
    ]
);
