//! Links in a text: explicit ones, and everything that the platform makes clickable by itself.

use std::sync::LazyLock;

use axum::http::Uri;
use regex::Regex;

use super::entity::{Entity, units};

/// Entities whose text is not searched for links.
const SHIELDS: [&str; 5] = ["code", "pre", "text_link", "text_mention", "custom_emoji"];

struct Finder {
    kind: &'static str,
    pattern: Regex,
    accepts: fn(&str) -> bool,
}

static FINDERS: LazyLock<Vec<Finder>> = LazyLock::new(|| {
    let finder = |kind, pattern: &str, accepts| Finder {
        kind,
        pattern: Regex::new(pattern).expect("a pattern of this file"),
        accepts,
    };
    vec![
        finder(
            "url",
            r"(?i)(?:^|[^\w])((?:tg|ton|tonsite)://[^\s<>]+)",
            |_| true,
        ),
        finder(
            "url",
            r"(?i)(?:^|[^\w@.-])((?:https?|ftp)://[^\s/?#<>]+(?:[/?#][^\s<>]*)?)",
            |_| true,
        ),
        finder(
            "email",
            r"(?:^|[^\w.+-])([A-Za-z0-9_.+-]+@(?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]{2,24})",
            |_| true,
        ),
        finder(
            "url",
            r"(?:^|[^\w@.:/-])([\w-]+(?:\.[\w-]+)+(?::\d+)?(?:[/?#][^\s<>]*)?)",
            is_address,
        ),
        finder(
            "mention",
            r"(?:^|[^\w])(@[A-Za-z0-9_]{2,32})(?:\b|$)",
            |_| true,
        ),
        finder(
            "bot_command",
            r"(?:^|[^\w/<>])(/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?:$|[^\w/<>])",
            |_| true,
        ),
        finder("hashtag", r"(?:^|[^\w])(#\w+)", |text| {
            text.chars().any(char::is_alphabetic) && units(text) <= 257
        }),
        finder("cashtag", r"(?:^|[^\w$])(\$[A-Z]{1,8})(?:$|[^\w$])", |_| {
            true
        }),
        finder(
            "phone_number",
            r"(?:^|[^\w+])(\+\d[\d ()-]{5,20}\d)",
            |_| true,
        ),
    ]
});

/// Returns the parts of a text that the platform makes clickable by itself.
pub(in crate::telegram) fn live(text: &str, entities: &[Entity]) -> Vec<Entity> {
    let mut found: Vec<Entity> = Vec::new();

    for finder in FINDERS.iter() {
        let mut from = 0;

        // A match may end with the character that must precede the next one.
        while let Some(hit) = finder
            .pattern
            .captures_at(text, from)
            .and_then(|captures| captures.get(1))
        {
            from = hit.end();
            let part = hit
                .as_str()
                .trim_end_matches(|c| ".,:;!?'\"…)]}".contains(c));
            let start = units(&text[..hit.start()]);
            let entity = Entity::cut(text, finder.kind, start, start + units(part), "");
            let shielded = entities
                .iter()
                .any(|other| SHIELDS.contains(&&*other.kind) && other.overlaps(&entity));
            if (finder.accepts)(part)
                && !shielded
                && !found.iter().any(|other| other.overlaps(&entity))
            {
                found.push(entity);
            }
        }
    }

    found.sort_by_key(|entity| entity.offset);

    found
}

/// Whether a bare name or address becomes a link: its last label is a top-level domain, or it is
/// IPv4.
fn is_address(part: &str) -> bool {
    let host = part
        .split(['/', '?', '#', ':'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    if host.parse::<std::net::Ipv4Addr>().is_ok() {
        return true;
    }
    let Some(top) = host.rsplit('.').next() else {
        return false;
    };
    // When in doubt about names in other scripts, assume a link.
    top.starts_with("xn--")
        || !top.is_ascii()
        || psl::suffix(top.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

/// Returns the target of an explicit link; `None` if the platform drops it.
pub(in crate::telegram) fn explicit(url: &str) -> Option<(&'static str, String)> {
    if let Some(user) = url.strip_prefix("tg://user?id=") {
        return user
            .parse::<u64>()
            .ok()
            .map(|user| ("text_mention", user.to_string()));
    }
    let whole = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    is_link(&whole).then_some(("text_link", whole))
}

/// Whether the platform accepts this as the URL of a link or a button.
pub(in crate::telegram) fn is_link(url: &str) -> bool {
    let (Some((scheme, rest)), Ok(_)) = (url.split_once("://"), ascii(url).parse::<Uri>()) else {
        return false;
    };
    match scheme.to_ascii_lowercase().as_str() {
        "tg" | "ton" | "tonsite" => !rest.is_empty(),
        "http" | "https" => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            !host.starts_with('.') && !host.ends_with('.') && host.contains('.')
        }
        _ => false,
    }
}

/// Replaces characters that are not ASCII, which names and paths may contain.
fn ascii(url: &str) -> String {
    url.chars()
        .map(|c| if c.is_ascii() { c } else { 'x' })
        .collect()
}
