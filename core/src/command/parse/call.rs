//! What the first word of a line calls: a command, a well-known tool, a record type, or nothing but a target.

use std::sync::Arc;

use netvane_document::UsageError;

use super::{
    fault::{not_a_target, unknown_command},
    target,
    tokens::Token,
    tools,
};
use crate::{
    args::RecordType,
    command::{Entry, Registry},
};

/// A command and the words that follow its name, in the command's own spelling.
pub(super) struct Call {
    pub(super) entry: Arc<Entry>,
    pub(super) words: Vec<Token>,
}

/// Finds the command that a line calls.
pub(super) fn call(registry: &Registry, tokens: &[Token], line: &str) -> Result<Call, UsageError> {
    let Some((first, words)) = tokens.split_first() else {
        return Err(super::fault::no_command());
    };

    let name = first_name(first);
    if let Some(name) = &name
        && let Some(call) = named(registry, name, words, line)
    {
        return call;
    }
    if let Some(call) = target::call(registry, tokens, line) {
        return Ok(call);
    }

    if let Some(error) = not_a_target(registry, tokens, line) {
        return Err(error);
    }
    let written = name.unwrap_or_else(|| first.text.clone());
    Err(unknown_command(registry, &written, Some((tokens, line))))
}

/// Returns the command's name in a line's first word: without the slash, and without the bot of `/mx@AnyBot`. `None` if
/// the word is an email address: `help@example.com`.
fn first_name(token: &Token) -> Option<String> {
    let bare = token.text.trim_start_matches('/');
    let name = match bare.split_once('@') {
        Some((_, bot)) if bot.contains('.') && bare == token.text => return None,
        Some((name, _)) => name,
        None => bare,
    };
    Some(normalize_name(name))
}

/// Converts a written name to the spelling of the registry: `Trace-Mail` to `trace_mail`.
pub(super) fn normalize_name(written: &str) -> String {
    written.to_lowercase().replace('-', "_")
}

/// Returns the call of a command, a tool or a record type; `None` if the name is none of them.
fn named(
    registry: &Registry,
    name: &str,
    words: &[Token],
    line: &str,
) -> Option<Result<Call, UsageError>> {
    if let Some(entry) = registry.find(name) {
        return Some(tools::translate(registry, entry, name, words, line));
    }
    if let Some(call) = tools::call(registry, name, words, line) {
        return Some(call);
    }

    let (entry, rtype) = record_type(registry, name)?;
    let call = tools::translate(registry, &entry, name, words, line).map(|mut call| {
        call.words.insert(0, Token::option("type", &rtype, 0..0));
        call
    });
    Some(call)
}

/// Returns `dig` and the record type that a name stands for: every type is a command of its own. `None` for other names.
///
/// `spf` is not among them: the type SPF (99) is obsolete (RFC 7208 §3.1), and the name means the policy.
pub(in crate::command) fn record_type(
    registry: &Registry,
    name: &str,
) -> Option<(Arc<Entry>, String)> {
    let starts_with_letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts_with_letter || name == "spf" || registry.find(name).is_some() {
        return None;
    }
    let rtype = name.parse::<RecordType>().ok()?;
    let entry = registry.find("dig")?;
    Some((entry.clone(), rtype.to_string()))
}
