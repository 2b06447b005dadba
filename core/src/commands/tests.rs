//! What every command keeps to.

use super::*;
use crate::spec::{Cost, Spec};

/// What Discord and Telegram accept: the registry may be projected to either without a check there.
#[test]
fn every_command_fits_the_platforms() {
    let registry = registry();
    let mut names = std::collections::HashSet::new();

    for entry in registry.entries() {
        let Spec {
            name,
            aliases,
            about,
            examples,
            cost,
            sends,
            ..
        } = entry.spec;

        assert_eq!(
            sends == 0,
            cost == Cost::Free,
            "{name}: what sends nothing is free, and nothing else"
        );

        assert!(
            sends <= 512 << 10,
            "{name}: more than any question is worth"
        );

        for name in std::iter::once(&name).chain(aliases) {
            assert!(names.insert(*name), "{name} is there twice");
            assert!(
                (1..=32).contains(&name.len())
                    && name
                        .bytes()
                        .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            );
        }

        assert!(
            (3..=100).contains(&about.chars().count()),
            "{name}: {about}"
        );
        assert!(!about.ends_with('.'), "{name}");
        assert!(!examples.is_empty(), "{name} needs an example");
        assert!(entry.arguments.len() <= 25);
        assert!(
            entry
                .arguments
                .is_sorted_by_key(|argument| !argument.required),
            "{name}: required first"
        );

        for (index, argument) in entry.arguments.iter().enumerate() {
            assert!(
                (3..=100).contains(&argument.help.chars().count()),
                "{name} {}: {:?}",
                argument.name,
                argument.help
            );
            assert!(
                argument
                    .name
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
            );
            assert!(
                !argument.rest || index + 1 == entry.arguments.len(),
                "{name}: free text comes last"
            );
        }
    }
}

/// Contract §2: these fields are there, whatever else is.
#[test]
fn data_has_the_fields_of_the_contract() {
    let registry = registry();
    let lookup = [
        "name",
        "type",
        "rcode",
        "answers",
        "authority",
        "resolver",
        "authenticated",
        "transport",
    ];

    let record_types = [
        "a", "aaaa", "mx", "ns", "soa", "txt", "cname", "srv", "caa", "dig", "ptr",
    ];
    let mut contract: Vec<(&str, &[&str])> = record_types
        .iter()
        .map(|name| (*name, &lookup[..]))
        .collect();
    contract.push(("mx", &["hosts", "null_mx", "implicit"]));
    contract.push(("dns", &["name", "rcode", "records"]));
    contract.push(("reverse", &["query", "addresses"]));
    contract.push((
        "whois",
        &[
            "query",
            "kind",
            "source",
            "state",
            "registrar",
            "registrant",
            "status",
            "nameservers",
            "created",
            "updated",
            "expires",
            "dnssec",
            "network",
            "chain",
            "raw",
        ],
    ));

    let place = [
        "address",
        "version",
        "scope",
        "country",
        "region",
        "city",
        "postal",
        "location",
        "network",
        "databases",
    ];

    contract.push(("geo", &place));
    contract.push(("ip", &place));
    contract.push(("ip", &["names", "registration"]));
    contract.push((
        "ping",
        &[
            "target",
            "address",
            "sent",
            "received",
            "loss_percent",
            "rtt_ms",
            "replies",
        ],
    ));

    contract.push(("trace", &["target", "address", "reached", "hops"]));
    contract.push(("ports", &["target", "address", "ports"]));
    contract.push(("port", &["query", "matches"]));
    contract.push((
        "ua",
        &[
            "user_agent",
            "category",
            "bot",
            "client",
            "os",
            "device",
            "hints",
        ],
    ));

    contract.push((
        "verify",
        &[
            "address",
            "verdict",
            "reason",
            "checks",
            "mx",
            "transcript",
            "suggestion",
        ],
    ));

    contract.push((
        "trace_mail",
        &[
            "from",
            "subject",
            "date",
            "message_id",
            "hops",
            "origin",
            "authentication",
            "anomalies",
        ],
    ));

    contract.push((
        "myip",
        &["address", "port", "via", "chain", "proxy_headers", "geo"],
    ));
    contract.push(("myrequest", &["variables", "headers"]));
    contract.push((
        "myua",
        &[
            "user_agent",
            "category",
            "bot",
            "client",
            "os",
            "device",
            "hints",
        ],
    ));

    contract.push(("mailbox", &["domain", "provider", "hosts"]));
    for (name, fields) in contract {
        let schema = registry.find(name).expect(name).data_schema();
        for field in fields {
            assert!(
                schema.pointer(&format!("/properties/{field}")).is_some(),
                "{name}: {field} in {schema:?}"
            );
        }
    }
}

#[test]
fn every_example_parses_and_names_its_command() {
    let registry = registry();
    for entry in registry.entries() {
        for example in entry.spec.examples {
            let parsed = crate::command::parse::parse(&registry, example)
                .unwrap_or_else(|e| panic!("{example}: {}", e.message));
            assert_eq!(parsed.0.spec.name, entry.spec.name, "{example}");
        }
    }
}
