//! Classification of a text: a command line, other text for the bot, or text meant for others.

use netvane_core::command::{
    Registry,
    targets::{self, Target},
};
use teloxide::types::{Message, MessageEntityKind};

/// Command that Telegram sends when a user opens a deep link; the link's parameter follows.
const START: &str = "start";

/// Start of a header line that identifies a mail message; prose does not begin a line like this.
const TRACE_LINE: &str = "received:";

/// Whom a text is addressed to, and what it contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ParsedText {
    /// A message that is not addressed to the bot.
    Others,
    /// A command line for the bot.
    Line(String),
    /// `/start` without a command, which Telegram sends when a user opens the bot.
    Start,
    /// Text without a command, in a direct chat with the bot.
    Words,
}

/// Classifies a text. `alone` says that it is from a direct chat with the bot.
pub(crate) fn parse_text(
    text: &str,
    username: &str,
    registry: &Registry,
    alone: bool,
) -> ParsedText {
    let text = text.trim();
    if let Some(rest) = mention(text, username) {
        return match rest {
            "" => ParsedText::Start,
            rest => ParsedText::Line(rest.to_owned()),
        };
    }

    if !text.starts_with('/') {
        return if alone {
            ParsedText::Words
        } else {
            ParsedText::Others
        };
    }

    let first = text.split_whitespace().next().unwrap_or_default();
    let (name, bot) = match first.split_once('@') {
        Some((name, bot)) => (name, Some(bot)),
        None => (first, None),
    };
    if bot.is_some_and(|bot| !bot.eq_ignore_ascii_case(username)) {
        return ParsedText::Others;
    }

    let name = name
        .trim_start_matches('/')
        .to_lowercase()
        .replace('-', "_");
    let for_us = alone || bot.is_some() || registry.find(&name).is_some();

    match (for_us, name == START) {
        (false, _) => ParsedText::Others,
        (true, false) => ParsedText::Line(text.to_owned()),
        (true, true) => {
            linked(&text[first.len()..], registry).map_or(ParsedText::Start, ParsedText::Line)
        }
    }
}

/// Returns what follows a mention of the bot at the start of a text.
fn mention<'t>(text: &'t str, username: &str) -> Option<&'t str> {
    let rest = text.strip_prefix('@')?;
    let name = rest
        .get(..username.len())
        .filter(|name| name.eq_ignore_ascii_case(username))?;
    let rest = &rest[name.len()..];
    let ends = rest
        .chars()
        .next()
        .is_none_or(|c| !c.is_alphanumeric() && c != '_');
    (ends && !username.is_empty()).then(|| rest.trim_start_matches([',', ':']).trim())
}

/// Returns the command line of a deep link's parameter: `mx-example_com` means `/mx example.com`. It
/// can contain only letters, digits, `_` and `-`, so the first hyphen ends the command; after it,
/// `_` means a dot and `__` an underscore.
fn linked(parameter: &str, registry: &Registry) -> Option<String> {
    let link = parameter.trim();
    let (command, argument) = link.split_once('-').unwrap_or((link, ""));
    let entry = registry.find(command)?;
    let argument = argument
        .replace("__", "\0")
        .replace('_', ".")
        .replace('\0', "_");
    Some(
        format!("/{} {argument}", entry.spec.name)
            .trim_end()
            .to_owned(),
    )
}

/// Returns whether the text contains a `Received` header of a mail message.
pub(crate) fn is_mail(text: &str) -> bool {
    text.lines().any(|line| {
        line.get(..TRACE_LINE.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(TRACE_LINE))
    })
}

/// Returns the text of a message, or the caption of its file.
pub(crate) fn text_of(message: &Message) -> &str {
    message.text().or(message.caption()).unwrap_or_default()
}

/// Returns the targets of the message replied to: those in the quoted part if there is one,
/// otherwise those in the whole text and its links.
pub(crate) fn targets_of(replied: &Message, quoted: Option<&str>) -> Vec<Target> {
    if let Some(quoted) = quoted {
        return targets::found_in(quoted);
    }
    let entities = replied
        .entities()
        .or(replied.caption_entities())
        .unwrap_or_default();
    let links = entities.iter().filter_map(|entity| match &entity.kind {
        MessageEntityKind::TextLink { url } => Some(url.as_str()),
        _ => None,
    });
    let all: Vec<&str> = std::iter::once(text_of(replied)).chain(links).collect();
    targets::found_in(&all.join("\n"))
}

#[cfg(test)]
mod tests {
    use netvane_core::{Engine, settings::Settings};

    use super::*;

    fn read(text: &str, alone: bool) -> ParsedText {
        let engine = Engine::new(&Settings::default()).expect("starts");
        parse_text(text, "NetvaneBot", engine.registry(), alone)
    }

    fn line(text: &str) -> ParsedText {
        ParsedText::Line(text.into())
    }

    #[tokio::test]
    async fn ignores_commands_for_others() {
        for text in [
            "/mx@netvanebot example.com",
            "/mx example.com",
            "/MX example.com",
        ] {
            assert_eq!(read(text, false), line(text));
        }
        assert_eq!(read("/mx@OtherBot example.com", true), ParsedText::Others);
        assert_eq!(read("/weather London", false), ParsedText::Others);
        assert_eq!(
            read("/weather@NetvaneBot London", false),
            line("/weather@NetvaneBot London")
        );
        assert_eq!(read("/weather London", true), line("/weather London"));
        assert_eq!(read("mx example.com", false), ParsedText::Others);
        assert_eq!(read("mx example.com", true), ParsedText::Words);
    }

    #[tokio::test]
    async fn text_after_a_mention_is_a_command_line() {
        assert_eq!(
            read("@NetvaneBot mx example.com", false),
            line("mx example.com")
        );
        assert_eq!(
            read("@netvanebot: mx example.com", false),
            line("mx example.com")
        );
        assert_eq!(
            read("@NetvaneBots mx example.com", false),
            ParsedText::Others
        );
    }

    #[tokio::test]
    async fn deep_links_are_command_lines() {
        assert_eq!(read("/start mx-example_com", true), line("/mx example.com"));
        assert_eq!(
            read("/start whois-my-site_example_com", true),
            line("/whois my-site.example.com")
        );
        assert_eq!(
            read("/start txt-__dmarc_example_com", true),
            line("/txt _dmarc.example.com")
        );
        assert_eq!(
            read("/start lookup-example_com", true),
            line("/dns example.com")
        );
        assert_eq!(read("/start help", true), line("/help"));
    }

    #[tokio::test]
    async fn opening_the_bot_is_no_command_line() {
        for text in [
            "/start",
            "/start@NetvaneBot",
            "/start 12345",
            "/START",
            "@NetvaneBot",
        ] {
            assert_eq!(read(text, true), ParsedText::Start, "{text}");
        }
        assert_eq!(read("/start@OtherBot", true), ParsedText::Others);
        assert_eq!(read("/started", true), line("/started"));
    }

    #[test]
    fn detects_mail_headers_by_their_received_line() {
        assert!(is_mail("From: a@example.com\nReceived: from a by b; now\n"));
        assert!(!is_mail("I received: nothing"));
    }
}
