//! `dns`: all common record types of a name, queried in parallel.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    time::Duration,
};

use domain::base::Rtype;
use futures::{StreamExt, stream::FuturesUnordered};
use netvane_document::{Answer, Cell, Document, Failure, Severity, Truncated};
use netvane_facts::target::{Domain, Host, Resolver, both_forms, name_warning};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    command::{Command, Comparison, Context, Next, Short, Subject},
    commands::dns::lookup::{
        Lookup, Outcome, count, data_cell, look_up, look_up_explained, record_value, row_size, ttl,
    },
    spec::{Cost, Group, Spec, TargetKind},
};

/// All common record types of a name at once.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dns {
    /// The domain name to look up.
    domain: Domain,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
}

/// Queried record types, in the order of the reply.
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

/// Largest size in bytes of the JSON of all records of a reply.
const MAX_RECORDS: usize = 192 << 10;

/// All common records of a name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The queried name in A-labels, without the final dot.
    name: String,
    /// `NXDOMAIN` if the name does not exist; an error code only if every lookup failed.
    rcode: String,
    /// Records by type; types without records are absent.
    records: BTreeMap<String, Vec<NamedRecord>>,
    /// Types whose lookup failed, with the reason.
    failed: BTreeMap<String, String>,
    /// The DNS server that answered.
    resolver: String,
    /// The resolver validated every answer with DNSSEC (AD flag).
    authenticated: bool,
    /// Seconds for which the reply may be cached: the shortest lifetime of all lookups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_seconds: Option<u32>,
    /// Number of lookups that are still running.
    pending: usize,
    /// What the reply leaves out, if the answers are too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truncated: Option<Truncated>,
}

/// A record, listed under its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct NamedRecord {
    /// Owner name; differs from the queried name after an alias.
    name: String,
    /// TTL of the record in seconds.
    ttl: u32,
    /// Record data in presentation format.
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
    const FOLLOW_UPS: &'static [Next] = &[
        Next::about("ping", Subject::Host),
        Next::about("tls", Subject::Host),
        Next::about("http", Subject::Host),
        Next::target("mx"),
        Next::target("whois"),
        Next::target("delegation"),
        Next::about("ip", Subject::FirstAddress),
    ];
    const SHORT: Short = Short::Values(records_by_type);
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Domain];
    const COMPARES: Option<Comparison> =
        Some(Comparison::values(records_by_type, "record", "records"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        let name = self.domain.as_str();
        let mut lookups: FuturesUnordered<_> = TYPES
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
            cache_seconds: None,
            pending: TYPES.len(),
            truncated: None,
        };

        let mut failure = None;

        while let Some((rtype, answered)) = lookups.next().await {
            data.pending -= 1;
            match answered {
                Ok(answered) => data.add(rtype, &answered.lookup),
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
            data.add(Rtype::A, &explained.lookup);
        }

        match failure {
            Some(failure) if data.rcode.is_empty() => Err(failure),
            _ => Ok(data),
        }
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
    }
}

/// The records in the order of their types, as the short form shows them.
fn records_by_type(data: &Value) -> Vec<String> {
    let types = data.get("records").and_then(Value::as_object);
    types
        .into_iter()
        .flat_map(|types| types.values())
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(record_value)
        .collect()
}

