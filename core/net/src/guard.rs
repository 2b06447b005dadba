//! Decides which addresses Netvane may connect to.
//!
//! Every connection, datagram and user-chosen resolver is checked with the exact address that is
//! then used. Names are resolved once, and all of their addresses must pass. Displaying an address
//! needs no check.
//!
//! A lookup that acts for the local user may also contact private and loopback addresses that the user names. It passes
//! them to [`Guard::check_named`]; addresses that answers contain are always passed to [`Guard::check`].

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use netvane_document::Failure;
use netvane_facts::ip_class::{self, Kind};

use crate::egress_budget;

/// Table of special-purpose ranges with the operator's exceptions.
#[derive(Debug, Clone)]
pub struct Guard {
    allow: Vec<IpNet>,
    deny: Vec<IpNet>,
}

impl Guard {
    /// Creates a guard with the operator's exceptions. `deny` takes precedence over `allow`.
    pub fn new(allow: &[IpNet], deny: &[IpNet]) -> Self {
        Self {
            allow: allow.to_vec(),
            deny: deny.to_vec(),
        }
    }

    /// Returns the address to connect to. An IPv4-mapped IPv6 address is unwrapped and checked as
    /// IPv4.
    ///
    /// `what` is the target as the user wrote it, for the error.
    ///
    /// # Errors
    /// [`Failure::Refused`] if the address is not public or the operator denies it.
    pub fn check(&self, what: &str, address: IpAddr) -> Result<IpAddr, Failure> {
        self.check_target(what, address, false)
    }

    /// Like [`Guard::check`], for an address that the user named, or one of a name that the user named. It may be private
    /// if the running lookup acts for the local user.
    ///
    /// # Errors
    /// [`Failure::Refused`], as for [`Guard::check`].
    pub fn check_named(&self, what: &str, address: IpAddr) -> Result<IpAddr, Failure> {
        self.check_target(what, address, egress_budget::may_contact_private())
    }

    /// Like [`Guard::check`]. `may_be_private` says whether private and loopback addresses pass too; the addresses that
    /// the operator denies never do.
    ///
    /// # Errors
    /// [`Failure::Refused`], as for [`Guard::check`].
    pub fn check_target(
        &self,
        what: &str,
        address: IpAddr,
        may_be_private: bool,
    ) -> Result<IpAddr, Failure> {
        self.check_denied(what, address)?;

        let plain = address.to_canonical();
        if ip_class::is_global(plain) || self.allow.iter().any(|network| network.contains(&plain)) {
            return Ok(plain);
        }

        let scope = ip_class::classify(plain);
        if may_be_private && is_local(scope.kind) {
            return Ok(plain);
        }

        Err(refused(
            what,
            plain,
            match (embedded_v4(plain), scope.prefix) {
                (Some(v4), _) => format!("embeds the IPv4 address {v4}"),
                (None, Some(prefix)) => format!("is in {prefix} ({}, {})", scope.name, scope.rfc),
                (None, None) => "is not a public address".into(),
            },
        ))
    }

    /// Checks an address that another process is to contact: only what the operator denies is refused, because the other
    /// process has a guard of its own.
    ///
    /// # Errors
    /// [`Failure::Refused`] if `[policy] deny` has the address.
    pub fn check_denied(&self, what: &str, address: IpAddr) -> Result<(), Failure> {
        let plain = address.to_canonical();
        let embedded = embedded_v4(plain);
        let denied = |network: &&IpNet| {
            network.contains(&plain) || embedded.is_some_and(|v4| network.contains(&v4))
        };
        match self.deny.iter().find(denied) {
            Some(network) => {
                let why = format!("is in {network} (denied by the operator)");
                Err(refused(what, plain, why))
            }
            None => Ok(()),
        }
    }

    /// Whether the operator allows this address with `[policy] allow`.
    pub fn is_excepted(&self, address: IpAddr) -> bool {
        let plain = address.to_canonical();
        self.check("", plain).is_ok() && self.allow.iter().any(|network| network.contains(&plain))
    }

    /// Checks all addresses of one name. Fails if any is refused, so that a forbidden one cannot be
    /// swapped in later.
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

    /// Like [`Guard::check_all`], for a name or an address that the user named; see [`Guard::check_named`].
    pub fn check_all_named(
        &self,
        what: &str,
        addresses: impl IntoIterator<Item = IpAddr>,
        port: u16,
    ) -> Result<Vec<SocketAddr>, Failure> {
        addresses
            .into_iter()
            .map(|address| Ok(SocketAddr::new(self.check_named(what, address)?, port)))
            .collect()
    }
}

/// Whether addresses of this class belong to hosts of a user's own machine or network.
fn is_local(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Loopback
            | Kind::Private
            | Kind::UniqueLocal
            | Kind::LinkLocal
            | Kind::Shared
            | Kind::Benchmarking
    )
}

fn embedded_v4(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V6(v6) => ip_class::embedded_v4(v6).map(|(v4, _)| IpAddr::V4(v4)),
        IpAddr::V4(_) => None,
    }
}

fn refused(what: &str, address: IpAddr, why: String) -> Failure {
    let text = address.to_string();
    let what = if what == text {
        text
    } else {
        format!("{what} ({text})")
    };
    Failure::Refused { what, why }
}

#[cfg(test)]
mod tests;
