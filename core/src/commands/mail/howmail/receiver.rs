//! The recipient's side: its mail servers, their SMTP greetings, and its policies on encryption.

use std::net::{IpAddr, SocketAddr};

use domain::base::Rtype;
use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use netvane_facts::ip_class;
use netvane_net::{
    dns::Client,
    smtp::{EhloInfo, Unconnected, connect, ehlo_probe, interleaved},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    command::Context,
    commands::dns::{
        lookup::{Outcome, look_up},
        mx,
    },
    mailbox_check::provider::{self, Provider},
};

/// Maximum number of mail servers contacted to explain the way of a message.
const MAX_ASKED: usize = 4;
/// Maximum number of addresses tried per mail server; one SMTP session is opened.
const MAX_ADDRESSES: usize = 4;

/// The recipient's domain and its mail servers.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Receiver {
    pub(crate) domain: String,
    /// Outcome of the MX lookup; `null` while it runs or if it failed.
    pub(crate) mx: Option<Outcome>,
    /// The domain does not accept mail (null MX, RFC 7505).
    pub(crate) null_mx: bool,
    /// There is no MX record, so senders use the domain's own addresses (RFC 5321 §5.1).
    pub(crate) implicit: bool,
    /// The resolver validated the MX records with DNSSEC.
    pub(crate) authenticated: bool,
    /// Mail servers, lowest preference first.
    pub(crate) exchanges: Vec<Exchange>,
    /// Errors in the MX records, or why the lookup failed.
    pub(crate) faults: Vec<String>,
    /// Why no mail server was contacted: the hourly limit for this domain is reached.
    pub(crate) unasked: Option<String>,
    /// Port 25 seems blocked from here: for a while, no server of any domain could be reached.
    pub(crate) port_blocked: bool,
    /// Provider of the mail servers, inferred from their names.
    pub(crate) provider: Option<Provider>,
    pub(crate) mta_sts: Option<MtaSts>,
    pub(crate) tls_rpt: Option<TlsRpt>,
}

/// A mail server and the result of its SMTP greeting.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Exchange {
    pub(crate) preference: u16,
    pub(crate) exchange: String,
    pub(crate) addresses: Vec<IpAddr>,
    /// Address that was connected to.
    pub(crate) address: Option<IpAddr>,
    #[serde(flatten)]
    pub(crate) welcome: EhloInfo,
    /// Why no connection was made.
    pub(crate) unreachable: Option<String>,
    /// All its addresses are unreachable from the internet: loopback or private networks.
    pub(crate) inward: bool,
    /// Its addresses could not be looked up (SERVFAIL, timeout): senders keep the mail and try again (RFC 5321 §5.1).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) unresolved: bool,
    /// TLSA records for its port 25; `null` if they were not looked up or the lookup failed.
    pub(crate) dane: Option<Dane>,
}

/// Certificates or keys pinned in DNS (DANE, RFC 7672).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Dane {
    pub(crate) records: Vec<String>,
    /// The resolver validated the records with DNSSEC; senders ignore them otherwise.
    pub(crate) authenticated: bool,
}

/// Policy that requires TLS for mail to this domain (MTA-STS, RFC 8461).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct MtaSts {
    /// The TXT record at `_mta-sts`.
    pub(crate) record: Option<String>,
    pub(crate) policy: Option<Policy>,
    /// Why the record or policy is invalid, or why the lookup failed.
    pub(crate) fault: Option<String>,
}

/// Contents of the MTA-STS policy file (RFC 8461 §3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Policy {
    /// Mode of the policy: `enforce`, `testing` or `none`.
    pub(crate) mode: String,
    /// Allowed MX host names; `*.` matches one label.
    pub(crate) mx: Vec<String>,
    /// Time that senders cache the policy, in seconds.
    pub(crate) max_age: u64,
}

