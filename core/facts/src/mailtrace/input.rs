//! Extracts the header section of one message from pasted or uploaded text.
//!
//! Handles LF, CRLF and CR, UTF-8, UTF-16 and Latin-1, a byte order mark, mbox's `From ` line, chat quoting (`> `),
//! code fences, indentation, words before the headers, folded lines that lost their indentation, blank
//! lines between fields, and the headers inside a binary `.msg` file.

use std::borrow::Cow;

use fields::{field_name, is_known};

mod fields;
pub mod msg;
mod reader;

pub(super) use fields::read;
pub use reader::{MessageReader, SignedPart};

/// A header section longer than this is truncated; the longest real ones are near 200 KB.
const MAX_HEAD: usize = 4 << 20;
/// A message longer than this is truncated, and its signatures cannot be checked.
const MAX_MESSAGE: usize = 25 << 20;

/// One header field, unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeaderField<'a> {
    pub name: &'a str,
    /// The value, still folded, without surrounding white space.
    pub value: Cow<'a, str>,
}

impl HeaderField<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The header fields of the input.
#[derive(Debug, Default)]
pub(super) struct Input<'a> {
    pub fields: Vec<HeaderField<'a>>,
    /// Text follows the header section.
    pub has_body: bool,
    /// The section ends before the text does, so that more text changes nothing.
    pub is_complete: bool,
    /// What was omitted or repaired, as text for the user.
    pub notes: Vec<String>,
}

/// The text of the header section. Bytes that are not UTF-8 are read as Latin-1: headers before SMTPUTF8.
pub(super) fn text(bytes: &[u8]) -> (Cow<'_, str>, Vec<String>) {
    let mut notes = Vec::new();

    if bytes.starts_with(&msg::MAGIC) {
        notes.push("Outlook .msg file: using its embedded transport headers".to_owned());
        return (Cow::Owned(latin1(&msg::headers_of(bytes))), notes);
    }

    if let Some(little) = is_utf16(bytes) {
        return (Cow::Owned(utf16(bytes, little, 2 * MAX_HEAD)), notes);
    }

    let head = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let head = if head.len() > MAX_HEAD {
        &head[..MAX_HEAD]
    } else {
        head
    };

    // Truncation inside a character does not make the text Latin-1.
    match std::str::from_utf8(head) {
        Ok(text) => (Cow::Borrowed(text), notes),
        Err(error) if error.error_len().is_none() => {
            (String::from_utf8_lossy(&head[..error.valid_up_to()]), notes)
        }
        Err(_) => (Cow::Owned(latin1(head)), notes),
    }
}

/// Keeps valid UTF-8 and decodes every other byte as Latin-1.
fn latin1(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|&b| b as char));
    }
    out
}

/// Whether a text is UTF-16, and then whether its low bytes come first: by its byte order mark or, without one, by the
/// zero bytes of its ASCII.
fn is_utf16(bytes: &[u8]) -> Option<bool> {
    match bytes {
        [0xff, 0xfe, ..] => return Some(true),
        [0xfe, 0xff, ..] => return Some(false),
        _ => {}
    }
    let start = bytes.get(..16)?;
    let is_zero = |odd: usize| start.iter().skip(odd).step_by(2).all(|byte| *byte == 0);
    let is_text = |odd: usize| start.iter().skip(odd).step_by(2).all(|byte| *byte != 0);
    match (is_zero(0) && is_text(1), is_zero(1) && is_text(0)) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    }
}

/// Decodes at most `most` bytes of UTF-16, without the byte order mark.
fn utf16(bytes: &[u8], little: bool, most: usize) -> String {
    let bytes = &bytes[..bytes.len().min(most)];
    let units = bytes.chunks_exact(2).map(|pair| unit(pair, little));
    let decoded = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    decoded.skip_while(|c| *c == '\u{feff}').collect()
}

/// The code unit of two bytes.
fn unit(pair: &[u8], little: bool) -> u16 {
    let pair = [pair[0], pair[1]];
    if little {
        u16::from_le_bytes(pair)
    } else {
        u16::from_be_bytes(pair)
    }
}

