//! Queries as `dig`, `nslookup` and `host` write them: record types in any position, `-x`, `+trace`.

use std::{net::IpAddr, sync::Arc};

use netvane_document::UsageError;
use netvane_facts::target::{Address, reverse_name};

use super::{
    super::{
        assign::find,
        call::Call,
        fault::{self, replaced},
        tokens::Token,
    },
    switches, translate,
};
use crate::{
    args::RecordType,
    command::{Entry, Registry},
    spec::Completes,
};

/// Converts a query of a command with a record type: `MX example.com`, `example.com A AAAA`, `-x 192.0.2.1`. Returns the
/// words of other commands as they are.
pub(super) fn query(
    registry: &Registry,
    entry: &Arc<Entry>,
    words: Vec<Token>,
) -> Result<Call, UsageError> {
    let takes_type = |entry: &Entry| {
        entry
            .arguments
            .iter()
            .any(|argument| argument.completes == Some(Completes::RecordType))
    };
    if !takes_type(entry) {
        return Ok(Call {
            entry: entry.clone(),
            words,
        });
    }

    let (entry, words) = if entry.spec.name == "dig" {
        let (entry, words) = trace_option(registry, entry, words);
        (entry, server_port(reverse_query(without_class(words)?)?)?)
    } else {
        (entry.clone(), words)
    };

    Ok(Call {
        words: types_first(&entry, words),
        entry,
    })
}

/// `dig +trace` is `delegation`.
fn trace_option(
    registry: &Registry,
    entry: &Arc<Entry>,
    mut words: Vec<Token>,
) -> (Arc<Entry>, Vec<Token>) {
    let trace = words
        .iter()
        .position(|word| !word.quoted && word.text.eq_ignore_ascii_case("+trace"));
    match (trace, registry.find("delegation")) {
        (Some(at), Some(delegation)) => {
            words.remove(at);
            (delegation.clone(), words)
        }
        _ => (entry.clone(), words),
    }
}

/// Removes the class IN, which every query has; other classes are an error.
fn without_class(mut words: Vec<Token>) -> Result<Vec<Token>, UsageError> {
    if let Some(at) = words
        .iter()
        .position(|word| !word.quoted && word.text == "-c")
    {
        words.remove(at);
    } else if words.iter().filter(|word| is_plain(word)).count() < 2 {
        return Ok(words);
    }

    let class = words.iter().position(|word| {
        is_plain(word)
            && ["IN", "CH", "HS"]
                .iter()
                .any(|class| word.text.eq_ignore_ascii_case(class))
    });
    match class {
        Some(at) if words[at].text.eq_ignore_ascii_case("IN") => _ = words.remove(at),
        Some(at) => {
            let message = format!("class {} is not supported, only IN", words[at].text);
            return Err(UsageError::argument(message).at(words[at].span.clone()));
        }
        None => {}
    }
    Ok(words)
}

/// `-x ADDRESS` asks for the PTR records of the address.
fn reverse_query(mut words: Vec<Token>) -> Result<Vec<Token>, UsageError> {
    let Some(at) = words
        .iter()
        .position(|word| !word.quoted && word.text.starts_with("-x"))
    else {
        return Ok(words);
    };

    let switch = words.remove(at);
    let address = match &switch.text[2..] {
        "" if at < words.len() => words.remove(at),
        rest => Token::quoted(rest, switch.span.start..switch.span.end),
    };
    let parsed = address.text.parse::<Address>().map_err(|_| {
        UsageError::argument("`-x`: expected an IPv4 or IPv6 address").at(address.span.clone())
    })?;

    let has_type = words
        .iter()
        .any(|word| is_type(word) || is_option(word, "type"));
    if !has_type {
        words.insert(at, Token::option("type", "PTR", switch.span));
    }
    words.insert(at, Token::quoted(reverse_name(parsed.0), address.span));
    Ok(words)
}

/// `-p PORT` is the port of `@SERVER`.
fn server_port(mut words: Vec<Token>) -> Result<Vec<Token>, UsageError> {
    let Some(at) = words
        .iter()
        .position(|word| !word.quoted && word.text.starts_with("-p"))
    else {
        return Ok(words);
    };

    let switch = words.remove(at);
    let port = match &switch.text[2..] {
        "" if at < words.len() => words.remove(at).text,
        rest => rest.to_owned(),
    };
    let server = words
        .iter_mut()
        .find(|word| !word.quoted && word.text.starts_with('@') && word.text.len() > 1);
    let Some(server) = server else {
        let message = "`-p` is the port of a server: add `@SERVER`";
        return Err(UsageError::argument(message).at(switch.span));
    };

    server.text = match server.text[1..].parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("@[{address}]:{port}"),
        _ => format!("{}:{port}", server.text),
    };
    Ok(words)
}

/// Rejects a query whose only words are record types: dig would ask the root for them, and a user has forgotten the name or
/// means a top-level domain of that name.
pub(super) fn check_name(entry: &Entry, words: &[Token], line: &str) -> Result<(), UsageError> {
    let is_value = |at: usize| at > 0 && takes_next(entry, &words[at - 1]);
    let plain: Vec<&Token> = words
        .iter()
        .enumerate()
        .filter(|(at, word)| is_plain(word) && !is_value(*at) && !is_flag(entry, word))
        .map(|(_, word)| word)
        .collect();
    let has_name = words.iter().any(|word| {
        let is_reverse = word.text.starts_with("-x");
        word.quoted || is_reverse || is_option(word, "name") || is_option(word, "type")
    });
    let [first, ..] = plain[..] else {
        return Ok(());
    };
    if has_name || !plain.iter().all(|word| is_type(word)) {
        return Ok(());
    }

    let name = first.text.to_lowercase();
    let message = format!(
        "`{}` is a record type: `name` is missing. Write `.` for the root, `{name}.` for the top-level domain",
        first.text
    );
    let end = first.span.end;
    let with_root = replaced(line, end..end, " .");
    Err(UsageError::argument(message)
        .at(first.span.clone())
        .suggest(with_root))
}

