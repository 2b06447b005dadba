//! Takes a whois text apart: lines become entries of a key and a value, placed under their section and paragraph.
//!
//! Registries write `Key: value`, `key.....: value`, `[Key] value`, headings with indented or following lines, and
//! values that run over several lines. All of it comes out as [`Entry`]; what it means is decided elsewhere.

use super::fields::{self, Role};
use reader::Reader;

mod reader;

/// Lines beyond this are not read: no registration is that long.
const MAX_LINES: usize = 20_000;
/// Longest part of a line that is looked at.
const MAX_LINE: usize = 1_000;
/// Longest key, and most words in it.
const MAX_KEY: usize = 60;
const MAX_KEY_WORDS: usize = 8;

/// One fact of the text, not yet interpreted.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    /// Number of the paragraph (lines between blank lines) it stands in.
    pub paragraph: usize,
    /// Whom it is about.
    pub role: Role,
    /// The key in one spelling, without the words that gave the role; of the heading if the line has no key.
    pub key: String,
    /// The whole key in one spelling; of the heading if the line has no key.
    pub full: String,
    /// The value as written; may be empty.
    pub value: &'a str,
    /// Whether the line had a key of its own.
    pub keyed: bool,
    /// Whether it stands under a heading.
    pub nested: bool,
    /// Last heading in the comments above, in lower case (`% Registrant:`).
    pub comment: &'a str,
}

/// A line with its outer form recognised.
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
    /// Children are indented; otherwise the section runs to the next blank line.
    indented: bool,
    filled: bool,
    role: Role,
    key: String,
}

/// Cuts a line to a bounded length at a character boundary.
pub(super) fn bounded(line: &str) -> &str {
    match line.char_indices().nth(MAX_LINE) {
        Some((at, _)) => &line[..at],
        None => line,
    }
}

/// The key of a line in one spelling: lower case, words separated by one space, no filling dots, no parentheses.
pub(super) fn canonical(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut depth = 0usize;
    for c in key.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '_' | '-' | '.' | '\t' | '*' | '"' | '`' => out.push(' '),
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

    // Parentheses in a key may hold prose; they are dropped before it is measured.
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
        sentence().or_else(|| key_value(text))
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

/// The entries of a text, in order.
pub(super) fn entries<'a>(text: &'a str, tld: &str) -> Vec<Entry<'a>> {
    let lines = read(text);
    let mut reader = Reader::default();

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
                } else {
                    reader.add_plain(line);
                }
            }
        }
    }

    reader.out
}

/// Recognises a line that only opens a section.
fn heading(lines: &[Line<'_>], index: usize, after_blank: bool, tld: &str) -> Option<Section> {
    let line = &lines[index];
    let mut rest = lines[index + 1..]
        .iter()
        .take(4)
        .filter(|next| next.kind != LineKind::Comment);
    let next = rest.next()?;
    let below = if next.kind == LineKind::Blank {
        rest.next()?
    } else {
        next
    };

    if below.kind != LineKind::Text {
        return None;
    }

    let adjacent = next.kind == LineKind::Text;
    let indented = below.indent > line.indent;
    let (key, opens) = match &line.key {
        Some((key, "")) => {
            let known = fields::is_heading(key) && after_blank;
            // Name servers may follow after an empty line.
            let listed =
                fields::field(key) == Some(fields::Field::Nameserver) && below.key.is_none();
            let flat = (adjacent || listed)
                && below.indent == line.indent
                && (below.key.is_none() || known);
            (key.clone(), indented && (adjacent || known) || flat)
        }
        Some(_) => return None,
        None => {
            let key = canonical(line.text.trim_end_matches(':'));
            let known = line.text.len() <= MAX_KEY && fields::is_heading(&key);
            (key, known && (after_blank || indented))
        }
    };

    if !opens {
        return None;
    }

    let (role, rest) = fields::role(&key, tld);
    let key = if role.is_some() { rest.to_owned() } else { key };

    Some(Section {
        indent: line.indent,
        indented,
        filled: false,
        role: role.unwrap_or_default(),
        key,
    })
}

#[cfg(test)]
mod tests;
