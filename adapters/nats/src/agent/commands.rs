//! The commands that an agent runs for hubs.

use std::collections::BTreeMap;

use netvane_core::command::{Entry, Registry};

/// Whether a command can be run for a hub: never one about the caller or the caller's request.
pub(super) fn is_remote(entry: &Entry) -> bool {
    entry.takes_from() && !entry.about_visit && !entry.about_caller
}

/// The commands that can be run for a hub, with a hash of the schemas of each.
pub(super) fn hashes(registry: &Registry) -> BTreeMap<String, String> {
    let entries = registry.entries().iter().filter(|entry| is_remote(entry));
    entries
        .map(|entry| (entry.spec.name.to_owned(), entry.schema_hash()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_about_the_caller_and_about_the_service_are_not_run() {
        let registry = netvane_core::registry();
        let hashes = hashes(&registry);
        for name in [
            "ping",
            "trace",
            "mtr",
            "ports",
            "http",
            "tls",
            "dns",
            "dig",
            "propagation",
            "verify",
            "geo",
            "a",
            "aaaa",
            "mx",
            "ns",
            "soa",
            "txt",
            "cname",
            "srv",
            "caa",
            "ptr",
        ] {
            assert!(hashes.contains_key(name), "{name}");
        }
        for name in [
            "myip",
            "myrequest",
            "myua",
            "status",
            "help",
            "trace_mail",
            "whois",
            "subnet",
        ] {
            assert!(!hashes.contains_key(name), "{name}");
        }
    }
}
