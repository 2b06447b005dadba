//! RDAP servers for a name, an address or an AS number, from IANA's bootstrap registries (RFC 9224).

use std::{collections::HashMap, net::IpAddr};

use serde::Deserialize;

use super::{
    Kind,
    whois::ranges::{self, Range},
};

/// The four bootstrap files of IANA, indexed for lookups.
#[derive(Debug, Default, Clone)]
pub struct Bootstrap {
    /// Base URLs of the servers of each service; the tables below hold indexes into this.
    services: Vec<Vec<String>>,
    names: HashMap<String, usize>,
    ranges: Vec<(Range, usize)>,
    numbers: Vec<(u32, u32, usize)>,
    /// Newest publication time of the files, as IANA writes it.
    published: Option<String>,
}

/// One of the four bootstrap files of IANA (RFC 9224 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootstrapFile {
    /// The registries of domain names.
    Names,
    /// Blocks of IPv4 addresses.
    Ipv4,
    /// Blocks of IPv6 addresses.
    Ipv6,
    /// Ranges of AS numbers.
    AsNumbers,
}

/// Why a file is not a bootstrap file for its kind of objects.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// Not JSON of the format of RFC 9224.
    #[error(transparent)]
    Format(#[from] serde_json::Error),
    /// The publication date is missing or invalid.
    #[error("no valid publication date")]
    Date,
    /// The file lists no server, or none for this kind of objects.
    #[error("no servers for {0}")]
    Empty(&'static str),
}

impl BootstrapFile {
    /// All files, in the order of the parameters of [`Bootstrap::parse`].
    pub const ALL: [Self; 4] = [Self::Names, Self::Ipv4, Self::Ipv6, Self::AsNumbers];

    /// Returns the name of the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Names => "dns.json",
            Self::Ipv4 => "ipv4.json",
            Self::Ipv6 => "ipv6.json",
            Self::AsNumbers => "asn.json",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Names => Kind::Domain,
            Self::Ipv4 | Self::Ipv6 => Kind::Network,
            Self::AsNumbers => Kind::Asn,
        }
    }

    /// Checks the whole text of a file and returns its publication date.
    ///
    /// # Errors
    /// Fails if the text is of another format, has no date, or lists no servers for this kind of objects.
    pub fn publication(self, text: &str) -> Result<jiff::Timestamp, BootstrapError> {
        let file: File = serde_json::from_str(text)?;
        let date = file.publication.as_deref().and_then(|at| at.parse().ok());
        let mut listed = Bootstrap::default();
        for service in &file.services {
            listed.add(self.kind(), service);
        }

        let is_family = |range: Range| match self {
            Self::Ipv6 => range.first().is_ipv6(),
            _ => range.first().is_ipv4(),
        };
        let (has_servers, objects) = match self {
            Self::Names => (!listed.names.is_empty(), "names"),
            Self::AsNumbers => (!listed.numbers.is_empty(), "AS numbers"),
            Self::Ipv4 | Self::Ipv6 => (
                listed.ranges.iter().any(|(range, _)| is_family(*range)),
                "addresses of this version",
            ),
        };

        if !has_servers {
            return Err(BootstrapError::Empty(objects));
        }
        date.ok_or(BootstrapError::Date)
    }
}

/// Format of each file.
#[derive(Deserialize)]
struct File {
    publication: Option<String>,
    services: Vec<Vec<Vec<String>>>,
}

impl Bootstrap {
    /// Parses the contents of `dns.json`, `ipv4.json`, `ipv6.json` and `asn.json`.
    ///
    /// # Errors
    /// Fails if a file is not JSON of that format.
    pub fn parse(dns: &str, ipv4: &str, ipv6: &str, asn: &str) -> Result<Self, serde_json::Error> {
        let mut out = Self::default();
        for (which, text) in BootstrapFile::ALL.into_iter().zip([dns, ipv4, ipv6, asn]) {
            let file: File = serde_json::from_str(text)?;
            out.published = match (out.published.take(), file.publication) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
            for service in file.services {
                out.add(which.kind(), &service);
            }
        }
        Ok(out)
    }

