//! The only crate that opens sockets. Every connection, datagram and user-chosen resolver is
//! checked by the [`Guard`].

mod connect;
pub mod dns;
mod egress_budget;
#[cfg(target_os = "linux")]
mod errqueue;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
pub mod http;
pub mod http_check;
pub mod icmp;
pub mod icmp_error;
pub mod mailauth;
pub mod metrics;
pub mod offload;
mod ports;
pub mod registry;
pub mod route;
pub mod settings;
pub mod smtp;
pub mod tcp;
mod tls;
pub mod tls_check;
pub mod udp;
mod whois;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use netvane_document::{Failure, UsageError};
use netvane_facts::target::{Host, IpVersion};

use dns::NoAddress;
use settings::NetSettings;

pub use egress_budget::EgressBudget;
pub use guard::Guard;
pub use ports::{PortRanges, PortUse, check_port};
/// An established TCP connection to an address that the guard accepted.
pub use tokio::net::TcpStream;

/// Product name and version, as sent to other servers (User-Agent).
pub const WHO: &str = concat!("netvane/", env!("CARGO_PKG_VERSION"));

/// All network clients, built once per process and cheap to clone.
#[derive(Clone)]
pub struct Net {
    /// Decides which addresses may be contacted.
    pub guard: Arc<Guard>,
    /// DNS client for the configured resolvers or one that the user names.
    pub dns: dns::Dns,
    /// HTTP client that checks every redirect with the guard.
    pub http: http::Http,
    /// RDAP and whois clients.
    pub registries: registry::Registries,
    /// Evaluates SPF, DKIM, DMARC and ARC.
    pub mailauth: mailauth::MailAuth,
    tls: tls::Tls,
}

impl Net {
    /// Builds the clients from the settings. Reads the system's resolvers if `[dns] servers` has
    /// `system`.
    pub fn new(settings: &NetSettings<'_>) -> Result<Self, Failure> {
        let guard = Arc::new(Guard::new(settings.allow, settings.deny));
        let tls = tls::Tls::new(settings.tls);
        let dns = dns::Dns::new(settings.dns, guard.clone(), tls.clone())?;
        let http = http::Http::new(
            dns.clone(),
            guard.clone(),
            tls.clone(),
            settings.contact.as_deref(),
        );

        let whois = whois::Whois::new(settings.whois, dns.clone(), guard.clone());
        let registries = registry::Registries::new(
            settings.rdap,
            settings.downloaded_bootstrap.clone(),
            http.clone(),
            whois,
        );
        let mailauth = mailauth::MailAuth::new(dns.clone());

        Ok(Self {
            guard,
            dns,
            http,
            registries,
            mailauth,
            tls,
        })
    }

    /// Returns the trusted certificate authorities.
    pub fn tls_roots(&self) -> Result<rustls::RootCertStore, Failure> {
        self.tls.roots()
    }

    /// Resolves a target that the user named to the addresses to send packets to, of the given IP version if there is
    /// one. All are checked by the guard; those that this machine has a route to come first. The
    /// first one is charged to the target's rate limit.
    ///
    /// The inner error is a name without such an address: a negative answer, which is a reply and
    /// not a failure.
    ///
    /// # Errors
    /// The lookup failed, or the guard refuses an address.
    pub async fn locate(
        &self,
        target: &Host,
        version: Option<IpVersion>,
    ) -> Result<Result<Vec<IpAddr>, NoAddress>, Failure> {
        self.locate_with(target, version, Guard::check_named).await
    }

    /// As [`Net::locate`], for a target that an answer contains, such as a redirect: the local user's permission to
    /// contact private addresses does not extend to it.
    pub(crate) async fn locate_from_answer(
        &self,
        target: &Host,
        version: Option<IpVersion>,
    ) -> Result<Result<Vec<IpAddr>, NoAddress>, Failure> {
        self.locate_with(target, version, Guard::check).await
    }

    async fn locate_with(
        &self,
        target: &Host,
        version: Option<IpVersion>,
        check: fn(&Guard, &str, IpAddr) -> Result<IpAddr, Failure>,
    ) -> Result<Result<Vec<IpAddr>, NoAddress>, Failure> {
        let mut addresses = match self.resolve(target, version).await? {
            Ok(addresses) => addresses,
            Err(none) => return Ok(Err(none)),
        };

        let name = target.to_string();
        for address in &mut addresses {
            *address = check(&self.guard, &name, *address)?;
        }
        // An AAAA record may hold an IPv4-mapped address.
        addresses.retain(|address| version.is_none_or(|version| version.holds(*address)));
        if addresses.is_empty() {
            return Ok(Err(NoAddress::without_data(version)));
        }

        addresses.sort_by_key(|address| connect::source(*address).is_err());
        egress_budget::charge_target(addresses[0])?;
        Ok(Ok(addresses))
    }

