//! Options: `--count=3`, `-count 3`, `count=3`, `--count`, dig's `@server` and `+flag`, or a flag's bare name.

use netvane_document::UsageError;

use super::{find, verbatim};
use crate::{
    command::{
        Entry,
        parse::{
            envelope,
            fault::{is_misspelled, unknown_option},
            tokens::Token,
        },
    },
    spec::{Argument, ArgumentKind},
};

/// Value of an option, if it was written in the same token.
pub(super) type OptionValue = Option<String>;

/// An option and the value that was written with it.
type Read<'e> = (&'e Argument, OptionValue);

/// Parses an option; `None` for any other word.
pub(super) fn option<'e>(
    entry: &'e Entry,
    token: &Token,
    options_end: bool,
    line: &str,
) -> Result<Option<Read<'e>>, UsageError> {
    if token.quoted || options_end {
        return Ok(None);
    }
    let text = token.text.as_str();

    if let Some(server) = text.strip_prefix('@').filter(|server| !server.is_empty())
        && let Some(argument) = find(entry, "resolver")
    {
        return Ok(Some((argument, Some(server.to_owned()))));
    }

    if let Some(written) = marked(text) {
        let read = read(entry, written);
        // Text that is taken as it is may begin with a hyphen or a plus.
        return match read {
            None if verbatim(entry) && !text.starts_with("--") => Ok(None),
            None => Err(unknown(entry, written, token, line)),
            read => Ok(read),
        };
    }

    if let Some((name, value)) = text.split_once('=') {
        return match read(entry, text) {
            None if !verbatim(entry) && is_meant_as_option(entry, name, value) => {
                Err(unknown(entry, text, token, line))
            }
            read => Ok(read),
        };
    }

    let flag = find(entry, text).filter(|argument| argument.kind == ArgumentKind::Boolean);
    Ok(flag.map(|argument| (argument, None)))
}

/// Returns what follows the mark of an option: two hyphens, one, or a plus. Negative numbers have no mark, nor have
/// email addresses, which may begin with either.
fn marked(text: &str) -> Option<&str> {
    if let Some(written) = text.strip_prefix("--") {
        return Some(written);
    }
    text.strip_prefix(['-', '+']).filter(|written| {
        !written.is_empty() && text.parse::<f64>().is_err() && !written.contains('@')
    })
}

/// Reads `name`, `name=value` or `no-name` without its mark.
fn read<'e>(entry: &'e Entry, written: &str) -> Option<Read<'e>> {
    let (name, value) = match written.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (written, None),
    };
    let argument = find(entry, name).or_else(|| envelope::find(entry, name));
    if let Some(argument) = argument {
        return Some((argument, value));
    }

    let positive = name
        .strip_prefix("no-")
        .or_else(|| name.strip_prefix("no_"))?;
    find(entry, positive)
        .filter(|argument| argument.kind == ArgumentKind::Boolean && value.is_none())
        .map(|argument| (argument, Some("no".to_owned())))
}

/// Whether `name=value` can only be meant as an option: the name is one word. A mail address may have `=` in it.
fn is_meant_as_option(entry: &Entry, name: &str, value: &str) -> bool {
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    is_word && (!value.contains('@') || is_misspelled(entry, name))
}

fn unknown(entry: &Entry, written: &str, token: &Token, line: &str) -> UsageError {
    let name = written.split('=').next().unwrap_or(written);
    unknown_option(entry, name, Some((token, line)))
}
