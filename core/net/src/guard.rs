//! The boundary: which addresses Netvane may connect to.
//!
//! Every connection, datagram and chosen resolver passes here with the very address that is then used;
//! names are resolved once, and all of their addresses must pass. Displaying an address needs no guard.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use netvane_document::Failure;
use netvane_facts::ip_class;

/// The table of special-purpose ranges with the operator's exceptions.
#[derive(Debug, Clone)]
pub struct Guard {
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
}

impl Guard {
    /// With the operator's exceptions; `deny` goes before `allow`.
    pub fn new(allow: &[IpNet], deny: &[IpNet]) -> Self {
        Self {
            allow: allow.to_vec(),
            deny: deny.to_vec(),
        }
    }

    /// The address to connect to, or why not. An IPv4 address in IPv6 clothing is judged as what it is.
    ///
    /// `what` is the target as the asker knows it.
    pub fn check(&self, what: &str, address: IpAddr) -> Result<IpAddr, Failure> {
        let plain = address.to_canonical();
        let embedded = match plain {
            IpAddr::V6(v6) => ip_class::embedded_v4(v6).map(|(v4, _)| IpAddr::V4(v4)),
            IpAddr::V4(_) => None,
        };
        let refused = |why: String| {
            let shown = plain.to_string();
            let what = if what == shown {
                shown
            } else {
                format!("{what} ({shown})")
            };
            Err(Failure::Refused { what, why })
        };

        let denied = |network: &&IpNet| {
            network.contains(&plain) || embedded.is_some_and(|v4| network.contains(&v4))
        };
        if let Some(network) = self.deny.iter().find(denied) {
            return refused(format!("is in {network} (denied by the operator)"));
        }

        if ip_class::is_global(plain) || self.allow.iter().any(|network| network.contains(&plain)) {
            return Ok(plain);
        }

        let scope = ip_class::classify(plain);

        match (embedded, scope.prefix) {
            (Some(v4), _) => refused(format!("embeds the IPv4 address {v4}")),
            (None, Some(prefix)) => {
                refused(format!("is in {prefix} ({}, {})", scope.name, scope.rfc))
            }
            (None, None) => refused("is not a public address".into()),
        }
    }

    /// Whether this address is one of the operator's own exceptions.
    pub fn is_excepted(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        self.check("", plain).is_ok() && self.allow.iter().any(|network| network.contains(&plain))
    }

    /// All addresses of one name: each must pass, so that none can be swapped in later.
    pub fn check_all(
        &self,
        what: &str,
        addresses: impl IntoIterator<Item = IpAddr>,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Failure> {
        addresses
            .into_iter()
            .map(|address| Ok(SocketAddr::new(self.check(what, address)?, port)))
            .collect()
    }
}

#[cfg(test)]
mod tests;
