//! What a reply means, from the stage at which it came, its code and its enhanced status code.
//!
//! RFC 5321 §4.2 (reply codes), RFC 3463 and its registry (RFC 5248: enhanced codes), RFC 7504 (521, 556), RFC 7505
//! (5.1.10), RFC 6531 (5.6.7). Words decide only where the codes leave it open: no enhanced code, or one that says
//! "other" (`x.y.0`), or the few providers who are known to use a code against its definition.

use super::{
    phrases::{Topic, Topics, masked, topics},
    reply::Reply,
    transcript::Stage,
};

/// The sense of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Yes; for RCPT: mail for it is taken, here or by forwarding (250, 251).
    Accepted,
    /// Taken without knowing whether the mailbox exists (252).
    Unverified,
    /// There is no such mailbox.
    NoSuchUser,
    /// It exists and takes nothing, for good.
    Disabled,
    /// It exists and has no room.
    Full,
    /// It is somewhere else now (551, 5.1.6).
    Moved,
    /// The host or domain takes no mail at all (521, 556, 5.1.10).
    NoMailHere,
    /// Not now, because we are strangers.
    Greylisted,
    /// We are not welcome: policy or reputation. Nothing is said about the mailbox.
    Blocked,
    /// We ask too often, or too many do.
    RateLimited,
    /// The server does not feel responsible for the domain.
    RelayDenied,
    /// The sender is what it does not like.
    SenderRefused,
    /// One recipient at a time.
    TooManyRecipients,
    /// Only with TLS, which did not come about.
    TlsRequired,
    /// Internationalized addresses are not taken (5.6.7).
    NoUtf8,
    /// A trouble of the server that will pass.
    Temporary,
    /// A refusal that may mean anything.
    Ambiguous,
}

/// What `reply` means at `stage`, where `local` is the local part that was asked for.
#[must_use]
pub fn meaning(stage: Stage, reply: &Reply, local: &str) -> Meaning {
    match reply.class() {
        2 if stage == Stage::Rcpt || stage == Stage::RcptRandom => match reply.code {
            252 => Meaning::Unverified,
            _ => Meaning::Accepted,
        },
        2 => Meaning::Accepted,
        4 | 5 => {
            let text = masked(&reply.text(), local);
            let topics = topics(&text);
            let code = reply
                .enhanced
                .map(|enhanced| (enhanced.subject, enhanced.detail));
            match (reply.class(), stage) {
                (4, _) => transient(stage, reply.code, code, &text, topics),
                (_, Stage::Rcpt | Stage::RcptRandom) => permanent(reply.code, code, &text, topics),
                _ => before_recipient(stage, reply.code, code, topics),
            }
        }
        _ => Meaning::Ambiguous,
    }
}

/// 5yz to RCPT.
fn permanent(code: u16, enhanced: Option<(u16, u16)>, text: &str, topics: Topics) -> Meaning {
    // Exchange Online's edge for recipients that its directory does not have; RFC 3463 means "no answer from host".
    let edge = text.contains("recipient address rejected: access denied");

    // Yandex refuses unknown users with a policy code; the sentence stands alone, with an id at most.
    let bare_no_such_user = text.starts_with(" no such user! ") && !topics.has(Topic::Block);

    match enhanced {
        _ if matches!(code, 521 | 556) => Meaning::NoMailHere,
        Some((1, 0)) if topics.has(Topic::Sender) => Meaning::SenderRefused,
        Some((1, 0 | 1 | 3)) => Meaning::NoSuchUser,
        Some((1, 6)) => Meaning::Moved,
        Some((1, 7 | 8)) => Meaning::SenderRefused,
        Some((1, 10)) => Meaning::NoMailHere,
        Some((2, 1)) if topics.has(Topic::NoSuchUser) && !topics.has(Topic::Disabled) => {
            Meaning::NoSuchUser
        }
        Some((2, 1)) => Meaning::Disabled,
        Some((2, 2)) => Meaning::Full,
        Some((4, 1)) if edge => Meaning::NoSuchUser,
        Some((5, 3)) => Meaning::TooManyRecipients,
        Some((6, 7)) => Meaning::NoUtf8,
        Some((7, 1)) if bare_no_such_user => Meaning::NoSuchUser,
        Some((7, detail)) => refusal(code, detail, topics),
        None | Some((0 | 2 | 3 | 5, 0)) => worded(code, edge, topics),
        // Routing, protocol, a list, a message size: not the mailbox.
        Some(_) if topics.has(Topic::Relay) => Meaning::RelayDenied,
        Some(_) => Meaning::Ambiguous,
    }
}

