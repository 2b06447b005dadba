//! The words for what an answer amounts to.

use netvane_document::{Cell, Document};
use netvane_facts::target::{Transport, both_forms, name_warning};

use super::{Lookup, MAX_CHASED, Outcome, Row};
use crate::commands::dns::diagnose::Cause;

impl Lookup {
    /// The document's head: what was asked and what it amounts to; `found` words the good case.
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
            document.field("The resolver says", Cell::exact(error));
        }

        if let Some(diagnosis) = &self.diagnosis {
            document.field("Found out", Cell::exact(&diagnosis.text));
        }

        if let Some(warning) = name_warning(&self.name) {
            document.warn(warning);
        }

        if self.outcome == Outcome::Truncated {
            document
                .warn("The answer was cut short to fit a datagram, and the whole one did not come over TCP");
        }

        document
    }

    /// Where it came from; the last line of every DNS reply.
    pub(crate) fn source(&self, document: &mut Document) {
        let validated = if self.authenticated {
            ", validated by it (DNSSEC)"
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

    /// Records of the type asked for.
    pub(crate) fn found(&self) -> impl Iterator<Item = &Row> {
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
                format!("{subject} exists, but has no {rtype} records")
            }
            Outcome::NoData => format!("{subject} has no {rtype} records"),
            Outcome::Nxdomain => format!("{subject} does not exist (NXDOMAIN)"),
            Outcome::Servfail => {
                format!(
                    "The resolver {} could not find it out (SERVFAIL){}",
                    self.resolver,
                    self.why()
                )
            }
            Outcome::Refused => format!("{} refuses to answer this (REFUSED)", self.resolver),
            Outcome::Lame => {
                format!(
                    "{} knows nothing of {name} and does not look for it (lame server)",
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
                    "{} does not answer itself and refers to the servers of {zone}",
                    self.resolver
                )
            }
            Outcome::CnameLoop => format!("{name} is an alias that leads back to itself"),
            Outcome::CnameTooLong => {
                format!("{name} is a chain of more than {MAX_CHASED} aliases without an end")
            }
            Outcome::Truncated => format!("{found}, but the answer is not complete"),
            Outcome::Error => format!("{} answered with the error {}", self.resolver, self.rcode),
        }
    }

    /// The reason in the reader's words, from the codes of RFC 8914.
    fn why(&self) -> String {
        let code = |wanted: &[u16]| {
            self.extended_errors
                .iter()
                .any(|error| wanted.contains(&error.code))
        };
        let cause = self.diagnosis.as_ref().map(|diagnosis| diagnosis.cause);
        let why = if code(&[1, 2, 5, 6, 7, 8, 9, 10, 11, 12]) || cause == Some(Cause::Dnssec) {
            "DNSSEC validation failed"
        } else if code(&[22, 23]) || cause == Some(Cause::Silent) {
            "the zone's own servers do not answer"
        } else if cause == Some(Cause::Lame) {
            "the zone's own servers do not serve it (lame delegation)"
        } else if cause == Some(Cause::CnameLoop) {
            "the name is an alias that leads back to itself"
        } else if cause == Some(Cause::Broken) {
            "the zone's own servers fail"
        } else if code(&[15, 16, 17, 18]) {
            "it is blocked there"
        } else {
            return String::new();
        };
        format!(": {why}")
    }
}
