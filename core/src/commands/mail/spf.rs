//! `spf`: the SPF record of a domain, checked with everything that it includes (RFC 7208).

mod lint;
#[cfg(test)]
mod tests;
mod tree;

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;
use netvane_document::{Answer, Block, Document, Failure};
use netvane_facts::target::{Domain, Host, Resolver, both_forms, name_warning};
use netvane_net::{
    dns::Client,
    mailauth::{
        self,
        spf::{
            MAX_LOOKUPS,
            tree::{DomainRecord, lookup_tree},
        },
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::{Problem, State, record_cell, show_all, tally};
use crate::{
    command::{Command, Context, Next},
    commands::dns::lookup::count,
    spec::{Cost, Group, Spec},
};
use tree::TreeTerm;

/// SPF record of a domain, checked with all records that it includes.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spf {
    /// The domain to check.
    domain: Domain,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
}

/// An SPF record with its lookups and problems.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    domain: String,
    /// The record as published; `null` if there is none or several.
    pub(crate) record: Option<String>,
    pub(crate) state: State,
    /// The domain does not exist (NXDOMAIN).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    nxdomain: bool,
    /// Number of terms that need DNS lookups, in all records; RFC 7208 allows 10. Counted up to 100.
    lookups: usize,
    /// Number of terms whose lookup finds nothing; RFC 7208 allows 2.
    void_lookups: usize,
    /// Result for all other servers: `fail`, `softfail`, `neutral` or `pass`; `null` if unknown.
    others: Option<String>,
    /// Terms that need DNS lookups, in the order in which they are evaluated.
    tree: Vec<TreeTerm>,
    /// Problems of the record and its includes, worst first.
    pub(crate) problems: Vec<Problem>,
    /// Addresses that may send, where they are single ones; at most 16.
    pub(crate) addresses: Vec<IpAddr>,
    /// Smallest TTL of all records that were looked up, in seconds.
    ttl: u32,
}

/// Maximum number of single addresses in the data.
const MAX_ADDRESSES: usize = 16;

impl Command for Spf {
    const SPEC: Spec = Spec {
        name: "spf",
        aliases: &[],
        group: Group::Mail,
        examples: &["spf example.com", "spf example.com resolver=1.1.1.1"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 192 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::domain("dmarc"),
        Next::domain("dkim"),
        Next::domain("mailcheck"),
        Next::target("txt"),
        Next::domain("mx"),
    ];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        check(&client, self.domain.as_str()).await
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
    }
}

/// Looks up and checks the record of a domain.
///
/// # Errors
/// The domain's own records could not be looked up.
pub(crate) async fn check(client: &Client, domain: &str) -> Result<Data, Failure> {
    let client = &client.recording_ttls();
    let tree = lookup_tree(client, domain).await;
    let (record, nxdomain) = match &tree.record {
        DomainRecord::One { text, .. } => (Some(text.clone()), false),
        DomainRecord::Failed(why) => {
            return Err(Failure::Upstream {
                what: format!("SPF record of {domain}"),
                why: why.clone(),
            });
        }
        DomainRecord::Skipped => {
            return Err(Failure::Timeout {
                what: format!("The SPF record of {domain}"),
                after: crate::commands::DNS_TIMEOUT,
            });
        }
        DomainRecord::Several(_) => (None, false),
        DomainRecord::Missing { .. } => {
            let exists = mailauth::exists(client, domain).await;
            (None, exists == Ok(false))
        }
    };

    let problems = lint::problems(domain, &tree, nxdomain);
    let exists = !matches!(tree.record, DomainRecord::Missing { .. });
    Ok(Data {
        domain: domain.to_owned(),
        record,
        state: State::of(&problems, exists),
        nxdomain,
        lookups: tree.lookups,
        void_lookups: tree.void_lookups,
        others: lint::result_for_others(&tree).map(str::to_owned),
        addresses: single_addresses(&tree.networks),
        tree: tree.terms.iter().map(TreeTerm::from).collect(),
        problems,
        ttl: client.shortest_ttl(),
    })
}

/// The networks of one address, each once.
fn single_addresses(networks: &[IpNet]) -> Vec<IpAddr> {
    let mut single: Vec<IpAddr> = Vec::new();
    for network in networks {
        let is_single = network.prefix_len() == network.max_prefix_len();
        if is_single && !single.contains(&network.addr()) && single.len() < MAX_ADDRESSES {
            single.push(network.addr());
        }
    }
    single
}

impl Data {
    /// The result in one sentence, without the domain.
    pub(crate) fn summary(&self) -> String {
        let Some(_) = &self.record else {
            return match self.problems.first() {
                Some(problem) if !self.nxdomain => problem.text.clone(),
                _ if self.nxdomain => {
                    format!("{} does not exist (NXDOMAIN)", both_forms(&self.domain))
                }
                _ => "No SPF record".into(),
            };
        };
        let others = match self.others.as_deref() {
            Some("fail") => "other servers fail (-all)",
            Some("softfail") => "other servers softfail (~all)",
            Some("pass") => "every server may send (+all)",
            Some("neutral") => "nothing is said about other servers",
            _ => "the result for other servers is unknown",
        };
        let lookups = format!(
            "{}{} of {MAX_LOOKUPS} DNS lookups",
            if self.lookups >= 100 { "at least " } else { "" },
            self.lookups.min(100)
        );
        let tally = tally(self.problems.iter());
        match self.state {
            State::Ok => format!("Valid: {others}; {lookups}"),
            State::Error => format!("{tally}; {lookups}"),
            _ => format!("Valid, {tally}: {others}; {lookups}"),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("SPF of {}", both_forms(&self.domain));
        let mut document = Document::new(title, self.summary(), self.state.severity());

        if let Some(record) = &self.record {
            document.field("Record", record_cell(record));
            let void = match self.void_lookups {
                0 => String::new(),
                void => format!("; {} nothing", count(void, "finds", "find")),
            };
            document.field(
                "DNS lookups",
                format!("{} of {MAX_LOOKUPS}{void}", self.lookups),
            );
        }
        show_all(&mut document, &self.problems);

        if !self.tree.is_empty() {
            document.heading("Terms that need DNS lookups");
            document.block(Block::Code {
                text: tree::lines(&self.tree),
                marks: Vec::new(),
            });
        }
        if let Some(warning) = name_warning(&self.domain) {
            document.warn(warning);
        }
        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(self.ttl.into())
    }
}
