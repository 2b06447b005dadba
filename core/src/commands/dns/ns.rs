//! `ns`: the name servers of a zone.

super::record::record_command!(Ns, NS, "ns", "Name servers of a zone.", &["ns example.com"]);
