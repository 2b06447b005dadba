//! `propagation`: which servers already have a record, and which still have another one.

mod authorities;
mod groups;
mod observation;
mod present;

#[cfg(test)]
mod tests;

use std::{net::IpAddr, time::Duration};

use domain::base::Rtype;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use netvane_document::Failure;
use netvane_facts::target::{DnsName, Host, Resolver};
use netvane_net::dns::{Client, ListedServer, Question, without_dot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{
    authorities::Authorities,
    groups::Group as AnswerGroup,
    observation::{Observation, Problem},
};
use crate::{
    args::{Phrase, RecordType},
    command::{Command, Comparison, Context, Next, elements, scalar},
    spec::{Cost, Group, Spec},
};

/// What resolvers and authoritative servers answer: whether a change has arrived.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Propagation {
    /// The name to query.
    name: DnsName,
    /// Record type by name or number; default `A`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r#type: Option<RecordType>,
    /// One more DNS server to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
    /// The value that every server should have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expect: Option<Phrase>,
}

/// The answers of all servers, and how they differ.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The queried name, without the final dot.
    name: String,
    r#type: String,
    /// The different outcomes, the most frequent first.
    groups: Vec<AnswerGroup>,
    /// Configured, public and named resolvers.
    resolvers: Vec<Observation>,
    /// Each address of each authoritative server of the zone.
    authoritative: Vec<AuthorityRow>,
    /// The zone of the authoritative servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// The expected value, and who does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expect: Option<Expectation>,
    /// Seconds after which no asked resolver holds an answer that differs from the authoritative one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stale_seconds: Option<u32>,
    /// Number of servers whose answer is still missing.
    #[serde(default, skip_serializing_if = "is_zero")]
    waiting: usize,
}

/// The answer of an authoritative server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct AuthorityRow {
    #[serde(flatten)]
    seen: Observation,
    /// Serial number of its copy of the zone (RFC 1035 §3.3.13).
    serial: Option<u32>,
}

/// The value that is expected everywhere.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Expectation {
    value: String,
    /// Servers that answer something else.
    missing: Vec<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What arrives from one of the running queries.
enum Arrival {
    Resolver(Observation),
    Authorities(Option<Authorities>),
    Authority(Observation, Option<u32>),
}

impl Command for Propagation {
    const SPEC: Spec = Spec {
        name: "propagation",
        aliases: &[],
        group: Group::Dns,
        examples: &[
            "propagation example.com",
            "propagation example.com MX",
            "propagation example.com expect=192.0.2.1",
        ],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Heavy,
        sends: 128 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("delegation"),
        Next::target("dig"),
        Next::domain("dns"),
        Next::domain("whois"),
    ];
    const COMPARES: Option<Comparison> = Some(Comparison::values(outcomes, "answer", "answers"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let name = self.name.as_str();
        let RecordType(rtype) = self.r#type.unwrap_or(RecordType(Rtype::A));
        cx.net.dns.check_private(name)?;

        let mut data = Data {
            name: without_dot(name),
            r#type: rtype.to_string(),
            expect: self.expect.map(|Phrase(value)| Expectation {
                value,
                missing: Vec::new(),
            }),
            ..Data::default()
        };

        let chosen = match &self.resolver {
            Some(resolver) => Some((resolver, cx.net.dns.client(Some(resolver)).await?)),
            None => None,
        };
        data.collect(cx, chosen, name, rtype).await?;
        Ok(data)
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
    }
}

impl Data {
    /// Asks all servers at the same time, and shows each answer when it arrives.
    async fn collect(
        &mut self,
        cx: &Context,
        chosen: Option<(&Resolver, Client)>,
        name: &str,
        rtype: Rtype,
    ) -> Result<(), Failure> {
        let mut running: FuturesUnordered<BoxFuture<'_, Arrival>> = FuturesUnordered::new();
        for (server, client) in resolvers(cx, chosen)? {
            running.push(ask_resolver(server, client, name, rtype).boxed());
        }
        let client = cx.net.dns.client(None).await?;
        running.push(
            async move { Arrival::Authorities(authorities::find(cx, &client, name).await) }.boxed(),
        );

        while let Some(arrival) = running.next().await {
            match arrival {
                Arrival::Resolver(seen) => self.resolvers.push(seen),
                Arrival::Authority(seen, serial) => {
                    self.authoritative.push(AuthorityRow { seen, serial });
                }
                Arrival::Authorities(found) => {
                    for query in self.authority_queries(cx, found, name, rtype) {
                        running.push(query);
                    }
                }
            }
            self.waiting = running.len();
            self.compare();
            if self.waiting > 0 {
                cx.progress(self);
            }
        }
        Ok(())
    }

