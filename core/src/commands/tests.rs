//! Rules that every command follows.

mod read_back;

use super::*;
use crate::spec::{Completes, Cost, Spec};

/// Names, descriptions and arguments stay within the limits of Discord and Telegram, so the adapters need not check them.
#[test]
fn every_command_fits_the_platforms() {
    let registry = registry();
    let mut names = std::collections::HashSet::new();

    for entry in registry.entries() {
        let Spec { name, aliases, .. } = entry.spec;
        for name in std::iter::once(&name).chain(aliases) {
            assert!(names.insert(*name), "{name} is registered twice");
            assert!((1..=32).contains(&name.len()) && is_plain(name), "{name}");
        }
        check_spec(&entry.spec);
        check_description(entry);
        check_arguments(entry);
    }
}

fn is_plain(name: &str) -> bool {
    name.bytes()
        .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn check_spec(spec: &Spec) {
    let Spec {
        name,
        examples,
        cost,
        sends,
        ..
    } = spec;

    assert_eq!(
        *sends == 0,
        *cost == Cost::Free,
        "{name}: a command is free if and only if it sends nothing"
    );

    assert!(*sends <= 512 << 10, "{name}: sends more than 512 KiB");
    assert!(!examples.is_empty(), "{name} needs an example");
}

/// Follow-up lookups are other commands of the registry, and there are some wherever the request has a target.
#[test]
fn every_command_with_a_target_offers_follow_ups() {
    let registry = registry();
    for entry in registry.entries() {
        let name = entry.spec.name;
        for next in entry.follow_ups {
            let other = registry.find(next.command);
            let other = other.map(|other| other.spec.name);
            assert_eq!(other, Some(next.command), "{name}");
            assert_ne!(other, Some(name), "{name} offers itself");
        }
        let has_target = entry
            .arguments
            .iter()
            .any(|argument| argument.completes == Some(Completes::Target));
        assert!(!has_target || !entry.follow_ups.is_empty(), "{name}");
        assert!(
            entry.follow_ups.len() <= 8,
            "{name}: more than a chat shows"
        );
    }
}

/// The doc comment of the argument struct is one sentence, for every platform.
fn check_description(entry: &crate::command::Entry) {
    let (name, about) = (entry.spec.name, &entry.about);
    assert!(
        (3..=100).contains(&about.chars().count()),
        "{name}: {about}"
    );
    assert!(!about.contains(['\n', '\r']), "{name}: {about}");
    assert!(!about.contains("  "), "{name}: one paragraph: {about}");
    assert!(!about.ends_with('.'), "{name}: {about}");
    assert_eq!(
        entry.arguments_schema.get("description"),
        Some(&format!("{about}.").into()),
        "{name}: one line that ends with a full stop"
    );
}

fn check_arguments(entry: &crate::command::Entry) {
    let name = entry.spec.name;
    assert!(entry.arguments.len() <= 25);
    assert!(
        entry
            .arguments
            .is_sorted_by_key(|argument| !argument.required),
        "{name}: required arguments come first"
    );

    for (index, argument) in entry.arguments.iter().enumerate() {
        assert!(
            (3..=100).contains(&argument.help.chars().count()),
            "{name} {}: {:?}",
            argument.name,
            argument.help
        );
        assert!(is_plain(&argument.name));
        assert!(
            !argument.rest || index + 1 == entry.arguments.len(),
            "{name}: free text comes last"
        );
    }
}

/// Fields that the data of every DNS lookup has.
const LOOKUP: &str = "name type rcode answers authority resolver authenticated transport";
const PLACE: &str = "address version scope country region city postal location network databases";
const UA: &str = "user_agent category bot client os device hints";

/// Contract §2: a command and the required fields of its data.
const CONTRACT: [(&str, &str); 46] = [
    ("a", LOOKUP),
    ("aaaa", LOOKUP),
    ("mx", LOOKUP),
    ("ns", LOOKUP),
    ("soa", LOOKUP),
    ("txt", LOOKUP),
    ("cname", LOOKUP),
    ("srv", LOOKUP),
    ("caa", LOOKUP),
    ("dig", LOOKUP),
    ("ptr", LOOKUP),
    ("mx", "hosts null_mx implicit"),
    ("dns", "name rcode records"),
    ("reverse", "query addresses"),
    (
        "whois",
        "query kind source state registrar registrant status nameservers created updated expires dnssec network",
    ),
    ("whois", "chain raw"),
    ("geo", PLACE),
    ("ip", PLACE),
    ("ip", "names registration"),
    (
        "ping",
        "target address sent received loss_percent rtt_ms replies",
    ),
    ("trace", "target address reached hops"),
    ("ports", "target address ports"),
    ("port", "query matches"),
    (
        "http",
        "url final_url status version steps headers tls bytes truncated title hsts",
    ),
    (
        "tls",
        "target address port starttls protocol cipher alpn trusted reason names name_matches not_before not_after",
    ),
    (
        "tls",
        "days_left issuer key signature chain ocsp_stapled ocsp_status scts dane",
    ),
    ("ua", UA),
    ("myua", UA),
    (
        "verify",
        "address verdict reason checks mx transcript suggestion",
    ),
    ("trace_mail", "from subject date message_id"),
    ("trace_mail", "hops origin authentication anomalies"),
    ("myip", "address port via chain proxy_headers geo"),
    ("myrequest", "variables headers"),
    ("mailbox", "domain provider hosts"),
    ("howmail", "from to sender receiver access path"),
    ("status", "version commands"),
    (
        "spf",
        "domain record state lookups void_lookups tree problems",
    ),
    (
        "dmarc",
        "domain found_at record state policy subdomain_policy alignment rua problems",
    ),
    ("dkim", "domain keys searched"),
    ("blocklist", "target kind listed checked lists"),
    ("mailcheck", "domain state sections problems"),
    ("propagation", "name type groups resolvers authoritative"),
    (
        "delegation",
        "name type steps answers broken_at disagreements",
    ),
    ("mac", "address oui vendor kind"),
    ("asn", "asn name organization country prefixes registration"),
    (
        "subnet",
        "network version first last netmask wildcard addresses usable scope parent halves cidrs",
    ),
];

/// The data schema may have more fields than the contract requires, but none may be missing.
#[test]
fn data_has_the_fields_of_the_contract() {
    let registry = registry();

    for (name, fields) in CONTRACT {
        let schema = registry.find(name).expect(name).data_schema();
        for field in fields.split(' ') {
            assert!(
                schema.pointer(&format!("/properties/{field}")).is_some(),
                "{name}: {field} in {schema:?}"
            );
        }
    }
}

/// The schema of a reply has no definitions, so nothing in it can be referred to.
#[test]
fn schemas_of_data_have_no_references() {
    for entry in registry().entries() {
        let schema = serde_json::to_string(&entry.data_schema()).expect("JSON");
        assert!(!schema.contains("\"$ref\""), "{}", entry.spec.name);
    }
}

#[test]
fn every_example_parses_and_names_its_command() {
    let registry = registry();
    for entry in registry.entries() {
        for example in entry.spec.examples {
            let parsed = crate::command::parse::parse(&registry, example)
                .unwrap_or_else(|e| panic!("{example}: {}", e.message));
            assert_eq!(parsed.entry.spec.name, entry.spec.name, "{example}");
        }
    }
}
