//! `subnet`: the arithmetic of a network, without any lookup.

#[cfg(test)]
mod tests;

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::ip_class::{self, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::NetworkQuery,
    command::{Command, Context, Next},
    spec::{Cost, Group, Spec},
};

/// Largest number that JSON readers with floating-point numbers read exactly (RFC 8259 §6).
const MAX_EXACT: u128 = 1 << 53;

/// First and last address, size, mask and halves of a network.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subnet {
    /// A network such as `192.0.2.0/24`, a range, or an address with a mask.
    network: NetworkQuery,
}

/// A network, or a range of addresses.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The network without host bits; `null` for a range that is not one network.
    #[schemars(with = "Option<String>")]
    network: Option<IpNet>,
    /// IP version, 4 or 6.
    version: u8,
    /// First address: of a network, the network address.
    first: IpAddr,
    /// Last address: of an IPv4 network, the broadcast address.
    last: IpAddr,
    /// Mask of an IPv4 network.
    netmask: Option<Ipv4Addr>,
    /// Inverted mask of an IPv4 network, as access lists use it.
    wildcard: Option<Ipv4Addr>,
    /// Number of addresses in the network.
    addresses: AddressCount,
    /// Number of addresses for hosts: in IPv4 without network and broadcast address (RFC 3021: both of a /31).
    usable: AddressCount,
    /// Class of the addresses; `null` if they have several.
    scope: Option<Kind>,
    /// The network of twice the size that contains this one.
    #[schemars(with = "Option<String>")]
    parent: Option<IpNet>,
    /// The two networks of half the size; empty for a single address.
    #[schemars(with = "Vec<String>")]
    halves: Vec<IpNet>,
    /// The fewest networks that cover exactly the range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    cidrs: Option<Vec<IpNet>>,
    /// The address as written, if it has host bits that the mask excludes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
}

/// A number of addresses: a number up to 2^53, above it a string of digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum AddressCount {
    Number(u64),
    Digits(String),
}

impl AddressCount {
    /// The number of addresses from the first to the last of one IP version. All of IPv6 are one more than `u128` holds.
    fn between(first: IpAddr, last: IpAddr) -> Self {
        let bits = |address| match address {
            IpAddr::V4(v4) => u128::from(Ipv4Addr::to_bits(v4)),
            IpAddr::V6(v6) => v6.to_bits(),
        };
        match bits(last).saturating_sub(bits(first)).checked_add(1) {
            Some(number) if number <= MAX_EXACT => Self::Number(number as u64),
            Some(number) => Self::Digits(number.to_string()),
            None => Self::Digits("340282366920938463463374607431768211456".into()),
        }
    }

    /// The number with a comma after every three digits.
    fn grouped(&self) -> String {
        let digits = match self {
            Self::Number(number) => number.to_string(),
            Self::Digits(digits) => digits.clone(),
        };
        let length = digits.chars().count();
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (length - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }

    fn is_one(&self) -> bool {
        *self == Self::Number(1)
    }
}

impl Command for Subnet {
    const SPEC: Spec = Spec {
        name: "subnet",
        aliases: &["cidr"],
        group: Group::Dns,
        examples: &[
            "subnet 192.0.2.77/26",
            "subnet 2001:db8::/48",
            "subnet 192.0.2.10-192.0.2.60",
            "subnet 192.0.2.0 255.255.255.0",
        ],
        timeout: Duration::from_secs(2),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[Next::target("whois"), Next::target("reverse")];

    async fn run(self, _: &Context) -> Result<Data, Failure> {
        Ok(match self.network {
            NetworkQuery::Network(written) => Data::of_network(written),
            NetworkQuery::Range(first, last) => Data::of_range(first, last),
        })
    }
}

impl Data {
    fn of_network(written: IpNet) -> Self {
        let network = written.trunc();
        let (first, last) = (network.network(), network.broadcast());
        let (netmask, wildcard) = match network {
            IpNet::V4(v4) => (Some(v4.netmask()), Some(v4.hostmask())),
            IpNet::V6(_) => (None, None),
        };

        let addresses = AddressCount::between(first, last);
        let usable = match (network, &addresses) {
            (IpNet::V4(v4), AddressCount::Number(number)) if v4.prefix_len() < 31 => {
                AddressCount::Number(number.saturating_sub(2))
            }
            _ => addresses.clone(),
        };

        let halves = network
            .subnets(network.prefix_len() + 1)
            .map(Iterator::collect)
            .unwrap_or_default();

        Self {
            network: Some(network),
            version: version(first),
            first,
            last,
            netmask,
            wildcard,
            addresses,
            usable,
            scope: ip_class::classify_network(network).map(|scope| scope.kind),
            parent: network.supernet(),
            halves,
            cidrs: None,
            address: (written.addr() != first).then_some(written.addr()),
        }
    }