    fn add(&mut self, kind: Kind, service: &[Vec<String>]) {
        // Entries and servers are the last two lists; some files have contacts before them.
        let [.., entries, servers] = service else {
            return;
        };
        let mut servers: Vec<String> = servers
            .iter()
            .filter(|url| is_http(url))
            .map(|url| with_trailing_slash(url))
            .collect();

        servers.sort_by_key(|url| !url.starts_with("https://"));
        if servers.is_empty() {
            return;
        }

        let index = self.services.len();
        self.services.push(servers);
        for entry in entries {
            match kind {
                Kind::Domain => {
                    self.names
                        .insert(entry.trim_matches('.').to_lowercase(), index);
                }
                Kind::Asn => {
                    let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
                    if let (Ok(first), Ok(last)) = (first.trim().parse(), last.trim().parse()) {
                        self.numbers.push((first, last, index));
                    }
                }
                Kind::Ip | Kind::Network => self
                    .ranges
                    .extend(ranges::parse(entry).map(|range| (range, index))),
            }
        }
    }

    /// Publication time of the newest file. Unchanged files keep old dates, so this is the age of the whole set.
    pub fn published(&self) -> Option<&str> {
        self.published.as_deref()
    }

    /// Whether the file of the names has exactly this entry, in ASCII form and lower case.
    pub fn has_name(&self, entry: &str) -> bool {
        self.names.contains_key(entry)
    }

    /// Returns the base URLs of the servers for an object, each ending in `/`, `https` first. Empty if none is listed.
    ///
    /// The longest matching entry wins. Names must be in ASCII form. Append `domain/NAME`, `ip/ADDRESS[/LENGTH]` or
    /// `autnum/NUMBER` to a base URL.
    pub fn lookup(&self, kind: Kind, query: &str) -> Vec<String> {
        let index = match kind {
            Kind::Domain => self.name(query),
            Kind::Asn => self.number(query),
            Kind::Ip | Kind::Network => self.range(query),
        };
        index
            .and_then(|index| self.services.get(index))
            .cloned()
            .unwrap_or_default()
    }

    fn name(&self, query: &str) -> Option<usize> {
        let name = query.trim().trim_matches('.').to_lowercase();
        // Reverse zones belong to the registry of the addresses.
        if let Some(address) = reverse_zone_address(&name) {
            return self.within(Range::new(address, address)?);
        }
        let mut rest = name.as_str();
        loop {
            if let Some(index) = self.names.get(rest) {
                return Some(*index);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    fn number(&self, query: &str) -> Option<usize> {
        let query = query.trim();
        let digits = query
            .get(..2)
            .filter(|start| start.eq_ignore_ascii_case("as"))
            .map_or(query, |_| &query[2..]);
        let number: u32 = digits.parse().ok()?;
        let covering = self
            .numbers
            .iter()
            .filter(|(first, last, _)| (*first..=*last).contains(&number));
        covering
            .min_by_key(|(first, last, _)| last - first)
            .map(|(_, _, index)| *index)
    }

    fn range(&self, query: &str) -> Option<usize> {
        self.within(ranges::parse(query)?)
    }

    fn within(&self, target: Range) -> Option<usize> {
        let covering = self.ranges.iter().filter(|(range, _)| range.covers(target));
        covering
            .min_by_key(|(range, _)| range.size())
            .map(|(_, index)| *index)
    }
}

fn is_http(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn with_trailing_slash(url: &str) -> String {
    if url.ends_with('/') {
        url.to_owned()
    } else {
        format!("{url}/")
    }
}

/// The address of a name under `in-addr.arpa`; for a zone, its first address.
fn reverse_zone_address(name: &str) -> Option<IpAddr> {
    let zone = name.strip_suffix(".in-addr.arpa")?;
    let mut octets = [0u8; 4];
    let labels: Vec<&str> = zone.rsplit('.').collect();
    if labels.len() > 4 {
        return None;
    }
    for (octet, label) in octets.iter_mut().zip(labels) {
        *octet = label.parse().ok()?;
    }
    Some(octets.into())
}

#[cfg(test)]
mod tests;
