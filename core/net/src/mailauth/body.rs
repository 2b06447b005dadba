//! Body hashes of DKIM and ARC signatures (RFC 6376 §3.4.3, §3.4.4), over the bytes as they are.
//!
//! mail-auth keeps blanks at the ends of lines that it should ignore, and wants a copy with CRLF in memory; so bodies
//! are hashed here.

use mail_auth::{AuthenticatedMessage, common::crypto::HashAlgorithm, dkim::Canonicalization};
use ring::digest::{self, Context};
use serde::{Deserialize, Serialize};

use super::signatures;

/// Blank lines that are hashed at once.
const BLANK_LINES: &[u8] = b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";

/// A message whose body is hashed as its signatures need it, so that the body is no longer needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedMessage {
    /// The header section with CRLF.
    head: Vec<u8>,
    hashes: Vec<BodyHash>,
}

/// The hash of a body in one of the ways in which signatures cover it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyHash {
    way: Way,
    hash: Vec<u8>,
}

/// How a body is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Way {
    /// Whether runs of blanks count as one space (RFC 6376 §3.4.4).
    is_relaxed: bool,
    /// Whether the algorithm is SHA-1, otherwise SHA-256.
    is_sha1: bool,
}

impl Way {
    fn new(canonicalization: Canonicalization, algorithm: HashAlgorithm) -> Self {
        Self {
            is_relaxed: canonicalization == Canonicalization::Relaxed,
            is_sha1: algorithm == HashAlgorithm::Sha1,
        }
    }
}

impl HashedMessage {
    /// Hashes a body, whose lines may end in LF alone. The time is that of SHA-256 over the body: call it where
    /// blocking is allowed.
    pub fn new(head: &[u8], body: &[u8]) -> Self {
        let mut hasher = BodyHasher::new(head);
        hasher.push(body);
        Self::with_hashes(head, hasher.finish())
    }

    /// A message whose body has been hashed before, with a [`BodyHasher`] for the same header section.
    pub fn with_hashes(head: &[u8], hashes: Vec<BodyHash>) -> Self {
        Self {
            head: signatures::bound(head).into_owned(),
            hashes,
        }
    }

    /// Size of the header section in bytes, by which verifying it takes time.
    pub(super) fn size(&self) -> usize {
        self.head.len()
    }

    /// The header section as mail-auth reads it, with the hashes of the body. `None` if it cannot be verified.
    pub(super) fn parse(&self) -> Option<AuthenticatedMessage<'_>> {
        let mut message = signatures::parse(&self.head)?;
        for (canonicalization, algorithm, _, hash) in &mut message.body_hashes {
            let way = Way::new(*canonicalization, *algorithm);
            let known = self.hashes.iter().find(|known| known.way == way);
            *hash = known.map(|known| known.hash.clone()).unwrap_or_default();
        }
        Some(message)
    }
}

/// Hashes a body that arrives in parts, for each canonicalization and algorithm that a signature in the header section
/// names: at most four.
pub struct BodyHasher(Vec<Canonical<Context>>);

impl BodyHasher {
    /// Starts with the header section, whose lines end in CRLF.
    pub fn new(head: &[u8]) -> Self {
        let head = signatures::bound(head);
        let needed = signatures::parse(&head).map(|message| message.body_hashes);
        let mut ways: Vec<Way> = Vec::new();
        for (canonicalization, algorithm, ..) in needed.unwrap_or_default() {
            let way = Way::new(canonicalization, algorithm);
            if !ways.contains(&way) {
                ways.push(way);
            }
        }

        let start = |way: Way| {
            let algorithm = if way.is_sha1 {
                &digest::SHA1_FOR_LEGACY_USE_ONLY
            } else {
                &digest::SHA256
            };
            Canonical::new(way, Context::new(algorithm))
        };
        Self(ways.into_iter().map(start).collect())
    }

    /// Adds the next part of the body.
    pub fn push(&mut self, part: &[u8]) {
        for canonical in &mut self.0 {
            canonical.push(part);
        }
    }

    /// Ends the body.
    pub fn finish(self) -> Vec<BodyHash> {
        let hash = |canonical: Canonical<Context>| BodyHash {
            way: canonical.way,
            hash: canonical.finish().finish().as_ref().to_vec(),
        };
        self.0.into_iter().map(hash).collect()
    }
}

/// Takes the bytes of a canonical body in parts.
trait Sink {
    fn write(&mut self, part: &[u8]);
}

impl Sink for Context {
    fn write(&mut self, part: &[u8]) {
        self.update(part);
    }
}

