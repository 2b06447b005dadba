//! A canvas of SVG elements. Text is escaped here; everything else that is written is a number or a constant.

use std::fmt::{Display, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::render::printable_line;

/// Colors of an image file, as CSS of its classes. A page has the same classes in its style sheet. Parts of a file are
/// not clipped, which takes most of the time to draw it; their text is shortened instead.
const LIGHT: &str = "svg svg{overflow:visible}.p-back{fill:#fff}.p-sign{fill:#0b5cad}.p-text{fill:#14202e}.p-quiet{fill:#4d5a69}.p-grid{fill:#d3dce6}\
    .p-box{fill:#f2f6fb;stroke:#0b5cad}.p-neutral{fill:#0b5cad}.p-good{fill:#0a672c}.p-warning{fill:#9a5d00}\
    .p-bad{fill:#ab1f18}.p-edge-good{stroke:#0a672c}.p-edge-warning{stroke:#9a5d00}.p-edge-bad{stroke:#ab1f18}\
    .p-range{fill:#14202e}.p-dns{fill:#6a4fb3}.p-connect{fill:#0b7285}.p-tls{fill:#9a5d00}.p-wait{fill:#0b5cad}\
    .p-body{fill:#0a672c}.p-mono{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace}.p-strong{font-weight:600}";

/// What differs in the dark theme.
const DARK: &str = "@media(prefers-color-scheme:dark){.p-back{fill:#0e141b}.p-text{fill:#e5ebf2}.p-quiet{fill:#a3b0be}\
    .p-grid{fill:#2f3b48}.p-box{fill:#17202a;stroke:#84bdf8}.p-neutral{fill:#84bdf8}.p-good{fill:#67d690}\
    .p-warning{fill:#f2ba5b}.p-bad{fill:#ff968c}.p-edge-good{stroke:#67d690}.p-edge-warning{stroke:#f2ba5b}\
    .p-edge-bad{stroke:#ff968c}.p-range{fill:#e5ebf2}.p-dns{fill:#b9a3f5}.p-connect{fill:#5fc9dd}.p-tls{fill:#f2ba5b}\
    .p-wait{fill:#84bdf8}.p-body{fill:#67d690}}";

/// Theme of an image file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Theme {
    /// The light or dark theme that the reader's system prefers.
    OfReader,
    /// Light colors, for images that are pixels.
    Light,
}

/// A horizontal position or length.
#[derive(Clone, Copy)]
pub(super) enum Length {
    /// SVG units, which are pixels on a page.
    Px(f64),
    /// Percent of the width of the part of the image.
    Percent(f64),
}

impl Display for Length {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Px(value) => write!(out, "{}", short(*value)),
            Self::Percent(value) => write!(out, "{}%", short(*value)),
        }
    }
}

