//! Splits a paste into header fields: unwraps its lines, finds the first field, repairs broken folding.

use std::borrow::Cow;

use super::{HeaderField, Input, MAX_HEAD};

/// Maximum number of header fields; further ones are ignored.
const MAX_FIELDS: usize = 20_000;

/// Quoting and indentation that a mail program or chat put before each line.
#[derive(Clone, Copy, Default)]
struct Wrapping {
    quotes: usize,
    indent: usize,
}

impl Wrapping {
    /// Detects the wrapping of the first header field; the other lines have the same.
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
pub(super) fn field_name(line: &str) -> Option<&str> {
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

pub(super) fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known))
        || name.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-"))
}

/// A line of three or more back-ticks, with or without a language; the ticks may also precede the first field on its line.
fn fence(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("```")?;
    Some(rest.trim_start_matches('`'))
}

/// Splits the text into fields.
pub(in crate::mailtrace) fn read(text: &str, total: usize) -> Input<'_> {
    let mut reader = FieldReader::default();
    let mut wrapping = None;

    for raw in HeaderLines(text) {
        let Some(wrapping) = wrapping else {
            wrapping = reader.begin(raw);
            continue;
        };
        if !reader.take(wrapping.strip(raw)) {
            reader.input.is_complete = true;
            break;
        }
    }

    let mut input = reader.finish();

    if !input.is_complete && total > MAX_HEAD && text.len() >= MAX_HEAD - 4 {
        input
            .notes
            .push(format!("header section truncated after {MAX_HEAD} bytes"));
    }

    if reader.mended {
        input
            .notes
            .push("Broken header folding was repaired".to_owned());
    }

    if wrapping.is_some_and(|w| w.quotes > 0) {
        input.notes.push("Quote marks were removed".to_owned());
    }

    input
}

/// Whether the header section ends in the complete lines of this start of a text, whatever follows.
pub(super) fn ends_within(start: &str) -> bool {
    let end = start.rfind(['\n', '\r']).unwrap_or(0);
    read(&start[..end], end).is_complete
}

/// Parser state between two lines.
#[derive(Default)]
struct FieldReader<'a> {
    input: Input<'a>,
    /// The field whose lines are being read.
    open: Option<(&'a str, Vec<&'a str>)>,
    /// The paste opened a code fence.
    fenced: bool,
    /// Blank lines since the last one with text.
    blank: usize,
    /// Every line is followed by a blank one, so two blank lines end the section.
    spaced: bool,
    /// A second line with text has been read.
    begun: bool,
    /// From, Date and Subject: with these a header section is complete.
    seen: [bool; 3],
    mended: bool,
}

impl<'a> FieldReader<'a> {
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

    /// Reads a line without its wrapping. Returns `false` at the end of the section.
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
            self.open = None;
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

    /// Finishes the open field and adds it to the list.
    fn close(&mut self) {
        let Some((name, parts)) = self.open.take() else {
            return;
        };
        let value = match parts.as_slice() {
            [one] => Cow::Borrowed(*one),
            many => Cow::Owned(many.join("\n").trim().to_owned()),
        };
        self.input.fields.push(HeaderField {
            name,
            value: unescape(value),
        });
    }

    fn finish(&mut self) -> Input<'a> {
        self.close();
        std::mem::take(&mut self.input)
    }
}

/// Decodes the HTML entities of angle brackets and ampersands.
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
struct HeaderLines<'a>(&'a str);

impl<'a> Iterator for HeaderLines<'a> {
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

#[cfg(test)]
mod tests;
