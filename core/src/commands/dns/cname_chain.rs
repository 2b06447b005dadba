//! CNAME chains: sorts the aliases of answers and follows them to the final name.

use std::collections::HashSet;

use domain::base::{Rtype, iana::OptRcode};
use netvane_net::dns::{Message, Record, without_dot};

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
    /// Number of records of names that no alias leads to. They are not part of the answer.
    pub(crate) unrelated: usize,
    /// Number of records that were not read, because the response is too large.
    pub(crate) unread: usize,
    /// The queried name and the names that its aliases lead to.
    names: Vec<String>,
    is_loop: bool,
}

impl CnameChain {
    pub(crate) fn new(name: &str, rtype: Rtype) -> Self {
        let end = without_dot(name).to_ascii_lowercase();
        Self {
            rtype,
            names: vec![end.clone()],
            end,
            aliases: Vec::new(),
            records: Vec::new(),
            others: Vec::new(),
            unrelated: 0,
            unread: 0,
            is_loop: false,
        }
    }

    /// Takes the answer section out of one response and adds it.
    pub(crate) fn add_response(&mut self, message: &mut Message) {
        self.unread += message.totals[0] - message.answers.len();
        self.add_answers(std::mem::take(&mut message.answers));
    }

    fn add_answers(&mut self, mut answers: Vec<Record>) {
        while !self.is_loop && !matches!(self.rtype, Rtype::CNAME | Rtype::DNAME) {
            let Some((alias, target)) = self.next_alias(&mut answers) else {
                break;
            };
            self.end = target.to_ascii_lowercase();
            self.is_loop = self.names.contains(&self.end);
            self.names.push(self.end.clone());
            self.aliases.push(alias);
        }

        self.add_names(&answers);

        // Drop records that an earlier answer already had.
        let key = |record: &Record| (record.name.to_ascii_lowercase(), record.presentation());
        let mut seen_records: HashSet<_> =
            self.aliases.iter().chain(&self.others).map(key).collect();

        for record in answers {
            if self.is_answer(&record) {
                self.records.push(record);
            } else if !self.is_related(&record) {
                self.unrelated += 1;
            } else if seen_records.insert(key(&record)) {
                self.others.push(record);
            }
        }
    }

    /// Takes the alias of the current end out of the answers, with its target: a CNAME, or else a DNAME.
    fn next_alias(&self, answers: &mut Vec<Record>) -> Option<(Record, String)> {
        [Rtype::CNAME, Rtype::DNAME].iter().find_map(|rtype| {
            let (index, target) = answers.iter().enumerate().find_map(|(index, record)| {
                let target = record.alias_target(&self.end)?;
                (record.rtype == *rtype).then_some((index, target))
            })?;
            Some((answers.remove(index), target))
        })
    }

    /// Adds the names to which aliases among the answers lead without being followed, as in the answer to a CNAME query.
    fn add_names(&mut self, answers: &[Record]) {
        // Each step adds one name.
        for _ in 0..MAX_CHASED {
            let next = answers
                .iter()
                .flat_map(|record| {
                    self.names
                        .iter()
                        .filter_map(|name| record.alias_target(name))
                })
                .find(|target| !self.has_name(target));
            let Some(next) = next else { break };
            self.names.push(next.to_ascii_lowercase());
        }
    }

    /// Whether the record has the queried type and belongs to the final name.
    fn is_answer(&self, record: &Record) -> bool {
        match self.rtype {
            Rtype::ANY => self.has_name(&record.name),
            rtype => rtype == record.rtype && record.name.eq_ignore_ascii_case(&self.end),
        }
    }

    /// Whether the record belongs to a name of the chain, or is a DNAME above one or its signature.
    fn is_related(&self, record: &Record) -> bool {
        let is_above = || self.names.iter().any(|name| record.is_above(name));
        self.has_name(&record.name)
            || matches!(record.rtype, Rtype::DNAME | Rtype::RRSIG) && is_above()
    }

    fn has_name(&self, name: &str) -> bool {
        self.names
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
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
