//! The authors that a `From` field names (RFC 5322 §3.4), as a careful reader takes them.
//!
//! Mail programs disagree about fields that break the grammar, and forgers use that. Of several addresses in angle
//! brackets the last is the author's; everything before it is only a display name.

use mail_parser::{HeaderName, MessageParser};

use super::names;

/// Longest field that is read, in bytes.
const MAX_FIELD: usize = 8 * 1024;
/// Maximum number of authors that are read.
const MAX_AUTHORS: usize = 20;

/// One author of a message.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Author {
    /// Decoded display name (RFC 2047) with its comments; empty without one.
    pub name: String,
    /// Mail address without brackets; empty if there is none.
    pub address: String,
}

impl Author {
    /// The domain of the address in lower case; `None` if there is none.
    pub(super) fn domain(&self) -> Option<String> {
        let (_, domain) = self.address.rsplit_once('@')?;
        names::host(domain).map(str::to_lowercase)
    }

    /// Addresses in the display name that are not the author's own, without duplicates.
    pub(super) fn other_addresses(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for address in addresses_in(&self.name) {
            let is_known = found
                .iter()
                .any(|other| other.eq_ignore_ascii_case(&address));
            if !is_known && !address.eq_ignore_ascii_case(&self.address) {
                found.push(address);
            }
        }
        found
    }
}

/// A part of the field at its top level.
enum Token<'a> {
    Text(&'a str),
    Quoted(String),
    Comment(&'a str),
    Angle(&'a str),
    Separator,
}

/// Reads the authors of a field, folded or not. Never fails: what cannot be read has no address.
pub(super) fn authors(value: &str) -> Vec<Author> {
    let mut authors = Vec::new();
    let mut mailbox: Vec<Token<'_>> = Vec::new();
    let mut tokens = tokens(names::clip(value, MAX_FIELD));
    tokens.push(Token::Separator);

    for token in tokens {
        if !matches!(token, Token::Separator) {
            mailbox.push(token);
            continue;
        }
        let author = read_mailbox(&mailbox);
        // The comma of an unquoted name: `Smith, John <j@example.com>`.
        if author.address.is_empty() && !author.name.is_empty() {
            mailbox.push(Token::Text(", "));
            continue;
        }
        mailbox.clear();
        if author != Author::default() && authors.len() < MAX_AUTHORS {
            authors.push(author);
        }
    }

    if authors.is_empty() && !mailbox.is_empty() {
        authors.push(read_mailbox(&mailbox));
    }
    authors
}

/// Splits a field into its parts; what is opened and never closed goes to the end.
fn tokens(value: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = value;

    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '"' => {
                let (text, length) = quoted(rest);
                (Token::Quoted(text), length)
            }
            '(' => {
                let length = comment_length(rest);
                let inner = rest[1..length].strip_suffix(')');
                (Token::Comment(inner.unwrap_or(&rest[1..length])), length)
            }
            '<' => {
                let end = rest.find('>').unwrap_or(rest.len());
                (Token::Angle(&rest[1..end]), (end + 1).min(rest.len()))
            }
            ',' | ';' => (Token::Separator, 1),
            _ => {
                let end = rest.find(['"', '(', '<', ',', ';']).unwrap_or(rest.len());
                (Token::Text(&rest[..end]), end)
            }
        };
        tokens.push(token);
        rest = &rest[length..];
    }
    tokens
}

/// The text of the quoted string at the start, and its length with the quotes.
fn quoted(text: &str) -> (String, usize) {
    let mut out = String::new();
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => {
                out.push(c);
                is_escaped = false;
            }
            '\\' => is_escaped = true,
            '"' => return (out, at + 1),
            _ => out.push(c),
        }
    }
    (out, text.len())
}

/// The length of the comment at the start; comments nest.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut is_escaped) = (0usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn read_mailbox(tokens: &[Token<'_>]) -> Author {
    let last_angle = tokens
        .iter()
        .rposition(|token| matches!(token, Token::Angle(text) if !text.trim().is_empty()));
    let (address, skipped) = match last_angle {
        Some(at) => (angle_address(&tokens[at]), vec![at]),
        None => bare_address(tokens),
    };

    let mut name = String::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            _ if skipped.contains(&at) => {}
            Token::Text(text) if last_angle.is_none() => {
                // The address is the last word with an at sign; a group's name ends with a colon.
                let text = text.replacen(address.as_str(), "", usize::from(!address.is_empty()));
                name.push_str(&text);
            }
            Token::Text(text) => name.push_str(text),
            Token::Quoted(text) => name.push_str(text),
            Token::Comment(text) => name.push_str(&format!(" ({text})")),
            Token::Angle(text) if !text.is_empty() => name.push_str(&format!(" <{text}> ")),
            Token::Angle(_) | Token::Separator => {}
        }
    }

    Author {
        name: decode(&name),
        address: clean(&address),
    }
}

/// The address in angle brackets, without a source route (RFC 5322 §4.4).
fn angle_address(token: &Token<'_>) -> String {
    let Token::Angle(text) = token else {
        return String::new();
    };
    let text = text.trim();
    let routed = text
        .starts_with('@')
        .then(|| text.split_once(':'))
        .flatten();
    routed
        .map_or(text, |(_, address)| address)
        .replace(char::is_whitespace, "")
}

