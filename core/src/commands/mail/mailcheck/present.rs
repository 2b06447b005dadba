//! The report for people: short enough for a phone.

use netvane_document::{Cell, Document, Role, Severity};
use netvane_facts::target::{both_forms, name_warning};

use super::{
    Data,
    section::{SectionName, SectionState, matters},
};
use crate::commands::mail::problem::{show, tally};

/// Maximum length of the summary of a section, in characters.
const MAX_SUMMARY: usize = 70;

pub(super) fn document(data: &Data) -> Document {
    let title = format!("Mail of {}", both_forms(&data.domain));
    let mut document = Document::new(title, summary(data), severity(data));

    let important: Vec<_> = data
        .problems
        .iter()
        .filter(|problem| matters(problem))
        .collect();
    let problems = important
        .iter()
        .map(|problem| (&problem.problem, Some(problem.section.title())));
    show(&mut document, problems);

    let rows: Vec<[Cell; 3]> = SectionName::ALL
        .iter()
        .map(|name| {
            let section = data.sections.get(*name);
            let summary = if section.summary.is_empty() && data.in_progress {
                "…".to_owned()
            } else {
                shorten(&section.summary)
            };
            let (symbol, role) = symbol(section.state);
            [
                Cell::new(symbol, role),
                name.title().into(),
                Cell::from(summary),
            ]
        })
        .collect();
    document.table(["", "Check", "Result"], rows);

    if let Some(warning) = name_warning(&data.domain) {
        document.warn(warning);
    }
    document
}

fn summary(data: &Data) -> String {
    let tally = tally(data.problems.iter().map(|problem| &problem.problem));
    let unknown = SectionName::ALL
        .iter()
        .filter(|name| data.sections.get(**name).state == SectionState::Unknown)
        .count();
    if data.in_progress {
        let found = if tally.is_empty() {
            String::new()
        } else {
            format!(": {tally}")
        };
        return format!("Checking{found}");
    }
    let missing = match unknown {
        0 => String::new(),
        1 => "; 1 check failed".into(),
        _ => format!("; {unknown} checks failed"),
    };
    match tally.as_str() {
        "" => format!("No problems{missing}"),
        _ => format!("{tally}{missing}"),
    }
}

fn severity(data: &Data) -> Severity {
    match data.state {
        SectionState::Ok => Severity::Good,
        SectionState::Unknown if data.in_progress => Severity::Neutral,
        SectionState::None | SectionState::Warning | SectionState::Unknown => Severity::Warning,
        SectionState::Error => Severity::Bad,
    }
}

fn symbol(state: SectionState) -> (&'static str, Role) {
    match state {
        SectionState::Ok => ("✓", Role::Good),
        SectionState::None => ("–", Role::Aside),
        SectionState::Warning => ("!", Role::Warning),
        SectionState::Error => ("✗", Role::Bad),
        SectionState::Unknown => ("?", Role::Aside),
    }
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_SUMMARY).collect();
    if text.chars().nth(MAX_SUMMARY).is_some() {
        short.push('…');
    }
    short
}
