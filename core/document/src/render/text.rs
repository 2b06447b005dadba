//! Plain text for terminals, with or without color, for pipes, and for `Accept: text/plain`.

use comfy_table::{
    Attribute, Cell as TableCell, CellAlignment, Color, ColumnConstraint, ContentArrangement,
    Table, Width, presets,
};
use unicode_width::UnicodeWidthStr;

use super::{path, printable, printable_line};
use crate::{Block, Cell, Column, Document, Field, Mark, Role, Severity};

/// Layout options for plain text.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Width in columns; tables wrap their cells to fit.
    pub width: u16,
    /// Whether to use ANSI colors.
    pub color: bool,
}

/// Columns between two columns of a table.
const GAP: usize = 2;

/// Renders the document as text, with a final line break.
pub fn text(document: &Document, layout: Layout) -> String {
    let Document {
        title,
        summary,
        severity,
        blocks,
        warnings,
        chart: _,
    } = document;

    let head = format!(
        "{}\n{} {}",
        layout.paint(&printable_line(title), "1"),
        layout.paint(severity.symbol(), code(*severity)),
        printable_line(summary)
    );

    let mut parts = vec![(head, true)];

    for block in blocks {
        // No blank line between a heading and its block.
        parts.push((
            self::block(block, layout),
            !matches!(block, Block::Heading { .. }),
        ));
    }

    let warning = |text: &String| {
        let symbol = layout.paint(Severity::Warning.symbol(), code(Severity::Warning));
        format!("{symbol} {}", printable_line(text))
    };

    if !warnings.is_empty() {
        parts.push((
            warnings.iter().map(warning).collect::<Vec<_>>().join("\n"),
            true,
        ));
    }

    let mut out = String::new();

    for (part, spaced) in parts.iter().filter(|(part, _)| !part.is_empty()) {
        out.push_str(part.trim_end());
        out.push_str(if *spaced { "\n\n" } else { "\n" });
    }

    out.truncate(out.trim_end().len());

    out + "\n"
}

fn code(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "32",
        Severity::Neutral => "36",
        Severity::Warning => "33",
        Severity::Bad => "31",
    }
}

impl Layout {
    fn paint(self, text: &str, code: &str) -> String {
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Renders one block of a document as text.
pub fn block(block: &Block, layout: Layout) -> String {
    match block {
        Block::Heading { text } => layout.paint(&printable_line(text), "1"),
        Block::Text { text } => printable(text).into_owned(),
        Block::Code { text, marks } => indent(&marked(&printable(text), marks, layout)),
        Block::Path { stations } => indent(&path::draw(
            stations,
            usize::from(layout.width.saturating_sub(2)),
        )),
        Block::Link { label, url } => format!("{}: {}", printable_line(label), printable_line(url)),
        Block::Attachment { name, text } => {
            format!("{}:\n{}", printable_line(name), indent(&printable(text)))
        }
        Block::Fields { fields } if fields.iter().any(|field| is_wide(field, layout)) => {
            let stacked = fields.iter().map(|field| stack(field, layout));
            stacked.collect::<Vec<_>>().join("\n")
        }
        Block::Fields { fields } => {
            let rows = fields.iter().map(|field| {
                let name = format!("{}:", printable_line(&field.name));
                vec![
                    TableCell::new(name).add_attribute(Attribute::Dim),
                    cell(&field.value),
                ]
            });
            grid(rows, &[Track::default(); 2], layout)
        }
        Block::Table { columns, rows } => {
            let tracks = tracks(columns, rows);
            if width_of(&tracks) > usize::from(layout.width) {
                return records(columns, rows, layout);
            }
            let head = columns
                .iter()
                .map(|column| TableCell::new(column.title).add_attribute(Attribute::Dim))
                .collect();
            let body = rows.iter().map(|row| row.iter().map(cell).collect());
            grid(std::iter::once(head).chain(body), &tracks, layout)
        }
    }
}

/// Width of a table in columns when no cell is wrapped.
pub fn table_width(columns: &[Column], rows: &[Vec<Cell>]) -> usize {
    let line = |text: &str| {
        printable(text)
            .lines()
            .map(UnicodeWidthStr::width)
            .max()
            .unwrap_or(0)
    };
    let widths = columns.iter().enumerate().map(|(index, column)| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(index))
            .map(|cell| line(&cell.text));
        cells.chain([line(column.title)]).max().unwrap_or(0) + 2
    });
    widths.sum::<usize>().saturating_sub(2)
}

/// How a column is laid out.
#[derive(Debug, Clone, Copy, Default)]
struct Track {
    numeric: bool,
    /// Width in columns that its longest word needs; literal data may break anywhere.
    word: usize,
}