/// Addresses for reports of TLS failures (TLS-RPT, RFC 8460).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TlsRpt {
    pub(crate) record: Option<String>,
    pub(crate) reports: Vec<String>,
    pub(crate) fault: Option<String>,
}

impl Exchange {
    fn unasked(host: &mx::Exchange) -> Self {
        Self {
            preference: host.preference,
            exchange: host.exchange.clone(),
            addresses: host.addresses.clone(),
            address: None,
            welcome: EhloInfo::default(),
            unreachable: None,
            inward: false,
            unresolved: host.is_unresolved(),
            dane: None,
        }
    }

    /// The server greeted us and answered EHLO.
    pub(crate) fn answers(&self) -> bool {
        self.welcome.starttls.is_some()
    }
}

/// Looks up the mail servers and probes the first [`MAX_ASKED`] of them concurrently; calls `note` for each change.
pub(crate) async fn receive(
    cx: &Context,
    client: &Client,
    domain: &str,
    deadline: Instant,
    note: impl Fn(&dyn Fn(&mut Receiver)) + Sync,
) {
    let found = match mx::find(cx, client, domain, |_| {}).await {
        Ok(found) => found,
        Err(failure) => return note(&|receiver| receiver.faults = vec![failure.to_string()]),
    };
    note_servers(domain, &found, &note);
    futures::join!(
        probe_exchanges(cx, domain, &found.hosts, MAX_ASKED, deadline, &note),
        look_up_tlsa(client, &found.hosts, &note)
    );
}

/// Notes the mail servers that were found.
pub(crate) fn note_servers<N: Fn(&dyn Fn(&mut Receiver))>(
    domain: &str,
    found: &mx::Data,
    note: &N,
) {
    let names: Vec<&str> = found
        .hosts
        .iter()
        .map(|host| host.exchange.as_str())
        .collect();

    note(&|receiver| {
        receiver.mx = Some(found.lookup.outcome);
        (receiver.null_mx, receiver.implicit) = (found.null_mx, found.implicit);
        receiver.authenticated = found.lookup.authenticated;
        receiver.exchanges = found.hosts.iter().map(Exchange::unasked).collect();
        receiver.faults = found
            .hosts
            .iter()
            // Each contact says whether its server can be reached.
            .filter(|host| !host.is_unreachable())
            .filter_map(mx::Exchange::warning)
            .collect();
        if !matches!(
            found.lookup.outcome,
            Outcome::Answer | Outcome::NoData | Outcome::Nxdomain
        ) {
            receiver.faults.push(found.lookup.document("").summary);
        }
        receiver.provider = (!names.is_empty()).then(|| provider::of(domain, &names, &[]));
    });
}

/// Probes the first mail servers that policy allows to contact, at most `most`, concurrently; calls `note` for each
/// change.
pub(crate) async fn probe_exchanges<N: Fn(&dyn Fn(&mut Receiver)) + Sync>(
    cx: &Context,
    domain: &str,
    hosts: &[mx::Exchange],
    most: usize,
    deadline: Instant,
    note: &N,
) {
    let asked = choose_exchanges(cx, hosts, most, note);
    if asked.is_empty() {
        return;
    }

    if let Err(refused) = cx.may_ask_mail_of(domain) {
        return note(&|receiver| receiver.unasked = Some(refused.to_string()));
    }

    let probes = asked.iter().map(|(at, host, addresses)| async move {
        (*at, probe(cx, host, addresses, deadline).await)
    });
    let mut probes: FuturesUnordered<_> = probes.collect();
    let mut failures = Vec::new();
    let mut reached = false;

    while let Some((at, talk)) = probes.next().await {
        match talk {
            Ok((address, welcome)) => {
                reached = true;
                note(&|receiver| {
                    let exchange = &mut receiver.exchanges[at];
                    (exchange.address, exchange.welcome) = (Some(address), welcome.clone());
                });
            }
            Err(why) => {
                let first = why.first().map(|why| why.as_str().to_owned());
                note(&|receiver| receiver.exchanges[at].unreachable.clone_from(&first));
                failures.extend(why);
            }
        }
    }

    let reach = &cx.runtime.mail.verifier().reach;

    if reached {
        reach.reached();
    } else if reach.missed(domain, &failures) {
        note(&|receiver| receiver.port_blocked = true);
    }
}

