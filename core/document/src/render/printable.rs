//! Makes hostile text harmless: invisible characters are shown as escapes.

use std::{borrow::Cow, ops::Range};

/// Whether a character is a control or reorders or hides text (Unicode bidirectional and
/// default-ignorable characters).
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Replaces unsafe characters with escapes such as `\u{202e}` or `\x1b`; keeps line breaks and
/// tabs.
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_unsafe(c) && !matches!(c, '\n' | '\t'))
}

/// Like [`printable`], for text that must stay on one line: line breaks and tabs are escaped too.
pub fn printable_line(text: &str) -> Cow<'_, str> {
    escape(text, is_unsafe)
}

/// Escapes the unsafe characters of a JSON text as JSON does, so that it stays the same value. JSON
/// itself requires escapes only below U+0020.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let is_unsafe = |c: char| is_unsafe(c) && !c.is_ascii_whitespace();
    if !json.contains(is_unsafe) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_unsafe(c) {
            let units = c
                .encode_utf16(&mut [0; 2])
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect::<String>();
            escaped += &units;
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// The line with `^` under a part of it, given in characters. A long line is truncated around the
/// part.
pub fn pointed(line: &str, part: &Range<usize>) -> String {
    const CONTEXT: usize = 100;
    let chars: Vec<char> = line.chars().collect();
    let start = if chars.len() > 2 * CONTEXT {
        part.start.saturating_sub(CONTEXT / 4)
    } else {
        0
    };

    let end = if start > 0 || chars.len() > 2 * CONTEXT {
        chars.len().min(start + CONTEXT)
    } else {
        chars.len()
    };

    // One column per character, so that the marks line up with the mistake.
    let visible = chars[start.min(end)..end]
        .iter()
        .map(|c| if is_unsafe(*c) { '\u{fffd}' } else { *c });
    let (before, after) = (
        if start > 0 { "…" } else { "" },
        if end < chars.len() { "…" } else { "" },
    );
    let marks = "^".repeat(
        part.len()
            .clamp(1, (end + 1).saturating_sub(part.start).max(1)),
    );
    let indent = " ".repeat(part.start.saturating_sub(start) + before.chars().count());

    format!(
        "{before}{}{after}\n{indent}{marks}",
        visible.collect::<String>()
    )
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !is_escaped(c) => out.push(c),
            c if (c as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_placed_under_the_mistake() {
        assert_eq!(pointed("/mx a b", &(6..7)), "/mx a b\n      ^");
        assert_eq!(pointed("/mx", &(3..3)), "/mx\n   ^");
        let long = format!("/mx {} bad", "x".repeat(1000));
        let output = pointed(&long, &(1005..1008));
        let (line, marks) = output.split_once('\n').expect("two lines");
        let at = marks.chars().take_while(|c| *c == ' ').count();
        assert_eq!(
            line.chars()
                .skip(at)
                .take(marks.trim().len())
                .collect::<String>(),
            "bad"
        );
        assert!(line.chars().count() < 60, "{line}");
    }

    #[test]
    fn escaped_json_is_the_same_value_without_unsafe_characters() {
        let text = "a\u{7f}\u{9b}31m\u{202e}b\u{2066}\u{e0041}\u{1b}\n\"ü 例\"";
        let json = format!("{{\n  \"text\": {}\n}}\n", serde_json::json!(text));
        let escaped = printable_json(&json);
        assert!(
            !escaped.contains(|c| is_unsafe(c) && c != '\n'),
            "{escaped}"
        );
        assert!(escaped.contains("\\u009b31m\\u202e"), "{escaped}");
        let value: serde_json::Value = serde_json::from_str(&escaped).expect("JSON");
        assert_eq!(value["text"], text);
        assert!(matches!(
            printable_json("{\"a\": \"ü\"}\n"),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn escapes_control_and_invisible_characters() {
        assert_eq!(printable("plain\ttext\n"), "plain\ttext\n");
        assert_eq!(
            printable("\x1b[31mred\r\u{202e}x\u{200b}"),
            "\\x1b[31mred\\x0d\\u{202e}x\\u{200b}"
        );
        assert_eq!(printable_line("a\nb"), "a\\x0ab");
        assert_eq!(printable("bücher 例え 👍"), "bücher 例え 👍");
    }
}
