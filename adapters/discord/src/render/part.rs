//! Rendering of a block of a document as a part of an embed's description.

use netvane_core::document::{
    Block, Cell, Column, Role,
    render::{self, Layout},
};

use super::files::file_name;
use crate::escape::{block_lines, code, length, line, prose};

/// Characters per line that a phone shows in a code block without wrapping.
const PHONE: usize = 40;

/// A part of the description: lines of text or of a code block.
pub(super) struct Part {
    pub(super) lines: Vec<String>,
    fenced: bool,
    /// The part is a heading: no blank line separates it from the next part.
    pub(super) heads: bool,
}

impl Part {
    fn plain(lines: Vec<String>) -> Self {
        Self {
            lines,
            fenced: false,
            heads: false,
        }
    }

    fn fenced(text: &str) -> Self {
        let lines = block_lines(text);
        let empty = lines.iter().all(|line| line.trim().is_empty());
        Self {
            lines: if empty { Vec::new() } else { lines },
            fenced: true,
            heads: false,
        }
    }

    /// Returns the part as markup.
    pub(super) fn text(&self) -> String {
        let inside = self.lines.join("\n");
        if self.fenced {
            format!("```\n{inside}\n```")
        } else {
            inside
        }
    }

    /// Returns the first lines of the part that fit into `room`, or `None` if not even one fits.
    pub(super) fn start(mut self, room: usize) -> Option<Self> {
        let frame = if self.fenced { length("```\n\n```") } else { 0 };
        let mut left = room.checked_sub(frame)?;
        let fits = self
            .lines
            .iter()
            .take_while(|line| match left.checked_sub(length(line) + 1) {
                Some(rest) => {
                    left = rest;
                    true
                }
                None => false,
            });
        let count = fits.count();
        let cut = self
            .lines
            .get(count)
            .filter(|_| self.fenced && left > 100)
            .map(|line| within(line, left));
        self.lines.truncate(count);
        self.lines.extend(cut);
        (!self.lines.is_empty()).then_some(self)
    }
}

/// Truncates a line of a code block, where no markup or escape can be broken.
fn within(line: &str, most: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.len_utf16();
        used < most
    };
    line.chars().take_while(fits).collect::<String>() + "…"
}

/// Renders a block. Links yield an empty part, because they are shown as buttons.
pub(super) fn part(block: &Block) -> Part {
    match block {
        Block::Heading { text } => {
            let text = line(text.trim());
            let lines = if text.is_empty() {
                Vec::new()
            } else {
                vec![format!("**{text}**")]
            };
            Part {
                heads: true,
                ..Part::plain(lines)
            }
        }
        Block::Text { text } => Part::plain(text.lines().map(prose).collect()),
        Block::Fields { fields } => Part::plain(
            fields
                .iter()
                .map(|field| format!("{} {}", bold(&line(field.name.trim())), cell(&field.value)))
                .collect(),
        ),
        Block::Table { columns, rows } if render::table_width(columns, rows) <= PHONE => {
            Part::fenced(&render::block_text(
                block,
                Layout {
                    width: PHONE as u16,
                    color: false,
                },
            ))
        }
        Block::Table { columns, rows } => {
            let rows = render::ungrouped(rows);
            let listed = rows.iter().map(|row| listed(columns, row));
            Part::plain(heads(columns).into_iter().chain(listed).collect())
        }
        Block::Code { text, .. } => Part::fenced(text),
        Block::Path { .. } => Part::fenced(&render::block_text(
            block,
            Layout {
                width: 100,
                color: false,
            },
        )),
        // Shown as a button below the message.
        Block::Link { .. } => Part::plain(Vec::new()),
        Block::Attachment { name, .. } => {
            Part::plain(vec![format!("📎 {}", code(&file_name(name)))])
        }
    }
}

/// Returns the titles of a wide table, in the order of the cells in its rows; `None` if it has none.
fn heads(columns: &[Column]) -> Option<String> {
    let has_titles = columns.iter().any(|column| !column.title.is_empty());
    let titles = columns.iter().map(|column| match column.title {
        "" => "–".to_owned(),
        title => line(title),
    });
    let (first, rest) = (titles.clone().next()?, titles.skip(1));
    let rest: Vec<String> = rest.collect();
    let all = if rest.is_empty() {
        first
    } else {
        format!("{first} — {}", rest.join(" · "))
    };
    has_titles.then_some(all)
}

/// Renders a row of a wide table: `- **first** — second · third`. Empty cells at the end are left out.
fn listed(columns: &[Column], row: &[Cell]) -> String {
    let is_empty = |value: &Cell| value.text.trim().is_empty();
    let end = row.iter().rposition(|value| !is_empty(value)).unwrap_or(0);
    // A number is meaningless without the title of its column.
    let named = |(column, value): (&Column, &Cell)| {
        if is_empty(value) {
            "–".to_owned()
        } else if column.numeric {
            format!("{} {}", line(column.title), cell(value))
        } else {
            cell(value)
        }
    };
    let mut cells = columns.iter().zip(row).take(end + 1);
    let first = cells
        .next()
        .map(|first| bold(&named(first)))
        .unwrap_or_default();
    let rest: Vec<String> = cells.map(named).collect();
    if rest.is_empty() {
        format!("- {first}")
    } else {
        format!("- {first} — {}", rest.join(" · "))
    }
}

fn bold(text: &str) -> String {
    if text.is_empty() {
        "**—**".to_owned()
    } else {
        format!("**{text}**")
    }
}

fn cell(cell: &Cell) -> String {
    let words = || {
        let lines: Vec<String> = cell
            .text
            .lines()
            .map(|text| line(text.trim()))
            .filter(|text| !text.is_empty())
            .collect();
        if lines.is_empty() {
            "—".to_owned()
        } else {
            lines.join(", ")
        }
    };
    match cell.role {
        Role::Domain | Role::Address | Role::Exact => code(&cell.text),
        Role::Plain | Role::Aside => words(),
        Role::Good => format!("✅ {}", words()),
        Role::Warning => format!("⚠️ {}", words()),
        Role::Bad => format!("❌ {}", words()),
    }
}
