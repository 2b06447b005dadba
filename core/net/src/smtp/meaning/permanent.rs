//! Classifies permanent errors (5yz) to RCPT.

use super::{
    super::phrases::{Topic, Topics, names_recipient},
    Meaning,
};

/// A permanent error (5yz) to RCPT.
pub(super) struct Permanent<'t> {
    pub code: u16,
    /// Text of the reply, with addresses masked.
    pub text: &'t str,
    pub topics: Topics,
}

impl Permanent<'_> {
    fn has(&self, topic: Topic) -> bool {
        self.topics.has(topic)
    }

    /// Classifies by the enhanced code, and by the text where that code is ambiguous.
    pub(super) fn classify(&self, enhanced: Option<(u16, u16)>) -> Meaning {
        match enhanced {
            _ if matches!(self.code, 521 | 556) => self.classify_no_mail(enhanced),
            Some((1, 0)) => self.classify_address(),
            Some((1, 1 | 3)) => self.classify_mailbox_code(),
            Some((1, 2)) => self.classify_domain(),
            Some((1, 6)) => Meaning::Moved,
            Some((1, 7 | 8)) => Meaning::SenderRefused,
            Some((1, 10)) if self.has(Topic::Domain) => Meaning::NoMailHere,
            Some((1, 10)) => self.classify_mailbox_code(),
            Some((2, 1)) => self.classify_disabled(),
            Some((2, 2)) => self.classify_full(),
            Some((5, 1 | 2 | 4 | 6)) if !self.topics.about_mailbox() => Meaning::Unrelated,
            Some((5, 3)) => Meaning::TooManyRecipients,
            Some((6, 7)) => Meaning::NoUtf8,
            Some((7, detail)) => self.classify_policy(detail),
            // Routing, mailing lists, message size and "other": the text decides.
            Some(_) | None => self.classify_by_text(enhanced.is_some()),
        }
    }

    /// 521 and 556 refuse all mail (RFC 7504); a few servers use 521 for a block.
    fn classify_no_mail(&self, enhanced: Option<(u16, u16)>) -> Meaning {
        let (block, rate) = (self.has(Topic::Block), self.has(Topic::Rate));
        match enhanced {
            _ if rate && !block => Meaning::RateLimited,
            Some((7, _)) => Meaning::Blocked,
            _ if block => Meaning::Blocked,
            _ => Meaning::NoMailHere,
        }
    }

    /// 5.1.0: an address, which may be the sender's.
    fn classify_address(&self) -> Meaning {
        if self.topics.about_mailbox() || self.topics.about_others() {
            return self.classify_mailbox_code();
        }
        if names_recipient(self.text) {
            Meaning::NoSuchUser
        } else {
            Meaning::Ambiguous
        }
    }

    /// 5.1.1, 5.1.3 and Exchange's 5.1.10: no such mailbox, unless the text says otherwise.
    fn classify_mailbox_code(&self) -> Meaning {
        // "Too many invalid recipients" is about all recipients of the client.
        if self.has(Topic::NoSuchUser) && !self.has(Topic::Rate) {
            return Meaning::NoSuchUser;
        }
        if self.has(Topic::Full) {
            return Meaning::Full;
        }
        if self.has(Topic::Disabled) {
            return Meaning::Disabled;
        }
        self.classify_reason().unwrap_or(Meaning::NoSuchUser)
    }

    /// 5.1.2: the domain of an address does not exist or does not accept mail.
    fn classify_domain(&self) -> Meaning {
        if self.topics.about_mailbox() {
            return self.classify_mailbox_code();
        }
        match self.classify_reason() {
            Some(meaning) if !self.has(Topic::Domain) => meaning,
            Some(meaning @ (Meaning::SenderRefused | Meaning::RelayDenied)) => meaning,
            _ => Meaning::NoMailHere,
        }
    }

    /// 5.2.1: disabled; Gmail uses it for a rate limit too, AOL for a block.
    fn classify_disabled(&self) -> Meaning {
        if self.has(Topic::Rate) && !self.has(Topic::Disabled) {
            return Meaning::RateLimited;
        }
        if self.has(Topic::Disabled) {
            return Meaning::Disabled;
        }
        if self.has(Topic::NoSuchUser) {
            return Meaning::NoSuchUser;
        }
        if self.has(Topic::Full) {
            return Meaning::Full;
        }
        match self.classify_reason() {
            Some(meaning @ (Meaning::Blocked | Meaning::SenderRefused | Meaning::Greylisted)) => {
                meaning
            }
            _ => Meaning::Disabled,
        }
    }

    /// Reads 5.2.2: the mailbox is full.
    fn classify_full(&self) -> Meaning {
        if self.has(Topic::NoSuchUser) && !self.has(Topic::Full) {
            return Meaning::NoSuchUser;
        }
        Meaning::Full
    }

    /// 5.7.x rejects the client; some servers use it for the mailbox all the same.
    fn classify_policy(&self, detail: u16) -> Meaning {
        if self.has(Topic::Relay) {
            return Meaning::RelayDenied;
        }
        if self.has(Topic::StartTls) && (self.code == 530 || matches!(detail, 0 | 1 | 10)) {
            return Meaning::TlsRequired;
        }
        // X.7.28: mail flood detected (RFC 7372's registry)
        if detail == 28 || self.has(Topic::Rate) {
            return Meaning::RateLimited;
        }
        match self.classify_mailbox_words() {
            Some(meaning) if matches!(detail, 0 | 1) && !self.topics.about_others() => meaning,
            _ => Meaning::Blocked,
        }
    }

    /// Classifies by the text alone, and by a few codes that have only one meaning.
    fn classify_by_text(&self, is_coded: bool) -> Meaning {
        // Exchange Online's edge (DBEB), for recipients that are not in its directory: 5.4.1, which
        // is "no answer from host" in RFC 3463.
        let of_exchange = [
            "recipient address rejected: access denied",
            "recipient addresses rejected : access denied",
            "recipient addresses rejected: access denied",
        ];
        if of_exchange.iter().any(|words| self.text.contains(words)) {
            return Meaning::NoSuchUser;
        }

        let is_policy = matches!(self.code, 530 | 535 | 570..=579);

        if let Some(meaning) = self.classify_reason() {
            if is_policy && meaning == Meaning::Unrelated {
                return Meaning::Blocked;
            }
            // RFC 5321's generic text for 550, "mailbox unavailable … or command rejected for
            // policy reasons", is ambiguous.
            let is_mixed = self.topics.about_mailbox() && meaning != Meaning::RelayDenied;
            return if is_mixed {
                Meaning::Ambiguous
            } else {
                meaning
            };
        }

        if let Some(meaning) = self.classify_mailbox_words() {
            return meaning;
        }

        let is_bare = !self.text.chars().any(char::is_alphabetic);

        match self.code {
            500..=504 | 555 => Meaning::Unrelated,
            551 if is_bare || self.has(Topic::Moved) => Meaning::Moved,
            552 if is_bare && !is_coded => Meaning::Full,
            // Used by some servers, though not registered: the enhanced codes 5.1.0 to 5.1.3 and
            // 5.7.x without their dots.
            510..=513 => Meaning::NoSuchUser,
            _ if is_policy => Meaning::Blocked,
            _ => Meaning::Ambiguous,
        }
    }

    /// What the text says about the mailbox, if that is one thing.
    fn classify_mailbox_words(&self) -> Option<Meaning> {
        let said = [Topic::NoSuchUser, Topic::Disabled, Topic::Full].map(|topic| self.has(topic));
        match said {
            [false, false, true] => Some(Meaning::Full),
            [false, true, false] => Some(Meaning::Disabled),
            [true, _, false] => Some(Meaning::NoSuchUser),
            [_, _, true] => Some(Meaning::Ambiguous),
            [false, false, false] if self.has(Topic::Moved) => Some(Meaning::Moved),
            [false, false, false] => None,
        }
    }

    /// What the text says about anything but the mailbox.
    fn classify_reason(&self) -> Option<Meaning> {
        const MEANINGS: &[(Topic, Meaning)] = &[
            (Topic::Relay, Meaning::RelayDenied),
            (Topic::StartTls, Meaning::TlsRequired),
            (Topic::Recipients, Meaning::TooManyRecipients),
            (Topic::Rate, Meaning::RateLimited),
            (Topic::Block, Meaning::Blocked),
            (Topic::Greylist, Meaning::Blocked),
            (Topic::Sender, Meaning::SenderRefused),
            (Topic::Denied, Meaning::Unrelated),
            (Topic::Server, Meaning::Unrelated),
            (Topic::Domain, Meaning::Unrelated),
        ];
        MEANINGS
            .iter()
            .find(|(topic, _)| self.has(*topic))
            .map(|(_, meaning)| *meaning)
    }
}
