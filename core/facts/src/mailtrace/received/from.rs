//! The client: its name, its greeting and its address, in each dialect's order.
//!
//! | server | form |
//! |---|---|
//! | Postfix, sendmail, Gmail | `from GREETING (NAME [ADDRESS])` |
//! | Exim, ecelerity, CommuniGate | `from NAME ([ADDRESS] helo=GREETING)`, `from [ADDRESS] (helo=GREETING)` |
//! | qmail and its kin | `from NAME (HELO GREETING) (user@ADDRESS)` |
//! | Exchange | `from GREETING (ADDRESS)` |
//! | GMX, MDaemon, fetchmail | `from NAME [ADDRESS]` |
//! | Facebook | `from NAME (TOKEN ADDRESS)` |

use std::net::IpAddr;

use super::{
    Received,
    clauses::{Clause, ClauseName, Clauses},
    tls,
};
use crate::mailtrace::names;

/// What the words and comments say, before the names are assigned.
#[derive(Default)]
struct FromParts {
    greeting: Option<String>,
    name: Option<String>,
    address: Option<IpAddr>,
    port: Option<u16>,
    bad: Option<String>,
}

/// Fills the client's fields.
pub(super) fn fill(clauses: &Clauses<'_>, line: &mut Received) {
    let Some(from) = clauses.get(ClauseName::From) else {
        return;
    };
    let mut parts = FromParts::default();
    for text in &from.comments {
        comment(text, &mut parts, line);
    }

    let first = from.words.first().copied().unwrap_or_default();
    if is_phrase(from, &mut parts) {
        return;
    }

    let unknown = from
        .comments
        .iter()
        .any(|text| text.eq_ignore_ascii_case("unknown"));
    let literal = names::address_port(first);
    if let Some(literal) = literal {
        place_literal(first, literal, unknown, &mut parts, line);
    }

    let named = names::host(first).filter(|name| literal.is_none() && !name.contains(['/', ':']));

    // A local user (`from mail by mx with local`), or SendGrid's account (`from MTc0MzAz (unknown)`).
    let local = line
        .protocol
        .as_deref()
        .is_some_and(|p| p.to_ascii_lowercase().starts_with("local"));
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

/// Whether the clause is prose and names no client: Gmail's API (`from 123456789012 named unknown`, a project's
/// number), Microsoft's `from mail pickup service`. An address in brackets behind the name is kept.
fn is_phrase(from: &Clause<'_>, parts: &mut FromParts) -> bool {
    let mut words = from.words.iter().copied();
    let first = words.next().unwrap_or_default();
    if words.clone().next() == Some("named") {
        return true;
    }

    let mut phrase = false;

    for word in words {
        match names::address_port(word) {
            Some((address, port)) if word.starts_with('[') => {
                parts.address = parts.address.or(Some(address));
                parts.port = parts.port.or(port);
            }
            _ => phrase = true,
        }
    }

    phrase && !first.contains('.')
}

/// Decides what an address in the place of the name is: the client's own, or its greeting.
fn place_literal(
    first: &str,
    (address, port): (IpAddr, Option<u16>),
    unknown: bool,
    parts: &mut FromParts,
    line: &mut Received,
) {
    match (parts.address, &parts.greeting) {
        // `from [192.0.2.1] (host [198.51.100.7])`: a greeting that is a literal.
        (Some(_), None) => line.from_helo = Some(first.trim_end_matches([';', ',']).to_owned()),
        (Some(_), Some(_)) => {}
        // SendGrid: `from [192.168.1.50] (unknown)`: only the greeting is known.
        (None, None) if unknown => line.from_helo = Some(first.to_owned()),
        (None, _) => (parts.address, parts.port) = (Some(address), parts.port.or(port)),
    }
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
        .any(|(key, text)| key != ClauseName::From && text.starts_with("Exim "));
    let verified = clauses
        .comments()
        .any(|(key, text)| key == ClauseName::From && text.ends_with("] verified"));
    (exim || verified).then(|| name.to_owned())
}

/// One comment of the `from` clause.
fn comment(text: &str, parts: &mut FromParts, line: &mut Received) {
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
    parts.read(text);
}

/// Longest label of a name, in bytes (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// Labels that precede a HELO name.
const GREETINGS: [&str; 5] = ["helo", "ehlo", "lhlo", "helo:", "ehlo:"];

impl FromParts {
    /// Takes the words of a comment one after the other.
    fn read(&mut self, text: &str) {
        // The greeting runs to the end of qmail's comment, but a name has no spaces.
        let mut words = text
            .split(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '(' | ')'))
            .filter(|word| !word.is_empty())
            .peekable();
        let mut first = true;
        let mut previous = "";

        while let Some(word) = words.next() {
            let start = std::mem::replace(&mut first, false);
            let before = std::mem::replace(&mut previous, word);

            if GREETINGS
                .iter()
                .any(|known| word.eq_ignore_ascii_case(known))
            {
                if self.greeting.is_none() {
                    self.greeting = words.next().and_then(greeting);
                }
            } else if let Some((key, value)) = word.split_once('=') {
                self.pair(key, value);
            } else if words.peek().is_none()
                && is_after_name(before, word)
                && self.address(word, true)
            {
                // Facebook: `(TOKEN ADDRESS)`; the token was no name.
            } else if !self.address(word, start) {
                self.name(word, start, words.peek().copied().unwrap_or_default());
            }
        }
    }

    /// `helo=mx.example`, `port=1234`; other keys say nothing here.
    fn pair(&mut self, key: &str, value: &str) {
        match key.to_ascii_lowercase().as_str() {
            "helo" | "ehlo" | "lhlo" => {
                self.greeting = self.greeting.take().or_else(|| greeting(value));
            }
            "port" => self.port = self.port.or_else(|| value.parse().ok()),
            _ => {}
        }
    }

    /// Takes an address, or the bracketed text in its place. `false` when the word is neither.
    fn address(&mut self, word: &str, start: bool) -> bool {
        let (glued, bare) = unglue(word);

        if let Some((address, port)) = names::address_port(bare) {
            let bracket = bare.starts_with('[');
            if self.address.is_none() && (bracket || start) {
                (self.address, self.port) = (Some(address), self.port.or(port));
                if let Some(name) = glued.and_then(names::host) {
                    self.name.get_or_insert_with(|| name.to_owned());
                }
            }
            return true;
        }

        let inner = bare.trim_matches(['[', ']']);
        let bad = names::looks_numeric(inner) && bare.starts_with('[');
        if bad {
            self.bad = Some(inner.to_owned());
        }
        bad
    }

    /// Takes a name that stands before an address or alone in the comment.
    fn name(&mut self, word: &str, start: bool, next: &str) {
        let (_, bare) = unglue(word);
        let before_address =
            names::address(next).is_some() || names::looks_numeric(next.trim_matches(['[', ']']));
        let alone = start && next.is_empty() && bare.contains('.') && !word.contains('@');

        if self.name.is_none()
            && (before_address || alone)
            && let Some(name) = names::host(bare).filter(|name| !name.contains(['/', ':']))
            && name.split('.').all(|label| label.len() <= MAX_LABEL)
        {
            self.name = Some(name.to_owned());
        }
    }
}

/// Whether a last word without brackets is an address, and not the version of a software: `(hbx1 2001:db8::1)`,
/// `(mx.example 192.0.2.1)`, or behind a token that is too long for a word.
fn is_after_name(before: &str, word: &str) -> bool {
    let is_name = before.contains('.') || before.eq_ignore_ascii_case("unknown");
    word.matches(':').count() > 1 || is_name || before.len() >= 40
}

/// Takes the user away (`ident@192.0.2.1`, `IDENT:user@host`, `"port 65230"@host`) and parts a name from the address
/// that smail and others glue to it: `localhost[127.0.0.1]`.
fn unglue(word: &str) -> (Option<&str>, &str) {
    let bare = word.rsplit_once('@').map_or(word, |(_, host)| host);
    match bare.find('[') {
        Some(at) if at > 0 => (Some(&bare[..at]), &bare[at..]),
        _ => (None, bare),
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