/// A message as its signatures cover it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedMessage<'a> {
    /// The header section from the first field to the blank line, lines ended by CRLF.
    pub head: Vec<u8>,
    /// The body as it is in the input; its lines may end in LF alone.
    pub body: Cow<'a, [u8]>,
}

/// The message as its signatures cover it: bytes from the first field on. `None` when there is no body, or the input
/// was quoted, fenced or truncated, so that no signature could verify.
pub fn signed(bytes: &[u8]) -> Option<SignedMessage<'_>> {
    if bytes.len() > MAX_MESSAGE || bytes.starts_with(&msg::MAGIC) {
        return None;
    }
    let Some(little) = is_utf16(bytes) else {
        return signed_part(bytes).map(|(head, body)| SignedMessage {
            head,
            body: Cow::Borrowed(body),
        });
    };

    // Only of ASCII it is certain which bytes the signer saw.
    let text = utf16(bytes, little, MAX_MESSAGE);
    let (head, body) = signed_part(text.as_bytes()).filter(|_| text.is_ascii())?;
    Some(SignedMessage {
        head,
        body: Cow::Owned(body.to_vec()),
    })
}

/// The header section with CRLF, and the body as it is.
fn signed_part(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    match signed_start(bytes) {
        SignedStart::Complete { head, position } if position < bytes.len() => {
            Some((head, &bytes[position..]))
        }
        _ => None,
    }
}

/// The header section of a message as its signatures cover it, with lines ended by CRLF, from the first bytes of the
/// message. `None` if they do not hold the whole section, or no signature could verify.
pub fn signed_head(bytes: &[u8]) -> Option<Vec<u8>> {
    let start = match is_utf16(bytes) {
        None => signed_start(bytes),
        Some(little) => signed_start(utf16(bytes, little, bytes.len()).as_bytes()),
    };
    match start {
        SignedStart::Complete { head, .. } => Some(head),
        SignedStart::Incomplete | SignedStart::Invalid => None,
    }
}

/// The begin of a message as its signatures cover it.
enum SignedStart {
    /// The header section is longer than the bytes so far.
    Incomplete,
    /// Quoted, fenced, or otherwise not as it was signed.
    Invalid,
    /// The header section with CRLF, and the position of the body.
    Complete { head: Vec<u8>, position: usize },
}

impl SignedStart {
    /// Position of the body; 0 without one.
    fn position(&self) -> usize {
        match self {
            Self::Complete { position, .. } => *position,
            Self::Incomplete | Self::Invalid => 0,
        }
    }
}

fn signed_start(bytes: &[u8]) -> SignedStart {
    let mut rest = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let Some(skip) = rest.iter().position(|b| !matches!(b, b'\r' | b'\n')) else {
        return SignedStart::Incomplete;
    };
    rest = &rest[skip..];
    if rest.starts_with(b"From ") {
        let Some(end) = rest.iter().position(|&b| b == b'\n') else {
            return SignedStart::Incomplete;
        };
        rest = &rest[end + 1..];
    }

    let Some(end) = rest.iter().position(|&b| b == b'\n') else {
        return SignedStart::Incomplete;
    };
    let first = std::str::from_utf8(&rest[..end]).ok().and_then(field_name);
    if !first.is_some_and(is_known) {
        return SignedStart::Invalid;
    }

    let mut head = Vec::new();
    let mut position = bytes.len() - rest.len();
    for line in rest.split_inclusive(|byte| *byte == b'\n') {
        let Some(text) = line.strip_suffix(b"\n") else {
            break;
        };
        position += line.len();
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        head.extend_from_slice(text);
        head.extend_from_slice(b"\r\n");
        if head.len() > MAX_HEAD {
            return SignedStart::Invalid;
        }
        if text.is_empty() {
            return SignedStart::Complete { head, position };
        }
    }
    SignedStart::Incomplete
}

#[cfg(test)]
mod tests;
