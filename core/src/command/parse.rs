//! Parses a command line into a prepared command; errors carry their position.
//!
//! Names, order and types of the arguments come from the registry; nothing here is specific to a
//! command.

mod assign;
mod call;
mod envelope;
mod fault;
mod named;
mod target;
mod target_port;
mod tokens;
mod tools;

use std::{ops::Range, sync::Arc};

use netvane_document::UsageError;
use netvane_facts::target::Invalid;
use serde_json::{Map, Value};

use crate::{
    args::Flag,
    command::{Entry, Prepared, Registry},
    spec::{Argument, ArgumentKind, CommandNames, Completes},
    suggest,
    vantage::selection::Selection,
};
use assign::{AssignedValue, assign};
use call::{Call, call, normalize_name};
use fault::{place, value_span};
use tokens::{Token, tokens};

pub(crate) use envelope::{FROM, SHORT};
pub(crate) use fault::command_line;
pub(crate) use named::parse_named;

/// A request after parsing.
pub(crate) struct Understood {
    pub(crate) entry: Arc<Entry>,
    pub(crate) prepared: Box<dyn Prepared>,
    pub(crate) envelope: Envelope,
}

/// The arguments of the envelope.
#[derive(Default)]
pub(crate) struct Envelope {
    /// Text forms of the reply show values only.
    pub(crate) short: bool,
    /// Vantage points, if the request names any.
    pub(crate) from: Option<Selection>,
}

/// Maximum length of a command line in bytes; large enough for a pasted message.
pub(crate) const MAX_LINE: usize = 512 * 1024;

/// Parses a typed line such as `/mx example.com resolver=192.0.2.53`.
pub(crate) fn parse(registry: &Registry, line: &str) -> Result<Understood, UsageError> {
    let tokens = tokens(line);
    let Call { entry, words } = call(registry, &tokens, line)?;

    assign(&entry, &words, line)
        .and_then(|values| prepare(registry, &entry, &values, line))
        .map_err(|error| {
            let error = respell(registry, &entry, &tokens, error);
            without_credentials(line, error)
        })
        .map(|(prepared, envelope)| Understood {
            entry,
            prepared,
            envelope,
        })
}

/// Returns where in the line the value of an argument is, for errors that a command finds only when it runs.
pub(crate) fn position(registry: &Registry, line: &str, argument: &str) -> Option<Range<usize>> {
    let tokens = tokens(line);
    let Call { entry, words } = call(registry, &tokens, line).ok()?;
    let values = assign(&entry, &words, line).ok()?;
    values
        .iter()
        .find(|value| value.argument.name == argument)
        .map(|value| value_span(value, line))
}

/// Returns the command that a name means: its own name or alias, that of a tool that does the same, or a record type.
pub(crate) fn command_named(registry: &Registry, name: &str) -> Option<Arc<Entry>> {
    if let Some(entry) = registry.find(name) {
        return Some(entry.clone());
    }
    tools::command(registry, name).or_else(|| Some(call::record_type(registry, name)?.0))
}

/// Returns the record type that a name means, if that is a command only because every type is one: `DS` for `ds`.
pub(crate) fn record_type_named(registry: &Registry, name: &str) -> Option<String> {
    if tools::command(registry, name).is_some() {
        return None;
    }
    call::record_type(registry, name).map(|(_, rtype)| rtype)
}

/// Removes position and suggestion, with which adapters would repeat the line, if a word of the line
/// may hold a password: `https://user:password@host`, `user:password@host`.
fn without_credentials(line: &str, error: UsageError) -> UsageError {
    let has_credentials = line.split_whitespace().any(|word| {
        word.split_once(':')
            .is_some_and(|(_, rest)| rest.contains('@'))
    });
    if !has_credentials {
        return error;
    }
    UsageError {
        position: None,
        suggestion: None,
        ..error
    }
}

/// Returns the arguments of a command's first example, by name.
pub fn example(registry: &Registry, entry: &Entry) -> Map<String, Value> {
    let line = entry.spec.examples.first().copied().unwrap_or_default();
    parse(registry, line)
        .map(|read| Map::clone(read.prepared.arguments()))
        .unwrap_or_default()
}

/// Checks an argument that is the name of a command; the error names the argument.
fn check_command<'v>(
    registry: &Registry,
    entry: &Entry,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Result<(), (String, Invalid)> {
    let about = entry
        .arguments
        .iter()
        .find(|argument| argument.completes == Some(Completes::Command));
    let Some((argument, written)) = about.and_then(|about| Some((about, value(&about.name)?)))
    else {
        return Ok(());
    };

    let name = normalize_name(written.trim().trim_start_matches('/'));
    if command_named(registry, &name).is_some() {
        return Ok(());
    }
    let invalid = match registry.nearest(&name) {
        Some(near) => {
            Invalid::new(format!("unknown command `{name}`; did you mean `{near}`?")).value(near)
        }
        None => Invalid::new(format!("unknown command `{name}`; see `help`")).command("/help"),
    };
    Err((argument.name.clone(), invalid))
}

