//! `dns`: every common record type of a name, asked together.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::base::Rtype;
use futures::{StreamExt, stream::FuturesUnordered};
use netvane_document::{Answer, Cell, Document, Failure, Severity};
use netvane_facts::target::{Domain, Host, Resolver, both_forms, name_warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context},
    commands::dns::lookup::{
        Lookup, Outcome, Row, count, data_cell, look_up, look_up_explained, ttl,
    },
    spec::{Cost, Group, Spec, TargetKind},
};

/// All common record types of a name at once.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dns {
    /// The name to look up.
    domain: Domain,
    /// DNS server to ask instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
}

/// In the order of the reply.
const TYPES: [Rtype; 14] = [
    Rtype::A,
    Rtype::AAAA,
    Rtype::CNAME,
    Rtype::MX,
    Rtype::NS,
    Rtype::SOA,
    Rtype::TXT,
    Rtype::CAA,
    Rtype::HTTPS,
    Rtype::SVCB,
    Rtype::SRV,
    Rtype::DS,
    Rtype::DNSKEY,
    Rtype::NAPTR,
];

/// All records of a name.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Data {
    /// A-labels, without the final dot.
    name: String,
    /// `NXDOMAIN` when the name does not exist; a failure's code only when no type could be had.
    rcode: String,
    /// By type; types without records are absent.
    records: BTreeMap<String, Vec<Held>>,
    /// Types that could not be found out, with the reason.
    failed: BTreeMap<String, String>,
    /// The server that answered.
    resolver: String,
    /// The resolver says that it validated every answer (AD).
    authenticated: bool,
    /// Shortest time that any part of this holds, in seconds.
    #[serde(skip)]
    holds: Option<u32>,
    /// The reply says so when types are still to come.
    pending: usize,
}

/// A record under its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Held {
    /// Owner; another than the name asked for where an alias leads.
    name: String,
    /// Seconds.
    ttl: u32,
    /// Presentation format.
    data: String,
}

impl Command for Dns {
    const SPEC: Spec = Spec {
        name: "dns",
        aliases: &["lookup"],
        group: Group::Dns,
        examples: &["dns example.com"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 64 << 10,
    };
    type Data = Data;
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Domain];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        let name = self.domain.as_str();
        let mut asked: FuturesUnordered<_> = TYPES
            .iter()
            .map(|rtype| async { (*rtype, look_up(&client, name, *rtype).await) })
            .collect();
        let mut data = Data {
            name: name.to_owned(),
            rcode: String::new(),
            records: BTreeMap::new(),
            failed: BTreeMap::new(),
            resolver: String::new(),
            authenticated: true,
            holds: None,
            pending: TYPES.len(),
        };

        let mut failure = None;

        while let Some((rtype, answered)) = asked.next().await {
            data.pending -= 1;
            match answered {
                Ok(answered) => data.take(rtype, &answered.lookup),
                Err(error) => {
                    data.failed.insert(rtype.to_string(), error.to_string());
                    failure = Some(error);
                }
            }
            if data.pending > 0 && !data.records.is_empty() {
                cx.progress(&data);
            }
        }

        if data.records.is_empty() && data.rcode == "SERVFAIL" {
            let explained = look_up_explained(cx, &client, name, Rtype::A).await?;
            data.take(Rtype::A, &explained.lookup);
        }

        match failure {
            Some(failure) if data.rcode.is_empty() => Err(failure),
            _ => Ok(data),
        }
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver
            .as_ref()
            .map(|resolver| &resolver.endpoint.host)
    }
}

