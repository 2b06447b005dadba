//! Chains of aliases, put in order and followed to their end.

use std::collections::HashSet;

use domain::base::{Rtype, iana::OptRcode};
use netvane_net::dns::{Data, Message, Record, without_dot};

use super::outcome::Outcome;

/// How many aliases are followed by further questions, as resolvers do.
pub(crate) const MAX_CHASED: usize = 8;

/// Sorts an answer section into aliases in order, records, and what else there is.
pub(crate) struct Chain {
    pub(crate) rtype: Rtype,
    pub(crate) end: String,
    pub(crate) aliases: Vec<Record>,
    pub(crate) records: Vec<Record>,
    pub(crate) others: Vec<Record>,
    looped: bool,
}

impl Chain {
    pub(crate) fn new(name: &str, rtype: Rtype) -> Self {
        let end = without_dot(name).to_ascii_lowercase();
        Self {
            rtype,
            end,
            aliases: Vec::new(),
            records: Vec::new(),
            others: Vec::new(),
            looped: false,
        }
    }

    pub(crate) fn take(&mut self, mut answers: Vec<Record>) {
        let mut seen: Vec<String> = self
            .aliases
            .iter()
            .map(|alias| alias.name.to_ascii_lowercase())
            .collect();

        while !self.looped && self.rtype != Rtype::CNAME {
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
            self.looped = seen.contains(&self.end);
            self.aliases.push(alias);
        }

        let (records, others): (Vec<_>, Vec<_>) = answers
            .into_iter()
            .partition(|record| record.rtype == self.rtype || self.rtype == Rtype::ANY);
        self.records.extend(records);

        // What an earlier answer said of the chain is said once.
        let told = |record: &Record| (record.name.to_ascii_lowercase(), record.presentation());
        let mut known: HashSet<_> = self.aliases.iter().chain(&self.others).map(told).collect();

        self.others.extend(
            others
                .into_iter()
                .filter(|record| known.insert(told(record))),
        );
    }

    /// An alias led somewhere, and nothing is known of that place yet.
    pub(crate) fn is_open(&self) -> bool {
        !self.aliases.is_empty() && !self.looped && self.records.is_empty()
    }

    pub(crate) fn outcome(&self, message: &Message) -> Outcome {
        match message.rcode {
            _ if self.looped => Outcome::CnameLoop,
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
            // Not the zone's own word. An upward referral to the root is how a lame server shrugs.
            OptRcode::NOERROR => match message
                .authority
                .iter()
                .find(|record| record.rtype == Rtype::NS)
            {
                Some(referral) if referral.name != "." => Outcome::Referral,
                Some(_) => Outcome::Lame,
                // A resolver that leaves the SOA out still looked.
                None if message.flags.ra => Outcome::NoData,
                None => Outcome::Lame,
            },
            _ => Outcome::Error,
        }
    }
}

/// A negative answer carries the zone's SOA.
pub(crate) fn has_soa(message: &Message) -> bool {
    message
        .authority
        .iter()
        .any(|record| record.rtype == Rtype::SOA)
}

#[cfg(test)]
mod tests;
