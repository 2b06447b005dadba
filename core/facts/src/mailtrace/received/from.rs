//! The client: its name, its greeting and its address, in each dialect's order.
//!
//! | server | form |
//! |---|---|
//! | Postfix, sendmail, Gmail | `from GREETING (NAME [ADDRESS])` |
//! | Exim, ecelerity, CommuniGate | `from NAME ([ADDRESS] helo=GREETING)`, `from [ADDRESS] (helo=GREETING)` |
//! | qmail and its kin | `from NAME (HELO GREETING) (user@ADDRESS)` |
//! | Exchange | `from GREETING (ADDRESS)` |
//! | GMX, MDaemon, fetchmail | `from NAME [ADDRESS]` |

use super::Received;
use super::clauses::{Clauses, Key};
use super::tls;
use crate::mailtrace::names;

/// What the words and comments say, before it is known which name is which.
#[derive(Default)]
struct Parts {
    greeting: Option<String>,
    name: Option<String>,
    address: Option<std::net::IpAddr>,
    port: Option<u16>,
    bad: Option<String>,
}

/// Fills the client's fields.
pub(super) fn fill(clauses: &Clauses<'_>, line: &mut Received) {
    let Some(from) = clauses.get(Key::From) else {
        return;
    };
    let local = line
        .protocol
        .as_deref()
        .is_some_and(|p| p.to_ascii_lowercase().starts_with("local"));
    let mut parts = Parts::default();
    for text in &from.comments {
        comment(text, &mut parts, line);
    }

    let mut words = from.words.iter().copied();
    let first = words.next().unwrap_or_default();

    if words.clone().next() == Some("named") {
        // Gmail's API: `from 123456789012 named unknown`: a project's number.
        return;
    }

    let mut phrase = false;

    for word in words {
        match names::address_port(word) {
            Some((address, port)) if word.starts_with('[') => {
                parts.address = parts.address.or(Some(address));
                parts.port = parts.port.or(port);
            }
            // Microsoft's `from mail pickup service`
            _ => phrase = true,
        }
    }

    if phrase && !first.contains('.') {
        return;
    }

    let unknown = from
        .comments
        .iter()
        .any(|text| text.eq_ignore_ascii_case("unknown"));
    let literal = names::address_port(first);

    if let Some((address, port)) = literal {
        match (parts.address, &parts.greeting) {
            // `from [192.0.2.1] (host [198.51.100.7])`: a greeting that is a literal.
            (Some(_), None) => line.from_helo = Some(first.trim_end_matches([';', ',']).to_owned()),
            (Some(_), Some(_)) => {}
            // SendGrid: `from [192.168.1.50] (unknown)`: only the greeting is known.
            (None, None) if unknown => line.from_helo = Some(first.to_owned()),
            (None, _) => (parts.address, parts.port) = (Some(address), parts.port.or(port)),
        }
    }

    let named = names::host(first).filter(|name| literal.is_none() && !name.contains(['/', ':']));

    // A local user (`from mail by mx with local`), or SendGrid's account (`from MTc0MzAz (unknown)`).
    let account = parts.address.is_none() && (local || unknown && !first.contains('.'));
    let named = named.filter(|_| !account).map(str::to_owned);

    match parts.greeting.take() {
        Some(greeting) => {
            line.from_helo = Some(greeting);
            line.from_rdns = named.or(parts.name.take());
        }
        None => {
            line.from_helo = line.from_helo.take().or(named);
            line.from_rdns = parts
                .name
                .take()
                .or_else(|| confirmed(clauses, line, from.comments.is_empty()));
        }
    }

    (line.from_address, line.from_port) = (parts.address, parts.port);
    line.bad_address = parts.bad.filter(|_| line.from_address.is_none());
}