/// Makes the canonical form of a body (RFC 6376 §3.4.3, §3.4.4) that arrives in parts.
struct Canonical<S> {
    way: Way,
    sink: S,
    /// Blank lines that are written if a line with text follows.
    blank_lines: usize,
    /// Blanks that are written as one space if text follows on the line.
    has_blanks: bool,
    /// CR that is text unless LF follows.
    has_cr: bool,
    /// Some of the current line has been written.
    has_text: bool,
    is_empty: bool,
}

impl<S: Sink> Canonical<S> {
    fn new(way: Way, sink: S) -> Self {
        Self {
            way,
            sink,
            blank_lines: 0,
            has_blanks: false,
            has_cr: false,
            has_text: false,
            is_empty: true,
        }
    }

    fn push(&mut self, part: &[u8]) {
        let is_relaxed = self.way.is_relaxed;
        let is_special =
            |byte: &u8| matches!(byte, b'\r' | b'\n') || is_relaxed && matches!(byte, b' ' | b'\t');
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.iter().position(is_special).unwrap_or(rest.len());
            let (text, after) = rest.split_at(end);
            if !text.is_empty() {
                self.write_pending();
                self.write(text);
            }
            let Some((special, after)) = after.split_first() else {
                break;
            };
            match special {
                b'\n' => self.end_line(),
                b'\r' => {
                    self.write_cr();
                    self.has_cr = true;
                }
                _ => {
                    self.write_cr();
                    self.has_blanks = true;
                }
            }
            rest = after;
        }
    }

    fn finish(mut self) -> S {
        // A last line without an end gets one.
        if self.has_text {
            self.end_line();
        }
        if self.is_empty && !self.way.is_relaxed {
            self.sink.write(b"\r\n");
        }
        self.sink
    }

    /// Ends a line; blank lines at the end of the body are ignored.
    fn end_line(&mut self) {
        (self.has_cr, self.has_blanks) = (false, false);
        if self.has_text {
            self.sink.write(b"\r\n");
            (self.has_text, self.is_empty) = (false, false);
        } else {
            self.blank_lines += 1;
        }
    }

    fn write_pending(&mut self) {
        self.write_cr();
        self.write_blanks();
    }

    /// Writes a CR that turned out to be text, and the blanks before it.
    fn write_cr(&mut self) {
        if std::mem::take(&mut self.has_cr) {
            self.write_blanks();
            self.write(b"\r");
        }
    }

    fn write_blanks(&mut self) {
        if std::mem::take(&mut self.has_blanks) {
            self.write(b" ");
        }
    }

    fn write(&mut self, text: &[u8]) {
        while self.blank_lines > 0 {
            let at_once = self.blank_lines.min(BLANK_LINES.len() / 2);
            self.sink.write(&BLANK_LINES[..2 * at_once]);
            self.blank_lines -= at_once;
        }
        self.has_text = true;
        self.sink.write(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sink for Vec<u8> {
        fn write(&mut self, part: &[u8]) {
            self.extend_from_slice(part);
        }
    }

    /// Returns the canonical form, which must not depend on where the parts of the body end.
    fn canonical(canonicalization: Canonicalization, body: &[u8]) -> String {
        let way = Way::new(canonicalization, HashAlgorithm::Sha256);
        let in_parts = |size: usize| {
            let mut canonical = Canonical::new(way, Vec::new());
            body.chunks(size).for_each(|part| canonical.push(part));
            String::from_utf8_lossy(&canonical.finish()).into_owned()
        };
        let whole = in_parts(body.len().max(1));
        for size in 1..4 {
            assert_eq!(in_parts(size), whole, "{body:?}");
        }
        whole
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
            ("a \r b\r\r\n", "a \r b\r\r\n", "a \r b\r\r\n"),
            ("a\r", "a\r\n", "a\r\n"),
            (" \r\r\nb", " \r\r\nb\r\n", " \r\r\nb\r\n"),
            ("  a\t\tb  c", " a b c\r\n", "  a\t\tb  c\r\n"),
        ] {
            assert_eq!(
                canonical(Canonicalization::Relaxed, body.as_bytes()),
                relaxed,
                "{body:?}"
            );
            assert_eq!(
                canonical(Canonicalization::Simple, body.as_bytes()),
                simple,
                "{body:?}"
            );
        }
        let far = format!("a{}b", "\n".repeat(100));
        let expected = format!("a{}b\r\n", "\r\n".repeat(100));
        assert_eq!(
            canonical(Canonicalization::Relaxed, far.as_bytes()),
            expected
        );
    }
}
