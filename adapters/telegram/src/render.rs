//! The document as one Telegram message, within all of its limits; what does not fit becomes a file.

use netvane_core::document::{
    Block, Cell, Column, Document, Field, Role, Severity, Station,
    render::{Layout, block_text, png, printable_line, table_width, text, ungrouped},
};

use crate::markup::{Around, Markup, preformatted, shortened, units};

/// UTF-16 units of a message after its markup was read.
const MOST_UNITS: usize = 4096;
/// More entities are dropped by the platform.
const MOST_ENTITIES: usize = 100;

/// Columns that fit a phone without scrolling.
const NARROW: usize = 40;
/// Preformatted text with more lines is folded.
const LONG: usize = 12;
/// Folded text longer than this is a file instead.
const MOST_FOLDED: usize = 2400;

/// Parts of a message that have a bound of their own, so that there is always room for the rest.
const MOST_TITLE: usize = 256;
const MOST_SUMMARY: usize = 600;
const MOST_WARNINGS: usize = 900;

const REST: &str = "\n\n… the rest is in the file.";
const MORE: &str = "\n\n…";
/// Said of what no file can hold.
const TOO_LONG: &str = " is too long to be shown here.";

/// One message, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) html: String,
    /// Name and text of the file that holds what the message does not.
    pub(crate) file: Option<(String, String)>,
    /// Shows the document's first path; the message does not.
    pub(crate) picture: Option<Vec<u8>>,
}

/// A document as a message. Where no file can go with it, such as below work that goes on, it says that there is more.
pub(crate) fn render(document: &Document, with_file: bool) -> Rendered {
    let picture = if with_file { png(document) } else { None };
    let mut drawn = picture.is_some();
    let head = head(document);
    let mut page = Page {
        body: Markup::default(),
        whole: true,
        spent: head.clone(),
    };

    let (warnings, all_warnings) = warnings(&document.warnings);
    page.spent = page.spent.then(&warnings);
    page.spent.units += units(REST);
    let (mut attached, mut gap) = (Vec::new(), "\n\n");

    for block in &document.blocks {
        if !page.whole {
            break;
        }

        match block {
            Block::Attachment { name, text } if units(text) > MOST_FOLDED && !with_file => {
                page.add(
                    gap,
                    &Part::list([Markup::default().words(name).own(TOO_LONG)]),
                );
            }
            Block::Attachment { name, text } if units(text) > MOST_FOLDED => {
                attached.push((name, text));
                page.add(
                    gap,
                    &Part::list([Markup::default().words(name).own(" is in the file.")]),
                );
            }
            Block::Attachment { name, text } => {
                page.add(gap, &Part::list([Markup::default().bold(name)]));
                page.add("\n", &Part::preformatted(Around::Folded, text));
            }
            // Its picture is sent with the message.
            Block::Path { .. } if drawn => drawn = false,
            // A button below.
            Block::Link { .. } => {}
            block => page.add(gap, &part(block)),
        }

        // A heading stands close to what it heads.
        gap = if matches!(block, Block::Heading { .. }) {
            "\n"
        } else {
            "\n\n"
        };
    }

    let whole = page.whole && all_warnings;
    let file = match attached.as_slice() {
        _ if !with_file => None,
        [(name, text)] if whole => Some((file_name(name, ""), (*text).clone())),
        [] if whole => None,
        _ => Some((file_name(&document.title, ".txt"), text_of(document))),
    };

    let message = head.then(&page.body).then(&warnings);
    let tail = match (whole, with_file) {
        (true, _) => "",
        (false, true) => REST,
        (false, false) => MORE,
    };

    Rendered {
        html: message.own(tail).html,
        file,
        picture,
    }
}

/// The whole document as plain text.
pub(crate) fn text_of(document: &Document) -> String {
    text(
        document,
        Layout {
            width: 100,
            color: false,
        },
    )
}

/// A title as the name of a file: `MX of example.com` is `mx-of-example.com.txt`.
pub(crate) fn file_name(title: &str, ending: &str) -> String {
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || ".-_".contains(c) {
            c.to_ascii_lowercase()
        } else {
            ' '
        }
    };
    let words: String = title.chars().map(kept).collect();
    let name = words.split_whitespace().collect::<Vec<_>>().join("-");
    let name: String = name.trim_matches(['.', '-']).chars().take(60).collect();
    let name = if name.is_empty() {
        "reply".into()
    } else {
        name
    };
    if ending.is_empty() && !name.contains('.') {
        name + ".txt"
    } else {
        name + ending
    }
}

fn symbol(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "✅ ",
        Severity::Neutral => "ℹ️ ",
        Severity::Warning => "⚠️ ",
        Severity::Bad => "❌ ",
    }
}

