//! Splits a line into words with their positions.

use std::ops::Range;

/// Longest link in characters; longer ones are split at their spaces.
const MAX_LINK: usize = 2048;
/// Largest number of words that are read. No command has as many arguments, and free text is taken from the line.
const MAX_WORDS: usize = 128;

/// Longest local part of a mail address in octets (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL_PART: usize = 64;

/// One word, with its quotes removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Range in characters of the line, quotes included.
    pub(super) span: Range<usize>,
    /// Whether the word was quoted; quoted words are never options.
    pub(super) quoted: bool,
}

impl Token {
    /// Creates an option with its value, as if it were written at this place: `--type=MX`.
    pub(super) fn option(name: &str, value: &str, span: Range<usize>) -> Self {
        Self {
            text: format!("--{name}={value}"),
            span,
            quoted: false,
        }
    }

    /// Creates a word that is never an option.
    pub(super) fn quoted(text: impl Into<String>, span: Range<usize>) -> Self {
        Self {
            text: text.into(),
            span,
            quoted: true,
        }
    }
}

/// Splits a line at white space, up to [`MAX_WORDS`] words. Straight or typographic quotes keep words together;
/// they stay where they are part of a mail address, as in `"a b"@example.com`. A dash that a
/// phone's keyboard made of `--` becomes two hyphens again.
pub(super) fn tokens(line: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = line.chars().enumerate().peekable();

    while let Some(&(start, c)) = chars.peek() {
        if tokens.len() == MAX_WORDS {
            break;
        }
        if c.is_whitespace() {
            chars.next();
            continue;
        }

        if let Some(length) = link_length(chars.clone().map(|(_, c)| c)) {
            let text = chars.by_ref().take(length).map(|(_, c)| c).collect();
            tokens.push(Token {
                text,
                span: start..start + length,
                quoted: false,
            });
            continue;
        }

        let mut text = String::new();
        let mut closing: Option<char> = None;
        let mut quoted = false;
        let mut end = start;

        while let Some(&(at, c)) = chars.peek() {
            let may_be_local_part = closing.is_none()
                && (text.is_empty() || text.ends_with(['=', '<']) || text.ends_with("mailto:"));
            if may_be_local_part
                && let Some(local) = quoted_local_part(chars.clone().map(|(_, c)| c))
            {
                let length = local.chars().count();
                text.push_str(&local);
                end = at + length;
                chars.by_ref().take(length).for_each(drop);
                continue;
            }

            match closing {
                Some(quote) if c == quote => closing = None,
                Some(_) => text.push(c),
                None if c.is_whitespace() => break,
                None => match closing_quote(c).filter(|_| text.is_empty() || text.ends_with('=')) {
                    Some(quote) => {
                        quoted |= text.is_empty();
                        closing = Some(quote);
                    }
                    None => text.push(c),
                },
            }
            end = at + 1;
            chars.next();
        }

        if !quoted && let Some(rest) = text.strip_prefix(['–', '—']) {
            text = format!("--{}", rest.trim_start_matches('-'));
        }

        tokens.push(Token {
            text,
            span: start..end,
            quoted,
        });
    }

    tokens
}

/// Returns the length in characters of a chat's link at the start of a text, if its label has several words:
/// `<https://example.com|the site>`, `[the site](https://example.com)`.
fn link_length(text: impl Iterator<Item = char>) -> Option<usize> {
    let mut text = text.take(MAX_LINK).enumerate();
    let (_, first) = text.next().filter(|(_, c)| matches!(c, '<' | '['))?;
    let is_markdown = first == '[';
    let (mut has_spaces, mut in_label, mut last) = (false, is_markdown, first);

    for (at, c) in text {
        match (is_markdown, c) {
            (false, '>') => return (has_spaces && in_label).then_some(at + 1),
            (true, ')') if !in_label => return has_spaces.then_some(at + 1),
            (false, '<') | (true, '[') | (_, '\n') => return None,
            (false, '|') => in_label = true,
            (true, '(') if last == ']' => in_label = false,
            (_, c) if c.is_whitespace() => {
                if !in_label {
                    return None;
                }
                has_spaces = true;
            }
            _ => {}
        }
        last = c;
    }
    None
}

