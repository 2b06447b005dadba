//! A part of an email address that knows its position, and errors with a position.

use std::{fmt, ops::Range};

/// Why a text is not an email address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// One sentence for the user.
    pub message: String,
    /// Byte range of the error in the text as given.
    pub part: Option<Range<usize>>,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Invalid {}

/// A part of the given text, with its byte offset there.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) at: Option<usize>,
}

impl<'a> Piece<'a> {
    pub(super) fn cut(self, range: Range<usize>) -> Self {
        Self {
            text: self.text.get(range.clone()).unwrap_or_default(),
            at: self.at.map(|at| at + range.start),
        }
    }

    pub(super) fn trimmed(self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.cut(start..start + self.text.trim().len())
    }

    pub(super) fn fault<T>(self, message: impl Into<String>) -> Result<T, Invalid> {
        Err(Invalid {
            message: message.into(),
            part: self.at.map(|at| at..at + self.text.len()),
        })
    }

    /// Returns an error about one character.
    pub(super) fn fault_at<T>(
        self,
        at: usize,
        c: char,
        message: impl Into<String>,
    ) -> Result<T, Invalid> {
        self.cut(at..at + c.len_utf8()).fault(message)
    }
}
