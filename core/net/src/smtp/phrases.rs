//! Classifies a rejection by its text: the last resort for replies with ambiguous codes.
//!
//! The phrases are from RFC 5321, Postfix, Exim, Sendmail, qmail, Exchange and the large providers.
//! Replies quote the address, and `blocked@example.com` does not mean a block, so the user's input
//! is masked first.

mod table;

use table::PHRASES;

/// Topic of a text; several at once make it ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(super) enum Topic {
    NoSuchUser = 1,
    Disabled = 1 << 1,
    Full = 1 << 2,
    Greylist = 1 << 3,
    Rate = 1 << 4,
    Block = 1 << 5,
    Relay = 1 << 6,
    Sender = 1 << 7,
    Recipients = 1 << 8,
    StartTls = 1 << 9,
    Moved = 1 << 10,
}

/// Set of the topics of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Topics(u16);

impl Topics {
    pub(super) fn has(self, topic: Topic) -> bool {
        self.0 & topic as u16 != 0
    }

    /// Whether the text is about the mailbox itself.
    pub(super) fn about_mailbox(self) -> bool {
        [Topic::NoSuchUser, Topic::Disabled, Topic::Full]
            .into_iter()
            .any(|topic| self.has(topic))
    }
}

/// Words that may also be local parts: masking them would break phrases such as "no such user".
const UNMASKED: &[&str] = &[
    "user",
    "mailbox",
    "recipient",
    "address",
    "account",
    "mail",
    "no",
    "unknown",
    "not",
    "exist",
    "relay",
];

/// Returns the text in lower case with single spaces, without addresses, links and the user's local
/// part `local`.
pub(super) fn masked(text: &str, local: &str) -> String {
    let local = local.to_lowercase();
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');
    for word in text.split_whitespace() {
        let word = word.to_lowercase();
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_local = !bare.is_empty() && bare == local && !UNMASKED.contains(&bare);
        let is_address = word.contains('@') && bare.contains('@');
        if is_local || is_address || word.contains("://") {
            continue;
        }
        out.push_str(&word);
        out.push(' ');
    }
    out.replace('\u{2019}', "'")
}

/// Finds the topics of a masked text.
pub(super) fn topics(masked: &str) -> Topics {
    let matches = PHRASES
        .iter()
        .filter(|(_, phrases)| phrases.iter().any(|phrase| masked.contains(phrase)));
    Topics(matches.fold(0, |all, (topic, _)| all | *topic as u16))
}

#[cfg(test)]
mod tests;
