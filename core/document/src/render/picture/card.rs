//! A card with the result in brief: the preview image of a link to a result.

use super::{
    Subject,
    chart::{self, Room},
    path, raster, subject,
    svg::{
        Anchor::{Middle, Start},
        Canvas,
        Length::Px,
        Theme, fitted, typical_width,
    },
};
use crate::{Block, Cell, Document, Role, Severity, render::printable_line};

/// Size of the card in SVG units; twice as many pixels, which previews expect.
const SIZE: (f64, f64) = (600.0, 315.0);
const MARGIN: f64 = 28.0;

/// Most facts that fit below the summary.
const MAX_FACTS: usize = 4;

/// Draws title, summary and chart or first facts of a document as PNG of 1,200 × 630 pixels.
pub fn card_png(document: &Document) -> Option<Vec<u8>> {
    raster::rasterize(&raster::parse(&card(document))?)
}

pub(super) fn card(document: &Document) -> String {
    let room = SIZE.0 - 2.0 * MARGIN;
    let mut canvas = Canvas::default();
    let color = chart::fill(document.severity);
    canvas.rect(color, (Px(0.0), 0.0), (Px(8.0), SIZE.1), 0);
    sign(&mut canvas, (MARGIN, 20.0));

    let title = fitted(&document.title, 23, room);
    canvas.text("p-text p-strong", (Px(MARGIN), 70.0), Start, 23, &title);
    let mut y = 100.0;
    for (index, line) in lines(&document.summary, 16, room - 24.0, 2)
        .iter()
        .enumerate()
    {
        if index == 0 && document.severity != Severity::Neutral {
            canvas.text(
                color,
                (Px(MARGIN), y),
                Start,
                17,
                document.severity.symbol(),
            );
        }
        let indent = if document.severity == Severity::Neutral {
            0.0
        } else {
            24.0
        };
        canvas.text("p-text", (Px(MARGIN + indent), y), Start, 16, line);
        y += 22.0;
    }

    details(&mut canvas, document, y + 6.0, room);
    canvas.file(SIZE, &document.title, Theme::Light)
}

/// Draws the sign and name of the service.
fn sign(canvas: &mut Canvas, (left, top): (f64, f64)) {
    let at = |x| Px(left + x);
    canvas.rect("p-sign", (at(0.0), top), (Px(20.0), 20.0), 4);
    canvas.text("p-back p-strong", (at(10.0), top + 15.0), Middle, 14, "N");
    canvas.text(
        "p-quiet p-strong",
        (at(28.0), top + 15.0),
        Start,
        14,
        "Netvane",
    );
}

/// Draws what there is room for below the summary.
fn details(canvas: &mut Canvas, document: &Document, top: f64, room: f64) {
    match subject(document) {
        Some(Subject::Chart(found)) => {
            let place = Room {
                width: Some(room),
                height: Some(SIZE.1 - top - 4.0),
            };
            let (height, drawn) = chart::draw(found, place);
            canvas.part((MARGIN, top), (room, height), drawn);
        }
        Some(Subject::Path(stations)) => path::line(canvas, stations, (MARGIN, top + 14.0), room),
        None => {
            for (index, (name, value)) in facts(document).into_iter().take(MAX_FACTS).enumerate() {
                let y = top + 22.0 + 30.0 * index as f64;
                canvas.text(
                    "p-quiet",
                    (Px(MARGIN), y),
                    Start,
                    14,
                    &fitted(&name, 14, 150.0),
                );
                let value = fitted(&value, 14, room - 170.0);
                canvas.text("p-text", (Px(MARGIN + 170.0), y), Start, 14, &value);
            }
        }
    }
}

/// Named values of the document: its fields, otherwise the rows of its first table.
fn facts(document: &Document) -> Vec<(String, String)> {
    let line = |text: &str| text.lines().collect::<Vec<_>>().join(", ");
    for block in &document.blocks {
        match block {
            Block::Fields { fields } => {
                return fields
                    .iter()
                    .map(|it| (it.name.clone(), line(&it.value.text)))
                    .collect();
            }
            Block::Table { rows, .. } => {
                // What has a color says most.
                let (first, rest): (Vec<_>, Vec<_>) =
                    rows.iter().partition(|row| row.iter().any(has_color));
                let facts = first.into_iter().chain(rest).filter_map(|row| {
                    let (first, rest) = row.split_first()?;
                    let rest: Vec<String> = rest.iter().map(|cell| line(&cell.text)).collect();
                    Some((line(&first.text), rest.join("  ")))
                });
                return facts.collect();
            }
            _ => {}
        }
    }
    Vec::new()
}

fn has_color(cell: &Cell) -> bool {
    matches!(cell.role, Role::Good | Role::Warning | Role::Bad)
}

/// Breaks a text between words into at most `most` lines that fit into a width.
fn lines(text: &str, size: u8, width: f64, most: usize) -> Vec<String> {
    let text = printable_line(text);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let is_full = lines.len() == most;
        match lines.last_mut() {
            Some(line) if typical_width(&format!("{line} {word}"), size) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ if is_full => {
                if let Some(line) = lines.last_mut() {
                    line.push_str(" …");
                }
                break;
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| fitted(line, size, width)).collect()
}
