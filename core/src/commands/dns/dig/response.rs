//! One response as dig prints it.

use std::{fmt::Write, time::Duration};

use ipnet::IpNet;
use netvane_document::{Answer, Document, Severity, Truncated};
use netvane_facts::target::{Transport, both_forms, name_warning};
use netvane_net::dns::{
    Edns, ExtendedError, Flags, Question, Response, Security, Validation, without_dot,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::dns::lookup::{Row, rcode_name, section_rows};

/// A DNS response with all sections and header fields.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct DigResponse {
    /// The queried name without the final dot; `.` is the root.
    name: String,
    r#type: String,
    rcode: String,
    answers: Vec<Row>,
    authority: Vec<Row>,
    additional: Vec<Row>,
    resolver: String,
    /// The resolver validated the answer with DNSSEC (AD flag).
    authenticated: bool,
    transport: Transport,
    /// Id of the DNS message.
    id: u16,
    flags: Flags,
    edns: Option<Edns>,
    extended_errors: Vec<ExtendedError>,
    /// Size of the response in bytes.
    size: usize,
    /// Milliseconds from query to response.
    query_time_ms: f64,
    /// Result of Netvane's own DNSSEC validation, with the argument `dnssec`.
    dnssec: Option<Validation>,
    /// EDNS Client Subnet that was sent (RFC 7871).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    subnet: Option<IpNet>,
    /// NSID was requested (RFC 5001).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    nsid: bool,
    /// What the reply leaves out, if the response is too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truncated: Option<Truncated>,
}

impl DigResponse {
    pub(crate) fn new(
        question: &Question<'_>,
        response: Response,
        dnssec: Option<Validation>,
    ) -> Self {
        let Response {
            message,
            resolver,
            transport,
            elapsed,
        } = response;

        let ([answers, authority, additional], truncated) = section_rows(&message);

        Self {
            name: without_dot(question.name),
            r#type: question.rtype.to_string(),
            rcode: rcode_name(message.rcode),
            answers,
            authority,
            additional,
            resolver,
            authenticated: message.flags.ad,
            transport,
            id: message.id,
            flags: message.flags,
            size: message.octets.len(),
            edns: message.edns,
            extended_errors: message.extended_errors,
            query_time_ms: (elapsed.as_secs_f64() * 1e6).round() / 1e3,
            dnssec,
            subnet: question.subnet,
            nsid: question.nsid,
            truncated,
        }
    }

    /// The response in the output format of dig, so that it reads and greps the same.
    fn wire(&self) -> String {
        let mut out = String::new();
        self.write_header(&mut out);
        self.write_edns(&mut out);
        let question = dotted(&self.name);
        let _ = writeln!(
            out,
            "\n;; QUESTION SECTION:\n;{question}\t\tIN\t{}",
            self.r#type
        );

        write_section(&mut out, "ANSWER", &self.answers);
        write_section(&mut out, "AUTHORITY", &self.authority);
        write_section(&mut out, "ADDITIONAL", &self.additional);

        let scheme = self.transport.scheme().to_uppercase();
        let _ = writeln!(out, "\n;; Query time: {} ms", self.query_time_ms);
        let _ = writeln!(out, ";; SERVER: {} ({scheme})", self.resolver);
        let _ = write!(out, ";; MSG SIZE  rcvd: {}", self.size);

        out
    }

    fn write_header(&self, out: &mut String) {
        let Flags {
            aa,
            tc,
            rd,
            ra,
            ad,
            cd,
        } = self.flags;

        let flags: String = [
            ("qr", true),
            ("aa", aa),
            ("tc", tc),
            ("rd", rd),
            ("ra", ra),
            ("ad", ad),
            ("cd", cd),
        ]
        .iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| format!(" {name}"))
        .collect();

        let additional = self.additional.len() + usize::from(self.edns.is_some());
        let _ = writeln!(
            out,
            ";; ->>HEADER<<- opcode: QUERY, status: {}, id: {}",
            self.rcode, self.id
        );

        let _ = writeln!(
            out,
            ";; flags:{flags}; QUERY: 1, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {additional}",
            self.answers.len(),
            self.authority.len()
        );
    }

    fn write_edns(&self, out: &mut String) {
        let Some(edns) = &self.edns else { return };
        let dnssec_ok = if edns.dnssec_ok { " do" } else { "" };
        let _ = writeln!(out, "\n;; OPT PSEUDOSECTION:");
        let _ = writeln!(
            out,
            "; EDNS: version: {}, flags:{dnssec_ok}; udp: {}",
            edns.version, edns.udp_size
        );

        for option in &edns.options {
            let _ = writeln!(out, "; {option}");
        }
        for error in &self.extended_errors {
            let _ = writeln!(out, "; EDE: {} ({})", error.code, extra(error));
        }
    }
}

