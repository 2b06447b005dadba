//! Rendering of a block of a document as lines of a message.

use netvane_core::document::{
    Block, Cell, Column, Field, Role, Station,
    render::{Layout, block_text, printable_line, table_width, ungrouped},
};

use crate::markup::{Around, Markup, preformatted, shortened};

/// Characters per line that a phone shows without scrolling.
const NARROW: usize = 40;
/// Preformatted text with more lines than this is collapsed.
const LONG: usize = 12;
/// Longest title in UTF-16 units, which keeps room for the rest.
pub(super) const MOST_TITLE: usize = 256;

/// Lines inside one markup block. A message that is full may end between two of them.
pub(super) struct Part {
    pub(super) around: Around,
    pub(super) lines: Vec<Markup>,
}

impl Part {
    pub(super) fn list(lines: impl IntoIterator<Item = Markup>) -> Self {
        Self {
            around: Around::Nothing,
            lines: lines.into_iter().collect(),
        }
    }

    pub(super) fn preformatted(around: Around, text: &str) -> Self {
        Self {
            around,
            lines: text.trim_end().lines().map(preformatted).collect(),
        }
    }
}

/// Renders a block within the message.
pub(super) fn part(block: &Block) -> Part {
    let width = Layout {
        width: 200,
        color: false,
    };
    match block {
        Block::Heading { text } => Part::list([Markup::default().bold(&clipped(text, MOST_TITLE))]),
        Block::Text { text } => Part::list(text.lines().map(|line| Markup::default().words(line))),
        Block::Fields { fields } => {
            let name = |field: &Field| Markup::default().bold(&field.name).own(": ");
            Part::list(fields.iter().map(|field| value(name(field), &field.value)))
        }
        Block::Table { columns, rows } if table_width(columns, rows) <= NARROW => {
            Part::preformatted(Around::Block, &block_text(block, width))
        }
        Block::Table { columns, rows } => {
            let rows = ungrouped(rows);
            let records = rows.iter().map(|row| record(columns, row));
            Part::list(heads(columns).into_iter().chain(records))
        }
        Block::Code { text, .. } | Block::Attachment { text, .. } => preformatted_text(text),
        Block::Path { stations } => path(block, stations),
        Block::Link { .. } => Part::list([]),
    }
}

fn preformatted_text(text: &str) -> Part {
    let around = if text.lines().count() > LONG {
        Around::Folded
    } else {
        Around::Block
    };
    Part::preformatted(around, text)
}

/// Renders a path as a drawing if it fits, otherwise as one station per line.
fn path(block: &Block, stations: &[Station]) -> Part {
    let drawing = block_text(
        block,
        Layout {
            width: 200,
            color: false,
        },
    );

    if drawing.lines().all(|line| line.chars().count() <= NARROW) {
        return Part::preformatted(Around::Block, &drawing);
    }

    Part::list(stations.iter().map(|station| {
        let arrow = if station.via.is_empty() {
            "● "
        } else {
            "↓ "
        };
        let via = if station.via.is_empty() {
            String::new()
        } else {
            format!(" ({})", station.via)
        };
        let titled = Markup::default().own(arrow).bold(&station.title);
        if station.name.is_empty() {
            titled.words(&via)
        } else {
            titled.own(": ").code(&station.name).words(&via)
        }
    }))
}

/// Returns the titles of a table that is too wide, in the order of the cells in its records; `None` if it has none.
fn heads(columns: &[Column]) -> Option<Markup> {
    let has_titles = columns.iter().any(|column| !column.title.is_empty());
    let titles = columns.iter().map(|column| column.title).map(or_dash);
    has_titles.then(|| Markup::default().words(&titles.collect::<Vec<_>>().join(" · ")))
}

/// Renders a row of a table that is too wide: the first cell in bold, then the others in the order of the titles.
/// Numbers are preceded by their column titles.
fn record(columns: &[Column], row: &[Cell]) -> Markup {
    let is_empty = |cell: &Cell| cell.text.trim().is_empty();
    let end = row.iter().rposition(|cell| !is_empty(cell));
    let mut out = Markup::default().own("• ");

    for (index, (column, cell)) in columns.iter().zip(row).enumerate() {
        if end.is_none_or(|end| index > end) {
            break;
        }
        if index > 0 {
            out = out.own(" · ");
        }
        if is_empty(cell) {
            out = out.own("–");
            continue;
        }
        if index == 0 {
            out = strong(out, cell);
            continue;
        }
        if column.numeric || matches!(cell.text.as_str(), "yes" | "no") {
            out = out.words(column.title).own(" ");
        }
        out = value(out, cell);
    }

    out
}

fn or_dash(title: &str) -> &str {
    if title.is_empty() { "–" } else { title }
}

fn strong(before: Markup, cell: &Cell) -> Markup {
    match cell.role {
        Role::Domain | Role::Address | Role::Exact => value(before, cell),
        _ => before.bold(&cell.text.replace('\n', ", ")),
    }
}

/// Appends a cell, formatted by its role. Several lines are joined with commas, exact text with
/// spaces.
fn value(mut before: Markup, cell: &Cell) -> Markup {
    let text = cell.text.trim_end_matches('\n');
    match cell.role {
        Role::Domain | Role::Address => {
            for (index, line) in text.split('\n').enumerate() {
                before = before.own(if index == 0 { "" } else { ", " }).code(line);
            }
            before
        }
        Role::Exact => before.code(&text.replace('\n', " ")),
        Role::Bad | Role::Warning => before.bold(&text.replace('\n', ", ")),
        Role::Plain | Role::Aside | Role::Good => before.words(&text.replace('\n', ", ")),
    }
}

/// Converts text to one line with control characters made visible, and truncates it. This order
/// matters, because visible control characters are longer.
pub(super) fn clipped(text: &str, most: usize) -> String {
    shortened(&printable_line(text), most)
}
