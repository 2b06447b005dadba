//! Renders the trace of a message.

use netvane_document::{Answer, Cell, Document, Role, Severity};
use netvane_facts::{
    mailtrace::{Anomaly, Authentication, BoundaryKind, Confidence},
    target::both_forms,
};

use super::{Data, Hop, Origin};
use crate::commands::{address::geo::add_attribution, dns::lookup::count};

const UNAUTHENTICATED_REJECT: &str = "Not authenticated: the domain of the From address asks receivers to reject \
                                      this message (DMARC)";
const UNAUTHENTICATED_QUARANTINE: &str = "Not authenticated: the domain of the From address asks receivers to treat \
                                          this message as suspicious (DMARC)";

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let mut document = Document::new("Message trace", summary, severity);
        self.add_message(&mut document);

        document.table(
            [">Hop", "From", "To", "Protocol", ">Delay", "Location"],
            self.hops.iter().map(Hop::row).collect(),
        );
        self.add_claims(&mut document);
        add_checks(&self.authentication, &mut document);

        match self.failed_policy() {
            Some("reject") => _ = document.warn(UNAUTHENTICATED_REJECT),
            Some("quarantine") => _ = document.warn(UNAUTHENTICATED_QUARANTINE),
            _ => {}
        }

        for Anomaly { hop, text } in &self.anomalies {
            match hop {
                Some(hop) => document.warn(format!("Hop {hop}: {text}")),
                None => document.warn(text),
            };
        }

        self.notes.iter().for_each(|note| _ = document.note(note));
        if self
            .hops
            .iter()
            .any(|hop| hop.place.asn.is_some() || hop.place.country.is_some())
        {
            add_attribution(&mut document, "Data source", &self.databases);
        }

        document
    }
}

impl Data {
    fn summary(&self) -> (String, Severity) {
        let Origin { origin, place } = &self.origin;

        let Some(address) = origin.address else {
            return if self.hops.is_empty() {
                (
                    "No Received headers found; paste the full headers of the message".into(),
                    Severity::Bad,
                )
            } else {
                (
                    "No Received header names the sending address".into(),
                    Severity::Warning,
                )
            };
        };

        let named = origin
            .host
            .as_deref()
            .map(|host| format!("{} ", both_forms(host)))
            .unwrap_or_default();

        let at = match (place.place(), place.holder()) {
            (Some(place), Some(holder)) => format!(", {place}, {holder}"),
            (Some(only), None) | (None, Some(only)) => format!(", {only}"),
            (None, None) => String::new(),
        };

        match origin.confidence {
            Confidence::Fact => (
                format!("Sent by {named}[{address}]{at} (verified)"),
                self.severity(),
            ),
            _ => (
                format!("Claims to come from {named}[{address}]{at} (unverified)"),
                Severity::Warning,
            ),
        }
    }

    fn severity(&self) -> Severity {
        match self.failed_policy() {
            Some("quarantine" | "reject") => Severity::Bad,
            None if self.anomalies.is_empty() => Severity::Good,
            _ => Severity::Warning,
        }
    }

    /// The policy of the author's domain, if the message fails its check here.
    fn failed_policy(&self) -> Option<&str> {
        let Authentication {
            dmarc,
            dmarc_policy,
            ..
        } = &self.authentication;
        let has_failed = dmarc.verified && dmarc.result.as_deref() == Some("fail");
        dmarc_policy.as_deref().filter(|_| has_failed)
    }

    /// Adds the main headers, the number of hops and the trust boundary.
    fn add_message(&self, document: &mut Document) {
        for (name, value) in [
            ("From", &self.from),
            ("Subject", &self.subject),
            ("Date", &self.date),
        ] {
            if let Some(value) = value {
                document.field(name, Cell::exact(value));
            }
        }

        document.field("Hops", count(self.hops.len(), "hop", "hops"));
        if self.boundary.kind != BoundaryKind::None || !self.boundary.text.is_empty() {
            document.field("Trust boundary", self.boundary.text.as_str());
        }

        if !self.origin.origin.evidence.is_empty() {
            document.field("Evidence", Cell::exact(&self.origin.origin.evidence));
        }
    }

