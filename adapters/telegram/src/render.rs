//! Rendering of a document as one Telegram message within Telegram's limits. What does not fit goes
//! to a file.

mod page;
mod part;

use netvane_core::document::{
    Block, Document, Severity,
    render::{Layout, printable_line, text},
};

use crate::markup::{Around, Markup, units};
use page::Page;
use part::{MOST_TITLE, Part, clipped, part};

/// Longest attachment in UTF-16 units that is shown in the message; a longer one becomes a file.
const MOST_FOLDED: usize = 2400;

/// Longest summary in UTF-16 units. This limit and the next one keep room for the rest of the
/// message.
const MOST_SUMMARY: usize = 600;
const MOST_WARNINGS: usize = 900;

/// How an incomplete message ends: where a file has the rest, where the caption of the picture goes on, where that
/// is still not all, and where nothing more can be sent.
const REST: &str = "\n\n… Full answer in the file.";
const CONTINUED: &str = "\n\n… Continued below the picture.";
const RAW: &str = "\n\n… Press Raw for the full answer.";
const MORE: &str = "\n\n…";
/// Note for an attachment that is in the file. `TOO_LONG` is the note where no file can be sent.
const IN_FILE: &str = " is in the file.";
const TOO_LONG: &str = " is too long to show here.";

/// A message, and the file and image sent with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) html: String,
    /// Name and text of the file with what the message omits.
    pub(crate) file: Option<(String, String)>,
    /// Image (PNG) of the document: its first path, which the message leaves out, or its chart.
    pub(crate) picture: Option<Vec<u8>>,
    /// Text below the image: what did not fit into the message.
    pub(crate) caption: Option<String>,
}

/// What can be sent beside the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nothing, as for a running lookup and an inline message.
    Nothing,
    /// A picture, and a file with what the message omits.
    Files,
    /// The same. A button sends the full answer, so a picture needs no file as well.
    FilesOrRaw,
}

/// Renders a document as a message. If it is incomplete and no file can be sent, the message ends with an ellipsis.
/// `picture` is the image of the document, if one is sent beside the message.
pub(crate) fn render(document: &Document, beside: Beside, picture: Option<Vec<u8>>) -> Rendered {
    let with_file = beside != Beside::Nothing;
    let head = head(document);
    let (warnings, all_warnings) = warnings(&document.warnings);
    let mut spent = head.clone().then(&warnings);
    spent.units += units(REST).max(units(CONTINUED));
    let mut page = Page::beside(spent);
    let Overflow { attached, rest } = fill(&mut page, document, picture.is_some(), with_file);
    let whole = page.whole && all_warnings;

    let goes_on = beside == Beside::FilesOrRaw && picture.is_some() && attached.is_empty();
    let caption = (goes_on && !whole).then(|| caption(rest, all_warnings));
    let file = match attached.as_slice() {
        _ if !with_file || caption.is_some() => None,
        [(name, text)] if whole => Some((file_name(name, ""), (*text).to_owned())),
        [] if whole => None,
        _ => Some((file_name(&document.title, ".txt"), text_of(document))),
    };

    let message = head.then(&page.body).then(&warnings);
    let tail = match (whole, with_file) {
        (true, _) => "",
        (false, true) if caption.is_some() => CONTINUED,
        (false, true) => REST,
        (false, false) => MORE,
    };

    Rendered {
        html: message.own(tail).html,
        file,
        picture,
        caption,
    }
}

