//! Errors of a command line, with their position and a suggestion if a similar spelling exists.

use std::ops::Range;

use netvane_document::{Missing, UsageError, UsageKind};
use netvane_facts::target::Invalid;

use super::{assign::AssignedValue, tokens::Token};
use crate::{
    command::{Entry, Registry},
    spec::{Argument, CommandNames},
    suggest::nearest,
};

pub(super) fn unknown_command(
    registry: &Registry,
    name: &str,
    place: Option<(Range<usize>, &str)>,
) -> UsageError {
    let meant = registry.nearest(name);
    let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    let message = match meant {
        Some(meant) => format!("unknown command `{shown}`; did you mean `{meant}`?"),
        None => format!("unknown command `{shown}`; see `help`"),
    };
    let suggestion = match (meant, &place) {
        (Some(meant), Some((span, line))) => {
            Some(replaced(line, span.clone(), &format!("/{meant}")))
        }
        (Some(meant), None) => Some(format!("/{meant}")),
        (None, _) => Some("/help".into()),
    };

    UsageError {
        kind: UsageKind::UnknownCommand,
        message,
        position: place.map(|(span, _)| span),
        suggestion,
        missing: None,
    }
}

pub(super) fn unknown_option(entry: &Entry, name: &str) -> UsageError {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    let names: Vec<&str> = entry
        .arguments
        .iter()
        .map(|argument| argument.name.as_str())
        .collect();
    let message = match nearest(name, names.iter().copied()) {
        Some(meant) => format!(
            "`{}` has no option `{shown}`; did you mean `{meant}`?",
            entry.spec.name
        ),
        None if names.is_empty() => format!(
            "`{}` has no option `{shown}`, and takes none",
            entry.spec.name
        ),
        None => format!(
            "`{}` has no option `{shown}`; it takes {}",
            entry.spec.name,
            listed(&names)
        ),
    };
    UsageError::argument(message)
}

pub(super) fn superfluous(entry: &Entry, token: &Token) -> UsageError {
    let names: Vec<&str> = entry
        .arguments
        .iter()
        .map(|argument| argument.name.as_str())
        .collect();
    let takes = if names.is_empty() {
        "no arguments".into()
    } else {
        format!("only {}", listed(&names))
    };
    UsageError::argument(format!(
        "unexpected argument: `{}` takes {takes}",
        entry.spec.name
    ))
    .at(token.span.clone())
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, head)) => format!("{} and {last}", head.join(", ")),
        None => String::new(),
    }
}

pub(super) fn form(argument: &Argument) -> String {
    argument
        .form
        .as_ref()
        .map(|form| format!(": {form}"))
        .unwrap_or_default()
}

pub(super) fn missing(entry: &Entry, given: impl Fn(&str) -> bool) -> Result<(), UsageError> {
    let missing = entry
        .arguments
        .iter()
        .find(|argument| argument.required && !given(&argument.name));

    match missing {
        Some(argument) => Err(UsageError {
            suggestion: entry
                .spec
                .examples
                .first()
                .map(|example| format!("/{example}")),
            missing: Some(Missing {
                command: entry.spec.name,
                argument: argument.name.clone(),
            }),
            ..UsageError::argument(format!(
                "`{}` needs `{}`{}",
                entry.spec.name,
                argument.name,
                form(argument)
            ))
        }),
        None => Ok(()),
    }
}

pub(super) fn empty(argument: &Argument) -> UsageError {
    let form = argument.form.as_deref().unwrap_or(&argument.help);
    UsageError::argument(format!("`{}` is empty: expected {form}", argument.name))
}

/// Maps the error of a value to its position in the line.
pub(super) fn place(given: &AssignedValue<'_>, invalid: &Invalid, line: &str) -> UsageError {
    let written: String = line
        .chars()
        .skip(given.span.start)
        .take(given.span.len())
        .collect();

    // Quotes and `name=` are written before the value.
    let offset = written
        .rfind(&given.text)
        .map_or(0, |bytes| written[..bytes].chars().count());
    let value = given.span.start + offset..given.span.start + offset + given.text.chars().count();
    let value = if written.contains(&given.text) {
        value
    } else {
        given.span.clone()
    };

    let position = match &invalid.part {
        Some(part) if part.end <= value.len() => value.start + part.start..value.start + part.end,
        _ => value.clone(),
    };
    let suggestion = invalid.command.clone().or_else(|| {
        invalid
            .value
            .as_ref()
            .map(|better| replaced(line, value, better))
    });

    UsageError {
        suggestion,
        ..UsageError::argument(format!("`{}`: {}", given.argument.name, invalid.message))
            .at(position)
    }
}

pub(super) fn replaced(line: &str, span: Range<usize>, with: &str) -> String {
    let head: String = line.chars().take(span.start).collect();
    let tail: String = line.chars().skip(span.end).collect();
    let whole = format!("{head}{with}{tail}");
    let whole = whole.trim();
    if whole.starts_with('/') {
        whole.to_owned()
    } else {
        format!("/{whole}")
    }
}
