//! What the words of a refusal hint at: the last resort, for replies whose codes say nothing.
//!
//! Gathered from RFC 5321's own texts and from what Postfix, Exim, Sendmail, qmail, Exchange and the large providers
//! write. Replies quote the address, and `blocked@example.com` is no block: what the asker chose is masked first.

/// What a text may be about; several at once make it ambiguous.
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

/// Topics of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Topics(u16);

impl Topics {
    pub(super) fn has(self, topic: Topic) -> bool {
        self.0 & topic as u16 != 0
    }

    /// Whether the text speaks of the mailbox itself.
    pub(super) fn about_mailbox(self) -> bool {
        [Topic::NoSuchUser, Topic::Disabled, Topic::Full]
            .into_iter()
            .any(|topic| self.has(topic))
    }
}

/// Each phrase may stand anywhere in the text, in lower case and with single spaces. Phrases that begin or end with a
/// space are whole words.
const PHRASES: &[(Topic, &[&str])] = &[
    (
        Topic::NoSuchUser,
        &[
            "no such user",
            "no such mailbox",
            "no such recipient",
            "no such address",
            "no such account",
            "no such local user",
            "no such person",
            "no mailbox",
            "no account by that name",
            "user unknown",
            "unknown user",
            "unknown recipient",
            "unknown mailbox",
            "unknown address",
            "unknown local part",
            "unknown or illegal alias",
            "unknown account",
            "user not known",
            "recipient unknown",
            "recipient not known",
            "mailbox unknown",
            "address unknown",
            "addressee unknown",
            "account unknown",
            "user not found",
            "recipient not found",
            "mailbox not found",
            "address not found",
            "account not found",
            "addressee not found",
            "does not exist",
            "doesn't exist",
            "do not exist",
            "dosn't exist",
            "not exists",
            "not exist ",
            "does not have a",
            "doesn't have a",
            "doesn't have an",
            "recipient does not have an account",
            "invalid mailbox",
            "invalid recipient",
            "invalid user",
            "invalid address",
            "not a valid mailbox",
            "not a valid user",
            "not a valid recipient",
            "not our customer",
            "not user of this server",
            "is no longer valid",
            "unrouteable address",
            "unroutable address",
            "undeliverable address",
            "mailbox unavailable",
            "mailbox is unavailable",
            "mailbox name not allowed",
            "mailbox name is invalid",
        ],
    ),
    (
        Topic::Disabled,
        &[
            "disabled",
            "deactivated",
            "inactive",
            "not active",
            "no longer active",
            "suspended",
            "discontinued",
            "account is locked",
            "account locked",
            "mailbox is locked",
            "mailbox locked",
            "account has been closed",
            "account is closed",
            "mailbox is frozen",
            "mailbox frozen",
            "account expired",
            "account has expired",
        ],
    ),
    (
        Topic::Full,
        &[
            "mailbox full",
            "mailbox is full",
            "mailbox for this user is full",
            "inbox is full",
            "inbox full",
            "mailfolder is full",
            "over quota",
            "overquota",
            "quota exceeded",
            "exceeded quota",
            "exceeds quota",
            "out of quota",
            "quota is exceeded",
            "exceeded its quota",
            "exceeded the quota",
            "exceeded his quota",
            "quota limit",
            "over the allowed quota",
            "mailbox size limit exceeded",
            "out of storage space",
            "storage allocation",
            "mailbox has exceeded",
            "exceeded storage",
        ],
    ),
    (
        Topic::Greylist,
        &[
            "greylist",
            "graylist",
            "grey list",
            "gray list",
            "grey-list",
            "gray-list",
        ],
    ),
    (
        Topic::Rate,
        &[
            "rate limit",
            "rate-limit",
            "ratelimit",
            "rate exceeded",
            "connection rate",
            "message rate",
            "unusual rate",
            "throttl",
            "too quickly",
            "too fast",
            "too many connections",
            "too many concurrent",
            "too many sessions",
            "too many messages",
            "too many requests",
            "too many errors",
            "too many invalid",
            "too many unknown",
            "too much mail",
            "exceeded the maximum number",
            "sending quota",
            "concurrency limit",
        ],
    ),
    (
        Topic::Block,
        &[
            "blocked",
            "blocklist",
            "block list",
            "blacklist",
            "black list",
            "denylist",
            "deny list",
            "blocking list",
            "spamhaus",
            "spamcop",
            "dnsbl",
            " rbl ",
            " rbl:",
            "reputation",
            "is listed",
            "listed in",
            "listed at",
            "listed by",
            "banned",
            " spam",
            "unsolicited",
            "suspicious",
            "malicious",
            "reverse dns",
            "reverse lookup",
            "rdns",
            "ptr record",
            "no ptr",
            "cannot find your hostname",
            "find your reverse hostname",
            "dynamic ip",
            "dynamic address",
            "client host rejected",
            "helo command rejected",
            "ehlo command rejected",
            "your ip",
            "sending ip",
            "ip address",
            "your host",
            "access denied",
            "permission denied",
            "not authorized",
            "not authorised",
            "not allowed to send",
            "administrative prohibition",
            "administratively",
            "for policy reasons",
            "policy reasons",
            "due to policy",
            "security policy",
            "local policy",
            "policy violation",
            "policy restriction",
            "policy rejection",
            "sender verify failed",
            "sender verification",
            " spf ",
            "dmarc",
            "firewall",
            "no smtp service here",
            "no service here",
            "not accepted from",
            "refused to talk",
            "message rejected",
            "mail rejected",
        ],
    ),
    (
        Topic::Relay,
        &[
            "relaying denied",
            "relaying not",
            "relaying is not",
            "relaying prohibited",
            "relay access denied",
            "relay denied",
            "relay not permitted",
            "relay not allowed",
            "relay is not allowed",
            "relay prohibited",
            "unable to relay",
            "cannot relay",
            "can't relay",
            "not permitted to relay",
            "not allowed to relay",
            "do not relay",
            "don't relay",
            "no relay",
            "not an open relay",
            "rcpthosts",
            "we do not accept mail for this domain",
            "not a local domain",
            "domain not hosted",
            "domain is not hosted",
            "not local to this",
        ],
    ),
    (
        Topic::Sender,
        &[
            "sender address rejected",
            "sender rejected",
            "invalid sender",
            "sender is invalid",
            "null sender",
            "empty sender",
            "blank sender",
            "null reverse",
            "empty envelope",
            "empty from",
            "empty return",
            "null return",
            "bounces are not",
            "bounce messages",
            "does not accept bounces",
            "not accept bounces",
            "no bounces",
            "mail from: <>",
            "sender domain",
            "sender address",
            "sender syntax",
        ],
    ),
    (
        Topic::Recipients,
        &[
            "too many recipients",
            "recipient limit",
            "recipients limit",
            "only one recipient",
            "one recipient",
            "multiple recipients",
            "multi-recipient",
            "more than one recipient",
        ],
    ),
    (
        Topic::StartTls,
        &[
            "starttls",
            "start tls",
            "tls required",
            "tls is required",
            "encryption required",
            "must use tls",
        ],
    ),
    (
        Topic::Moved,
        &[
            "has moved",
            "user not local",
            "new address",
            "please try <",
            "address changed",
        ],
    ),
];

