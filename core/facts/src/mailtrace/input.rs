//! From whatever was pasted or uploaded to the header section of one message.
//!
//! Handles LF, CRLF and CR, UTF-8, UTF-16 and Latin-1, a byte order mark, mbox's `From ` line, chat quoting (`> `),
//! code fences, indentation, words before the headers, folded lines whose indentation was lost on the way, blank
//! lines between fields, and the headers inside a binary `.msg` file.

use std::borrow::Cow;

/// A header section longer than this is cut; the longest real ones are near 200 KB.
const MAX_HEAD: usize = 4 << 20;
/// A message longer than this is cut, and its signatures cannot be checked then.
const MAX_MESSAGE: usize = 25 << 20;
/// Fields after which nothing is read.
const MAX_FIELDS: usize = 20_000;

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub name: &'a str,
    /// The value with its folds as they were, trimmed.
    pub value: Cow<'a, str>,
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// What was found in the input.
#[derive(Debug, Default)]
pub(super) struct Input<'a> {
    pub fields: Vec<Field<'a>>,
    /// Something follows the header section.
    pub has_body: bool,
    /// What was left out or mended, for the reader.
    pub notes: Vec<String>,
}

/// The text of the header section. Bytes that are not UTF-8 are read as Latin-1: headers before SMTPUTF8.
pub(super) fn text(bytes: &[u8]) -> (Cow<'_, str>, Vec<String>) {
    let mut notes = Vec::new();

    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        notes.push("Outlook's .msg file: read from the transport headers found inside".to_owned());
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

    // A cut inside a character is no reason to read all as Latin-1.
    match std::str::from_utf8(head) {
        Ok(text) => (Cow::Borrowed(text), notes),
        Err(error) if error.error_len().is_none() => {
            (String::from_utf8_lossy(&head[..error.valid_up_to()]), notes)
        }
        Err(_) => (Cow::Owned(latin1(head)), notes),
    }
}

/// Valid UTF-8 stays, any other byte is its Latin-1 character.
fn latin1(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        out.extend(chunk.invalid().iter().map(|&b| b as char));
    }
    out
}

/// The transport headers (`PR_TRANSPORT_MESSAGE_HEADERS`) of a `.msg` file stand in it as one run of UTF-16 or
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

/// How lines are wrapped by what they were pasted through.
#[derive(Clone, Copy, Default)]
struct Wrapping {
    quotes: usize,
    indent: usize,
}

impl Wrapping {
    /// Of the first line that is a header field; the rest of the paste is wrapped alike.
    fn of(line: &str) -> (Self, &str) {
        let (mut rest, mut quotes) = (line, 0);
        loop {
            let inner = rest.trim_start_matches([' ', '\t', '\u{a0}']);
            let marker = ["> ", ">", "&gt; ", "&gt;", "| "]
                .iter()
                .find_map(|m| inner.strip_prefix(m));
            match marker {
                Some(inner) if quotes < 20 => (rest, quotes) = (inner, quotes + 1),
                _ => {
                    return (
                        Self {
                            quotes,
                            indent: rest.len() - inner.len(),
                        },
                        inner,
                    );
                }
            }
        }
    }

    fn strip(self, line: &str) -> &str {
        let mut rest = line;
        for _ in 0..self.quotes {
            let inner = rest.trim_start_matches([' ', '\t', '\u{a0}']);
            match ["> ", ">", "&gt; ", "&gt;", "| "]
                .iter()
                .find_map(|m| inner.strip_prefix(m))
            {
                Some(inner) => rest = inner,
                None => break,
            }
        }
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        &rest[blanks.min(self.indent)..]
    }
}

/// The name of the field that begins on this line. RFC 5322 §2.2 allows more characters than any field uses.
fn field_name(line: &str) -> Option<&str> {
    let (name, rest) = line.split_once(':')?;
    let name = name.trim_end_matches([' ', '\t']);
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fine = (2..=76).contains(&name.len())
        && name.as_bytes()[0].is_ascii_alphabetic()
        && name.bytes().all(fits)
        && !rest.starts_with("//")
        // `fe80::1%12) with …`, `a05:6402::…`: a folded address that lost its indentation.
        && !(rest.starts_with(':') || !rest.starts_with([' ', '\t']) && name.bytes().all(|b| b.is_ascii_hexdigit()));
    fine.then_some(name)
}

/// Fields by which a header section is recognised, and that may go on after a blank line.
#[rustfmt::skip]
const KNOWN: [&str; 38] = [
    "received", "x-received", "return-path", "delivered-to", "authentication-results", "received-spf", "from", "to",
    "subject", "date", "message-id", "dkim-signature", "arc-seal", "arc-message-signature",
    "arc-authentication-results", "mime-version", "content-type", "x-originating-ip", "reply-to", "sender", "cc",
    "x-mailer", "list-unsubscribe", "list-id", "x-spam-status", "x-original-to", "x-sender-ip", "envelope-to",
    "delivery-date", "domainkey-signature", "x-apparently-to", "x-gm-message-state", "user-agent", "references",
    "in-reply-to", "x-google-smtp-source", "x-ms-exchange-organization-scl", "x-envelope-from",
];

fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known))
        || name.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-"))
}

/// A line of three or more back-ticks, with or without a language; the ticks may also stand before the first field.
fn fence(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("```")?;
    Some(rest.trim_start_matches('`'))
}

