//! Cases of this project, and samples of the test sets of uap-core and woothee.

use serde::Deserialize;

use super::*;

const CASES: &str = include_str!("../../../tests/user-agents/cases.jsonl");
const UAP_CORE: &str = include_str!("../../../tests/user-agents/uap-core.jsonl");
const WOOTHEE: &str = include_str!("../../../tests/user-agents/woothee.jsonl");

/// One line of a set; fields that are absent are not compared.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    ua: String,
    category: Option<String>,
    bot: Option<bool>,
    client: Option<String>,
    not_client: Option<String>,
    version: Option<String>,
    os: Option<String>,
}

impl Case {
    /// The facts of the User-Agent, and its category as text.
    fn read(&self) -> (UaFacts, String) {
        let facts = read(&self.ua);
        let category = serde_json::to_value(facts.category).expect("JSON");
        (facts, category.as_str().unwrap_or_default().to_owned())
    }
}

fn cases(set: &str) -> Vec<Case> {
    set.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// The share of cases that hold, of those for which `holds` has an answer.
fn rate(set: &str, holds: impl Fn(&Case) -> Option<bool>) -> f64 {
    let answers: Vec<bool> = cases(set).iter().filter_map(holds).collect();
    assert!(answers.len() > 20, "the set is too small");
    answers.iter().filter(|holds| **holds).count() as f64 / answers.len() as f64
}

#[test]
fn every_case_of_this_project_holds() {
    for case in cases(CASES) {
        let (facts, category) = case.read();
        let (name, version) = (facts.client.name, facts.client.version);
        assert!(
            case.category.as_ref().is_none_or(|kind| *kind == category),
            "{case:?}: {category}"
        );
        assert!(
            case.bot.is_none_or(|bot| bot == facts.bot),
            "{case:?}: {}",
            facts.bot
        );
        assert!(
            case.client.is_none() || case.client == name,
            "{case:?}: {name:?}"
        );
        assert!(
            case.version.is_none() || case.version == version,
            "{case:?}: {version:?}"
        );
        assert!(
            case.not_client.is_none() || case.not_client != name,
            "{case:?}"
        );
    }
}

#[test]
fn names_and_systems_are_those_of_uap_core() {
    let names = rate(UAP_CORE, |case| {
        let expected = case.client.as_ref()?;
        Some(read(&case.ua).client.name.as_ref() == Some(expected))
    });
    let systems = rate(UAP_CORE, |case| {
        let expected = case.os.as_ref()?;
        Some(read(&case.ua).os.name.as_ref() == Some(expected))
    });
    assert!(names >= 0.99 && systems >= 0.99, "{names} {systems}");
}

#[test]
fn people_are_no_bots_and_bots_are_found() {
    let people = rate(UAP_CORE, |case| {
        (case.bot == Some(false)).then(|| !read(&case.ua).bot)
    });
    let bots = rate(UAP_CORE, |case| {
        (case.bot == Some(true)).then(|| read(&case.ua).bot)
    });
    assert!(people >= 0.998 && bots >= 0.97, "{people} {bots}");
}

#[test]
fn categories_are_those_of_woothee() {
    let categories = rate(WOOTHEE, |case| {
        let expected = case.category.as_deref()?;
        let (_, found) = case.read();
        // woothee has no tablets.
        Some(expected == found || (expected == "smartphone" && found == "tablet"))
    });
    assert!(categories >= 0.97, "{categories}");
}