/// Returns the quoted local part of a mail address at the start of a text, with straight quotes: `"a b"` of
/// `"a b"@example.com` (RFC 5321 §4.1.2, Quoted-string). The quotes are part of the address.
fn quoted_local_part(mut text: impl Iterator<Item = char>) -> Option<String> {
    let closing = match text.next()? {
        '"' => '"',
        '“' | '„' => '”',
        _ => return None,
    };
    let mut local = String::from('"');
    // One more than the longest local part, each character of it escaped.
    for _ in 0..=2 * MAX_LOCAL_PART {
        match text.next()? {
            '\\' => local.extend(['\\', text.next()?]),
            c if c == closing => {
                local.push('"');
                return (text.next()? == '@').then_some(local);
            }
            '\n' | '\r' => return None,
            c => local.push(c),
        }
    }
    None
}

fn closing_quote(c: char) -> Option<char> {
    match c {
        '"' | '\'' => Some(c),
        '“' | '„' => Some('”'),
        '‘' => Some('’'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<(String, Range<usize>)> {
        tokens(line)
            .into_iter()
            .map(|token| (token.text, token.span))
            .collect()
    }

    #[test]
    fn a_line_of_many_words_is_read_up_to_a_bound() {
        let line = "mx a b c ".repeat(10_000);
        assert_eq!(words(&line).len(), MAX_WORDS);
    }

    #[test]
    fn quotes_of_a_local_part_belong_to_the_address() {
        for (line, word) in [
            (r#""a b"@example.com"#, r#""a b"@example.com"#),
            (r#"email="a b"@example.com"#, r#"email="a b"@example.com"#),
            (r#"<"a b"@example.com>"#, r#"<"a b"@example.com>"#),
            (
                r#"<mailto:"a b"@example.com>"#,
                r#"<mailto:"a b"@example.com>"#,
            ),
            (r#""a \" b"@example.com"#, r#""a \" b"@example.com"#),
            (r#""a@b c"@example.com"#, r#""a@b c"@example.com"#),
            ("“a b”@example.com", r#""a b"@example.com"#),
        ] {
            let length = line.chars().count();
            let expected = [
                (word.to_owned(), 0..length),
                ("x".into(), length + 1..length + 2),
            ];
            assert_eq!(words(&format!("{line} x")), expected, "{line}");
        }
        for (line, texts) in [
            (r#""a b" @example.com"#, ["a b", "@example.com"]),
            (
                r#""Ada B" <ada@example.com>"#,
                ["Ada B", "<ada@example.com>"],
            ),
            (r#""a b"c@example.com d"#, ["a bc@example.com", "d"]),
            ("x \"a\nb\"@example.com", ["x", "a\nb@example.com"]),
        ] {
            let found: Vec<String> = words(line).into_iter().map(|(text, _)| text).collect();
            assert_eq!(found, texts, "{line}");
        }
        let long = format!("\"{}\"@example.com", "a ".repeat(100));
        assert!(
            !words(&long)[0].0.starts_with('"'),
            "longer than a local part"
        );
    }

    #[test]
    fn splits_words_quotes_and_dashes() {
        assert_eq!(
            words("/mx  example.com "),
            [("/mx".into(), 0..3), ("example.com".into(), 5..16)]
        );
        assert_eq!(
            words("ua \"Mozilla/5.0 (X)\""),
            [("ua".into(), 0..2), ("Mozilla/5.0 (X)".into(), 3..20)]
        );
        assert_eq!(
            words("ping —count=3 –count"),
            [
                ("ping".into(), 0..4),
                ("--count=3".into(), 5..13),
                ("--count".into(), 14..20)
            ]
        );

        assert_eq!(
            words("x “a b” it's"),
            [
                ("x".into(), 0..1),
                ("a b".into(), 2..7),
                ("it's".into(), 8..12)
            ]
        );

        assert_eq!(
            words("x <https://a.test|the site> [a b](https://a.test) <b c> [x"),
            [
                ("x".into(), 0..1),
                ("<https://a.test|the site>".into(), 2..27),
                ("[a b](https://a.test)".into(), 28..49),
                ("<b".into(), 50..52),
                ("c>".into(), 53..55),
                ("[x".into(), 56..58)
            ]
        );

        assert_eq!(
            words("x \"open end"),
            [("x".into(), 0..1), ("open end".into(), 2..11)]
        );
        assert!(words(" \t\n").is_empty());
    }
}