/// Splits the text into fields.
pub(super) fn read(text: &str, total: usize) -> Input<'_> {
    let mut reader = Reader::default();
    let mut wrapping = None;

    for raw in Lines(text) {
        let Some(wrapping) = wrapping else {
            wrapping = reader.begin(raw);
            continue;
        };
        if !reader.take(wrapping.strip(raw)) {
            break;
        }
    }

    let mut input = reader.finish();

    if !input.has_body && total > MAX_HEAD && text.len() >= MAX_HEAD - 4 {
        input.notes.push(format!(
            "the header section is longer than {MAX_HEAD} bytes: the rest was not read"
        ));
    }

    if reader.mended {
        input.notes.push(
            "the text was mended: folded lines or blank lines were not where a message has them"
                .to_owned(),
        );
    }

    if wrapping.is_some_and(|w| w.quotes > 0) {
        input.notes.push("quoting marks were removed".to_owned());
    }

    input
}

/// What is known between two lines.
#[derive(Default)]
struct Reader<'a> {
    input: Input<'a>,
    /// The field whose lines are being read.
    open: Option<(&'a str, Vec<&'a str>)>,
    /// The paste opened a code fence.
    fenced: bool,
    /// Blank lines since the last one with text.
    blank: usize,
    /// Every line is followed by a blank one; two of them are then the end.
    spaced: bool,
    /// A second line with text has been read.
    begun: bool,
    /// From, Date and Subject: with these a header section is complete.
    seen: [bool; 3],
    mended: bool,
}

impl<'a> Reader<'a> {
    /// Before the first field: fences, greetings, mbox's `From ` line, blank lines. Gives the wrapping of the paste
    /// once the first field begins.
    fn begin(&mut self, raw: &'a str) -> Option<Wrapping> {
        let (found, mut rest) = Wrapping::of(raw);
        if let Some(after) = fence(rest) {
            self.fenced = true;
            rest = after.trim_start_matches('`');
        }
        let rest = rest.trim_start_matches(['`', '\u{feff}']);
        field_name(rest).filter(|name| is_known(name))?;
        self.start(rest);
        Some(found)
    }

    /// Takes a line without its wrapping. `false` when nothing more is to be read.
    fn take(&mut self, line: &'a str) -> bool {
        if fence(line).is_some() && self.fenced {
            return false;
        }

        if line.trim().is_empty() {
            self.blank += 1;
            return true;
        }

        let folded = line.starts_with([' ', '\t']);
        let name = if folded { None } else { field_name(line) };
        if self.ends_before(name.is_some_and(is_known)) {
            self.input.has_body = true;
            return false;
        }

        if name.is_some() {
            self.close();
            self.start(line);
        } else if let Some((_, value)) = &mut self.open {
            self.mended |= !folded;
            value.push(line.trim_end_matches('`').trim_end());
        }

        if self.input.fields.len() >= MAX_FIELDS {
            self.input.notes.push(format!(
                "only the first {MAX_FIELDS} header fields were read"
            ));
            return false;
        }

        true
    }

    /// Whether the blank lines before this one ended the section (RFC 5322 §2.1), and are not just between the
    /// fields of the paste. `known`: the line begins a field that header sections have.
    fn ends_before(&mut self, known: bool) -> bool {
        let blanks = std::mem::take(&mut self.blank);
        let early = !std::mem::replace(&mut self.begun, true);
        self.spaced |= early && blanks == 1 && known;
        if blanks == 0 || self.spaced && blanks == 1 {
            return false;
        }
        let goes_on = known && !self.seen.iter().all(|seen| *seen);
        self.mended |= goes_on;
        !goes_on
    }

    /// Opens the field that begins on this line.
    fn start(&mut self, line: &'a str) {
        self.open = line
            .split_once(':')
            .map(|(name, value)| (name.trim_end(), vec![value.trim_end_matches('`').trim()]));
        if let Some((name, _)) = &self.open {
            for (slot, key) in self.seen.iter_mut().zip(["from", "date", "subject"]) {
                *slot |= name.eq_ignore_ascii_case(key);
            }
        }
    }

    /// Puts the open field, whole now, among the others.
    fn close(&mut self) {
        let Some((name, parts)) = self.open.take() else {
            return;
        };
        let value = match parts.as_slice() {
            [one] => Cow::Borrowed(*one),
            many => Cow::Owned(many.join("\n").trim().to_owned()),
        };
        self.input.fields.push(Field {
            name,
            value: unescape(value),
        });
    }

    fn finish(&mut self) -> Input<'a> {
        self.close();
        std::mem::take(&mut self.input)
    }
}

/// Undoes what web pages do to angle brackets.
fn unescape(value: Cow<'_, str>) -> Cow<'_, str> {
    if value.contains("&lt;") || value.contains("&gt;") {
        Cow::Owned(
            value
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&"),
        )
    } else {
        value
    }
}

/// Lines that end in LF, CRLF or CR.
struct Lines<'a>(&'a str);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.find(['\n', '\r']).unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(end);
        self.0 = rest
            .strip_prefix("\r\n")
            .or_else(|| rest.get(1..))
            .unwrap_or_default();
        Some(line)
    }
}

/// The message as its signatures cover it: bytes from the first field on, lines ended by CRLF. `None` when there is
/// no body, or the input was quoted, fenced or cut, so that no signature could hold.
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
