//! Escaping of untrusted text for Discord's markup.

use std::fmt::Write;

use netvane_core::document::render::{Span, printable, printable_line, spans};

/// Replacement for a backtick that would end a code span; Discord has no escape inside code.
const STAND_IN: char = 'ˋ';

/// Returns the length in UTF-16 code units. That is never less than the number of code points, so
/// Discord's limits hold whichever of the two it counts.
pub(crate) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Escapes text to a single line without formatting, links or mentions.
pub(crate) fn line(text: &str) -> String {
    escaped(text, usize::MAX)
}

/// Like [`line`], but truncated to `most` UTF-16 units. An ellipsis marks the truncation, and a
/// character is never separated from its escape.
pub(crate) fn line_within(text: &str, most: usize) -> String {
    let whole = line(text);
    if length(&whole) <= most {
        whole
    } else {
        escaped(text, most.saturating_sub(1)) + "…"
    }
}

/// Like [`line`], but text between backticks becomes inline code.
pub(crate) fn prose(text: &str) -> String {
    let spans = spans(text).into_iter().map(|span| match span {
        Span::Words(words) => line(words),
        Span::Code(exact) => format!("`{}`", printable_line(exact.trim())),
    });
    spans.collect()
}

/// Like [`prose`], but truncated to `most` UTF-16 units; what is truncated has no inline code.
pub(crate) fn prose_within(text: &str, most: usize) -> String {
    let whole = prose(text);
    if length(&whole) <= most {
        whole
    } else {
        line_within(text, most)
    }
}

fn escaped(text: &str, most: usize) -> String {
    let text = printable_line(text);
    let start = text.len() - text.trim_start().len();

    // `1.` at the start of a line begins a list.
    let digits = text[start..].bytes().take_while(u8::is_ascii_digit).count();
    let mut out = String::with_capacity(text.len() + 16);
    let mut used = 0;

    for (at, c) in text.char_indices() {
        let acts = match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '>' | '[' | ']' | '@' => true,
            '#' | '-' | '+' => at == start,
            '.' => {
                digits > 0
                    && at == start + digits
                    && !text[at + 1..].starts_with(|next: char| !next.is_whitespace())
            }
            // Discord turns bare URLs into links.
            ':' => text[at..].starts_with(":/"),
            _ => false,
        };

        used += c.len_utf16() + usize::from(acts);
        if used > most {
            break;
        }

        if acts {
            out.push('\\');
        }

        out.push(c);
    }

    out
}

/// Formats text as inline code. Several lines become several code spans, separated by commas.
pub(crate) fn code(text: &str) -> String {
    let text = printable(text);
    let mut out = String::with_capacity(text.len() + 2);
    for part in text.lines().map(str::trim).filter(|part| !part.is_empty()) {
        let before = if out.is_empty() { "" } else { ", " };
        let part = part.replace('`', &STAND_IN.to_string()).replace('\t', " ");
        // Writing to a string cannot fail.
        let _ = write!(out, "{before}`{part}`");
    }
    if out.is_empty() {
        "—".to_owned()
    } else {
        out
    }
}

/// Returns the lines of a code block, with fences inside it replaced.
pub(crate) fn block_lines(text: &str) -> Vec<String> {
    let text = printable(text);
    let fence = "```";
    let stand_ins = STAND_IN.to_string().repeat(fence.len());
    text.lines()
        .map(|line| line.trim_end().replace(fence, &stand_ins))
        .collect()
}

/// Truncates text for a place without markup, such as a label, to `most` UTF-16 units. An empty
/// text becomes an ellipsis.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let text = printable_line(text.trim());
    if length(&text) <= most {
        return if text.is_empty() {
            "…".to_owned()
        } else {
            text.into_owned()
        };
    }
    let mut used = 1;
    let fits = |c: &char| {
        used += c.len_utf16();
        used <= most
    };
    text.chars().take_while(fits).collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_escapes_all_markup() {
        assert_eq!(
            line("**a** __b__ `c` @everyone <@1>"),
            r"\*\*a\*\* \_\_b\_\_ \`c\` \@everyone \<\@1\>"
        );
        assert_eq!(line("[x](https://a.example)"), r"\[x\](https\://a.example)");
        assert_eq!(line("1. one 2. two"), r"1\. one 2. two");
        assert_eq!(line("192.0.2.1:53"), "192.0.2.1:53");
        assert_eq!(line("# head\n> quote"), r"\# head\\x0a\> quote");
        assert_eq!(line("a\u{202e}b"), r"a\\u{202e}b");
    }

    #[test]
    fn prose_shows_inline_code_and_nothing_else() {
        assert_eq!(
            prose("run `/mx a_b` or **not** `<@1>`"),
            r"run `/mx a_b` or \*\*not\*\* `<@1>`"
        );
        assert_eq!(prose("a ` b"), r"a \` b");
        assert_eq!(prose("`a\n@everyone`"), r"`a\x0a@everyone`");
        assert_eq!(prose_within("`a_b_c` d", 5), r"\`a…");
    }

    #[test]
    fn truncation_keeps_characters_and_escapes_whole() {
        assert_eq!(line_within("abc", 3), "abc");
        assert_eq!(line_within("***", 4), r"\*…");
        assert_eq!(line_within("👍👍", 3), "👍…");
    }

    #[test]
    fn text_cannot_end_its_code_span_or_block() {
        assert_eq!(code("a`b"), "`aˋb`");
        assert_eq!(code("192.0.2.1\n2001:db8::1"), "`192.0.2.1`, `2001:db8::1`");
        assert_eq!(code(" \n"), "—");
        assert_eq!(
            block_lines("x\n````\n@everyone"),
            ["x", "ˋˋˋ`", "@everyone"]
        );
    }

    #[test]
    fn plain_text_is_truncated_between_characters() {
        assert_eq!(cut("👍👍👍", 5), "👍👍…");
        assert_eq!(cut("a\u{202e}", 80), "a\\u{202e}");
        assert_eq!(cut(" ", 80), "…");
    }
}
