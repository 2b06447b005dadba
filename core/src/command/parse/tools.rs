//! Spellings of well-known tools: their names, and the options that they write in another way than Netvane.

mod lookup;
mod switches;

use std::sync::Arc;

use netvane_document::UsageError;

use super::{
    assign::{find, verbatim},
    call::Call,
    tokens::Token,
};
use crate::command::{Entry, Registry};

/// Another tool's name for a command, with the option that the name implies.
struct Tool {
    name: &'static str,
    command: &'static str,
    implied: Option<(&'static str, &'static str)>,
}

const fn tool(name: &'static str, command: &'static str) -> Tool {
    Tool {
        name,
        command,
        implied: None,
    }
}

/// Tools that do what one command does. `nslookup` and `host` are not among them: see [`lookup`].
const TOOLS: [Tool; 12] = [
    tool("kdig", "dig"),
    tool("drill", "dig"),
    tool("tracepath", "trace"),
    tool("tracert", "trace"),
    Tool {
        implied: Some(("ipv", "6")),
        ..tool("ping6", "ping")
    },
    Tool {
        implied: Some(("ipv", "6")),
        ..tool("traceroute6", "trace")
    },
    Tool {
        implied: Some(("ipv", "6")),
        ..tool("tracepath6", "trace")
    },
    tool("nmap", "ports"),
    Tool {
        // RFC 854: the port of Telnet.
        implied: Some(("ports", "23")),
        ..tool("telnet", "ports")
    },
    tool("nc", "ports"),
    tool("curl", "http"),
    tool("wget", "http"),
];

/// Returns the call of a tool that is not a command itself; `None` if there is no such tool, or its command is not
/// registered.
pub(super) fn call(
    registry: &Registry,
    name: &str,
    words: &[Token],
    line: &str,
) -> Option<Result<Call, UsageError>> {
    if matches!(name, "nslookup" | "host") {
        return Some(lookup::call(registry, name, words, line));
    }

    let tool = TOOLS.iter().find(|tool| tool.name == name)?;
    let entry = registry.find(tool.command)?;
    Some(
        translate(registry, entry, name, words, line).map(|mut call| {
            if let Some((argument, value)) = tool.implied
                && find(&call.entry, argument).is_some()
                && !has_value_for(&call, argument)
            {
                call.words.insert(0, Token::option(argument, value, 0..0));
            }
            call
        }),
    )
}

/// Returns the command that a tool's name stands for.
pub(super) fn command(registry: &Registry, name: &str) -> Option<Arc<Entry>> {
    let command = match name {
        "nslookup" | "host" => "dns",
        name => TOOLS.iter().find(|tool| tool.name == name)?.command,
    };
    registry.find(command).cloned()
}

/// Whether the words of a call may give a value to the argument, which an implied value must not replace: as an option,
/// as a second word, or as the port of the target.
fn has_value_for(call: &Call, argument: &str) -> bool {
    let is_option = |word: &&Token| !word.quoted && word.text.starts_with('-');
    let is_named = |word: &Token| {
        word.text
            .trim_start_matches('-')
            .strip_prefix(argument)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let targets: Vec<&Token> = call.words.iter().filter(|word| !is_option(word)).collect();

    call.words.iter().any(is_named)
        || argument == "ports"
            && (targets.len() > 1
                || targets
                    .iter()
                    .any(|word| super::target_port::split(&word.text).is_some()))
}

/// Converts the words after a command's name to its own spelling, as the tool of this name has them.
pub(super) fn translate(
    registry: &Registry,
    entry: &Arc<Entry>,
    name: &str,
    words: &[Token],
    line: &str,
) -> Result<Call, UsageError> {
    if verbatim(entry) {
        return Ok(Call {
            entry: entry.clone(),
            words: words.to_vec(),
        });
    }

    let words = switches::translate(entry, name, words, line)?;
    if matches!(name, "dig" | "kdig" | "drill") {
        lookup::check_name(entry, &words, line)?;
    }
    lookup::query(registry, entry, words)
}
