//! What one server answers, in a form that can be compared.

use std::{net::IpAddr, time::Duration};

use domain::base::Rtype;
use netvane_document::{Failure, clip_json, json_size};
use netvane_net::dns::{Data, Message, Record, Response, without_dot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::dns::lookup::rcode_name;

/// Largest size of the answers of one server in a reply, in bytes of JSON.
const MAX_ANSWERS: usize = 1024;

/// The answer of one server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Observation {
    /// Name of the server.
    pub(crate) name: String,
    /// Address that was asked; `null` for a server that has only a name.
    pub(crate) address: Option<IpAddr>,
    /// RCODE of the response by its IANA name; `null` if there was none.
    pub(crate) rcode: Option<String>,
    /// Record data of the queried type at the end of the aliases, sorted.
    pub(crate) answers: Vec<String>,
    /// Target of the first alias (CNAME) of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<String>,
    /// Seconds for which the answer may still be cached.
    pub(crate) ttl: Option<u32>,
    /// Time until the response, in milliseconds.
    pub(crate) elapsed_ms: Option<f64>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Problem>,
    /// Number of records that are left out, because there are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) omitted: usize,
    /// Number of its group, from 1; `null` before it is compared.
    pub(super) group: Option<usize>,
    /// All records, also those that are left out.
    #[serde(skip)]
    pub(super) all: Vec<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Why a server gave no answer that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Problem {
    /// No response within the timeout.
    Timeout,
    /// The connection was refused, or the response was malformed.
    Unreachable,
    /// The name of the server has no address that can be asked.
    NoAddress,
    /// The address may not be contacted from here.
    Refused,
    /// The server of the zone is not authoritative for it.
    Lame,
}

impl Problem {
    /// The problem as the outcome of a group.
    pub(crate) fn outcome(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::NoAddress => "no address",
            Self::Refused => "refused here",
            Self::Lame => "lame",
        }
    }
}

impl Observation {
    /// A server without an answer.
    pub(crate) fn failed(name: &str, address: Option<IpAddr>, problem: Problem) -> Self {
        Self {
            name: name.to_owned(),
            address,
            problem: Some(problem),
            ..Self::default()
        }
    }

    /// What a query for records of this type came to. An authoritative server must answer with AA set.
    pub(super) fn of(
        name: &str,
        address: Option<IpAddr>,
        rtype: Rtype,
        authoritative: bool,
        asked: Result<Response, Failure>,
    ) -> Self {
        let response = match asked {
            Ok(response) => response,
            Err(failure) => return Self::failed(name, address, problem_of(&failure)),
        };

        let message = &response.message;
        let is_lame = authoritative && !message.flags.aa && is_conclusive(message);
        let end = final_name(message, rtype);
        let mut records: Vec<&Record> = message
            .answers
            .iter()
            .filter(|record| record.rtype == rtype || rtype == Rtype::ANY)
            .filter(|record| record.name.eq_ignore_ascii_case(&end))
            .collect();
        if is_lame {
            records.clear();
        }
        let mut all: Vec<String> = records.iter().map(|r| comparable(r)).collect();
        all.sort();
        all.dedup();

        let (answers, omitted) = clip(&all);
        Self {
            name: name.to_owned(),
            address,
            rcode: Some(rcode_name(message.rcode)),
            answers,
            alias: first_alias(message),
            ttl: time_left(message, &records),
            elapsed_ms: Some(milliseconds(response.elapsed)),
            problem: is_lame.then_some(Problem::Lame),
            omitted,
            group: None,
            all,
        }
    }
}

/// Whether the response says that the name or its records exist or not.
fn is_conclusive(message: &Message) -> bool {
    matches!(rcode_name(message.rcode).as_str(), "NOERROR" | "NXDOMAIN")
}

/// The name whose records answer the query. A query for an alias or for all types is about the name itself.
fn final_name(message: &Message, rtype: Rtype) -> String {
    match (&message.question, rtype) {
        (Some((name, _)), Rtype::CNAME | Rtype::ANY) => name.clone(),
        _ => message.final_name(),
    }
}

fn first_alias(message: &Message) -> Option<String> {
    let (name, _) = message.question.as_ref()?;
    let aliases = message.answers.iter().filter(|r| r.rtype == Rtype::CNAME);
    let target = aliases
        .filter_map(|record| record.alias_target(name))
        .next()?;
    Some(target.to_ascii_lowercase())
}

/// How long a cache may keep the answer: the smallest TTL of its records, or that of the denial.
fn time_left(message: &Message, records: &[&Record]) -> Option<u32> {
    let aliases = message.answers.iter().filter(|r| r.rtype == Rtype::CNAME);
    let ttls = records.iter().copied().chain(aliases).map(|r| r.ttl);
    ttls.min().or_else(|| message.negative_ttl())
}

/// The data of a record. Names are equal regardless of case.
fn comparable(record: &Record) -> String {
    let text = record.presentation();
    match record.data {
        Data::Ns(_)
        | Data::Cname(_)
        | Data::Ptr(_)
        | Data::Mx(_)
        | Data::Soa(_)
        | Data::Srv(_)
        | Data::Dname(_) => text.to_ascii_lowercase(),
        _ => text,
    }
}

/// As many answers as a reply may have of one server, and the number of the others.
fn clip(all: &[String]) -> (Vec<String>, usize) {
    let mut left = MAX_ANSWERS;
    let mut answers = Vec::new();
    for answer in all {
        let text = clip_json(answer, MAX_ANSWERS);
        match left.checked_sub(json_size(text)) {
            Some(rest) => left = rest,
            None => break,
        }
        answers.push(text.to_owned());
    }
    let omitted = all.len() - answers.len();
    (answers, omitted)
}

fn problem_of(failure: &Failure) -> Problem {
    match failure {
        Failure::Timeout { .. } => Problem::Timeout,
        Failure::Refused { .. } | Failure::RateLimited { .. } => Problem::Refused,
        _ => Problem::Unreachable,
    }
}

fn milliseconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Whether an observation has the expected value: record data, several of them separated by commas, or an RCODE.
pub(super) fn has_value(seen: &Observation, value: &str) -> bool {
    if seen
        .rcode
        .as_deref()
        .is_some_and(|rcode| rcode != "NOERROR" && rcode.eq_ignore_ascii_case(value.trim()))
    {
        return true;
    }

    let found = |wanted: &str| seen.all.iter().any(|answer| is_same(answer, wanted));
    found(value) || {
        let mut parts = value.split(',').map(str::trim).filter(|p| !p.is_empty());
        let several = value.contains(',');
        several && parts.clone().next().is_some() && parts.all(found)
    }
}

/// Whether record data is a value as people write it: without the final dot, the quotes of a text, or the preference of
/// a mail server.
fn is_same(answer: &str, wanted: &str) -> bool {
    if let (Ok(a), Ok(b)) = (answer.parse::<IpAddr>(), wanted.trim().parse::<IpAddr>()) {
        return a == b;
    }
    let plain = |text: &str| {
        let text = text.trim().replace("\" \"", "");
        without_dot(text.trim_matches('"'))
    };
    let (answer, wanted) = (plain(answer), plain(wanted));
    let last = answer.rsplit_once(' ').map(|(_, last)| last);
    let is_number = answer
        .split_once(' ')
        .is_some_and(|(first, rest)| first.parse::<u16>().is_ok() && !rest.contains(' '));

    // Text is compared exactly, names in any case: they are in lower case already.
    answer == wanted
        || answer == wanted.to_ascii_lowercase()
        || is_number && last == Some(wanted.to_ascii_lowercase().as_str())
}
