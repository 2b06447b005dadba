//! Checks the settings of Telegram and Discord before their adapters start. No error repeats a
//! secret.
//!
//! The developer portals show several similar values next to each other, so errors name the value
//! that was probably pasted.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Discord, Settings,
    urls::{is_here, is_web},
};

/// How Telegram's updates arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum TelegramMode {
    /// Netvane polls for them.
    Polling,
    /// Telegram delivers them over HTTP.
    Webhook,
}

impl TryFrom<String> for TelegramMode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "polling" => Ok(Self::Polling),
            "webhook" => Ok(Self::Webhook),
            _ => Err("expected polling or webhook"),
        }
    }
}

/// How Discord's interactions arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum DiscordMode {
    /// Over a connection that the bot keeps open.
    Gateway,
    /// As signed HTTP requests from Discord.
    Interactions,
}

impl TryFrom<String> for DiscordMode {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "gateway" => Ok(Self::Gateway),
            "interactions" => Ok(Self::Interactions),
            _ => Err("expected gateway or interactions"),
        }
    }
}

/// How Discord lists the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "lowercase")]
pub enum DiscordCommands {
    /// Each by its own name: `/mx`.
    Flat,
    /// As subcommands of their group: `/dns mx`.
    Grouped,
}

impl TryFrom<String> for DiscordCommands {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "flat" => Ok(Self::Flat),
            "grouped" => Ok(Self::Grouped),
            _ => Err("expected flat or grouped"),
        }
    }
}

pub(super) fn check_telegram(settings: &Settings, must: &mut impl FnMut(bool, &str)) {
    let telegram = &settings.telegram;

    let url = Url::parse(&telegram.api_url).ok();

    must(
        url.as_ref().is_some_and(is_web),
        "telegram.api_url: expected an http or https URL",
    );

    // `config show` prints this URL, so it must not contain a token.
    must(
        !url.is_some_and(|url| url.path().contains("/bot") || url.path().contains(':')),
        "telegram.api_url: expected only the server, such as https://api.telegram.org, without `/bot` and the token",
    );
    if let Some(fault) = telegram_token(telegram.token.reveal()) {
        must(false, &format!("telegram.token: {fault}"));
    }

    let secret = telegram.secret_token.reveal();

    must(
        secret.len() <= 256
            && secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)),
        "telegram.secret_token: expected up to 256 letters, digits, underscores and hyphens",
    );

    if telegram.mode == TelegramMode::Webhook {
        must(
            settings.http.public_url.starts_with("https://"),
            "telegram.mode: webhook requires http.public_url with https",
        );
        must(
            !secret.is_empty(),
            "telegram.mode: webhook requires telegram.secret_token",
        );
    }
}

pub(super) fn check_discord(discord: &Discord, must: &mut impl FnMut(bool, &str)) {
    let url = Url::parse(&discord.api_url).ok();

    must(
        url.as_ref().is_some_and(is_web),
        "discord.api_url: expected an http or https URL",
    );
    must(
        url.is_none_or(|url| url.path() == "/"),
        "discord.api_url: expected only the server, such as https://discord.com, without a path",
    );
    if let Some(fault) = discord_token(discord.token.reveal().trim()) {
        must(false, &format!("discord.token: {fault}"));
    }

    let is_id = |id: &str| id.parse::<u64>().is_ok_and(|id| id > 0);

    must(
        discord.application_id.is_empty() || is_id(&discord.application_id),
        "discord.application_id: expected the numeric ID from Discord's developer portal",
    );
    must(
        discord.guilds.iter().all(|guild| is_id(guild)),
        "discord.guilds: expected server IDs",
    );

    let key = discord.public_key.as_bytes();
    let is_key = key.len() == 64 && key.iter().all(u8::is_ascii_hexdigit);

    must(
        key.is_empty() || is_key,
        "discord.public_key: expected 64 hexadecimal digits",
    );

    if discord.mode == DiscordMode::Interactions {
        must(
            !key.is_empty() && !discord.application_id.is_empty(),
            "discord.mode: interactions requires discord.public_key and discord.application_id",
        );
    }
}

const TELEGRAM_FORM: &str =
    "expected a number, a colon and 35 letters, digits, hyphens and underscores (from @BotFather)";
const DISCORD_FORM: &str =
    "expected three parts separated by dots (developer portal: Bot, Reset Token)";

/// Returns what is certainly wrong with a Telegram token.
fn telegram_token(token: &str) -> Option<&'static str> {
    if token.is_empty() {
        return None;
    }
    if token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some("it contains a space or line break; use the token alone");
    }
    if token
        .strip_prefix("bot")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        return Some("remove the `bot` prefix that is only used in URLs");
    }
    let (number, secret) = token.split_once(':').unwrap_or_default();
    let fits = number.parse::<u64>().is_ok() && !secret.is_empty() && is_base64url(secret);
    (!fits).then_some(TELEGRAM_FORM)
}

/// Returns what is certainly wrong with a Discord token.
fn discord_token(token: &str) -> Option<&'static str> {
    let starts = |prefix: &str| {
        token
            .get(..prefix.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(prefix))
    };

    if token.is_empty() {
        return None;
    }

    if starts("Bot ") || starts("Bearer ") {
        return Some("remove the `Bot` prefix that is only used in headers");
    }

    if token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Some("it contains a space or line break; use the token alone");
    }

    if token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some("this looks like the application's public key; the token is under Bot");
    }

    if token.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("this is a number, such as the application ID; the token is under Bot");
    }

    if token.len() == 32 && is_base64url(token) {
        return Some("this looks like the client secret (OAuth2); the token is under Bot");
    }

    let parts: Vec<&str> = token.split('.').collect();
    let fits = parts.len() == 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && is_base64url(part));

    (!fits).then_some(DISCORD_FORM)
}

