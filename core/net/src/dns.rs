//! DNS client: sends one exact query to a resolver and returns the response unmodified.

mod addresses;
pub mod chain;
mod client;
mod denial;
mod https;
mod message;
mod presentation;
mod private_names;
mod quic;
mod resolver_health;
mod resolvers;
mod server_list;
mod stream;
mod upstream;
mod validate;
#[cfg(test)]
pub(crate) mod wire;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use domain::base::Rtype;
use hickory_resolver::proto::dnssec::TrustAnchors;
use ipnet::IpNet;
use netvane_document::Failure;
use netvane_facts::{
    ip_class,
    target::{Host, Resolver, Transport},
};

use super::{Guard, PortUse, check_port, egress_budget, tls::Tls};
use crate::settings;
use private_names::PrivateNames;
use resolver_health::ResolverHealth;
use resolvers::{configured, encrypted, no_tls, not_a_resolver, upstream_of};
use upstream::Upstream;

pub use addresses::{NoAddress, rcode_name};
pub use client::Client;
pub use message::{Data, Edns, ExtendedError, Flags, Message, Record, without_dot};
pub use server_list::{BUILTIN, ListedServer};
pub use validate::{Security, Validation};

/// DNS client for the configured resolvers and for servers that the user names.
#[derive(Clone)]
pub struct Dns(Arc<Inner>);

struct Inner {
    configured: Result<Client, Failure>,
    resolver_health: Arc<ResolverHealth>,
    private_names: Arc<PrivateNames>,
    guard: Arc<Guard>,
    tls: Tls,
    timeout: Duration,
    attempts: u32,
    anchors: Arc<TrustAnchors>,
    public_resolvers: Vec<ListedServer>,
    root_hints: Vec<ListedServer>,
    /// Whether the trust anchors belong to the root of the hints.
    has_anchor: bool,
}

/// A DNS query, with the flags to send.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Query name, with or without the final dot.
    pub name: &'a str,
    /// Record type to query (QTYPE).
    pub rtype: Rtype,
    /// RD: ask the server to recurse.
    pub recurse: bool,
    /// DO: request DNSSEC records.
    pub dnssec: bool,
    /// CD: return data even if it fails DNSSEC validation.
    pub checking_disabled: bool,
    /// Use TCP instead of UDP.
    pub tcp: bool,
    /// EDNS Client Subnet: the network for which an answer is wanted (RFC 7871).
    pub subnet: Option<IpNet>,
    /// NSID: ask which instance of the server answers (RFC 5001).
    pub nsid: bool,
    /// Announced UDP payload size in bytes, if it is not the default.
    pub udp_payload: Option<u16>,
    /// Whether the query has an OPT record (EDNS, RFC 6891), which the options above need.
    pub edns: bool,
}

impl<'a> Question<'a> {
    /// Creates a query as a stub resolver sends it: RD set, without DNSSEC records, over UDP.
    pub fn new(name: &'a str, rtype: Rtype) -> Self {
        Self {
            name,
            rtype,
            recurse: true,
            dnssec: false,
            checking_disabled: false,
            tcp: false,
            subnet: None,
            nsid: false,
            udp_payload: None,
            edns: true,
        }
    }
}

/// A response, the server that sent it and the transport used.
#[derive(Debug, Clone)]
pub struct Response {
    /// The message, parsed and complete.
    pub message: Message,
    /// Label of the server that responded.
    pub resolver: String,
    /// Transport of the response, after a fallback to TCP if there was one.
    pub transport: Transport,
    /// Time from sending the query to receiving the response, including a first, truncated response.
    pub elapsed: Duration,
}

impl Dns {
    /// Creates the client. Reads the system's resolvers now if the settings use them.
    pub(super) fn new(
        settings: &settings::Dns,
        guard: Arc<Guard>,
        tls: Tls,
    ) -> Result<Self, Failure> {
        let timeout = Duration::from_millis(settings.timeout_ms);
        let anchors = match settings.trust_anchor.as_str() {
            "" => TrustAnchors::default(),
            path => TrustAnchors::from_file(path.as_ref()).map_err(|error| {
                Failure::Unavailable(format!("dns.trust_anchor: {path}: {error}"))
            })?,
        };

        let resolver_health = Arc::<ResolverHealth>::default();
        let private_names = Arc::new(PrivateNames::new(&settings.private_names));
        let configured = configured(settings, &tls, timeout).map(|client| {
            client
                .with_health(resolver_health.clone())
                .with_private_names(private_names.clone())
        });
        let attempts = settings.attempts;

        Ok(Self(Arc::new(Inner {
            configured,
            resolver_health,
            private_names,
            guard,
            tls,
            timeout,
            attempts,
            anchors: Arc::new(anchors),
            public_resolvers: server_list::public_resolvers(&settings.public_resolvers),
            root_hints: server_list::root_hints(&settings.root_hints),
            has_anchor: !settings.trust_anchor.is_empty()
                || settings
                    .root_hints
                    .iter()
                    .all(|hint| hint.trim() == BUILTIN),
        })))
    }

