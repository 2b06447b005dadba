use super::*;
use crate::smtp::meaning::Meaning::{
    Accepted, Ambiguous, Blocked, Disabled, Full, Greylisted, Moved, NoMailHere, NoSuchUser,
    RateLimited, RelayDenied, SenderRefused, Temporary, TlsRequired, TooManyRecipients, Unrelated,
    Unverified,
};
use crate::smtp::reply::Parser;

fn reply(line: &str) -> Reply {
    let mut parser = Parser::default();
    parser.push(line.replace('|', "\r\n").as_bytes());
    parser.push(b"\r\n");
    parser
        .take()
        .ok()
        .flatten()
        .unwrap_or_else(|| panic!("{line}"))
}

fn at(stage: Stage, line: &str) -> Meaning {
    meaning(stage, &reply(line), "somebody")
}

/// Replies to RCPT of providers and mail servers, with their meaning.
const REPLIES_TO_RCPT: &[(&str, Meaning)] = &[
    ("250 2.1.5 OK", Accepted),
    (
        "251 User not local; will forward to <a@b.example>",
        Accepted,
    ),
    ("252 2.0.0 Cannot VRFY user", Unverified),
    (
        "550-5.1.1 The email account that you tried to reach does not exist.|550 5.1.1 gsmtp",
        NoSuchUser,
    ),
    (
        "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown in virtual mailbox table",
        NoSuchUser,
    ),
    ("550 #5.1.0 Address rejected.", NoSuchUser),
    (
        "550 5.1.0 <x@y.example>: Sender address rejected: not found",
        SenderRefused,
    ),
    (
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
        NoSuchUser,
    ),
    (
        "550 5.4.1 Recipient address rejected: Access denied. [AM0.protection.outlook.com]",
        NoSuchUser,
    ),
    ("550 5.4.1 No answer from host", Ambiguous),
    ("550 5.7.1 No such user! 1700000000-abcdEFGH", NoSuchUser),
    (
        "550 5.7.1 Service unavailable; no such user here is known to us, client blocked",
        Blocked,
    ),
    (
        "554 delivery error: dd This user doesn't have a yahoo.com account (a@yahoo.com) [0]",
        NoSuchUser,
    ),
    (
        "554 delivery error: dd This account has been disabled or discontinued [#102]",
        Disabled,
    ),
    (
        "550 Requested action not taken: mailbox unavailable",
        NoSuchUser,
    ),
    (
        "550 Message was not accepted -- invalid mailbox. Local mailbox a@mail.ru is unavailable: user not found",
        NoSuchUser,
    ),
    ("550 Mailbox unavailable or access denied", Ambiguous),
    (
        "550 cuda_nsu 5.1.1 <a@b.example> Recipient address rejected: User unknown",
        NoSuchUser,
    ),
    ("550 Blocked", Blocked),
    ("550 No", Ambiguous),
    ("550", Ambiguous),
    (
        "550 5.2.1 <a@b.example>... Addressee unknown, relay=[192.0.2.1]",
        NoSuchUser,
    ),
    (
        "550 5.2.1 The email account that you tried to reach is inactive.",
        Disabled,
    ),
    (
        "552-5.2.2 The email account that you tried to reach is over quota.|552 5.2.2 gsmtp",
        Full,
    ),
    (
        "452-4.2.2 The recipient's inbox is out of storage space.|452 4.2.2 gsmtp",
        Full,
    ),
    ("452 4.1.1 <a@b.example> mailbox full", Full),
    (
        "552 Requested mail action aborted: exceeded storage allocation",
        Full,
    ),
    ("452 4.3.1 Insufficient system storage", Temporary),
    ("452 insufficient system storage", Temporary),
    ("452 4.5.3 Too many recipients", TooManyRecipients),
    ("550 5.1.6 Mailbox has moved", Moved),
    ("551 User not local; please try <a@new.example>", Moved),
    (
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        RelayDenied,
    ),
    ("554 5.7.1 <a@b.example>: Relay access denied", RelayDenied),
    ("454 4.7.1 <a@b.example>: Relay access denied", RelayDenied),
    ("550 relay not permitted", RelayDenied),
    ("550 5.7.1 Unable to relay", RelayDenied),
    ("556 5.1.10 Recipient address has null MX", NoMailHere),
    (
        "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/x",
        Greylisted,
    ),
    ("451 4.7.1 Please try again later", Greylisted),
    (
        "450 4.7.1 <a@b.example>: Recipient address rejected: Service is unavailable, listed at zen.spamhaus.org",
        Blocked,
    ),
    ("451 Temporary local problem - please try later", Temporary),
    (
        "450 4.1.1 <a@b.example>: Recipient address rejected: unverified address: Address verification in progress",
        Temporary,
    ),
    (
        "450-4.2.1 The user you are trying to contact is receiving mail too quickly.|450 4.2.1 gsmtp",
        RateLimited,
    ),
    ("421 4.7.0 Try again later, closing connection", RateLimited),
    (
        "450 4.7.28 Our system has detected an unusual rate of unsolicited mail",
        RateLimited,
    ),
    ("421 4.3.2 System not accepting network messages", Temporary),
    (
        "421 Service not available, closing transmission channel",
        Temporary,
    ),
    ("421 Too many connections from your host", RateLimited),
    (
        "550 5.7.1 Client host [192.0.2.1] blocked using Spamhaus",
        Blocked,
    ),
    (
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        Blocked,
    ),
    (
        "550 5.7.25 The IP address sending this message does not have a PTR record",
        Blocked,
    ),
    (
        "550-5.7.1 This message is likely unsolicited mail.|550 5.7.1 gsmtp",
        Blocked,
    ),
    (
        "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup",
        Blocked,
    ),
    ("530 5.7.0 Must issue a STARTTLS command first", TlsRequired),
    ("554 Transaction failed", Ambiguous),
    ("554 Mail rejected: your IP is blacklisted", Blocked),
    ("550 5.1.1 4.2.2", NoSuchUser),
    ("450 5.1.1 mailbox busy", Temporary),
];

