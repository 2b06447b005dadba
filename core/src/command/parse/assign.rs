//! Assignment of words to arguments.

use std::ops::Range;

use netvane_document::UsageError;

use super::{
    fault::{empty, form, missing, superfluous, unknown_option},
    tokens::Token,
};
use crate::{
    command::Entry,
    spec::{Argument, ArgumentKind},
};

/// A value with the position at which it was written.
pub(super) struct AssignedValue<'a> {
    pub(super) argument: &'a Argument,
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// Assigns each token to its argument.
pub(super) fn assign<'e>(
    entry: &'e Entry,
    tokens: &[Token],
    line: &str,
) -> Result<Vec<AssignedValue<'e>>, UsageError> {
    let mut values: Vec<AssignedValue<'e>> = Vec::new();
    let mut tokens = tokens.iter();
    let mut options_end = false;

    while let Some(token) = tokens.next() {
        if token.text == "--" && !token.quoted && !options_end {
            options_end = true;
            continue;
        }

        let value = match option(entry, token, options_end)? {
            Some((argument, value)) => option_value(argument, value, token, &mut tokens)?,
            None => {
                let after = tokens.as_slice();
                let value = positional(entry, &values, token, after, line)?;
                if value.argument.rest {
                    tokens = after[first_option(entry, value.argument, after)..].iter();
                }
                value
            }
        };

        check(&value, &values)?;
        values.push(value);
    }

    let end = line.chars().count();

    missing(entry, |name| {
        values.iter().any(|value| value.argument.name == name)
    })
    .map_err(|error| error.at(end..end))?;

    Ok(values)
}

/// Returns the value of an option: the text after `=`, `true` for a flag alone, or the next token.
fn option_value<'e>(
    argument: &'e Argument,
    value: OptionValue,
    token: &Token,
    tokens: &mut std::slice::Iter<'_, Token>,
) -> Result<AssignedValue<'e>, UsageError> {
    let span = token.span.clone();
    let (text, span) = match value {
        Some(value) => (value, span),
        None if argument.kind == ArgumentKind::Boolean => ("true".into(), span),
        None => match tokens.next() {
            Some(value) => (value.text.clone(), value.span.clone()),
            None => {
                return Err(UsageError::argument(format!(
                    "`{}` needs a value{}",
                    argument.name,
                    form(argument)
                ))
                .at(span));
            }
        },
    };

    Ok(AssignedValue {
        argument,
        text,
        span,
    })
}

/// Returns the argument of a token without a name: the first one without a value. Free text takes
/// the rest of the line, up to an option of another argument.
fn positional<'e>(
    entry: &'e Entry,
    values: &[AssignedValue<'e>],
    token: &Token,
    after: &[Token],
    line: &str,
) -> Result<AssignedValue<'e>, UsageError> {
    let free = entry.arguments.iter().find(|argument| {
        argument.kind != ArgumentKind::Boolean
            && !is_text_instead(entry, argument, token)
            && !values
                .iter()
                .any(|value| value.argument.name == argument.name)
    });

    let argument = free.ok_or_else(|| superfluous(entry, token))?;
    let (text, span) = if argument.rest {
        let next = after.get(first_option(entry, argument, after));
        rest_of_line(line, token, next.map(|option| option.span.start))
    } else {
        (token.text.clone(), token.span.clone())
    };

    Ok(AssignedValue {
        argument,
        text,
        span,
    })
}

/// Whether a token is free text and not one of the few values of an argument before it.
fn is_text_instead(entry: &Entry, argument: &Argument, token: &Token) -> bool {
    let is_choice = |choice: &String| choice.eq_ignore_ascii_case(&token.text);
    !argument.required
        && !argument.choices.is_empty()
        && free_text(entry)
        && !argument.choices.iter().any(is_choice)
}

/// The index of the first token that is an option of another argument than this free text.
fn first_option(entry: &Entry, text: &Argument, tokens: &[Token]) -> usize {
    let is_other = |token: &Token| matches!(option(entry, token, false), Ok(Some((argument, _))) if argument.name != text.name);
    tokens.iter().position(is_other).unwrap_or(tokens.len())
}

/// Rejects arguments that are given twice, and empty free text; other checks are left to the
/// argument's type.
fn check(value: &AssignedValue<'_>, values: &[AssignedValue<'_>]) -> Result<(), UsageError> {
    let AssignedValue {
        argument,
        text,
        span,
    } = value;

    if values
        .iter()
        .any(|value| value.argument.name == argument.name)
    {
        let message = format!("`{}` is given twice", argument.name);
        return Err(UsageError::argument(message).at(span.clone()));
    }

    if argument.rest && text.is_empty() {
        return Err(empty(argument).at(span.clone()));
    }

    Ok(())
}

/// Value of an option, if it was written in the same token.
type OptionValue = Option<String>;

/// Parses an option: `--count=3`, `count=3`, `--count`, dig's `@server` and `+flag`, or a flag's
/// bare name.
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

pub(super) fn find<'e>(entry: &'e Entry, written: &str) -> Option<&'e Argument> {
    let name = written.to_lowercase().replace('-', "_");
    entry
        .arguments
        .iter()
        .find(|argument| argument.name == name)
}

/// The text from this token to `until`, or to the end of the line.
fn rest_of_line(line: &str, token: &Token, until: Option<usize>) -> (String, Range<usize>) {
    let length = until.map_or(usize::MAX, |until| until - token.span.start);
    let text: String = line.chars().skip(token.span.start).take(length).collect();
    let text = text.trim_end().to_owned();
    let end = token.span.start + text.chars().count();
    let closes = text.ends_with(['"', '\'', '”', '’']);
    if token.quoted && closes && token.span.end == end {
        (token.text.clone(), token.span.clone())
    } else {
        (text, token.span.start..end)
    }
}