fn tracks(columns: &[Column], rows: &[Vec<Cell>]) -> Vec<Track> {
    let word = |text: &str| {
        let text = printable(text);
        text.split([' ', '\n', '\t'])
            .map(UnicodeWidthStr::width)
            .max()
            .unwrap_or(0)
    };
    let track = |(index, column): (usize, &Column)| {
        let cells = rows
            .iter()
            .filter_map(|row| row.get(index))
            .map(|cell| match cell.role {
                Role::Exact => word(&cell.text).min(24),
                _ => word(&cell.text),
            });
        Track {
            numeric: column.numeric,
            word: cells.chain([word(column.title)]).max().unwrap_or(0),
        }
    };
    columns.iter().enumerate().map(track).collect()
}

/// Width that a table needs when lines break between words.
fn width_of(tracks: &[Track]) -> usize {
    let widths = tracks.iter().map(|track| track.word + GAP);
    widths.sum::<usize>().saturating_sub(GAP)
}

/// Fills the leading cells that are empty because they repeat the row above, so that each row is
/// complete.
pub fn ungrouped(rows: &[Vec<Cell>]) -> Vec<Vec<Cell>> {
    let mut out: Vec<Vec<Cell>> = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row = row.clone();
        let empty = row
            .iter()
            .take_while(|cell| cell.text.trim().is_empty())
            .count();
        if let Some(above) = out.last().filter(|_| empty < row.len()) {
            row[..empty].clone_from_slice(&above[..empty]);
        }
        out.push(row);
    }
    out
}

/// Whether the name takes half of the width or more, which leaves no room for the value on the same
/// line.
fn is_wide(field: &Field, layout: Layout) -> bool {
    printable_line(&field.name).width() + 3 > usize::from(layout.width / 2)
}

/// Renders a value below its name.
fn stack(field: &Field, layout: Layout) -> String {
    let name =
        TableCell::new(format!("{}:", printable_line(&field.name))).add_attribute(Attribute::Dim);
    let inner = Layout {
        width: layout.width.saturating_sub(2),
        ..layout
    };
    let [name, value] = [(name, layout), (cell(&field.value), inner)]
        .map(|(cell, layout)| grid(std::iter::once(vec![cell]), &[Track::default()], layout));
    format!("{name}\n{}", indent(&value)).trim_end().to_owned()
}

/// Renders each row as a list of fields, for tables that are too wide.
fn records(columns: &[Column], rows: &[Vec<Cell>], layout: Layout) -> String {
    let record = |row: &Vec<Cell>| {
        let fields = columns
            .iter()
            .zip(row)
            .filter(|(_, cell)| !cell.text.is_empty());
        let fields = fields.map(|(column, cell)| Field {
            name: column.title.into(),
            value: cell.clone(),
        });
        block(
            &Block::Fields {
                fields: fields.collect(),
            },
            layout,
        )
    };
    ungrouped(rows)
        .iter()
        .map(record)
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn cell(cell: &Cell) -> TableCell {
    // A tab would shift the columns to the right of it.
    let styled = TableCell::new(printable(&cell.text).replace('\t', " "));
    match cell.role {
        Role::Plain | Role::Exact => styled,
        Role::Domain | Role::Address => styled.fg(Color::Cyan),
        Role::Aside => styled.add_attribute(Attribute::Dim),
        Role::Good => styled.fg(Color::Green),
        Role::Warning => styled.fg(Color::Yellow),
        Role::Bad => styled.fg(Color::Red),
    }
}

/// Colors the marked lines of a preformatted text.
fn marked(text: &str, marks: &[Mark], layout: Layout) -> String {
    let lines = text.lines().enumerate().map(|(at, line)| {
        let mark = marks.iter().find(|mark| mark.line == at);
        let code = match mark.map(|mark| mark.role) {
            Some(Role::Good) => code(Severity::Good),
            Some(Role::Warning) => code(Severity::Warning),
            Some(Role::Bad) => code(Severity::Bad),
            _ => return line.to_owned(),
        };
        layout.paint(line, code)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("  {line}")
            }
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Lays out rows in columns; numeric columns are aligned to the right.
fn grid(rows: impl Iterator<Item = Vec<TableCell>>, tracks: &[Track], layout: Layout) -> String {
    let mut table = Table::new();

    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(layout.width);

    if layout.color {
        table.enforce_styling()
    } else {
        table.force_no_tty()
    };
    rows.for_each(|row| {
        table.add_row(row);
    });

    for (index, track) in tracks.iter().enumerate() {
        if let Some(column) = table.column_mut(index) {
            let gap = if index + 1 < tracks.len() { GAP } else { 0 };
            let narrowest = u16::try_from(track.word + gap).unwrap_or(u16::MAX);
            column.set_padding((0, gap as u16));
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(narrowest)));
            if track.numeric {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
    }

    table
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests;
