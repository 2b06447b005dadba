//! Body hashes of DKIM and ARC signatures (RFC 6376 §3.4.3, §3.4.4), over the bytes as they arrive.
//!
//! mail-auth keeps blanks at the ends of lines that it should ignore, and wants a copy with CRLF in memory; so bodies
//! are hashed here.

use std::fmt::Write;

use mail_auth::{AuthenticatedMessage, common::crypto::HashAlgorithm, dkim::Canonicalization};
use ring::digest::{self, Context};

use super::{canonical::Canonicalizer, signatures};

/// Each canonicalization and algorithm with its name in [`HashedMessage::body_hashes`].
const METHODS: [(Canonicalization, HashAlgorithm, &str); 4] = [
    (
        Canonicalization::Simple,
        HashAlgorithm::Sha256,
        "simple-sha256",
    ),
    (
        Canonicalization::Relaxed,
        HashAlgorithm::Sha256,
        "relaxed-sha256",
    ),
    (Canonicalization::Simple, HashAlgorithm::Sha1, "simple-sha1"),
    (
        Canonicalization::Relaxed,
        HashAlgorithm::Sha1,
        "relaxed-sha1",
    ),
];

/// A message whose body is hashed as its signatures need it, so that the body is no longer needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedMessage {
    /// The header section with CRLF.
    head: Vec<u8>,
    hashes: Vec<(Canonicalization, HashAlgorithm, Vec<u8>)>,
}

impl HashedMessage {
    /// Hashes a body that is in memory, see [`BodyHasher`].
    pub fn new(head: &[u8], body: &[u8]) -> Self {
        let mut hasher = BodyHasher::new(head);
        hasher.update(body);
        hasher.finish()
    }

    /// A header section with CRLF and the hashes of its body, as [`Self::body_hashes`] wrote them. `None` if they are not
    /// in that form.
    pub fn with_body_hashes(head: Vec<u8>, body_hashes: &str) -> Option<Self> {
        let hashes = body_hashes.split('+').filter(|hash| !hash.is_empty());
        let hashes = hashes.map(|hash| {
            let (name, hex) = hash.split_once('/')?;
            let (canonicalization, algorithm, _) =
                *METHODS.iter().find(|(_, _, known)| *known == name)?;
            let bytes = (0..hex.len()).step_by(2);
            let bytes = bytes.map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok());
            Some((canonicalization, algorithm, bytes.collect::<Option<_>>()?))
        });
        Some(Self {
            head: signatures::bound(&head).into_owned(),
            hashes: hashes.collect::<Option<_>>()?,
        })
    }

    /// The hashes of the body as text: `relaxed-sha256/` and 64 hexadecimal digits, several joined by `+`.
    pub fn body_hashes(&self) -> String {
        let mut text = String::new();
        for (canonicalization, algorithm, hash) in &self.hashes {
            let known = METHODS
                .iter()
                .find(|(c, a, _)| c == canonicalization && a == algorithm);
            let separator = if text.is_empty() { "" } else { "+" };
            let _ = write!(text, "{separator}{}/", known.map_or("", |known| known.2));
            for byte in hash {
                let _ = write!(text, "{byte:02x}");
            }
        }
        text
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

/// Hashes a body that arrives in parts, once for each canonicalization and algorithm that a signature in the header
/// section names: at most four. The time is that of SHA-256 over the body.
pub struct BodyHasher {
    head: Vec<u8>,
    hashes: Vec<(Canonicalizer, HashAlgorithm, Context)>,
}

impl BodyHasher {
    /// Starts with a header section whose lines end in CRLF.
    pub fn new(head: &[u8]) -> Self {
        let head = signatures::bound(head);
        let needed: Vec<_> = signatures::parse(&head)
            .map(|message| message.body_hashes)
            .unwrap_or_default();

        let mut hashes: Vec<(Canonicalizer, HashAlgorithm, Context)> = Vec::new();
        for (canonicalization, algorithm, _, _) in needed {
            let is_known = hashes
                .iter()
                .any(|(c, a, _)| c.canonicalization == canonicalization && *a == algorithm);
            if !is_known {
                let digest = match algorithm {
                    HashAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                    HashAlgorithm::Sha256 => &digest::SHA256,
                };
                let canonicalizer = Canonicalizer::new(canonicalization);
                hashes.push((canonicalizer, algorithm, Context::new(digest)));
            }
        }
        Self {
            head: head.into_owned(),
            hashes,
        }
    }

    /// Hashes the next part of the body. Lines may end in LF alone.
    pub fn update(&mut self, part: &[u8]) {
        for (canonicalizer, _, context) in &mut self.hashes {
            canonicalizer.update(part, &mut |bytes| context.update(bytes));
        }
    }

    /// The message with the hashes of the body so far.
    pub fn finish(self) -> HashedMessage {
        let hashes = self.hashes.into_iter();
        let hashes = hashes.map(|(canonicalizer, algorithm, mut context)| {
            let canonicalization = canonicalizer.canonicalization;
            canonicalizer.finish(&mut |bytes| context.update(bytes));
            (
                canonicalization,
                algorithm,
                context.finish().as_ref().to_vec(),
            )
        });
        HashedMessage {
            head: self.head,
            hashes: hashes.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_survive_as_text() {
        let head = b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\r\n\
            DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\r\n\
            From: a@a.test\r\n\r\n";
        let hashed = HashedMessage::new(head, b"Hello \n");
        let text = hashed.body_hashes();
        assert_eq!(text.matches('/').count(), 2, "{text}");
        assert_eq!(
            HashedMessage::with_body_hashes(head.to_vec(), &text),
            Some(hashed)
        );
        for invalid in [
            "x",
            "relaxed-sha256/0",
            "relaxed-sha256/zz",
            "relaxed-md5/00",
        ] {
            assert_eq!(
                HashedMessage::with_body_hashes(head.to_vec(), invalid),
                None,
                "{invalid}"
            );
        }
    }
}
