//! A DNS lookup as the record commands share it: query, CNAME chain, outcome.

mod present;

use std::time::Duration;

use domain::base::{Rtype, iana::OptRcode};
use netvane_document::{Cell, Failure, Role, Truncated, json_size};
use netvane_facts::target::Transport;
use netvane_net::{
    dns::{Client, ExtendedError, Flags, Message, Record, Response, without_dot},
    metrics,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use super::outcome::{Outcome, rcode_name};
use super::{
    cname_chain::{CnameChain, MAX_CHASED, has_soa},
    diagnose::{Diagnosis, diagnose},
};
use crate::command::{Context, elements, scalar};

/// Result of a DNS lookup.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Lookup {
    /// The queried name in A-labels, without the final dot.
    pub name: String,
    /// The queried record type.
    pub r#type: String,
    /// RCODE of the last response by its IANA name: `NOERROR`, `NXDOMAIN`, …
    pub rcode: String,
    /// Classification of the response.
    pub outcome: Outcome,
    /// Answer section: the CNAME chain in order, then the records.
    pub answers: Vec<Row>,
    /// Records of the authority section.
    pub authority: Vec<Row>,
    /// The DNS server that answered.
    pub resolver: String,
    /// The resolver validated the answer with DNSSEC (AD flag).
    pub authenticated: bool,
    /// Transport of the response.
    pub transport: Transport,
    /// Flags of the response header.
    pub flags: Flags,
    /// Extended DNS errors of the response (RFC 8914).
    pub extended_errors: Vec<ExtendedError>,
    /// Cause of a SERVFAIL, from further queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// Seconds for which a negative answer may be cached (RFC 2308).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_ttl: Option<u32>,
    /// Number of records in the answer that were ignored, because they belong to a name that no alias leads to.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unrelated: usize,
    /// What the reply leaves out, if the answer is too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated: Option<Truncated>,
}

/// A DNS record in presentation format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Row {
    /// Owner name, without the final dot.
    pub name: String,
    /// Record type, such as `MX` or `TYPE65`.
    pub r#type: String,
    /// TTL of the record in seconds.
    pub ttl: u32,
    /// Record data in presentation format (RFC 1035, 3597, 9460).
    pub data: String,
}

impl From<&Record> for Row {
    fn from(record: &Record) -> Self {
        Self {
            name: record.name.clone(),
            r#type: record.rtype.to_string(),
            ttl: record.ttl,
            data: record.presentation(),
        }
    }
}

/// Largest size in bytes of the JSON of all rows of a lookup. Commands that add what they read from the records, such as
/// the texts of `txt`, then stay within the 256 KiB that a reply may have.
pub(crate) const MAX_ROWS: usize = 96 << 10;

/// Bytes of the JSON of a row beside its name and its data: member names, type and TTL.
const ROW_OVERHEAD: usize = 64;

/// Rows of records, as many as fit in a number of bytes of JSON.
pub(crate) struct RowBudget {
    left: usize,
    /// Number of records that did not fit.
    pub(crate) omitted: usize,
}

impl RowBudget {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            left: bytes,
            omitted: 0,
        }
    }

    /// Converts records until one does not fit; that one and all later ones are left out.
    pub(crate) fn rows(&mut self, records: &[Record]) -> Vec<Row> {
        let mut rows = Vec::new();
        for record in records {
            match self.row(record) {
                Some(row) => rows.push(row),
                None => self.omitted += 1,
            }
        }
        rows
    }

    fn row(&mut self, record: &Record) -> Option<Row> {
        if self.omitted > 0 {
            return None;
        }
        let row = Row::from(record);
        self.left = self.left.checked_sub(row_size(&row.name, &row.data))?;
        Some(row)
    }
}

/// Rows of the answer, authority and additional section, as many as fit, and what is left out.
pub(crate) fn section_rows(message: &Message) -> ([Vec<Row>; 3], Option<Truncated>) {
    let mut budget = RowBudget::new(MAX_ROWS);
    let mut truncated = None;
    let [answers, authority, additional] = message.totals;
    let sections = [
        ("answers", &message.answers, answers),
        ("authority", &message.authority, authority),
        ("additional", &message.additional, additional),
    ];

    let rows = sections.map(|(member, records, total)| {
        let rows = budget.rows(records);
        truncated = truncated
            .take()
            .or_else(|| Truncated::of(member, rows.len(), total));
        rows
    });
    if truncated.is_some() {
        metrics::limit_reached("reply_bytes");
    }

    (rows, truncated)
}

