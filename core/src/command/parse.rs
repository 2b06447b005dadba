//! Parses a command line into a prepared command; errors carry their position.
//!
//! Names, order and types of the arguments come from the registry; nothing here is specific to a
//! command.

mod assign;
mod fault;
mod tokens;

use std::sync::Arc;

use netvane_document::{UsageError, UsageKind};
use serde_json::{Map, Value};

use crate::{
    command::{Entry, Prepared, Registry},
    spec::{Argument, ArgumentKind},
};
use assign::{AssignedValue, assign, find};
use fault::{empty, missing, place, unknown_command, unknown_option};
use tokens::{Token, tokens};

/// A command and its parsed arguments.
pub(crate) type Understood = (Arc<Entry>, Box<dyn Prepared>);

/// Maximum length of a command line in bytes; large enough for a pasted message.
pub(crate) const MAX_LINE: usize = 512 * 1024;

/// Parses a typed line such as `/mx example.com resolver=192.0.2.53`.
pub(crate) fn parse(registry: &Registry, line: &str) -> Result<Understood, UsageError> {
    let tokens = tokens(line);
    let Some((first, rest)) = tokens.split_first() else {
        return Err(UsageError {
            kind: UsageKind::UnknownCommand,
            message: "empty command; see `help`".into(),
            position: Some(0..0),
            suggestion: Some("/help".into()),
            missing: None,
        });
    };
    let (entry, alias) = command(registry, first, line)?;
    let read = assign(&entry, rest, line).and_then(|values| prepare(&entry, &values, line));
    let prepared = read.map_err(|error| {
        let error = respell(registry, &entry, alias, line, error);
        without_credentials(line, error)
    })?;
    Ok((entry, prepared))
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
        .map(|(_, read)| Map::clone(read.arguments()))
        .unwrap_or_default()
}

/// Parses a command given by its name and named arguments, as in an HTTP request.
pub(crate) fn parse_named(
    registry: &Registry,
    name: &str,
    arguments: Map<String, Value>,
) -> Result<Understood, UsageError> {
    let Some(entry) = registry.find(&name.to_lowercase().replace('-', "_")) else {
        return Err(unknown_command(registry, name, None));
    };
    let mut values = Map::new();

    for (written, value) in arguments {
        let Some(argument) = find(entry, &written) else {
            return Err(unknown_option(entry, &written));
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
                Value::String(text) => typed(argument, &text).map_err(UsageError::argument)?,
                Value::Number(number) if argument.rest => number.to_string().into(),
                other => other,
            };
            values.insert(argument.name.clone(), value);
        }
    }

    missing(entry, |name| values.contains_key(name))?;
    let prepared = entry.prepare(values).map_err(|(path, invalid)| {
        let message = match path {
            Some(argument) => format!("`{argument}`: {}", invalid.message),
            None => invalid.message.clone(),
        };
        UsageError {
            suggestion: invalid.command.clone(),
            ..UsageError::argument(message)
        }
    })?;

    Ok((entry.clone(), prepared))
}

/// Finds the command that the first token names.
fn command<'t>(
    registry: &Registry,
    token: &'t Token,
    line: &str,
) -> Result<(Arc<Entry>, &'t str), UsageError> {
    let bare = token.text.trim_start_matches('/');
    let written = bare.split_once('@').map_or(bare, |(name, _bot)| name);
    let name = written.to_lowercase().replace('-', "_");
    match registry.find(&name) {
        Some(entry) => Ok((entry.clone(), written)),
        None => Err(unknown_command(
            registry,
            &name,
            Some((token.span.clone(), line)),
        )),
    }
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
    entry: &Entry,
    values: &[AssignedValue<'_>],
    line: &str,
) -> Result<Box<dyn Prepared>, UsageError> {
    let mut arguments = Map::new();
    for AssignedValue {
        argument,
        text,
        span,
    } in values
    {
        let value = typed(argument, text)
            .map_err(|message| UsageError::argument(message).at(span.clone()))?;
        arguments.insert(argument.name.clone(), value);
    }
    entry.prepare(arguments).map_err(|(path, invalid)| {
        let name = path.as_deref().unwrap_or_default();
        match values.iter().find(|value| value.argument.name == name) {
            Some(value) => place(value, &invalid, line),
            None => UsageError::argument(invalid.message),
        }
    })
}

/// Suggests the first two words in reverse order if the line is valid that way: `dig MX
/// example.com`.
fn respell(
    registry: &Registry,
    entry: &Entry,
    alias: &str,
    line: &str,
    error: UsageError,
) -> UsageError {
    let words: Vec<Token> = tokens(line).split_off(1);
    let [first, second, rest @ ..] = words.as_slice() else {
        return error;
    };
    let is_option =
        |word: &Token| word.text.contains('=') || word.text.starts_with(['-', '+', '@']);
    if error.suggestion.is_some() || is_option(first) || is_option(second) {
        return error;
    }

    let swapped = [second, first]
        .into_iter()
        .chain(rest)
        .map(|token| token.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");

    let swapped = format!("/{alias} {swapped}");
    let tokens = tokens(&swapped);
    let fits = assign(entry, &tokens[1..], &swapped)
        .and_then(|values| prepare(entry, &values, &swapped))
        .is_ok();

    if fits && registry.find(entry.spec.name).is_some() {
        error.suggest(swapped)
    } else {
        error
    }
}

#[cfg(test)]
mod tests;