/// 5.7.x: we were refused, never the mailbox.
fn refusal(code: u16, detail: u16, topics: Topics) -> Meaning {
    if topics.has(Topic::Relay) {
        return Meaning::RelayDenied;
    }
    if topics.has(Topic::StartTls) && (code == 530 || matches!(detail, 0 | 1 | 10)) {
        return Meaning::TlsRequired;
    }
    // X.7.28: mail flood detected (RFC 7372's registry)
    if detail == 28 || topics.has(Topic::Rate) {
        return Meaning::RateLimited;
    }
    Meaning::Blocked
}

/// 5yz to RCPT without a telling enhanced code.
fn worded(code: u16, edge: bool, topics: Topics) -> Meaning {
    if edge {
        return Meaning::NoSuchUser;
    }

    if topics.has(Topic::Relay) {
        return Meaning::RelayDenied;
    }

    if topics.has(Topic::StartTls) {
        return Meaning::TlsRequired;
    }

    if topics.has(Topic::Recipients) {
        return Meaning::TooManyRecipients;
    }

    // "Unavailable, or refused for policy reasons" is RFC 5321's own text for 550: it says nothing.
    let refused =
        topics.has(Topic::Block) || topics.has(Topic::Rate) || topics.has(Topic::Greylist);
    if refused && topics.about_mailbox() {
        return Meaning::Ambiguous;
    }

    if topics.has(Topic::Rate) {
        return Meaning::RateLimited;
    }

    if refused {
        return Meaning::Blocked;
    }

    if topics.has(Topic::Sender) {
        return Meaning::SenderRefused;
    }

    if topics.has(Topic::Full) {
        return Meaning::Full;
    }

    if topics.has(Topic::Disabled) && !topics.has(Topic::NoSuchUser) {
        return Meaning::Disabled;
    }

    if topics.has(Topic::Moved) || code == 551 {
        return Meaning::Moved;
    }

    match code {
        // RFC 5321 §4.2.3: mailbox unavailable; mailbox name not allowed.
        550 | 553 => Meaning::NoSuchUser,
        552 => Meaning::Full,
        // Seen in the wild, though in no registry: the enhanced code 5.1.1, 5.7.1 and so on without its dots.
        510..=513 => Meaning::NoSuchUser,
        530 | 535 | 570..=579 => Meaning::Blocked,
        _ if topics.has(Topic::NoSuchUser) => Meaning::NoSuchUser,
        _ => Meaning::Ambiguous,
    }
}

/// 5yz to the connection, EHLO, STARTTLS or MAIL: nobody has been asked for yet.
fn before_recipient(
    stage: Stage,
    code: u16,
    enhanced: Option<(u16, u16)>,
    topics: Topics,
) -> Meaning {
    match (stage, enhanced) {
        (Stage::Connect | Stage::Banner, _) if code == 521 || code == 556 => Meaning::NoMailHere,
        (_, Some((6, 7))) => Meaning::NoUtf8,
        (Stage::Mail, _) if topics.has(Topic::StartTls) => Meaning::TlsRequired,
        (_, Some((7, 28))) => Meaning::RateLimited,
        _ if topics.has(Topic::Rate) && !topics.has(Topic::Block) => Meaning::RateLimited,
        (Stage::Mail, Some((1, 0 | 7 | 8))) => Meaning::SenderRefused,
        (Stage::Mail, Some((7, _))) if topics.has(Topic::Sender) && !topics.has(Topic::Block) => {
            Meaning::SenderRefused
        }
        (_, Some((7, _))) => Meaning::Blocked,
        (Stage::Mail, _) if topics.has(Topic::Block) => Meaning::Blocked,
        (Stage::Mail, _) if matches!(code, 501 | 550 | 553) || topics.has(Topic::Sender) => {
            Meaning::SenderRefused
        }
        (Stage::Ehlo | Stage::Starttls, _) if matches!(code, 500..=504) => Meaning::Ambiguous,
        // RFC 5321 §3.1: 554 instead of a greeting.
        _ => Meaning::Blocked,
    }
}

