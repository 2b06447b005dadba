//! The state of an object from the phrases of a text without registration data: available, reserved, rate-limited,
//! failed.
//!
//! The legal notices in most answers use the same words. So a phrase counts only where registries put it, at the start
//! or the end of a short line, and never if the text has registration data. A short text without any of these phrases is
//! an answer of an unknown server; [`loose`] reads it in many languages.

use super::{super::RegistrationState, lines::bounded};
use tables::{ENDS, STARTS, STATUSES, WHOLE};

mod limits;
mod loose;
mod tables;

/// Longest line that can be an answer of its own, in bytes.
const MAX_LINE: usize = 160;
/// Shortest phrase that is enough at the start of a longer line, in bytes.
const LONG_PHRASE: usize = 20;
/// Largest size of an answer without a legal notice, in bytes and in lines.
const SHORT: (usize, usize) = (1500, 12);
/// Largest number of lines that are read.
const MAX_LINES: usize = 400;

/// The state that a status value determines on its own, if any.
pub(in super::super) fn of_status(value: &str) -> Option<RegistrationState> {
    let lower = value.trim().trim_end_matches('.').to_lowercase();
    let bare = lower
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .trim_start_matches([' ', '-', ':']);
    let bare = bare.split([',', '(', ';']).next().unwrap_or_default();
    let bare = bare.split(" - ").next().unwrap_or_default().trim();
    let bare = bare.replace('_', " ");
    STATUSES
        .iter()
        .find(|(_, words)| words.contains(&bare.as_str()))
        .map(|(state, _)| *state)
}

/// The state from the phrases of a text. A rate limit comes first, because a server that refuses to look up the object
/// may add "not found". Then the most reliable phrase wins.
pub(super) fn state(text: &str, query: &str) -> Option<RegistrationState> {
    if limits::is_rate_limited(text) {
        return Some(RegistrationState::Throttled);
    }

    let mut states: Vec<RegistrationState> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(MAX_LINES)
    {
        if let Some(state) = of_line(bounded(line), query)
            && !states.contains(&state)
        {
            states.push(state);
        }
    }

    [
        RegistrationState::Reserved,
        RegistrationState::Available,
        RegistrationState::Throttled,
        RegistrationState::Unavailable,
    ]
    .into_iter()
    .find(|state| states.contains(state))
    .or_else(|| loose::state(text, query))
}

/// The state that a title or a description of an RDAP error means, if any (RFC 9083 §6).
pub(in super::super) fn of_error(text: &str, query: &str) -> Option<RegistrationState> {
    if limits::is_rate_limited(text) {
        return Some(RegistrationState::Throttled);
    }
    let states: Vec<RegistrationState> = text
        .lines()
        .filter_map(|line| {
            of_status(line)
                .or_else(|| of_line(bounded(line), query))
                .or_else(|| loose::state(line, query))
        })
        .collect();
    [RegistrationState::Reserved, RegistrationState::Available]
        .into_iter()
        .find(|state| states.contains(state))
}

/// The lines of an answer that is so short that it has no legal notice except in comments; `None` for a longer one.
/// Comments are the answer if there is nothing else.
fn answer_lines(text: &str) -> Option<Vec<&str>> {
    let is_comment = |line: &&str| line.trim_start().starts_with(['%', '#', ';', '>']);
    let lines = || {
        let content = text.lines().filter(|line| !bare(line).is_empty());
        content.map(bounded).take(MAX_LINES)
    };

    let plain: Vec<&str> = lines().filter(|line| !is_comment(line)).collect();
    let answer = if plain.is_empty() {
        lines().collect()
    } else {
        plain
    };

    let bytes: usize = answer.iter().map(|line| line.len()).sum();
    (bytes <= SHORT.0 && answer.len() <= SHORT.1).then_some(answer)
}

/// A line without comment marks and quotes around it.
fn bare(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || "%#*>;<-=\"'!.".contains(c))
}

fn of_line(line: &str, query: &str) -> Option<RegistrationState> {
    let raw = line.trim();
    let lower = bare(line).to_lowercase();
    let answer = without_error_code(&lower);
    if lower.len() > MAX_LINE {
        return by_start(&lower, LONG_PHRASE);
    }

    let name = query.to_lowercase();
    let rest = after_name(answer, &name);
    // The last line of a wrapped notice can be one of these words, in lower case and with a full stop.
    let prose = raw.starts_with(char::is_lowercase) && raw.ends_with(['.', ',']);
    let whole = |text| if prose { None } else { by_whole(text) };

    whole(answer)
        .or_else(|| whole(rest))
        .or_else(|| by_start(&lower, 0))
        .or_else(|| by_start(answer, 0))
        .or_else(|| by_start(rest, 0))
        .or_else(|| is_about(answer, &name).then(|| by_end(answer)).flatten())
}

/// The text after `error:`, `error:103:`, `-1:` and the like.
fn without_error_code(lower: &str) -> &str {
    let is_code = |c: char| c.is_ascii_digit() || " :-#[]".contains(c);
    match (lower.strip_prefix("error"), lower.split_once(':')) {
        (Some(rest), _) => rest.trim_start_matches(is_code),
        (None, Some((code, rest))) if code.chars().all(is_code) => rest.trim_start(),
        _ => lower,
    }
}

/// The text after the queried name, which is the answer in `"example.test": no match`. Returns the whole line if it
/// does not start with the name.
fn after_name<'l>(lower: &'l str, name: &str) -> &'l str {
    let rest = lower
        .trim_start_matches("domain name")
        .trim_start_matches("domain")
        .trim_start_matches([' ', '"', '\'', ':', '[']);
    match rest.strip_prefix(name) {
        Some(rest) if !name.is_empty() => {
            rest.trim_matches(|c: char| c.is_whitespace() || "\"':-[].!,".contains(c))
        }
        _ => lower,
    }
}

fn by_whole(text: &str) -> Option<RegistrationState> {
    WHOLE
        .iter()
        .find(|(_, all)| all.contains(&text))
        .map(|(state, _)| *state)
}

/// The state of the phrase, of at least `shortest` bytes, that a line starts with.
fn by_start(text: &str, shortest: usize) -> Option<RegistrationState> {
    let starts = |words: &&str| {
        // The phrase must end at the end of a word.
        words.len() >= shortest
            && text
                .strip_prefix(*words)
                .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    STARTS
        .iter()
        .find(|(_, all)| all.iter().any(starts))
        .map(|(state, _)| *state)
}

fn by_end(lower: &str) -> Option<RegistrationState> {
    let spaced = format!(
        " {}",
        lower
            .trim_end_matches(['"', '\'', '.', '!'])
            .replace(['"', '\''], "")
    );
    ENDS.iter()
        .find(|(_, all)| all.iter().any(|words| spaced.ends_with(words)))
        .map(|(state, _)| *state)
}

/// Whether a line is about the queried object: it contains the name, or is short and starts with a word for it.
fn is_about(lower: &str, name: &str) -> bool {
    let subject = [
        "domain",
        "the domain",
        "this domain",
        "name",
        "the name",
        "this name",
        "object",
        "the object",
    ];
    let short = lower.len() <= 48 && subject.iter().any(|words| lower.starts_with(words));
    short || !name.is_empty() && lower.contains(name)
}

#[cfg(test)]
mod tests;
