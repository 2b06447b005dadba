//! A path through several stations, drawn as text for terminals and as SVG for browsers.

use unicode_width::UnicodeWidthStr;

use super::printable_line;
use crate::{Block, Document, Station};

/// Widest line of a box, in columns. Longer names wrap in text and are truncated with `…` in an
/// image.
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

fn truncate(text: &str) -> String {
    let text = printable_line(text);
    if text.width() > MAX_WIDTH {
        text.chars().take(MAX_WIDTH - 1).collect::<String>() + "…"
    } else {
        text.into_owned()
    }
}

/// Vertical distance between two stations, in SVG units.
const STEP: usize = 104;

/// Draws the first path of the document as SVG; `None` if it has none. Follows the light or dark
/// theme of the reader.
pub fn svg(document: &Document) -> Option<String> {
    let stations = document.blocks.iter().find_map(|block| match block {
        Block::Path { stations } => Some(stations),
        _ => None,
    })?;
    let (width, height) = (width(stations), 24 + stations.len() * STEP);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" font-family=\"system-ui, sans-serif\"><title>{}</title><style>\
         .box{{fill:#f4f7fb;stroke:#3b6ea5}}.t{{fill:#1c2733}}.v{{fill:#4a5a6a}}.l{{stroke:#3b6ea5;stroke-width:2}}\
         @media(prefers-color-scheme:dark){{.box{{fill:#16202b}}.t{{fill:#e6edf4}}.v{{fill:#a9b8c6}}}}</style>",
        escape(&document.title)
    );

    for (index, station) in stations.iter().enumerate() {
        let top = 16 + index * STEP;
        if index > 0 {
            out += &arrow(station, top);
        }
        out += &card(station, top, width);
    }

    Some(out + "</svg>")
}

/// Width of the image that fits the longest text.
fn width(stations: &[Station]) -> usize {
    let titles = stations
        .iter()
        .map(|station| 30 + max_text_width(&truncate(&station.title), 15));
    let names = stations
        .iter()
        .map(|station| 30 + max_text_width(&truncate(&station.name), 13));
    let labels = stations
        .iter()
        .map(|station| 56 + max_text_width(&truncate(&station.via), 13));

    titles
        .chain(names)
        .chain(labels)
        .map(|end| end + 30)
        .max()
        .unwrap_or(0)
        .max(560)
}

/// Draws the arrow down to the station whose box starts at `top`.
fn arrow(station: &Station, top: usize) -> String {
    let (from, to) = (top - STEP + 58, top - 4);
    format!(
        "<line class=\"l\" x1=\"40\" y1=\"{from}\" x2=\"40\" y2=\"{to}\"/>\
         <path d=\"M34 {} L40 {top} L46 {}\" fill=\"#3b6ea5\"/>\
         <text class=\"v\" x=\"56\" y=\"{}\" font-size=\"13\">{}</text>",
        to - 4,
        to - 4,
        (from + to) / 2 + 5,
        escape(&truncate(&station.via))
    )
}

/// Draws the box of a station with its two lines of text.
fn card(station: &Station, top: usize, width: usize) -> String {
    format!(
        "<rect class=\"box\" x=\"16\" y=\"{top}\" width=\"{}\" height=\"56\" rx=\"8\"/>\
         <text class=\"t\" x=\"30\" y=\"{}\" font-size=\"15\" font-weight=\"600\">{}</text>\
         <text class=\"v\" x=\"30\" y=\"{}\" font-size=\"13\">{}</text>",
        width - 32,
        top + 23,
        escape(&truncate(&station.title)),
        top + 44,
        escape(&truncate(&station.name))
    )
}

/// Upper bound of the width of a text at a font size. The font of the reader is unknown, and text
/// beyond the edge of the image is invisible.
fn max_text_width(text: &str, size: usize) -> usize {
    let hundredths = |c: char| match c {
        'a'..='l' | 'n'..='v' | 'x'..='z' | '0'..='9' | ' ' | ',' | '-'..='/' | ':' => 68,
        _ if c.is_ascii() => 104,
        _ => 150,
    };
    (text.chars().map(hundredths).sum::<usize>() * size).div_ceil(100)
}

fn escape(text: &str) -> String {
    printable_line(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        let station = |title: &str, name: &str, via: &str| Station {
            title: title.into(),
            name: name.into(),
            via: via.into(),
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

    #[test]
    fn svg_escapes_hostile_text() {
        let image = svg(&document()).expect("an image");
        assert!(image.starts_with("<svg ") && image.ends_with("</svg>"));
        assert!(
            !image.contains("<script") && image.contains("&lt;script&gt;\\u{202e}"),
            "{image}"
        );
        assert!(image.contains("<title>How &lt;mail&gt; travels</title>"));
        assert_eq!(svg(&Document::default()), None);
    }
}