/// The address of a mailbox without angle brackets, and the tokens that belong to it alone.
fn bare_address(tokens: &[Token<'_>]) -> (String, Vec<usize>) {
    for (at, token) in tokens.iter().enumerate().rev() {
        let Token::Text(text) = token else {
            continue;
        };
        let mut words = text.split(|c: char| c.is_whitespace() || c == ':');
        let Some(word) = words.rfind(|word| word.contains('@')) else {
            continue;
        };
        // `"john doe"@example.com`
        if let Some(Token::Quoted(local)) = at.checked_sub(1).and_then(|before| tokens.get(before))
            && word.starts_with('@')
            && text.starts_with('@')
        {
            return (format!("\"{local}\"{word}"), vec![at - 1, at]);
        }
        return (word.to_owned(), Vec::new());
    }
    (String::new(), Vec::new())
}

/// Decodes encoded words (RFC 2047).
fn decode(text: &str) -> String {
    let text = clean(text);
    let text = text.trim_matches([',', ':', ' ']);
    if !text.contains("=?") {
        return text.to_owned();
    }
    let header = format!("Subject: {text}\r\n\r\n");
    let parser = MessageParser::new()
        .header_text(HeaderName::Subject)
        .default_header_ignore();
    let message = parser.parse_headers(header.as_bytes());
    let decoded = message.as_ref().and_then(|message| message.subject());
    decoded.map_or_else(|| text.to_owned(), clean)
}

/// No control characters, and single spaces.
fn clean(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Words that look like mail addresses, also with the at signs that only look like one.
fn addresses_in(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace(['\u{ff20}', '\u{fe6b}'], "@");
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || "<>()[]\"'`,;:|".contains(c))
        .map(|word| word.trim_matches('.').to_owned())
        .collect();
    words.into_iter().filter(|word| {
        word.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && names::host(domain).is_some()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Vec<(String, String)> {
        let pair = |author: Author| (author.name, author.address);
        authors(value).into_iter().map(pair).collect()
    }

    #[test]
    fn the_last_address_is_the_authors() {
        for (value, name, address) in [
            ("x@a.example", "", "x@a.example"),
            ("Ann <x@a.example>", "Ann", "x@a.example"),
            (
                "Kim Boss <kim@c.example> <kim77@evil.example>",
                "Kim Boss <kim@c.example>",
                "kim77@evil.example",
            ),
            (
                "\"ceo@bank.example\" <x@evil.example>",
                "ceo@bank.example",
                "x@evil.example",
            ),
            (
                "ceo@bank.example <x@evil.example>",
                "ceo@bank.example",
                "x@evil.example",
            ),
            (
                "ceo@bank.example x@evil.example",
                "ceo@bank.example",
                "x@evil.example",
            ),
            (
                "x@evil.example (ceo@bank.example)",
                "(ceo@bank.example)",
                "x@evil.example",
            ),
            ("Smith, John <j@a.example>", "Smith, John", "j@a.example"),
            (
                "\"a, b <c@d.example>\" <x@evil.example>",
                "a, b <c@d.example>",
                "x@evil.example",
            ),
            ("\"john doe\"@a.example", "", "\"john doe\"@a.example"),
            (
                "Ann <@b.example,@c.example:x@a.example>",
                "Ann",
                "x@a.example",
            ),
            (
                "=?utf-8?q?ceo=40bank=2Eexample?= <x@evil.example>",
                "ceo@bank.example",
                "x@evil.example",
            ),
            ("Ann <x@a.example", "Ann", "x@a.example"),
            ("Ann\r\n <x@a.example> <>", "Ann", "x@a.example"),
            ("Ann", "Ann", ""),
        ] {
            assert_eq!(
                read(value),
                [(name.to_owned(), address.to_owned())],
                "{value}"
            );
        }
        let two = read("x@a.example, Ann <y@b.example>");
        assert_eq!(two.len(), 2, "{two:?}");
        assert_eq!(two[1], ("Ann".to_owned(), "y@b.example".to_owned()));
        assert_eq!(read("Team: a@a.example, b@b.example;").len(), 2);
        assert_eq!(read(""), []);
    }

    #[test]
    fn addresses_in_the_name_are_found() {
        for (value, expected) in [
            (
                "\"ceo@bank.example\" <x@evil.example>",
                &["ceo@bank.example"][..],
            ),
            (
                "\"CEO (ceo@bank.example)\" <x@evil.example>",
                &["ceo@bank.example"],
            ),
            (
                "\"ceo\u{ff20}bank.example\" <x@evil.example>",
                &["ceo@bank.example"],
            ),
            ("x@evil.example <X@EVIL.example>", &[]),
            ("Ann at work @ home <x@evil.example>", &[]),
            ("@ann@ <x@evil.example>", &[]),
        ] {
            let author = authors(value).remove(0);
            assert_eq!(author.other_addresses(), expected, "{value}");
        }
    }
}
