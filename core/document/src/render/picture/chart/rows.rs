//! Spans of time in rows below each other, on a common axis.

use super::{AXIS, HEAD, MAX_LABEL, Room, fill};
use crate::{
    ChartRow, ChartSpan, MAX_ITEMS, Phase, Severity, SpanStyle,
    render::picture::svg::{
        Anchor::{End, Middle, Start},
        Canvas,
        Length::{Percent, Px},
        fitted, truncate,
    },
};

/// Height of a row.
const ROW: f64 = 26.0;
/// Height of the line that explains the colors of phases.
const LEGEND: f64 = 24.0;

/// Parts of a row in percent of the width.
struct Columns {
    /// Width of the label.
    label: f64,
    /// Where the value ends.
    value: f64,
    /// Where the spans start; they fill the rest.
    spans: f64,
}

const WIDE: Columns = Columns {
    label: 43.0,
    value: 57.0,
    spans: 60.0,
};
const NARROW: Columns = Columns {
    label: 26.0,
    value: 38.0,
    spans: 41.0,
};
/// Longest labels that fit into the narrow column on a phone, in characters.
const MAX_NARROW: usize = 11;

impl Columns {
    /// The columns for the labels of these rows.
    fn of(rows: &[ChartRow]) -> &'static Self {
        let fits = |row: &ChartRow| {
            is_heading(row) || row.number.is_empty() && row.label.chars().count() <= MAX_NARROW
        };
        if rows.iter().all(fits) {
            &NARROW
        } else {
            &WIDE
        }
    }

    /// Start and width of the spans.
    fn axis(&self) -> (f64, f64) {
        (self.spans, 100.0 - self.spans)
    }
}

/// A row without spans and value is a heading, which may be as wide as the chart.
fn is_heading(row: &ChartRow) -> bool {
    row.spans.is_empty() && row.value.is_empty()
}

/// Draws rows below each other, with an axis below them.
pub(super) fn draw(canvas: &mut Canvas, rows: &[ChartRow], room: Room) -> f64 {
    let has_legend = rows.iter().any(has_several_phases);
    let around = HEAD + AXIS + if has_legend { LEGEND } else { 0.0 };
    let fit = |height: f64| ((height - around) / ROW).max(1.0) as usize;
    let most = room.height.map_or(MAX_ITEMS, fit).min(MAX_ITEMS);
    let shown = &rows[..rows.len().min(most)];
    let spans = || {
        shown
            .iter()
            .flat_map(|row| &row.spans)
            .filter(|span| span.is_drawable())
    };
    let (end, step) = axis(spans().map(|span| span.to).fold(0.0, f64::max));
    let bottom = HEAD + ROW * shown.len() as f64;
    let columns = Columns::of(shown);

    // Where nothing replied, there is nothing to measure.
    if spans().next().is_some() {
        let mut grid = Canvas::default();
        marks(&mut grid, end, step, bottom - HEAD + 4.0);
        let (start, width) = columns.axis();
        canvas.clipped(
            (Percent(start), HEAD),
            (Percent(width), bottom - HEAD + AXIS),
            grid,
        );
    }
    for (index, row) in shown.iter().enumerate() {
        let place = RowPlace {
            columns,
            top: HEAD + ROW * index as f64,
            end,
            width: room.width,
        };
        draw_row(canvas, row, &place);
    }

    let mut height = bottom + AXIS;
    let hidden = rows.len() - shown.len();
    if hidden > 0 {
        canvas.text(
            "p-quiet",
            (Px(0.0), bottom + 15.0),
            Start,
            12,
            &format!("and {hidden} more"),
        );
    }
    if has_legend {
        legend(canvas, height + 4.0);
        height += LEGEND;
    }
    height
}

