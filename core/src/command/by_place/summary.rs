//! The summary of answers from several vantage points: what is the same, and what differs.

use super::{ByPlace, PlaceState};
use crate::command::comparison::Values;

/// Most groups of answers, and most names, that a summary spells out.
const MAX_LISTED: usize = 3;

/// Vantage points with the same values.
struct Group<'a> {
    values: Vec<String>,
    /// Summary of one of them, for those without values.
    summary: &'a str,
    members: Vec<&'a str>,
}

impl ByPlace {
    pub(super) fn summary(&self) -> String {
        let comparison = self.comparison();
        let mut parts: Vec<String> = Vec::new();

        if let Some(values) = comparison.values {
            parts.extend(self.agreement(values));
        }
        if comparison.time.is_some() {
            parts.extend(self.times(comparison.did));
        }
        parts.extend(self.troubles());

        if parts.is_empty() {
            return "no answer".into();
        }
        parts.join("; ")
    }

    /// `the same 2 addresses at 5 of 6; at sin1: 192.0.2.9`
    fn agreement(&self, values: Values) -> Option<String> {
        let groups = self.groups();
        let asked = self.rows.len();
        let (first, others) = groups.split_first()?;

        let answered: usize = groups.iter().map(|group| group.members.len()).sum();
        if first.members.len() == 1 && answered > 2 {
            let several = values.names.1;
            return Some(format!("different {several} at each of {answered} places"));
        }

        let mut text = format!(
            "{} at {} of {asked}",
            first.label(values),
            first.members.len()
        );
        for other in others.iter().take(MAX_LISTED) {
            text += &format!("; at {}: {}", listed(&other.members), other.label(values));
        }
        if others.len() > MAX_LISTED {
            text += &format!("; {} other results", others.len() - MAX_LISTED);
        }
        Some(text)
    }

    /// The vantage points that have answered, by what they answered; the largest group first.
    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for row in &self.rows {
            let (PlaceState::Answered, Some(answer)) = (row.state, &row.answer) else {
                continue;
            };
            let mut found = answer.compared(self.comparison()).values.clone();
            found.sort_unstable();
            found.dedup();
            let summary = answer.document().summary.as_str();
            let same = groups.iter_mut().find(|group| {
                group.values == found && (!found.is_empty() || group.summary == summary)
            });
            match same {
                Some(group) => group.members.push(&row.vantage),
                None => groups.push(Group {
                    values: found,
                    summary,
                    members: vec![&row.vantage],
                }),
            }
        }
        groups.sort_by_key(|group| std::cmp::Reverse(group.members.len()));
        groups
    }

    /// `3 of 4 replied; fastest fra1 8.1 ms, slowest syd1 288 ms`
    fn times(&self, did: &str) -> Option<String> {
        let mut times: Vec<(&str, f64)> = self
            .rows
            .iter()
            .filter(|row| row.state == PlaceState::Answered)
            .filter_map(|row| Some((row.vantage.as_str(), self.time(row)?)))
            .collect();
        times.sort_by(|one, other| one.1.total_cmp(&other.1));
        let answered = self
            .rows
            .iter()
            .any(|row| row.state == PlaceState::Answered);

        let shown = |(name, time): &(&str, f64)| format!("{name} {} ms", short(*time));
        let share = format!("{} of {} {did}", times.len(), self.rows.len());
        match times.as_slice() {
            [] if answered => Some(share),
            [] => None,
            [only] => Some(format!("{share}; {}", shown(only))),
            [fastest, .., slowest] => Some(format!(
                "{share}; fastest {}, slowest {}",
                shown(fastest),
                shown(slowest)
            )),
        }
    }

    /// `refused: dc1; waiting: syd1, nyc1`
    fn troubles(&self) -> impl Iterator<Item = String> {
        [
            PlaceState::Failed,
            PlaceState::Refused,
            PlaceState::Busy,
            PlaceState::Gone,
            PlaceState::Late,
            PlaceState::TooOld,
            PlaceState::Waiting,
        ]
        .into_iter()
        .filter_map(|state| {
            let rows = self.rows.iter().filter(|row| row.state == state);
            let names: Vec<&str> = rows.map(|row| row.vantage.as_str()).collect();
            (!names.is_empty()).then(|| format!("{}: {}", state.word(), listed(&names)))
        })
    }
}

impl Group<'_> {
    /// `192.0.2.1`, `the same 2 addresses`, or the summary of an answer without values.
    fn label(&self, values: Values) -> String {
        let (one, several) = values.names;
        let is_alone = self.members.len() == 1;
        match self.values.as_slice() {
            [] => self.summary.to_owned(),
            [value] if values.readable => value.clone(),
            _ if !values.readable => {
                format!("{} {one}", if is_alone { "another" } else { "the same" })
            }
            several_values if is_alone && several_values.len() <= MAX_LISTED => {
                several_values.join(", ")
            }
            several_values => {
                let same = if is_alone { "" } else { "the same " };
                format!("{same}{} {several}", several_values.len())
            }
        }
    }
}

/// `fra1, nyc1, sin1 and 4 more`
fn listed(names: &[&str]) -> String {
    let shown = names[..names.len().min(MAX_LISTED)].join(", ");
    match names.len().saturating_sub(MAX_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Milliseconds in about three digits: `0.42`, `8.1`, `288`.
pub(super) fn short(time: f64) -> String {
    match time {
        ..1.0 => format!("{time:.2}"),
        1.0..100.0 => format!("{time:.1}"),
        _ => format!("{time:.0}"),
    }
}
