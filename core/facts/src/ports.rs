//! What a port is for: numbers, ranges and words against IANA's registry and the common unofficial uses.

mod table;

use schemars::JsonSchema;
use serde::Serialize;

use table::{ALIASES, ENTRIES, Entry, PROTOCOLS, between, normal};

/// The most matches of one answer.
pub const MAX_MATCHES: usize = 25;

/// The longest query that is looked at, in characters; no name or description is longer.
const MAX_QUERY: usize = 100;

/// One use of one port over one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PortMatch {
    /// Port number.
    pub port: u16,
    /// `tcp`, `udp`, `sctp` or `dccp`.
    pub protocol: &'static str,
    /// Service name, e.g. `https`.
    pub service: &'static str,
    /// What it is, in the registry's words; may be empty.
    pub description: &'static str,
    /// In common use, but not in IANA's registry.
    pub unofficial: bool,
}

/// Why a query cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Nothing to look for.
    #[error("say a port number, a range like 8000-8010, or a word like postgres")]
    Empty,
    /// A number that is no port.
    #[error("{0} is not a port: ports go from 0 to 65535")]
    OutOfRange(String),
    /// A range whose end is before its start.
    #[error("the range {0}-{1} runs backwards")]
    Backwards(u16, u16),
    /// A protocol that has no ports.
    #[error("{0} is not a protocol with ports: tcp, udp, sctp or dccp")]
    Protocol(String),
}

/// Names of services that start so, the shortest first, each once.
pub fn starting_with(typed: &str) -> Vec<&'static str> {
    let names = ENTRIES.iter().map(|entry| entry.service);
    let mut names: Vec<_> = names
        .filter(|name| !name.is_empty() && name.starts_with(typed))
        .collect();
    names.sort_by_key(|name| (name.len(), *name));
    names.dedup();
    names
}

/// A query, understood.
#[derive(Debug, PartialEq, Eq)]
enum Query {
    Range(u16, u16),
    Words(String),
}

/// Answers `443`, `443/udp`, `udp 53`, `:8080`, `8000-8010`, `https`, `postgres`, `remote desktop`; best match first,
/// at most [`MAX_MATCHES`]. A port without a use is an empty answer (see [`port_range`] for what may be said then).
pub fn lookup(query: &str) -> Result<Vec<PortMatch>, PortError> {
    let (query, protocol) = parse(query)?;
    let wanted = |found: &PortMatch| protocol.is_none_or(|name| found.protocol == name);

    Ok(match query {
        Query::Range(first, last) => between(first, last)
            .iter()
            .flat_map(matches)
            .filter(wanted)
            .take(MAX_MATCHES)
            .collect(),
        Query::Words(words) => {
            let aliased = ALIASES
                .iter()
                .find(|(alias, _)| *alias == words)
                .map_or(&[][..], |(_, ports)| ports);
            let mut ranked: Vec<_> = ENTRIES
                .iter()
                .filter_map(|entry| Some((rank(entry, &words, aliased)?, entry)))
                .flat_map(|(rank, entry)| matches(entry).map(move |found| (rank, found)))
                .filter(|(_, found)| wanted(found))
                .map(|(rank, found)| {
                    (
                        (rank.tier, order(&found, rank), rank.place, found.port),
                        found,
                    )
                })
                .collect();

            // Stable: within a port the table's order and TCP before UDP.
            ranked.sort_by_key(|(key, _)| *key);

            ranked
                .into_iter()
                .map(|(_, found)| found)
                .take(MAX_MATCHES)
                .collect()
        }
    })
}

/// The usual name of a port: `(443, "tcp")` → `https`; a registered name before an unofficial one.
pub fn service_name(port: u16, protocol: &str) -> Option<&'static str> {
    let mut found = between(port, port).iter().flat_map(matches);
    found
        .find(|found| found.protocol.eq_ignore_ascii_case(protocol))
        .map(|found| found.service)
}

/// The port that a service name or alias means first, TCP before UDP: `ssh` → 22, `postgres` → 5432.
pub fn port_of(service: &str) -> Option<u16> {
    let words = normal(service.trim());
    let exact = ENTRIES.iter().filter(|entry| named(entry, &words));
    let exact =
        exact.min_by_key(|entry| (entry.unofficial, !entry.protocols.contains('t'), entry.port));
    let alias = || {
        ALIASES
            .iter()
            .find(|(alias, _)| *alias == words)
            .and_then(|(_, ports)| ports.first().copied())
    };
    exact.map(|entry| entry.port).or_else(alias)
}

/// The twenty TCP ports that tell most about a host.
pub fn default_ports() -> &'static [u16] {
    &[
        21, 22, 23, 25, 53, 80, 110, 143, 443, 445, 465, 587, 993, 995, 3306, 3389, 5432, 5900,
        8080, 8443,
    ]
}

/// Which of RFC 6335's ranges a port is in: what can be said of one that nobody uses.
pub fn port_range(port: u16) -> &'static str {
    match port {
        0 => "reserved",
        1..=1023 => "system port, assigned by IANA",
        1024..=49151 => "user port, assigned by IANA on request",
        49152.. => "dynamic port, never assigned",
    }
}

