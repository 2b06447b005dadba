//! HTML for the Bot API. Lengths are counted as Telegram does: UTF-16 units and entities after the
//! markup is parsed.
//!
//! Telegram turns some plain words into links, mentions and commands, but not inside code. So such
//! words are formatted as code.

use netvane_core::document::render::{Span, printable, printable_line, spans};

/// Most passages of a text that are formatted as code separately; with more, the whole text becomes
/// code.
const MOST_RUNS: usize = 4;

/// A piece of a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Markup {
    pub(crate) html: String,
    /// Length of the visible text in UTF-16 units.
    pub(crate) units: usize,
    pub(crate) entities: usize,
}

impl Markup {
    /// Appends text on one line. What is between backticks becomes code, and so do words that
    /// Telegram would turn into links or commands.
    pub(crate) fn words(mut self, text: &str) -> Self {
        let spans = spans(text);
        let is_code = |span: &&Span<'_>| matches!(span, Span::Code(_));
        if spans.iter().filter(is_code).count() > MOST_RUNS {
            self.line(text, None);
            return self;
        }
        for span in spans {
            match span {
                Span::Words(words) => self.line(words, None),
                Span::Code(exact) => self.tagged("code", &printable_line(exact)),
            }
        }
        self
    }

    /// Like [`Markup::words`], but in bold.
    pub(crate) fn bold(mut self, text: &str) -> Self {
        self.line(text, Some("b"));
        self
    }

    /// Appends text on one line as code.
    pub(crate) fn code(mut self, text: &str) -> Self {
        self.tagged("code", &printable_line(text));
        self
    }

    /// Appends trusted text as it is, apart from HTML escapes. It must not contain words that
    /// Telegram turns into links or commands.
    pub(crate) fn own(mut self, text: &str) -> Self {
        self.raw(text);
        self
    }

    pub(crate) fn then(mut self, other: &Self) -> Self {
        self.html.push_str(&other.html);
        self.units += other.units;
        self.entities += other.entities;
        self
    }

    fn line(&mut self, text: &str, tag: Option<&str>) {
        let text = printable_line(text);
        let runs = runs(&text);
        if runs.iter().filter(|(live, _)| *live).count() > MOST_RUNS {
            return self.tagged("code", &text);
        }
        for (live, run) in runs {
            match tag {
                _ if live => self.tagged("code", run),
                Some(tag) => self.tagged(tag, run),
                None => self.raw(run),
            }
        }
    }

    fn tagged(&mut self, tag: &str, text: &str) {
        if text.trim().is_empty() {
            return self.raw(text);
        }
        self.html.push_str(&format!("<{tag}>"));
        self.raw(text);
        self.html.push_str(&format!("</{tag}>"));
        self.entities += 1;
    }

    fn raw(&mut self, text: &str) {
        self.html.push_str(&escape(text));
        self.units += units(text);
    }
}

/// The block around lines of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Around {
    Nothing,
    /// A preformatted block with a fixed-width font.
    Block,
    /// A quotation that is collapsed until a user expands it.
    Folded,
}

impl Around {
    pub(crate) fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::Nothing => ("", ""),
            Self::Block => ("<pre>", "</pre>"),
            Self::Folded => ("<blockquote expandable><code>", "</code></blockquote>"),
        }
    }

    pub(crate) fn entities(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Block => 1,
            Self::Folded => 2,
        }
    }
}

/// Escapes one line of preformatted text.
pub(crate) fn preformatted(line: &str) -> Markup {
    Markup::default().own(&printable(line))
}

pub(crate) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Truncates text to `most` UTF-16 units, between characters and with an ellipsis.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if units(text) <= most {
        return text.to_owned();
    }
    let mut left = most.saturating_sub(1);
    let fits = |c: &char| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        fits
    };
    text.chars().take_while(fits).collect::<String>() + "…"
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// Splits text into passages and says for each whether Telegram would turn its words into links or
/// commands. Whitespace around such passages belongs to their neighbours.
fn runs(text: &str) -> Vec<(bool, &str)> {
    let mut runs: Vec<(bool, usize, usize)> = Vec::new();
    let mut at = 0;

    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let inner = bare.trim_matches(|c| "(),;:!?.".contains(c));
        let inside = if comes_alive(inner) { inner } else { bare };
        let start = at + bare.find(inside).unwrap_or(0);
        let end = start + inside.len();
        at += word.len();
        if !comes_alive(bare) {
            continue;
        }
        match runs.last_mut() {
            Some((_, _, last)) if text[*last..start].trim().is_empty() => *last = end,
            _ => runs.push((true, start, end)),
        }
    }

    let mut out = Vec::new();
    let mut from = 0;

    for (live, start, end) in runs {
        if from < start {
            out.push((false, &text[from..start]));
        }
        out.push((live, &text[start..end]));
        from = end;
    }

    if from < text.len() {
        out.push((false, &text[from..]));
    }

    out
}

/// Returns whether Telegram might turn this word into a link, mention, command or phone number.
/// False positives are harmless.
fn comes_alive(word: &str) -> bool {
    let chars: Vec<char> = word.chars().collect();
    let inside = |index: Option<usize>| {
        let c = index.and_then(|index| chars.get(index));
        c.is_some_and(|c| c.is_alphabetic() || c.is_ascii_digit() || *c == '_')
    };
    let digits = chars.iter().filter(|c| c.is_numeric()).count();
    let dots = chars.iter().filter(|c| **c == '.').count();
    let acts = |(index, c): (usize, &char)| {
        let next = chars.get(index + 1);
        let after = next.is_some_and(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || *c == '_');
        match c {
            '@' => true,
            '#' | '$' | '+' => after,
            '/' => after && !inside(index.checked_sub(1)),
            ':' => chars
                .get(index + 1..index + 3)
                .is_some_and(|next| next == ['/', '/']),
            '.' => after && (dots >= 3 || is_label(&chars[index + 1..])),
            _ => false,
        }
    };
    digits >= 13 || chars.iter().enumerate().any(acts)
}

/// Returns whether the characters may begin with a top-level domain.
fn is_label(chars: &[char]) -> bool {
    let label: Vec<&char> = chars
        .iter()
        .take_while(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || "_-".contains(**c))
        .collect();
    label.len() >= 2 && label.iter().any(|c| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_telegram_would_link_become_code() {
        let content_hash = |text: &str| Markup::default().words(text).html;
        assert_eq!(
            content_hash("Mail for example.com goes on, e.g. in 5.2 s, 443/udp."),
            "Mail for <code>example.com</code> goes on, e.g. in 5.2 s, 443/udp."
        );
        assert_eq!(
            content_hash("ask @admin /start & <b>#tag</b> 192.0.2.1"),
            "ask <code>@admin /start</code> &amp; <code>&lt;b&gt;#tag&lt;/b&gt; 192.0.2.1</code>"
        );
        assert_eq!(
            content_hash("a.com b c.com d e.com f g.com h i.com"),
            "<code>a.com b c.com d e.com f g.com h i.com</code>"
        );
        assert_eq!(
            content_hash("$5 and $USD, +1 555"),
            "<code>$5</code> and <code>$USD</code>, <code>+1</code> 555"
        );
    }

    #[test]
    fn lengths_are_counted_in_utf16_units() {
        let text = Markup::default().bold("a & 👍").code("\u{202e}");
        assert_eq!((text.units, text.entities), (6 + 8, 2));
        assert_eq!(shortened("👍👍👍", 5), "👍👍…");
        assert_eq!(shortened("👍👍", 4), "👍👍");
        assert_eq!(shortened("a👍👍", 4), "a👍…");
    }
}
