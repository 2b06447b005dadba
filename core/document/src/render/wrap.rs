//! Breaks text into lines that fit a screen, by the width that terminals give to each character.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Breaks a line of text into lines of at most `width` columns: between words, and within a word that is longer than a
/// line. Blank lines are left out; a character that is wider than a line has one of its own.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let fits = |line: &str, more: usize| line.width() + more <= width;
    let mut lines = vec![String::new()];

    for word in text.split_inclusive(' ') {
        if lines
            .last()
            .is_some_and(|line| !fits(line, word.trim_end().width()))
        {
            lines.push(String::new());
        }
        for c in word.chars() {
            match lines.last_mut() {
                Some(line) if fits(line, c.width().unwrap_or(0)) => line.push(c),
                // The space at which the line breaks.
                _ if c == ' ' => {}
                _ => lines.push(c.to_string()),
            }
        }
    }

    lines
        .iter()
        .map(|line| line.trim_end().to_owned())
        .filter(|line| !line.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 80), ["one two three"]);
        assert_eq!(wrap("one  two", 4), ["one", "two"]);
        assert_eq!(wrap("", 4), [""; 0]);
    }

    #[test]
    fn breaks_words_that_are_longer_than_a_line() {
        assert_eq!(wrap("a abcdefgh b", 4), ["a", "abcd", "efgh", "b"]);
    }

    #[test]
    fn counts_columns_and_not_characters() {
        // Each of these takes two columns.
        assert_eq!(wrap("漢字漢字", 4), ["漢字", "漢字"]);
        // Combining: none.
        assert_eq!(wrap("e\u{301}e\u{301} x", 2), ["e\u{301}e\u{301}", "x"]);
        assert_eq!(wrap("漢", 1), ["漢"]);
    }
}
