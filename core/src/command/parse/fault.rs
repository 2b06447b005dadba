//! Errors of a command line, with their position and a suggestion if a similar spelling exists.

use std::ops::Range;

use netvane_document::{Missing, UsageError, UsageKind};
use netvane_facts::target::{Domain, Host, Invalid};
use serde_json::{Map, Value};

use super::{
    assign::AssignedValue,
    target_port,
    tokens::{Token, tokens},
};
use crate::{
    args::mailbox,
    command::{Entry, Registry},
    spec::{Argument, ArgumentKind, CommandNames},
    suggest::nearest,
};

/// The error of an empty line.
pub(super) fn no_command() -> UsageError {
    UsageError {
        kind: UsageKind::UnknownCommand,
        message: "empty command; see `help`".into(),
        position: Some(0..0),
        suggestion: Some("/help".into()),
        missing: None,
    }
}

/// The error of a line, or of a request by name, whose command does not exist.
pub(super) fn unknown_command(
    registry: &Registry,
    name: &str,
    place: Option<(&[Token], &str)>,
) -> UsageError {
    let meant = registry.nearest(&super::call::normalize_name(name));
    let shown = display_name(name);
    let message = match meant {
        Some(meant) => format!("unknown command `{shown}`; did you mean `{meant}`?"),
        None => format!("unknown command `{shown}`; see `help`"),
    };
    let first = place.and_then(|(tokens, line)| Some((tokens.first()?, tokens, line)));
    let suggestion = match (meant, first) {
        (Some(meant), Some((first, _, line))) => {
            replaced(line, first.span.clone(), &format!("/{meant}"))
        }
        (Some(meant), None) => format!("/{meant}"),
        (None, Some((first, tokens, _))) => command_for(registry, first, &tokens[1..]),
        (None, None) => "/help".into(),
    };

    UsageError {
        kind: UsageKind::UnknownCommand,
        message,
        position: first.map(|(first, ..)| first.span.clone()),
        suggestion: Some(suggestion),
        missing: None,
    }
}

/// The error of a line of one word that was meant as a target and is none. `None` if it may be a misspelled command, or has
/// credentials.
pub(super) fn not_a_target(
    registry: &Registry,
    tokens: &[Token],
    line: &str,
) -> Option<UsageError> {
    let [word] = tokens else { return None };
    let text = word.text.trim_end_matches('.');
    let may_have_password = text.contains(':') && text.contains('@');
    if text.starts_with(['/', '@', '<']) || may_have_password || text.contains(char::is_control) {
        return None;
    }

    let (message, suggestion) = if text.contains(['@', '＠']) {
        (mailbox::parse(text).err()?.message, None)
    } else if registry
        .nearest(&super::call::normalize_name(text))
        .is_some()
        || target_port::split(text).is_some()
    {
        return None;
    } else if text.contains(['.', ':', '。', '．', '｡', '：']) {
        let invalid = text.parse::<Host>().err()?;
        let corrected = invalid.value.map(|value| {
            let is_address = value.parse::<std::net::IpAddr>().is_ok();
            format!("{} {value}", if is_address { "ip" } else { "dns" })
        });
        (invalid.message, corrected)
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    } else {
        text.parse::<Domain>().ok()?;
        return Some(no_dot(text, word, line));
    };

    let message = format!("`{}`: {message}", display_name(text));
    let kind = UsageKind::UnknownCommand;
    let error = UsageError {
        kind,
        ..UsageError::argument(message).at(word.span.clone())
    };
    Some(match suggestion {
        Some(corrected) => error.suggest(format!("/{corrected}")),
        None => error,
    })
}

/// The error of a name without a dot, which needs a command: it may be a misspelled one.
fn no_dot(name: &str, word: &Token, line: &str) -> UsageError {
    let shown = display_name(name);
    let message = format!("unknown command `{shown}`; for a name without a dot, use `dns {shown}`");
    UsageError {
        kind: UsageKind::UnknownCommand,
        ..UsageError::argument(message)
            .at(word.span.clone())
            .suggest(replaced(line, word.span.clone(), &format!("dns {name}")))
    }
}

/// Returns a command line for a target that was written first: `example.com mx`, or one with a port.
fn command_for(registry: &Registry, target: &Token, words: &[Token]) -> String {
    let text = &target.text;
    let is_target = text.contains(['.', ':', '@']) && !text.starts_with('/');
    match words.first() {
        Some(word) if is_target && names_a_command(registry, &word.text) => {
            let rest: String = words[1..]
                .iter()
                .map(|word| format!(" {}", word.text))
                .collect();
            format!("/{} {text}{rest}", word.text.to_lowercase())
        }
        None if is_target => match target_port::split(text) {
            Some((host, port)) => format!("/ports {host} {port}"),
            None => "/help".into(),
        },
        _ => "/help".into(),
    }
}

