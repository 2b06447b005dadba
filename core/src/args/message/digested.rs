//! Long messages of which only the start is in memory: the body is hashed while it arrives.
//!
//! As an argument, such a message is a text with a tag that only this process can make, so that nobody can paste hashes
//! of a body that a message does not have.

use std::sync::LazyLock;

use data_encoding::{BASE64, HEXLOWER};
use netvane_facts::mailtrace;
use netvane_net::mailauth::{BodyHash, BodyHasher};
use ring::{
    digest::{Context, SHA256},
    hmac,
};
use serde::{Deserialize, Serialize};

/// Start of the text of such an argument.
const SEALED: &str = "netvane:message;base64,";
/// Size in bytes of the tag, HMAC-SHA-256.
const TAG: usize = 32;

/// Key of the tags: arguments are read by the process that made them.
static KEY: LazyLock<Option<hmac::Key>> = LazyLock::new(|| {
    let random = ring::rand::SystemRandom::new();
    hmac::Key::generate(hmac::HMAC_SHA256, &random).ok()
});

/// What is known of the bytes of a message that are not in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest {
    /// Size of the whole message in bytes.
    pub(super) size: usize,
    /// SHA-256 of the whole message in hexadecimal.
    pub(super) sha256: String,
    /// Hashes of the body, as the signatures need them.
    pub(super) hashes: Vec<BodyHash>,
}

/// A message that arrives in parts, of which only the start is kept.
pub(crate) struct DigestedMessage {
    start: Vec<u8>,
    size: usize,
    sha256: Context,
    body: Option<BodyHasher>,
}

impl DigestedMessage {
    /// Begins with the first bytes of a message; gives them back if the header section has not ended, and it may still
    /// be one that is signed. Where it must not go on, as with `is_long_enough`, no signature is verified.
    pub(crate) fn begin(start: Vec<u8>, is_long_enough: bool) -> Result<Self, Vec<u8>> {
        let signed = mailtrace::signed(&start);
        if signed.is_none() && !is_long_enough {
            return Err(start);
        }
        let body = signed.map(|signed| {
            let mut hasher = BodyHasher::new(&signed.head);
            hasher.push(&signed.body);
            hasher
        });

        let mut sha256 = Context::new(&SHA256);
        sha256.update(&start);
        Ok(Self {
            size: start.len(),
            start,
            sha256,
            body,
        })
    }

    /// Adds the next part.
    pub(crate) fn push(&mut self, part: &[u8]) {
        self.size += part.len();
        self.sha256.update(part);
        if let Some(body) = &mut self.body {
            body.push(part);
        }
    }

    /// Ends the message; returns the text of the argument. `None` if the system has no random numbers.
    pub(crate) fn argument(self) -> Option<String> {
        let digest = Digest {
            size: self.size,
            sha256: HEXLOWER.encode(self.sha256.finish().as_ref()),
            hashes: self.body.map(BodyHasher::finish).unwrap_or_default(),
        };
        let mut sealed = vec![0; TAG];
        serde_json::to_writer(&mut sealed, &digest).ok()?;
        sealed.push(b'\n');
        sealed.extend(self.start);
        let tag = hmac::sign(KEY.as_ref()?, &sealed[TAG..]);
        sealed[..TAG].copy_from_slice(tag.as_ref());

        let mut text = String::with_capacity(SEALED.len() + BASE64.encode_len(sealed.len()));
        text.push_str(SEALED);
        BASE64.encode_append(&sealed, &mut text);
        Some(text)
    }
}

/// Whether a text begins as such an argument does.
pub(super) fn is_sealed(text: &str) -> bool {
    text.starts_with(SEALED)
}

/// Reads such an argument: the start of the message and what is known of the rest. `None` for any other text.
pub(super) fn open(text: &str) -> Option<(Vec<u8>, Digest)> {
    let mut sealed = BASE64.decode(text.strip_prefix(SEALED)?.as_bytes()).ok()?;
    let (tag, content) = sealed.split_at_checked(TAG)?;
    hmac::verify(KEY.as_ref()?, content, tag).ok()?;
    let end = content.iter().position(|byte| *byte == b'\n')?;
    let digest = serde_json::from_slice(&content[..end]).ok()?;
    sealed.drain(..TAG + end + 1);
    Some((sealed, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Message;

    const HEAD: &str = "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=a.test; s=s; h=from; bh=AAAA; b=AAAA\r\n\
                        From: a@a.test\r\n\r\n";

    fn read(text: &str) -> Message {
        serde_json::from_value(text.into()).expect("a message")
    }

    #[test]
    fn a_long_message_is_known_by_its_start_and_hashes() {
        let whole = format!("{HEAD}{}", "a line  of text \r\n".repeat(1000));
        let (start, rest) = whole.split_at(500);
        let mut message =
            DigestedMessage::begin(start.into(), false).unwrap_or_else(|_| panic!("signed"));
        rest.as_bytes()
            .chunks(7)
            .for_each(|part| message.push(part));
        let read = read(&message.argument().expect("random numbers"));

        assert_eq!(read.bytes, start.as_bytes());
        let direct = Message {
            bytes: whole.clone().into_bytes(),
            digest: None,
        };
        assert_eq!(
            serde_json::to_value(&read).expect("JSON"),
            serde_json::to_value(&direct).expect("JSON")
        );
        let signed = mailtrace::signed(whole.as_bytes()).expect("signed");
        let mut hasher = BodyHasher::new(&signed.head);
        hasher.push(&signed.body);
        assert_eq!(read.body_hashes(), Some(hasher.finish().as_slice()));
    }

    #[test]
    fn a_start_without_the_end_of_its_header_section_is_given_back() {
        let start = HEAD.as_bytes()[..50].to_vec();
        assert_eq!(
            DigestedMessage::begin(start.clone(), false).err(),
            Some(start.clone())
        );
        assert!(DigestedMessage::begin(start, true).is_ok());
    }

    #[test]
    fn only_this_process_can_claim_hashes() {
        let message = DigestedMessage::begin(HEAD.into(), true).unwrap_or_else(|_| panic!("long"));
        let text = message.argument().expect("random numbers");
        assert!(read(&text).body_hashes().is_some());

        let mut bytes = BASE64
            .decode(&text.as_bytes()[SEALED.len()..])
            .expect("base64");
        *bytes.last_mut().expect("bytes") ^= 1;
        let forged = format!("{SEALED}{}", BASE64.encode(&bytes));
        for text in [forged.as_str(), SEALED, "netvane:message;base64,AAAA"] {
            let read = read(text);
            assert_eq!(
                (read.bytes.as_slice(), read.body_hashes()),
                (text.as_bytes(), None)
            );
            // Uploaded as a file, it is these bytes as well.
            let again = self::read(&Message::argument(text.as_bytes().to_vec()));
            assert_eq!(
                (again.bytes.as_slice(), again.body_hashes()),
                (text.as_bytes(), None)
            );
        }
    }
}
