//! What a bounded reply leaves out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Says that a member of `data` is not complete, because a reply has a largest size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Truncated {
    /// Name of the member of `data`.
    pub member: String,
    /// Number of its items, or bytes of its text, in the reply.
    pub shown: usize,
    /// Number of items or bytes that there are.
    pub total: usize,
}

impl Truncated {
    /// Compares what is shown with what there is; `None` if that is everything.
    pub fn of(member: &str, shown: usize, total: usize) -> Option<Self> {
        (shown < total).then(|| Self {
            member: member.to_owned(),
            shown,
            total,
        })
    }

    /// The sentence that a document shows; `items` names the items in the plural, such as `records`.
    pub fn warning(&self, items: &str) -> String {
        format!(
            "Too long to show in full: the first {} of {} {items}",
            self.shown, self.total
        )
    }
}

/// Bytes that a text takes in JSON, with its quotes and escapes (RFC 8259 §7).
pub fn json_size(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

/// The longest beginning of a text that takes at most `bytes` in JSON, cut between characters.
pub fn clip_json(text: &str, bytes: usize) -> &str {
    let mut left = bytes.saturating_sub(2);
    for (index, c) in text.char_indices() {
        let size = json_size(c.encode_utf8(&mut [0; 4])) - 2;
        match left.checked_sub(size) {
            Some(rest) => left = rest,
            None => return &text[..index],
        }
    }
    text
}

/// Size of a value as JSON in bytes, without writing it.
pub(crate) fn json_bytes(value: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    let written = serde_json::to_writer(&mut counter, value);
    debug_assert!(written.is_ok(), "answers and blocks are plain data");
    counter.0
}

/// Writes a value as JSON; `None` if that takes more than `limit` bytes.
pub fn json_within(value: &impl Serialize, limit: usize) -> Option<String> {
    let mut writer = Bounded {
        text: Vec::with_capacity(512),
        limit,
    };
    serde_json::to_writer(&mut writer, value).ok()?;
    String::from_utf8(writer.text).ok()
}

/// Keeps the bytes that are written to it, up to a limit.
struct Bounded {
    text: Vec<u8>,
    limit: usize,
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.text.len() + bytes.len() > self.limit {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Counts the bytes that are written to it.
struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_text_is_what_serde_writes() {
        for text in ["", "plain", "\"\\\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}", "ü€😀"] {
            let written = serde_json::to_string(text).expect("serializes");
            assert_eq!(json_size(text), written.len(), "{text:?}");
            for bytes in 0..written.len() + 2 {
                let clipped = clip_json(text, bytes);
                assert!(text.starts_with(clipped));
                assert!(json_size(clipped) <= bytes.max(2), "{text:?} {bytes}");
                assert_eq!(clipped == text, bytes >= written.len() || text.is_empty());
            }
        }
    }

    #[test]
    fn json_is_written_up_to_a_limit() {
        let value = ["ü\"", "b"];
        let whole = serde_json::to_string(&value).expect("serializes");
        assert_eq!(json_within(&value, whole.len()).as_ref(), Some(&whole));
        assert_eq!(json_within(&value, whole.len() - 1), None);
        assert_eq!(json_bytes(&value), whole.len());
    }

    #[test]
    fn a_complete_member_is_not_truncated() {
        assert_eq!(Truncated::of("answers", 3, 3), None);
        let truncated = Truncated::of("answers", 3, 4).expect("one is left out");
        assert_eq!(
            truncated.warning("records"),
            "Too long to show in full: the first 3 of 4 records"
        );
    }
}
