//! What a server's answer means for the walk.

use std::net::IpAddr;

use domain::base::{Rtype, iana::OptRcode};
use netvane_net::dns::{Data as RecordData, Message, Record, without_dot};

/// The servers of a zone, as its parent names them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Referral {
    pub(super) zone: String,
    /// Names of the servers in lower case, with the addresses that the parent gives (glue).
    pub(super) servers: Vec<(String, Vec<IpAddr>)>,
    /// DS records in presentation format.
    pub(super) ds: Vec<String>,
}

/// What an answer of a zone's server means.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning {
    /// The server is authoritative for the name.
    Answer,
    /// The name is in a zone below.
    Referral(Referral),
    /// The server does not know the zone, or fails.
    Lame,
}

/// Reads the answer of a server of `zone` to a query for `name`.
pub(super) fn meaning(message: &Message, zone: &str, name: &str) -> Meaning {
    let is_conclusive = matches!(message.rcode, OptRcode::NOERROR | OptRcode::NXDOMAIN);
    if message.flags.aa && is_conclusive {
        return Meaning::Answer;
    }
    if message.rcode != OptRcode::NOERROR || !message.answers.is_empty() {
        return Meaning::Lame;
    }

    let is_cut = |record: &&Record| {
        record.rtype == Rtype::NS
            && is_below(&record.name, zone)
            && (record.name.eq_ignore_ascii_case(name) || is_below(name, &record.name))
    };
    match message.authority.iter().find(is_cut) {
        Some(record) => {
            let child = record.name.to_ascii_lowercase();
            Meaning::Referral(Referral::new(&child, &message.authority, message))
        }
        None => Meaning::Lame,
    }
}

impl Referral {
    /// Reads the servers of a zone from NS records of a section, and their addresses from the additional section.
    pub(super) fn new(zone: &str, section: &[Record], message: &Message) -> Self {
        let of_zone = |record: &&Record| record.name.eq_ignore_ascii_case(zone);
        let mut names = name_servers(section, zone);
        names.sort();
        names.dedup();

        let servers = names.into_iter().map(|name| {
            let glue = message.additional.iter();
            let glue = glue.filter(|record| record.name.eq_ignore_ascii_case(&name));
            let mut addresses: Vec<IpAddr> = glue.filter_map(Record::address).collect();
            addresses.sort();
            addresses.dedup();
            (name, addresses)
        });
        Self {
            zone: zone.to_owned(),
            servers: servers.collect(),
            ds: ds_records(section.iter().filter(of_zone)),
        }
    }
}

/// DS records in presentation format.
pub(super) fn ds_records<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<String> {
    let ds = records.filter(|record| record.rtype == Rtype::DS);
    ds.take(16).map(Record::presentation).collect()
}

/// Names in the NS records of a zone, in lower case, without the final dot.
pub(super) fn name_servers(section: &[Record], zone: &str) -> Vec<String> {
    let servers = section.iter().filter_map(|record| match &record.data {
        RecordData::Ns(ns) if record.name.eq_ignore_ascii_case(zone) => {
            Some(without_dot(ns.nsdname()).to_ascii_lowercase())
        }
        _ => None,
    });
    servers.collect()
}

/// Whether a name is below a zone; escaped dots separate no labels.
pub(super) fn is_below(name: &str, zone: &str) -> bool {
    let (name, zone) = (name.to_ascii_lowercase(), zone.to_ascii_lowercase());
    if zone == "." {
        return name != ".";
    }
    let before = name
        .strip_suffix(&zone)
        .and_then(|rest| rest.strip_suffix('.'));
    before.is_some_and(|before| {
        let backslashes = before.len() - before.trim_end_matches('\\').len();
        !before.is_empty() && backslashes % 2 == 0
    })
}

/// The names from just below a zone down to this name: `test`, `example.test` for `example.test` below the root.
pub(super) fn names_between(zone: &str, name: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut current = name.to_ascii_lowercase();
    while is_below(&current, zone) && names.len() < 32 {
        names.push(current.clone());
        current = match current.split_once('.') {
            Some((_, rest)) if !rest.is_empty() => rest.to_owned(),
            _ => break,
        };
    }
    names.reverse();
    names
}
