//! Built-in table of whois servers and their query formats.

use std::{collections::HashMap, sync::OnceLock};

use netvane_facts::{registration::Kind, target::Endpoint};
use serde::Deserialize;

/// Returns the query line for a server; some need more than the object.
pub(super) fn line(kind: Kind, query: &str, server: &Endpoint) -> String {
    let host = server.host.to_string();
    match kind {
        // ARIN's flags: `n` networks, `a` AS numbers, `+` with all details.
        Kind::Ip | Kind::Network if host == "whois.arin.net" => format!("n + {query}"),
        Kind::Asn if host == "whois.arin.net" => format!("a + {}", query.trim_start_matches("AS")),
        Kind::Domain => match servers().values().find_map(|server| server.form_for(&host)) {
            Some(form) => form.replace("$addr", query).trim_end().to_owned(),
            None => query.to_owned(),
        },
        _ => query.to_owned(),
    }
}

/// An entry of the table of whois servers, in whois-rust's format.
#[derive(Deserialize)]
#[serde(untagged)]
enum RegistryServer {
    Host(String),
    Form { host: String, query: String },
}

impl RegistryServer {
    fn host(&self) -> &str {
        match self {
            Self::Host(host) | Self::Form { host, .. } => host,
        }
    }

    fn form_for(&self, kind: &str) -> Option<&str> {
        match self {
            Self::Form { host, query } if host == kind => Some(query),
            _ => None,
        }
    }
}

fn servers() -> &'static HashMap<String, RegistryServer> {
    static SERVERS: OnceLock<HashMap<String, RegistryServer>> = OnceLock::new();
    SERVERS.get_or_init(|| {
        serde_json::from_str(include_str!("../../../../config/data/whois-servers.json"))
            .unwrap_or_default()
    })
}

/// Whether the table has a server for exactly this suffix.
pub(super) fn has_server(suffix: &str) -> bool {
    servers().contains_key(suffix)
}

/// Returns the server of the longest suffix in the table.
pub(super) fn default_server(query: &str) -> Option<Endpoint> {
    let suffix = longest_suffix(query)?;
    servers().get(suffix)?.host().parse().ok()
}

/// Returns the suffix of several labels whose registry has its own server, such as `ac.uk` and `uk.com`. Neither IANA
/// nor the registry of the top-level domain refers to that server.
pub(super) fn separate_suffix(query: &str) -> Option<&str> {
    longest_suffix(query).filter(|suffix| suffix.contains('.'))
}

/// The longest suffix of a name in the table, shorter than the name itself.
fn longest_suffix(query: &str) -> Option<&str> {
    let mut suffix = query;
    while let Some((_, rest)) = suffix.split_once('.') {
        suffix = rest;
        if servers().contains_key(suffix) {
            return Some(suffix);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builtin_tables_are_valid() {
        assert!(servers().len() > 1000);
        for server in servers().values() {
            assert!(
                server.host().parse::<Endpoint>().is_ok(),
                "{}",
                server.host()
            );
        }
        let server_of = |query: &str| default_server(query).map(|server| server.to_string());
        assert_eq!(server_of("example.de").as_deref(), Some("whois.denic.de"));
        assert_eq!(server_of("example.invalid"), None);
    }

    #[test]
    fn has_servers_of_companies_that_register_names() {
        for (suffix, expected) in [
            ("uk.com", true),
            ("za.net", true),
            ("com", true),
            ("pages.dev", false),
            ("github.io", false),
            ("s3.amazonaws.com", false),
        ] {
            assert_eq!(has_server(suffix), expected, "{suffix}");
        }
    }

    #[test]
    fn formats_queries_for_each_server() {
        let at = |kind, query, host: &str| line(kind, query, &host.parse().expect(host));
        assert_eq!(
            at(Kind::Domain, "example.de", "whois.denic.de"),
            "-T dn,ace example.de"
        );
        assert_eq!(
            at(Kind::Domain, "example.org", "whois.iana.org"),
            "example.org"
        );
        assert_eq!(at(Kind::Ip, "192.0.2.1", "whois.arin.net"), "n + 192.0.2.1");
        assert_eq!(at(Kind::Asn, "AS64496", "whois.arin.net"), "a + 64496");
        assert_eq!(at(Kind::Asn, "AS64496", "whois.ripe.net"), "AS64496");
    }

    #[test]
    fn uses_the_longest_suffix() {
        let server_of = |query: &str| default_server(query).map(|server| server.to_string());
        assert_eq!(server_of("a.b.c.example.de"), server_of("example.de"));
        assert_ne!(server_of("example.co.uk"), None);
        for none in ["", "de", "localhost", ".", "example.", "DE", "example.DE"] {
            assert_eq!(server_of(none), None, "{none:?}");
        }
    }

    #[test]
    fn some_suffixes_below_a_top_level_domain_have_their_own_server() {
        for (query, suffix) in [
            ("firma.ac.uk", Some("ac.uk")),
            ("firma.uk.com", Some("uk.com")),
            ("firma.co.uk", None),
            ("uk.com", None),
            ("firma.com", None),
        ] {
            assert_eq!(separate_suffix(query), suffix, "{query}");
        }
    }

    #[test]
    fn formats_only_domains_for_the_server() {
        let at = |kind, query, host: &str| line(kind, query, &host.parse().expect(host));
        assert_eq!(at(Kind::Ip, "192.0.2.1", "whois.denic.de"), "192.0.2.1");
        assert_eq!(
            at(Kind::Network, "192.0.2.0/24", "whois.arin.net"),
            "n + 192.0.2.0/24"
        );
        assert_eq!(at(Kind::Asn, "64496", "whois.arin.net:4343"), "a + 64496");
        assert_eq!(at(Kind::Domain, "a.example", "192.0.2.1"), "a.example");
    }
}
