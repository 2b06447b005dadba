//! The document of `tls`.

use netvane_document::{Answer, Cell, Document, Role, Severity};
use netvane_facts::{
    certificate::{ocsp::OcspStatus, short_name},
    target::{both_forms, name_warning},
};
use netvane_net::tls_check::DaneState;

use super::{
    Data,
    data::KeyData,
    problems::{CheckProblem, Weight},
    trouble::protocol_name,
};

/// Most names of a certificate in a document; the data has up to 100.
const MAX_NAMES: usize = 12;

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("TLS of {}", self.endpoint());
        let mut document = Document::new(title, self.summary(), self.severity());

        add_problems(&mut document, &self.problems);
        self.add_certificate(&mut document);
        self.add_connection(&mut document);
        self.add_chain(&mut document);
        if let Some(warning) = name_warning(&self.target) {
            document.warn(warning);
        }

        document
    }
}

/// Adds the problems as text: what is wrong, then what to change.
pub(crate) fn add_problems(document: &mut Document, problems: &[CheckProblem]) {
    for problem in problems.iter().filter(|one| one.severity > Weight::Info) {
        document.text(match problem.fix.as_str() {
            "" => problem.text.clone(),
            fix => format!("{}\n→ {fix}", problem.text),
        });
    }
}

impl Data {
    fn endpoint(&self) -> String {
        let target = both_forms(&self.target);
        match self.port {
            443 => target,
            port if target.contains(':') => format!("[{target}]:{port}"),
            port => format!("{target}:{port}"),
        }
    }

    pub(crate) fn summary(&self) -> String {
        let end = self.not_after.as_deref().unwrap_or_default();
        let day = end.get(..10).unwrap_or(end);
        let first = self.problems.first();

        match (&self.reason, self.days_left) {
            (Some(reason), _) if self.severity() == Severity::Bad => {
                let mut reason = reason.clone();
                let verdict = match (&self.protocol, self.trusted) {
                    (Some(_), Some(false)) => Some("Not trusted: "),
                    _ => None,
                };
                match verdict {
                    Some(verdict) => format!("{verdict}{reason}"),
                    // A host name keeps its letters.
                    None if reason.starts_with(&self.target) => reason,
                    None => {
                        capitalize(&mut reason);
                        reason
                    }
                }
            }
            (_, Some(days)) => match first.filter(|one| one.severity > Weight::Info) {
                Some(problem) if problem.code == "expires_soon" => {
                    format!("Trusted, but expires in {} ({day})", count_days(days))
                }
                Some(problem) => first_sentence(&problem.text).to_owned(),
                None => format!("Trusted, {} left (until {day})", count_days(days)),
            },
            _ => first.map_or_else(
                || "No result".into(),
                |problem| first_sentence(&problem.text).to_owned(),
            ),
        }
    }

    /// Version and cipher, such as `TLS 1.3, TLS_AES_128_GCM_SHA256`.
    pub(crate) fn connection(&self) -> Option<String> {
        let (protocol, cipher) = (self.protocol.as_ref()?, self.cipher.as_ref()?);
        Some(format!("{protocol}, {cipher}"))
    }

    fn add_certificate(&self, document: &mut Document) {
        let (Some(not_before), Some(not_after)) = (&self.not_before, &self.not_after) else {
            return;
        };
        let mut names = self
            .names
            .iter()
            .take(MAX_NAMES)
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        let more = self
            .names_total
            .saturating_sub(self.names.len().min(MAX_NAMES));
        if more > 0 && !names.is_empty() {
            names.push_str(&format!(" and {more} more"));
        }

        let role = |fine: Option<bool>| match fine {
            Some(true) => Role::Good,
            Some(false) => Role::Bad,
            None => Role::Plain,
        };
        if !names.is_empty() {
            document.field("Names", Cell::new(names, role(self.name_matches)));
        }
        if let Some(days) = self.days_left {
            let role = if days < 0 { Role::Bad } else { Role::Plain };
            let left = match days {
                ..0 => "expired".into(),
                days => format!("{} left", count_days(days)),
            };
            document.field(
                "Valid",
                Cell::new(format!("{not_before} to {not_after} ({left})"), role),
            );
        }
        if let Some(issuer) = &self.issuer {
            document.field("Issuer", Cell::exact(issuer));
        }
        if let Some(key) = &self.key {
            document.field("Key", key.text());
        }
        if let Some(signature) = &self.signature {
            document.field("Signature", signature.clone());
        }
    }

