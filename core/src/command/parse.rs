//! Parses a command line into a prepared command; errors carry their position.
//!
//! Names, order and types of the arguments come from the registry; nothing here is specific to a
//! command.

mod assign;
mod call;
mod envelope;
mod fault;
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
};
use assign::{AssignedValue, assign, find};
use call::{Call, call, normalize_name};
use fault::{empty, missing, place, unknown_command, unknown_option, value_span, written_line};
use tokens::{Token, tokens};

pub(crate) use envelope::SHORT;

/// A request after parsing.
pub(crate) struct Understood {
    pub(crate) entry: Arc<Entry>,
    pub(crate) prepared: Box<dyn Prepared>,
    /// Text forms of the reply show values only.
    pub(crate) short: bool,
}

/// Maximum length of a command line in bytes; large enough for a pasted message.
pub(crate) const MAX_LINE: usize = 512 * 1024;

/// Parses a typed line such as `/mx example.com resolver=192.0.2.53`.
pub(crate) fn parse(registry: &Registry, line: &str) -> Result<Understood, UsageError> {
    let tokens = tokens(line);
    let Call { entry, words } = call(registry, &tokens, line)?;

    assign(&entry, &words, line)
        .and_then(|values| prepare(registry, &entry, &values, line))
        .map_err(|error| respell(registry, &entry, &tokens, error))
        .map(|(prepared, short)| Understood {
            entry,
            prepared,
            short,
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

/// Returns the arguments of a command's first example, by name.
pub fn example(registry: &Registry, entry: &Entry) -> Map<String, Value> {
    let line = entry.spec.examples.first().copied().unwrap_or_default();
    parse(registry, line)
        .map(|read| Map::clone(read.prepared.arguments()))
        .unwrap_or_default()
}

/// Parses a command given by its name and named arguments, as in an HTTP request.
pub(crate) fn parse_named(
    registry: &Registry,
    name: &str,
    mut arguments: Map<String, Value>,
) -> Result<Understood, UsageError> {
    let written = normalize_name(name);
    let entry = match (
        registry.find(&written),
        call::record_type(registry, &written),
    ) {
        (Some(entry), _) => entry.clone(),
        (None, Some((entry, rtype))) => {
            name_record_type(&mut arguments, &rtype)?;
            entry
        }
        (None, None) => {
            let error = unknown_command(registry, name, None);
            return Err(with_arguments(registry, error, &arguments));
        }
    };

    let (mut values, short) = named_values(&entry, name, &arguments)?;
    named_target_port(&entry, &mut values)?;
    missing(&entry, |name| values.contains_key(name))?;
    check_command(registry, &entry, |name| values.get(name)?.as_str()).map_err(
        |(argument, invalid)| named_fault(&entry, name, &arguments, Some(argument), &invalid),
    )?;

    let prepared = entry
        .prepare(values)
        .map_err(|(path, invalid)| named_fault(&entry, name, &arguments, path, &invalid))?;
    Ok(Understood {
        entry,
        prepared,
        short,
    })
}

/// Adds the type of a record type that was used as a command, where `domain` may stand for `name`.
fn name_record_type(arguments: &mut Map<String, Value>, rtype: &str) -> Result<(), UsageError> {
    if arguments.contains_key("type") {
        return Err(UsageError::argument("`type` is given twice"));
    }
    if let Some(domain) = arguments.remove("domain") {
        arguments.insert("name".into(), domain);
    }
    arguments.insert("type".into(), rtype.into());
    Ok(())
}

/// Reads named arguments: their values, and whether the reply is `short`.
fn named_values(
    entry: &Entry,
    name: &str,
    arguments: &Map<String, Value>,
) -> Result<(Map<String, Value>, bool), UsageError> {
    let mut values = Map::new();
    let mut short = false;

    for (written, value) in arguments {
        if envelope::find(entry, written).is_some() {
            short = read_flag(value).ok_or_else(|| UsageError::argument(NOT_A_FLAG))?;
            continue;
        }
        let Some(argument) = find(entry, written) else {
            return Err(unknown_named_option(entry, name, arguments, written));
        };
        if values.contains_key(&argument.name) {
            return Err(UsageError::argument(format!(
                "`{}` is given twice",
                argument.name
            )));
        }

        if !value.is_null() {
            let value = match value {
                Value::String(text) if text.is_empty() => return Err(empty(argument)),
                Value::String(text) => typed(argument, text).map_err(UsageError::argument)?,
                Value::Number(number) if argument.rest => number.to_string().into(),
                other => other.clone(),
            };
            values.insert(argument.name.clone(), value);
        }
    }

    Ok((values, short))
}

/// Splits `HOST:PORT` of a command that has both arguments.
fn named_target_port(entry: &Entry, values: &mut Map<String, Value>) -> Result<(), UsageError> {
    let target = values.get("target").and_then(Value::as_str);
    let split = target
        .filter(|_| find(entry, "ports").is_some())
        .and_then(target_port::split);
    let Some((host, port)) = split else {
        return Ok(());
    };
    if values.contains_key("ports") {
        return Err(UsageError::argument(
            "the port is given twice, in `target` and in `ports`",
        ));
    }

    values.insert("target".into(), host.into());
    values.insert("ports".into(), port.into());
    Ok(())
}

/// The error of an argument that the command does not have, with the request as it should be.
fn unknown_named_option(
    entry: &Entry,
    name: &str,
    arguments: &Map<String, Value>,
    written: &str,
) -> UsageError {
    let error = unknown_option(entry, written, None);
    let names = entry
        .arguments
        .iter()
        .map(|argument| argument.name.as_str());
    let Some(meant) = crate::suggest::nearest(&normalize_name(written), names) else {
        return error;
    };
    let corrected: Map<String, Value> = arguments
        .iter()
        .map(|(name, value)| {
            let name = if name == written { meant } else { name };
            (name.to_owned(), value.clone())
        })
        .collect();
    error.suggest(written_line(name, entry, &corrected))
}

/// The error of a named argument's value, with the request as it should be.
fn named_fault(
    entry: &Entry,
    name: &str,
    arguments: &Map<String, Value>,
    path: Option<String>,
    invalid: &Invalid,
) -> UsageError {
    let corrected = path
        .as_ref()
        .zip(invalid.value.as_ref())
        .map(|(path, value)| {
            let mut corrected = arguments.clone();
            corrected.retain(|written, _| normalize_name(written) != *path);
            corrected.insert(path.clone(), value.as_str().into());
            written_line(name, entry, &corrected)
        });
    let message = match path {
        Some(argument) => format!("`{argument}`: {}", invalid.message),
        None => invalid.message.clone(),
    };
    UsageError {
        suggestion: invalid.command.clone().or(corrected),
        ..UsageError::argument(message)
    }
}

/// Adds the arguments to the suggestion of a command's error, if that command has them.
fn with_arguments(
    registry: &Registry,
    error: UsageError,
    arguments: &Map<String, Value>,
) -> UsageError {
    let name = error
        .suggestion
        .as_deref()
        .map(|line| line.trim_start_matches('/').to_owned());
    let entry = name.as_deref().and_then(|name| registry.find(name));
    match (name, entry) {
        (Some(name), Some(entry))
            if arguments
                .keys()
                .all(|written| find(entry, written).is_some()) =>
        {
            error.suggest(written_line(&name, entry, arguments))
        }
        _ => error,
    }
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

const NOT_A_FLAG: &str = "`short` must be yes or no";

fn read_flag(value: &Value) -> Option<bool> {
    serde_json::from_value::<Flag>(value.clone())
        .ok()
        .map(|flag| flag.0)
}

/// Converts a written value to JSON: numbers become numbers, other values are left to the
/// argument's type.
fn typed(argument: &Argument, text: &str) -> Result<Value, String> {
    if !argument.choices.is_empty() {
        let lower = text.to_lowercase();
        return if argument.choices.contains(&lower) {
            Ok(lower.into())
        } else {
            let choices = argument.choices.iter().map(|choice| format!("`{choice}`"));
            let choices: Vec<String> = choices.collect();
            Err(format!(
                "`{}` must be {}",
                argument.name,
                choices.join(" or ")
            ))
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
        _ => Err(format!("`{}` must be {low}–{high}", argument.name)),
    }
}

fn prepare(
    registry: &Registry,
    entry: &Entry,
    values: &[AssignedValue<'_>],
    line: &str,
) -> Result<(Box<dyn Prepared>, bool), UsageError> {
    let mut arguments = Map::new();
    let mut short = false;

    for AssignedValue {
        argument,
        text,
        span,
    } in values
    {
        if std::ptr::eq(*argument, &*SHORT) {
            short = read_flag(&text.as_str().into())
                .ok_or_else(|| UsageError::argument(NOT_A_FLAG).at(span.clone()))?;
            continue;
        }
        let value = typed(argument, text)
            .map_err(|message| UsageError::argument(message).at(span.clone()))?;
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
    .map_err(|(name, invalid)| fault(&name, &invalid))?;

    let prepared = entry
        .prepare(arguments)
        .map_err(|(path, invalid)| fault(path.as_deref().unwrap_or_default(), &invalid))?;
    Ok((prepared, short))
}

/// Suggests the first two words in reverse order if the line is valid that way: `ping 3 example.com`.
fn respell(registry: &Registry, entry: &Entry, tokens: &[Token], error: UsageError) -> UsageError {
    let [command, first, second, rest @ ..] = tokens else {
        return error;
    };
    let is_option =
        |word: &Token| word.text.contains('=') || word.text.starts_with(['-', '+', '@']);
    if error.suggestion.is_some() || is_option(first) || is_option(second) {
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
