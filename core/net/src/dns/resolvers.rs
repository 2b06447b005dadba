//! The servers of `[dns] servers`, and those that a user names.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use netvane_document::Failure;
use netvane_facts::target::{Host, Resolver, Transport};

use super::{super::tls::Tls, addresses::NoAddress, client::Client, upstream::Upstream};
use crate::settings::{self, Server};

/// The error of a resolver without an address: often it is a second domain, written where the resolver belongs.
pub(super) fn not_a_resolver(name: &str, none: &NoAddress) -> Failure {
    let why = if none.is_nxdomain() {
        "does not exist (NXDOMAIN)"
    } else {
        "has no A or AAAA record"
    };
    Failure::Upstream {
        what: "`resolver`".into(),
        why: format!("{name} {why}; to look up several names, use `netvane batch`"),
    }
}

pub(super) fn encrypted(transport: Transport) -> bool {
    !matches!(transport, Transport::Udp | Transport::Tcp)
}

pub(super) fn upstream_of(
    resolver: &Resolver,
    address: SocketAddr,
    tls: Option<rustls::ClientConfig>,
    timeout: Duration,
) -> Upstream {
    let host = resolver.endpoint.host.to_string();
    let label = match resolver.transport {
        Transport::Udp | Transport::Tcp if matches!(resolver.endpoint.host, Host::Address(_)) => {
            address.to_string()
        }
        Transport::Udp | Transport::Tcp => format!("{host} ({address})"),
        _ => resolver.to_string(),
    };

    let name = resolver.name.as_deref().unwrap_or(&host);
    let tls = tls.unwrap_or_else(no_tls);

    Upstream::new(
        label,
        resolver.transport,
        address,
        name,
        resolver.path.as_deref(),
        tls,
        timeout,
    )
}

/// Returns a placeholder for plain DNS, which does not use TLS: it trusts no certificate.
pub(super) fn no_tls() -> rustls::ClientConfig {
    use std::sync::OnceLock;
    static NONE: OnceLock<rustls::ClientConfig> = OnceLock::new();
    NONE.get_or_init(|| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap_or_else(|error| unreachable!("ring speaks TLS 1.3: {error}"))
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth()
    })
    .clone()
}

/// Creates the client for `[dns] servers`. The guard does not check them: a resolver on loopback is common.
pub(super) fn configured(
    settings: &settings::Dns,
    tls: &Tls,
    timeout: Duration,
) -> Result<Client, Failure> {
    let mut upstreams = Vec::new();

    for server in &settings.servers {
        match server {
            Server::System => {
                for address in system_resolvers()? {
                    let address = SocketAddr::new(address, 53);
                    let label = address.to_string();
                    upstreams.push(Upstream::new(
                        label,
                        Transport::Udp,
                        address,
                        "",
                        None,
                        no_tls(),
                        timeout,
                    ));
                }
            }
            Server::Resolver(resolver) => {
                let Host::Address(address) = resolver.endpoint.host else {
                    return Err(Failure::Unavailable(format!(
                        "dns.servers: `{resolver}`: expected an IP address, got a name; add the certificate's name after `#`"
                    )));
                };

                let port = resolver
                    .endpoint
                    .port
                    .unwrap_or(resolver.transport.default_port());
                let tls = encrypted(resolver.transport)
                    .then(|| tls.client())
                    .transpose()?;

                upstreams.push(upstream_of(
                    resolver,
                    SocketAddr::new(address, port),
                    tls,
                    timeout,
                ));
            }
        }
    }

    let upstreams = upstreams.into_iter().map(Upstream::kept);
    Ok(Client::new(upstreams.collect(), settings.attempts))
}

fn system_resolvers() -> Result<Vec<IpAddr>, Failure> {
    let (config, _) = hickory_resolver::system_conf::read_system_conf().map_err(|error| {
        Failure::Unavailable(format!(
            "could not read the system's resolvers: {error}; set `[dns] servers` or use `resolver=`"
        ))
    })?;
    Ok(config
        .name_servers()
        .iter()
        .map(|server| server.ip)
        .collect())
}