fn parse(query: &str) -> Result<(Query, Option<&'static str>), PortError> {
    let query: String = query.trim().chars().take(MAX_QUERY).collect();
    let (rest, protocol) = split_protocol(&query)?;
    let words = match (rest.trim_start_matches(':'), protocol) {
        // `tcp` alone is a word after all.
        ("", Some(name)) => return Ok((Query::Words(name.to_owned()), None)),
        ("", None) => return Err(PortError::Empty),
        (words, _) => words,
    };

    if let Some(range) = range(words)? {
        return Ok((range, protocol));
    }

    let words = normal(words);
    if !words.contains(char::is_alphanumeric) {
        return Err(PortError::Empty);
    }

    Ok((Query::Words(words), protocol))
}

/// `443/udp`, `udp/443`, `443 udp`, `port 443`: the protocol may stand anywhere, `port` says nothing. Gives the other
/// words, in lower case.
fn split_protocol(query: &str) -> Result<(String, Option<&'static str>), PortError> {
    let mut protocol = None;
    let mut rest = Vec::new();

    for word in query
        .split([' ', '\t', '/', ','])
        .filter(|word| !word.is_empty())
    {
        let lower = word.to_ascii_lowercase();
        match PROTOCOLS.iter().find(|(_, name)| *name == lower) {
            Some((_, name)) => protocol = Some(*name),
            None if query.contains('/')
                && matches!(lower.as_str(), "icmp" | "icmpv6" | "gre" | "esp" | "ip") =>
            {
                return Err(PortError::Protocol(lower));
            }
            None if matches!(lower.as_str(), "port" | "ports") => {}
            None => rest.push(lower),
        }
    }

    Ok((rest.join(" "), protocol))
}

/// A port or a range of ports; `None` when the words are neither.
fn range(words: &str) -> Result<Option<Query>, PortError> {
    if let Some(port) = number(words) {
        let port = port?;
        return Ok(Some(Query::Range(port, port)));
    }

    if let Some((first, last)) = words.split_once(['-', '–', '—', ':'])
        && let (Some(first), Some(last)) = (number(first), number(last))
    {
        let (first, last) = (first?, last?);
        return if first <= last {
            Ok(Some(Query::Range(first, last)))
        } else {
            Err(PortError::Backwards(first, last))
        };
    }

    match words.strip_prefix('-') {
        Some(digits) if number(digits).is_some() => {
            Err(PortError::OutOfRange(format!("-{digits}")))
        }
        _ => Ok(None),
    }
}

/// Digits as a port; `None` when the text is no number.
fn number(text: &str) -> Option<Result<u16, PortError>> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number of digits alone fails only by its size, which the error names.
    digits.then(|| {
        text.parse()
            .map_err(|_| PortError::OutOfRange(text.to_owned()))
    })
}

fn matches(entry: &Entry) -> impl Iterator<Item = PortMatch> {
    let &Entry {
        port,
        service,
        protocols,
        description,
        unofficial,
        ..
    } = entry;
    PROTOCOLS
        .iter()
        .filter(move |(letter, _)| protocols.as_bytes().contains(letter))
        .map(move |&(_, protocol)| PortMatch {
            port,
            protocol,
            service,
            description,
            unofficial,
        })
}

/// How well an entry matches. Smaller is better.
#[derive(Debug, Clone, Copy)]
struct Rank {
    /// 0 the service's name, 1 alias, 2 start of the name, 3 whole words, 4 part of a word.
    tier: u8,
    /// Place in the alias's list of ports.
    place: usize,
}

fn named(entry: &Entry, words: &str) -> bool {
    entry
        .words
        .strip_prefix(words)
        .is_some_and(|rest| rest.is_empty() || entry.service.len() == words.len())
}

/// Whether an alias that lists this port means this service: `k8s` is not the 6443 of `sun-sr-https`, and `mail` not
/// the 465 over UDP.
fn meant(entry: &Entry) -> bool {
    let here = between(entry.port, entry.port);
    let best = here
        .iter()
        .min_by_key(|other| (!other.unofficial, !other.protocols.contains('t')));
    best.is_none_or(|best| best.service == entry.service)
}

fn rank(entry: &Entry, words: &str, aliased: &[u16]) -> Option<Rank> {
    let place = aliased.iter().position(|&port| port == entry.port);
    let at = |tier| {
        Some(Rank {
            tier,
            place: place.unwrap_or(0),
        })
    };

    if named(entry, words) {
        return at(0);
    }

    if place.is_some() && meant(entry) {
        return at(1);
    }

    if entry.words.starts_with(words) && entry.service.len() > words.len() {
        return at(2);
    }

    let all = |found: &dyn Fn(&str) -> bool| words.split_ascii_whitespace().all(found);

    if all(&|word| {
        entry
            .words
            .split(|c: char| !c.is_alphanumeric())
            .any(|part| part == word)
    }) {
        return at(3);
    }

    // Two letters are part of too many words to mean anything.
    (words.len() > 2 && all(&|word| entry.words.contains(word)))
        .then_some(Rank { tier: 4, place: 0 })
}

/// Within a tier: registered before not, TCP before the others; a name's system ports before the rest. What an alias
/// lists is in the alias's order instead, each port with its everyday protocol first.
fn order(found: &PortMatch, rank: Rank) -> (bool, bool, bool) {
    let udp = found.protocol != "tcp";
    match rank.tier {
        1 => (false, udp && tcp_too(found), false),
        _ => (found.unofficial, udp, found.port >= 1024),
    }
}

/// Whether the same service has the port over TCP as well; for `wireguard` or `dhcp` UDP is the everyday one.
fn tcp_too(found: &PortMatch) -> bool {
    between(found.port, found.port)
        .iter()
        .any(|entry| entry.service == found.service && entry.protocols.contains('t'))
}

#[cfg(test)]
mod tests;
