//! One line of text becomes a prepared command, or a mistake with its place.
//!
//! The names, order and types of the arguments come from the registry; nothing here knows a command.

mod tokens;

use std::{ops::Range, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    command::{Entry, Prepared, Registry},
    spec::{Argument, ArgumentKind, CommandNames},
    suggest::nearest,
};
use netvane_document::{Missing, UsageError, UsageKind};
use netvane_facts::target::Invalid;
use tokens::{Token, tokens};

/// A command that was understood.
pub(crate) type Understood = (Arc<Entry>, Box<dyn Prepared>);

/// The longest command line, in bytes; a pasted message has to fit.
pub(crate) const MAX_LINE: usize = 512 * 1024;

/// Reads a typed line such as `/mx example.com resolver=192.0.2.53`.
pub(crate) fn parse(registry: &Registry, line: &str) -> Result<Understood, UsageError> {
    let tokens = tokens(line);
    let Some((first, rest)) = tokens.split_first() else {
        return Err(UsageError {
            kind: UsageKind::UnknownCommand,
            message: "nothing was asked; `help` shows what can be".into(),
            position: Some(0..0),
            suggestion: Some("/help".into()),
            missing: None,
        });
    };
    let (entry, alias) = command(registry, first, line)?;
    let read = assign(&entry, rest, line).and_then(|given| prepare(&entry, &given, line));
    let prepared = read.map_err(|error| respell(registry, &entry, alias, line, error))?;
    Ok((entry, prepared))
}

/// The arguments of a command's first example, by name.
pub fn example(registry: &Registry, entry: &Entry) -> Map<String, Value> {
    let line = entry.spec.examples.first().copied().unwrap_or_default();
    parse(registry, line)
        .map(|(_, read)| Map::clone(read.arguments()))
        .unwrap_or_default()
}

/// Reads a command given by its name and named arguments, as in an HTTP request.
pub(crate) fn parse_named(
    registry: &Registry,
    name: &str,
    arguments: Map<String, Value>,
) -> Result<Understood, UsageError> {
    let Some(entry) = registry.find(&name.to_lowercase().replace('-', "_")) else {
        return Err(unknown_command(registry, name, None));
    };
    let mut given = Map::new();

    for (written, value) in arguments {
        let Some(argument) = find(entry, &written) else {
            return Err(unknown_option(entry, &written));
        };

        if given.contains_key(&argument.name) {
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
            given.insert(argument.name.clone(), value);
        }
    }

    missing(entry, |name| given.contains_key(name))?;
    let prepared = entry.prepare(given).map_err(|(path, invalid)| {
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

/// The command that the first token names.
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

fn unknown_command(
    registry: &Registry,
    name: &str,
    place: Option<(Range<usize>, &str)>,
) -> UsageError {
    let meant = registry.nearest(name);
    let shown: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    let message = match meant {
        Some(meant) => format!("there is no command `{shown}`; did you mean `{meant}`?"),
        None => format!("there is no command `{shown}`; `help` lists all of them"),
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

/// A value with the place where it was written.
struct Given<'a> {
    argument: &'a Argument,
    text: String,
    span: Range<usize>,
}

/// Gives each token to the argument that it belongs to.
fn assign<'e>(
    entry: &'e Entry,
    tokens: &[Token],
    line: &str,
) -> Result<Vec<Given<'e>>, UsageError> {
    let mut given: Vec<Given<'e>> = Vec::new();
    let mut tokens = tokens.iter().peekable();
    let mut options_end = false;

    while let Some(token) = tokens.next() {
        let span = token.span.clone();

        if token.text == "--" && !token.quoted && !options_end {
            options_end = true;
            continue;
        }

        let (argument, text, span) = match option(entry, token, options_end)? {
            Some((argument, Some(value))) => (argument, value, span),
            Some((argument, None)) if argument.kind == ArgumentKind::Boolean => {
                (argument, "true".into(), span)
            }
            Some((argument, None)) => match tokens.next() {
                Some(value) => (argument, value.text.clone(), value.span.clone()),
                None => {
                    return Err(UsageError::argument(format!(
                        "`{}` needs a value{}",
                        argument.name,
                        form(argument)
                    ))
                    .at(span));
                }
            },
            None => {
                let free = entry.arguments.iter().find(|argument| {
                    (argument.kind != ArgumentKind::Boolean)
                        && !given
                            .iter()
                            .any(|given| given.argument.name == argument.name)
                });
                match free {
                    Some(argument) if argument.rest => {
                        let (text, span) = rest_of_line(line, token);
                        tokens = [].iter().peekable();
                        (argument, text, span)
                    }
                    Some(argument) => (argument, token.text.clone(), span),
                    None => return Err(superfluous(entry, token)),
                }
            }
        };

        if given
            .iter()
            .any(|given| given.argument.name == argument.name)
        {
            return Err(
                UsageError::argument(format!("`{}` is given twice", argument.name)).at(span),
            );
        }

        // Types say more of what is wrong; free text takes anything else.
        if argument.rest && text.is_empty() {
            return Err(empty(argument).at(span));
        }

        given.push(Given {
            argument,
            text,
            span,
        });
    }

    let end = line.chars().count();

    missing(entry, |name| {
        given.iter().any(|given| given.argument.name == name)
    })
    .map_err(|error| error.at(end..end))?;

    Ok(given)
}

/// An option's value, where it was written in the same token.
type OptionValue = Option<String>;

/// `--count=3`, `count=3`, `--count`, dig's `@server` and `+flag`, a switch's bare name.
fn option<'e>(
    entry: &'e Entry,
    token: &Token,
    options_end: bool,
) -> Result<Option<(&'e Argument, OptionValue)>, UsageError> {
    if token.quoted || options_end {
        return Ok(None);
    }

    let text = token.text.as_str();

    if let Some(server) = text.strip_prefix('@').filter(|server| !server.is_empty())
        && let Some(argument) = find(entry, "resolver")
    {
        return Ok(Some((argument, Some(server.to_owned()))));
    }

    let dashed = text
        .strip_prefix("--")
        .or_else(|| text.strip_prefix('+').filter(|_| has_switch(entry)));

    if let Some(written) = dashed {
        let (name, value) = match written.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (written, None),
        };
        return match find(entry, name) {
            Some(argument) => Ok(Some((argument, value))),
            None => Err(unknown_option(entry, name).at(token.span.clone())),
        };
    }

    if let Some((name, value)) = text.split_once('=')
        && let Some(argument) = find(entry, name)
    {
        return Ok(Some((argument, Some(value.to_owned()))));
    }

    if text.starts_with('-') && text.len() > 1 && text.parse::<f64>().is_err() && !free_text(entry)
    {
        return Err(unknown_option(entry, text.trim_start_matches('-')).at(token.span.clone()));
    }

    let switch = find(entry, text).filter(|argument| argument.kind == ArgumentKind::Boolean);

    Ok(switch.map(|argument| (argument, None)))
}

