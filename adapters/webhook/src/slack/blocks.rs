//! A document in Slack's Block Kit. Text from anywhere stands only in plain text and in rich text, whose elements are
//! never read as markup: there is nothing to escape, and nothing that could mention, link or format.

use netvane_core::document::{
    Block, Cell, Document, Role, Severity,
    render::{self, Layout, printable, printable_line},
};
use serde_json::{Value, json};

/// Slack's limits: of a header, of the text of one block, of blocks. All text together has none that is written down;
/// messages of 13,000 characters were refused.
const HEADER: usize = 150;
const BLOCK: usize = 3000;
const BLOCKS: usize = 50;
const MESSAGE: usize = 10_000;

/// For notifications.
const FALLBACK: usize = 600;

/// So that none of them crowds out the rest.
const SUMMARY: usize = 1200;
const WARNING: usize = 300;
const WARNINGS: usize = 5;

/// Columns of exact text that a window shows side by side.
const WIDTH: u16 = 76;

/// Said where something is left out.
pub(super) const CUT: &str =
    "… The rest is cut: a message holds no more. Ask over HTTP or in a terminal for all of it.";

/// Said of what is never shown here.
const ELSEWHERE: &str = "in full over HTTP and in a terminal";

/// A run of characters that look alike.
#[derive(Clone)]
struct Span {
    text: String,
    bold: bool,
    code: bool,
    url: Option<String>,
}

type Line = Vec<Span>;

/// What becomes one block.
enum Part {
    Words(Vec<Line>),
    List(Vec<Line>),
    Exact(String),
}

/// The document as blocks.
pub(super) fn blocks(document: &Document) -> Vec<Value> {
    let mut out = vec![header(document)];
    let warnings = warnings(document);
    let mut left = MESSAGE - warnings.size();
    let mut add = |part: Part, out: &mut Vec<Value>| {
        if part.is_empty() {
            return true;
        }
        // Two blocks are kept for what comes last.
        let room = if out.len() + 2 < BLOCKS {
            left.min(BLOCK)
        } else {
            0
        };
        let (start, whole) = part.start(room);
        left -= start.size();
        out.extend((!start.is_empty()).then(|| start.block()));
        whole
    };

    let (summary, whole) = within(&printable(&document.summary), SUMMARY);
    let mut complete = whole && document.warnings.len() <= WARNINGS;
    complete &= add(Part::Words(vec![vec![plain(summary)]]), &mut out);
    for part in document.blocks.iter().map(part) {
        if !add(part, &mut out) {
            complete = false;
            break;
        }
    }

    if !complete {
        out.push(Part::Words(vec![vec![plain(CUT)]]).block());
    }

    if !warnings.is_empty() {
        out.push(warnings.block());
    }

    out
}

/// One line for notifications, in which nothing acts.
pub(super) fn fallback(document: &Document) -> String {
    let text = format!(
        "{}: {}",
        printable_line(&document.title),
        printable_line(&document.summary)
    );
    within(&text, FALLBACK)
        .0
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn header(document: &Document) -> Value {
    let symbol = match document.severity {
        Severity::Good => "✅",
        Severity::Neutral => "ℹ️",
        Severity::Warning => "⚠️",
        Severity::Bad => "❌",
    };
    let (title, _) = within(
        printable_line(&document.title).trim(),
        HEADER - length(symbol) - 1,
    );
    json!({ "type": "header", "text": { "type": "plain_text", "text": format!("{symbol} {title}"), "emoji": false } })
}

fn warnings(document: &Document) -> Part {
    let warnings = document.warnings.iter().take(WARNINGS);
    Part::Words(
        warnings
            .map(|text| {
                vec![plain(format!(
                    "⚠️ {}",
                    within(&printable_line(text), WARNING).0
                ))]
            })
            .collect(),
    )
}

fn part(block: &Block) -> Part {
    match block {
        Block::Heading { text } => Part::Words(vec![vec![Span {
            bold: true,
            ..plain(line(text))
        }]]),
        Block::Text { text } => {
            Part::Words(text.lines().map(|text| vec![plain(line(text))]).collect())
        }
        Block::Fields { fields } => Part::List(
            fields
                .iter()
                .map(|field| {
                    let name = Span {
                        bold: true,
                        ..plain(line(&field.name))
                    };
                    [vec![name, plain(" ")], cell(&field.value)].concat()
                })
                .collect(),
        ),
        Block::Table { .. } | Block::Path { .. } => Part::Exact(render::block_text(
            block,
            Layout {
                width: WIDTH,
                color: false,
            },
        )),
        Block::Code { text } => Part::Exact(printable(text).into_owned()),
        Block::Link { label, url } => Part::Words(vec![vec![Span {
            url: Some(url.clone()),
            ..plain(line(label))
        }]]),
        Block::Attachment { name, text } => {
            let lines = text.lines().count();
            Part::Words(vec![vec![plain(format!(
                "{}: {lines} lines, {ELSEWHERE}",
                line(name)
            ))]])
        }
    }
}

fn cell(cell: &Cell) -> Line {
    let code = matches!(cell.role, Role::Domain | Role::Address | Role::Exact);
    let symbol = match cell.role {
        Role::Good => "✅ ",
        Role::Warning => "⚠️ ",
        Role::Bad => "❌ ",
        _ => "",
    };
    let mut spans = Vec::new();
    for text in cell.text.lines().map(line).filter(|text| !text.is_empty()) {
        spans.push(plain(if spans.is_empty() { symbol } else { ", " }));
        spans.push(Span {
            code,
            ..plain(text)
        });
    }
    if spans.is_empty() {
        vec![plain("—")]
    } else {
        spans
    }
}

fn plain(text: impl Into<String>) -> Span {
    Span {
        text: text.into(),
        bold: false,
        code: false,
        url: None,
    }
}

fn line(text: &str) -> String {
    printable_line(text.trim()).into_owned()
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
    fn is_empty(&self) -> bool {
        match self {
            Self::Words(lines) | Self::List(lines) => lines
                .iter()
                .flatten()
                .all(|span| span.text.trim().is_empty()),
            Self::Exact(text) => text.trim().is_empty(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Words(lines) | Self::List(lines) => lines.iter().map(size).sum(),
            Self::Exact(text) => length(text),
        }
    }

    /// What of it has room, and whether that is all.
    fn start(self, room: usize) -> (Self, bool) {
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
                // Of one endless line, its beginning.
                let kept = if whole.is_empty() {
                    within(&text, room).0
                } else {
                    whole.join("\n")
                };
                (Self::Exact(kept), false)
            }
        }
    }

    fn block(&self) -> Value {
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

/// With the end of the line.
fn size(line: &Line) -> usize {
    line.iter().map(|span| length(&span.text)).sum::<usize>() + 1
}

/// The first lines; if not even one has room, the start of its last span that has some.
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

/// At most this long, and whether that is all; a cut is shown.
fn within(text: &str, most: usize) -> (String, bool) {
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

/// UTF-16 units are never fewer than characters, however Slack counts.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests;
