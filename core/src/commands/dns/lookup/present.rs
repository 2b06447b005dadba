//! Title, summary and fields of a DNS lookup.

use netvane_document::{Cell, Document};
use netvane_facts::target::{Transport, both_forms, name_warning};

use super::{Lookup, MAX_CHASED, Outcome, Row, count};
use crate::commands::dns::diagnose::Cause;

impl Lookup {
    /// Title, summary and common fields; `found` is the summary of a successful lookup.
    pub(crate) fn document(&self, found: impl Into<String>) -> Document {
        let mut document = Document::new(
            format!("{} of {}", self.r#type, both_forms(&self.name)),
            self.summary(found.into()),
            self.outcome.severity(),
        );

        let chain: Vec<&Row> = self.aliases().collect();

        if let Some(first) = chain.first() {
            let targets = chain.iter().map(|alias| alias.data.trim_end_matches('.'));
            let path: Vec<&str> = std::iter::once(first.name.as_str())
                .chain(targets)
                .collect();
            document.field("Alias (CNAME)", Cell::exact(path.join(" → ")));
        }

        for error in &self.extended_errors {
            document.field("Extended error", Cell::exact(error));
        }

        if let Some(diagnosis) = &self.diagnosis {
            document.field("Diagnosis", Cell::exact(&diagnosis.text));
        }

        if let Some(warning) = name_warning(&self.name) {
            document.warn(warning);
        }

        if self.unrelated > 0 {
            let records = count(self.unrelated, "record", "records");
            document.warn(format!(
                "Ignored {records} of other names in the answer, as an attempt to poison a cache has them"
            ));
        }

        if let Some(truncated) = &self.truncated {
            document.warn(truncated.warning("records"));
        }

        if self.outcome == Outcome::Truncated {
            document.warn("Truncated over UDP, and the TCP retry failed");
        }

        document
    }

    /// Adds the server, its transport and DNSSEC validation: the last line of every DNS reply.
    pub(crate) fn add_source(&self, document: &mut Document) {
        let validated = if self.authenticated {
            ", DNSSEC-validated by the resolver"
        } else {
            ""
        };
        let over = match self.transport {
            Transport::Udp => "",
            Transport::Tcp => " over TCP",
            Transport::Tls => " over TLS",
            Transport::Https => " over HTTPS",
            Transport::Quic => " over QUIC",
        };
        document.field(
            "Answered by",
            Cell::aside(format!("{}{over}{validated}", self.resolver)),
        );
    }

    /// Records of the queried type.
    pub(crate) fn matching_rows(&self) -> impl Iterator<Item = &Row> {
        self.answers
            .iter()
            .filter(|row| row.r#type == self.r#type || self.r#type == "ANY")
    }

    fn aliases(&self) -> impl Iterator<Item = &Row> {
        self.answers
            .iter()
            .filter(|row| row.r#type == "CNAME" && self.r#type != "CNAME" && self.r#type != "ANY")
    }

    fn summary(&self, found: String) -> String {
        let name = both_forms(&self.name);
        let rtype = &self.r#type;
        let end = self
            .aliases()
            .last()
            .map(|alias| alias.data.trim_end_matches('.').to_owned());
        let subject = match &end {
            Some(end) => format!("{name} is an alias of {end}, which"),
            None => name.clone(),
        };

        match self.outcome {
            Outcome::Answer => found,
            Outcome::NoData if end.is_none() => {
                format!("{subject} exists but has no {rtype} records")
            }
            Outcome::NoData => format!("{subject} has no {rtype} records"),
            Outcome::Nxdomain => format!("{subject} does not exist (NXDOMAIN)"),
            Outcome::Servfail => {
                format!(
                    "{} returned SERVFAIL{}",
                    self.resolver,
                    self.servfail_reason()
                )
            }
            Outcome::Refused => format!("{} refused the query (REFUSED)", self.resolver),
            Outcome::Lame => {
                format!(
                    "{} is not authoritative for {name} and does not recurse (lame)",
                    self.resolver
                )
            }
            Outcome::Referral => {
                let zone = self
                    .authority
                    .iter()
                    .find(|row| row.r#type == "NS")
                    .map_or("", |row| row.name.as_str());
                format!(
                    "{} returned a referral to the servers of {zone}",
                    self.resolver
                )
            }
            Outcome::CnameLoop => format!("{name}: CNAME loop"),
            Outcome::CnameTooLong => {
                format!("{name}: CNAME chain longer than {MAX_CHASED}")
            }
            Outcome::Truncated => format!("{found}, but the answer is truncated"),
            Outcome::Error => format!("{} returned {}", self.resolver, self.rcode),
        }
    }

    /// The cause of a SERVFAIL, from extended DNS errors (RFC 8914) or the diagnosis; empty if unknown.
    fn servfail_reason(&self) -> String {
        let has_code = |codes: &[u16]| {
            self.extended_errors
                .iter()
                .any(|error| codes.contains(&error.code))
        };
        let cause = self.diagnosis.as_ref().map(|diagnosis| diagnosis.cause);
        let reason = if has_code(&[1, 2, 5, 6, 7, 8, 9, 10, 11, 12]) || cause == Some(Cause::Dnssec)
        {
            "DNSSEC validation failed"
        } else if has_code(&[22, 23]) || cause == Some(Cause::Silent) {
            "the zone's name servers do not answer"
        } else if cause == Some(Cause::Lame) {
            "the zone's name servers are not authoritative for it (lame delegation)"
        } else if cause == Some(Cause::CnameLoop) {
            "CNAME loop"
        } else if cause == Some(Cause::Broken) {
            "the zone's name servers return errors"
        } else if has_code(&[15, 16, 17, 18]) {
            "the resolver blocks the name"
        } else {
            return String::new();
        };
        format!(": {reason}")
    }
}
