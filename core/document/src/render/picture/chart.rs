//! Charts of durations, and maps. Horizontal positions are in percent, so that a chart fills any width and its text stays as
//! large as it is.

mod map;
mod rows;
mod strip;

use super::svg::{Anchor::Start, Canvas, Length::Px, truncate};
use crate::{Chart, MAX_ITEMS, Severity};

/// Height of the line with the title of a chart.
const HEAD: f64 = 26.0;
/// Height of the line with the marks of an axis.
const AXIS: f64 = 22.0;

/// Longest title or label, in columns.
const MAX_LABEL: usize = 90;

/// The place of a chart.
#[derive(Clone, Copy, Default)]
pub(super) struct Room {
    /// Its width, if known: on a page, labels are clipped; in a file, they are shortened.
    pub(super) width: Option<f64>,
    /// Its height, if limited.
    pub(super) height: Option<f64>,
}

/// Draws a chart; returns its height.
pub(super) fn draw(chart: &Chart, room: Room) -> (f64, Canvas) {
    let mut canvas = Canvas::default();
    canvas.text(
        "p-quiet",
        (Px(0.0), 13.0),
        Start,
        12,
        &truncate(chart.title(), MAX_LABEL),
    );
    let height = match chart {
        Chart::Strip { bars, .. } => {
            strip::draw(&mut canvas, &bars[bars.len().saturating_sub(MAX_ITEMS)..])
        }
        Chart::Rows { rows, .. } => rows::draw(&mut canvas, rows, room),
        Chart::Map { points, .. } => map::draw(&mut canvas, points, room),
    };
    (height, canvas)
}

/// Class of an area in the color of a severity.
pub(super) fn fill(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "p-good",
        Severity::Neutral => "p-neutral",
        Severity::Warning => "p-warning",
        Severity::Bad => "p-bad",
    }
}
