//! Lines as people type and paste them, and what each must be understood as.

use serde::Deserialize;

use super::{REGISTRY, parse};

/// A typed line with the line that it must equal, or the error that it must give.
#[derive(Deserialize)]
struct Case {
    line: String,
    /// The same request in Netvane's own spelling.
    r#as: Option<String>,
    /// Part of the message.
    error: Option<String>,
    /// The part of the line that is marked.
    position: Option<String>,
    /// The line that the error suggests instead.
    suggestion: Option<String>,
}

/// The command, its arguments and whether the reply is short.
fn read(line: &str) -> Result<(String, String, bool), super::UsageError> {
    parse(&REGISTRY, line).map(|read| {
        (
            read.entry.spec.name.to_owned(),
            serde_json::to_string(read.prepared.arguments()).expect("serializes"),
            read.envelope.short,
        )
    })
}

/// Whether the case is about a command that this build has; the first word of `as` names it.
fn is_registered(case: &Case) -> bool {
    let name = case.r#as.as_deref().and_then(|line| line.split(' ').next());
    name.is_none_or(|name| REGISTRY.find(name).is_some())
}

/// Returns what is wrong with the reading of a line.
fn mistake(case: &Case) -> Option<String> {
    let line = case.line.as_str();
    let result = read(line);
    if !is_registered(case) {
        return result.is_ok().then(|| "its command does not exist".into());
    }
    if let Some(same) = &case.r#as {
        return (result.is_err() || result != read(same)).then(|| format!("{result:?}"));
    }
    let Err(error) = result else {
        return Some(format!("{result:?}"));
    };

    let marked: Option<String> = error.position.clone().map(|position| {
        let part = line.chars().skip(position.start).take(position.len());
        part.collect()
    });
    let suggestion = error
        .suggestion
        .as_deref()
        .map(|line| line.trim_start_matches('/').to_owned());
    let is_as_expected = case
        .error
        .as_ref()
        .is_none_or(|text| error.message.contains(text))
        && (case.position.is_none() || case.position == marked)
        && (case.suggestion.is_none() || case.suggestion == suggestion)
        && case
            .suggestion
            .as_ref()
            .is_none_or(|line| read(line).is_ok());
    (!is_as_expected).then(|| format!("{error:?}, marked {marked:?}"))
}

#[test]
fn lines_are_understood_as_they_are_meant() {
    let mistakes: Vec<String> = include_str!("lines.jsonl")
        .lines()
        .map(|case| serde_json::from_str(case).expect(case))
        .filter_map(|case: Case| Some(format!("{}: {}", case.line, mistake(&case)?)))
        .collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}
