//! A path through several stations: boxes below each other, connected by arrows, in the color of what was checked.

use super::{
    chart::fill,
    svg::{
        Anchor::{End, Start},
        Canvas,
        Length::Px,
        fitted, max_text_width, truncate,
    },
};
use crate::{Severity, Station};

/// Widest text of a box, in columns.
const MAX_COLUMNS: usize = 60;
/// Vertical distance between two stations, in SVG units.
const STEP: f64 = 104.0;

/// Draws the stations; returns the size of the image.
pub(super) fn draw(stations: &[Station]) -> ((f64, f64), Canvas) {
    let width = width(stations) as f64;
    let mut canvas = Canvas::default();
    for (index, station) in stations.iter().enumerate() {
        let top = 16.0 + index as f64 * STEP;
        if index > 0 {
            arrow(&mut canvas, station, top);
        }
        card(&mut canvas, station, top, width);
    }
    ((width, 24.0 + stations.len() as f64 * STEP), canvas)
}

/// Width of the image that fits the longest text.
fn width(stations: &[Station]) -> usize {
    let end = |text: &str, start: usize, size: usize| {
        start + max_text_width(&truncate(text, MAX_COLUMNS), size)
    };
    // The symbol of the severity is in the corner.
    let ends = stations.iter().flat_map(|it| {
        [
            end(&it.title, 50, 15),
            end(&it.name, 30, 13),
            end(&it.via, 56, 13),
        ]
    });
    ends.map(|end| end + 30).max().unwrap_or(0).max(560)
}

/// Draws the arrow down to the station whose box starts at `top`.
fn arrow(canvas: &mut Canvas, station: &Station, top: f64) {
    let (from, to) = (top - STEP + 58.0, top - 4.0);
    let color = fill(station.severity);
    canvas.rect(color, (Px(39.0), from), (Px(2.0), to - from), 0);
    canvas.arrow_head(color, (40.0, top));
    let via = truncate(&station.via, MAX_COLUMNS);
    canvas.text(
        "p-quiet",
        (Px(56.0), f64::midpoint(from, to) + 5.0),
        Start,
        13,
        &via,
    );
}

/// Draws the box of a station with its two lines of text.
fn card(canvas: &mut Canvas, station: &Station, top: f64, width: f64) {
    let edge = match station.severity {
        Severity::Neutral => "p-box",
        Severity::Good => "p-box p-edge-good",
        Severity::Warning => "p-box p-edge-warning",
        Severity::Bad => "p-box p-edge-bad",
    };
    canvas.rect(edge, (Px(16.0), top), (Px(width - 32.0), 56.0), 8);
    let (title, name) = (
        truncate(&station.title, MAX_COLUMNS),
        truncate(&station.name, MAX_COLUMNS),
    );
    canvas.text("p-text p-strong", (Px(30.0), top + 23.0), Start, 15, &title);
    canvas.text("p-quiet", (Px(30.0), top + 44.0), Start, 13, &name);
    if station.severity != Severity::Neutral {
        let symbol = station.severity.symbol();
        canvas.text(
            fill(station.severity),
            (Px(width - 30.0), top + 25.0),
            End,
            17,
            symbol,
        );
    }
}

/// Draws the stations as dots on a line, as far as there is room, for a preview.
pub(super) fn line(canvas: &mut Canvas, stations: &[Station], (left, top): (f64, f64), room: f64) {
    let count = stations.len().clamp(1, 5);
    for (index, station) in stations.iter().take(count).enumerate() {
        let y = top + 28.0 * index as f64;
        if index > 0 {
            canvas.rect(
                fill(station.severity),
                (Px(left + 5.0), y - 22.0),
                (Px(2.0), 16.0),
                0,
            );
        }
        canvas.rect(
            fill(station.severity),
            (Px(left), y - 6.0),
            (Px(12.0), 12.0),
            6,
        );
        let mut text = Canvas::default();
        text.text(
            "p-text p-strong",
            (Px(0.0), 14.0),
            Start,
            13,
            &fitted(&station.title, 13, 220.0),
        );
        text.text(
            "p-quiet",
            (Px(230.0), 14.0),
            Start,
            13,
            &fitted(&station.name, 13, room - 254.0),
        );
        canvas.part((left + 24.0, y - 10.0), (room - 24.0, 20.0), text);
    }
}
