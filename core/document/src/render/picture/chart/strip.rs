//! Measurements as bars beside each other.

use super::{AXIS, HEAD};
use crate::{
    Bar, milliseconds,
    render::picture::svg::{
        Anchor::{End, Middle},
        Canvas,
        Length::{Percent, Px},
        truncate,
    },
};

/// Height of the longest bar.
const BARS: f64 = 72.0;
/// Widest bar, in percent of the width.
const MAX_BAR: f64 = 9.0;
/// Most bars that have their value above them.
const MAX_VALUES: usize = 8;

/// Draws bars beside each other; a lost one is a cross.
pub(super) fn draw(canvas: &mut Canvas, bars: &[Bar]) -> f64 {
    let longest = bars
        .iter()
        .filter_map(Bar::drawable_time)
        .fold(0.0, f64::max);
    let end = if longest > 0.0 { longest } else { 1.0 };
    let step = 100.0 / bars.len().max(1) as f64;
    let width = (step * 0.7).min(MAX_BAR);
    let base = HEAD + 14.0 + BARS;
    let shows_values = bars.len() <= MAX_VALUES;

    if !shows_values && longest > 0.0 {
        let most = format!("max {}", milliseconds(longest));
        canvas.text("p-quiet p-mono", (Percent(100.0), 13.0), End, 12, &most);
    }
    canvas.rect("p-grid", (Px(0.0), base), (Percent(100.0), 1.0), 0);

    for (index, bar) in bars.iter().enumerate() {
        let left = step * index as f64;
        let middle = Percent(left + step / 2.0);
        match bar.drawable_time() {
            Some(time) => {
                let height = (BARS * time / end).max(2.0);
                let (at, size) = (
                    (Percent(left + (step - width) / 2.0), base - height),
                    (Percent(width), height),
                );
                canvas.rect("p-neutral", at, size, 2);
                if shows_values {
                    let value = milliseconds(time);
                    canvas.text(
                        "p-text p-mono",
                        (middle, base - height - 5.0),
                        Middle,
                        12,
                        &value,
                    );
                }
            }
            None => canvas.text("p-bad", (middle, base - 6.0), Middle, 15, "✗"),
        }
        if bars.len() <= 20 {
            canvas.text(
                "p-quiet p-mono",
                (middle, base + 16.0),
                Middle,
                11,
                &truncate(&bar.label, 5),
            );
        }
    }
    base + AXIS
}
