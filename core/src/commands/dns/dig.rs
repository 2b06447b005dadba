//! `dig`: a raw DNS query with the response in dig format.

use std::{fmt::Write, time::Duration};

use domain::base::{Rtype, iana::OptRcode};
use netvane_document::{Answer, Document, Failure, Severity, Truncated};
use netvane_facts::target::{DnsName, Host, Resolver, Transport, both_forms, name_warning};
use netvane_net::dns::{
    Edns, ExtendedError, Flags, Question, Response, Security, Validation, without_dot,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::{Flag, RecordType},
    command::{Command, Context},
    commands::dns::lookup::{Row, rcode_name, section_rows},
    spec::{Cost, Group, Spec},
};

/// Raw DNS query in dig format.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dig {
    /// The name to query; `.` is the root.
    name: DnsName,
    /// Record type by name or number, such as `MX` or `TYPE65`; default `A`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r#type: Option<RecordType>,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
    /// Request DNSSEC signatures and validate them.
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    dnssec: Flag,
    /// Query over TCP instead of UDP.
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    tcp: Flag,
    /// Non-recursive query (RD=0).
    #[serde(default, skip_serializing_if = "Flag::is_unset")]
    norecurse: Flag,
}

/// A DNS response with all sections and header fields.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
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
    /// What the reply leaves out, if the response is too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    truncated: Option<Truncated>,
}

impl Command for Dig {
    const SPEC: Spec = Spec {
        name: "dig",
        aliases: &[],
        group: Group::Dns,
        examples: &[
            "dig example.com MX",
            "dig . NS",
            "dig example.com TYPE65 dnssec",
            "dig example.com SOA resolver=9.9.9.9 tcp norecurse",
        ],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 32 << 10,
    };
    type Data = Data;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        let question = Question {
            recurse: !self.norecurse.0,
            dnssec: self.dnssec.0,
            tcp: self.tcp.0,
            ..Question::new(
                self.name.as_str(),
                self.r#type.map_or(Rtype::A, |rtype| rtype.0),
            )
        };

        let validation = async {
            if self.dnssec.0 {
                Some(cx.net.dns.validate(&client, &question).await)
            } else {
                None
            }
        };

        let (response, validation) = futures::join!(client.ask(&question), validation);
        let response = response?;

        // A validating resolver returns SERVFAIL for bogus data; other errors leave indeterminate to validate.
        let answered = matches!(
            response.message.rcode,
            OptRcode::NOERROR | OptRcode::NXDOMAIN | OptRcode::SERVFAIL
        );
        let indeterminate = || Validation {
            security: Security::Indeterminate,
            reason: "no answer to validate".into(),
        };
        let validation = validation.map(|validation| {
            if answered {
                validation
            } else {
                indeterminate()
            }
        });

        Ok(Data::new(&question, response, validation))
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver
            .as_ref()
            .map(|resolver| &resolver.endpoint.host)
    }
}

impl Data {
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

impl Answer for Data {
    fn present(&self) -> Document {
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

        let title = format!("dig {} {}", both_forms(&self.name), self.r#type);
        let mut document = Document::new(title, summary, severity);
        if let Some(validation) = &self.dnssec {
            document.field("DNSSEC", validation.reason.as_str());
        }

        document.code(self.wire());
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