#[test]
fn classifies_replies_of_providers_and_servers_to_rcpt() {
    for (line, expected) in REPLIES_TO_RCPT {
        assert_eq!(at(Stage::Rcpt, line), *expected, "{line}");
    }
}

#[test]
fn never_reports_an_unknown_user_before_rcpt() {
    for (stage, line, expected) in [
        (Stage::Banner, "554 No SMTP service here", Meaning::Blocked),
        (Stage::Banner, "550 no such user", Meaning::Blocked),
        (
            Stage::Banner,
            "521 does not accept mail",
            Meaning::NoMailHere,
        ),
        (
            Stage::Banner,
            "421 4.7.0 Too many connections",
            Meaning::RateLimited,
        ),
        (Stage::Ehlo, "550 5.7.1 HELO rejected", Meaning::Blocked),
        (Stage::Ehlo, "502 what?", Meaning::Ambiguous),
        (
            Stage::Mail,
            "550 5.1.8 Sender domain must exist",
            Meaning::SenderRefused,
        ),
        (
            Stage::Mail,
            "553 bounces are not accepted here",
            Meaning::SenderRefused,
        ),
        (
            Stage::Mail,
            "554 5.7.1 blocked using a blocklist",
            Meaning::Blocked,
        ),
        (
            Stage::Mail,
            "530 5.7.0 Must issue a STARTTLS command first",
            Meaning::TlsRequired,
        ),
        (Stage::Mail, "451 4.3.0 try later", Meaning::Temporary),
    ] {
        assert_eq!(at(stage, line), expected, "{line}");
    }
}

#[test]
fn parses_retry_hints() {
    for (line, expected) in [
        ("450 4.2.0 Greylisted for 300 seconds", Some(300)),
        (
            "451 4.7.1 Greylisting in action, please come back in 00:05:00",
            Some(300),
        ),
        ("451 try again in 5 minutes", Some(300)),
        ("451 retry in 2s.", Some(2)),
        ("451 4.7.1 wait 1 hour", Some(3600)),
        (
            "450 Greylisted, see http://postgrey.example/help/in/5",
            None,
        ),
        ("450 delayed for 99999999999999999999 seconds", None),
    ] {
        assert_eq!(retry_hint(&reply(line)), expected, "{line}");
    }
}

