//! The receiver's side: its exchanges as they answer, and what it promises about encryption.

use std::net::{IpAddr, SocketAddr};

use domain::base::Rtype;
use futures::{StreamExt, future::join_all, stream::FuturesUnordered};
use netvane_facts::ip_class;
use netvane_net::{
    dns::Client,
    smtp::{Unconnected, Welcome, connect, greet, interleaved},
};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    command::Context,
    commands::dns::{
        lookup::{Outcome, look_up},
        mx,
    },
    mailbox_check::provider::{self, Provider},
};

/// Exchanges that are connected to.
const MAX_ASKED: usize = 4;
/// Addresses of one exchange that are tried; one is talked to.
const MAX_ADDRESSES: usize = 4;

/// The receiver's domain.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(super) struct Receiver {
    pub(super) domain: String,
    /// What DNS answered about MX; `null` while, or because, there is no answer.
    pub(super) mx: Option<Outcome>,
    /// The domain says that it takes no mail at all (RFC 7505).
    pub(super) null_mx: bool,
    /// There is no MX, so mail goes to the domain's own addresses (RFC 5321 §5.1).
    pub(super) implicit: bool,
    /// The resolver validated the MX records (DNSSEC).
    pub(super) authenticated: bool,
    /// By preference, lowest first.
    pub(super) exchanges: Vec<Exchange>,
    /// What is wrong with the MX records, or why there is no answer.
    pub(super) faults: Vec<String>,
    /// Why none of them was connected to: too many questions about this domain.
    pub(super) unasked: Option<String>,
    /// No server of any domain could be reached on port 25 for a while, so it is us.
    pub(super) port_blocked: bool,
    /// Who runs the exchanges, told from their names.
    pub(super) provider: Option<Provider>,
    pub(super) mta_sts: Option<MtaSts>,
    pub(super) tls_rpt: Option<TlsRpt>,
}

/// A mail exchange, and how it answers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Exchange {
    pub(super) preference: u16,
    pub(super) exchange: String,
    pub(super) addresses: Vec<IpAddr>,
    /// The one that was talked to.
    pub(super) address: Option<IpAddr>,
    #[serde(flatten)]
    pub(super) welcome: Welcome,
    /// Why it was not talked to.
    pub(super) unreachable: Option<String>,
    /// It leads to where nobody outside can reach it: localhost, a private network.
    pub(super) inward: bool,
    /// TLSA records for its port 25; `null` where they were not looked up.
    pub(super) dane: Option<Dane>,
}

/// Certificates or keys named in DNS (RFC 7672).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Dane {
    pub(super) records: Vec<String>,
    /// They count only where the resolver validated them (DNSSEC).
    pub(super) authenticated: bool,
}

/// The promise that mail is taken over TLS (RFC 8461).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct MtaSts {
    /// The TXT record at `_mta-sts`.
    pub(super) record: Option<String>,
    pub(super) policy: Option<Policy>,
    /// Why it is of no use, or could not be found out.
    pub(super) fault: Option<String>,
}

/// The policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Policy {
    /// `enforce`, `testing` or `none`.
    pub(super) mode: String,
    /// Exchange names, `*.` for one label.
    pub(super) mx: Vec<String>,
    /// Seconds.
    pub(super) max_age: u64,
}

/// Where reports about failed encryption go (RFC 8460).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct TlsRpt {
    pub(super) record: Option<String>,
    pub(super) reports: Vec<String>,
    pub(super) fault: Option<String>,
}

impl Exchange {
    fn unasked(host: &mx::Exchange) -> Self {
        Self {
            preference: host.preference,
            exchange: host.exchange.clone(),
            addresses: host.addresses.clone(),
            address: None,
            welcome: Welcome::default(),
            unreachable: None,
            inward: false,
            dane: None,
        }
    }

    /// It greeted, and let us ask what it can do.
    pub(super) fn answers(&self) -> bool {
        self.welcome.starttls.is_some()
    }
}

/// Finds the exchanges and looks at the first of them, all at once; `note` sees each change.
pub(super) async fn receive(
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

    futures::join!(
        meet(cx, domain, &found.hosts, deadline, &note),
        pins(client, &found.hosts, &note)
    );
}

/// Looks at the first exchanges that may be connected to, all at once.
async fn meet<N: Fn(&dyn Fn(&mut Receiver)) + Sync>(
    cx: &Context,
    domain: &str,
    hosts: &[mx::Exchange],
    deadline: Instant,
    note: &N,
) {
    let mut asked = Vec::new();

    for (at, host) in hosts.iter().enumerate() {
        match vetted(cx, host) {
            Ok(addresses) if addresses.is_empty() || asked.len() == MAX_ASKED => {}
            Ok(addresses) => asked.push((at, &host.exchange, addresses)),
            Err((why, inward)) => note(&|receiver| {
                let exchange = &mut receiver.exchanges[at];
                (exchange.unreachable, exchange.inward) = (Some(why.clone()), inward);
            }),
        }
    }

    if asked.is_empty() {
        return;
    }

    if let Err(refused) = cx.may_ask_mail_of(domain) {
        return note(&|receiver| receiver.unasked = Some(refused.to_string()));
    }

    let talks = asked.iter().map(|(at, host, addresses)| async move {
        (*at, talk(cx, host, addresses, deadline).await)
    });
    let mut talks: FuturesUnordered<_> = talks.collect();
    let mut failures = Vec::new();
    let mut reached = false;

    while let Some((at, talk)) = talks.next().await {
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

/// Looks up what DNS pins the first exchanges to.
async fn pins<N: Fn(&dyn Fn(&mut Receiver)) + Sync>(
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

/// The addresses that the guard lets pass; if there are none but others, why, and whether nobody could go there.
fn vetted(cx: &Context, host: &mx::Exchange) -> Result<Vec<SocketAddr>, (String, bool)> {
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

async fn talk(
    cx: &Context,
    host: &str,
    addresses: &[SocketAddr],
    deadline: Instant,
) -> Result<(IpAddr, Welcome), Vec<Unconnected>> {
    let verifier = cx.runtime.mail.verifier();
    let mut addresses = interleaved(addresses);
    addresses.truncate(MAX_ADDRESSES);
    let attempt = connect(&addresses, verifier.settings.connect, deadline).await;
    let Some((stream, address)) = attempt.connected else {
        return Err(attempt.failed.into_iter().map(|(_, why)| why).collect());
    };
    let welcome = greet(
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