/// Renders what did not fit into the message as the caption of its picture.
fn caption(rest: Vec<(&'static str, Part)>, all_warnings: bool) -> String {
    let mut page = Page::caption(units(RAW));
    for (gap, part) in rest {
        page.add(gap, part);
    }
    let tail = if page.whole && all_warnings { "" } else { RAW };
    page.body.own(tail).html
}

/// What `fill` could not add to the message.
struct Overflow<'d> {
    /// Name and text of attachments that need a file.
    attached: Vec<(&'d str, &'d str)>,
    /// Parts that did not fit, with the gaps before them.
    rest: Vec<(&'static str, Part)>,
}

/// Adds blocks as long as they fit. If `drawn`, the first path is left out, because an image of it is sent with the
/// message.
fn fill<'d>(
    page: &mut Page,
    document: &'d Document,
    mut drawn: bool,
    with_file: bool,
) -> Overflow<'d> {
    let (mut attached, mut rest, mut gap) = (Vec::new(), Vec::new(), "\n\n");
    let mut add = |gap, part| rest.extend(page.add(gap, part).map(|part| (gap, part)));

    for block in &document.blocks {
        match block {
            Block::Attachment { name, text } if units(text) > MOST_FOLDED => {
                let parse_text = if with_file { IN_FILE } else { TOO_LONG };
                add(
                    gap,
                    Part::list([Markup::default().words(name).own(parse_text)]),
                );
                if with_file {
                    attached.push((name.as_str(), text.as_str()));
                }
            }
            Block::Attachment { name, text } => {
                add(gap, Part::list([Markup::default().bold(name)]));
                add("\n", Part::preformatted(Around::Folded, text));
            }
            Block::Path { .. } if drawn => drawn = false,
            // Shown as a button below the message.
            Block::Link { .. } => {}
            block => add(gap, part(block)),
        }

        // No blank line separates a heading from its content.
        gap = if matches!(block, Block::Heading { .. }) {
            "\n"
        } else {
            "\n\n"
        };
    }

    Overflow { attached, rest }
}

/// Returns the whole document as plain text.
pub(crate) fn text_of(document: &Document) -> String {
    text(
        document,
        Layout {
            width: 100,
            color: false,
        },
    )
}

/// Converts a title to a file name: `MX of example.com` becomes `mx-of-example.com.txt`.
pub(crate) fn file_name(title: &str, ending: &str) -> String {
    let kept = |c: char| {
        if c.is_ascii_alphanumeric() || ".-_".contains(c) {
            c.to_ascii_lowercase()
        } else {
            ' '
        }
    };
    let words: String = title.chars().map(kept).collect();
    let name = words.split_whitespace().collect::<Vec<_>>().join("-");
    let name: String = name.trim_matches(['.', '-']).chars().take(60).collect();
    let name = if name.is_empty() {
        "reply".into()
    } else {
        name
    };
    if ending.is_empty() && !name.contains('.') {
        name + ".txt"
    } else {
        name + ending
    }
}

fn symbol(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "✅ ",
        Severity::Neutral => "ℹ️ ",
        Severity::Warning => "⚠️ ",
        Severity::Bad => "❌ ",
    }
}

fn head(document: &Document) -> Markup {
    let title = Markup::default()
        .own(symbol(document.severity))
        .bold(&clipped(&document.title, MOST_TITLE));
    if document.summary.trim().is_empty() {
        return title;
    }
    title
        .own("\n")
        .words(&clipped(&document.summary, MOST_SUMMARY))
}

/// Returns the warnings that fit, and whether all are shown in full.
fn warnings(all: &[String]) -> (Markup, bool) {
    let mut content_hash = Markup::default();
    for (index, warning) in all.iter().enumerate() {
        let before = if index == 0 {
            "\n\n⚠️ "
        } else {
            "\n⚠️ "
        };
        let next = Markup::default()
            .own(before)
            .words(&clipped(warning, MOST_WARNINGS / 2));
        if content_hash.units + next.units > MOST_WARNINGS
            || content_hash.entities + next.entities > 20
        {
            return (content_hash, false);
        }
        content_hash = content_hash.then(&next);
    }
    let all_whole = all
        .iter()
        .all(|warning| units(&printable_line(warning)) <= MOST_WARNINGS / 2);
    (content_hash, all_whole)
}

#[cfg(test)]
mod tests;
