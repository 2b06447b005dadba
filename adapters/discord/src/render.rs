//! A document as an embed. What does not fit is attached, and the embed says so.

use netvane_chat::Page;
use netvane_core::document::{
    Block, Cell, Column, Document, Role, Severity,
    render::{self, Layout},
};
use serde_json::{Value, json};

use crate::{
    body::BUTTONS,
    escape::{block_lines, code, length, line, line_within},
    rest::File,
};

/// Discord's limits.
const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;
const FILES: usize = 10;

/// All files of a message together stay below Discord's 10 MiB.
const FILE_BYTES: usize = 9 << 20;

/// Columns that a phone shows without breaking lines.
const PHONE: usize = 40;

/// The summary and each warning, so that none of them crowds out the rest.
const SUMMARY: usize = 1200;
const WARNING: usize = 300;
const WARNINGS: usize = 5;

/// What was drawn.
pub(crate) struct Drawn {
    pub embed: Value,
    pub files: Vec<File>,
}

/// One part of the description: lines, inside a block of code or not.
struct Part {
    lines: Vec<String>,
    fenced: bool,
    /// Stands close to what follows.
    heads: bool,
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

    fn text(&self) -> String {
        let inside = self.lines.join("\n");
        if self.fenced {
            format!("```\n{inside}\n```")
        } else {
            inside
        }
    }

    /// Its first lines, as many as fit.
    fn start(mut self, room: usize) -> Option<Self> {
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

/// The start of a line of code, where a cut breaks nothing.
fn within(line: &str, most: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.len_utf16();
        used < most
    };
    line.chars().take_while(fits).collect::<String>() + "…"
}

/// The page's document as one embed, with the files that belong to it.
pub(crate) fn draw(page: &Page<'_>) -> Drawn {
    let document = page.document;
    let (symbol, color) = if page.working {
        ("⏳", 0x95_a5_a6)
    } else {
        look(document.severity)
    };

    let room = TITLE - length(symbol) - 1;
    let title = format!("{symbol} {}", line_within(&document.title, room));
    let mut embed = json!({ "title": title, "color": color });
    let mut files = Vec::new();

    if let Some(bytes) = if page.working {
        None
    } else {
        render::png(document)
    } {
        embed["image"] = json!({ "url": format!("attachment://{PICTURE}") });
        files.push(File {
            name: PICTURE.to_owned(),
            bytes,
        });
    }

    let pictured = !files.is_empty();
    let attached = if page.working {
        Vec::new()
    } else {
        attachments(document)
    };

    let all = length(&line(&document.title)) <= room
        && page.links().count() <= BUTTONS
        && fit(&files, &attached);
    let words = if page.working { MORE } else { ATTACHED };
    let (mut description, complete) = described(document, words, pictured, all);

    if !complete && !page.working {
        // It holds what is in the other files, too; so it goes before them.
        let text = render::text(
            document,
            Layout {
                width: 100,
                color: false,
            },
        );

        let rest = File {
            name: REST.to_owned(),
            bytes: text.into_bytes(),
        };

        if fit(&files, std::slice::from_ref(&rest)) {
            files.push(rest);
        } else {
            description = described(document, TOO_LARGE, pictured, all).0;
        }
    }

    for file in attached {
        if fit(&files, std::slice::from_ref(&file)) {
            files.push(file);
        }
    }

    let description = if description.trim().is_empty() {
        "—".to_owned()
    } else {
        description
    };

    embed["description"] = description.into();

    Drawn { embed, files }
}

/// Whether these have room beside what is there.
fn fit(there: &[File], more: &[File]) -> bool {
    let all = || there.iter().chain(more);
    all().count() <= FILES && all().map(|file| file.bytes.len()).sum::<usize>() <= FILE_BYTES
}

/// A path, drawn.
const PICTURE: &str = "path.png";

/// Holds what has no room in the embed.
const REST: &str = "answer.txt";

/// Said where something is left out: as long as the work goes on, after that, and where no file takes it.
const MORE: &str = "…";
const ATTACHED: &str = "… the whole answer is in `answer.txt`";
const TOO_LARGE: &str = "… the whole answer is too large to be sent here";

fn look(severity: Severity) -> (&'static str, u32) {
    match severity {
        Severity::Good => ("✅", 0x2e_cc_71),
        Severity::Neutral => ("ℹ️", 0x34_98_db),
        Severity::Warning => ("⚠️", 0xf1_c4_0f),
        Severity::Bad => ("❌", 0xe7_4c_3c),
    }
}

/// The description, and whether everything is in it, or was not to begin with. A path that has a picture is not drawn
/// once more.
fn described(document: &Document, more: &str, pictured: bool, all: bool) -> (String, bool) {
    let warnings = document.warnings.iter().take(WARNINGS);
    let tail: String = warnings
        .map(|warning| format!("\n⚠️ {}", line_within(warning, WARNING)))
        .collect();
    let mut complete = all
        && document.warnings.len() <= WARNINGS
        && document
            .warnings
            .iter()
            .all(|warning| length(&line(warning)) <= WARNING)
        && length(&line(&document.summary)) <= SUMMARY;

    let mut out = line_within(&document.summary, SUMMARY);
    let most = DESCRIPTION - length(&tail) - length(more) - 4;
    let mut close = false;

    // One picture shows one path: the first.
    let is_path = |block: &Block| matches!(block, Block::Path { .. });
    let drawn = document
        .blocks
        .iter()
        .position(is_path)
        .filter(|_| pictured);

    let blocks = document
        .blocks
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != drawn);

