use super::*;

#[test]
fn masks_addresses_and_the_local_part() {
    let text = "<greylisted-user@blocked.example>: Recipient address rejected: User unknown";
    let topics = topics(&masked(text, "greylisted-user"));
    assert!(
        topics.has(Topic::NoSuchUser) && !topics.has(Topic::Greylist) && !topics.has(Topic::Block)
    );
    assert_eq!(
        masked("Unknown user: blocked", "blocked"),
        " unknown user: @rcpt "
    );
    assert_eq!(masked("No such  user\nhere", "user"), " no such user here ");
    assert_eq!(
        masked("see https://x.example/blocked now", "a"),
        " see now "
    );
}

#[test]
fn phrases_are_lower_case_with_single_spaces() {
    for phrase in PHRASES.iter().flat_map(|(_, phrases)| parts(phrases)) {
        assert_eq!(*phrase, phrase.to_lowercase());
        assert!(
            !phrase.contains("  ") && phrase.trim().len() > 2,
            "{phrase}"
        );
    }
}

fn all(text: &str) -> Vec<Topic> {
    use Topic::{
        Block, Denied, Disabled, Domain, Full, Greylist, Moved, NoSuchUser, Rate, Recipients,
        Relay, Sender, Server, StartTls,
    };
    let found = topics(&masked(text, ""));
    [
        NoSuchUser, Disabled, Full, Greylist, Rate, Block, Relay, Sender, Recipients, StartTls,
        Moved, Denied, Server, Domain,
    ]
    .into_iter()
    .filter(|topic| found.has(*topic))
    .collect()
}

#[test]
fn finds_the_topic_of_a_text() {
    for (text, expected) in [
        ("", &[][..]),
        ("Requested action okay", &[]),
        ("No such user here", &[Topic::NoSuchUser]),
        ("NO SUCH  USER", &[Topic::NoSuchUser]),
        ("Mailbox is over quota", &[Topic::Full]),
        ("Greylisted, come again", &[Topic::Greylist]),
        ("Relay access denied", &[Topic::Relay, Topic::Denied]),
        ("Null sender is not taken", &[Topic::Sender]),
        ("Too many recipients", &[Topic::Recipients]),
        ("Must issue a STARTTLS command first", &[Topic::StartTls]),
        ("The user has moved", &[Topic::Moved]),
        ("blocked by our firewall", &[Topic::Block]),
        ("fails SPF here", &[Topic::Block]),
        ("spfx is a word of its own", &[]),
    ] {
        assert_eq!(all(text), expected, "{text}");
    }
}

#[test]
fn finds_several_topics() {
    let found = all("mailbox unavailable, or access denied for policy reasons");
    assert!(found.contains(&Topic::Block), "{found:?}");
    let found = topics(&masked("user unknown, mailbox full", ""));
    assert!(found.about_mailbox() && found.has(Topic::Full) && found.has(Topic::NoSuchUser));
    assert!(!topics(" relay access denied ").about_mailbox());
}

#[test]
fn matches_typographic_apostrophes() {
    assert_eq!(
        masked("This user doesn\u{2019}t exist", "x"),
        " this user doesn't exist "
    );
}