    /// The queries to the authoritative servers; servers without an address are noted at once.
    fn authority_queries<'a>(
        &mut self,
        cx: &'a Context,
        found: Option<Authorities>,
        name: &'a str,
        rtype: Rtype,
    ) -> Vec<BoxFuture<'a, Arrival>> {
        let Some(found) = found else {
            return Vec::new();
        };
        for server in &found.without_address {
            self.authoritative.push(AuthorityRow {
                seen: Observation::failed(server, None, Problem::NoAddress),
                serial: None,
            });
        }
        self.zone = Some(found.zone.clone());

        let zone = found.zone;
        let query = |server: ListedServer| {
            let zone = zone.clone();
            async move {
                let (seen, serial) = authorities::ask(cx, &server, &zone, name, rtype).await;
                Arrival::Authority(seen, serial)
            }
            .boxed()
        };
        found.servers.into_iter().map(query).collect()
    }

    /// Puts the rows in order, and groups them.
    fn compare(&mut self) {
        self.resolvers.sort_by(|a, b| a.name.cmp(&b.name));
        self.authoritative
            .sort_by(|a, b| (&a.seen.name, a.seen.address).cmp(&(&b.seen.name, b.seen.address)));

        let authorities: Vec<&Observation> =
            self.authoritative.iter().map(|row| &row.seen).collect();
        let resolvers: Vec<&Observation> = self.resolvers.iter().collect();
        let (found, positions) = groups::group(&authorities, &resolvers);
        self.stale_seconds = groups::stale_seconds(&authorities, &resolvers);
        if let Some(expect) = &mut self.expect {
            expect.missing = groups::without_value(&authorities, &resolvers, &expect.value);
        }

        self.groups = found;
        let authorities = self.authoritative.iter_mut().map(|row| &mut row.seen);
        let mut all: Vec<&mut Observation> = authorities.chain(&mut self.resolvers).collect();
        for (number, positions) in (1..).zip(positions) {
            for position in positions {
                all[position].group = Some(number);
            }
        }
    }
}

/// Name and address of a resolver, and the client that asks it.
type NamedClient = ((String, Option<IpAddr>), Option<Client>);

/// The resolvers with a client for each; `None` for the client of one that may not be contacted.
fn resolvers(
    cx: &Context,
    chosen: Option<(&Resolver, Client)>,
) -> Result<Vec<NamedClient>, Failure> {
    let dns = &cx.net.dns;
    let configured = dns.each_configured()?;
    // One that is configured too is asked once.
    let public = dns.public_resolvers().iter();
    let public = public.filter(|server| {
        let is_same = |known: &ListedServer| known.address == server.address;
        !configured.iter().any(|(known, _)| is_same(known))
    });

    let public = public.map(|server| (server.clone(), dns.single(server, false).ok()));
    let public: Vec<_> = public.collect();
    let configured = configured
        .into_iter()
        .map(|(server, client)| (server, Some(client)));
    let mut all: Vec<_> = configured
        .chain(public)
        .map(|(server, client)| ((server.name, Some(server.address.ip())), client))
        .collect();

    if let Some((resolver, client)) = chosen {
        let address = match resolver.endpoint.host {
            Host::Address(address) => Some(address),
            Host::Name(_) => None,
        };
        all.push(((resolver.to_string(), address), Some(client)));
    }
    Ok(all)
}

async fn ask_resolver(
    (server, address): (String, Option<IpAddr>),
    client: Option<Client>,
    name: &str,
    rtype: Rtype,
) -> Arrival {
    let Some(client) = client else {
        return Arrival::Resolver(Observation::failed(&server, address, Problem::Refused));
    };
    let asked = client.ask(&Question::new(name, rtype)).await;
    Arrival::Resolver(Observation::of(&server, address, rtype, false, asked))
}

/// Time for which a reply is cached: short, because people repeat the command to see a change.
const LIFETIME: Duration = Duration::from_secs(5);

/// The outcomes of all servers.
fn outcomes(data: &Value) -> Vec<String> {
    let outcome = |group: &Value| {
        let answers: Vec<String> = elements(group, "answers").filter_map(scalar).collect();
        if answers.is_empty() {
            scalar(group.get("rcode")?)
        } else {
            Some(answers.join(" "))
        }
    };
    elements(data, "groups").filter_map(outcome).collect()
}
