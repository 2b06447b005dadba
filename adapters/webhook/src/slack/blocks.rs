//! Documents in Slack's Block Kit. Foreign text appears only in plain text and rich text elements,
//! which Slack does not parse as markup, so nothing has to be escaped and nothing can mention, link
//! or format.

mod part;

use netvane_core::document::{
    Block, Cell, Document, Role, Severity,
    render::{self, Layout, printable, printable_line},
};
use serde_json::{Value, json};

use part::{Line, Part, Span, length, plain, within};

/// Slack's limits in characters of a header and of the text in one block, and in blocks. There is
/// no documented limit for all text together; messages of 13,000 characters were refused.
const HEADER: usize = 150;
const BLOCK: usize = 3000;
const BLOCKS: usize = 50;
const MESSAGE: usize = 10_000;

/// Most characters of the plain text that notifications show.
const FALLBACK: usize = 600;

/// Limits of the summary and the warnings in characters, and of the number of warnings, so that
/// they leave space for the blocks.
const SUMMARY: usize = 1200;
const WARNING: usize = 300;
const WARNINGS: usize = 5;

/// Columns of preformatted text that a window shows without wrapping.
const WIDTH: u16 = 76;

/// Note where content is left out.
pub(super) const CUT: &str =
    "… The rest is cut: a message holds no more. Ask over HTTP or in a terminal for all of it.";

/// Note for content that is never shown in this chat.
const ELSEWHERE: &str = "in full over HTTP and in a terminal";

/// Renders the document as blocks, and `end` below it, also where the document is truncated.
pub(super) fn blocks(document: &Document, end: Option<&Block>) -> Vec<Value> {
    let mut out = vec![header(document)];
    let warnings = warnings(document);
    let end = end.map(part);
    let mut left = MESSAGE - warnings.size() - end.as_ref().map_or(0, Part::size);
    let mut add = |part: Part, out: &mut Vec<Value>| {
        if part.is_empty() {
            return true;
        }
        // Reserve three blocks for the end of the message.
        let room = if out.len() + 3 < BLOCKS {
            left.min(BLOCK)
        } else {
            0
        };
        let (start, whole) = part.start(room);
        left -= start.size();
        out.extend((!start.is_empty()).then(|| start.block()));
        whole
    };

    let summary = printable(&document.summary);
    let (first, whole) = within(&summary, SUMMARY);
    let summary = if whole {
        prose(&document.summary)
    } else {
        vec![plain(first)]
    };
    let mut complete = whole && document.warnings.len() <= WARNINGS;
    complete &= add(Part::Words(vec![summary]), &mut out);
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

    out.extend(end.map(|end| end.block()));

    out
}

/// Returns one line for notifications, which cannot mention or format anything.
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
    let warning = |text: &String| {
        let (first, whole) = within(&printable_line(text), WARNING);
        let words = if whole {
            prose(text)
        } else {
            vec![plain(first)]
        };
        [vec![plain("⚠️ ")], words].concat()
    };
    let warnings = document.warnings.iter().take(WARNINGS);
    Part::Words(warnings.map(warning).collect())
}

fn part(block: &Block) -> Part {
    match block {
        Block::Heading { text } => Part::Words(vec![vec![Span {
            bold: true,
            ..plain(line(text))
        }]]),
        Block::Text { text } => Part::Words(text.lines().map(prose).collect()),
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
        Block::Code { text, .. } => Part::Exact(printable(text).into_owned()),
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

/// Returns a line of running text; what is between backticks is code.
fn prose(text: &str) -> Line {
    let spans = render::spans(text.trim()).into_iter();
    spans
        .map(|span| match span {
            render::Span::Words(words) => plain(printable_line(words)),
            render::Span::Code(exact) => Span {
                code: true,
                ..plain(line(exact))
            },
        })
        .collect()
}

fn line(text: &str) -> String {
    printable_line(text.trim()).into_owned()
}

#[cfg(test)]
mod tests;
