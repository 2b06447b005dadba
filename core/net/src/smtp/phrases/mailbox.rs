//! What a text says about the mailbox: that it does not exist, is disabled or is full.
//!
//! A sentence counts if a noun for the recipient and a predicate belong together; a sentence about
//! the sender never does. Servers word this in endless ways, so whole phrases would not be enough.

use super::{
    Topic, entries, parts,
    sentence::{Token, normalized, sentences},
    vocabulary::{
        ABSENT, ADJECTIVES, AFTER_UNKNOWN, DISABLED, FOREIGN_FULL, FOREIGN_MAILBOXES,
        FOREIGN_SENDERS, FOREIGN_UNKNOWN, MAILBOXES, NOBODY, NOT_ACTIVE, OTHER_NOUNS, OTHERS_AFTER,
        OTHERS_BEFORE, RIGHTS, SENDERS, SENDING, SOUGHT, STORES, UNAVAILABLE, UNKNOWN,
    },
};

/// Most words between a noun and its predicate.
const REACH: usize = 8;

/// Finds what a masked text says about the mailbox.
pub(super) fn topics(masked: &str) -> Vec<Topic> {
    let text = normalized(masked);
    let mut found = Vec::new();
    let mut is_unavailable = false;

    for tokens in sentences(&text) {
        let sentence = Sentence(&tokens);
        if sentence.is_full() {
            found.push(Topic::Full);
        }
        if sentence.is_about_sender() {
            continue;
        }
        if sentence.says_unknown() {
            found.push(Topic::NoSuchUser);
        }
        if sentence.says_disabled() {
            found.push(Topic::Disabled);
        }
        is_unavailable |= sentence.says_unavailable();
    }

    found.extend(foreign_topics(masked));

    // RFC 5321's "mailbox unavailable" is often followed by the reason.
    if is_unavailable && found.is_empty() {
        found.push(Topic::NoSuchUser);
    }

    found
}

/// Whether a masked text has a noun for the recipient.
pub(super) fn names_recipient(masked: &str) -> bool {
    let text = normalized(masked);
    sentences(&text).iter().any(|tokens| {
        let sentence = Sentence(tokens);
        !sentence.is_about_sender() && (0..tokens.len()).any(|at| sentence.is_mailbox(at))
    })
}

/// Reads sentences in other languages than English by parts of words.
fn foreign_topics(masked: &str) -> Vec<Topic> {
    let mut found = Vec::new();

    for sentence in masked.split_inclusive(['.', ';', '!', '?', '。', '；', '！']) {
        let has = |list: &str| parts(list).any(|part| sentence.contains(&*part));
        if has(FOREIGN_SENDERS) || !has(FOREIGN_MAILBOXES) {
            continue;
        }
        if has(FOREIGN_UNKNOWN) {
            found.push(Topic::NoSuchUser);
        }
        if has(FOREIGN_FULL) {
            found.push(Topic::Full);
        }
    }

    found
}

/// Whether a word is in a list of the vocabulary.
fn lists(list: &str, word: &str) -> bool {
    entries(list).any(|entry| entry == word)
}

struct Sentence<'s, 't>(&'s [Token<'t>]);

impl Sentence<'_, '_> {
    fn word(&self, at: usize) -> &str {
        self.0.get(at).map_or("", |token| token.word)
    }

    /// Whether any word of the sentence is in a list of the vocabulary.
    fn has_any(&self, list: &str) -> bool {
        self.0.iter().any(|token| lists(list, token.word))
    }

    /// Whether the word at `at` is in a list of the vocabulary.
    fn is_one_of(&self, at: usize, list: &str) -> bool {
        lists(list, self.word(at))
    }

    /// The number of words of the phrase of `list` that stands at `at`; `None` if none does.
    fn length_at(&self, at: usize, list: &str) -> Option<usize> {
        entries(list)
            .find(|phrase| self.has_at(at, phrase))
            .map(|phrase| phrase.split(' ').count())
    }

    /// Whether the words of `phrase` stand at `at`.
    fn has_at(&self, at: usize, phrase: &str) -> bool {
        phrase
            .split(' ')
            .enumerate()
            .all(|(offset, word)| self.word(at + offset) == word)
    }

