//! Classifies a rejection by its text: the last resort for replies with ambiguous codes.
//!
//! What is said about the mailbox is read from the words of each sentence ([`mailbox`]); every other
//! topic has a list of phrases ([`table`]), from RFC 5321, Postfix, Exim, Sendmail, qmail, Exchange
//! and the large providers. Replies quote the address, and `blocked@example.com` does not mean a
//! block, so the user's input is masked first.

mod mailbox;
mod sentence;
mod table;
mod vocabulary;

use std::borrow::Cow;

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
    /// Reputation, policy or content.
    Block = 1 << 5,
    Relay = 1 << 6,
    Sender = 1 << 7,
    Recipients = 1 << 8,
    StartTls = 1 << 9,
    Moved = 1 << 10,
    /// Missing rights: authentication, membership, access.
    Denied = 1 << 11,
    /// Trouble of the server, or a command that it did not expect.
    Server = 1 << 12,
    /// A domain or host that does not exist or does not accept mail, whose it may be.
    Domain = 1 << 13,
}

/// Set of the topics of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Topics(u16);

impl Topics {
    pub(super) fn has(self, topic: Topic) -> bool {
        self.0 & topic as u16 != 0
    }

    pub(super) fn has_any(self, topics: &[Topic]) -> bool {
        topics.iter().any(|topic| self.has(*topic))
    }

    /// Whether the text is about the mailbox itself.
    pub(super) fn about_mailbox(self) -> bool {
        self.has_any(&[Topic::NoSuchUser, Topic::Disabled, Topic::Full])
    }

    /// Whether the text is about something else than the mailbox: the client, the sender, the
    /// message or the server.
    pub(super) fn about_others(self) -> bool {
        self.has_any(&[
            Topic::Greylist,
            Topic::Rate,
            Topic::Block,
            Topic::Relay,
            Topic::Sender,
            Topic::Recipients,
            Topic::StartTls,
            Topic::Denied,
            Topic::Server,
            Topic::Domain,
        ])
    }
}

/// Stands for the probed address in a masked text.
pub(super) const RECIPIENT: &str = "@rcpt";

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

/// Words of replies that are dropped if they are the local part, since they need not quote it.
const DROPPED: &[&str] = &[
    "sender", "client", "host", "hostname", "domain", "server", "service", "command", "helo",
    "name", "message", "from", "ip", "spam", "policy", "a", "an", "the", "this", "your", "is",
    "to", "in", "in", "or", "and", "of", "by",
];

/// Returns the text in lower case with single spaces, without links and addresses; [`RECIPIENT`]
/// replaces the address with the local part `local`.
pub(super) fn masked(text: &str, local: &str) -> String {
    let local = local.to_lowercase();
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');

    for word in text.split_whitespace() {
        let word = word.to_lowercase();
        match mask(&word, &local) {
            Mask::Word => out.push_str(&word),
            Mask::Recipient => {
                out.push_str(RECIPIENT);
                out.extend(word.chars().rev().take_while(|c| ",.:;!?".contains(*c)));
            }
            // Providers link to an explanation that is about the client's address.
            Mask::Link if word.contains("ip=") => out.push_str("ip-link"),
            Mask::Link | Mask::Dropped => continue,
        }
        out.push(' ');
    }

    out.replace(['\u{2019}', '\u{2018}', '`', '\u{b4}'], "'")
}

/// What replaces one word of a text.
enum Mask {
    Word,
    Recipient,
    Link,
    Dropped,
}

fn mask(word: &str, local: &str) -> Mask {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric());

    if word.contains("://") {
        return Mask::Link;
    }

    if let Some((name, _)) = bare.split_once('@') {
        let is_local = !local.is_empty() && (name == local || word.contains(&format!("{local}@")));
        return if is_local {
            Mask::Recipient
        } else {
            Mask::Dropped
        };
    }

    match bare {
        "" => Mask::Word,
        _ if bare != local || UNMASKED.contains(&bare) => Mask::Word,
        _ if DROPPED.contains(&bare) || word.contains('@') => Mask::Dropped,
        _ => Mask::Recipient,
    }
}

/// Finds the topics of a masked text.
pub(super) fn topics(masked: &str) -> Topics {
    // Domino's "not listed in the directory" is no blocklist.
    let plain = masked.replace("not listed", "not registered");
    let found = PHRASES
        .iter()
        .filter(|(_, phrases)| parts(phrases).any(|phrase| plain.contains(&*phrase)))
        .fold(0, |all, (topic, _)| all | *topic as u16);

    let mut topics = Topics(found);
    for topic in mailbox::topics(&plain) {
        topics.0 |= topic as u16;
    }

    topics
}

/// The entries of a list that is separated by commas.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

/// The entries of such a list, with spaces for underscores.
fn parts(list: &str) -> impl Iterator<Item = Cow<'_, str>> {
    entries(list).map(|entry| {
        if entry.contains('_') {
            Cow::Owned(entry.replace('_', " "))
        } else {
            Cow::Borrowed(entry)
        }
    })
}

/// Whether the text names a mailbox, a user or an address that is not the sender's.
pub(super) fn names_recipient(masked: &str) -> bool {
    mailbox::names_recipient(masked)
}

#[cfg(test)]
mod tests;
