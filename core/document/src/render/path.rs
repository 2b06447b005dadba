//! A path through several stations, drawn as text.

use unicode_width::UnicodeWidthStr;

use super::printable_line;
use crate::Station;

/// Widest line of a box, in columns. Longer names wrap.
const MAX_WIDTH: usize = 60;

/// Columns of the borders of a box, with the space inside of them.
const BORDERS: usize = 4;

/// Draws the boxes below each other, connected by arrows. They are at most `screen` columns wide.
pub(super) fn draw(stations: &[Station], screen: usize) -> String {
    let most = screen.saturating_sub(BORDERS).clamp(1, MAX_WIDTH);
    let wrap = |text: &str, width| super::wrap(&printable_line(text), width);
    let boxes: Vec<Vec<String>> = stations
        .iter()
        .map(|station| [wrap(&station.title, most), wrap(&station.name, most)].concat())
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
                wrap(&station.via, most.saturating_sub(2).max(1))
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
        insta::assert_snapshot!(draw(&stations, 200), @r"
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
