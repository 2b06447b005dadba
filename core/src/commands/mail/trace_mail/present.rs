//! Renders the trace of a message.

use netvane_document::{Answer, Cell, Document, Role, Severity, duration};
use netvane_facts::mailtrace::{Anomaly, Authentication, BoundaryKind, Confidence, ReportedResult};

use super::{Data, Hop, sender::Verdict};
use crate::commands::address::geo::add_attribution;

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let mut document = Document::new("Message trace", summary, severity);
        self.add_message(&mut document);
        add_checks(self, &mut document);

        let mut day = "";
        let mut rows = Vec::with_capacity(self.hops.len());
        for hop in &self.hops {
            rows.push(hop.row(&mut day));
        }
        document.table(
            [
                ">Hop",
                "From",
                "To",
                "Protocol",
                "Time (UTC)",
                ">Delay",
                "Location",
            ],
            rows,
        );
        self.add_claims(&mut document);

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
    /// Whether the sender is who it claims to be; for a paste without an author, where it came from.
    fn summary(&self) -> (String, Severity) {
        let sender = &self.sender;
        let reason = &sender.reason;
        let domain = sender.domain.as_deref().unwrap_or("the claimed sender");
        let is_empty = self.hops.is_empty() && self.from.is_none();

        match sender.verdict {
            _ if is_empty => (
                "No Received headers found; paste the full headers of the message".into(),
                Severity::Bad,
            ),
            Verdict::Authenticated => (
                format!("Authenticated: the message is from {domain} ({reason})"),
                self.at_best(Severity::Good),
            ),
            Verdict::Reported => (
                format!("Reported as authenticated: {domain} ({reason})"),
                self.at_best(Severity::Neutral),
            ),
            Verdict::Unauthenticated => (
                format!("Not authenticated: the message may not be from {domain} ({reason})"),
                Severity::Bad,
            ),
            Verdict::Unknown if self.from.is_none() => (
                format!("Sender unknown: {reason}"),
                self.at_best(Severity::Neutral),
            ),
            Verdict::Unknown => (
                format!("Not confirmed that the message is from {domain}: {reason}"),
                Severity::Warning,
            ),
        }
    }

    /// A severity, unless something in the headers is odd.
    fn at_best(&self, severity: Severity) -> Severity {
        if self.anomalies.is_empty() {
            severity
        } else {
            Severity::Warning
        }
    }

    /// Adds the main headers, the origin and how far the path is trusted. Only a verified origin can be looked up.
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

        let origin = &self.origin.origin;
        match (origin.address, origin.confidence) {
            (Some(address), Confidence::Fact) => {
                document.field("Origin", Cell::new(address, Role::Address));
            }
            (Some(address), _) => {
                let host = origin.host.iter().map(|host| format!(" ({host})"));
                let named: String = host.collect();
                let text = format!("{address}{named}, unverified: {}", origin.evidence);
                document.field("Origin", Cell::exact(text));
            }
            (None, _) if !origin.evidence.is_empty() => {
                document.field("Origin", format!("unknown: {}", origin.evidence));
            }
            (None, _) => {}
        }

        // A check that is complete names the policy itself.
        let Authentication {
            dmarc,
            dmarc_policy,
            ..
        } = &self.authentication;
        if let Some(policy) = dmarc_policy.as_deref().filter(|_| !dmarc.verified) {
            document.field("DMARC policy", policy);
        }

        let basis = match self.boundary.kind {
            BoundaryKind::Configured => "configured relays",
            BoundaryKind::Inferred => "inferred from the topmost headers",
            BoundaryKind::None => return,
        };
        if let Some(hop) = self.boundary.hop {
            document.field("Trusted from", format!("hop {hop} ({basis})"));
        }
    }

    fn add_claims(&self, document: &mut Document) {
        // Hops are in their own table, and the origin is already named.
        let claims = self.claims.iter().filter(|claim| {
            claim.hop.is_none() && Some(claim.address) != self.origin.origin.address
        });
        let rows = claims.map(|claim| {
            let host = claim.host.as_deref().unwrap_or_default();
            [
                Cell::exact(&claim.source),
                Cell::exact(claim.address.to_string()),
                Cell::exact(host),
            ]
        });

        document.table(["Unverified source", "Address", "Name"], rows.collect());
    }
}

/// Adds the results of SPF, DKIM, DMARC and ARC that were checked here, and those that the receiver reports.
fn add_checks(data: &Data, document: &mut Document) {
    let Authentication {
        spf,
        dkim,
        dmarc,
        arc,
        reported,
        ..
    } = &data.authentication;

    let mut rows = Vec::new();
    let mut add = |name: &str, result: &Option<String>, verified: bool, detail: &str| {
        if let Some(result) = result.as_deref().filter(|_| verified) {
            rows.push(check(name, result, "checked here", detail));
        }
    };

    add("SPF", &spf.result, spf.verified, &spf.detail);
    for dkim in dkim {
        add("DKIM", &dkim.result, dkim.verified, &dkim.detail);
    }
    // Without a single author there is nothing to check, as the summary says.
    if data.sender.domain.is_some() {
        add("DMARC", &dmarc.result, dmarc.verified, &dmarc.detail);
    }
    add("ARC", &arc.result, arc.verified, &arc.detail);
    for ReportedResult {
        method,
        result,
        by,
        detail,
    } in reported
    {
        let source = format!("reported by {by}");
        rows.push(check(&method.to_uppercase(), result, &source, detail));
    }

    document.table(["Check", "Result", "Source", "Details"], rows);
}

fn check(name: &str, result: &str, source: &str, detail: &str) -> [Cell; 4] {
    let role = match result {
        "pass" => Role::Good,
        "fail" | "permerror" => Role::Bad,
        "none" | "neutral" => Role::Plain,
        _ => Role::Warning,
    };

    [
        name.into(),
        Cell::new(result, role),
        Cell::aside(source),
        Cell::exact(detail),
    ]
}

impl Hop {
    /// One row. The day is shown where it differs from `day`, the one of the hop before.
    fn row<'a>(&'a self, day: &mut &'a str) -> [Cell; 7] {
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
            Cell::exact(format!("{from}{address}").trim()),
            Cell::exact(hop.by.as_deref().unwrap_or_default()),
            how.join(", ").into(),
            hop.at
                .as_deref()
                .map(|at| time(at, day))
                .unwrap_or_default()
                .into(),
            hop.delay_seconds.map(span).unwrap_or_default().into(),
            Cell::new(network, role),
        ]
    }
}

/// The time of day of an RFC 3339 time in UTC, after the day unless that is `day`.
fn time<'a>(at: &'a str, day: &mut &'a str) -> String {
    let (date, time) = at.split_once('T').unwrap_or(("", at));
    let time = time.trim_end_matches('Z');
    if std::mem::replace(day, date) == date {
        time.to_owned()
    } else {
        format!("{date} {time}")
    }
}

/// Rounded delay, such as `3 s`; negative (`−2 min`) if the clocks of two servers disagree.
fn span(seconds: i64) -> String {
    let sign = if seconds < 0 { "−" } else { "" };
    format!("{sign}{}", duration::rounded(seconds.unsigned_abs()))
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