#[test]
fn classifies_bare_codes_by_their_common_use() {
    for (line, expected) in [
        ("521", NoMailHere),
        ("556 no", NoMailHere),
        ("510 no", NoSuchUser),
        ("513", NoSuchUser),
        ("514", Ambiguous),
        ("530", Blocked),
        ("535", Blocked),
        ("570", Blocked),
        ("579", Blocked),
        ("580", Ambiguous),
        ("551", Meaning::Moved),
        ("552", Full),
        ("553", Ambiguous),
        ("554", Ambiguous),
        ("422 later", Temporary),
        ("450", Temporary),
        ("354 go on", Unrelated),
        ("550 5.6.7 internationalized", Meaning::NoUtf8),
        ("550 5.3.0 other", Ambiguous),
        ("550 5.4.4 unable to route", Ambiguous),
    ] {
        assert_eq!(at(Stage::Rcpt, line), expected, "{line}");
        assert_eq!(at(Stage::RcptRandom, line), expected, "{line}");
    }
}

#[test]
fn ignores_the_probed_local_part_in_the_text() {
    let line = "550 blocked: unknown user";
    assert_eq!(meaning(Stage::Rcpt, &reply(line), "somebody"), Ambiguous);
    assert_eq!(meaning(Stage::Rcpt, &reply(line), "blocked"), NoSuchUser);
}

#[test]
fn limits_retry_hints_and_rejects_hostile_ones() {
    let hint = |line: &str| retry_hint(&reply(line));
    for (line, expected) in [
        ("451 try again in 999999 hours", Some(3_599_996_400)),
        ("451 try again in 1000000 seconds", None),
        ("451 try again in 0 seconds", Some(0)),
        ("451 wait 5m", Some(300)),
        ("451 retry after 90 sec.", Some(90)),
        ("451 in 5", None),
        ("451 in 5 apples", None),
        ("451 5 minutes", None),
        ("451 in 01:00", Some(60)),
        ("451 in 1:", None),
        ("451 in 1:18446744073709551615", None),
        ("451 in 1:99999999999999999999", None),
        ("451 in 9:9:9:9:9:9:9:9:9:9:9:9:9:9:9", None),
        ("451", None),
    ] {
        assert_eq!(hint(line), expected, "{line}");
    }
}

/// Refusals about the sender, the policy or the server, of which none is about the mailbox.
const OTHER_REFUSALS: &str = include_str!("tests/other-refusals.txt");
/// Refusals that say that the mailbox does not exist.
const NO_SUCH_USERS: &str = include_str!("tests/no-such-users.txt");
/// Refusals because the mailbox is full or disabled.
const FULL_OR_DISABLED: &str = include_str!("tests/full-or-disabled.txt");

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[test]
fn refusals_about_sender_policy_or_server_say_nothing_about_the_mailbox() {
    let wrong: Vec<_> = lines(OTHER_REFUSALS)
        .map(|line| (meaning(Stage::Rcpt, &reply(line), "bob"), line))
        .filter(|(found, _)| matches!(found, Accepted | NoSuchUser | Disabled | Full | Moved))
        .collect();
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}

#[test]
fn refusals_for_lack_of_a_mailbox_are_recognized() {
    let wrong: Vec<_> = lines(NO_SUCH_USERS)
        .map(|line| (meaning(Stage::Rcpt, &reply(line), "bob"), line))
        .filter(|(found, _)| *found != NoSuchUser)
        .collect();
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}

#[test]
fn full_and_disabled_mailboxes_are_recognized() {
    let wrong: Vec<_> = lines(FULL_OR_DISABLED)
        .filter_map(|line| line.split_once(" = "))
        .map(|(expected, line)| (expected, meaning(Stage::Rcpt, &reply(line), "bob"), line))
        .filter(|(expected, found, _)| format!("{found:?}") != *expected)
        .collect();
    assert!(wrong.is_empty(), "{} wrong: {wrong:#?}", wrong.len());
}