impl Data {
    fn take(&mut self, rtype: Rtype, lookup: &Lookup) {
        if lookup.outcome != Outcome::Answer || self.rcode.is_empty() || rtype == Rtype::A {
            let known_good = self.rcode == "NOERROR";
            if !known_good || lookup.rcode == "NOERROR" {
                self.rcode.clone_from(&lookup.rcode);
            }
        } else {
            self.rcode = "NOERROR".into();
        }

        let failed = !matches!(
            lookup.outcome,
            Outcome::Answer | Outcome::NoData | Outcome::Nxdomain
        );

        if failed {
            self.failed
                .insert(rtype.to_string(), lookup.document("").summary);
        }

        self.resolver.clone_from(&lookup.resolver);
        self.authenticated &= lookup.authenticated;
        let holds = lookup.lifetime().as_secs() as u32;
        self.holds = Some(self.holds.map_or(holds, |known| known.min(holds)));
        for Row {
            name,
            r#type,
            ttl,
            data,
        } in &lookup.answers
        {
            let list = self.records.entry(r#type.clone()).or_default();
            if !list
                .iter()
                .any(|held| held.name == *name && held.data == *data)
            {
                list.push(Held {
                    name: name.clone(),
                    ttl: *ttl,
                    data: data.clone(),
                });
            }
        }
    }
}

impl Data {
    /// Of all types.
    fn number(&self) -> usize {
        self.records.values().map(Vec::len).sum()
    }

    fn summary(&self) -> (String, Severity) {
        let name = both_forms(&self.name);
        let number = self.number();

        if self.pending > 0 {
            return (format!("{number} records so far"), Severity::Neutral);
        }

        if number > 0 {
            let records = count(number, "record", "records");
            let types = count(self.records.len(), "type", "types");
            return (format!("{records} of {types}"), Severity::Good);
        }

        match self.rcode.as_str() {
            "NXDOMAIN" => (format!("{name} does not exist (NXDOMAIN)"), Severity::Bad),
            "NOERROR" => (
                format!("{name} exists, but has none of the common records"),
                Severity::Neutral,
            ),
            rcode => (
                format!("The resolver could not find it out ({rcode})"),
                Severity::Bad,
            ),
        }
    }

    /// The common types first, in their order.
    fn rows(&self) -> Vec<[Cell; 3]> {
        let known = TYPES.map(|rtype| rtype.to_string());
        let others = self.records.keys().filter(|rtype| !known.contains(rtype));

        known
            .iter()
            .chain(others)
            .flat_map(|rtype| self.rows_of(rtype))
            .collect()
    }

    /// The type stands in the first row.
    fn rows_of(&self, rtype: &str) -> Vec<[Cell; 3]> {
        let mut held: Vec<_> = self.records.get(rtype).into_iter().flatten().collect();

        held.sort_by_key(|held| match rtype {
            "MX" | "SRV" => held
                .data
                .split(' ')
                .next()
                .and_then(|number| number.parse::<u32>().ok())
                .unwrap_or(0),
            _ => 0,
        });

        let row = |(index, held): (usize, &&Held)| {
            let label = if index == 0 { rtype } else { "" };
            let mut data = data_cell(rtype, &held.data);
            if !held.name.eq_ignore_ascii_case(&self.name) {
                data = Cell::exact(format!("{} (at {})", data.text, held.name));
            }
            [label.into(), data, ttl(held.ttl).into()]
        };

        held.iter().enumerate().map(row).collect()
    }

    /// A warning beside records; without any, the reason is the answer.
    fn add_failures(&self, document: &mut Document) {
        let Some(first) = self.failed.values().next() else {
            return;
        };

        if self.number() == 0 {
            document.summary.clone_from(first);
            return;
        }

        let types: Vec<&str> = self.failed.keys().map(String::as_str).collect();
        let reasons: BTreeSet<&str> = self.failed.values().map(String::as_str).collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        document.warn(format!(
            "Not found out: {}. {}",
            types.join(", "),
            reasons.join("; ")
        ));
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let title = format!("DNS of {}", both_forms(&self.name));
        let mut document = Document::new(title, summary, severity);
        document.table(["Type", "Data", ">TTL"], self.rows());
        self.add_failures(&mut document);

        if let Some(warning) = name_warning(&self.name) {
            document.warn(warning);
        }

        if self.pending == 0 {
            let validated = if self.authenticated {
                ", validated by it (DNSSEC)"
            } else {
                ""
            };
            document.field(
                "Answered by",
                Cell::aside(format!("{}{validated}", self.resolver)),
            );
        }

        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(self.holds.unwrap_or(0).into())
    }

    fn age(&mut self, seconds: u32) {
        self.records
            .values_mut()
            .flatten()
            .for_each(|held| held.ttl = held.ttl.saturating_sub(seconds));
    }
}

#[cfg(test)]
mod tests;
