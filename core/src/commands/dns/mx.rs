//! `mx`: the mail servers of a domain, with their addresses.

use domain::base::Rtype;
use futures::future::join_all;
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::target::{Domain, Host, Resolver};
use netvane_net::dns::{Client, Data as Rdata, without_dot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context},
    commands::dns::lookup::{Lookup, Outcome, count, look_up, look_up_explained, ttl},
    spec::{Cost, Group, Spec, TargetKind},
};

/// Mail servers of a domain, with their addresses.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mx {
    /// The domain to look up.
    domain: Domain,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
}

/// A DNS lookup with the mail servers and their addresses.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    #[serde(flatten)]
    pub(crate) lookup: Lookup,
    /// Mail servers by preference, lowest first.
    pub(crate) hosts: Vec<Exchange>,
    /// The domain does not accept mail (null MX, RFC 7505).
    pub(crate) null_mx: bool,
    /// There is no MX record; mail is delivered to the domain's own addresses (RFC 5321 §5.1).
    pub(crate) implicit: bool,
}

/// A mail server of a domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Exchange {
    /// Preference of the MX record; lower is tried first.
    pub(crate) preference: u16,
    /// Host name, without the final dot.
    pub(crate) exchange: String,
    /// IPv6 addresses, then IPv4 addresses.
    pub(crate) addresses: Vec<std::net::IpAddr>,
    /// Why it cannot be used or breaks a rule, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<Fault>,
    /// TTL of the MX record in seconds; `null` for an implicit mail server.
    ttl: Option<u32>,
}

/// A problem of a mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Fault {
    /// The host name is an alias (CNAME).
    Cname,
    /// The host name has no address.
    NoAddress,
    /// The host name does not exist (NXDOMAIN).
    DoesNotExist,
    /// The MX record has an IP address instead of a host name.
    IpLiteral,
    /// The addresses could not be resolved.
    Unresolved,
    /// A null MX next to other MX records.
    NullAmongOthers,
}

impl Command for Mx {
    const SPEC: Spec = Spec {
        name: "mx",
        aliases: &[],
        group: Group::Dns,
        examples: &["mx example.com", "mx example.com resolver=tls://1.1.1.1"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 32 << 10,
    };
    type Data = Data;
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Domain];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        find(cx, &client, self.domain.as_str(), |so_far| {
            cx.progress(so_far)
        })
        .await
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver
            .as_ref()
            .map(|resolver| &resolver.endpoint.host)
    }
}

/// Finds the mail servers of a domain (RFC 5321 §5.1) and resolves their addresses; calls `show` with partial results.
pub(crate) async fn find(
    cx: &Context,
    client: &Client,
    domain: &str,
    show: impl Fn(&Data),
) -> Result<Data, Failure> {
    let answered = look_up_explained(cx, client, domain, Rtype::MX).await?;
    let mut hosts: Vec<Exchange> = answered
        .records
        .iter()
        .filter_map(|record| match &record.data {
            Rdata::Mx(mx) => Some(exchange(
                mx.preference(),
                without_dot(mx.exchange()),
                Some(record.ttl),
            )),
            _ => None,
        })
        .collect();

    hosts.sort_by(|a, b| (a.preference, &a.exchange).cmp(&(b.preference, &b.exchange)));
    let null_mx = matches!(&hosts[..], [Exchange { exchange, .. }] if exchange == ".");
    let mut data = Data {
        lookup: answered.lookup,
        hosts,
        null_mx,
        implicit: false,
    };

    if null_mx {
        data.hosts.clear();
        return Ok(data);
    }

    if data.lookup.outcome == Outcome::NoData {
        let mut own = exchange(0, domain.to_owned(), None);
        own.look_up(client).await;
        // RFC 5321 §5.1: without an MX, the addresses of the domain itself count, and an alias is allowed.
        if !own.addresses.is_empty() {
            own.fault = None;
            data.implicit = true;
            data.hosts.push(own);
        }
        return Ok(data);
    }

    show(&data);
    join_all(data.hosts.iter_mut().map(|host| host.look_up(client))).await;

    Ok(data)
}

fn exchange(preference: u16, exchange: String, ttl: Option<u32>) -> Exchange {
    Exchange {
        preference,
        exchange,
        addresses: Vec::new(),
        fault: None,
        ttl,
    }
}

