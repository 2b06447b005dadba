//! Extracts the header section of one message from pasted or uploaded text.
//!
//! Handles LF, CRLF and CR, UTF-8, UTF-16 and Latin-1, a byte order mark, mbox's `From ` line, chat quoting (`> `),
//! code fences, indentation, words before the headers, folded lines that lost their indentation, blank
//! lines between fields, and the headers inside a binary `.msg` file.

use std::borrow::Cow;

use fields::{field_name, is_known};

mod fields;

pub(super) use fields::read;

/// A header section longer than this is truncated; the longest real ones are near 200 KB.
const MAX_HEAD: usize = 4 << 20;
/// A message longer than this is truncated, and its signatures cannot be checked.
const MAX_MESSAGE: usize = 25 << 20;

/// One header field, unfolded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub name: &'a str,
    /// The value, still folded, without surrounding white space.
    pub value: Cow<'a, str>,
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The header fields of the input.
#[derive(Debug, Default)]
pub(super) struct Input<'a> {
    pub fields: Vec<Field<'a>>,
    /// Text follows the header section.
    pub has_body: bool,
    /// What was omitted or repaired, as text for the user.
    pub notes: Vec<String>,
}

/// The text of the header section. Bytes that are not UTF-8 are read as Latin-1: headers before SMTPUTF8.
pub(super) fn text(bytes: &[u8]) -> (Cow<'_, str>, Vec<String>) {
    let mut notes = Vec::new();

    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        notes.push("Outlook .msg file: using its embedded transport headers".to_owned());
        return (Cow::Owned(msg(bytes)), notes);
    }

    let wide = |little: bool| {
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if little {
                u16::from_le_bytes(pair)
            } else {
                u16::from_be_bytes(pair)
            }
        };
        let units: Vec<u16> = bytes[2..bytes.len().min(2 * MAX_HEAD)]
            .chunks_exact(2)
            .map(unit)
            .collect();
        String::from_utf16_lossy(&units)
    };

    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return (Cow::Owned(wide(bytes[0] == 0xff)), notes);
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

/// The transport headers (`PR_TRANSPORT_MESSAGE_HEADERS`) of a `.msg` file are one run of UTF-16 or
/// 8-bit text. The longest run that begins at a field name is taken.
fn msg(bytes: &[u8]) -> String {
    let wide: Vec<u8> = b"Received: ".iter().flat_map(|&b| [b, 0]).collect();
    if let Some(at) = find(bytes, &wide) {
        let units = bytes[at..]
            .chunks_exact(2)
            .take(MAX_HEAD / 2)
            .map(|p| u16::from_le_bytes([p[0], p[1]]));
        let run: Vec<u16> = units.take_while(|&u| u != 0).collect();
        return String::from_utf16_lossy(&run);
    }
    let Some(at) = find(bytes, b"Received: ") else {
        return String::new();
    };
    let run = bytes[at..].split(|&b| b == 0).next().unwrap_or_default();
    latin1(&run[..run.len().min(MAX_HEAD)])
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(MAX_MESSAGE)];
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(step) = bytes[from..].iter().position(|&b| b == first) {
        if bytes[from + step..].starts_with(needle) {
            return Some(from + step);
        }
        from += step + 1;
    }
    None
}

/// The message as its signatures cover it: bytes from the first field on, lines ended by CRLF. `None` when there is
/// no body, or the input was quoted, fenced or truncated, so that no signature could verify.
pub fn signed(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.len() > MAX_MESSAGE
        || bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xd0, 0xcf])
    {
        return None;
    }

    let mut rest = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let skip = rest.iter().position(|b| !matches!(b, b'\r' | b'\n'))?;
    rest = &rest[skip..];
    if rest.starts_with(b"From ") {
        rest = &rest[rest.iter().position(|&b| b == b'\n')? + 1..];
    }

    let first = rest.split(|&b| b == b'\n').next()?;
    let first = std::str::from_utf8(first).ok()?;
    field_name(first).filter(|name| is_known(name))?;
    let mut out = Vec::with_capacity(rest.len() + rest.len() / 30);
    let mut previous = 0;
    let mut blank = None;

    for &byte in rest {
        if byte == b'\n' && previous != b'\r' {
            out.push(b'\r');
        }
        out.push(byte);
        if blank.is_none() && out.ends_with(b"\r\n\r\n") {
            blank = Some(out.len());
        }
        previous = byte;
    }

    blank.filter(|&at| at < out.len()).map(|_| out)
}

#[cfg(test)]
mod tests;
