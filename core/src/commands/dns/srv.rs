//! `srv`: SRV records of a name.

use crate::command::{Next, Subject};

super::record::record_command!(
    Srv,
    SRV,
    "srv",
    "Hosts and ports of a service (SRV records).",
    &["srv _imaps._tcp.example.com"],
    &[
        Next::about("ping", Subject::FirstName),
        Next::about("dns", Subject::FirstName),
        Next::domain("dns"),
        Next::domain("mailcheck")
    ]
);
