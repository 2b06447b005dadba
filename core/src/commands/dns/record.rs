//! The commands that look up one record type: a macro that declares one, and their common presentation.

use netvane_document::{Answer, Cell, Document};

use super::lookup::{Lookup, Row, count, data_cell, matching_values, ttl};
use crate::command::Comparison;

/// Declares a command that looks up one record type: its type, the record type, its name, description,
/// examples and follow-up lookups.
macro_rules! record_command {
    ($command:ident, $rtype:ident, $name:literal, $description:literal, $examples:expr, $follow_ups:expr) => {
        #[doc = $description]
        #[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $command {
            /// The domain name to look up.
            domain: netvane_facts::target::Domain,
            /// DNS server to query instead of the configured ones.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            resolver: Option<netvane_facts::target::Resolver>,
        }

        impl $crate::command::Command for $command {
            const SPEC: $crate::spec::Spec = $crate::spec::Spec {
                name: $name,
                aliases: &[],
                group: $crate::spec::Group::Dns,
                examples: $examples,
                timeout: $crate::commands::DNS_TIMEOUT,
                cost: $crate::spec::Cost::Light,
                sends: 16 << 10,
            };
            type Data = $crate::commands::dns::lookup::Lookup;
            const FOLLOW_UPS: &'static [$crate::command::Next] = $follow_ups;
            const SHORT: $crate::command::Short =
                $crate::command::Short::Values($crate::commands::dns::lookup::answer_values);
            const COMPARES: Option<$crate::command::Comparison> =
                Some($crate::commands::dns::record::comparison($name));

            async fn run(
                self,
                cx: &$crate::command::Context,
            ) -> Result<Self::Data, netvane_document::Failure> {
                let client = cx.net.dns.client(self.resolver.as_ref()).await?;
                Ok($crate::commands::dns::lookup::look_up_explained(
                    cx,
                    &client,
                    self.domain.as_str(),
                    domain::base::Rtype::$rtype,
                )
                .await?
                .lookup)
            }

            fn contacts(&self) -> Option<&netvane_facts::target::Host> {
                self.resolver
                    .as_ref()
                    .map(netvane_facts::target::Resolver::host)
            }
        }
    };
}
pub(crate) use record_command;

/// How records of the type of this command are compared.
pub(crate) const fn comparison(command: &str) -> Comparison {
    let (one, several) = match command.as_bytes() {
        b"a" | b"aaaa" => ("address", "addresses"),
        b"mx" => ("mail server", "mail servers"),
        b"ns" => ("name server", "name servers"),
        b"ptr" => ("name", "names"),
        _ => ("record", "records"),
    };
    Comparison::values(matching_values, one, several)
}

impl Answer for Lookup {
    fn present(&self) -> Document {
        let matching: Vec<&Row> = self.matching_rows().collect();
        let omitted = self
            .truncated
            .as_ref()
            .filter(|truncated| truncated.member == "answers")
            .map_or(0, |truncated| truncated.total - truncated.shown);
        let mut document = self.document(summary(&self.r#type, &matching, omitted));

        match self.r#type.as_str() {
            "SOA" => matching
                .iter()
                .for_each(|row| add_soa(&mut document, &row.data)),
            "SRV" => add_srv(&mut document, &matching),
            rtype => add_records(&mut document, rtype, &matching),
        }

        if self.r#type == "PTR" && matching.iter().any(|row| row.data == ".") {
            document.warn(
                "A PTR record points to the root (`.`), which is no host name (RFC 1912 §2.1)",
            );
        }

        self.add_source(&mut document);

        document
    }

    fn lifetime(&self) -> std::time::Duration {
        self.lifetime()
    }

    fn age(&mut self, seconds: u32) {
        self.age(seconds);
    }
}

/// Summary of a successful lookup, whose reply omits this number of records.
fn summary(rtype: &str, matching: &[&Row], omitted: usize) -> String {
    let number = matching.len() + omitted;
    let first = |wording: fn(&Row) -> String| matching.first().map(|row| wording(row));

    match rtype {
        "A" => count(number, "IPv4 address", "IPv4 addresses"),
        "AAAA" => count(number, "IPv6 address", "IPv6 addresses"),
        "NS" => count(number, "name server", "name servers"),
        "SOA" => first(|soa| {
            let server = word(&soa.data, 0).trim_end_matches('.');
            format!("Primary server {server}")
        })
        .unwrap_or_default(),
        "CNAME" => {
            first(|row| format!("Alias of {}", row.data.trim_end_matches('.'))).unwrap_or_default()
        }
        "PTR" => count(number, "name", "names"),
        "SRV" if matching.iter().all(|row| word(&row.data, 3) == ".") => {
            "The service is explicitly not available (target \".\")".into()
        }
        _ => count(number, "record", "records"),
    }
}

/// SRV records (RFC 2782), lowest priority first; the target `.` means that the service is not available.
fn add_srv(document: &mut Document, matching: &[&Row]) {
    let mut available: Vec<&&Row> = matching
        .iter()
        .filter(|row| word(&row.data, 3) != ".")
        .collect();
    available.sort_by_key(|row| word(&row.data, 0).parse::<u32>().unwrap_or(0));

    let rows = available.iter().map(|row| {
        let data = &row.data;
        [
            word(data, 0).into(),
            word(data, 1).into(),
            word(data, 2).into(),
            Cell::domain(word(data, 3).trim_end_matches('.')),
            ttl(row.ttl).into(),
        ]
    });
    document.table(
        [">Priority", ">Weight", ">Port", "Target", ">TTL"],
        rows.collect(),
    );
}

fn add_records(document: &mut Document, rtype: &str, matching: &[&Row]) {
    let title = match rtype {
        "A" | "AAAA" => "Address",
        "NS" => "Name server",
        "CNAME" => "Alias of",
        "PTR" => "Name",
        _ => "Data",
    };
    let rows = matching
        .iter()
        .map(|row| [data_cell(rtype, &row.data), ttl(row.ttl).into()]);
    document.table([title, ">TTL"], rows.collect());
}

fn word(data: &str, index: usize) -> &str {
    data.split(' ').nth(index).unwrap_or_default()
}

/// SOA fields (RFC 1035 §3.3.13); the first unescaped dot of the contact stands for `@` (RFC 1035 §8).
fn add_soa(document: &mut Document, data: &str) {
    let contact = word(data, 1).trim_end_matches('.');
    let mailbox = match contact.split_once('.') {
        Some((local, domain)) if !local.ends_with('\\') => format!("{local}@{domain}"),
        _ => contact
            .replace("\\.", "\u{0}")
            .replacen('.', "@", 1)
            .replace('\u{0}', "."),
    };

    document.field(
        "Primary server",
        Cell::domain(word(data, 0).trim_end_matches('.')),
    );
    document.field("Contact", Cell::exact(mailbox));
    document.field("Serial", word(data, 2));
    for (index, name) in [
        (3, "Refresh"),
        (4, "Retry"),
        (5, "Expire"),
        (6, "Negative TTL"),
    ] {
        let seconds: u32 = word(data, index).parse().unwrap_or(0);
        document.field(name, ttl(seconds));
    }
}

#[cfg(test)]
mod tests;
