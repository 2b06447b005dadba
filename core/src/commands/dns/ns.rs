//! The command `ns`.

super::record::record_command!(Ns, NS, "ns", "Name servers of a zone.", &["ns example.com"]);