    for part in blocks
        .map(|(_, block)| part(block))
        .filter(|part| !part.lines.is_empty())
    {
        let gap = match (out.is_empty(), close) {
            (true, _) => "",
            (_, true) => "\n",
            _ => "\n\n",
        };

        let room = most.saturating_sub(length(&out) + gap.len());
        close = part.heads;
        let text = part.text();

        if length(&text) <= room {
            out += gap;
            out += &text;
            continue;
        }

        complete = false;
        if let Some(start) = part.start(room) {
            out += gap;
            out += &start.text();
        }

        break;
    }

    if !complete {
        out = out + "\n" + more;
    }

    if !tail.is_empty() {
        out = out + "\n" + &tail;
    }

    (out.trim().to_owned(), complete)
}

fn part(block: &Block) -> Part {
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
        Block::Text { text } => Part::plain(text.lines().map(line).collect()),
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
        Block::Table { columns, rows } => Part::plain(
            render::ungrouped(rows)
                .iter()
                .map(|row| listed(columns, row))
                .collect(),
        ),
        Block::Code { text } => Part::fenced(text),
        Block::Path { .. } => Part::fenced(&render::block_text(
            block,
            Layout {
                width: 100,
                color: false,
            },
        )),
        // A button below.
        Block::Link { .. } => Part::plain(Vec::new()),
        Block::Attachment { name, .. } => {
            Part::plain(vec![format!("📎 {}", code(&file_name(name)))])
        }
    }
}

/// A row of a wide table: `- **first** — second · third`.
fn listed(columns: &[Column], row: &[Cell]) -> String {
    // A number says nothing without its name.
    let named = |(column, value): (&Column, &Cell)| {
        if column.numeric {
            format!("{} {}", line(column.title), cell(value))
        } else {
            cell(value)
        }
    };
    let mut cells = columns
        .iter()
        .zip(row)
        .filter(|(_, value)| !value.text.trim().is_empty());
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

fn attachments(document: &Document) -> Vec<File> {
    let files = document.blocks.iter().filter_map(|block| match block {
        Block::Attachment { name, text } => Some(File {
            name: file_name(name),
            bytes: text.clone().into_bytes(),
        }),
        _ => None,
    });
    files.collect()
}

/// Discord changes other names, and the embed would then name a file that is not there.
fn file_name(name: &str) -> String {
    let kept = name
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let name: String = kept.take(64).collect();
    let name = name.trim_matches('.');
    if name.is_empty() {
        "file.txt".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests;
