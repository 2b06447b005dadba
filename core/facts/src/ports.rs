//! Port number lookup: numbers, ranges and words in IANA's registry and among common unofficial uses.

mod query;
mod table;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use query::several_numbers;
use query::{Query, parse};
use table::{ALIASES, ENTRIES, PROTOCOLS, PortEntry, between, normalize};

/// Largest number of matches in one answer.
pub const MAX_MATCHES: usize = 25;

/// One use of one port over one protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortMatch {
    /// Port number, 0 to 65535.
    pub port: u16,
    /// Transport protocol: `tcp`, `udp`, `sctp` or `dccp`.
    pub protocol: Cow<'static, str>,
    /// Name of the service, e.g. `https`.
    pub service: Cow<'static, str>,
    /// Description from the registry; may be empty.
    pub description: Cow<'static, str>,
    /// Whether the use is common but not in IANA's registry.
    pub unofficial: bool,
}

/// Why a query is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// The query has neither a number nor a word.
    #[error("expected a port (443), a range (8000-8010) or a service name (postgres)")]
    Empty,
    /// A number that is not a valid port.
    #[error("port {0} is out of range (max 65535)")]
    OutOfRange(String),
    /// A range that ends before it starts.
    #[error("invalid range {0}-{1}: {1} is less than {0}")]
    Backwards(u16, u16),
    /// A protocol without ports, such as ICMP.
    #[error("expected tcp, udp, sctp or dccp, got {0}")]
    Protocol(String),
    /// A word after the slash that is no protocol, next to a port number.
    #[error("unknown protocol `{0}`; expected tcp, udp, sctp or dccp")]
    UnknownProtocol(String),
}

/// Service names that start with `typed`, the shortest first, each once.
pub fn starting_with(typed: &str) -> Vec<&'static str> {
    let names = ENTRIES.iter().map(|entry| entry.service);
    let mut names: Vec<_> = names
        .filter(|name| !name.is_empty() && name.starts_with(typed))
        .collect();
    names.sort_by_key(|name| (name.len(), *name));
    names.dedup();
    names
}

/// Looks up `443`, `443/udp`, `udp 53`, `:8080`, `8000-8010`, `https`, `postgres` or `remote desktop`. Returns at most
/// [`MAX_MATCHES`], best match first; nothing for an unassigned port, which [`port_range`] can still describe.
pub fn lookup(query: &str) -> Result<Vec<PortMatch>, PortError> {
    let Some(numbers) = several_numbers(query) else {
        return lookup_one(query);
    };

    let mut found: Vec<PortMatch> = Vec::new();
    for number in numbers {
        let matches = lookup_one(number)?;
        found.extend(
            matches
                .into_iter()
                .filter(|new| !found.contains(new))
                .collect::<Vec<_>>(),
        );
        found.truncate(MAX_MATCHES);
    }
    Ok(found)
}

/// Looks up a query that is not a list of numbers.
fn lookup_one(query: &str) -> Result<Vec<PortMatch>, PortError> {
    let (query, protocol) = parse(query)?;
    let has_protocol = |found: &PortMatch| protocol.is_none_or(|name| found.protocol == name);

    Ok(match query {
        Query::Range(first, last) => between(first, last)
            .iter()
            .flat_map(matches)
            .filter(has_protocol)
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
                .filter(|(_, found)| has_protocol(found))
                .map(|(rank, found)| {
                    (
                        (rank.tier, order(&found, rank), rank.index, found.port),
                        found,
                    )
                })
                .collect();

            // Stable sort: keeps the order of the table within a port, and TCP before UDP.
            ranked.sort_by_key(|(key, _)| *key);

            ranked
                .into_iter()
                .map(|(_, found)| found)
                .take(MAX_MATCHES)
                .collect()
        }
    })
}

/// The service name of a port: `(443, "tcp")` → `https`. Registered names come before unofficial ones.
pub fn service_name(port: u16, protocol: &str) -> Option<&'static str> {
    uses_over(port, protocol).next().map(|entry| entry.service)
}

/// The uses of a port over a protocol, registered ones first.
fn uses_over(port: u16, protocol: &str) -> impl Iterator<Item = &'static PortEntry> {
    let letter = PROTOCOLS
        .iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(protocol))
        .map(|(letter, _)| *letter);
    between(port, port).iter().filter(move |entry| {
        letter.is_some_and(|letter| entry.protocols.as_bytes().contains(&letter))
    })
}

/// Names that people know better than the one in IANA's registry (`ms-wbt-server`, `rfb`, `pcsync-https`), over TCP.
static FAMILIAR: &[(u16, &str)] = &[
    (445, "smb"),
    (465, "smtps"),
    (1433, "mssql"),
    (3389, "rdp"),
    (5900, "vnc"),
    (8443, "https-alt"),
];