/// Exim writes the greeting only where it is not the name that it looked up itself; so does CommuniGate with
/// `verified`. The single name is then both.
fn confirmed(clauses: &Clauses<'_>, line: &Received, bare: bool) -> Option<String> {
    let name = line
        .from_helo
        .as_deref()
        .filter(|name| names::is_public_name(name) && !bare)?;
    let exim = clauses
        .comments()
        .any(|(key, text)| key != Key::From && text.starts_with("Exim "));
    let verified = clauses
        .comments()
        .any(|(key, text)| key == Key::From && text.ends_with("] verified"));
    (exim || verified).then(|| name.to_owned())
}

/// One comment of the `from` clause.
fn comment(text: &str, parts: &mut Parts, line: &mut Received) {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("auth") || lower.starts_with("account ") || lower.contains(" with login") {
        line.authenticated = true;
    }

    if let Some(path) = lower.strip_prefix("envelope-from ") {
        line.envelope_from = line.envelope_from.take().or_else(|| {
            Some(
                text[text.len() - path.len()..]
                    .trim_matches(['<', '>', ' '])
                    .to_owned(),
            )
        });
        return;
    }

    if tls::of_comment(text).is_some() || lower.starts_with("auth") {
        return;
    }

    line.doubted |= lower.contains("may be forged");

    // The greeting runs to the end of qmail's comment, but a name has no spaces.
    let mut words = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '(' | ')'))
        .filter(|word| !word.is_empty())
        .peekable();
    let mut first = true;

    while let Some(word) = words.next() {
        let start = std::mem::replace(&mut first, false);

        if ["helo", "ehlo", "lhlo", "helo:", "ehlo:"]
            .iter()
            .any(|w| word.eq_ignore_ascii_case(w))
        {
            parts.greeting = parts
                .greeting
                .take()
                .or_else(|| words.next().and_then(greeting));
            continue;
        }

        if let Some((key, value)) = word.split_once('=') {
            match key.to_ascii_lowercase().as_str() {
                "helo" | "ehlo" | "lhlo" => {
                    parts.greeting = parts.greeting.take().or_else(|| greeting(value))
                }
                "port" => parts.port = parts.port.or_else(|| value.parse().ok()),
                _ => {}
            }
            continue;
        }

        // `ident@192.0.2.1`, `IDENT:user@host`, `"port 65230"@host`
        let bare = word.rsplit_once('@').map_or(word, |(_, host)| host);

        // smail and others glue it: `localhost[127.0.0.1]`
        let (glued, bare) = match bare.find('[') {
            Some(at) if at > 0 => (Some(&bare[..at]), &bare[at..]),
            _ => (None, bare),
        };

        if let Some((address, port)) = names::address_port(bare) {
            let bracket = bare.starts_with('[');
            if parts.address.is_none() && (bracket || start) {
                (parts.address, parts.port) = (Some(address), parts.port.or(port));
                if let Some(name) = glued.and_then(names::host) {
                    parts.name.get_or_insert_with(|| name.to_owned());
                }
            }
            continue;
        }

        let inner = bare.trim_matches(['[', ']']);

        if names::looks_numeric(inner) && bare.starts_with('[') {
            parts.bad = Some(inner.to_owned());
            continue;
        }

        let next = words.peek().copied().unwrap_or_default();
        let before_address =
            names::address(next).is_some() || names::looks_numeric(next.trim_matches(['[', ']']));
        let alone = start && next.is_empty() && bare.contains('.') && !word.contains('@');

        if parts.name.is_none()
            && (before_address || alone)
            && let Some(name) = names::host(bare).filter(|name| !name.contains(['/', ':']))
        {
            parts.name = Some(name.to_owned());
        }
    }
}

/// A greeting: a name, or a literal kept in its brackets.
fn greeting(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| matches!(c, '<' | '>' | '"' | '\'' | ',' | ';'));
    if text.starts_with('[') && names::address(text).is_some() {
        return Some(text.to_owned());
    }
    names::host(text).map(str::to_owned)
}