    /// As [`Net::locate`], for a host that an answer contains; a name without an address is a failure too.
    pub async fn contact(
        &self,
        target: &Host,
        version: Option<IpVersion>,
    ) -> Result<Vec<IpAddr>, Failure> {
        let located = self.locate_from_answer(target, version).await?;
        located.map_err(|none| Failure::Upstream {
            what: target.to_string(),
            why: format!("the name {none}"),
        })
    }

    /// Resolves a target to at least one address without the guard: for display only, never to
    /// connect to. The inner error is a name without an address.
    pub async fn resolve(
        &self,
        target: &Host,
        version: Option<IpVersion>,
    ) -> Result<Result<Vec<IpAddr>, NoAddress>, Failure> {
        let local = match target {
            Host::Address(address) => vec![address.to_canonical()],
            Host::Name(name) => match local_addresses(name.as_str()) {
                Some(addresses) => addresses.to_vec(),
                None => {
                    let client = self.dns.client(None).await?;
                    return client.find_addresses(name.as_str(), version).await;
                }
            },
        };

        let is_usable = |address: &IpAddr| version.is_none_or(|version| version.holds(*address));
        let usable: Vec<IpAddr> = local.into_iter().filter(is_usable).collect();
        match (usable.is_empty(), version) {
            (true, Some(version)) => Err(UsageError::argument(format!(
                "`ipv`: {target} is not an IPv{version} address"
            ))
            .into()),
            _ => Ok(Ok(usable)),
        }
    }

    /// Resolves a target without the guard: for display only, never to connect to.
    pub async fn addresses(&self, target: &Host) -> Result<Vec<IpAddr>, Failure> {
        match target {
            Host::Address(address) => Ok(vec![*address]),
            Host::Name(name) => match local_addresses(name.as_str()) {
                Some(addresses) => Ok(addresses.to_vec()),
                None => self.dns.client(None).await?.addresses(name.as_str()).await,
            },
        }
    }
}

/// Returns the loopback addresses for `localhost` and names below it, which are never sent to DNS
/// (RFC 6761 §6.3).
fn local_addresses(name: &str) -> Option<[IpAddr; 2]> {
    let name = name.trim_end_matches('.');
    (name == "localhost" || name.ends_with(".localhost"))
        .then(|| [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
}

/// Clients for tests: no resolver answers, and `allow` lists the networks that may be contacted.
#[cfg(test)]
fn test_net(allow: &[ipnet::IpNet]) -> Net {
    let dns = settings::Dns {
        servers: vec![settings::Server::Resolver(
            "127.0.0.1:1".parse().expect("a resolver"),
        )],
        timeout_ms: 100,
        attempts: 1,
        trust_anchor: String::new(),
        private_names: Vec::new(),
        public_resolvers: Vec::new(),
        root_hints: Vec::new(),
    };

    let whois = settings::Whois {
        root: "whois.iana.org".into(),
        port: 43,
        timeout_ms: 1000,
        max_bytes: 1 << 16,
        max_referrals: 3,
    };

    let rdap = settings::Rdap {
        enabled: false,
        bootstrap: "builtin".into(),
        bootstrap_url: "http://127.0.0.1:1".into(),
        timeout_ms: 1000,
        max_bytes: 1 << 16,
    };

    let tls = settings::Tls {
        ca_files: Vec::new(),
    };

    Net::new(&NetSettings {
        dns: &dns,
        whois: &whois,
        rdap: &rdap,
        downloaded_bootstrap: None,
        tls: &tls,
        allow,
        deny: &[],
        contact: None,
    })
    .expect("a network")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_and_names_below_it_resolve_locally() {
        for name in ["localhost", "localhost.", "a.localhost", "a.b.localhost."] {
            assert!(local_addresses(name).is_some(), "{name}");
        }
        for name in [
            "",
            ".",
            "alocalhost",
            "localhost.example",
            "localhost.localdomain",
        ] {
            assert!(local_addresses(name).is_none(), "{name}");
        }
    }
}
