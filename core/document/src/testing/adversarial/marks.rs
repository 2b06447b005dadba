//! Unique marks that identify the texts of a document.

use std::fmt;

use crate::{Block, Document};

/// Prefix and suffix of a mark, with letters that its inner part never has, so that it is found in
/// any run of letters.
const FRAME: (&str, &str) = ("QX", "XQ");
const LETTERS: &[u8; 16] = b"ABCDEFGHIJKLMNOP";
pub(super) const LENGTH: usize = 8;

/// A word that occurs in exactly one text of a document.
#[derive(Clone, PartialEq, Eq)]
pub struct Mark {
    /// ASCII letters only, so that it is found despite line breaks and escapes.
    pub word: String,
    /// The part of the document that holds the text.
    pub part: Part,
    /// Index of the text in reading order; the cells of a row share one index, because they may be
    /// side by side.
    pub place: usize,
}

impl Mark {
    /// Whether the mark is in the label of a link, which chats show as a button.
    pub fn is_link(&self, document: &Document) -> bool {
        matches!(self.block(document), Some((_, Block::Link { .. })))
    }

    /// Whether the mark is in the first path, which is drawn as an image.
    pub fn is_drawn(&self, document: &Document) -> bool {
        let first = document
            .blocks
            .iter()
            .position(|block| matches!(block, Block::Path { .. }));
        self.block(document)
            .is_some_and(|(index, _)| Some(index) == first)
    }

    /// Whether the mark is in an attached file.
    pub fn is_attached(&self, document: &Document) -> bool {
        matches!(self.block(document), Some((_, Block::Attachment { .. })))
    }

    fn block<'d>(&self, document: &'d Document) -> Option<(usize, &'d Block)> {
        let Part::Block(index) = self.part else {
            return None;
        };
        Some((index, document.blocks.get(index)?))
    }
}

/// Prints one line, because a failing test prints hundreds of marks.
impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.word, self.part, self.place)
    }
}

/// The part of a document that holds a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The title or the summary.
    Head,
    /// The block at this index.
    Block(usize),
    /// One of the warnings.
    Warning,
}

/// Whether the word is a mark.
pub(super) fn is_mark(word: &str) -> bool {
    let inner = word
        .strip_prefix(FRAME.0)
        .and_then(|rest| rest.strip_suffix(FRAME.1));
    inner.is_some_and(|inner| inner.bytes().all(|letter| LETTERS.contains(&letter)))
}

struct Marker {
    marks: Vec<Mark>,
    part: Part,
    place: usize,
}

impl Marker {
    fn next(&mut self) -> String {
        let index = self.marks.len();
        let letter = |shift: usize| char::from(LETTERS[index >> shift & 15]);
        let letters: String = [12, 8, 4, 0].map(letter).iter().collect();
        let word = format!("{}{letters}{}", FRAME.0, FRAME.1);
        self.marks.push(Mark {
            word: word.clone(),
            part: self.part,
            place: self.place,
        });
        word
    }

    /// Adds a mark near the beginning and one at the end. Empty texts stay empty.
    fn both(&mut self, text: &mut String) {
        if text.trim().is_empty() {
            return;
        }
        let (first, last) = (self.next(), self.next());
        // Some markup works only at the beginning of a line, so half of the texts keep their first
        // word there.
        let at = text
            .find(char::is_whitespace)
            .filter(|at| text.len().is_multiple_of(2) && *at > 0);
        *text = match at {
            Some(at) => format!("{} {first} {} {last}", &text[..at], &text[at..]),
            None => format!("{first} {text} {last}"),
        };
    }

    fn text(&mut self, text: &mut String) {
        self.both(text);
        self.place += 1;
    }

    /// Adds a mark at the beginning only: platforms may change the rest of a file name.
    fn name(&mut self, name: &mut String) {
        *name = format!("{} {name}", self.next());
        self.place += 1;
    }

    fn block(&mut self, block: &mut Block) {
        match block {
            Block::Heading { text } | Block::Text { text } | Block::Code { text, .. } => {
                self.text(text)
            }
            Block::Link { label, .. } => self.text(label),
            Block::Fields { fields } => {
                for field in fields {
                    self.text(&mut field.name);
                    self.text(&mut field.value.text);
                }
            }
            Block::Table { rows, .. } => {
                for row in rows {
                    row.iter_mut().for_each(|cell| self.both(&mut cell.text));
                    self.place += 1;
                }
            }
            Block::Path { stations } => {
                for station in stations {
                    // Renderers show the connection above the station.
                    self.text(&mut station.via);
                    self.text(&mut station.title);
                    self.text(&mut station.name);
                }
            }
            Block::Attachment { name, text } => {
                self.name(name);
                self.text(text);
            }
        }
    }
}

/// Adds a mark near the beginning and at the end of each text of the document.
pub(super) fn marked(mut document: Document) -> (Document, Vec<Mark>) {
    let mut marker = Marker {
        marks: Vec::new(),
        part: Part::Head,
        place: 0,
    };
    marker.text(&mut document.title);
    marker.text(&mut document.summary);
    for (index, block) in document.blocks.iter_mut().enumerate() {
        marker.part = Part::Block(index);
        marker.block(block);
    }
    marker.part = Part::Warning;
    document
        .warnings
        .iter_mut()
        .for_each(|warning| marker.text(warning));
    (document, marker.marks)
}