    fn add_connection(&self, document: &mut Document) {
        if let Some(protocol) = &self.protocol {
            let start = match self.starttls {
                Some(protocol) => format!(", after STARTTLS ({})", protocol_name(protocol)),
                None => String::new(),
            };
            document.field("Protocol", format!("{protocol}{start}"));
        }
        if let Some(cipher) = self.cipher.as_deref().filter(|cipher| !cipher.is_empty()) {
            document.field("Cipher", cipher.to_owned());
        }
        if let Some(alpn) = &self.alpn {
            document.field("ALPN", Cell::exact(alpn));
        }
        if self.ocsp_stapled {
            document.field("OCSP staple", self.staple());
        }
        if !self.scts.is_empty() {
            let count = self.scts.len();
            let plural = if count == 1 { "" } else { "s" };
            document.field("CT logs", format!("{count} timestamp{plural}"));
        }
        if let Some(dane) = self
            .dane
            .as_ref()
            .filter(|dane| dane.state != DaneState::None)
        {
            let (text, role) = match dane.state {
                DaneState::Match => ("match", Role::Good),
                DaneState::Mismatch => ("no TLSA record matches", Role::Bad),
                DaneState::Insecure | DaneState::None => ("not signed with DNSSEC", Role::Aside),
            };
            document.field("DANE", Cell::new(text, role));
        }
        if let Some(address) = self.address {
            document.field("Address", Cell::new(address, Role::Address));
        }
        if self.name != self.target {
            document.field("Name", Cell::exact(&self.name));
        }
    }

    fn staple(&self) -> Cell {
        match self.ocsp_status {
            Some(OcspStatus::Good) => Cell::new("good", Role::Good),
            Some(OcspStatus::Revoked) => Cell::new("revoked", Role::Bad),
            Some(OcspStatus::Unknown) => Cell::new("unknown", Role::Warning),
            None => Cell::new("invalid", Role::Warning),
        }
    }

    fn add_chain(&self, document: &mut Document) {
        let rows = self
            .chain
            .iter()
            .enumerate()
            .map(|(position, entry)| {
                let day = entry.not_after.get(..10).unwrap_or(&entry.not_after);
                [
                    position.into(),
                    Cell::exact(short_name(&entry.subject)),
                    Cell::exact(short_name(&entry.issuer)),
                    day.to_owned().into(),
                ]
            })
            .collect();
        document.table([">#", "Certificate", "Issuer", "Until"], rows);
        if self.chain_total > self.chain.len() && !self.chain.is_empty() {
            document.note(format!(
                "{} certificates were sent, the first {} are shown",
                self.chain_total,
                self.chain.len()
            ));
        }
        for problem in self
            .problems
            .iter()
            .filter(|one| one.severity == Weight::Info)
        {
            document.note(problem.text.clone());
        }
    }
}

impl KeyData {
    fn text(&self) -> String {
        match self.bits {
            0 => self.kind.as_str().to_owned(),
            bits => format!("{}, {bits} bits", self.kind.as_str()),
        }
    }
}

fn count_days(days: i64) -> String {
    match days {
        0 => "less than a day".into(),
        1 => "1 day".into(),
        days => format!("{days} days"),
    }
}

/// The first sentence without its full stop.
fn first_sentence(text: &str) -> &str {
    let sentence = text.split_once(". ").map_or(text, |(first, _)| first);
    sentence.trim_end_matches('.')
}

fn capitalize(text: &mut String) {
    if let Some(first) = text.chars().next() {
        text.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
    }
}