/// Chooses the first mail servers that policy allows to contact, each with its place in the list and its addresses.
/// `note` is called for those that it forbids.
fn choose_exchanges<'h, N: Fn(&dyn Fn(&mut Receiver))>(
    cx: &Context,
    hosts: &'h [mx::Exchange],
    most: usize,
    note: &N,
) -> Vec<(usize, &'h str, Vec<SocketAddr>)> {
    let mut chosen = Vec::new();

    for (at, host) in hosts.iter().enumerate() {
        match allowed_addresses(cx, host) {
            Ok(addresses) if addresses.is_empty() || chosen.len() == most => {}
            Ok(addresses) => chosen.push((at, host.exchange.as_str(), addresses)),
            Err((why, inward)) => note(&|receiver| {
                let exchange = &mut receiver.exchanges[at];
                (exchange.unreachable, exchange.inward) = (Some(why.clone()), inward);
            }),
        }
    }

    chosen
}

/// Looks up the TLSA records of the first mail servers.
async fn look_up_tlsa<N: Fn(&dyn Fn(&mut Receiver)) + Sync>(
    client: &Client,
    hosts: &[mx::Exchange],
    note: &N,
) {
    let lookups = hosts
        .iter()
        .take(MAX_ASKED)
        .enumerate()
        .map(|(at, host)| async move {
            if let Some(dane) = dane(client, &host.exchange).await {
                note(&|receiver| receiver.exchanges[at].dane = Some(dane.clone()));
            }
        });
    join_all(lookups).await;
}

/// Addresses that policy allows. If it refuses all of them: the first refusal, and whether that address is not
/// global, so that no sender can reach it.
fn allowed_addresses(cx: &Context, host: &mx::Exchange) -> Result<Vec<SocketAddr>, (String, bool)> {
    let mut refused = None;
    let mut passed = Vec::new();
    for address in &host.addresses {
        match cx.net.guard.check(&host.exchange, *address) {
            Ok(address) => passed.push(SocketAddr::new(address, cx.runtime.mail.port)),
            Err(failure) => {
                let inward = !ip_class::is_global(*address);
                refused.get_or_insert((failure.to_string(), inward));
            }
        }
    }
    match refused {
        Some(refused) if passed.is_empty() => Err(refused),
        _ => Ok(passed),
    }
}

async fn probe(
    cx: &Context,
    host: &str,
    addresses: &[SocketAddr],
    deadline: Instant,
) -> Result<(IpAddr, EhloInfo), Vec<Unconnected>> {
    let verifier = cx.runtime.mail.verifier();
    let mut addresses = interleaved(addresses);
    addresses.truncate(MAX_ADDRESSES);
    let attempt = connect(&addresses, verifier.settings.connect, deadline).await;
    let Some((stream, address)) = attempt.connected else {
        return Err(attempt.failed.into_iter().map(|(_, why)| why).collect());
    };
    let welcome = ehlo_probe(
        stream,
        host,
        verifier.tls.as_ref(),
        &verifier.settings,
        deadline,
    )
    .await;
    Ok((address.ip(), welcome))
}

async fn dane(client: &Client, exchange: &str) -> Option<Dane> {
    let answered = look_up(client, &format!("_25._tcp.{exchange}"), Rtype::TLSA)
        .await
        .ok()?;
    match answered.lookup.outcome {
        Outcome::Answer | Outcome::NoData | Outcome::Nxdomain => {}
        _ => return None,
    }
    let records = answered
        .records
        .iter()
        .map(|record| record.presentation())
        .collect();
    Some(Dane {
        records,
        authenticated: answered.lookup.authenticated,
    })
}
