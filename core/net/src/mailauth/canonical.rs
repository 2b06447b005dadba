//! Canonicalization of message bodies (RFC 6376 §3.4.3, §3.4.4).

use mail_auth::dkim::Canonicalization;

/// Blank lines that are hashed at once.
const BLANK_LINES: &[u8] = b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";

/// Makes a body canonical that arrives in parts. What may be ignored at the end of a line or of the body is held back.
pub(super) struct Canonicalizer {
    pub(super) canonicalization: Canonicalization,
    /// Blank lines that are ignored if no text follows.
    blank_lines: usize,
    /// The line has text that was written.
    has_text: bool,
    /// Blanks that are ignored at the end of a line, else one space. Relaxed only.
    has_blanks: bool,
    /// A CR that ends the line if LF follows.
    has_cr: bool,
    /// No line was written.
    is_empty: bool,
}

impl Canonicalizer {
    pub(super) fn new(canonicalization: Canonicalization) -> Self {
        Self {
            canonicalization,
            blank_lines: 0,
            has_text: false,
            has_blanks: false,
            has_cr: false,
            is_empty: true,
        }
    }

    /// Gives the canonical form of the next part, in parts.
    pub(super) fn update(&mut self, part: &[u8], write: &mut impl FnMut(&[u8])) {
        let is_relaxed = self.canonicalization == Canonicalization::Relaxed;
        let is_special =
            |byte: u8| matches!(byte, b'\r' | b'\n') || is_relaxed && matches!(byte, b' ' | b'\t');
        let mut rest = part;
        while let Some(&byte) = rest.first() {
            let length = match byte {
                b'\n' => {
                    self.end_line(write);
                    1
                }
                b'\r' => {
                    self.write_cr(write);
                    self.has_cr = true;
                    1
                }
                _ if is_special(byte) => {
                    self.write_cr(write);
                    self.has_blanks = true;
                    let other = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
                    other.unwrap_or(rest.len())
                }
                _ => {
                    self.write_cr(write);
                    let special = rest.iter().position(|byte| is_special(*byte));
                    let length = special.unwrap_or(rest.len());
                    self.write_text(&rest[..length], write);
                    length
                }
            };
            rest = &rest[length..];
        }
    }

    /// A CR that no LF follows is text.
    fn write_cr(&mut self, write: &mut impl FnMut(&[u8])) {
        if std::mem::take(&mut self.has_cr) {
            self.write_text(b"\r", write);
        }
    }

    fn write_text(&mut self, text: &[u8], write: &mut impl FnMut(&[u8])) {
        while self.blank_lines > 0 {
            let at_once = self.blank_lines.min(BLANK_LINES.len() / 2);
            write(&BLANK_LINES[..2 * at_once]);
            self.blank_lines -= at_once;
        }
        if std::mem::take(&mut self.has_blanks) {
            write(b" ");
        }
        self.has_text = true;
        write(text);
    }

    fn end_line(&mut self, write: &mut impl FnMut(&[u8])) {
        (self.has_cr, self.has_blanks) = (false, false);
        if std::mem::take(&mut self.has_text) {
            write(b"\r\n");
            self.is_empty = false;
        } else {
            self.blank_lines += 1;
        }
    }

    /// The end of the body ends its last line.
    pub(super) fn finish(mut self, write: &mut impl FnMut(&[u8])) {
        self.end_line(write);
        if self.is_empty && self.canonicalization == Canonicalization::Simple {
            write(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(canonicalization: Canonicalization, parts: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut canonicalizer = Canonicalizer::new(canonicalization);
        for part in parts {
            canonicalizer.update(part, &mut |bytes| out.extend_from_slice(bytes));
        }
        canonicalizer.finish(&mut |bytes| out.extend_from_slice(bytes));
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn bodies_are_canonical_as_in_the_standard() {
        for (body, relaxed, simple) in [
            // RFC 6376 §3.4.5.
            (
                " C \r\nD \t E\r\n\r\n\r\n",
                " C\r\nD E\r\n",
                " C \r\nD \t E\r\n",
            ),
            ("", "", "\r\n"),
            ("\r\n\r\n", "", "\r\n"),
            ("Hello\r\n \r\n", "Hello\r\n", "Hello\r\n \r\n"),
            (
                "Hello\r\n\t\r\n \r\n\r\n",
                "Hello\r\n",
                "Hello\r\n\t\r\n \r\n",
            ),
            (" \r\n \t\r\n", "", " \r\n \t\r\n"),
            (" \t ", "", " \t \r\n"),
            ("Hello", "Hello\r\n", "Hello\r\n"),
            ("a\n\n\nb\n", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"),
            ("a\rb\r\n", "a\rb\r\n", "a\rb\r\n"),
            ("  a\t\tb  c", " a b c\r\n", "  a\t\tb  c\r\n"),
        ] {
            assert_eq!(
                canonical(Canonicalization::Relaxed, &[body.as_bytes()]),
                relaxed,
                "{body:?}"
            );
            assert_eq!(
                canonical(Canonicalization::Simple, &[body.as_bytes()]),
                simple,
                "{body:?}"
            );
        }
        let far = format!("a{}b", "\n".repeat(100));
        let expected = format!("a{}b\r\n", "\r\n".repeat(100));
        assert_eq!(
            canonical(Canonicalization::Relaxed, &[far.as_bytes()]),
            expected
        );
    }
    /// Every split of every short text of the characters that matter is canonical as the whole is.
    #[test]
    fn parts_are_canonical_as_the_whole() {
        let characters = *b"a \t\r\n";
        for number in 0..5usize.pow(6) {
            let digits = (0..6u32).map(|place| number / 5usize.pow(place) % 5);
            let text: Vec<u8> = digits.map(|digit| characters[digit]).collect();
            for canonicalization in [Canonicalization::Relaxed, Canonicalization::Simple] {
                let whole = canonical(canonicalization, &[&text]);
                let bytes: Vec<&[u8]> = text.chunks(1).collect();
                assert_eq!(canonical(canonicalization, &bytes), whole, "{text:?}");
                let (first, second) = text.split_at(number % 6);
                assert_eq!(
                    canonical(canonicalization, &[first, second]),
                    whole,
                    "{text:?}"
                );
            }
        }
    }
}
