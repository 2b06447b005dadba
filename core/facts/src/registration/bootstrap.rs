//! Which RDAP servers know about a name, an address or an AS number: IANA's registries (RFC 9224).

use std::{collections::HashMap, net::IpAddr};

use serde::Deserialize;

use super::{
    Kind,
    whois::ranges::{self, Range},
};

/// IANA's four files, ready to be asked.
#[derive(Debug, Default, Clone)]
pub struct Bootstrap {
    /// Servers of every service; the tables below point here.
    services: Vec<Vec<String>>,
    names: HashMap<String, usize>,
    ranges: Vec<(Range, usize)>,
    numbers: Vec<(u32, u32, usize)>,
    /// Newest publication date among the files, as IANA writes it.
    published: Option<String>,
}

/// The form of each file.
#[derive(Deserialize)]
struct File {
    publication: Option<String>,
    services: Vec<Vec<Vec<String>>>,
}

impl Bootstrap {
    /// Reads the contents of `dns.json`, `ipv4.json`, `ipv6.json` and `asn.json`.
    ///
    /// # Errors
    /// The first file that is not JSON of that form.
    pub fn parse(dns: &str, ipv4: &str, ipv6: &str, asn: &str) -> Result<Self, serde_json::Error> {
        let mut out = Self::default();
        for (kind, text) in [
            (Kind::Domain, dns),
            (Kind::Network, ipv4),
            (Kind::Network, ipv6),
            (Kind::Asn, asn),
        ] {
            let file: File = serde_json::from_str(text)?;
            out.published = match (out.published.take(), file.publication) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (a, b) => a.or(b),
            };
            for service in file.services {
                out.add(kind, &service);
            }
        }
        Ok(out)
    }

    fn add(&mut self, kind: Kind, service: &[Vec<String>]) {
        // Entries and servers are the last two lists; some registries put contacts before them.
        let [.., entries, servers] = service else {
            return;
        };
        let mut servers: Vec<String> = servers
            .iter()
            .filter(|url| is_web(url))
            .map(|url| with_slash(url))
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

    /// When the newest of the files was published. Files that do not change keep old dates, so this is the set's age.
    pub fn published(&self) -> Option<&str> {
        self.published.as_deref()
    }

    /// Base URLs of the servers for an object, each ending in `/`, `https` first. Empty if none is listed.
    ///
    /// The longest matching entry counts. Names must be in ASCII form; to a base URL are added `domain/NAME`,
    /// `ip/ADDRESS[/LENGTH]` or `autnum/NUMBER`.
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
        // Names of addresses are known to the registry of the address.
        if let Some(address) = reverse(&name) {
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

    fn within(&self, wanted: Range) -> Option<usize> {
        let covering = self.ranges.iter().filter(|(range, _)| range.covers(wanted));
        covering
            .min_by_key(|(range, _)| range.size())
            .map(|(_, index)| *index)
    }
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn with_slash(url: &str) -> String {
    if url.ends_with('/') {
        url.to_owned()
    } else {
        format!("{url}/")
    }
}

/// The address a name under `in-addr.arpa` stands for; of a zone, its first.
fn reverse(name: &str) -> Option<IpAddr> {
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