/// Words that are also local parts: masking them would take the sense out of "no such user".
const ORDINARY: &[&str] = &[
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

/// The text in lower case with single spaces, without addresses and links, and without the word `local` that the
/// asker chose.
pub(super) fn masked(text: &str, local: &str) -> String {
    let local = local.to_lowercase();
    let mut out = String::with_capacity(text.len() + 2);
    out.push(' ');
    for word in text.split_whitespace() {
        let word = word.to_lowercase();
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_local = !bare.is_empty() && bare == local && !ORDINARY.contains(&bare);
        let is_address = word.contains('@') && bare.contains('@');
        if is_local || is_address || word.contains("://") {
            continue;
        }
        out.push_str(&word);
        out.push(' ');
    }
    out.replace('\u{2019}', "'")
}

/// Topics of a masked text.
pub(super) fn topics(masked: &str) -> Topics {
    let found = PHRASES
        .iter()
        .filter(|(_, phrases)| phrases.iter().any(|phrase| masked.contains(phrase)));
    Topics(found.fold(0, |all, (topic, _)| all | *topic as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_asker_chose_does_not_count() {
        let text = "<greylisted-user@blocked.example>: Recipient address rejected: User unknown";
        let topics = topics(&masked(text, "greylisted-user"));
        assert!(
            topics.has(Topic::NoSuchUser)
                && !topics.has(Topic::Greylist)
                && !topics.has(Topic::Block)
        );
        assert_eq!(
            masked("Unknown user: blocked", "blocked"),
            " unknown user: "
        );
        assert_eq!(masked("No such  user\nhere", "user"), " no such user here ");
        assert_eq!(
            masked("see https://x.example/blocked now", "a"),
            " see now "
        );
    }

    #[test]
    fn phrases_are_lower_case() {
        for phrase in PHRASES.iter().flat_map(|(_, phrases)| *phrases) {
            assert_eq!(*phrase, phrase.to_lowercase());
            assert!(!phrase.contains("  "));
        }
    }
}