/// Rounds to hundredths, which are invisible, to keep the file small.
fn short(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Which point of a text is at its position.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// SVG elements, drawn in order.
#[derive(Default)]
pub(super) struct Canvas(String);

impl Canvas {
    /// Draws a rectangle with round corners.
    pub(super) fn rect(&mut self, class: &str, at: (Length, f64), size: (Length, f64), round: u8) {
        let ((x, y), (width, height)) = (at, size);
        let (y, height) = (short(y), short(height));
        let _ = write!(
            self.0,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>"
        );
    }

    /// Draws a triangle that points down to this point.
    pub(super) fn arrow_head(&mut self, class: &str, (x, y): (f64, f64)) {
        let (left, right, top) = (x - 6.0, x + 6.0, y - 8.0);
        let _ = write!(
            self.0,
            "<path class=\"{class}\" d=\"M{left} {top} L{x} {y} L{right} {top}\"/>"
        );
    }

    /// Writes a line of text; `size` is the font size.
    pub(super) fn text(
        &mut self,
        class: &str,
        at: (Length, f64),
        anchor: Anchor,
        size: u8,
        text: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (x, y, text) = (at.0, short(at.1), escape(text));
        let _ = write!(
            self.0,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{anchor}>{text}</text>"
        );
    }

    /// Adds a part of the image with its own coordinates, which nothing in it leaves on a page.
    pub(super) fn part(&mut self, at: (f64, f64), size: (f64, f64), part: Self) {
        self.clipped((Length::Px(at.0), at.1), (Length::Px(size.0), size.1), part);
    }

    /// Like [`Self::part`], with any lengths.
    pub(super) fn clipped(&mut self, at: (Length, f64), size: (Length, f64), part: Self) {
        let ((x, y), (width, height)) = (at, size);
        let (y, height) = (short(y), short(height));
        let _ = write!(
            self.0,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">{}</svg>",
            part.0
        );
    }

    /// Draws a filled path; `d` is a constant.
    pub(super) fn path(&mut self, class: &str, d: &'static str) {
        let _ = write!(self.0, "<path class=\"{class}\" d=\"{d}\"/>");
    }

    /// Adds a part of the image across its whole width, scaled so that a part of this size fits.
    pub(super) fn scaled(&mut self, y: f64, height: f64, size: (f64, f64), part: Self) {
        let (width, tall) = size;
        let (y, height) = (short(y), short(height));
        let _ = write!(
            self.0,
            "<svg y=\"{y}\" width=\"100%\" height=\"{height}\" viewBox=\"0 0 {width} {tall}\">{}</svg>",
            part.0
        );
    }

    /// The image as a file.
    pub(super) fn file(self, size: (f64, f64), title: &str, theme: Theme) -> String {
        let (width, height) = (size.0.ceil(), size.1.ceil());
        let dark = if theme == Theme::OfReader { DARK } else { "" };
        let (title, content) = (escape(title), self.0);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\"><title>{title}</title>\
             <style>{LIGHT}{dark}</style>{content}</svg>"
        )
    }

    /// The image as an element of a page, as wide as its place, with its description in words.
    pub(super) fn element(self, height: f64, alt: &str) -> String {
        let (height, alt, content) = (height.ceil(), escape(alt), self.0);
        format!(
            "<svg class=\"picture\" width=\"100%\" height=\"{height}\" role=\"img\" aria-label=\"{alt}\">{content}</svg>"
        )
    }
}

/// Shortens text to a number of columns, with `…` at the end.
pub(super) fn truncate(text: &str, columns: usize) -> String {
    let text = printable_line(text);
    if text.width() <= columns {
        return text.into_owned();
    }
    let mut out = String::new();
    let mut left = columns.saturating_sub(1);
    for c in text.chars() {
        let width = c.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        out.push(c);
    }
    out + "…"
}

/// Upper bound of the width of a text at a font size. The font of the reader is unknown, and text
/// beyond the edge of the image is invisible.
pub(super) fn max_text_width(text: &str, size: usize) -> usize {
    let hundredths = |c: char| match c {
        'a'..='l' | 'n'..='v' | 'x'..='z' | '0'..='9' | ' ' | ',' | '-'..='/' | ':' => 68,
        _ if c.is_ascii() => 104,
        _ => 150,
    };
    (text.chars().map(hundredths).sum::<usize>() * size).div_ceil(100)
}

/// Longest text that is measured, in characters; no image has room for more.
const MAX_FITTED: usize = 200;

/// Shortens a text so that it fits into a width in DejaVu Sans, the font of images that are pixels.
pub(super) fn fitted(text: &str, size: u8, width: f64) -> String {
    let start: String = text.chars().take(MAX_FITTED + 1).collect();
    let text = printable_line(&start);
    if text.chars().count() <= MAX_FITTED && typical_width(&text, size) <= width {
        return text.into_owned();
    }
    let room = width - typical_width("…", size);
    let mut out = String::new();
    for c in text.chars().take(MAX_FITTED) {
        out.push(c);
        if typical_width(&out, size) > room {
            out.pop();
            break;
        }
    }
    out + "…"
}

/// Upper bound of the width of a text in DejaVu Sans.
pub(super) fn typical_width(text: &str, size: u8) -> f64 {
    let ems = |c: char| match c {
        ' ' | '\'' | ',' | '.' | ':' | ';' | '!' | '|' | 'i' | 'j' | 'l' => 0.35,
        'I' | 'f' | 'r' | 't' | '-' | '(' | ')' | '/' => 0.42,
        '%' | '@' | 'M' | 'W' | 'm' | 'w' | '…' => 1.0,
        '0'..='9' | 'a'..='z' => 0.64,
        _ if c.is_ascii() => 0.84,
        _ => 1.5,
    };
    f64::from(size) * text.chars().map(ems).sum::<f64>()
}

fn escape(text: &str) -> String {
    printable_line(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
