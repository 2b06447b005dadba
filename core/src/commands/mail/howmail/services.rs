//! Servers for mail programs: submission and mailbox access (RFC 6186, RFC 8314).

use std::collections::{BTreeMap, BTreeSet};

use domain::base::Rtype;
use futures::future::join_all;
use netvane_facts::target::{Domain, Host};
use netvane_net::{
    dns::{Client, Data as Rdata, without_dot},
    tcp::{PortState, ScanOptions, check_ports},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{command::Context, commands::dns::lookup::look_up};

/// Maximum number of SRV targets checked per protocol.
const MAX_TARGETS: usize = 2;

/// Protocol between a mail program and its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Protocol {
    Submissions,
    Submission,
    Imaps,
    Imap,
    Pop3s,
    Pop3,
    Jmap,
}

use Protocol::{Imap, Imaps, Jmap, Pop3, Pop3s, Submission, Submissions};

/// Protocols for submission; implicit TLS first.
pub(super) const SENDING: [Protocol; 2] = [Submissions, Submission];
/// Protocols for reading mail.
pub(super) const READING: [Protocol; 5] = [Imaps, Imap, Pop3s, Pop3, Jmap];

/// Common host names, tried only for protocols without SRV records.
const USUAL: [(&[&str], [Protocol; 2]); 3] = [
    (&["smtp", "mail"], [Submissions, Submission]),
    (&["imap", "mail"], [Imaps, Imap]),
    (&["pop", "pop3", "mail"], [Pop3s, Pop3]),
];

/// Names under which mail programs look for their settings.
const AUTOMATIC: [&str; 2] = ["autoconfig", "autodiscover"];

/// How a server was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Evidence {
    /// The domain publishes an SRV record.
    Srv,
    /// The server has a common host name, such as `imap` or `smtp`.
    UsualName,
}

/// A server for mail programs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(super) struct Service {
    pub(super) protocol: Protocol,
    pub(super) host: String,
    pub(super) port: u16,
    /// `TLS` from the first byte, or `STARTTLS`.
    pub(super) security: Security,
    pub(super) evidence: Evidence,
    /// State of the port as seen from here: `open`, `closed` or `filtered`; `null` if it was not checked.
    pub(super) state: Option<PortState>,
    /// Why the port was not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<String>,
}

/// How a connection to a server for mail programs is encrypted (RFC 8314).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum Security {
    /// TLS from the first byte.
    #[serde(rename = "TLS")]
    Tls,
    /// Cleartext at first; a command switches the connection to TLS.
    #[serde(rename = "STARTTLS")]
    Starttls,
}

impl Security {
    /// The name in JSON and in texts.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Tls => "TLS",
            Self::Starttls => "STARTTLS",
        }
    }
}

/// Servers that a domain offers to mail programs.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(super) struct Services {
    pub(super) found: Vec<Service>,
    /// Protocols that the domain explicitly does not offer (RFC 6186 §3.4).
    pub(super) refused: Vec<Protocol>,
    /// Existing `autoconfig` and `autodiscover` names, from which mail programs fetch their settings.
    pub(super) automatic: Vec<String>,
    /// Why the lookup of SRV records failed, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fault: Option<String>,
}

impl Protocol {
    pub(super) fn name(self) -> &'static str {
        match self {
            Submissions | Submission => "SMTP submission",
            Imaps | Imap => "IMAP",
            Pop3s | Pop3 => "POP3",
            Jmap => "JMAP",
        }
    }

    fn service(self) -> &'static str {
        match self {
            Submissions => "_submissions",
            Submission => "_submission",
            Imaps => "_imaps",
            Imap => "_imap",
            Pop3s => "_pop3s",
            Pop3 => "_pop3",
            Jmap => "_jmap",
        }
    }

    fn port(self) -> u16 {
        match self {
            Submissions => 465,
            Submission => 587,
            Imaps => 993,
            Imap => 143,
            Pop3s => 995,
            Pop3 => 110,
            Jmap => 443,
        }
    }

    fn security(self) -> Security {
        match self {
            Submissions | Imaps | Pop3s | Jmap => Security::Tls,
            Submission | Imap | Pop3 => Security::Starttls,
        }
    }

    /// Name of the encryption in the protocol: POP3 calls STARTTLS `STLS` (RFC 2595).
    pub(super) fn encryption(self) -> &'static str {
        if self == Pop3 {
            "STLS"
        } else {
            self.security().as_str()
        }
    }

    fn at(self, host: String, port: u16, evidence: Evidence) -> Service {
        Service {
            protocol: self,
            host,
            port,
            security: self.security(),
            evidence,
            state: None,
            fault: None,
        }
    }
}

impl Services {
    /// The servers of the given protocols only.
    pub(super) fn only(&self, wanted: &[Protocol]) -> Self {
        let mut part = self.clone();
        part.found
            .retain(|service| wanted.contains(&service.protocol));
        part.refused.retain(|protocol| wanted.contains(protocol));
        part
    }