/// Writes the records of a section in columns; omits an empty section.
fn write_section(out: &mut String, title: &str, rows: &[Row]) {
    let Some(longest) = rows.iter().map(|row| row.name.chars().count()).max() else {
        return;
    };
    let width = longest.min(48) + 2;
    let _ = writeln!(out, "\n;; {title} SECTION:");

    for Row {
        name,
        r#type,
        ttl,
        data,
    } in rows
    {
        let name = dotted(name);
        let _ = writeln!(out, "{name:width$} {ttl:<6} IN {:<6} {data}", r#type);
    }
}

fn extra(error: &ExtendedError) -> String {
    match &error.text {
        Some(text) => format!("{}): ({text}", error.name),
        None => error.name.clone(),
    }
}

fn dotted(name: &str) -> String {
    if name == "." {
        name.to_owned()
    } else {
        format!("{name}.")
    }
}

impl DigResponse {
    /// The queried record type, as it is written in zone files.
    pub(super) fn rtype(&self) -> &str {
        &self.r#type
    }

    /// The result in one sentence, and its severity.
    fn verdict(&self) -> (String, Severity) {
        let records = self.answers.len();
        let (mut summary, mut severity) = match self.rcode.as_str() {
            "NOERROR" if self.flags.tc => (
                "Truncated answer (TC); the TCP retry failed".to_owned(),
                Severity::Warning,
            ),
            "NOERROR" if records > 0 => (format!("{records} in the answer"), Severity::Good),
            "NOERROR" if self.authority.iter().any(|row| row.r#type == "NS") && !self.flags.aa => {
                ("Referral (no answer)".to_owned(), Severity::Neutral)
            }
            "NOERROR" => (
                format!("The name exists but has no {} records", self.r#type),
                Severity::Neutral,
            ),
            "NXDOMAIN" => (
                "The name does not exist (NXDOMAIN)".to_owned(),
                Severity::Bad,
            ),
            rcode => (format!("The server returned {rcode}"), Severity::Bad),
        };

        if records > 0 && self.rcode == "NOERROR" && !self.flags.tc {
            summary = format!(
                "{records} {} in the answer",
                if records == 1 { "record" } else { "records" }
            );
        }

        if let Some(validation) = &self.dnssec {
            let (word, min_severity) = match validation.security {
                Security::Secure => ("secure", Severity::Good),
                Security::Insecure => ("insecure", Severity::Neutral),
                Security::Bogus => ("bogus", Severity::Bad),
                Security::Indeterminate => ("indeterminate", Severity::Warning),
            };
            let _ = write!(summary, "; DNSSEC: {word}");
            severity = severity.max(min_severity);
        }

        (summary, severity)
    }
}

impl Answer for DigResponse {
    fn present(&self) -> Document {
        let (summary, severity) = self.verdict();
        let title = format!("dig {} {}", both_forms(&self.name), self.r#type);
        let mut document = Document::new(title, summary, severity);
        if let Some(validation) = &self.dnssec {
            document.field("DNSSEC", validation.reason.as_str());
        }

        document.code(self.wire());
        if self.edns.is_none() && (self.subnet.is_some() || self.nsid) {
            document
                .warn("The server does not support EDNS, so it got neither `subnet` nor `nsid`");
        }
        if self.flags.tc {
            document.warn("Truncated over UDP (TC), and the TCP retry failed");
        }

        if let Some(truncated) = &self.truncated {
            document.warn(truncated.warning("records"));
        }
        if let Some(warning) = name_warning(&self.name) {
            document.warn(warning);
        }

        document
    }

    fn lifetime(&self) -> Duration {
        let shortest = self
            .answers
            .iter()
            .chain(&self.authority)
            .map(|row| row.ttl)
            .min()
            .unwrap_or(0);
        match self.rcode.as_str() {
            "NOERROR" | "NXDOMAIN" => Duration::from_secs(shortest.into()),
            _ => Duration::ZERO,
        }
    }

    fn age(&mut self, seconds: u32) {
        let rows = self
            .answers
            .iter_mut()
            .chain(&mut self.authority)
            .chain(&mut self.additional);
        rows.for_each(|row| row.ttl = row.ttl.saturating_sub(seconds));
    }
}

#[cfg(test)]
mod tests;