    fn add_claims(&self, document: &mut Document) {
        let claims = self.claims.iter().map(|claim| {
            let host = claim.host.as_deref().unwrap_or_default();
            [
                Cell::exact(&claim.source),
                Cell::new(claim.address, Role::Address),
                Cell::exact(host),
            ]
        });

        document.table(["Unverified source", "Address", "Name"], claims.collect());
    }
}

/// Adds the results of SPF, DKIM, DMARC and ARC, where there is one.
fn add_checks(authentication: &Authentication, document: &mut Document) {
    let Authentication {
        spf,
        dkim,
        dmarc,
        arc,
        ..
    } = authentication;

    let mut rows = vec![check("SPF", &spf.result, spf.verified, &spf.detail)];
    rows.extend(
        dkim.iter()
            .map(|dkim| check("DKIM", &dkim.result, dkim.verified, &dkim.detail)),
    );
    rows.push(check("DMARC", &dmarc.result, dmarc.verified, &dmarc.detail));
    rows.push(check("ARC", &arc.result, arc.verified, &arc.detail));

    document.table(
        ["Check", "Result", "Source", "Details"],
        rows.into_iter().flatten().collect(),
    );
}

fn check(
    name: &'static str,
    result: &Option<String>,
    verified: bool,
    detail: &str,
) -> Option<[Cell; 4]> {
    let word = result.as_deref()?;
    let role = match word {
        "pass" => Role::Good,
        "fail" | "permerror" => Role::Bad,
        "none" | "neutral" => Role::Plain,
        _ => Role::Warning,
    };

    let checked = if verified {
        "verified here"
    } else {
        "reported by the receiver"
    };

    Some([
        name.into(),
        Cell::new(word, role),
        Cell::aside(checked),
        Cell::exact(detail),
    ])
}

impl Hop {
    fn row(&self) -> [Cell; 6] {
        let hop = &self.hop;
        let from = hop
            .from_host
            .clone()
            .or_else(|| hop.helo.clone())
            .unwrap_or_default();

        let address = hop
            .from_address
            .map(|address| format!("\n{address}"))
            .unwrap_or_default();
        let network = [self.place.place(), self.place.holder()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n");

        let how = [hop.protocol.as_deref(), hop.tls.as_ref().map(|_| "TLS")]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        let role = if hop.trusted {
            Role::Plain
        } else {
            Role::Aside
        };

        [
            hop.index.into(),
            Cell::new(format!("{from}{address}").trim(), Role::Domain),
            Cell::new(hop.by.as_deref().unwrap_or_default(), Role::Domain),
            how.join(", ").into(),
            hop.delay_seconds.map(span).unwrap_or_default().into(),
            Cell::new(network, role),
        ]
    }
}

/// Rounded delay, such as `3 s`; negative (`−2 min`) if the clocks of two servers disagree.
fn span(seconds: i64) -> String {
    let sign = if seconds < 0 { "−" } else { "" };
    match seconds.unsigned_abs() {
        seconds @ 0..120 => format!("{sign}{seconds} s"),
        seconds @ 120..7200 => format!("{sign}{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{sign}{} h", seconds / 3600),
        seconds => format!("{sign}{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn delays_are_rounded_and_may_be_negative() {
        for (seconds, told) in [
            (0, "0 s"),
            (119, "119 s"),
            (-1, "−1 s"),
            (120, "2 min"),
            (-7199, "−119 min"),
            (7200, "2 h"),
            (172_800, "2 days"),
            (i64::MIN, "−106751991167300 days"),
        ] {
            assert_eq!(span(seconds), told);
        }
    }
}
