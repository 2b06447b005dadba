//! Hostile text made harmless: what cannot be seen becomes visible.

use std::borrow::Cow;

/// Characters that act instead of being seen: controls, and those that reorder or hide text
/// (Unicode's bidirectional and default-ignorable characters).
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Line breaks and tabs stay, everything else that acts is written as `\u{202e}` or `\x1b`.
pub fn printable(text: &str) -> Cow<'_, str> {
    visible(text, |c| is_unsafe(c) && !matches!(c, '\n' | '\t'))
}

/// The same for text that must stay on one line.
pub fn printable_line(text: &str) -> Cow<'_, str> {
    visible(text, is_unsafe)
}

fn visible(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&acts) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            c if !acts(c) => out.push(c),
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
    fn what_acts_is_written_out() {
        assert_eq!(printable("plain\ttext\n"), "plain\ttext\n");
        assert_eq!(printable("\x1b[31mred\r\u{202e}x\u{200b}"), "\\x1b[31mred\\x0d\\u{202e}x\\u{200b}");
        assert_eq!(printable_line("a\nb"), "a\\x0ab");
        assert_eq!(printable("bücher 例え 👍"), "bücher 例え 👍");
    }
}
