//! The test suite of RFC 7208, release 2014.04 of openspf.org, through a DNS server on loopback.
//!
//! `suite/rfc7208-tests.json` is `rfc7208-tests.yml` as JSON, without its comments; its licence is beside it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::mailauth::testing::{Zone, ZoneEntry, ZoneServer};

#[derive(Deserialize)]
struct Scenario {
    description: String,
    tests: BTreeMap<String, Case>,
    zonedata: BTreeMap<String, Vec<Value>>,
}

#[derive(Deserialize)]
struct Case {
    helo: String,
    host: String,
    mailfrom: String,
    result: Vec<String>,
    explanation: Option<String>,
}

/// The suite writes bytes as characters up to U+00FF.
fn bytes(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| u8::try_from(character).expect("a byte"))
        .collect()
}

fn strings(value: &Value) -> ZoneEntry {
    match value {
        Value::Array(strings) => ZoneEntry::Text(
            strings
                .iter()
                .map(|text| bytes(text.as_str().expect("a text")))
                .collect(),
        ),
        text => ZoneEntry::Text(vec![bytes(text.as_str().expect("a text"))]),
    }
}

/// Records of a name. Those of the obsolete type SPF count as TXT records if there are none of that type.
fn entries(records: &[Value]) -> Vec<ZoneEntry> {
    let has_txt = records.iter().any(|record| record.get("TXT").is_some());
    let entry = |record: &Value| {
        let Some(record) = record.as_object() else {
            return Some(ZoneEntry::Failing);
        };
        let (rtype, value) = record.iter().next()?;
        let text = value.as_str().unwrap_or_default();
        Some(match rtype.as_str() {
            "TXT" if text == "NONE" => return None,
            "SPF" if has_txt => return None,
            "TXT" | "SPF" => strings(value),
            "A" | "AAAA" => ZoneEntry::Address(text.parse().expect("an address")),
            "MX" => {
                let preference = value[0].as_u64().expect("a number") as u16;
                ZoneEntry::MailServer(preference, value[1].as_str().expect("a name").into())
            }
            "PTR" => ZoneEntry::Pointer(text.into()),
            "CNAME" => ZoneEntry::Alias(text.into()),
            other => panic!("unknown record type {other}"),
        })
    };
    records.iter().filter_map(entry).collect()
}

fn scenarios() -> Vec<Scenario> {
    serde_json::from_str(include_str!("suite/rfc7208-tests.json")).expect("the suite")
}

impl Scenario {
    fn zone(&self) -> Zone {
        let records = self.zonedata.iter();
        records
            .map(|(name, records)| (name.to_lowercase(), entries(records)))
            .collect()
    }
}

impl Case {
    fn envelope(&self) -> Envelope<'_> {
        Envelope {
            address: self.host.parse().expect("an address"),
            helo: &self.helo,
            by: "receiver.example.net",
            mail_from: &self.mailfrom,
        }
    }
}

#[tokio::test]
async fn the_suite_of_rfc_7208_passes() {
    let mut count = 0;
    let mut failures = Vec::new();

    for scenario in scenarios() {
        let server = ZoneServer::start(scenario.zone()).await;

        for (name, case) in &scenario.tests {
            let check = check_host(&server.client, case.envelope(), TIME_LIMIT).await;
            let expected = case.explanation.as_deref().map(|text| match text {
                "DEFAULT" => None,
                text => Some(text),
            });

            count += 1;
            let is_right = case
                .result
                .iter()
                .any(|right| right == check.result.as_str())
                && expected.is_none_or(|text| text == check.explanation.as_deref());
            if !is_right {
                let description = &scenario.description;
                failures.push(format!(
                    "{description}: {name}: expected {:?}, got {check:?}",
                    case.result
                ));
            }
        }
    }

    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(count, 203, "tests in the suite");
}

/// A message never needs more lookups than the tree of its domain counts, and the limit is exceeded only where the tree
/// says so.
#[tokio::test]
async fn the_tree_counts_all_lookups_that_a_message_can_need() {
    let mut compared = 0;

    for scenario in scenarios() {
        let server = ZoneServer::start(scenario.zone()).await;

        for (name, case) in &scenario.tests {
            let check = check_host(&server.client, case.envelope(), TIME_LIMIT).await;
            let tree = tree::lookup_tree(&server.client, &check.domain).await;
            let varies = tree.all_terms(&check.domain).iter().any(|(_, term)| {
                matches!(term.outcome, tree::TermOutcome::DependsOnMessage)
                    && !term.text.contains("exists")
                    && !term.text.contains("ptr")
            });
            if varies || tree.record.parsed().is_none() {
                continue;
            }

            compared += 1;
            assert!(check.lookups <= tree.lookups, "{name}: {check:?}, {tree:?}");
            if check.reason.contains("DNS lookups are needed") {
                assert!(tree.lookups > MAX_LOOKUPS, "{name}: {tree:?}");
            }
        }
    }

    assert!(compared > 100, "{compared} compared");
}
