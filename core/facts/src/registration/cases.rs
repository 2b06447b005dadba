//! Answers of registries with the registration that must be read from them.
//!
//! `whois.jsonl` and `rdap.jsonl` are answers that were once read wrongly; `*.txt` are answers in the dialects of many
//! registries, with the expected data in one line.

use serde_json::Value;

use super::{Kind, Registration, RegistrationState, rdap, whois};

mod encodings;

fn lines(text: &'static str) -> impl Iterator<Item = Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
}

fn kind(query: &str) -> Kind {
    let bare = query.strip_prefix("AS").unwrap_or(query);
    if bare.parse::<u32>().is_ok() {
        Kind::Asn
    } else if query.parse::<std::net::IpAddr>().is_ok() {
        Kind::Ip
    } else if query.contains('/') {
        Kind::Network
    } else {
        Kind::Domain
    }
}

fn state(found: &Registration) -> String {
    format!("{:?}", found.state).to_lowercase()
}

/// The text of a member that a case expects to be present; `null` is a missing value.
fn expected(case: &Value, name: &str) -> Option<Option<String>> {
    case.get(name)
        .map(|value| value.as_str().map(str::to_owned))
}

#[test]
fn reads_the_collected_whois_answers() {
    for case in lines(include_str!("cases/whois.jsonl")) {
        let Some(text) = case["text"].as_str() else {
            continue;
        };
        let query = case["query"].as_str().expect("a query");
        let found = whois::parse(kind(query), query, text);

        let registrar = found.registrar.clone().unwrap_or_default();
        let registrant = found.registrant.clone().unwrap_or_default();
        let network = found.network.clone().unwrap_or_default();
        for (name, value) in [
            ("state", Some(state(&found))),
            ("registrar", registrar.name),
            ("registrant_organization", registrant.organization),
            ("registrant_country", registrant.country),
            ("holder", network.organization),
        ] {
            if let Some(expected) = expected(&case, name) {
                assert_eq!(value, expected, "{name} of {query}");
            }
        }

        if let Some(expected) = case["chain_names"].as_str() {
            let referral = whois::referral(text).expect("a referral");
            assert_eq!(format!("{}:{}", referral.host, referral.port), expected);
        }
    }
}

#[test]
fn reads_the_collected_rdap_answers() {
    for case in lines(include_str!("cases/rdap.jsonl")) {
        let query = case["query"].as_str().expect("a query");
        let body = match &case["body"] {
            Value::String(text) => text.clone(),
            object => object.to_string(),
        };
        let status = case["status"]
            .as_u64()
            .and_then(|code| u16::try_from(code).ok());
        let found = rdap::parse_response(
            kind(query),
            query,
            status.expect("a status"),
            body.as_bytes(),
        );

        // Without usable data, port 43 is queried.
        let by_whois = || case["whois43"].as_str().unwrap_or("unavailable").to_owned();
        let state = found.as_ref().map_or_else(|_| by_whois(), state);
        if let Some(expected) = case["state"].as_str() {
            assert_eq!(state, expected, "{case}");
        }
        if let Some(shows) = case["shows"].as_str() {
            let notice = found.expect("an error object").notice.unwrap_or_default();
            assert!(notice.contains(shows), "{notice}");
        }
    }
}

/// Checks a file of answers: `=== QUERY`, the expected data in one line, `---`, and the answer.
fn check(file: &str) {
    let mut failures = Vec::new();
    for case in file.split("\n=== ").skip(1) {
        let (head, text) = case.split_once("\n---\n").expect(case);
        let (query, expected) = head.split_once('\n').expect(head);
        let found = whois::samples::brief(&whois::parse(kind(query), query, text));
        let expected = expected.split('\n').collect::<Vec<_>>().join(" ");
        if found != expected {
            failures.push(format!(
                "{query}\n  found    {found}\n  expected {expected}"
            ));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn reads_the_dialects_of_european_registries() {
    check(include_str!("cases/europe.txt"));
}

#[test]
fn reads_the_dialects_of_asian_registries() {
    check(include_str!("cases/asia.txt"));
}

#[test]
fn reads_the_dialects_of_american_and_african_registries() {
    check(include_str!("cases/america.txt"));
}

#[test]
fn reads_the_dialects_of_address_registries() {
    check(include_str!("cases/networks.txt"));
}

#[test]
fn reads_variants_of_the_dialects() {
    check(include_str!("cases/variants.txt"));
}

#[test]
fn recognizes_the_state_in_answers_without_data() {
    let mut failures = Vec::new();
    for line in include_str!("cases/states.txt").lines() {
        let Some((expected, rest)) = line.split_once('\t') else {
            continue;
        };
        let (query, text) = rest.split_once('\t').expect(line);
        let text = text.replace("\\n", "\n");
        let found = state(&whois::parse(kind(query), query, &text));
        if found != expected {
            failures.push(format!("{found} instead of {expected}: {query}: {text}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn a_state_without_a_registration_has_no_data() {
    let text = "Domain: example.test\nStatus: free\nDNSSEC: no\n";
    let found = whois::parse(Kind::Domain, "example.test", text);
    let expected = Registration {
        state: RegistrationState::Available,
        ..Registration::empty(Kind::Domain)
    };
    assert_eq!(found, expected);
}
