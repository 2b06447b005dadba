//! A path through several stations, drawn as text.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::printable_line;
use crate::Station;

/// Widest line of a box, in columns. Longer names wrap.
const MAX_WIDTH: usize = 60;

/// Draws the boxes below each other, connected by arrows.
pub(super) fn draw(stations: &[Station]) -> String {
    let boxes: Vec<Vec<String>> = stations
        .iter()
        .map(|station| [wrap(&station.title), wrap(&station.name)].concat())
        .collect();
    let width = boxes
        .iter()
        .flatten()
        .map(|line| line.width())
        .max()
        .unwrap_or(0);

    let rule = "─".repeat(width + 2);
    let mut out = Vec::new();

    for (station, lines) in stations.iter().zip(&boxes) {
        if !station.via.is_empty() {
            out.push("   │".to_owned());
            out.extend(
                wrap(&station.via)
                    .iter()
                    .map(|line| format!("   │  {line}")),
            );
            out.push("   ▼".to_owned());
        }
        out.push(format!("┌{rule}┐"));
        for line in lines {
            out.push(format!("│ {line}{} │", " ".repeat(width - line.width())));
        }
        out.push(format!("└{rule}┘"));
    }

    out.join("\n")
}

/// Breaks text into lines of at most [`MAX_WIDTH`] columns, between words where possible.
fn wrap(text: &str) -> Vec<String> {
    let text = printable_line(text);
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let fits = |line: &str, more: usize| line.width() + more <= MAX_WIDTH;
        if lines
            .last()
            .is_some_and(|line| !fits(line, word.trim_end().width()))
        {
            lines.push(String::new());
        }
        for c in word.chars() {
            match lines.last_mut() {
                Some(line) if fits(line, c.width().unwrap_or(0)) => line.push(c),
                _ => lines.push(c.to_string()),
            }
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Document};

    fn document() -> Document {
        let station = |title: &str, name: &str, via: &str| Station {
            title: title.into(),
            name: name.into(),
            via: via.into(),
            ..Station::default()
        };
        let mut document = Document::new("How <mail> travels", "", Default::default());
        document.block(Block::Path {
            stations: vec![
                station("Sender", "a@example.com", ""),
                station("Mail server", "<script>\u{202e}", "SMTP, port 25"),
            ],
        });
        document
    }

    #[test]
    fn draws_boxes_with_arrows_as_text() {
        let Some(Block::Path { stations }) = document().blocks.pop() else {
            panic!("a path")
        };
        insta::assert_snapshot!(draw(&stations), @r"
        ┌──────────────────┐
        │ Sender           │
        │ a@example.com    │
        └──────────────────┘
           │
           │  SMTP, port 25
           ▼
        ┌──────────────────┐
        │ Mail server      │
        │ <script>\u{202e} │
        └──────────────────┘
        ");
    }
}
