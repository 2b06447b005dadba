//! Splits a whois text into entries with key, value, section and paragraph.
//!
//! Registries write `Key: value`, `key.....: value`, `[Key] value`, headings with indented or following lines, and
//! values over several lines. All of these become a [`WhoisEntry`], which other modules interpret.

use super::fields::{self, Role};
use heading::heading;
use reader::LineReader;

mod heading;
mod reader;

/// Largest number of lines that are read; no registration is that long.
const MAX_LINES: usize = 5_000;
/// Longest part of a line that is read, in characters.
const MAX_LINE: usize = 1_000;
/// Longest key in characters, and its largest number of words.
const MAX_KEY: usize = 60;
const MAX_KEY_WORDS: usize = 8;

/// A key with a value, not interpreted yet.
#[derive(Debug, Clone)]
pub(super) struct WhoisEntry<'a> {
    /// Index of its paragraph; blank lines separate paragraphs.
    pub paragraph: usize,
    /// The contact or object that it is about.
    pub role: Role,
    /// The canonical key without the words of the role; the key of the heading if the line has none.
    pub key: String,
    /// The whole canonical key; the key of the heading if the line has none.
    pub full: String,
    /// The value as written, possibly empty.
    pub value: &'a str,
    /// Whether the line had a key of its own.
    pub keyed: bool,
    /// Whether it is under a heading.
    pub nested: bool,
    /// Last heading in the comments above: `Registrant` for `% Registrant:`.
    pub comment: &'a str,
}

/// A line with its indentation, key and kind.
struct Line<'a> {
    indent: usize,
    text: &'a str,
    key: Option<(String, &'a str)>,
    kind: LineKind,
}

#[derive(PartialEq, Clone, Copy)]
enum LineKind {
    Blank,
    Comment,
    Text,
}

struct Section {
    indent: usize,
    /// Whether its lines are indented; otherwise it ends at the next blank line.
    indented: bool,
    filled: bool,
    role: Role,
    key: String,
}

/// Truncates a line to [`MAX_LINE`] characters.
pub(super) fn bounded(line: &str) -> &str {
    match line.char_indices().nth(MAX_LINE) {
        Some((at, _)) => &line[..at],
        None => line,
    }
}

/// The canonical form of a key: lower case, words separated by one space, without padding dots and parentheses.
pub(super) fn canonical(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut depth = 0usize;
    for c in key.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '_' | '-' | '.' | '\t' | '*' | '"' | '`' | '#' => out.push(' '),
            '\'' | '’' => {}
            c => out.extend(c.to_lowercase()),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits `Key: value` or `[Key] value`.
pub(super) fn key_value(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start_matches("** ");
    bracketed(text).or_else(|| colon(text))
}

/// `[Key] value`, also numbered as in `a. [Key] value`.
fn bracketed(text: &str) -> Option<(String, &str)> {
    let open = text.find('[').filter(|at| *at <= 4)?;
    let numbering = text[..open].trim().trim_end_matches('.');
    if numbering.len() > 2 || !numbering.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let (key, value) = text[open + 1..].split_once(']')?;
    let plausible =
        key.len() <= MAX_KEY && !key.starts_with(char::is_whitespace) && !key.contains('[');
    (plausible && !key.is_empty()).then(|| (canonical(key), value.trim()))
}

fn colon(text: &str) -> Option<(String, &str)> {
    let (raw, value) = text.split_once(':')?;

    // Parentheses in a key may contain prose, so remove them before checking the length.
    let key = if raw.len() <= 4 * MAX_KEY {
        canonical(raw)
    } else {
        return None;
    };

    let words = key.split(' ').count();
    if key.is_empty() || key.chars().count() > MAX_KEY || words > MAX_KEY_WORDS {
        return None;
    }

    let double = value.strip_prefix(':').filter(|rest| rest.starts_with(' '));
    let value = double.unwrap_or(value);
    let first = key.chars().next()?;
    if !first.is_alphabetic() || value.starts_with("//") || value.starts_with(':') {
        return None;
    }

    if !value.is_empty() && !value.starts_with(char::is_whitespace) {
        // `Key:value` without a space: not an address, not a time, not `host:port`.
        let plain = raw
            .trim_end()
            .chars()
            .all(|c| c.is_alphanumeric() || " -_/().'".contains(c));
        let hexadecimal = key.bytes().all(|b| b.is_ascii_hexdigit()) && key.len() <= 4;
        let dotted = raw.trim_end_matches(['.', ' ']).contains('.');
        if !plain || hexadecimal || dotted || !raw.is_ascii() && raw.contains(' ') {
            return None;
        }
    }

    Some((key, value.trim()))
}

fn read(text: &str) -> Vec<Line<'_>> {
    text.lines()
        .take(MAX_LINES)
        .map(|raw| line(bounded(raw)))
        .collect()
}