/// End and step of an axis from 0 that holds `longest`: the step is 1, 2 or 5 times a power of ten.
fn axis(longest: f64) -> (f64, f64) {
    let longest = longest.max(0.001);
    let rough = longest / 3.0;
    let power = 10f64.powf(rough.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let step = power
        * factors
            .into_iter()
            .find(|factor| factor * power >= rough)
            .unwrap_or(10.0);
    (step * (longest / step).ceil(), step)
}

/// Draws the lines of the grid, and below each its time.
fn marks(canvas: &mut Canvas, end: f64, step: f64, height: f64) {
    let count = (end / step).round() as usize;
    let decimals = (-step.log10().floor()).clamp(0.0, 3.0) as usize;
    for index in 0..=count {
        let at = 100.0 * index as f64 / count.max(1) as f64;
        let anchor = match index {
            0 => Start,
            _ if index == count => End,
            _ => Middle,
        };
        // The last line would be outside.
        let line = if index == count { 99.7 } else { at };
        canvas.rect("p-grid", (Percent(line), 0.0), (Px(1.0), height), 0);
        let time = format!("{:.decimals$}", step * index as f64);
        canvas.text(
            "p-quiet p-mono",
            (Percent(at), height + 12.0),
            anchor,
            11,
            &time,
        );
    }
}

/// Where a row is drawn.
struct RowPlace {
    columns: &'static Columns,
    top: f64,
    /// End of the time axis.
    end: f64,
    /// Width of the chart, if known.
    width: Option<f64>,
}

fn draw_row(canvas: &mut Canvas, row: &ChartRow, place: &RowPlace) {
    let RowPlace {
        columns, top, end, ..
    } = *place;
    let width = if is_heading(row) {
        100.0
    } else {
        columns.label
    };
    let indent = if row.number.is_empty() { 0.0 } else { 28.0 };
    let text = match place.width {
        Some(all) => fitted(&row.label, 12, all * width / 100.0 - indent),
        None => truncate(&row.label, MAX_LABEL),
    };

    let mut label = Canvas::default();
    label.text(
        "p-quiet p-mono",
        (Px(20.0), 17.0),
        End,
        12,
        &truncate(&row.number, 3),
    );
    label.text("p-text p-mono", (Px(indent), 17.0), Start, 12, &text);
    canvas.clipped((Px(0.0), top), (Percent(width), ROW), label);

    let mut spans = Canvas::default();
    for span in row.spans.iter().filter(|span| span.is_drawable()) {
        draw_span(&mut spans, span, end);
    }
    let (start, width) = columns.axis();
    canvas.clipped((Percent(start), top), (Percent(width), ROW), spans);

    let color = match row.severity {
        Severity::Good | Severity::Neutral => "p-text",
        Severity::Warning => "p-warning",
        Severity::Bad => "p-bad",
    };
    let value = truncate(&row.value, 9);
    canvas.text(
        &format!("{color} p-mono"),
        (Percent(columns.value), top + 17.0),
        End,
        12,
        &value,
    );
}

fn draw_span(canvas: &mut Canvas, span: &ChartSpan, end: f64) {
    let percent = |time: f64| 100.0 * time / end;
    let (from, width) = (percent(span.from), percent(span.to - span.from));
    let (class, top, height, round) = match span.style {
        SpanStyle::Bar(severity) => (fill(severity), 8.0, 10.0, 2),
        SpanStyle::Range => ("p-range", 12.0, 2.0, 0),
        SpanStyle::Phase(phase) => (color(phase), 7.0, 12.0, 1),
    };
    // Short times stay visible.
    canvas.rect(
        class,
        (Percent(from.min(99.4)), top),
        (Percent(width.max(0.6)), height),
        round,
    );
}

fn color(phase: Phase) -> &'static str {
    match phase {
        Phase::Dns => "p-dns",
        Phase::Connect => "p-connect",
        Phase::Tls => "p-tls",
        Phase::Wait => "p-wait",
        Phase::Body => "p-body",
    }
}

/// Whether a row shows several phases, of which it names none.
fn has_several_phases(row: &ChartRow) -> bool {
    let is_phase = |span: &&ChartSpan| matches!(span.style, SpanStyle::Phase(_));
    row.spans.iter().filter(is_phase).count() > 1
}

/// Draws the color and name of each phase.
fn legend(canvas: &mut Canvas, top: f64) {
    let width = 100.0 / Phase::ALL.len() as f64;
    for (index, phase) in Phase::ALL.into_iter().enumerate() {
        let mut entry = Canvas::default();
        entry.rect(color(phase), (Px(0.0), 4.0), (Px(9.0), 9.0), 1);
        entry.text("p-quiet", (Px(13.0), 13.0), Start, 11, phase.name());
        let at = (Percent(width * index as f64), top);
        canvas.clipped(at, (Percent(width), 18.0), entry);
    }
}