/// Joins record types in any position to one option. A word that could be a type is the name if there is no other.
fn types_first(entry: &Entry, words: Vec<Token>) -> Vec<Token> {
    let is_value = |at: usize| at > 0 && takes_next(entry, &words[at - 1]);
    let plain: Vec<usize> = (0..words.len())
        .filter(|at| is_plain(&words[*at]) && !is_value(*at) && !is_flag(entry, &words[*at]))
        .collect();
    let has_name = words
        .iter()
        .any(|word| is_option(word, "name") || word.quoted)
        || plain.iter().any(|at| !is_type(&words[*at]));

    let types: Vec<usize> = plain
        .into_iter()
        .filter(|at| is_type(&words[*at]))
        .skip(usize::from(!has_name))
        .collect();
    let (Some(first), Some(last)) = (types.first(), types.last()) else {
        return words;
    };

    let names: Vec<&str> = types.iter().map(|at| words[*at].text.as_str()).collect();
    let span = words[*first].span.start..words[*last].span.end;
    let option = Token::option("type", &names.join(","), span);

    let others = words
        .iter()
        .enumerate()
        .filter(|(at, _)| !types.contains(at))
        .map(|(_, word)| word.clone());
    std::iter::once(option).chain(others).collect()
}

/// Whether a word is neither an option nor a server.
fn is_plain(word: &Token) -> bool {
    !word.quoted && !word.text.starts_with(['-', '+', '@', '–', '—']) && !word.text.contains('=')
}

/// Whether a word is a list of record types, by name. Numbers are not: they might be anything.
fn is_type(word: &Token) -> bool {
    is_plain(word)
        && word.text.split(',').all(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.parse::<RecordType>().is_ok()
        })
}

fn is_flag(entry: &Entry, word: &Token) -> bool {
    find(entry, &word.text)
        .is_some_and(|argument| argument.kind == crate::spec::ArgumentKind::Boolean)
}

/// Whether a word is this option, with or without its value.
fn is_option(word: &Token, name: &str) -> bool {
    let text = word.text.trim_start_matches('-');
    !word.quoted
        && text
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('=') || rest.is_empty() && text != word.text)
}

/// Whether a word is an option whose value is the next word.
fn takes_next(entry: &Entry, word: &Token) -> bool {
    let name = word.text.strip_prefix("--").filter(|_| !word.quoted);
    name.and_then(|name| find(entry, name))
        .is_some_and(|argument| argument.kind != crate::spec::ArgumentKind::Boolean)
}

/// Returns the call for `nslookup NAME [SERVER]` and `host NAME [SERVER]`: the command of the record type that is asked
/// for, `ptr` for an address, otherwise `dns`.
pub(super) fn call(
    registry: &Registry,
    tool: &str,
    words: &[Token],
    line: &str,
) -> Result<Call, UsageError> {
    let (rtype, words) = type_option(words)?;
    let is_address = words
        .iter()
        .find(|word| is_plain(word))
        .is_some_and(|word| word.text.parse::<Address>().is_ok());

    let name = match &rtype {
        Some(rtype) => rtype.to_string().to_lowercase(),
        None if is_address => "ptr".to_owned(),
        None => "dns".to_owned(),
    };
    if let Some(entry) = registry.find(&name).filter(|_| name != "spf") {
        let words = switches::translate(entry, tool, &words, line)?;
        return Ok(Call {
            entry: entry.clone(),
            words,
        });
    }

    let (Some(dig), Some(rtype)) = (registry.find("dig"), rtype) else {
        return Err(fault::unknown_command(registry, tool, None));
    };
    let mut call = translate(registry, dig, tool, &words, line)?;
    call.words
        .insert(0, Token::option("type", &rtype.to_string(), 0..0));
    Ok(call)
}

/// Takes `-t MX`, `-type=MX`, `-query=MX` or `-q=MX` out of the words.
fn type_option(words: &[Token]) -> Result<(Option<RecordType>, Vec<Token>), UsageError> {
    let mut left = words.to_vec();
    let is_type_option = |word: &Token| {
        let name = word.text.split('=').next().unwrap_or_default();
        !word.quoted
            && ["-t", "-type", "-ty", "-q", "-query", "-querytype", "--type"]
                .iter()
                .any(|option| name.eq_ignore_ascii_case(option))
    };
    let Some(at) = left.iter().position(is_type_option) else {
        return Ok((None, left));
    };

    let option = left.remove(at);
    let (text, span) = match option.text.split_once('=') {
        Some((_, text)) => (text.to_owned(), option.span),
        None if at < left.len() => {
            let value = left.remove(at);
            (value.text, value.span)
        }
        None => (String::new(), option.span),
    };
    let rtype = text
        .parse()
        .map_err(|invalid: netvane_facts::target::Invalid| {
            UsageError::argument(format!("`type`: {}", invalid.message)).at(span)
        })?;
    Ok((Some(rtype), left))
}
