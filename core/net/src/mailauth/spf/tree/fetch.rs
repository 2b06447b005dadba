//! Fetches what a tree of records refers to, each name once and as soon as it is known.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    time::Duration,
};

use domain::base::Rtype;
use futures::{StreamExt, stream::FuturesUnordered};
use netvane_facts::mailpolicy::spf;
use tokio::time::{Instant, timeout_at};

use super::{DomainRecord, MAX_COUNTED, MAX_NAMES, TermOutcome, reachable, wanted};
use crate::{
    dns::{Client, Data, Record},
    mailauth::lookup,
};

/// Maximum number of names that are looked up; twice the bound of what is counted.
const MAX_FETCHED: usize = 2 * MAX_COUNTED;
/// Time limit of all lookups together.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// Maximum number of several records, or addresses of one term, that are kept.
const MAX_KEPT: usize = 64;

/// What a term looks up, with the name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    Record(String),
    Addresses(String),
    MailServers(String),
    Exists(String),
    /// It depends on the message.
    Message,
    /// The target is not a valid name.
    Invalid,
}

/// What a lookup found.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Record(DomainRecord),
    Term(TermOutcome),
}

/// The results of all lookups.
#[derive(Default)]
pub(super) struct Fetched(HashMap<Wanted, Found>);

impl Fetched {
    pub(super) fn record(&self, domain: &str) -> DomainRecord {
        match self.0.get(&Wanted::Record(domain.to_owned())) {
            Some(Found::Record(record)) => record.clone(),
            _ => DomainRecord::Skipped,
        }
    }

    pub(super) fn outcome(&self, wanted: &Wanted) -> TermOutcome {
        match (wanted, self.0.get(wanted)) {
            (Wanted::Message, _) => TermOutcome::DependsOnMessage,
            (Wanted::Invalid, _) => TermOutcome::InvalidName,
            (_, Some(Found::Record(record))) => TermOutcome::Included(record.clone()),
            (_, Some(Found::Term(outcome))) => outcome.clone(),
            (_, None) => TermOutcome::Skipped,
        }
    }
}

/// Looks up the record of a domain and what it refers to; each lookup starts when the name is known.
pub(super) async fn fetch(client: &Client, domain: &str) -> Fetched {
    let deadline = Instant::now() + TIME_LIMIT;
    let mut fetched = Fetched::default();
    let own = Wanted::Record(domain.to_owned());
    let mut seen = HashSet::from([own.clone()]);
    let mut running = FuturesUnordered::new();
    running.push(look_up(client, own));

    // After the deadline, names without a result count as not looked up.
    while let Ok(Some((wanted, found))) = timeout_at(deadline, running.next()).await {
        if let (Wanted::Record(name), Found::Record(record)) = (&wanted, &found) {
            for reference in references(record, name, domain) {
                if seen.len() < MAX_FETCHED && seen.insert(reference.clone()) {
                    running.push(look_up(client, reference));
                }
            }
        }
        fetched.0.insert(wanted, found);
    }

    fetched
}

/// What the terms of a record look up, as far as they can be counted.
fn references(record: &DomainRecord, domain: &str, top: &str) -> Vec<Wanted> {
    let Some(record) = record.parsed() else {
        return Vec::new();
    };
    reachable(record)
        .filter_map(|term| wanted(term, domain, top))
        .take(MAX_COUNTED)
        .map(|(_, wanted)| wanted)
        .filter(|wanted| !matches!(wanted, Wanted::Message | Wanted::Invalid))
        .collect()
}

async fn look_up(client: &Client, wanted: Wanted) -> (Wanted, Found) {
    let found = match &wanted {
        Wanted::Record(name) => {
            let record = record(client, name).await;
            return (wanted, Found::Record(record));
        }
        Wanted::Addresses(name) => addresses(client, name).await,
        Wanted::MailServers(name) => mail_servers(client, name).await,
        Wanted::Exists(name) => lookup::records(client, name, Rtype::A)
            .await
            .map(|records| outcome_of(&records)),
        Wanted::Message | Wanted::Invalid => Ok(TermOutcome::Skipped),
    };
    let found = found.unwrap_or_else(TermOutcome::Failed);
    (wanted, Found::Term(found))
}

async fn record(client: &Client, name: &str) -> DomainRecord {
    let texts = match lookup::texts(client, name).await {
        Ok(texts) => texts,
        Err(why) => return DomainRecord::Failed(why),
    };
    let is_void = texts.is_empty();
    let near_miss = texts.iter().find(|text| is_near_miss(text)).cloned();
    let mut records: Vec<String> = texts
        .into_iter()
        .filter(|text| spf::is_record(text))
        .collect();

    match (records.len(), records.pop()) {
        (1, Some(text)) => DomainRecord::One {
            record: spf::parse(&text),
            text,
        },
        (_, None) => DomainRecord::Missing { is_void, near_miss },
        (_, Some(last)) => {
            records.push(last);
            records.truncate(MAX_KEPT);
            DomainRecord::Several(records)
        }
    }
}

/// Whether a text was probably meant as an SPF record, but has another version.
fn is_near_miss(text: &str) -> bool {
    let head: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\''))
        .take(5)
        .collect();
    let head = head.to_ascii_lowercase();
    !spf::is_record(text) && (head == "v=spf" || head.starts_with("spf1") || head == "v:spf")
}

/// Addresses of a name, of both versions.
async fn addresses(client: &Client, name: &str) -> Result<TermOutcome, String> {
    let (v4, v6) = futures::join!(
        lookup::records(client, name, Rtype::A),
        lookup::records(client, name, Rtype::AAAA)
    );
    let mut records = v4?;
    records.extend(v6?);
    Ok(outcome_of(&records))
}

async fn mail_servers(client: &Client, name: &str) -> Result<TermOutcome, String> {
    let servers = lookup::records(client, name, Rtype::MX).await?;
    if servers.is_empty() {
        return Ok(TermOutcome::Nothing);
    }
    if servers.len() > MAX_NAMES {
        return Ok(TermOutcome::TooManyMailServers(servers.len()));
    }

    let names = servers.iter().filter_map(|record| match &record.data {
        Data::Mx(mx) => lookup::query_name(mx.exchange()),
        _ => None,
    });
    let found = futures::future::join_all(names.map(|name| async move {
        match addresses(client, &name).await {
            Ok(TermOutcome::Addresses(addresses)) => Ok(addresses),
            Ok(_) => Ok(Vec::new()),
            Err(why) => Err(why),
        }
    }));

    // A mail server without an address is not counted as void, and one that fails hides no other.
    let mut all: Vec<IpAddr> = found.await.into_iter().flatten().flatten().collect();
    all.truncate(MAX_KEPT);
    Ok(TermOutcome::Addresses(all))
}

fn outcome_of(records: &[Record]) -> TermOutcome {
    let addresses: Vec<IpAddr> = records
        .iter()
        .filter_map(Record::address)
        .take(MAX_KEPT)
        .collect();
    if addresses.is_empty() {
        TermOutcome::Nothing
    } else {
        TermOutcome::Addresses(addresses)
    }
}