fn free_text(entry: &Entry) -> bool {
    entry.arguments.iter().any(|argument| argument.rest)
}

fn has_switch(entry: &Entry) -> bool {
    entry
        .arguments
        .iter()
        .any(|argument| argument.kind == ArgumentKind::Boolean)
}

fn find<'e>(entry: &'e Entry, written: &str) -> Option<&'e Argument> {
    let name = written.to_lowercase().replace('-', "_");
    entry
        .arguments
        .iter()
        .find(|argument| argument.name == name)
}

fn rest_of_line(line: &str, token: &Token) -> (String, Range<usize>) {
    let text: String = line.chars().skip(token.span.start).collect();
    let text = text.trim_end().to_owned();
    let end = token.span.start + text.chars().count();
    let closes = text.ends_with(['"', '\'', '”', '’']);
    if token.quoted && closes && token.span.end == end {
        (token.text.clone(), token.span.clone())
    } else {
        (text, token.span.start..end)
    }
}

fn unknown_option(entry: &Entry, name: &str) -> UsageError {
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

fn superfluous(entry: &Entry, token: &Token) -> UsageError {
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
        "this is one argument too many: `{}` takes {takes}",
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

fn form(argument: &Argument) -> String {
    argument
        .form
        .as_ref()
        .map(|form| format!(": {form}"))
        .unwrap_or_default()
}

fn missing(entry: &Entry, given: impl Fn(&str) -> bool) -> Result<(), UsageError> {
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

fn empty(argument: &Argument) -> UsageError {
    let form = argument.form.as_deref().unwrap_or(&argument.help);
    UsageError::argument(format!(
        "`{}` is empty: {form} is wanted here",
        argument.name
    ))
}

/// The JSON value of a written one: numbers are numbers, the rest is for the type to read.
fn typed(argument: &Argument, text: &str) -> Result<Value, String> {
    if !argument.choices.is_empty() {
        let lower = text.to_lowercase();
        return if argument.choices.contains(&lower) {
            Ok(lower.into())
        } else {
            let choices: Vec<&str> = argument.choices.iter().map(String::as_str).collect();
            Err(format!(
                "`{}` is one of {}",
                argument.name,
                listed(&choices)
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
        _ => Err(format!(
            "`{}` is a whole number from {low} to {high}",
            argument.name
        )),
    }
}

fn prepare(
    entry: &Entry,
    given: &[Given<'_>],
    line: &str,
) -> Result<Box<dyn Prepared>, UsageError> {
    let mut arguments = Map::new();
    for Given {
        argument,
        text,
        span,
    } in given
    {
        let value = typed(argument, text)
            .map_err(|message| UsageError::argument(message).at(span.clone()))?;
        arguments.insert(argument.name.clone(), value);
    }
    entry.prepare(arguments).map_err(|(path, invalid)| {
        let name = path.as_deref().unwrap_or_default();
        match given.iter().find(|given| given.argument.name == name) {
            Some(given) => place(given, &invalid, line),
            None => UsageError::argument(invalid.message),
        }
    })
}

/// A value's own fault, placed in the line.
fn place(given: &Given<'_>, invalid: &Invalid, line: &str) -> UsageError {
    let written: String = line
        .chars()
        .skip(given.span.start)
        .take(given.span.len())
        .collect();

    // Quotes and `name=` stand before the value.
    let offset = written
        .find(&given.text)
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

/// Where a value does not fit, the same words in another order may: `dig MX example.com`.
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
        .and_then(|given| prepare(entry, &given, &swapped))
        .is_ok();

    if fits && registry.find(entry.spec.name).is_some() {
        error.suggest(swapped)
    } else {
        error
    }
}

fn replaced(line: &str, span: Range<usize>, with: &str) -> String {
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

#[cfg(test)]
mod tests;
