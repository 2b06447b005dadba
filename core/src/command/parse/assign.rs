//! Assignment of words to arguments.

mod option;

use std::ops::Range;

use netvane_document::UsageError;

use super::{
    fault::{empty, form, missing, unexpected},
    target_port,
    tokens::Token,
};
use crate::{
    command::Entry,
    spec::{Argument, ArgumentKind, Completes},
};
use option::{OptionValue, option};

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
    let mut rest = tokens;
    let mut options_end = false;

    while let [token, after @ ..] = rest {
        rest = after;
        if token.text == "--" && !token.quoted && !options_end {
            options_end = true;
            continue;
        }

        let value = match option(entry, token, options_end, line)? {
            Some((argument, value)) => option_value(argument, value, token, &mut rest)?,
            None => {
                let argument = free_argument(entry, &values, token, line)?;
                let length = if argument.rest {
                    words_of_rest(entry, argument, rest, options_end, line)
                } else {
                    0
                };
                let (words, after) = rest.split_at(length);
                rest = after;
                positional(argument, token, words, line)
            }
        };

        check(&value, &values)?;
        values.push(value);
    }

    split_target_port(entry, &mut values)?;

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
    rest: &mut &[Token],
) -> Result<AssignedValue<'e>, UsageError> {
    let span = token.span.clone();
    let (text, span) = match value {
        Some(value) => (value, span),
        None if argument.kind == ArgumentKind::Boolean => ("true".into(), span),
        None => match rest.split_first() {
            Some((value, after)) => {
                *rest = after;
                (value.text.clone(), value.span.clone())
            }
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

/// Returns the argument of a token without a name: the first one without a value. A DNS server is only taken from a word
/// that could be one, so that a stray word stays an error.
fn free_argument<'e>(
    entry: &'e Entry,
    values: &[AssignedValue<'e>],
    token: &Token,
    line: &str,
) -> Result<&'e Argument, UsageError> {
    let free = entry.arguments.iter().find(|argument| {
        argument.kind != ArgumentKind::Boolean
            && argument.completes != Some(Completes::Place)
            && !is_text_instead(entry, argument, token)
            && !values
                .iter()
                .any(|value| value.argument.name == argument.name)
    });

    let is_server = token.quoted || token.text.contains(['.', ':']);
    free.filter(|argument| argument.completes != Some(Completes::Resolver) || is_server)
        .ok_or_else(|| unexpected(entry, token, line))
}

/// Returns the number of words after the first one that free text takes: all of them if it is taken as it is, otherwise
/// those up to the next option.
fn words_of_rest(
    entry: &Entry,
    argument: &Argument,
    rest: &[Token],
    options_end: bool,
    line: &str,
) -> usize {
    if argument.verbatim {
        return rest.len();
    }
    let is_word = |token: &&Token| matches!(option(entry, token, options_end, line), Ok(None));
    rest.iter().take_while(is_word).count()
}

/// Returns the value of a token without a name and, for free text, of the words after it.
fn positional<'e>(
    argument: &'e Argument,
    token: &Token,
    words: &[Token],
    line: &str,
) -> AssignedValue<'e> {
    let (text, span) = match words.last() {
        _ if argument.verbatim => rest_of_line(line, token),
        None => (token.text.clone(), token.span.clone()),
        Some(last) => {
            let span = token.span.start..last.span.end;
            let text = line.chars().skip(span.start).take(span.len()).collect();
            (text, span)
        }
    };

    AssignedValue {
        argument,
        text,
        span,
    }
}

/// Splits `HOST:PORT` of a command that has both arguments.
fn split_target_port<'e>(
    entry: &'e Entry,
    values: &mut Vec<AssignedValue<'e>>,
) -> Result<(), UsageError> {
    let Some(ports) = find(entry, "ports") else {
        return Ok(());
    };
    let Some(target) = values
        .iter_mut()
        .find(|value| value.argument.name == "target")
    else {
        return Ok(());
    };
    let Some((host, port)) = target_port::split(&target.text) else {
        return Ok(());
    };

    target.text = host;
    let span = target.span.clone();
    if values.iter().any(|value| value.argument.name == ports.name) {
        let message = "the port is given twice, in `target` and in `ports`";
        return Err(UsageError::argument(message).at(span));
    }
    values.push(AssignedValue {
        argument: ports,
        text: port,
        span,
    });
    Ok(())
}

/// Whether a token is free text and not one of the few values of an argument before it.
fn is_text_instead(entry: &Entry, argument: &Argument, token: &Token) -> bool {
    let is_choice = |choice: &String| choice.eq_ignore_ascii_case(&token.text);
    !argument.required
        && !argument.choices.is_empty()
        && entry.arguments.iter().any(|argument| argument.rest)
        && !argument.choices.iter().any(is_choice)
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

/// Whether the command takes text as it is, to the end of the line.
pub(super) fn verbatim(entry: &Entry) -> bool {
    entry.arguments.iter().any(|argument| argument.verbatim)
}

pub(super) fn find<'e>(entry: &'e Entry, written: &str) -> Option<&'e Argument> {
    let name = super::call::normalize_name(written);
    entry
        .arguments
        .iter()
        .find(|argument| argument.name == name)
}

/// The text from this token to the end of the line.
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
