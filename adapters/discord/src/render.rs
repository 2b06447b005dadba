//! Rendering of a document as an embed. If it does not fit, the full text is attached and the embed
//! says so.

mod files;
mod part;

use netvane_chat::ChatMessage;
use netvane_core::document::{
    Block, Document, Severity,
    render::{self, Layout},
};
use serde_json::{Value, json};

use crate::{
    buttons::BUTTONS,
    escape::{length, line, line_within, prose, prose_within},
    rest::File,
};
use files::{attachments, fit};
use part::{Part, part};

/// Longest title of an embed in characters, by Discord's rules.
const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;

/// Longest summary, and below it the longest warning and the most warnings, so that none of them
/// crowds out the rest.
const SUMMARY: usize = 1200;
const WARNING: usize = 300;
const WARNINGS: usize = 5;

/// File name of the image of a route.
pub(crate) const PICTURE: &str = "image.png";

/// Name of the file that holds the full text if the embed has no room for it.
const REST: &str = "answer.txt";

/// Notes for omitted content: while the lookup is running, when a file has the full text, and when
/// that file is too large.
const MORE: &str = "…";
const ATTACHED: &str = "… Full answer in `answer.txt`";
const TOO_LARGE: &str = "… The full answer is too large to send here";

/// An embed and the files attached to its message.
pub(crate) struct RenderedEmbed {
    pub embed: Value,
    pub files: Vec<File>,
}

/// Renders the document of a message as one embed with its files. `picture` is the image of the document, if it has one
/// and the lookup is done.
pub(crate) fn draw(page: &ChatMessage<'_>, picture: Option<Vec<u8>>) -> RenderedEmbed {
    let document = page.document;
    let (symbol, color) = if page.working {
        ("⏳", 0x95_a5_a6)
    } else {
        look(document.severity)
    };

    let room = TITLE - length(symbol) - 1;
    let title = format!("{symbol} {}", line_within(&document.title, room));
    let mut embed = json!({ "title": title, "color": color });
    let attached = if page.working {
        Vec::new()
    } else {
        attachments(document)
    };

    let mut files = Vec::from_iter(picture.map(|bytes| File {
        name: PICTURE.to_owned(),
        bytes,
    }));
    if let Some(picture) = files.first() {
        embed["image"] = json!({ "url": format!("attachment://{}", picture.name) });
    }

    let told = Placement {
        pictured: !files.is_empty(),
        elsewhere: length(&line(&document.title)) <= room
            && page.links().count() <= BUTTONS
            && fit(&files, &attached),
    };

    let description = if page.working {
        told.description(document, MORE).0
    } else {
        whole(document, &told, &mut files)
    };

    for file in attached {
        if fit(&files, std::slice::from_ref(&file)) {
            files.push(file);
        }
    }

    embed["description"] = if description.trim().is_empty() {
        "—".into()
    } else {
        description.into()
    };

    RenderedEmbed { embed, files }
}

/// Returns the description of a final reply. If it is incomplete, adds a file with the full text to
/// `files`. That file also contains the text of the attachments, so it is added before them.
fn whole(document: &Document, told: &Placement, files: &mut Vec<File>) -> String {
    let (description, complete) = told.description(document, ATTACHED);
    if complete {
        return description;
    }

    let layout = Layout {
        width: 100,
        color: false,
    };
    let rest = File {
        name: REST.to_owned(),
        bytes: render::text(document, layout).into_bytes(),
    };
    if !fit(files, std::slice::from_ref(&rest)) {
        return told.description(document, TOO_LARGE).0;
    }

    files.push(rest);
    description
}

fn look(severity: Severity) -> (&'static str, u32) {
    match severity {
        Severity::Good => ("✅", 0x2e_cc_71),
        Severity::Neutral => ("ℹ️", 0x34_98_db),
        Severity::Warning => ("⚠️", 0xf1_c4_0f),
        Severity::Bad => ("❌", 0xe7_4c_3c),
    }
}

/// What is shown outside the description.
struct Placement {
    /// The first path is shown as an image, so the description leaves it out.
    pictured: bool,
    /// The title, the links and the attached files are complete.
    elsewhere: bool,
}

impl Placement {
    /// Returns the description, and whether nothing of the document is missing from the message. If
    /// something is missing, `more` is added.
    fn description(&self, document: &Document, more: &str) -> (String, bool) {
        let tail: String = document
            .warnings
            .iter()
            .take(WARNINGS)
            .map(|warning| format!("\n⚠️ {}", prose_within(warning, WARNING)))
            .collect();
        let mut out = prose_within(&document.summary, SUMMARY);
        let most = DESCRIPTION - length(&tail) - length(more) - 4;
        let filled = fill(&mut out, most, self.parts(document));
        let complete = filled && self.elsewhere && has_room_for_words(document);

        if !complete {
            out = out + "\n" + more;
        }

        if !tail.is_empty() {
            out = out + "\n" + &tail;
        }

        (out.trim().to_owned(), complete)
    }

    /// Returns the blocks shown as text. The image shows only the first path.
    fn parts(&self, document: &Document) -> impl Iterator<Item = Part> {
        let is_path = |block: &Block| matches!(block, Block::Path { .. });
        let drawn = document
            .blocks
            .iter()
            .position(is_path)
            .filter(|_| self.pictured);
        document
            .blocks
            .iter()
            .enumerate()
            .filter(move |(index, _)| Some(*index) != drawn)
            .map(|(_, block)| part(block))
            .filter(|part| !part.lines.is_empty())
    }
}

/// Returns whether the summary and all warnings are shown in full.
fn has_room_for_words(document: &Document) -> bool {
    let warnings = &document.warnings;
    warnings.len() <= WARNINGS
        && warnings
            .iter()
            .all(|warning| length(&prose(warning)) <= WARNING)
        && length(&prose(&document.summary)) <= SUMMARY
}

/// Appends parts as long as they fit. Returns whether all of them did.
fn fill(out: &mut String, most: usize, parts: impl Iterator<Item = Part>) -> bool {
    let mut close = false;

    for part in parts {
        let gap = match (out.is_empty(), close) {
            (true, _) => "",
            (_, true) => "\n",
            _ => "\n\n",
        };

        let room = most.saturating_sub(length(out) + gap.len());
        close = part.heads;
        let text = part.text();

        if length(&text) > room {
            if let Some(start) = part.start(room) {
                *out += gap;
                *out += &start.text();
            }
            return false;
        }

        *out += gap;
        *out += &text;
    }

    true
}

#[cfg(test)]
mod tests;
