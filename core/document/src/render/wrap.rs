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

/// Distance between tab stops in columns.
const TAB: usize = 8;

/// Breaks the lines of a rendered text so that none is wider than a screen of `width` columns. Escape sequences for colors
/// have no width. Continued lines are indented below the text of their first line; a tab becomes spaces.
pub fn fit(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for line in text.lines() {
        fit_line(line, width.max(1), &mut out);
        out.push('\n');
    }
    out
}

/// Width of a line on a screen, without escape sequences.
pub fn screen_width(line: &str) -> usize {
    pieces(line).map(|piece| piece.width).sum()
}

/// A character with its width, or an escape sequence.
struct Piece<'a> {
    text: &'a str,
    width: usize,
}

/// Splits a line into characters and escape sequences.
fn pieces(line: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let (length, width) = if rest.starts_with("\x1b[") {
            let end = rest.find(|c: char| c.is_ascii_alphabetic());
            (end.map_or(rest.len(), |end| end + 1), 0)
        } else {
            (first.len_utf8(), first.width().unwrap_or(0))
        };
        let (text, after) = rest.split_at(length);
        rest = after;
        Some(Piece { text, width })
    })
}

fn fit_line(line: &str, width: usize, out: &mut String) {
    if !line.contains('\t') && screen_width(line) <= width {
        out.push_str(line);
        return;
    }

    let indent = " ".repeat(continuation(line).min(width / 2));
    let line_start = out.len();
    let mut start = line_start;
    let mut column = 0;
    // Where the line may break: the position in `out` and its column.
    let mut gap: Option<(usize, usize)> = None;

    for piece in pieces(line) {
        let spaces = (piece.text == "\t").then(|| TAB - column % TAB);
        let piece_width = spaces.unwrap_or(piece.width);
        let is_space = piece.text == " " || spaces.is_some();

        // A character that is wider than the screen has a line of its own.
        let is_at_start = column == 0 || column == indent.len() && start > line_start;
        if column + piece_width > width && piece_width > 0 && !is_at_start {
            if is_space {
                gap = Some((out.len(), column));
                continue;
            }
            let (at, at_column) = gap.take().unwrap_or((out.len(), column));
            let tail = out.split_off(at);
            out.truncate(start + out[start..].trim_end_matches(' ').len());
            out.push('\n');
            start = out.len();
            out.push_str(&indent);
            out.push_str(tail.trim_start_matches(' '));
            let skipped = tail.len() - tail.trim_start_matches(' ').len();
            column = indent.len() + column - at_column - skipped;
        }

        match spaces {
            Some(spaces) => out.extend(std::iter::repeat_n(' ', spaces)),
            None => out.push_str(piece.text),
        }
        column += piece_width;
        if is_space && column > indent.len() {
            gap = Some((out.len(), column));
        }
    }
}

/// Columns by which a continued line is indented: below the text behind a symbol, and two more than preformatted text.
fn continuation(line: &str) -> usize {
    let mut visible = pieces(line).filter(|piece| piece.width > 0);
    let leading = visible
        .by_ref()
        .take_while(|piece| piece.text == " ")
        .count();
    if leading > 0 {
        return leading + 2;
    }
    let mut start = pieces(line)
        .filter(|piece| piece.width > 0)
        .map(|piece| piece.text);
    let is_symbol = start.next().is_some_and(|first| "✓·!✗".contains(first));
    if is_symbol && start.next() == Some(" ") {
        2
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_text_fit_the_screen() {
        let fitted = |text: &str| fit(text, 12);
        assert_eq!(fitted("short\n\nlines\n"), "short\n\nlines\n");
        assert_eq!(fitted("exactly four"), "exactly four\n");
        assert_eq!(fitted("exactly four words"), "exactly four\nwords\n");
        assert_eq!(fitted("✓ one two three four"), "✓ one two\n  three four\n");
        assert_eq!(fitted("  code that is long"), "  code that\n    is long\n");
        assert_eq!(fitted("abcdefghijklmnopqr"), "abcdefghijkl\nmnopqr\n");
        assert_eq!(fitted("a abcdefghijklmnopqr"), "a\nabcdefghijkl\nmnopqr\n");
        assert_eq!(fitted("a\tb\tlonger"), "a       b\nlonger\n");
        assert_eq!(fitted("漢字漢字漢字漢"), "漢字漢字漢字\n漢\n");
        assert_eq!(fit("漢字", 1), "漢\n字\n");
    }

    #[test]
    fn colors_have_no_width() {
        let bold = "\x1b[1mone two three\x1b[0m";
        assert_eq!(screen_width(bold), 13);
        assert_eq!(fit(bold, 13), format!("{bold}\n"));
        assert_eq!(fit(bold, 8), "\x1b[1mone two\nthree\x1b[0m\n");
        assert_eq!(
            fit("\x1b[32m✓\x1b[0m one two", 5),
            "\x1b[32m✓\x1b[0m one\n  two\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        let text = "  ✗ ab  cdefg \x1b[1mh\x1b[0m\tijk lm   nopqrstuv 漢字漢 w x\u{301}y z";
        for width in 4..40 {
            for line in fit(text, width).lines() {
                assert!(screen_width(line) <= width, "{width}: {line:?}");
            }
        }
    }

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