    fn is_about_sender(&self) -> bool {
        let from = |at: usize| {
            let before = at.checked_sub(1).map_or("", |before| self.word(before));
            self.word(at) == "from"
                && !matches!(before, "removed" | "remove" | "deleted" | "returned")
        };
        self.has_any(SENDERS) || (0..self.0.len()).any(from) || self.addresses_client()
    }

    /// Whether the sentence speaks of the client as a user: "you are not a valid user".
    fn addresses_client(&self) -> bool {
        let verbs = "are, do, have, must, need";
        let complements =
            "not, a, an, no, been, to, exceeded, reached, sent, too, blocked, be, authenticate";
        (0..self.0.len()).any(|at| {
            self.word(at) == "you"
                && self.is_one_of(at + 1, verbs)
                && self.is_one_of(at + 2, complements)
        })
    }

    /// Whether the word is a noun for the recipient, not one of the sender or of a machine.
    fn is_mailbox(&self, at: usize) -> bool {
        let before = |back: usize| at.checked_sub(back).map_or("", |before| self.word(before));
        // "email address", "mail account" are two words for one thing.
        let qualifier = match before(1) {
            "email" | "mail" => before(2),
            word => word,
        };

        self.is_one_of(at, MAILBOXES)
            && !lists(OTHERS_BEFORE, qualifier)
            && !self.is_one_of(at + 1, OTHERS_AFTER)
    }

    fn says_unknown(&self) -> bool {
        (0..self.0.len()).any(|at| {
            self.says_absent_at(at)
                || self.says_sought_at(at)
                || self.has_unknown_before_noun(at)
                || self.has_unknown_after_noun(at)
                || self.has_no_noun(at)
                || self.has_not_a_noun(at)
                || self.length_at(at, NOBODY).is_some()
        })
    }

    /// "the account … does not exist", "not found: user".
    fn says_absent_at(&self, at: usize) -> bool {
        let Some(length) = self.length_at(at, ABSENT) else {
            return false;
        };
        let end = at + length;
        match self.noun_before(at) {
            Some(noun) => self.is_mailbox(noun) && !self.is_prefix(noun, end),
            None => (end..end + 2).any(|noun| self.is_mailbox(noun)),
        }
    }

    /// "could not find the user", "does not have a mailbox here".
    fn says_sought_at(&self, at: usize) -> bool {
        let Some(length) = self.length_at(at, SOUGHT) else {
            return false;
        };
        let from = at + length;
        let noun = (from..from + 6).find(|at| self.is_noun(*at));
        !self.has_any(RIGHTS) && noun.is_some_and(|noun| self.is_mailbox(noun))
    }

    /// "unknown user", "bad destination mailbox address".
    fn has_unknown_before_noun(&self, at: usize) -> bool {
        self.is_one_of(at, UNKNOWN) && !self.ends_clause(at) && self.leads_to_noun(at + 1)
    }

    /// "user unknown", "the address is invalid".
    fn has_unknown_after_noun(&self, at: usize) -> bool {
        if !self.is_one_of(at, UNKNOWN) {
            return false;
        }

        let ends = self.ends_clause(at)
            || at + 1 == self.0.len()
            || self.is_one_of(at + 1, AFTER_UNKNOWN)
            || self.is_one_of(at + 1, UNKNOWN)
            || self
                .word(at + 1)
                .starts_with(|c: char| c.is_ascii_digit() || c == '@');

        ends && self.noun_before(at).is_some_and(|noun| {
            at - noun <= 5 && self.is_mailbox(noun) && !self.is_prefix(noun, at + 1)
        })
    }

    /// "no such user", "no mailbox here by that name".
    fn has_no_noun(&self, at: usize) -> bool {
        if self.word(at) != "no" || self.ends_clause(at) {
            return false;
        }

        let plain = matches!(
            self.word(at + 1),
            "mailbox" | "user" | "account" | "recipient" | "alias" | "person" | "addressee"
        );
        let such = matches!(
            self.word(at + 1),
            "such" | "valid" | "known" | "local" | "matching" | "active" | "mail" | "email"
        );

        // "554 no valid recipients" refuses DATA.
        (plain || such) && self.leads_to_noun(at + 1) && !self.has_any("recipients")
    }