    /// The server that a mail program would use: open first, then from SRV, then any.
    pub(super) fn best(&self) -> Option<&Service> {
        let open = self
            .found
            .iter()
            .find(|service| service.state == Some(PortState::Open));
        open.or_else(|| {
            self.found
                .iter()
                .find(|service| service.evidence == Evidence::Srv)
        })
        .or(self.found.first())
    }
}

/// Finds the servers for the given protocols and checks whether their ports are open.
pub(super) async fn discover(
    cx: &Context,
    client: &Client,
    domain: &str,
    wanted: &[Protocol],
    show: impl Fn(Services),
) -> Services {
    let asked = wanted.iter().map(|protocol| srv(client, domain, *protocol));
    let automatic = AUTOMATIC
        .iter()
        .map(|name| existing(client, format!("{name}.{domain}")));
    let (answers, automatic) = futures::join!(join_all(asked), join_all(automatic));
    let mut services = Services {
        automatic: automatic.into_iter().flatten().collect(),
        ..Default::default()
    };

    for (protocol, answer) in wanted.iter().zip(answers) {
        match answer {
            Ok(targets) if targets.iter().any(|(host, _)| host == ".") => {
                services.refused.push(*protocol)
            }
            Ok(targets) => services.found.extend(
                targets
                    .into_iter()
                    .map(|(host, port)| protocol.at(host, port, Evidence::Srv)),
            ),
            Err(fault) => services.fault = Some(fault),
        }
    }

    let unknown = USUAL.iter().filter(|(_, protocols)| {
        protocols.iter().all(|protocol| {
            wanted.contains(protocol)
                && !services.refused.contains(protocol)
                && !services
                    .found
                    .iter()
                    .any(|service| service.protocol == *protocol)
        })
    });

    let guesses = unknown.map(|(names, protocols)| guess(client, domain, names, *protocols));
    services
        .found
        .extend(join_all(guesses).await.into_iter().flatten());
    show(services.clone());
    check(cx, &mut services.found).await;

    // A common host name without an open port proves nothing.
    services.found.retain(|service| {
        service.evidence == Evidence::Srv || service.state == Some(PortState::Open)
    });

    services
}

/// SRV targets sorted by priority; a single `.` means that the service is not offered.
async fn srv(
    client: &Client,
    domain: &str,
    protocol: Protocol,
) -> Result<Vec<(String, u16)>, String> {
    let name = format!("{}._tcp.{domain}", protocol.service());
    let answered = look_up(client, &name, Rtype::SRV)
        .await
        .map_err(|failure| failure.to_string())?;
    let mut targets: Vec<_> = answered
        .records
        .iter()
        .filter_map(|record| match &record.data {
            Rdata::Srv(srv) => Some((
                srv.priority(),
                without_dot(srv.target()).to_lowercase(),
                srv.port(),
            )),
            _ => None,
        })
        .collect();

    targets.sort();

    Ok(targets
        .into_iter()
        .map(|(_, host, port)| (host, port))
        .take(MAX_TARGETS)
        .collect())
}

async fn existing(client: &Client, name: String) -> Option<String> {
    let addresses = client.addresses(&name).await.ok()?;
    (!addresses.is_empty()).then_some(name)
}

/// Servers at the first common host name that exists, on the standard ports.
async fn guess(
    client: &Client,
    domain: &str,
    names: &[&str],
    protocols: [Protocol; 2],
) -> Vec<Service> {
    let tried = names
        .iter()
        .map(|name| existing(client, format!("{name}.{domain}")));
    let host = join_all(tried).await.into_iter().flatten().next();
    let at = |host: String| protocols.map(|it| it.at(host.clone(), it.port(), Evidence::UsualName));
    host.map(at).into_iter().flatten().collect()
}

/// Checks the ports of all hosts concurrently, one scan per host.
async fn check(cx: &Context, services: &mut [Service]) {
    let mut wanted: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for service in &*services {
        wanted
            .entry(service.host.clone())
            .or_default()
            .insert(service.port);
    }
    let scans = wanted
        .iter()
        .map(|(host, ports)| async move { (host, states(cx, host, ports).await) });
    let states: BTreeMap<_, _> = join_all(scans).await.into_iter().collect();
    for service in services {
        match &states[&service.host] {
            Ok(states) => service.state = states.get(&service.port).copied(),
            Err(fault) => service.fault = Some(fault.clone()),
        }
    }
}

async fn states(
    cx: &Context,
    host: &str,
    ports: &BTreeSet<u16>,
) -> Result<BTreeMap<u16, PortState>, String> {
    let name: Domain = host
        .parse()
        .map_err(|_| format!("invalid host name `{host}`"))?;
    let addresses = cx
        .net
        .contact(&Host::Name(name), None)
        .await
        .map_err(|failure| failure.to_string())?;

    let ports: Vec<u16> = ports.iter().copied().collect();
    let options = ScanOptions {
        hint_timeout: std::time::Duration::ZERO,
        ..ScanOptions::for_ports(ports.len())
    };
    let results = check_ports(addresses[0], &ports, options, |_| {}).await;

    Ok(results
        .into_iter()
        .map(|result| (result.port, result.state))
        .collect())
}

#[cfg(test)]
pub(crate) mod tests;