/// The name of a port that people know: `(3389, "tcp")` → `rdp`. Where there is no better one, a use that is common
/// (`oracle` rather than `ncube-lm`), then the service name.
pub fn familiar_name(port: u16, protocol: &str) -> Option<&'static str> {
    let familiar = FAMILIAR
        .iter()
        .find(|(known, _)| *known == port && protocol.eq_ignore_ascii_case("tcp"));
    familiar
        .map(|(_, name)| *name)
        .or_else(|| {
            let common = uses_over(port, protocol).find(|entry| entry.unofficial);
            common.map(|entry| entry.service)
        })
        .or_else(|| service_name(port, protocol))
}

/// The first port of a service name or alias, TCP before UDP: `ssh` → 22, `postgres` → 5432.
pub fn port_of(service: &str) -> Option<u16> {
    let words = normalize(service.trim());
    let exact = ENTRIES.iter().filter(|entry| has_name(entry, &words));
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

/// The UDP ports that `ports` checks by default: those of services that answer a stranger.
pub fn default_udp_ports() -> &'static [u16] {
    &[53, 123, 161, 443, 853, 3478]
}

/// The twenty TCP ports that `ports` checks by default.
pub fn default_ports() -> &'static [u16] {
    &[
        21, 22, 23, 25, 53, 80, 110, 143, 443, 445, 465, 587, 993, 995, 3306, 3389, 5432, 5900,
        8080, 8443,
    ]
}

/// The range of a port according to RFC 6335; the only information about an unassigned port.
pub fn port_range(port: u16) -> &'static str {
    match port {
        0 => "reserved",
        1..=1023 => "system port, assigned by IANA",
        1024..=49151 => "user port, assigned by IANA on request",
        49152.. => "dynamic port, never assigned",
    }
}

fn matches(entry: &PortEntry) -> impl Iterator<Item = PortMatch> {
    let &PortEntry {
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
            protocol: protocol.into(),
            service: service.into(),
            description: description.into(),
            unofficial,
        })
}

/// How well an entry matches; smaller is better.
#[derive(Debug, Clone, Copy)]
struct Rank {
    /// 0 service name, 1 alias, 2 prefix of the name, 3 whole words, 4 parts of words.
    tier: u8,
    /// Index in the list of ports of the alias.
    index: usize,
}

fn has_name(entry: &PortEntry, words: &str) -> bool {
    entry
        .words()
        .strip_prefix(words)
        .is_some_and(|rest| rest.is_empty() || entry.service.len() == words.len())
}

/// Whether an alias that lists the port of this entry means its service: `k8s` is not `sun-sr-https` on 6443, and
/// `mail` is not 465 over UDP.
fn is_meant_by_alias(entry: &PortEntry) -> bool {
    let here = between(entry.port, entry.port);
    let best = here
        .iter()
        .min_by_key(|other| (!other.unofficial, !other.protocols.contains('t')));
    best.is_none_or(|best| best.service == entry.service)
}

fn rank(entry: &PortEntry, words: &str, aliased: &[u16]) -> Option<Rank> {
    let index = aliased.iter().position(|&port| port == entry.port);
    let at = |tier| {
        Some(Rank {
            tier,
            index: index.unwrap_or(0),
        })
    };

    if has_name(entry, words) {
        return at(0);
    }

    if index.is_some() && is_meant_by_alias(entry) {
        return at(1);
    }

    if entry.words().starts_with(words) && entry.service.len() > words.len() {
        return at(2);
    }

    let all = |found: &dyn Fn(&str) -> bool| words.split_ascii_whitespace().all(found);

    if all(&|word| {
        entry
            .words()
            .split(|c: char| !c.is_alphanumeric())
            .any(|part| part == word)
    }) {
        return at(3);
    }

    // Two letters occur in too many words to be useful.
    (words.len() > 2 && all(&|word| entry.words().contains(word)))
        .then_some(Rank { tier: 4, index: 0 })
}

/// Sort key within a tier: registered before unofficial, TCP before other protocols, system ports first. Ports of an
/// alias keep the order of the alias, each with its usual protocol first.
fn order(found: &PortMatch, rank: Rank) -> (bool, bool, bool) {
    let udp = found.protocol != "tcp";
    match rank.tier {
        1 => (false, udp && has_tcp_too(found), false),
        _ => (found.unofficial, udp, found.port >= 1024),
    }
}

/// Whether the service has the port over TCP as well. `wireguard` and `dhcp` use UDP only or mostly.
fn has_tcp_too(found: &PortMatch) -> bool {
    between(found.port, found.port)
        .iter()
        .any(|entry| entry.service == found.service && entry.protocols.contains('t'))
}

#[cfg(test)]
mod tests;
