//! Sender authentication records of a domain: SPF, DKIM and DMARC.

use std::borrow::Cow;

use futures::future::join_all;
use netvane_facts::mailpolicy::{
    self,
    spf::{MacroString, Qualifier},
};
use netvane_net::{
    dns::Client,
    mailauth::{
        self, dmarc,
        records::{DkimError, DomainKey, Error, TxtRecordParser},
        spf,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::mail::dkim::COMMON;

/// Selectors that are looked up; DNS cannot list the selectors of a domain.
pub(super) fn selectors() -> Vec<Cow<'static, str>> {
    COMMON.map(Cow::Borrowed).to_vec()
}

/// Maximum number of `redirect=` that are followed. RFC 7208 §4.6.4 allows ten lookups in total.
const MAX_REDIRECTS: usize = 4;

/// SPF record of the domain: which servers may send its mail (RFC 7208).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Spf {
    pub(super) record: Option<String>,
    /// Targets of `redirect=`, in the order they were followed.
    pub(super) redirects: Vec<String>,
    /// Result for all other servers: `fail`, `softfail`, `neutral` or `pass`.
    pub(super) others: Option<Cow<'static, str>>,
    /// Why the record or policy is invalid, or why the lookup failed.
    pub(super) fault: Option<String>,
}

/// A public key found at a common selector (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Dkim {
    pub(super) selector: String,
    /// DNS name of the record.
    pub(super) name: String,
    /// State of the key: `valid`, `revoked` or `unreadable`.
    pub(super) key: Cow<'static, str>,
}

/// DMARC record of the domain: what receivers do with unauthenticated mail (RFC 9989).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Dmarc {
    pub(super) record: Option<String>,
    /// Domain whose record applies: the sender's or a parent.
    pub(super) domain: Option<String>,
    /// Policy for the sender's domain: `none`, `quarantine` or `reject`.
    pub(super) policy: Option<Cow<'static, str>>,
    /// The policy is in test mode (`t=y`).
    pub(super) testing: bool,
    /// Addresses for aggregate reports (`rua=`).
    pub(super) reports: Vec<String>,
    /// Why the record or policy is invalid, or why the lookup failed.
    pub(super) fault: Option<String>,
}

/// Whether a TXT record starts with this version tag (`v=…`), followed by one of `end` or nothing.
pub(super) fn is_version(text: &str, version: &str, end: &[char]) -> bool {
    let head = text
        .get(..version.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(version));
    let rest = text
        .get(version.len()..)
        .unwrap_or_default()
        .trim_start_matches('\t');
    head && (rest.is_empty() || rest.starts_with(end))
}

/// Looks up the SPF record of a domain and follows its redirects.
pub(super) async fn spf(client: &Client, domain: &str) -> Spf {
    let mut spf = Spf::default();
    let mut at = domain.to_owned();

    for _ in 0..=MAX_REDIRECTS {
        let text = match spf::record(client, &at).await {
            Ok(Some(text)) => text,
            Ok(None) => return spf.without_record(client, &at).await,
            Err((_, why)) => return spf.broken(why),
        };
        match spf.read(&at, text) {
            Some(next) => at = next,
            None => return spf,
        }
    }

    spf.broken("too many redirects".into())
}

impl Spf {
    fn broken(self, fault: String) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }

    /// The name has no record: only a redirect to it, or a name that does not exist, is an error.
    async fn without_record(self, client: &Client, at: &str) -> Self {
        if mailauth::exists(client, at).await == Ok(false) {
            return self.broken(format!("{at} does not exist"));
        }
        if self.record.is_some() {
            return self.broken(format!("redirects to {at}, which has no SPF record"));
        }
        self
    }

    /// Reads the SPF record at a name; returns the next name if it redirects.
    fn read(&mut self, at: &str, text: String) -> Option<String> {
        let read = mailpolicy::spf::parse(&text);
        self.record.get_or_insert(text);

        if let Some(fault) = read.faults.first() {
            self.fault = Some(format!("invalid SPF record at {at}: {fault}"));
            return None;
        }

        match (read.all(), read.redirect().map(MacroString::literal)) {
            // RFC 7208 §5.1: mechanisms after `all` and `redirect=` are ignored.
            (Some(qualifier), _) => self.others = Some(qualifier.result().into()),
            (None, Some(Some(next))) => {
                let next = next.trim_end_matches('.').to_ascii_lowercase();
                self.redirects.push(next.clone());
                return Some(next);
            }
            // A target with macros is different for each message.
            (None, Some(None)) => {}
            // RFC 7208 §4.7: the default.
            (None, None) => self.others = Some(Qualifier::Neutral.result().into()),
        }
        None
    }
}

/// Looks up DKIM keys at common selectors.
pub(super) async fn dkim(client: &Client, domain: &str) -> Result<Vec<Dkim>, String> {
    let asked = selectors().into_iter().map(|selector| async move {
        let name = format!("{selector}._domainkey.{domain}");
        (selector, mailauth::texts(client, &name).await, name)
    });
    let mut keys = Vec::new();
    let mut failed = None;
    let answers = join_all(asked).await;

    for (selector, texts, name) in answers {
        match texts {
            Ok(texts) => {
                let key = texts.iter().find_map(|text| key_state(text));
                keys.extend(key.map(|key| Dkim {
                    selector: selector.into(),
                    name,
                    key: key.into(),
                }));
            }
            Err(fault) => failed = Some(fault),
        }
    }

    match failed {
        Some(fault) if keys.is_empty() => Err(fault),
        _ => Ok(keys),
    }
}

/// State of a DKIM key; `None` if the text is not a key record.
fn key_state(text: &str) -> Option<&'static str> {
    match DomainKey::parse(text.as_bytes()) {
        Ok(_) => Some("valid"),
        Err(Error::Dkim(DkimError::RevokedPublicKey)) => Some("revoked"),
        Err(_) => is_version(text, "v=DKIM1", &[';', ' ']).then_some("unreadable"),
    }
}

/// Looks up the DMARC policy of a domain with the tree walk of RFC 9989 §4.10.
pub(super) async fn dmarc(client: &Client, domain: &str) -> Dmarc {
    let walk = dmarc::walk(client, domain).await;
    let applied = match walk.applied() {
        Ok(Some(applied)) => applied,
        Ok(None) => {
            return Dmarc {
                fault: dmarc::ambiguity(&walk),
                ..Dmarc::default()
            };
        }
        // A record may exist, so the result is unknown.
        Err((_, why)) => {
            return Dmarc {
                fault: Some(why.clone()),
                ..Dmarc::default()
            };
        }
    };

    let record = &applied.found.record;
    let policy = dmarc::policy(client, domain, applied).await;
    Dmarc {
        record: Some(applied.found.text.clone()),
        domain: Some(applied.found.domain.clone()),
        policy: policy.map(|policy| policy.as_str().into()),
        testing: record.is_testing,
        reports: record.aggregate_reports.clone(),
        fault: policy.is_none().then(|| dmarc::main_problem(record)),
    }
}

#[cfg(test)]
mod tests;
