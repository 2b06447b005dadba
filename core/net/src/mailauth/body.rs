//! Body hashes of DKIM and ARC signatures (RFC 6376 §3.4.3, §3.4.4), over the bytes as they are.
//!
//! mail-auth keeps blanks at the ends of lines that it should ignore, and wants a copy with CRLF in memory; so bodies
//! are hashed here.

use mail_auth::{AuthenticatedMessage, common::crypto::HashAlgorithm, dkim::Canonicalization};
use ring::digest::{self, Context};

use super::signatures;

/// Blank lines that are hashed at once.
const BLANK_LINES: &[u8] = b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";

/// A message whose body is hashed as its signatures need it, so that the body is no longer needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedMessage {
    /// The header section with CRLF.
    head: Vec<u8>,
    hashes: Vec<(Canonicalization, HashAlgorithm, Vec<u8>)>,
}

impl HashedMessage {
    /// Hashes a body in one pass for each canonicalization and algorithm that a signature in the header section names:
    /// at most four. Its lines may end in LF alone. The time is that of SHA-256 over the body: call it where blocking
    /// is allowed.
    pub fn new(head: &[u8], body: &[u8]) -> Self {
        let needed: Vec<_> = signatures::parse(head)
            .map(|message| message.body_hashes)
            .unwrap_or_default();

        let mut hashes: Vec<(Canonicalization, HashAlgorithm, Vec<u8>)> = Vec::new();
        for (canonicalization, algorithm, _, _) in needed {
            let is_known = hashes
                .iter()
                .any(|(c, a, _)| *c == canonicalization && *a == algorithm);
            if !is_known {
                hashes.push((
                    canonicalization,
                    algorithm,
                    hash(canonicalization, algorithm, body),
                ));
            }
        }
        Self {
            head: head.to_vec(),
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
            let known = self
                .hashes
                .iter()
                .find(|(c, a, _)| c == canonicalization && a == algorithm);
            *hash = known.map(|(_, _, hash)| hash.clone()).unwrap_or_default();
        }
        Some(message)
    }
}

fn hash(canonicalization: Canonicalization, algorithm: HashAlgorithm, body: &[u8]) -> Vec<u8> {
    let algorithm = match algorithm {
        HashAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        HashAlgorithm::Sha256 => &digest::SHA256,
    };
    let mut context = Context::new(algorithm);
    canonicalize(canonicalization, body, |part| context.update(part));
    context.finish().as_ref().to_vec()
}

/// Gives the canonical body in parts.
fn canonicalize(canonicalization: Canonicalization, body: &[u8], mut write: impl FnMut(&[u8])) {
    let mut blank_lines = 0;
    let mut is_empty = true;

    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let text = match canonicalization {
            Canonicalization::Relaxed => trim_end(text),
            Canonicalization::Simple => text,
        };

        // Blank lines at the end are ignored.
        if text.is_empty() {
            blank_lines += 1;
            continue;
        }
        while blank_lines > 0 {
            let at_once = blank_lines.min(BLANK_LINES.len() / 2);
            write(&BLANK_LINES[..2 * at_once]);
            blank_lines -= at_once;
        }

        match canonicalization {
            Canonicalization::Relaxed => reduce_blanks(text, &mut write),
            Canonicalization::Simple => write(text),
        }
        write(b"\r\n");
        is_empty = false;
    }

    if is_empty && canonicalization == Canonicalization::Simple {
        write(b"\r\n");
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !is_blank(*byte));
    &line[..end.map_or(0, |end| end + 1)]
}

/// Gives a line with each run of blanks as one space.
fn reduce_blanks(line: &[u8], write: &mut impl FnMut(&[u8])) {
    let mut rest = line;
    while let Some(start) = rest.iter().position(|byte| is_blank(*byte)) {
        let length = rest[start..]
            .iter()
            .position(|byte| !is_blank(*byte))
            .unwrap_or(rest.len() - start);
        write(&rest[..start]);
        write(b" ");
        rest = &rest[start + length..];
    }
    write(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(canonicalization: Canonicalization, body: &[u8]) -> String {
        let mut out = Vec::new();
        canonicalize(canonicalization, body, |part| out.extend_from_slice(part));
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
