//! Parts of a message that become one block each, and truncating them.

use serde_json::{Value, json};

/// A run of characters with the same style.
#[derive(Clone)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) bold: bool,
    pub(super) code: bool,
    pub(super) url: Option<String>,
}

pub(super) type Line = Vec<Span>;

/// A part of a message that becomes one block.
pub(super) enum Part {
    Words(Vec<Line>),
    List(Vec<Line>),
    Exact(String),
}

/// Returns a span without bold, code or link.
pub(super) fn plain(text: impl Into<String>) -> Span {
    Span {
        text: text.into(),
        bold: false,
        code: false,
        url: None,
    }
}

impl Span {
    fn element(&self) -> Value {
        let mut element = match &self.url {
            Some(url) => json!({ "type": "link", "url": url, "text": self.text }),
            None => json!({ "type": "text", "text": self.text }),
        };
        if self.bold {
            element["style"]["bold"] = true.into();
        }
        if self.code {
            element["style"]["code"] = true.into();
        }
        element
    }
}

impl Part {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Words(lines) | Self::List(lines) => lines
                .iter()
                .flatten()
                .all(|span| span.text.trim().is_empty()),
            Self::Exact(text) => text.trim().is_empty(),
        }
    }

    pub(super) fn size(&self) -> usize {
        match self {
            Self::Words(lines) | Self::List(lines) => lines.iter().map(size).sum(),
            Self::Exact(text) => length(text),
        }
    }

    /// Returns as much of the part as fits, and whether that is all.
    pub(super) fn start(self, room: usize) -> (Self, bool) {
        if self.size() <= room {
            return (self, true);
        }
        match self {
            Self::Words(lines) => (Self::Words(fitting(lines, room)), false),
            Self::List(lines) => (Self::List(fitting(lines, room)), false),
            Self::Exact(text) => {
                let mut used = 0;
                let fits = |line: &&str| {
                    used += length(line) + 1;
                    used <= room
                };
                let whole: Vec<&str> = text.lines().take_while(fits).collect();
                // A first line that is too long is truncated.
                let kept = if whole.is_empty() {
                    within(&text, room).0
                } else {
                    whole.join("\n")
                };
                (Self::Exact(kept), false)
            }
        }
    }

    pub(super) fn block(&self) -> Value {
        let section = |spans: Vec<&Span>| {
            let elements = spans
                .iter()
                .filter(|span| !span.text.is_empty())
                .map(|span| span.element());
            json!({ "type": "rich_text_section", "elements": elements.collect::<Vec<_>>() })
        };

        let inner = match self {
            Self::Words(lines) => {
                let end = plain("\n");
                let mut spans: Vec<&Span> = lines
                    .iter()
                    .flat_map(|line| line.iter().chain([&end]))
                    .collect();
                spans.pop();
                section(spans)
            }
            Self::List(lines) => json!({
                "type": "rich_text_list",
                "style": "bullet",
                "elements": lines.iter().map(|line| section(line.iter().collect())).collect::<Vec<_>>(),
            }),
            Self::Exact(text) => json!({
                "type": "rich_text_preformatted",
                "elements": [{ "type": "text", "text": text.trim_end() }],
            }),
        };

        json!({ "type": "rich_text", "elements": [inner] })
    }
}

/// Returns the length of a line with its line break.
fn size(line: &Line) -> usize {
    line.iter().map(|span| length(&span.text)).sum::<usize>() + 1
}

/// Returns the first lines that fit; if not even one fits, the start of the last span that has some
/// space.
fn fitting(lines: Vec<Line>, room: usize) -> Vec<Line> {
    let mut left = room;
    let mut kept = Vec::new();
    for line in lines {
        let size = size(&line);
        if size <= left {
            left -= size;
            kept.push(line);
            continue;
        }
        if kept.is_empty() {
            kept.push(begun(line, left));
        }
        break;
    }
    kept.retain(|line: &Line| !line.is_empty());
    kept
}

fn begun(line: Line, room: usize) -> Line {
    let mut left = room.saturating_sub(1);
    let mut kept = Vec::new();
    for span in line {
        let size = length(&span.text);
        if size <= left {
            left -= size;
            kept.push(span);
            continue;
        }
        let (text, _) = within(&span.text, left);
        kept.extend((!text.is_empty()).then_some(Span { text, ..span }));
        break;
    }
    kept
}

/// Truncates a text to this length with an ellipsis; returns whether it is complete.
pub(super) fn within(text: &str, most: usize) -> (String, bool) {
    if length(text) <= most {
        return (text.to_owned(), true);
    }
    let mut used = 0;
    let fits = |c: &char| {
        used += c.len_utf16();
        used < most
    };
    let start: String = text.chars().take_while(fits).collect();
    (if most == 0 { start } else { start + "…" }, false)
}

/// Returns the length in UTF-16 units: never fewer than characters, so it is safe however Slack
/// counts.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
