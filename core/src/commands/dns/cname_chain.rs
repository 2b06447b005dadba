//! CNAME chains: sorts the aliases of answers and follows them to the final name.

use std::collections::HashSet;

use domain::base::{Rtype, iana::OptRcode};
use netvane_net::dns::{Data, Message, Record, without_dot};

use super::outcome::Outcome;

/// Aliases that are followed with further queries; resolvers have similar limits.
pub(crate) const MAX_CHASED: usize = 8;

/// An answer section sorted into aliases in order, records of the queried type, and other records.
pub(crate) struct CnameChain {
    pub(crate) rtype: Rtype,
    pub(crate) end: String,
    pub(crate) aliases: Vec<Record>,
    pub(crate) records: Vec<Record>,
    pub(crate) others: Vec<Record>,
    is_loop: bool,
}

impl CnameChain {
    pub(crate) fn new(name: &str, rtype: Rtype) -> Self {
        let end = without_dot(name).to_ascii_lowercase();
        Self {
            rtype,
            end,
            aliases: Vec::new(),
            records: Vec::new(),
            others: Vec::new(),
            is_loop: false,
        }
    }

    /// Adds the answer section of one response.
    pub(crate) fn add_answers(&mut self, mut answers: Vec<Record>) {
        let mut seen: Vec<String> = self
            .aliases
            .iter()
            .map(|alias| alias.name.to_ascii_lowercase())
            .collect();

        while !self.is_loop && self.rtype != Rtype::CNAME {
            let alias = answers.iter().position(|record| {
                record.rtype == Rtype::CNAME && record.name.eq_ignore_ascii_case(&self.end)
            });
            let Some(alias) = alias.map(|index| answers.remove(index)) else {
                break;
            };
            seen.push(self.end.clone());
            if let Data::Cname(cname) = &alias.data {
                self.end = without_dot(cname.cname()).to_ascii_lowercase();
            }
            self.is_loop = seen.contains(&self.end);
            self.aliases.push(alias);
        }

        let (records, others): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|record| record.rtype == self.rtype || self.rtype == Rtype::ANY);
        self.records.extend(records);

        // Drop records that an earlier answer already had.
        let key = |record: &Record| (record.name.to_ascii_lowercase(), record.presentation());
        let mut seen_records: HashSet<_> =
            self.aliases.iter().chain(&self.others).map(key).collect();

        self.others.extend(
            others
                .into_iter()
                .filter(|record| seen_records.insert(key(record))),
        );
    }

    /// The chain has aliases, but no records of its final name yet.
    pub(crate) fn is_open(&self) -> bool {
        !self.aliases.is_empty() && !self.is_loop && self.records.is_empty()
    }

    pub(crate) fn outcome(&self, message: &Message) -> Outcome {
        match message.rcode {
            _ if self.is_loop => Outcome::CnameLoop,
            OptRcode::NXDOMAIN => Outcome::Nxdomain,
            OptRcode::SERVFAIL => Outcome::Servfail,
            OptRcode::REFUSED => Outcome::Refused,
            OptRcode::NOERROR if message.flags.tc => Outcome::Truncated,
            OptRcode::NOERROR if !self.records.is_empty() => Outcome::Answer,
            OptRcode::NOERROR
                if self.is_open() && self.aliases.len() >= MAX_CHASED && !has_soa(message) =>
            {
                Outcome::CnameTooLong
            }
            OptRcode::NOERROR if message.flags.aa || has_soa(message) => Outcome::NoData,
            // Not authoritative. A referral to the root is how some lame servers answer.
            OptRcode::NOERROR => match message
                .authority
                .iter()
                .find(|record| record.rtype == Rtype::NS)
            {
                Some(referral) if referral.name != "." => Outcome::Referral,
                Some(_) => Outcome::Lame,
                // A resolver that omits the SOA still did the lookup.
                None if message.flags.ra => Outcome::NoData,
                None => Outcome::Lame,
            },
            _ => Outcome::Error,
        }
    }
}

/// Whether the response has the SOA of a negative answer (RFC 2308).
pub(crate) fn has_soa(message: &Message) -> bool {
    message
        .authority
        .iter()
        .any(|record| record.rtype == Rtype::SOA)
}

#[cfg(test)]
mod tests;