fn names_a_command(registry: &Registry, word: &str) -> bool {
    super::command_named(registry, &super::call::normalize_name(word)).is_some()
}

/// A name as it is shown in a message: without control characters, and not longer than a name can be.
fn display_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// The names that options of a command can have: its arguments, and those of the envelope.
fn option_names(entry: &Entry) -> impl Iterator<Item = &str> {
    entry
        .arguments
        .iter()
        .map(|argument| argument.name.as_str())
        .chain([super::envelope::SHORT.name.as_str()])
        .chain(
            entry
                .takes_from()
                .then(|| super::envelope::FROM.name.as_str()),
        )
}

/// Whether a name that is no option of the command is similar to one.
pub(super) fn is_misspelled(entry: &Entry, name: &str) -> bool {
    nearest(name, option_names(entry)).is_some()
}

/// The error of an option that the command does not have.
pub(super) fn unknown_option(
    entry: &Entry,
    name: &str,
    place: Option<(&Token, &str)>,
) -> UsageError {
    let names: Vec<&str> = entry
        .arguments
        .iter()
        .map(|argument| argument.name.as_str())
        .collect();
    let meant = nearest(&super::call::normalize_name(name), option_names(entry));
    let command = entry.spec.name;
    let hint = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if names.is_empty() => format!("`{command}` takes no arguments"),
        None => format!("`{command}` takes {}", listed(&names)),
    };

    let error = UsageError::argument(format!("unknown option `{}`; {hint}", display_name(name)));
    let Some((token, line)) = place else {
        return error;
    };
    let written: String = line
        .chars()
        .skip(token.span.start)
        .take(token.span.len())
        .collect();
    let error = error.at(token.span.clone());
    match meant {
        Some(meant) if written.contains(name) => {
            let corrected = written.replacen(name, meant, 1);
            error.suggest(replaced(line, token.span.clone(), &corrected))
        }
        _ => error,
    }
}

/// The error of a word for which the command has no argument.
pub(super) fn unexpected(entry: &Entry, token: &Token, line: &str) -> UsageError {
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
    let error = UsageError::argument(format!(
        "unexpected argument `{}`: `{}` takes {takes}",
        display_name(&token.text),
        entry.spec.name
    ))
    .at(token.span.clone());

    let flags = entry
        .arguments
        .iter()
        .filter(|argument| argument.kind == ArgumentKind::Boolean)
        .map(|argument| argument.name.as_str());
    match nearest(&token.text, flags) {
        Some(flag) if !token.quoted => error.suggest(replaced(line, token.span.clone(), flag)),
        _ => error,
    }
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

/// Returns where in the line the text of a value is: without quotes and without `name=`, which are written before it.
pub(super) fn value_span(given: &AssignedValue<'_>, line: &str) -> Range<usize> {
    let written: String = line
        .chars()
        .skip(given.span.start)
        .take(given.span.len())
        .collect();

    match written.rfind(&given.text) {
        Some(bytes) => {
            let start = given.span.start + written[..bytes].chars().count();
            start..start + given.text.chars().count()
        }
        None => given.span.clone(),
    }
}

/// Maps the error of a value to its position in the line.
pub(super) fn place(given: &AssignedValue<'_>, invalid: &Invalid, line: &str) -> UsageError {
    let value = value_span(given, line);
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

/// Writes a request by name as a command line: required arguments in their order, then the others as options.
pub(crate) fn command_line(name: &str, entry: &Entry, arguments: &Map<String, Value>) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let quoted = |text: String| {
        let is_one_word = || matches!(&tokens(&text)[..], [word] if word.text == text);
        if text.contains(char::is_whitespace) && !is_one_word() || text.is_empty() {
            format!("\"{}\"", text.replace('"', ""))
        } else {
            text
        }
    };

    let mut line = format!("/{name}");
    for argument in entry.arguments.iter().filter(|argument| argument.required) {
        match arguments.get(&argument.name) {
            Some(value) if argument.rest => line += &format!(" {}", text(value)),
            Some(value) => line += &format!(" {}", quoted(text(value))),
            None => {}
        }
    }
    for (name, value) in arguments {
        let argument = entry.arguments.iter().find(|found| found.name == *name);
        if !value.is_null() && !argument.is_some_and(|argument| argument.required) {
            line += &format!(" {name}={}", quoted(text(value)));
        }
    }
    line
}