fn is_base64url(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Warns about values that are probably, but not certainly, wrong.
pub(super) fn advise(settings: &Settings, tell: &mut impl FnMut(bool, &str)) {
    let Settings {
        telegram, discord, ..
    } = settings;
    let defaults = Settings::default();

    tell(
        !telegram.token.is_set() && *telegram != defaults.telegram,
        "telegram: telegram.token is not set, so the adapter does not start",
    );
    tell(
        !discord.token.is_set() && *discord != defaults.discord,
        "discord: discord.token is not set, so the adapter does not start",
    );

    let secret = telegram
        .token
        .reveal()
        .split_once(':')
        .map_or("", |(_, secret)| secret);

    tell(
        telegram.token.is_set() && !(30..=50).contains(&secret.len()),
        "telegram.token: expected 35 characters after the colon; it may be incomplete",
    );
    tell(
        telegram.mode == TelegramMode::Webhook && telegram.secret_token.reveal().len() < 16,
        "telegram.secret_token: too short, could be guessed and deliveries forged; create one with `openssl rand -hex 32`",
    );
    tell(
        telegram.mode == TelegramMode::Polling && telegram.secret_token.is_set(),
        "telegram.secret_token: only used with telegram.mode = \"webhook\"; updates are polled now",
    );

    for (key, url) in [
        ("telegram.api_url", &telegram.api_url),
        ("discord.api_url", &discord.api_url),
    ] {
        let plain = Url::parse(url).is_ok_and(|url| url.scheme() == "http" && !is_here(&url));
        tell(plain, &format!("{key}: http exposes the token; use https"));
    }

    let number = bot_number(discord.token.reveal().trim());

    tell(
        discord.token.is_set() && number.is_none(),
        "discord.token: its first part is not a bot ID; it may be incomplete",
    );

    let other = number.is_some_and(|number| number != discord.application_id);

    tell(
        other && !discord.application_id.is_empty(),
        "discord.application_id: discord.token seems to belong to another application",
    );
}

/// The number that the first part of a Discord token holds.
fn bot_number(token: &str) -> Option<String> {
    let first = token.split('.').next()?.trim_end_matches('=');
    let number = String::from_utf8(BASE64URL_NOPAD.decode(first.as_bytes()).ok()?).ok()?;
    number.parse::<u64>().is_ok().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_TELEGRAM: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_";
    const OF_DISCORD: &str = "MTEwMDAwMDAwMDAwMDAwMDAwMQ.Fake00.netvane-tests-token-of-no-real-bot";

    #[test]
    fn tokens_have_the_form_of_their_platform() {
        for right in ["", OF_TELEGRAM, "1:a"] {
            assert_eq!(telegram_token(right), None, "{right}");
        }

        for (wrong, told) in [
            ("110201543", TELEGRAM_FORM),
            ("110201543:", TELEGRAM_FORM),
            ("110201543:AAHd…", TELEGRAM_FORM),
            ("\"110201543:AAHd\"", TELEGRAM_FORM),
            ("netvane_bot:AAHd", TELEGRAM_FORM),
            (OF_DISCORD, TELEGRAM_FORM),
            (
                "110201543:AAHd\n",
                "it contains a space or line break; use the token alone",
            ),
            (
                "bot110201543:AAHd",
                "remove the `bot` prefix that is only used in URLs",
            ),
        ] {
            assert_eq!(telegram_token(wrong), Some(told), "{wrong}");
        }

        for right in ["", OF_DISCORD, "a.b.c"] {
            assert_eq!(discord_token(right), None, "{right}");
        }

        for (wrong, told) in [
            ("token", "three parts"),
            ("a..b", "three parts"),
            (OF_TELEGRAM, "three parts"),
            (&format!("Bot {OF_DISCORD}"), "remove the `Bot`"),
            (&OF_DISCORD.replace(".Fake", ". Fake"), "a space"),
            (&"0f".repeat(32), "the application's public key"),
            ("1100000000000000001", "this is a number"),
            ("Ab-_Ab-_Ab-_Ab-_Ab-_Ab-_Ab-_Ab-_", "the client secret"),
        ] {
            assert!(
                discord_token(wrong).is_some_and(|it| it.contains(told)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_api_url_has_no_path_of_the_platform() {
        let fault = |key: &str, value: &str| {
            let pair = (format!("NETVANE__{key}__API_URL"), value.to_owned());
            Settings::load(None, [pair])
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        };
        assert_eq!(fault("TELEGRAM", "http://127.0.0.1:8081/proxy"), "");
        assert!(fault("TELEGRAM", "https://api.telegram.org/bot1:a").contains("without `/bot`"));
        assert_eq!(fault("DISCORD", "http://127.0.0.1:8081/"), "");
        assert!(fault("DISCORD", "https://discord.com/api/v10").contains("without a path"));
    }

    #[test]
    fn a_discord_token_contains_its_bot_id() {
        assert_eq!(
            bot_number(OF_DISCORD).as_deref(),
            Some("1100000000000000001")
        );
        assert_eq!(bot_number("a.b.c"), None);
    }
}
