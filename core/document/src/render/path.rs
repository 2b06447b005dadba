//! A way through several stations: as text for terminals, as SVG for those who would rather look.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::printable_line;
use crate::{Block, Document, Station};

/// Longer names take several lines in text; in a picture they are cut, and the cut is shown.
const WIDEST: usize = 60;

/// One box below the other, with the way between them.
pub(super) fn drawn(stations: &[Station]) -> String {
    let boxes: Vec<Vec<String>> = stations
        .iter()
        .map(|station| [wrapped(&station.title), wrapped(&station.name)].concat())
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
                wrapped(&station.via)
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

/// Lines no wider than a box may be, broken between words where that is possible.
fn wrapped(text: &str) -> Vec<String> {
    let text = printable_line(text);
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let room = |line: &str, more: usize| line.width() + more <= WIDEST;
        if lines
            .last()
            .is_some_and(|line| !room(line, word.trim_end().width()))
        {
            lines.push(String::new());
        }
        for c in word.chars() {
            match lines.last_mut() {
                Some(line) if room(line, c.width().unwrap_or(0)) => line.push(c),
                _ => lines.push(c.to_string()),
            }
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

fn cut(text: &str) -> String {
    let text = printable_line(text);
    if text.width() > WIDEST {
        text.chars().take(WIDEST - 1).collect::<String>() + "…"
    } else {
        text.into_owned()
    }
}

/// From one station of the picture to the next, in its units.
const STEP: usize = 104;

/// The document's first path as a picture; `None` where it has none. Follows the reader's light or dark theme.
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

/// How wide the picture has to be for the longest of its words.
fn width(stations: &[Station]) -> usize {
    let titles = stations
        .iter()
        .map(|station| 30 + set(&cut(&station.title), 15));
    let names = stations
        .iter()
        .map(|station| 30 + set(&cut(&station.name), 13));
    let ways = stations
        .iter()
        .map(|station| 56 + set(&cut(&station.via), 13));

    titles
        .chain(names)
        .chain(ways)
        .map(|end| end + 30)
        .max()
        .unwrap_or(0)
        .max(560)
}

/// The way down to the station whose box begins at `top`.
fn arrow(station: &Station, top: usize) -> String {
    let (from, to) = (top - STEP + 58, top - 4);
    format!(
        "<line class=\"l\" x1=\"40\" y1=\"{from}\" x2=\"40\" y2=\"{to}\"/>\
         <path d=\"M34 {} L40 {top} L46 {}\" fill=\"#3b6ea5\"/>\
         <text class=\"v\" x=\"56\" y=\"{}\" font-size=\"13\">{}</text>",
        to - 4,
        to - 4,
        (from + to) / 2 + 5,
        escape(&cut(&station.via))
    )
}

/// The station's box with its two lines.
fn card(station: &Station, top: usize, width: usize) -> String {
    format!(
        "<rect class=\"box\" x=\"16\" y=\"{top}\" width=\"{}\" height=\"56\" rx=\"8\"/>\
         <text class=\"t\" x=\"30\" y=\"{}\" font-size=\"15\" font-weight=\"600\">{}</text>\
         <text class=\"v\" x=\"30\" y=\"{}\" font-size=\"13\">{}</text>",
        width - 32,
        top + 23,
        escape(&cut(&station.title)),
        top + 44,
        escape(&cut(&station.name))
    )
}

/// At most how wide these words are in this size: which font a reader has is not known, and what sticks out of the
/// picture is not seen.
fn set(text: &str, size: usize) -> usize {
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
                station("Exchange", "<script>\u{202e}", "SMTP, port 25"),
            ],
        });
        document
    }

    #[test]
    fn boxes_in_a_terminal() {
        let Some(Block::Path { stations }) = document().blocks.pop() else {
            panic!("a path")
        };
        insta::assert_snapshot!(drawn(&stations), @r"
        ┌──────────────────┐
        │ Sender           │
        │ a@example.com    │
        └──────────────────┘
           │
           │  SMTP, port 25
           ▼
        ┌──────────────────┐
        │ Exchange         │
        │ <script>\u{202e} │
        └──────────────────┘
        ");
    }

    #[test]
    fn a_picture_holds_nothing_live() {
        let picture = svg(&document()).expect("a picture");
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>"));
        assert!(
            !picture.contains("<script") && picture.contains("&lt;script&gt;\\u{202e}"),
            "{picture}"
        );
        assert!(picture.contains("<title>How &lt;mail&gt; travels</title>"));
        assert_eq!(svg(&Document::default()), None);
    }
}
