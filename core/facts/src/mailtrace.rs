//! Finds where a message was sent from by reading its header section hop by hop.
//!
//! Everything here is a pure function over the text. What needs the network (the place of an address, SPF, DKIM and
//! ARC) is left as data in [`Trace`] for the caller to look up.
//!
//! Verified and unverified data: each server adds its `Received` line above those already present
//! (RFC 5321 §4.4), so only lines of servers that the reader trusts are reliable. The lowest of them names
//! the address that sent the message. Everything below it may be forged.

use jiff::Timestamp;

use crate::ip_class;
use hops::ReceivedChain;

mod addresses;
mod anomalies;
mod authentication;
mod author;
mod boundary;
mod claims;
mod hops;
mod input;
mod model;
pub mod names;
pub mod received;
mod remarks;
mod results;
mod summary;
mod tags;

pub use input::{MessageReader, SignedMessage, SignedPart, msg, signed, signed_head};
pub use model::*;

/// Which servers are trusted, and the current time.
#[derive(Debug, Default, Clone)]
pub struct TrustPolicy {
    /// `[mail] trusted_relays`: addresses and networks.
    pub networks: Vec<ipnet::IpNet>,
    /// `[mail] trusted_relays`: host names; each includes its subdomains.
    pub names: Vec<String>,
    /// The current time, to detect dates in the future; `None` skips that check.
    pub now: Option<Timestamp>,
}

impl TrustPolicy {
    /// Reads the setting's entries. The error is the entry that is neither an address, a network nor a host name.
    pub fn from_relays<'a>(relays: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut policy = Self::default();
        for relay in relays {
            let relay = relay.trim();
            if let Ok(network) = relay.parse() {
                policy.networks.push(network);
            } else if let Some(address) = names::address(relay) {
                policy.networks.push(address.into());
            } else if let Some(name) =
                names::host(relay.trim_start_matches("*.").trim_start_matches('.'))
            {
                policy.names.push(name.to_ascii_lowercase());
            } else {
                return Err(relay.to_owned());
            }
        }
        Ok(policy)
    }

    fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.names.is_empty()
    }

    fn has_address(&self, address: std::net::IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    fn has_name(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.names.iter().any(|own| {
            name.strip_suffix(own.as_str())
                .is_some_and(|r| r.is_empty() || r.ends_with('.'))
        })
    }
}

/// Reads a message, its headers, or a paste of either. Never fails: an input without `Received` lines has no hops.
pub fn trace(input: &[u8], policy: &TrustPolicy) -> Trace {
    let (text, mut notes) = input::text(input);
    let mut read = input::read(&text, input.len());
    notes.append(&mut read.notes);
    let chain = ReceivedChain::read(&read.fields, &mut notes);
    let boundary = boundary::find(&chain, policy);
    let authentication = authentication::read(&read.fields, &chain, &boundary);
    let claims = claims::read(&read.fields, &chain, &boundary, authentication.client);
    let origin = claims::origin(&chain, &boundary, &claims);
    let hops = chain.hops(&boundary);
    let summary = summary::read(&read.fields);
    let mut anomalies = remarks::find(&read.fields, &summary.authors);
    anomalies.append(&mut anomalies::find(&chain, &boundary, policy.now));
    notes.extend(origin_note(&origin));
    let verify = authentication.verify(&read, &summary, &chain, &boundary);

    Trace {
        from: summary.from,
        subject: summary.subject,
        date: summary.date,
        message_id: summary.message_id,
        hops,
        boundary: boundary.description,
        origin,
        claims,
        authentication: authentication.results,
        anomalies,
        verify,
        notes,
    }
}

/// A remark about an origin that no server on the Internet has, such as an address of documentation.
fn origin_note(origin: &Origin) -> Option<String> {
    let address = origin.address?;
    let class = ip_class::classify(address);
    (class.kind != ip_class::Kind::Global).then(|| {
        format!(
            "The origin {address} is a special address: {} ({}).",
            class.name, class.rfc
        )
    })
}

#[cfg(test)]
mod tests;