impl Data {
    fn add(&mut self, rtype: Rtype, lookup: &Lookup) {
        if lookup.outcome != Outcome::Answer || self.rcode.is_empty() || rtype == Rtype::A {
            let succeeded = self.rcode == "NOERROR";
            if !succeeded || lookup.rcode == "NOERROR" {
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
        let lifetime = u32::try_from(lookup.lifetime().as_secs()).unwrap_or(u32::MAX);
        self.cache_seconds = Some(
            self.cache_seconds
                .map_or(lifetime, |shortest| shortest.min(lifetime)),
        );

        self.add_rows(lookup);
    }

    /// Adds the records that are new, as many as fit in a reply.
    fn add_rows(&mut self, lookup: &Lookup) {
        let mut omitted: usize = self
            .truncated
            .iter()
            .chain(lookup.truncated.iter().filter(|of| of.member == "answers"))
            .map(|truncated| truncated.total - truncated.shown)
            .sum();
        let mut seen = self.keys();
        let mut size = self.rows_size();
        let mut is_full = false;

        for row in &lookup.answers {
            if !seen.insert((row.r#type.clone(), row.name.clone(), row.data.clone())) {
                continue;
            }
            size += row_size(&row.name, &row.data);
            is_full |= size > MAX_RECORDS;
            if is_full {
                omitted += 1;
                continue;
            }
            let list = self.records.entry(row.r#type.clone()).or_default();
            list.push(NamedRecord {
                name: row.name.clone(),
                ttl: row.ttl,
                data: row.data.clone(),
            });
        }

        let shown = self.record_count();
        self.truncated = Truncated::of("records", shown, shown + omitted);
    }

    fn keys(&self) -> HashSet<RecordKey> {
        let lists = self.records.iter();
        let key = |(rtype, record): (&String, &NamedRecord)| {
            (rtype.clone(), record.name.clone(), record.data.clone())
        };
        lists
            .flat_map(|(rtype, list)| list.iter().map(move |record| (rtype, record)))
            .map(key)
            .collect()
    }

    /// Bytes of the records in JSON.
    fn rows_size(&self) -> usize {
        let records = self.records.values().flatten();
        records
            .map(|record| row_size(&record.name, &record.data))
            .sum()
    }
}

/// A record's type, name and data.
type RecordKey = (String, String, String);

impl Data {
    /// Number of records of all types.
    fn record_count(&self) -> usize {
        self.records.values().map(Vec::len).sum()
    }

    fn summary(&self) -> (String, Severity) {
        let name = both_forms(&self.name);
        let number = self.record_count();

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
                format!("{name} exists but has none of the common record types"),
                Severity::Neutral,
            ),
            rcode => (format!("The resolver returned {rcode}"), Severity::Bad),
        }
    }

    /// Table rows: the common types in the order of [`TYPES`], then all others.
    fn rows(&self) -> Vec<[Cell; 3]> {
        let common = TYPES.map(|rtype| rtype.to_string());
        let others = self.records.keys().filter(|rtype| !common.contains(rtype));

        common
            .iter()
            .chain(others)
            .flat_map(|rtype| self.rows_of(rtype))
            .collect()
    }

    /// Rows of one type; only the first row names the type.
    fn rows_of(&self, rtype: &str) -> Vec<[Cell; 3]> {
        let mut records: Vec<_> = self.records.get(rtype).into_iter().flatten().collect();

        records.sort_by_key(|record| match rtype {
            "MX" | "SRV" => record
                .data
                .split(' ')
                .next()
                .and_then(|number| number.parse::<u32>().ok())
                .unwrap_or(0),
            _ => 0,
        });

        let row = |(index, record): (usize, &&NamedRecord)| {
            let label = if index == 0 { rtype } else { "" };
            let mut data = data_cell(rtype, &record.data);
            if !record.name.eq_ignore_ascii_case(&self.name) {
                data = Cell::exact(format!("{} (at {})", data.text, record.name));
            }
            [label.into(), data, ttl(record.ttl).into()]
        };

        records.iter().enumerate().map(row).collect()
    }

    /// Adds failed lookups as a warning; without any records the first failure becomes the summary.
    fn add_failures(&self, document: &mut Document) {
        let Some(first) = self.failed.values().next() else {
            return;
        };

        if self.record_count() == 0 {
            document.summary.clone_from(first);
            return;
        }

        let types: Vec<&str> = self.failed.keys().map(String::as_str).collect();
        let reasons: BTreeSet<&str> = self.failed.values().map(String::as_str).collect();
        let reasons: Vec<&str> = reasons.into_iter().collect();
        document.warn(format!(
            "{}: lookup failed ({})",
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

        if let Some(truncated) = &self.truncated {
            document.warn(truncated.warning("records"));
        }

        if let Some(warning) = name_warning(&self.name) {
            document.warn(warning);
        }

        if self.pending == 0 {
            let validated = if self.authenticated {
                ", DNSSEC-validated by the resolver"
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
        Duration::from_secs(self.cache_seconds.unwrap_or(0).into())
    }

    fn age(&mut self, seconds: u32) {
        self.records
            .values_mut()
            .flatten()
            .for_each(|record| record.ttl = record.ttl.saturating_sub(seconds));
        self.cache_seconds = self
            .cache_seconds
            .map(|lifetime| lifetime.saturating_sub(seconds));
    }
}

#[cfg(test)]
mod tests;
