//! Reads a message that arrives in parts. The start is kept as far as it is needed to trace the message, the body is
//! passed on, so that a message of any size takes little memory.

use super::{MAX_HEAD, SignedStart, fields, is_utf16, signed_start, text, unit, utf16};

/// Bytes of the start that are kept in any case: shorter messages are kept as a whole.
const MIN_START: usize = 64 << 10;
/// Bytes that are kept at most; the rest of a header section is not read.
const MAX_START: usize = MAX_HEAD + 16;
/// Bytes of UTF-16 that are converted at once.
const AT_ONCE: usize = 8 << 10;

/// What the signatures of a message cover, in order: one header section, then the body in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignedPart<'a> {
    /// The header section from the first field to the blank line, lines ended by CRLF.
    Head(&'a [u8]),
    /// The next bytes of the body; its lines may end in LF alone.
    Body(&'a [u8]),
}

/// Reads a message in parts: keeps its start, passes on what its signatures cover.
#[derive(Debug)]
pub struct MessageReader {
    start: Vec<u8>,
    /// Whether the start is as long as it is needed.
    is_start_complete: bool,
    /// Length of the start at which it is looked at again: doubled each time, so that the work stays linear.
    next_check: usize,
    body: Body,
    has_body: bool,
}

/// How the bytes that arrive belong to the body.
#[derive(Debug)]
enum Body {
    /// The header section is not yet complete.
    Ahead,
    /// No signature could verify.
    Unsigned,
    Bytes,
    /// UTF-16 with the low byte first or not, and a byte whose other half has not arrived.
    Utf16 {
        little: bool,
        carry: Option<u8>,
    },
}

impl Default for MessageReader {
    fn default() -> Self {
        Self {
            start: Vec::new(),
            is_start_complete: false,
            next_check: MIN_START,
            body: Body::Ahead,
            has_body: false,
        }
    }
}

impl MessageReader {
    /// The start of the message, of which [`super::super::trace`] makes the same as of the whole; the whole message if
    /// it is short.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// The start of the message, without a copy.
    pub fn into_start(self) -> Vec<u8> {
        self.start
    }

    /// Whether the parts that were passed on are a message whose signatures can be checked. Known at the end.
    pub fn is_signed(&self) -> bool {
        self.has_body && matches!(self.body, Body::Bytes | Body::Utf16 { .. })
    }

    /// Reads the next part of the message.
    pub fn push(&mut self, part: &[u8], mut pass_on: impl FnMut(SignedPart<'_>)) {
        let mut rest = part;
        while !self.is_start_complete && !rest.is_empty() {
            let room = self.next_check - self.start.len();
            let (kept, others) = rest.split_at(room.min(rest.len()));
            self.start.extend_from_slice(kept);
            rest = others;

            self.pass_on_body(kept, &mut pass_on);
            if self.start.len() == self.next_check {
                self.check_start(&mut pass_on);
            }
        }
        self.pass_on_body(rest, &mut pass_on);
    }

    /// Looks whether the start is complete, and whether the body has begun.
    fn check_start(&mut self, pass_on: &mut impl FnMut(SignedPart<'_>)) {
        let encoding = is_utf16(&self.start);
        let most = match encoding {
            Some(_) => 2 * MAX_START,
            None => MAX_START,
        };
        let is_last = self.next_check >= most;
        self.next_check = (2 * self.next_check).min(most);

        if matches!(self.body, Body::Ahead) {
            self.find_body(encoding, pass_on);
        }
        let is_ahead = matches!(self.body, Body::Ahead);
        if is_ahead && is_last {
            self.body = Body::Unsigned;
        }
        self.is_start_complete = is_last || !is_ahead && fields::ends_within(&text(&self.start).0);
    }

    fn find_body(&mut self, encoding: Option<bool>, pass_on: &mut impl FnMut(SignedPart<'_>)) {
        let (begin, position, body) = match encoding {
            None => {
                let begin = signed_start(&self.start);
                let position = begin.position();
                (begin, position, Body::Bytes)
            }
            Some(little) => {
                let text = utf16(&self.start, little, self.start.len());
                let begin = signed_start(text.as_bytes());
                // Only of ASCII it is certain which bytes the signer saw, and where they are.
                let position = begin.position();
                let begin = if text.as_bytes()[..position].is_ascii() {
                    begin
                } else {
                    SignedStart::Invalid
                };
                let marks = self.start.chunks_exact(2);
                let marks = marks
                    .take_while(|pair| unit(pair, little) == 0xfeff)
                    .count();
                let body = Body::Utf16 {
                    little,
                    carry: None,
                };
                (begin, 2 * (marks + position), body)
            }
        };

        match begin {
            SignedStart::Incomplete => {}
            SignedStart::Invalid => self.body = Body::Unsigned,
            SignedStart::Complete { head, .. } => {
                self.body = body;
                pass_on(SignedPart::Head(&head));
                let begun = self.start.split_off(position);
                self.pass_on_body(&begun, pass_on);
                self.start.extend_from_slice(&begun);
            }
        }
    }

    /// Passes on bytes that arrived after the header section.
    fn pass_on_body(&mut self, part: &[u8], pass_on: &mut impl FnMut(SignedPart<'_>)) {
        if part.is_empty() {
            return;
        }
        match &mut self.body {
            Body::Ahead | Body::Unsigned => {}
            Body::Bytes => {
                self.has_body = true;
                pass_on(SignedPart::Body(part));
            }
            Body::Utf16 { little, carry } => {
                let first = carry.take().map(|byte| [byte, part[0]]);
                let rest = &part[usize::from(first.is_some())..];
                let pairs = rest.chunks_exact(2);
                *carry = pairs.remainder().first().copied();

                let first = first.iter().map(|pair| unit(pair, *little));
                let mut units = first.chain(pairs.map(|pair| unit(pair, *little)));
                let mut is_ascii = true;
                loop {
                    let bytes = units.by_ref().take(AT_ONCE).map(|unit| {
                        is_ascii &= unit < 0x80;
                        unit.to_le_bytes()[0]
                    });
                    let bytes: Vec<u8> = bytes.collect();
                    if bytes.is_empty() || !is_ascii {
                        break;
                    }
                    self.has_body = true;
                    pass_on(SignedPart::Body(&bytes));
                }
                if !is_ascii {
                    self.body = Body::Unsigned;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
