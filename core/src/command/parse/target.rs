//! A line that is only a target runs the command that fits.

use netvane_facts::target::{Address, Domain, clean_pasted};

use super::{call::Call, tokens::Token};
use crate::{
    args::{Registered, mailbox},
    command::Registry,
};

/// Returns the call that fits a line of a single target, with `+short` perhaps. `None` if the line is anything else, or
/// if the command is not registered.
pub(super) fn call(registry: &Registry, tokens: &[Token], line: &str) -> Option<Call> {
    let (options, words): (Vec<&Token>, Vec<&Token>) = tokens
        .iter()
        .partition(|token| !token.quoted && matches!(token.text.as_str(), "+short" | "--short"));
    let (first, last) = (words.first()?, words.last()?);
    if first.text.starts_with('/') {
        return None;
    }

    // Several words are a mailbox with a name, such as `Ada <ada@example.com>`.
    let span = first.span.start..last.span.end;
    let text: String = match &words[..] {
        [one] => one.text.clone(),
        _ => line.chars().skip(span.start).take(span.len()).collect(),
    };
    let (command, target) = if words.len() == 1 {
        command_for(&text)?
    } else {
        ("mailbox", mailbox_in(&text)?)
    };

    let entry = registry.find(command)?.clone();
    let words = [Token::quoted(target, span)]
        .into_iter()
        .chain(options.into_iter().cloned())
        .collect();
    Some(Call { entry, words })
}

/// Returns the command that fits a target, and the target. A bare word without a dot, a colon or `@` is never one, except
/// for an AS number and a MAC address.
fn command_for(written: &str) -> Option<(&'static str, String)> {
    let text = linked_text(written);
    let text = text.trim_end_matches([',', ';', '!', '?']);

    if is_as_number(text) {
        return Some(("whois", text.to_owned()));
    }
    if is_mac(text) {
        return Some(("mac", text.to_owned()));
    }
    if !text.contains(['.', ':', '@', '。', '．', '｡', '：', '＠']) {
        return None;
    }

    if let Some(url) = web_address(text) {
        return Some(("http", url));
    }
    if let Some(mailbox) = mailbox_in(text) {
        return Some(("mailbox", mailbox));
    }
    if let Ok(address) = text.parse::<Address>() {
        return Some(("ip", address.to_string()));
    }
    if let Ok(Registered::Network(network)) = text.parse() {
        return Some(("whois", network.to_string()));
    }

    domain(text).map(|domain| ("dns", domain))
}

/// Returns what a person sees of a chat's link, if that is a target itself: chats make `<http://example.com|example.com>`
/// of a typed `example.com`.
fn linked_text(written: &str) -> &str {
    let label = written
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .and_then(|inside| inside.split_once('|'))
        .map(|(_, label)| label)
        .or_else(|| {
            let (label, _) = written
                .strip_prefix('[')?
                .strip_suffix(')')?
                .split_once("](")?;
            Some(label)
        });
    match label {
        Some(label) if label.contains(['.', ':', '@']) && !label.contains(' ') => label,
        _ => written,
    }
}

/// Returns the URL in a text: one with a scheme of the web, defanged or in brackets perhaps, or a host with a path.
fn web_address(text: &str) -> Option<String> {
    let text = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_suffix('>'))
        .map_or(text, |inside| inside.split('|').next().unwrap_or(inside));
    let lower = text
        .to_lowercase()
        .replace("[:]", ":")
        .replace("[://]", "://");
    let is_web = ["https://", "http://", "hxxps://", "hxxp://"]
        .iter()
        .any(|scheme| lower.starts_with(scheme));

    let has_path = || {
        text.split_once('/')
            .is_some_and(|(host, _)| domain(host).is_some())
    };

    (is_web || has_path()).then(|| text.to_owned())
}

fn mailbox_in(text: &str) -> Option<String> {
    let is_address = text.contains(['@', '＠']) || text.to_lowercase().contains("[at]");
    // A mention of a person in a chat.
    if !is_address || text.starts_with('@') || text.starts_with("<@") || text.contains("://") {
        return None;
    }
    mailbox::parse(text).ok().map(|mailbox| mailbox.wire())
}

/// Returns the name in a text that has at least two labels, the last one not a number.
fn domain(text: &str) -> Option<String> {
    let pasted = clean_pasted(text);
    if pasted.contains([':', '*']) || text.contains(['@', '/']) && !text.contains("://") {
        return None;
    }
    let domain = text.parse::<Domain>().ok()?.to_string();
    let (_, last) = domain.rsplit_once('.')?;
    (!last.bytes().all(|byte| byte.is_ascii_digit())).then_some(domain)
}

/// Whether a text is `AS64496` or `ASN64496`. A bare number is none: it might be a port.
fn is_as_number(text: &str) -> bool {
    let lower = text.to_lowercase();
    let digits = lower
        .strip_prefix("asn")
        .or_else(|| lower.strip_prefix("as"))
        .unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is a MAC address: six pairs of hexadecimal digits with `:` or `-`, or three groups of four with dots.
fn is_mac(text: &str) -> bool {
    let groups = |separator: char, number: usize, digits: usize| {
        let parts: Vec<&str> = text.split(separator).collect();
        parts.len() == number
            && parts.iter().all(|part| {
                part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
    };
    groups(':', 6, 2) || groups('-', 6, 2) || groups('.', 3, 4)
}