    /// "is not a valid mailbox", "not user of this server".
    fn has_not_a_noun(&self, at: usize) -> bool {
        if self.word(at) != "not" || self.has_any(RIGHTS) {
            return false;
        }
        let article = matches!(self.word(at + 1), "a" | "an" | "any" | "our");
        let bare = matches!(self.word(at + 1), "user" | "valid" | "known" | "local");
        (article || bare) && self.leads_to_noun(at + 1 + usize::from(article))
    }

    /// Whether only adjectives stand between `from` and a noun for the recipient.
    fn leads_to_noun(&self, from: usize) -> bool {
        for at in from..from + 5 {
            if self.is_mailbox(at) {
                return true;
            }
            if !self.is_one_of(at, ADJECTIVES) {
                return false;
            }
        }
        false
    }

    /// The noun to which a predicate at `at` belongs: the nearest before it, except in "in this
    /// domain" and the like.
    fn noun_before(&self, at: usize) -> Option<usize> {
        let reach = at.saturating_sub(REACH)..at;
        let noun = reach
            .rev()
            .find(|noun| self.is_noun(*noun) && !self.is_place(*noun))?;
        // "host of the user": the predicate belongs to the host.
        let owner = (noun.saturating_sub(2)..noun).find(|of| self.word(*of) == "of");
        match owner.and_then(|of| of.checked_sub(1)) {
            Some(owned) if self.is_one_of(owned, OTHER_NOUNS) => Some(owned),
            _ => Some(noun),
        }
    }

    fn is_noun(&self, at: usize) -> bool {
        self.is_one_of(at, MAILBOXES) || self.is_one_of(at, OTHER_NOUNS)
    }

    /// Whether a noun only says where: "on this server", "in our domain".
    fn is_place(&self, at: usize) -> bool {
        self.is_one_of(at, OTHER_NOUNS)
            && (1..=3).any(|back| {
                at.checked_sub(back)
                    .is_some_and(|before| matches!(self.word(before), "in" | "at" | "on" | "by"))
            })
    }

    /// Whether the noun is only the address in front of the text, as Postfix writes it:
    /// `<a@b.example>: invalid HELO name`. It is more if the predicate ends the sentence.
    fn is_prefix(&self, noun: usize, end: usize) -> bool {
        self.word(noun) == super::RECIPIENT
            && self.0.get(noun).is_some_and(|token| token.colon)
            && end < self.0.len()
    }

    fn ends_clause(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|token| token.ends_clause)
    }

    fn says_unavailable(&self) -> bool {
        (0..self.0.len()).any(|at| self.length_at(at, UNAVAILABLE).is_some())
    }

    fn says_disabled(&self) -> bool {
        (0..self.0.len()).any(|at| {
            let says = self.is_one_of(at, DISABLED) || self.length_at(at, NOT_ACTIVE).is_some();
            says && (self
                .noun_before(at)
                .is_some_and(|noun| self.is_mailbox(noun) && !self.is_prefix(noun, at + 1))
                || self.leads_to_noun(at + 1))
        })
    }

    fn is_full(&self) -> bool {
        if self.has_any(SENDING) && !self.has_any("tried, trying") {
            return false;
        }

        // "Disk quota of the server is exceeded".
        let is_machines = self.has_any("server, system, host, service, domain")
            && !(0..self.0.len()).any(|at| self.is_mailbox(at));
        if is_machines && !self.has_any("mailfolder, maildir, mailfile") {
            return false;
        }

        let has_store = self.has_any(STORES);
        let exceeds = self.has_any("exceeded, exceeds, exceeding, exceed, over");
        let sized = self.has_any("size, capacity, storage, space, limit, maximum");
        let holds = self.has_any("mailbox, inbox, mailfolder, maildir");
        let storage = self.has_any("storage, space");
        let allocation = (0..self.0.len()).any(|at| self.has_at(at, "storage allocation"));

        self.has_any("quota, overquota, overquotta")
            || allocation
            || has_store && self.has_any("full")
            || has_store && storage && !self.has_any("system")
            || holds && exceeds && sized
    }
}