    /// Returns a client for the server that the user names, after the guard has checked each of its addresses, or for
    /// the configured servers without one.
    pub async fn client(&self, chosen: Option<&Resolver>) -> Result<Client, Failure> {
        let inner = &*self.0;
        let Some(resolver) = chosen else {
            return inner.configured.clone();
        };
        let port = resolver
            .endpoint
            .port
            .unwrap_or(resolver.transport.default_port());
        let name = resolver.endpoint.host.to_string();
        let addresses = match &resolver.endpoint.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolver_addresses(name.as_str()).await?,
        };
        let addresses = inner.guard.check_all_named(&name, addresses, port)?;
        let default_port = resolver.transport.default_port();
        let written = resolver.to_string();
        for address in &addresses {
            check_port(PortUse::Resolver, &written, *address, default_port)?;
            egress_budget::charge_target(address.ip())?;
        }

        let tls = encrypted(resolver.transport)
            .then(|| inner.tls.client())
            .transpose()?;
        let upstream =
            |address: SocketAddr| upstream_of(resolver, address, tls.clone(), inner.timeout);

        // A resolver in the operator's network knows the names of that network.
        let inside = |address: &SocketAddr| !ip_class::is_global(address.ip());
        let is_inside = addresses.iter().any(inside);
        let client = Client::new(
            addresses.into_iter().map(upstream).collect(),
            inner.attempts,
        );

        Ok(if is_inside {
            client.with_private_names(inner.private_names.clone())
        } else {
            client
        })
    }

    /// Returns the labels of the configured servers, as in [`Response::resolver`].
    pub fn resolvers(&self) -> Vec<String> {
        self.0
            .configured
            .iter()
            .flat_map(|client| client.servers.iter())
            .map(|server| server.label.clone())
            .collect()
    }

    /// Whether this is a name of the operator's network (`dns.private_names`), which nobody else needs to know.
    pub fn is_private_name(&self, name: &str) -> bool {
        self.0.private_names.contain(name)
    }

    /// Checks the configuration of the resolvers.
    ///
    /// # Errors
    /// A configured server has no address, or the system's resolvers could not be read.
    pub fn is_configured(&self) -> Result<(), Failure> {
        self.0.configured.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// Checks whether the configured resolvers answer; see [`resolver_health`].
    pub async fn ready(&self) -> Result<(), Failure> {
        let Inner {
            configured,
            resolver_health,
            ..
        } = &*self.0;
        resolver_health
            .check(configured.as_ref().map_err(Clone::clone)?)
            .await
    }

    /// Returns a client for an authoritative server, after the guard has checked its addresses. One attempt, with the
    /// given timeout.
    pub fn authority(
        &self,
        name: &str,
        addresses: &[IpAddr],
        timeout: Duration,
    ) -> Result<Client, Failure> {
        let addresses = self
            .0
            .guard
            .check_all(name, addresses.iter().copied(), 53)?;
        addresses
            .iter()
            .try_for_each(|address| egress_budget::charge_target(address.ip()))?;

        let upstream = |address: SocketAddr| {
            Upstream::new(
                address.to_string(),
                Transport::Udp,
                address,
                "",
                None,
                no_tls(),
                timeout,
            )
        };

        Ok(Client::new(
            addresses.into_iter().map(upstream).collect(),
            1,
        ))
    }

    async fn resolver_addresses(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        let configured = self.0.configured.clone()?;
        configured
            .find_both(name)
            .await?
            .map_err(|none| not_a_resolver(name, &none))
    }

    /// Validates the answer to a query from the trust anchors down, sending further queries to `client`.
    pub async fn validate(&self, client: &Client, question: &Question<'_>) -> Validation {
        validate::validate(client, question, self.0.anchors.clone()).await
    }
}

#[cfg(test)]
mod tests;