fn line(raw: &str) -> Line<'_> {
    let raw = raw.trim_end_matches(['\r', '\0']);
    let body = raw.trim_start_matches([' ', '\t', '\u{feff}', '\u{a0}']);
    let indent = raw[..raw.len() - body.len()]
        .chars()
        .map(|c| if c == '\t' { 8 } else { 1 })
        .sum();
    let text = body.trim_end();
    let comment = text.starts_with(['%', '#', ';', '>', '<'])
        || text.starts_with('*') && !text.starts_with("** ");
    let kind = if text.is_empty()
        || text
            .chars()
            .all(|c| matches!(c, '-' | '=' | '_' | '.' | '~' | '*'))
    {
        LineKind::Blank
    } else if comment {
        LineKind::Comment
    } else {
        LineKind::Text
    };

    let sentence = || fields::phrase(text).map(|(key, value)| (key.to_owned(), value));
    let key = if kind == LineKind::Text {
        sentence()
            .or_else(|| key_value(text))
            .or_else(|| name_and_status(text))
            .or_else(|| columns(text))
    } else {
        None
    };

    Line {
        indent,
        text,
        key,
        kind,
    }
}

/// `Domain EXAMPLE.KG (ACTIVE)`: the name with its status, without a colon.
fn name_and_status(text: &str) -> Option<(String, &str)> {
    let head = text.get(..7)?;
    let rest = text[head.len()..].trim();
    let (name, status) = rest.split_once(" (")?;
    let fits = head.eq_ignore_ascii_case("domain ")
        && name.contains('.')
        && !name.contains(' ')
        && status.ends_with(')');
    fits.then(|| ("domain".to_owned(), rest))
}

/// `Registrar       Example Ltd`: a known key and its value in columns, without a colon.
fn columns(text: &str) -> Option<(String, &str)> {
    if text.contains(':') || text.len() > 2 * MAX_KEY {
        return None;
    }
    let gap = text.find('\t').into_iter().chain(text.find("  ")).min()?;
    // `Expires    on   2027-01-01`: the gap can be inside the key.
    let second = text[gap..].trim_start();
    let word = second.split_whitespace().next()?;
    let (key, value) = match word {
        "on" | "name" | "state" | "at" => {
            let value = second[word.len()..].trim_start();
            (format!("{} {word}", canonical(&text[..gap])), value)
        }
        _ => (canonical(&text[..gap]), second),
    };
    let known = fields::field(&key).is_some()
        || matches!(
            fields::role(&key, ""),
            (Some(Role::Registrar | Role::Registrant), "")
        );
    (known && !value.is_empty()).then_some((key, value))
}

/// The name server in `example ns1.example.test`, which is all that the registry of .to says.
fn tonga_server<'a>(text: &'a str, tld: &str) -> Option<&'a str> {
    let (label, server) = text.split_once(' ')?;
    let is_server = server.contains('.') && !server.contains(' ') && !label.contains('.');
    (tld == "to" && is_server && !server.starts_with('V')).then_some(server)
}

/// Splits a text into entries, in order.
pub(super) fn entries<'a>(text: &'a str, tld: &str) -> Vec<WhoisEntry<'a>> {
    let lines = read(text);
    let mut reader = LineReader::default();

    for (index, line) in lines.iter().enumerate() {
        match line.kind {
            LineKind::Blank => reader.end_paragraph(),
            LineKind::Comment => reader.note_comment(line.text),
            LineKind::Text => {
                let before = std::mem::replace(&mut reader.inside, true);
                reader.close_indented(line.indent);
                if let Some(section) = heading(&lines, index, !before, tld) {
                    reader.open_section(section, line.indent);
                } else if let Some((key, value)) = &line.key {
                    reader.add_keyed(key, value, line.indent, tld);
                } else if let Some(server) = tonga_server(line.text, tld) {
                    reader.add_keyed("nameserver", server, line.indent, tld);
                } else {
                    reader.add_plain(line);
                }
            }
        }
    }

    reader.out
}

#[cfg(test)]
mod tests;