/// Bytes of the JSON of a record with this name and data.
pub(crate) fn row_size(name: &str, data: &str) -> usize {
    json_size(name) + json_size(data) + ROW_OVERHEAD
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Record data as `dig +short` prints it, aliases included; of `dig` with several types, those of each.
pub(crate) fn answer_values(data: &Value) -> Vec<String> {
    let queries = elements(data, "queries").flat_map(answer_values);
    let rows = elements(data, "answers").filter_map(record_value);
    queries.chain(rows).collect()
}

/// Data of the records of the type that was asked for; of other records, such as aliases on the way, nothing.
pub(crate) fn matching_values(data: &Value) -> Vec<String> {
    let queries = elements(data, "queries").flat_map(matching_values);
    let rtype = data.get("type").and_then(Value::as_str);
    let is_asked = |row: &&Value| {
        let own = row.get("type").and_then(Value::as_str);
        rtype.is_none() || rtype == Some("ANY") || own.is_none() || own == rtype
    };
    let rows = elements(data, "answers")
        .filter(is_asked)
        .filter_map(record_value);
    queries.chain(rows).collect()
}

/// The data of a record in `data`.
pub(crate) fn record_value(row: &Value) -> Option<String> {
    scalar(row.get("data")?)
}

/// A lookup with its parsed records, for commands that evaluate them.
pub(crate) struct ParsedLookup {
    pub lookup: Lookup,
    /// Records of the queried type.
    pub records: Vec<Record>,
}

/// Queries `name`, follows a CNAME chain that the server did not resolve itself, and classifies the response.
pub(crate) async fn look_up(
    client: &Client,
    name: &str,
    rtype: Rtype,
) -> Result<ParsedLookup, Failure> {
    let mut response = client.query(name, rtype).await?;
    let mut chain = CnameChain::new(name, rtype);
    chain.add_response(&mut response.message);
    for _ in 0..MAX_CHASED {
        if !chain.is_open()
            || response.message.rcode != OptRcode::NOERROR
            || has_soa(&response.message)
        {
            break;
        }

        // The server returned an alias without the records of its target: query the target.
        let Ok(mut next) = client.query(&chain.end, rtype).await else {
            break;
        };
        let before = chain.end.clone();
        chain.add_response(&mut next.message);
        response = Response {
            elapsed: response.elapsed + next.elapsed,
            ..next
        };
        if chain.end == before {
            break;
        }
    }

    Ok(ParsedLookup::new(name, chain, response))
}

impl ParsedLookup {
    /// Combines the CNAME chain with the last response.
    pub(crate) fn new(name: &str, chain: CnameChain, response: Response) -> Self {
        let outcome = chain.outcome(&response.message);
        let negative_ttl = response.message.negative_ttl();
        let CnameChain {
            rtype,
            aliases,
            mut records,
            others,
            unrelated,
            unread,
            ..
        } = chain;

        let mut budget = RowBudget::new(MAX_ROWS);
        let mut answers = budget.rows(&aliases);
        let matching = budget.rows(&records);
        records.truncate(matching.len());
        answers.extend(matching);
        answers.extend(budget.rows(&others));
        let unread_authority = response.message.totals[1] - response.message.authority.len();
        let total = answers.len() + budget.omitted + unread;
        let truncated = Truncated::of("answers", answers.len(), total);

        budget.omitted = 0;
        let authority = budget.rows(&response.message.authority);
        let total = authority.len() + budget.omitted + unread_authority;
        let truncated = truncated.or_else(|| Truncated::of("authority", authority.len(), total));
        if truncated.is_some() {
            metrics::limit_reached("reply_bytes");
        }

        let lookup = Lookup {
            name: without_dot(name),
            r#type: rtype.to_string(),
            rcode: rcode_name(response.message.rcode),
            outcome,
            answers,
            authority,
            resolver: response.resolver,
            authenticated: response.message.flags.ad,
            transport: response.transport,
            flags: response.message.flags,
            extended_errors: response.message.extended_errors,
            diagnosis: None,
            negative_ttl,
            unrelated,
            truncated,
        };

        Self { lookup, records }
    }
}

/// Like [`look_up`]; diagnoses a SERVFAIL that has no extended error.
pub(crate) async fn look_up_explained(
    cx: &Context,
    client: &Client,
    name: &str,
    rtype: Rtype,
) -> Result<ParsedLookup, Failure> {
    let mut answered = look_up(client, name, rtype).await?;
    if answered.lookup.outcome == Outcome::Servfail && answered.lookup.extended_errors.is_empty() {
        answered.lookup.diagnosis = diagnose(cx, client, name, rtype).await;
    }
    Ok(answered)
}

impl Lookup {
    /// How long the result may be cached: the shortest TTL, the negative TTL, or 5 s for a failure (RFC 9520).
    pub(crate) fn lifetime(&self) -> Duration {
        let shortest = self.answers.iter().map(|row| row.ttl).min();
        let seconds = match self.outcome {
            Outcome::Answer => shortest,
            Outcome::NoData | Outcome::Nxdomain => self
                .negative_ttl
                .map(|negative| shortest.map_or(negative, |shortest| shortest.min(negative))),
            _ => Some(5),
        };
        Duration::from_secs(seconds.unwrap_or(0).into())
    }

    /// Reduces all TTLs by the time spent in the cache.
    pub(crate) fn age(&mut self, seconds: u32) {
        for row in self.answers.iter_mut().chain(&mut self.authority) {
            row.ttl = row.ttl.saturating_sub(seconds);
        }
        self.negative_ttl = self.negative_ttl.map(|ttl| ttl.saturating_sub(seconds));
    }
}

/// A TTL as text.
pub(crate) use netvane_document::duration::exact as ttl;

/// A number with its noun: `1 record`, `3 records`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A cell for data of this type; names and addresses get a role, so that chats offer lookups of them.
pub(crate) fn data_cell(rtype: &str, data: &str) -> Cell {
    match rtype {
        "A" | "AAAA" => Cell::new(data, Role::Address),
        "NS" | "CNAME" | "PTR" | "DNAME" => Cell::domain(without_dot(data)),
        _ => Cell::exact(data),
    }
}

#[cfg(test)]
mod tests;