fn head(document: &Document) -> Markup {
    let title = Markup::default()
        .own(symbol(document.severity))
        .bold(&clipped(&document.title, MOST_TITLE));
    if document.summary.trim().is_empty() {
        return title;
    }
    title
        .own("\n")
        .words(&clipped(&document.summary, MOST_SUMMARY))
}

/// On one line with what acts made visible, then cut: the order matters, for what is made visible is longer.
fn clipped(text: &str, most: usize) -> String {
    shortened(&printable_line(text), most)
}

/// As many as have room, and whether these are all.
fn warnings(all: &[String]) -> (Markup, bool) {
    let mut shown = Markup::default();
    for (index, warning) in all.iter().enumerate() {
        let before = if index == 0 {
            "\n\n⚠️ "
        } else {
            "\n⚠️ "
        };
        let next = Markup::default()
            .own(before)
            .words(&clipped(warning, MOST_WARNINGS / 2));
        if shown.units + next.units > MOST_WARNINGS || shown.entities + next.entities > 20 {
            return (shown, false);
        }
        shown = shown.then(&next);
    }
    let all_whole = all
        .iter()
        .all(|warning| units(&printable_line(warning)) <= MOST_WARNINGS / 2);
    (shown, all_whole)
}

/// Lines that stay together in one sort of block; a message may end between two of them.
struct Part {
    around: Around,
    lines: Vec<Markup>,
}

impl Part {
    fn list(lines: impl IntoIterator<Item = Markup>) -> Self {
        Self {
            around: Around::Nothing,
            lines: lines.into_iter().collect(),
        }
    }

    fn preformatted(around: Around, text: &str) -> Self {
        Self {
            around,
            lines: text.trim_end().lines().map(preformatted).collect(),
        }
    }
}

/// A message as it fills up.
struct Page {
    body: Markup,
    /// Nothing was left out.
    whole: bool,
    /// What else is in the message.
    spent: Markup,
}

impl Page {
    fn room(&self) -> (usize, usize) {
        let room = |most: usize, spent: usize, body: usize| most.saturating_sub(spent + body);
        (
            room(MOST_UNITS, self.spent.units, self.body.units),
            room(MOST_ENTITIES, self.spent.entities, self.body.entities),
        )
    }

    /// Adds as many lines as there is room for.
    fn add(&mut self, before: &str, part: &Part) {
        if !self.whole || part.lines.iter().all(|line| line.units == 0) {
            return;
        }

        let (open, close) = part.around.tags();
        let (most_units, most_entities) = self.room();
        let mut inner = Markup {
            entities: part.around.entities(),
            ..Markup::default()
        };
        let mut taken = 0;

        for line in &part.lines {
            let gap = if taken == 0 { "" } else { "\n" };
            let fits = units(before) + inner.units + units(gap) + line.units <= most_units
                && inner.entities + line.entities <= most_entities;
            if !fits {
                break;
            }
            inner = inner.own(gap).then(line);
            taken += 1;
        }

        self.whole = taken == part.lines.len();
        if inner.units == 0 {
            return;
        }

        let html = format!("{open}{}{close}", inner.html);
        self.body = std::mem::take(&mut self.body)
            .own(before)
            .then(&Markup { html, ..inner });
    }
}

/// A block that is shown in place.
fn part(block: &Block) -> Part {
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
            Part::list(ungrouped(rows).iter().map(|row| record(columns, row)))
        }
        Block::Code { text } | Block::Attachment { text, .. } => preformatted_text(text),
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

/// A drawing where it fits, else one station a line.
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

/// One row of a table that is too wide: what it is about, then the rest, numbers with their heads.
fn record(columns: &[Column], row: &[Cell]) -> Markup {
    let mut cells = columns
        .iter()
        .zip(row)
        .filter(|(_, cell)| !cell.text.trim().is_empty())
        .peekable();
    let mut out = Markup::default().own("• ");
    // A number alone says little: the first words stand right beside it.
    while let Some((column, first)) = cells.next() {
        out = strong(out, first);
        if !column.numeric || cells.peek().is_none() {
            break;
        }
        out = out.own(" ");
    }
    for (column, cell) in cells {
        out = out.own(" · ");
        if column.numeric || matches!(cell.text.as_str(), "yes" | "no") {
            out = out.words(column.title).own(" ");
        }
        out = value(out, cell);
    }
    out
}

fn strong(before: Markup, cell: &Cell) -> Markup {
    match cell.role {
        Role::Domain | Role::Address | Role::Exact => value(before, cell),
        _ => before.bold(&cell.text.replace('\n', ", ")),
    }
}

/// A value by what it is; several lines become a list.
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

#[cfg(test)]
mod tests;
