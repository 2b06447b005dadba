//! Splits a line into words with their positions.

use std::ops::Range;

/// Largest number of words that are read. No command has as many arguments, and free text is taken from the line.
const MAX_WORDS: usize = 128;

/// One word, with its quotes removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Range in characters of the line, quotes included.
    pub(super) span: Range<usize>,
    /// Whether the word was quoted; quoted words are never options.
    pub(super) quoted: bool,
}

/// Splits a line at white space, up to [`MAX_WORDS`] words. Straight or typographic quotes keep words together. A dash that a
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

        let mut text = String::new();
        let mut closing = None;
        let mut quoted = false;
        let mut end = start;

        while let Some(&(at, c)) = chars.peek() {
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
            words("x \"open end"),
            [("x".into(), 0..1), ("open end".into(), 2..11)]
        );
        assert!(words(" \t\n").is_empty());
    }
}
