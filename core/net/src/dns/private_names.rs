//! Names that are resolved only inside the operator's network: users without its trust may not look
//! them up, because a reply would tell them what there is.

use std::net::IpAddr;

use hickory_resolver::proto::rr::Name;
use ipnet::IpNet;
use netvane_document::Failure;
use netvane_facts::ip_class;

use super::{
    Message,
    client::{text_name, wire_name},
};
use crate::egress_budget;

/// Networks whose reverse zones hold names of the operator's network (RFC 6303).
const PRIVATE_NETWORKS: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

/// The suffixes of `dns.private_names`, and the reverse zones of private networks.
#[derive(Debug)]
pub(super) struct PrivateNames {
    suffixes: Vec<Name>,
    networks: Vec<IpNet>,
}

impl PrivateNames {
    /// Reads the suffixes; one that is not a name matches nothing. Without any suffix no name is
    /// private.
    pub(super) fn new(suffixes: &[String]) -> Self {
        let suffixes: Vec<_> = suffixes
            .iter()
            .filter_map(|suffix| wire_name(suffix.trim_start_matches('.')))
            .collect();
        let networks = PRIVATE_NETWORKS.iter().filter_map(|text| text.parse().ok());
        Self {
            networks: networks.filter(|_| !suffixes.is_empty()).collect(),
            suffixes,
        }
    }

    /// Whether this is a name of the operator's network.
    pub(super) fn contain(&self, name: &str) -> bool {
        wire_name(name).is_some_and(|wire| self.cover(&wire))
    }

    /// Checks whether the running lookup may query this name.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] if the name is private and the caller has no trust.
    pub(super) fn check(&self, name: &str) -> Result<(), Failure> {
        if egress_budget::may_query_private_names() {
            return Ok(());
        }
        match wire_name(name) {
            Some(wire) if self.cover(&wire) => Err(refused(&wire)),
            _ => Ok(()),
        }
    }

    /// Checks whether the running lookup may see this response: a public name can be an alias of a
    /// private one.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] if a record of a private name is in it and the caller has no trust.
    pub(super) fn check_response(&self, message: &Message) -> Result<(), Failure> {
        if self.suffixes.is_empty() || egress_budget::may_query_private_names() {
            return Ok(());
        }
        // Resolvers of container networks know names without a dot.
        let names = message
            .answers
            .iter()
            .filter_map(|record| wire_name(&record.name));
        let single = names.into_iter().find(|name| name.num_labels() == 1);
        let is_inside = |address: &IpAddr| !ip_class::is_global(*address);
        if let Some(name) = single
            && message.addresses().iter().any(is_inside)
        {
            return Err(refused(&name));
        }

        let records = [&message.answers, &message.authority, &message.additional];
        records
            .into_iter()
            .flatten()
            .try_for_each(|record| self.check(&record.name))
    }

    fn cover(&self, name: &Name) -> bool {
        let below = |suffix: &Name| suffix.zone_of(name);
        self.suffixes.iter().any(below) || self.cover_reverse(name)
    }

    /// Whether this is a name in the reverse zone of a private network.
    fn cover_reverse(&self, name: &Name) -> bool {
        reverse_network(name).is_some_and(|network| {
            self.networks
                .iter()
                .any(|private| private.contains(&network))
        })
    }
}

/// Returns the network that a name below `in-addr.arpa` or `ip6.arpa` stands for, as far as its
/// labels are numbers (RFC 1035 §3.5, RFC 3596 §2.5, RFC 2317).
fn reverse_network(name: &Name) -> Option<IpNet> {
    let mut labels: Vec<String> = name
        .iter()
        .map(|label| String::from_utf8_lossy(label).to_ascii_lowercase())
        .collect();
    if labels.pop()? != "arpa" {
        return None;
    }

    match labels.pop()?.as_str() {
        "in-addr" => {
            let octets: Vec<u8> = labels
                .iter()
                .rev()
                .map_while(|label| label.parse().ok())
                .take(4)
                .collect();
            let mut address = [0; 4];
            address[..octets.len()].copy_from_slice(&octets);
            IpNet::new(IpAddr::from(address), octets.len() as u8 * 8).ok()
        }
        "ip6" => {
            let nibble = |label: &String| match label.as_bytes() {
                [digit] => char::from(*digit).to_digit(16),
                _ => None,
            };
            let nibbles: Vec<u32> = labels.iter().rev().map_while(nibble).take(32).collect();
            let address = nibbles
                .iter()
                .enumerate()
                .fold(0, |address, (index, nibble)| {
                    address | u128::from(*nibble) << (124 - 4 * index)
                });
            IpNet::new(IpAddr::from(address.to_be_bytes()), nibbles.len() as u8 * 4).ok()
        }
        _ => None,
    }
}

fn refused(name: &Name) -> Failure {
    Failure::Forbidden(format!(
        "{} is a name of the operator's network (`dns.private_names`). This service looks it up only for the operator and for API keys.",
        text_name(name).trim_end_matches('.')
    ))
}

#[cfg(test)]
mod tests;
