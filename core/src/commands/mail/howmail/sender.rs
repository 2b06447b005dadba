//! Sender authentication records of a domain: SPF, DKIM and DMARC.

use std::borrow::Cow;

use domain::base::Rtype;
use futures::future::join_all;
use netvane_net::{
    dns::{Client, Data as Rdata},
    mailauth::records::{
        DkimError, Dmarc as DmarcRecord, DomainKey, Error, Macro, Mechanism, Policy, Psd,
        Qualifier, Spf as SpfRecord, TxtRecordParser,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::dns::lookup::{Outcome, look_up};

/// Selectors of large providers and common software; DNS cannot list the selectors of a domain.
pub(super) const SELECTORS: [&str; 20] = [
    "default",
    "dkim",
    "mail",
    "google",
    "20230601",
    "selector1",
    "selector2",
    "s1",
    "s2",
    "k1",
    "k2",
    "k3",
    "fm1",
    "fm2",
    "fm3",
    "protonmail",
    "sig1",
    "smtp",
    "mx",
    "zoho",
];

/// Maximum number of `redirect=` that are followed. RFC 7208 §4.6.4 allows ten lookups in total.
const MAX_REDIRECTS: usize = 4;
/// Maximum number of names in a DNS tree walk (RFC 9989 §4.10).
const MAX_WALK: usize = 8;

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

/// TXT records at a name, the strings of each joined; empty if there are none.
pub(super) async fn txt_records(client: &Client, name: &str) -> Result<Vec<String>, String> {
    Ok(txt_records_if_exists(client, name)
        .await?
        .unwrap_or_default())
}

/// Like [`txt_records`], but `None` if the name does not exist.
async fn txt_records_if_exists(client: &Client, name: &str) -> Result<Option<Vec<String>>, String> {
    let answered = look_up(client, name, Rtype::TXT)
        .await
        .map_err(|failure| failure.to_string())?;
    match answered.lookup.outcome {
        Outcome::Answer => {}
        Outcome::NoData => return Ok(Some(Vec::new())),
        Outcome::Nxdomain => return Ok(None),
        _ => return Err(answered.lookup.document("").summary),
    }
    let joined = answered
        .records
        .iter()
        .filter_map(|record| match &record.data {
            Rdata::Txt(txt) => Some(txt.iter().flatten().copied().collect::<Vec<u8>>()),
            _ => None,
        });
    Ok(Some(
        joined
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect(),
    ))
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
        let texts = match txt_records_if_exists(client, &at).await {
            Ok(Some(texts)) => texts,
            Ok(None) => return spf.broken(format!("{at} does not exist")),
            Err(fault) => return spf.broken(fault),
        };

        match spf.read(&at, texts) {
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

    /// Reads the SPF record at a name; returns the next name if it redirects.
    fn read(&mut self, at: &str, texts: Vec<String>) -> Option<String> {
        let mut records = texts
            .into_iter()
            .filter(|text| is_version(text, "v=spf1", &[' ']));

        let Some(text) = records.next() else {
            if self.record.is_some() {
                self.fault = Some(format!("redirects to {at}, which has no SPF record"));
            }
            return None;
        };

        let read = SpfRecord::parse(text.as_bytes());
        self.record.get_or_insert(text);

        if records.next().is_some() {
            self.fault = Some(format!(
                "{at} has more than one SPF record, so receivers ignore them (RFC 7208 §4.5)"
            ));
            return None;
        }

        let Ok(read) = read else {
            self.fault = Some(format!("invalid SPF record at {at} (RFC 7208 §4.6)"));
            return None;
        };

        match default_result(&read) {
            Ok(others) => {
                self.others = Some(others.into());
                None
            }
            Err(next) => {
                self.redirects.push(next.clone());
                Some(next)
            }
        }
    }
}

/// The result for servers that the record does not list, or the target of its `redirect=`.
fn default_result(record: &SpfRecord) -> Result<&'static str, String> {
    // RFC 7208 §5.1: mechanisms after `all` and `redirect=` are ignored.
    let all = record
        .directives
        .iter()
        .find(|directive| directive.mechanism == Mechanism::All);
    match (all, &record.redirect) {
        (Some(all), _) => Ok(match all.qualifier {
            Qualifier::Pass => "pass",
            Qualifier::Fail => "fail",
            Qualifier::SoftFail => "softfail",
            Qualifier::Neutral => "neutral",
        }),
        (None, Some(Macro::Literal(next))) => Err(String::from_utf8_lossy(next).to_lowercase()),
        // RFC 7208 §4.7: the default; a target with macros is different for each message.
        (None, _) => Ok("neutral"),
    }
}

/// Looks up DKIM keys at common selectors.
pub(super) async fn dkim(client: &Client, domain: &str) -> Result<Vec<Dkim>, String> {
    let asked = SELECTORS.iter().map(|selector| async move {
        let name = format!("{selector}._domainkey.{domain}");
        (*selector, txt_records(client, &name).await, name)
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
    let names = tree_walk_names(domain);
    let asked = names
        .iter()
        .map(|name| async move { txt_records(client, &format!("_dmarc.{name}")).await });
    let mut found = Vec::new();

    for (name, texts) in names.iter().zip(join_all(asked).await) {
        let texts = match texts {
            Ok(texts) => texts,
            // Top-level domains rarely have a record, and some resolvers fail on the query.
            Err(_) if !name.contains('.') || !found.is_empty() => break,
            // A record may exist, so the result is unknown.
            Err(fault) => {
                return Dmarc {
                    fault: Some(fault),
                    ..Dmarc::default()
                };
            }
        };

        let mut records = texts
            .into_iter()
            .filter(|text| is_version(text, "v=DMARC1", &[';', ' ']));

        // RFC 9989 §4.10: several records count as none.
        if let (Some(text), None) = (records.next(), records.next()) {
            let record = DmarcRecord::parse(text.as_bytes()).ok();
            let ends = record
                .as_ref()
                .is_some_and(|record| record.psd != Psd::Default);
            found.push((name.clone(), text, record));
            if ends {
                break;
            }
        }
    }

    applicable_record(domain, found)
}

/// Names of a tree walk: the domain, then its parents up to the top-level domain, at most eight.
fn tree_walk_names(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let first_parent = labels.len().saturating_sub(MAX_WALK - 1).max(1);
    let parents = (first_parent..labels.len()).map(|from| labels[from..].join("."));
    std::iter::once(domain.to_owned()).chain(parents).collect()
}

/// Selects the record that applies (RFC 9989 §4.10.1, §4.10.2).
fn applicable_record(domain: &str, found: Vec<(String, String, Option<DmarcRecord>)>) -> Dmarc {
    let own = found.iter().position(|(name, ..)| name == domain);
    let public = found.iter().position(|(name, _, record)| {
        name != domain && record.as_ref().is_some_and(|record| record.psd == Psd::Yes)
    });
    let labels = |name: &str| name.split('.').count();
    let organization = match public {
        // One label below a public suffix; if it has no record, that of the suffix applies.
        Some(suffix) => {
            let below = labels(&found[suffix].0) + 1;
            found
                .iter()
                .position(|(name, ..)| labels(name) == below)
                .or(Some(suffix))
        }
        // The walk ends at `psd=n` or at the top: the last record found.
        None => found.len().checked_sub(1),
    };

    let Some((name, text, record)) = own
        .or(organization)
        .and_then(|at| found.into_iter().nth(at))
    else {
        return Dmarc::default();
    };

    let inherited = name != domain;
    let mut dmarc = Dmarc {
        record: Some(text),
        domain: Some(name),
        ..Dmarc::default()
    };

    let Some(record) = record else {
        dmarc.fault = Some("the record is invalid".into());
        return dmarc;
    };

    let policy = match if inherited { record.sp } else { record.p } {
        Policy::Reject => Some("reject"),
        Policy::Quarantine => Some("quarantine"),
        Policy::None => Some("none"),
        // RFC 9989 §4.7: no policy, but an address for reports means `none`.
        Policy::Unspecified => (!record.rua.is_empty()).then_some("none"),
    };
    dmarc.policy = policy.map(Cow::Borrowed);

    if dmarc.policy.is_none() {
        dmarc.fault = Some("the record has no policy (`p=`)".into());
    }

    dmarc.testing = record.t;
    dmarc.reports = record.rua.iter().map(|uri| uri.uri().to_owned()).collect();

    dmarc
}

#[cfg(test)]
mod tests;