impl Exchange {
    /// Fills in the addresses, or what is wrong.
    async fn look_up(&mut self, client: &Client) {
        if self.exchange == "." {
            self.fault = Some(Fault::NullAmongOthers);
            return;
        }

        if self.exchange.parse::<std::net::IpAddr>().is_ok() {
            self.fault = Some(Fault::IpLiteral);
            return;
        }

        let (v6, v4) = futures::join!(
            look_up(client, &self.exchange, Rtype::AAAA),
            look_up(client, &self.exchange, Rtype::A)
        );
        let both = [v6, v4];
        let answers: Vec<_> = both.iter().flatten().collect();

        for answered in &answers {
            self.addresses.extend(
                answered
                    .records
                    .iter()
                    .filter_map(netvane_net::dns::Record::address),
            );
        }

        let outcomes: Vec<Outcome> = answers
            .iter()
            .map(|answered| answered.lookup.outcome)
            .collect();
        let alias = answers.iter().any(|answered| {
            answered
                .lookup
                .answers
                .iter()
                .any(|row| row.r#type == "CNAME")
        });

        self.fault = if alias {
            Some(Fault::Cname)
        } else if !self.addresses.is_empty() {
            None
        } else if outcomes.contains(&Outcome::Nxdomain) {
            Some(Fault::DoesNotExist)
        } else if outcomes.len() == 2 && outcomes.iter().all(|outcome| *outcome == Outcome::NoData)
        {
            Some(Fault::NoAddress)
        } else {
            Some(Fault::Unresolved)
        };
    }

    /// Whether the lookup of its addresses failed, which can be temporary.
    pub(crate) fn is_unresolved(&self) -> bool {
        self.fault == Some(Fault::Unresolved)
    }

    pub(crate) fn warning(&self) -> Option<String> {
        let name = &self.exchange;
        Some(match self.fault.as_ref()? {
            Fault::Cname => {
                format!(
                    "Mail server {name} is an alias; an MX must not point to a CNAME (RFC 2181 §10.3)"
                )
            }
            Fault::NoAddress => format!("Mail server {name} has no address"),
            Fault::DoesNotExist => format!("Mail server {name} does not exist (NXDOMAIN)"),
            Fault::IpLiteral => {
                format!(
                    "Mail server {name} is an IP address; an MX must name a host (RFC 1035 §3.3.9, RFC 5321 §2.3.5)"
                )
            }
            Fault::Unresolved => format!("Could not resolve mail server {name}"),
            Fault::NullAmongOthers => {
                "A null MX (`.`) must be the only MX record (RFC 7505 §3)".into()
            }
        })
    }
}

impl Data {
    /// A document with title, summary and severity, without the table of mail servers.
    pub(crate) fn head(&self) -> Document {
        let usable = self
            .hosts
            .iter()
            .filter(|host| !host.addresses.is_empty())
            .count();

        let total = self.hosts.len();
        let servers = count(total, "mail server", "mail servers");
        let summary = match (usable, total) {
            (1, 1) => format!("{servers}; it resolves"),
            (2, 2) => format!("{servers}, both resolve"),
            (usable, total) if usable == total => format!("{servers}, all resolve"),
            (0, 1) => "The only mail server does not resolve".into(),
            (0, _) => format!("None of {total} mail servers resolves"),
            (1, _) => format!("1 of {servers} resolves"),
            (usable, _) => format!("{usable} of {servers} resolve"),
        };

        let mut document = self.lookup.document(summary);

        if self.null_mx {
            document.summary = format!(
                "{} does not accept mail (null MX, RFC 7505)",
                self.lookup.name
            );
            document.severity = Severity::Neutral;
        } else if self.implicit {
            document.summary =
                "No MX; mail is delivered to the domain's own address (RFC 5321 §5.1)".into();
            document.severity = Severity::Warning;
        } else if self.lookup.outcome == Outcome::NoData {
            document.summary = format!(
                "{} cannot receive mail: no MX and no address",
                self.lookup.name
            );
            document.severity = Severity::Bad;
        }

        if self.lookup.outcome == Outcome::Answer && usable == 0 && !self.null_mx {
            document.severity = Severity::Bad;
        }

        document
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let mut document = self.head();
        let rows = self.hosts.iter().map(|host| {
            let addresses: Vec<String> = host.addresses.iter().map(ToString::to_string).collect();
            let addresses = if addresses.is_empty() {
                Cell::new("none", Role::Bad)
            } else {
                Cell::new(addresses.join("\n"), Role::Address)
            };
            let ttl = host.ttl.map(ttl).unwrap_or_default();
            [
                host.preference.into(),
                Cell::domain(&host.exchange),
                addresses,
                ttl.into(),
            ]
        });

        document.table(
            [">Preference", "Mail server", "Addresses", ">TTL"],
            rows.collect(),
        );
        for warning in self.hosts.iter().filter_map(Exchange::warning) {
            document.warn(warning);
        }

        self.lookup.add_source(&mut document);

        document
    }

    fn lifetime(&self) -> std::time::Duration {
        self.lookup.lifetime()
    }

    fn age(&mut self, seconds: u32) {
        self.lookup.age(seconds);
        self.hosts
            .iter_mut()
            .for_each(|host| host.ttl = host.ttl.map(|ttl| ttl.saturating_sub(seconds)));
    }
}

#[cfg(test)]
pub(crate) mod tests;
