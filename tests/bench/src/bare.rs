//! The peer for lookups: hickory-resolver alone, with its defaults and one name server.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::ensure;
use futures::future::join_all;
use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};

/// The record types that the `dns` command queries.
const TYPES: [RecordType; 14] = [
    RecordType::A,
    RecordType::AAAA,
    RecordType::CNAME,
    RecordType::MX,
    RecordType::NS,
    RecordType::SOA,
    RecordType::TXT,
    RecordType::CAA,
    RecordType::HTTPS,
    RecordType::SVCB,
    RecordType::SRV,
    RecordType::DS,
    RecordType::DNSKEY,
    RecordType::NAPTR,
];

/// Creates a resolver that uses only this server.
pub(crate) fn resolver(dns: SocketAddr) -> anyhow::Result<TokioResolver> {
    let mut server = NameServerConfig::udp(dns.ip());
    server
        .connections
        .iter_mut()
        .for_each(|connection| connection.port = dns.port());
    let config = ResolverConfig::from_name_servers(vec![server]);
    Ok(TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build()?)
}

/// The queries of `mx`: the MX records, then A and AAAA of each mail server concurrently.
pub(crate) async fn mx(resolver: &TokioResolver, domain: &str) -> anyhow::Result<()> {
    let found = resolver.mx_lookup(domain).await?;
    let exchanges = found
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            RData::MX(mx) => Some(mx.exchange.clone()),
            _ => None,
        });
    let addresses = join_all(exchanges.map(async |exchange| {
        let (v6, v4) = futures::join!(
            resolver.ipv6_lookup(exchange.clone()),
            resolver.ipv4_lookup(exchange)
        );
        Ok::<_, NetError>(v6?.answers().len() + v4?.answers().len())
    }))
    .await;
    ensure!(addresses.len() == 2, "{domain} has two exchanges");
    for count in addresses {
        ensure!(count? == 2, "expected two addresses for a mail server");
    }
    Ok(())
}

/// Returns the duration of the slowest query of `dns`, each sent alone.
pub(crate) async fn slowest(resolver: &TokioResolver, domain: &str) -> anyhow::Result<Duration> {
    let mut slowest = Duration::ZERO;
    for kind in TYPES {
        let started = Instant::now();
        match resolver.lookup(domain, kind).await {
            Err(error) if !error.is_no_records_found() => return Err(error.into()),
            _ => slowest = slowest.max(started.elapsed()),
        }
    }
    Ok(slowest)
}