/// Whether this is the `from` of the envelope, and not an argument of that name.
fn is_from(argument: &Argument) -> bool {
    argument.completes == Some(Completes::Place)
}

const NOT_A_FLAG: &str = "`short` must be yes or no";

fn read_flag(value: &Value) -> Option<bool> {
    serde_json::from_value::<Flag>(value.clone())
        .ok()
        .map(|flag| flag.0)
}

/// Converts a written value to JSON: numbers become numbers, other values are left to the
/// argument's type.
/// The message of an error names the argument.
fn typed(argument: &Argument, text: &str) -> Result<Value, Invalid> {
    if !argument.choices.is_empty() {
        let lower = text.to_lowercase();
        return if argument.choices.contains(&lower) {
            Ok(lower.into())
        } else {
            Err(not_a_choice(argument, &lower))
        };
    }

    if argument.kind != ArgumentKind::Integer {
        return Ok(text.into());
    }

    let (low, high) = (
        argument.minimum.unwrap_or(0),
        argument.maximum.unwrap_or(i64::from(u32::MAX)),
    );

    match text.trim().parse::<i64>() {
        Ok(number) if (low..=high).contains(&number) => Ok(number.into()),
        Ok(0) if argument.or_endless => Ok(0.into()),
        _ => Err(Invalid::new(format!(
            "`{}` must be {low}–{high}",
            argument.name
        ))),
    }
}

/// The error of a value that is not one of the allowed ones, with the most similar of them.
fn not_a_choice(argument: &Argument, written: &str) -> Invalid {
    let choices = argument.choices.iter().map(|choice| format!("`{choice}`"));
    let choices: Vec<String> = choices.collect();
    let invalid = Invalid::new(format!(
        "`{}` must be {}",
        argument.name,
        choices.join(" or ")
    ));
    match suggest::nearest(written, argument.choices.iter().map(String::as_str)) {
        Some(near) => invalid.value(near),
        None => invalid,
    }
}

fn prepare(
    registry: &Registry,
    entry: &Entry,
    values: &[AssignedValue<'_>],
    line: &str,
) -> Result<(Box<dyn Prepared>, Envelope), UsageError> {
    let mut arguments = Map::new();
    let mut envelope = Envelope::default();

    for written in values {
        let AssignedValue {
            argument,
            text,
            span,
        } = written;
        if std::ptr::eq(*argument, &*SHORT) {
            envelope.short = read_flag(&text.as_str().into())
                .ok_or_else(|| UsageError::argument(NOT_A_FLAG).at(span.clone()))?;
            continue;
        }
        if is_from(argument) {
            let selection =
                Selection::parse(text).map_err(|invalid| place(written, &invalid, line))?;
            envelope.from = Some(selection);
            continue;
        }
        let value = typed(argument, text).map_err(|invalid| UsageError {
            message: invalid.message.clone(),
            position: Some(span.clone()),
            ..place(written, &invalid, line)
        })?;
        arguments.insert(argument.name.clone(), value);
    }

    let value_named = |name: &str| values.iter().find(|value| value.argument.name == name);
    let fault = |name: &str, invalid: &Invalid| match value_named(name) {
        Some(value) => place(value, invalid, line),
        None => UsageError::argument(invalid.message.clone()),
    };
    check_command(registry, entry, |name| {
        Some(value_named(name)?.text.as_str())
    })
    .map_err(|(name, invalid)| UsageError {
        message: invalid.message.clone(),
        ..fault(&name, &invalid)
    })?;

    let prepared = entry
        .prepare(arguments)
        .map_err(|(path, invalid)| fault(path.as_deref().unwrap_or_default(), &invalid))?;
    Ok((prepared, envelope))
}

/// Suggests the first two words in reverse order if the line is valid that way: `ping 3 example.com`.
fn respell(registry: &Registry, entry: &Entry, tokens: &[Token], error: UsageError) -> UsageError {
    let [command, first, second, rest @ ..] = tokens else {
        return error;
    };
    let is_option =
        |word: &Token| word.text.contains('=') || word.text.starts_with(['-', '+', '@']);
    let is_target = second.text.contains(['.', ':', '@']);
    if error.suggestion.is_some() || is_option(first) || is_option(second) || !is_target {
        return error;
    }

    let name = command.text.trim_start_matches('/');
    let name = name.split('@').next().unwrap_or(name);
    let swapped = [second, first]
        .into_iter()
        .chain(rest)
        .map(|token| token.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");

    let swapped = format!("/{name} {swapped}");
    let words = self::tokens(&swapped);
    let fits = registry.find(&normalize_name(name)).is_some()
        && assign(entry, &words[1..], &swapped)
            .and_then(|values| prepare(registry, entry, &values, &swapped))
            .is_ok();

    if fits { error.suggest(swapped) } else { error }
}

#[cfg(test)]
mod tests;