/// 4yz.
fn transient(
    stage: Stage,
    code: u16,
    enhanced: Option<(u16, u16)>,
    text: &str,
    topics: Topics,
) -> Meaning {
    let recipient = matches!(stage, Stage::Rcpt | Stage::RcptRandom);
    if topics.has(Topic::Greylist) {
        return Meaning::Greylisted;
    }

    match enhanced {
        Some((2, 2)) if recipient => return Meaning::Full,
        Some((5, 3)) => return Meaning::TooManyRecipients,
        Some((1, 7 | 8)) => return Meaning::SenderRefused,
        _ => {}
    }

    if topics.has(Topic::Recipients) {
        return Meaning::TooManyRecipients;
    }

    if topics.has(Topic::StartTls) {
        return Meaning::TlsRequired;
    }

    if topics.has(Topic::Relay) {
        return Meaning::RelayDenied;
    }

    if topics.has(Topic::Rate) || matches!(enhanced, Some((7, 28))) {
        return Meaning::RateLimited;
    }

    let open = matches!(enhanced, None | Some((0 | 2, 0)) | Some((3, 1)));
    if recipient && open && (topics.has(Topic::Full) || code == 422) {
        return Meaning::Full;
    }

    let blocked = topics.has(Topic::Block);

    match enhanced {
        Some((7, _)) if blocked => Meaning::Blocked,
        Some((7, 0)) => Meaning::RateLimited,
        // The code that greylisting uses, also where the text only asks to come again.
        Some((7, 1)) if recipient && matches!(code, 450 | 451) => Meaning::Greylisted,
        Some((7, _)) => Meaning::Blocked,
        None | Some((2, 0)) if recipient && matches!(code, 450 | 451) && asks_again(text) => {
            Meaning::Greylisted
        }
        None if blocked => Meaning::Blocked,
        None if code == 421 && !is_going_down(text) => Meaning::RateLimited,
        _ => Meaning::Temporary,
    }
}

fn asks_again(text: &str) -> bool {
    [
        "try again in ",
        "try again later",
        "come back ",
        "retry in ",
        "please retry",
        "wait ",
        "first time",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

/// 421 is also what a server says that is being stopped, or that has trouble of its own (RFC 5321 §3.8).
fn is_going_down(text: &str) -> bool {
    [
        "not available",
        "shut",
        "closing",
        "timeout",
        "timed out",
        "local error",
        "internal",
        "unavailable",
    ]
    .iter()
    .any(|phrase| text.contains(phrase))
}

/// Seconds after which a reply asks to be tried again: "try again in 5 minutes", "Greylisted for 300 seconds".
#[must_use]
pub fn retry_hint(reply: &Reply) -> Option<u64> {
    let text = masked(&reply.text(), "");
    let words: Vec<&str> = text.split_ascii_whitespace().collect();

    words.iter().enumerate().find_map(|(at, word)| {
        let before = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .copied()
            .unwrap_or_default();

        if !["in", "for", "after", "wait", "another", "least", "within"].contains(&before) {
            return None;
        }

        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 || digits > 6 {
            return None;
        }

        let number: u64 = word[..digits].parse().ok()?;
        let unit = match &word[digits..] {
            "" => words
                .get(at + 1)?
                .trim_matches(|c: char| !c.is_alphanumeric()),
            // 00:05:00
            rest if rest.starts_with(':') => return clock(word),
            rest => rest,
        };

        let seconds = match unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3600,
            _ => return None,
        };

        Some(number * seconds)
    })
}

fn clock(word: &str) -> Option<u64> {
    word.split(':').try_fold(0u64, |sum, part| {
        sum.checked_mul(60)?.checked_add(part.parse().ok()?)
    })
}

#[cfg(test)]
mod tests;
