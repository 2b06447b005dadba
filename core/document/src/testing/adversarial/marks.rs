//! Words that tell the texts of a document apart.

use std::fmt;

use crate::{Block, Document};

/// Between these stand four letters that no frame has, so that a mark is found in any run of letters.
const FRAME: (&str, &str) = ("QX", "XQ");
const LETTERS: &[u8; 16] = b"ABCDEFGHIJKLMNOP";
pub(super) const LENGTH: usize = 8;

/// A word that stands in one text of a document only.
#[derive(Clone, PartialEq, Eq)]
pub struct Mark {
    /// ASCII letters: found even where lines are broken or other characters escaped.
    pub word: String,
    /// Where its text stands.
    pub part: Part,
    /// Counts texts in reading order; the cells of a row, which may stand side by side, count as one.
    pub place: usize,
}

impl Mark {
    /// In what a link says: chats make a button of it.
    pub fn is_link(&self, document: &Document) -> bool {
        matches!(self.block(document), Some((_, Block::Link { .. })))
    }

    /// In the path that is drawn where a platform shows pictures: the first.
    pub fn is_drawn(&self, document: &Document) -> bool {
        let first = document
            .blocks
            .iter()
            .position(|block| matches!(block, Block::Path { .. }));
        self.block(document)
            .is_some_and(|(index, _)| Some(index) == first)
    }

    /// In a file that goes with a message.
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

/// On one line: a failing test shows hundreds.
impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.word, self.part, self.place)
    }
}

/// A part of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Title and summary.
    Head,
    /// The block of this index.
    Block(usize),
    /// The warnings.
    Warning,
}

/// Whether a mark begins here.
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

    /// Empty texts stay empty.
    fn both(&mut self, text: &mut String) {
        if text.trim().is_empty() {
            return;
        }
        let (first, last) = (self.next(), self.next());
        // What acts at the beginning of a line only must be able to stand there.
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

    /// A platform may write a file's name in its own way, but it begins alike.
    fn name(&mut self, name: &mut String) {
        *name = format!("{} {name}", self.next());
        self.place += 1;
    }

    fn block(&mut self, block: &mut Block) {
        match block {
            Block::Heading { text } | Block::Text { text } | Block::Code { text } => {
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
                    // The way to a station stands above it.
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

/// The document with a mark near the beginning and at the end of each of its texts.
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
