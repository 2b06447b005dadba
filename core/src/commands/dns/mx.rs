//! `mx`: the mail servers of a domain, with their addresses.

mod exchange;

use domain::base::Rtype;
use futures::{StreamExt, stream};
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity, Truncated};
use netvane_facts::target::{Domain, Host, Resolver};
use netvane_net::dns::{Client, Data as Rdata, without_dot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Comparison, Context, Next, Short, Subject},
    commands::dns::lookup::{Lookup, Outcome, answer_values, count, look_up_explained, ttl},
    spec::{Cost, Group, Spec, TargetKind},
};
use exchange::{Fault, exchange};

pub(crate) use exchange::Exchange;

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

/// Largest number of mail servers that are resolved; large providers have about ten.
const MAX_HOSTS: usize = 32;
/// Number of mail servers that are resolved at the same time.
const HOSTS_AT_ONCE: usize = 16;

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
    const FOLLOW_UPS: &'static [Next] = &[
        Next::domain("spf"),
        Next::domain("mailcheck"),
        Next::domain("dmarc"),
        Next::domain("dkim"),
        Next::target("dns"),
        Next::about("blocklist", Subject::FirstAddress),
    ];
    const SHORT: Short = Short::Values(answer_values);
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Domain];
    const COMPARES: Option<Comparison> = Some(super::record::comparison("mx"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        find(cx, &client, self.domain.as_str(), |so_far| {
            cx.progress(so_far)
        })
        .await
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
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

    let total = hosts.len();
    hosts.sort_by(|a, b| (a.preference, &a.exchange).cmp(&(b.preference, &b.exchange)));
    hosts.truncate(MAX_HOSTS);
    let null_mx = matches!(&hosts[..], [Exchange { exchange, .. }] if exchange == ".");
    let mut lookup = answered.lookup;
    let hosts_truncated = Truncated::of("hosts", hosts.len(), total);
    lookup.truncated = lookup.truncated.or(hosts_truncated);
    let mut data = Data {
        lookup,
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
        if !own.addresses.is_empty() || own.is_unresolved() {
            own.fault = own
                .fault
                .filter(|fault| matches!(fault, Fault::Private | Fault::Unresolved));
            data.implicit = true;
            data.hosts.push(own);
        }
        return Ok(data);
    }

    show(&data);
    stream::iter(&mut data.hosts)
        .for_each_concurrent(HOSTS_AT_ONCE, |host| host.look_up(client))
        .await;

    Ok(data)
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

        self.judge_reachability(&mut document);

        document
    }

    /// Says when no mail server can be reached from the Internet, or when none could be resolved for now.
    fn judge_reachability(&self, document: &mut Document) {
        let is_unusable = |host: &Exchange| host.is_unreachable() || host.addresses.is_empty();

        if self.hosts.is_empty() {
            return;
        }

        if self.hosts.iter().all(Exchange::is_unreachable) {
            document.summary =
                "No mail server can be reached from the Internet (private or local addresses)"
                    .into();
            document.severity = Severity::Bad;
        } else if self.hosts.iter().all(is_unusable)
            && self.hosts.iter().any(Exchange::is_unresolved)
        {
            // RFC 5321 §5.1: a failed lookup is temporary, so senders keep the mail and try again.
            if self.hosts.iter().all(Exchange::is_unresolved) {
                document.summary =
                    "Could not resolve the mail servers; this can be temporary".into();
            }
            document.severity = Severity::Warning;
        } else if !self.implicit && self.hosts.iter().all(is_unusable) {
            document.severity = Severity::Bad;
        }
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
