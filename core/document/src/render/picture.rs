//! Images of documents: one SVG writer for pages and chats. Chats get the image as PNG.

mod card;
mod chart;
mod path;
mod raster;
mod svg;

#[cfg(test)]
mod tests;

pub use card::card_png;
#[cfg(test)]
pub(super) use raster::tree;
pub use raster::{png, png_of_svg};

use self::{
    chart::Room,
    svg::{Canvas, Theme},
};
use crate::{Block, Chart, Document, Station};

/// Width of the image of a chart for chats, in SVG units: text stays readable on a phone.
const WIDTH: f64 = 520.0;

/// Longest description of an image in characters: at most 1,024 UTF-16 units, the limit of Discord.
const MAX_ALT: usize = 500;

/// What an image of a document shows.
enum Subject<'a> {
    Path(&'a [Station]),
    Chart(&'a Chart),
}

/// The subject of the document's image: its first path, or its chart.
fn subject(document: &Document) -> Option<Subject<'_>> {
    let path = document.blocks.iter().find_map(|block| match block {
        Block::Path { stations } => Some(Subject::Path(stations)),
        _ => None,
    });
    path.or_else(|| document.chart.as_ref().map(Subject::Chart))
}

/// Draws the first path of the document, or its chart, as an SVG file; `None` if it has neither. Follows the light or
/// dark theme of the reader.
pub fn svg(document: &Document) -> Option<String> {
    let (size, canvas) = match subject(document)? {
        Subject::Path(stations) => path::draw(stations),
        Subject::Chart(chart) => {
            let room = Room {
                width: Some(WIDTH - 40.0),
                height: None,
            };
            let (height, canvas) = chart::draw(chart, room);
            let mut framed = Canvas::default();
            framed.part((20.0, 16.0), (WIDTH - 40.0, height), canvas);
            ((WIDTH, height + 32.0), framed)
        }
    };
    Some(canvas.file(size, &document.title, Theme::OfReader))
}

/// Draws a chart as an SVG element for a page, as wide as its place. Colors come from the style sheet of the page.
pub fn chart_svg(chart: &Chart) -> String {
    let (height, canvas) = chart::draw(chart, Room::default());
    canvas.element(height, &chart_alt(chart))
}

/// Describes the image of a document in words, for those who do not see it; `None` if it has no image.
pub fn alt(document: &Document) -> Option<String> {
    Some(match subject(document)? {
        Subject::Path(stations) => {
            let names = stations
                .iter()
                .map(|it| format!("{}: {}", it.title, it.name));
            bounded(&names.collect::<Vec<_>>().join(" → "))
        }
        Subject::Chart(chart) => chart_alt(chart),
    })
}

fn chart_alt(chart: &Chart) -> String {
    let items: Vec<String> = match chart {
        Chart::Strip { bars, .. } => bars
            .iter()
            .map(|bar| match bar.drawable_time() {
                Some(time) => crate::milliseconds(time),
                None => "lost".to_owned(),
            })
            .collect(),
        Chart::Map { points, .. } => points.iter().map(|point| point.label.clone()).collect(),
        Chart::Rows { rows, .. } => rows
            .iter()
            .map(|row| {
                let words = [&row.number, &row.label, &row.value];
                let words = words.into_iter().filter(|word| !word.is_empty());
                words.cloned().collect::<Vec<_>>().join(" ")
            })
            .collect(),
    };
    bounded(&format!("{}: {}", chart.title(), items.join(", ")))
}

/// The text on one safe line of at most [`MAX_ALT`] characters.
fn bounded(text: &str) -> String {
    let start: String = text.chars().take(MAX_ALT).collect();
    let safe = super::printable_line(&start);
    if text.chars().count() <= MAX_ALT && safe.chars().count() <= MAX_ALT {
        return safe.into_owned();
    }
    safe.chars().take(MAX_ALT - 1).collect::<String>() + "…"
}
