//! Lists of DNS servers that ship with the program or that the operator names: public resolvers and root servers.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use netvane_facts::target::Transport;

use super::{Client, Dns, Failure, no_tls, upstream::Upstream};
use crate::{connect, egress_budget};

/// Public resolvers as they ship with the program.
const PUBLIC_RESOLVERS: &str = include_str!("../../../../config/data/public-resolvers.txt");

/// Root servers as they ship with the program (RFC 9609).
const ROOT_HINTS: &str = include_str!("../../../../config/data/root-hints.txt");

/// The entry of a list that stands for the servers that ship with the program.
pub const BUILTIN: &str = "builtin";

/// A DNS server of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedServer {
    /// Name of the server or of its operator.
    pub name: String,
    /// Address and port on which the server is queried.
    pub address: SocketAddr,
}

impl ListedServer {
    /// Reads `NAME=ADDRESS` or `NAME=ADDRESS:PORT`; the port is 53 without one.
    pub fn read(text: &str) -> Option<Self> {
        let (name, address) = text.split_once('=')?;
        let (name, address) = (name.trim(), address.trim());
        let plain = || Some(SocketAddr::new(address.parse().ok()?, 53));
        let address = address.parse().ok().or_else(plain)?;
        (!name.is_empty()).then(|| Self {
            name: name.to_owned(),
            address,
        })
    }
}

/// Returns the servers of a list in the settings, in its order. Entries that are not valid are left out; the check of the
/// settings reports them.
pub(super) fn servers(list: &[String], builtin: &str) -> Vec<ListedServer> {
    let lines = |text: &str| -> Vec<ListedServer> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(ListedServer::read).collect()
    };
    list.iter()
        .flat_map(|entry| match entry.trim() {
            BUILTIN => lines(builtin),
            entry => ListedServer::read(entry).into_iter().collect(),
        })
        .collect()
}

pub(super) fn public_resolvers(list: &[String]) -> Vec<ListedServer> {
    servers(list, PUBLIC_RESOLVERS)
}

pub(super) fn root_hints(list: &[String]) -> Vec<ListedServer> {
    servers(list, ROOT_HINTS)
}

impl Dns {
    /// Returns each configured resolver with a client that asks it alone, once.
    ///
    /// # Errors
    /// A configured server has no address, or the system's resolvers could not be read.
    pub fn each_configured(&self) -> Result<Vec<(ListedServer, Client)>, Failure> {
        let client = self.0.configured.clone()?;
        let single = |index: usize| {
            let server = &client.servers[index];
            let listed = ListedServer {
                name: server.label.clone(),
                address: server.address(),
            };
            // Asks only this server, once, over its open connections.
            let alone = Client {
                servers: client.servers[index..=index].into(),
                preferred: Arc::default(),
                attempts: 1,
                resolver_health: None,
                private_names: client.private_names.clone(),
                ttls: None,
            };
            (listed, alone)
        };
        Ok((0..client.servers.len()).map(single).collect())
    }

    /// Returns the public resolvers of the settings.
    pub fn public_resolvers(&self) -> &[ListedServer] {
        &self.0.public_resolvers
    }

    /// Returns the root servers of the settings.
    pub fn root_hints(&self) -> &[ListedServer] {
        &self.0.root_hints
    }

    /// Returns a client that asks one server over plain DNS, once, after the guard has checked its address.
    ///
    /// `counts` says whether the address is charged to its rate limit. Those of the settings' lists are not: every caller
    /// asks the same ones, and the limits of the callers bound that.
    ///
    /// # Errors
    /// The guard refuses the address, or its rate limit is reached.
    pub fn single(&self, server: &ListedServer, counts: bool) -> Result<Client, Failure> {
        let inner = &*self.0;
        let address = inner.guard.check(&server.name, server.address.ip())?;
        if counts {
            egress_budget::charge_target(address)?;
        }

        let upstream = Upstream::new(
            server.address.to_string(),
            Transport::Udp,
            SocketAddr::new(address, server.address.port()),
            "",
            None,
            no_tls(),
            inner.timeout,
        );
        Ok(Client::new(vec![upstream], 1))
    }

    /// Checks whether the running lookup may query this name. Lookups that ask other servers than the configured ones
    /// call it first.
    ///
    /// # Errors
    /// [`Failure::Forbidden`] if the name is private and the caller has no trust.
    pub fn check_private(&self, name: &str) -> Result<(), Failure> {
        self.0.private_names.check(name)
    }

    /// Whether this machine has a route to an address; without one, silence says nothing about the server.
    pub fn has_route(&self, address: IpAddr) -> bool {
        connect::source(address).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_that_ship_with_the_program_are_complete() {
        let builtin = [BUILTIN.to_owned()];
        let (resolvers, roots) = (public_resolvers(&builtin), root_hints(&builtin));
        assert!(resolvers.len() >= 6, "{resolvers:?}");
        assert_eq!(roots.len(), 26);
        for server in resolvers.iter().chain(&roots) {
            assert!(
                netvane_facts::ip_class::is_global(server.address.ip()),
                "{server:?}"
            );
            assert_eq!(server.address.port(), 53);
        }
    }

    #[test]
    fn reads_addresses_with_and_without_a_port() {
        let list = |text: &str| ListedServer::read(text).map(|server| server.address.to_string());
        assert_eq!(list("a=192.0.2.1").as_deref(), Some("192.0.2.1:53"));
        assert_eq!(list("a=192.0.2.1:5353").as_deref(), Some("192.0.2.1:5353"));
        assert_eq!(list("a = 2001:db8::1").as_deref(), Some("[2001:db8::1]:53"));
        for wrong in ["", "a", "=192.0.2.1", "a=example.com", "a=192.0.2.1:99999"] {
            assert_eq!(list(wrong), None, "{wrong}");
        }
    }
}