    fn of_range(first: IpAddr, last: IpAddr) -> Self {
        let cidrs: Vec<IpNet> = match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                Ipv4Subnets::new(first, last, 0).map(IpNet::V4).collect()
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                Ipv6Subnets::new(first, last, 0).map(IpNet::V6).collect()
            }
            // The argument has one IP version.
            _ => Vec::new(),
        };

        if let [network] = cidrs[..] {
            return Self {
                cidrs: Some(cidrs),
                ..Self::of_network(network)
            };
        }

        let mut kinds = cidrs
            .iter()
            .map(|network| ip_class::classify_network(*network).map(|scope| scope.kind));
        let scope = kinds.next().flatten();
        let scope = scope.filter(|first| kinds.all(|kind| kind == Some(*first)));
        let addresses = AddressCount::between(first, last);
        Self {
            network: None,
            version: version(first),
            first,
            last,
            netmask: None,
            wildcard: None,
            usable: addresses.clone(),
            addresses,
            scope,
            parent: None,
            halves: Vec::new(),
            cidrs: Some(cidrs),
            address: None,
        }
    }

    fn title(&self) -> String {
        match self.network {
            Some(network) => format!("Network {network}"),
            None => format!("Range {}–{}", self.first, self.last),
        }
    }

    fn summary(&self) -> String {
        let number = self.addresses.grouped();
        let unit = if self.addresses.is_one() {
            "address"
        } else {
            "addresses"
        };
        match (self.network, &self.cidrs) {
            (None, Some(cidrs)) => format!("{number} {unit} in {} networks", cidrs.len()),
            _ if self.usable != self.addresses => {
                format!("{number} {unit}, {} for hosts", self.usable.grouped())
            }
            _ => format!("{number} {unit}"),
        }
    }

    /// The first and the last address of hosts, if they are not those of the network.
    fn hosts(&self) -> Option<(Ipv4Addr, Ipv4Addr)> {
        match (self.first, self.last) {
            (IpAddr::V4(first), IpAddr::V4(last)) if self.usable != self.addresses => {
                let first = first.to_bits().checked_add(1)?;
                let last = last.to_bits().checked_sub(1)?;
                Some((first.into(), last.into()))
            }
            _ => None,
        }
    }
}

fn version(address: IpAddr) -> u8 {
    if address.is_ipv4() { 4 } else { 6 }
}

/// Networks in one line.
fn list(networks: &[IpNet]) -> Cell {
    let networks: Vec<String> = networks.iter().map(IpNet::to_string).collect();
    Cell::exact(networks.join(", "))
}

impl Answer for Data {
    fn present(&self) -> Document {
        let mut document = Document::new(self.title(), self.summary(), Severity::Neutral);

        document.field("First address", Cell::new(self.first, Role::Address));
        document.field("Last address", Cell::new(self.last, Role::Address));
        if let Some((first, last)) = self.hosts() {
            document.field("Hosts", Cell::exact(format!("{first} – {last}")));
        }
        if let Some(netmask) = self.netmask {
            document.field("Mask", Cell::exact(netmask));
        }
        if let Some(wildcard) = self.wildcard {
            document.field("Wildcard", Cell::exact(wildcard));
        }

        let class = self.scope.map(|kind| kind.as_str().replace('_', " "));
        document.field("Class", class.unwrap_or_else(|| "several".into()));
        if let Some(parent) = self.parent {
            document.field("Part of", Cell::exact(parent));
        }
        if !self.halves.is_empty() {
            document.field("Halves", list(&self.halves));
        }
        if let Some(cidrs) = &self.cidrs {
            document.field("Networks", list(cidrs));
        }

        if let (Some(address), Some(network)) = (self.address, self.network) {
            document.warn(format!(
                "{address} is not the first address of the network: write {network}"
            ));
        }
        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(3600)
    }
}
