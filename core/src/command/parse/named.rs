//! Parses requests by name: Discord's options, JSON, the forms of `/tools`.

use netvane_document::UsageError;
use netvane_facts::target::Invalid;
use serde_json::{Map, Value};

use super::{
    Envelope, NOT_A_FLAG, Understood,
    assign::find,
    call::{self, normalize_name},
    check_command, envelope,
    fault::{command_line, empty, missing, unknown_command, unknown_option},
    is_from, read_flag, target_port, typed,
};
use crate::{
    command::{Entry, Registry},
    vantage::selection::Selection,
};

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

    let (mut values, envelope) = named_values(&entry, name, &arguments)?;
    named_target_port(&entry, &mut values)?;
    missing(&entry, |name| values.contains_key(name))?;
    check_command(registry, &entry, |name| values.get(name)?.as_str()).map_err(
        |(argument, invalid)| UsageError {
            message: invalid.message.clone(),
            ..named_fault(&entry, name, &arguments, Some(argument), &invalid)
        },
    )?;

    let prepared = entry
        .prepare(values)
        .map_err(|(path, invalid)| named_fault(&entry, name, &arguments, path, &invalid))?;
    Ok(Understood {
        entry,
        prepared,
        envelope,
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

/// Reads named arguments: their values, and those of the envelope.
fn named_values(
    entry: &Entry,
    name: &str,
    arguments: &Map<String, Value>,
) -> Result<(Map<String, Value>, Envelope), UsageError> {
    let mut values = Map::new();
    let mut envelope = Envelope::default();

    for (written, value) in arguments {
        if let Some(argument) = envelope::find(entry, written) {
            if value.is_null() {
                continue;
            }
            if is_from(argument) {
                envelope.from = Some(read_from(value)?);
            } else {
                envelope.short =
                    read_flag(value).ok_or_else(|| UsageError::argument(NOT_A_FLAG))?;
            }
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
                Value::String(text) => typed(argument, text).map_err(|invalid| UsageError {
                    message: invalid.message.clone(),
                    ..named_fault(
                        entry,
                        name,
                        arguments,
                        Some(argument.name.clone()),
                        &invalid,
                    )
                })?,
                Value::Number(number) if argument.rest => number.to_string().into(),
                other => other.clone(),
            };
            values.insert(argument.name.clone(), value);
        }
    }

    Ok((values, envelope))
}

fn read_from(value: &Value) -> Result<Selection, UsageError> {
    let text = value.as_str().unwrap_or_default();
    Selection::parse(text)
        .map_err(|invalid| UsageError::argument(format!("`from`: {}", invalid.message)))
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
    error.suggest(command_line(name, entry, &corrected))
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
            command_line(name, entry, &corrected)
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
            error.suggest(command_line(&name, entry, arguments))
        }
        _ => error,
    }
}
