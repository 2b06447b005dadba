//! What the sender's domain publishes so that others can tell its mail from forged mail: SPF, DKIM, DMARC.

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
use serde::Serialize;

use crate::commands::dns::lookup::{Outcome, look_up};

/// DNS does not list selectors: these are the ones that large providers and common programs use.
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

/// `redirect=` is followed this often; RFC 7208 §4.6.4 counts all lookups together, and ten end it.
const MAX_REDIRECTS: usize = 4;
/// RFC 9989 §4.10: names that a tree walk asks at most.
const MAX_WALK: usize = 8;

/// Who may send for the domain (RFC 7208).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Spf {
    pub(super) record: Option<String>,
    /// Domains that `redirect=` leads to.
    pub(super) redirects: Vec<String>,
    /// What receivers shall think of all other servers: `fail`, `softfail`, `neutral` or `pass`.
    pub(super) others: Option<&'static str>,
    /// Why it is of no use, or could not be found out.
    pub(super) fault: Option<String>,
}

/// A public key that was found under a guessed selector (RFC 6376).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Dkim {
    pub(super) selector: String,
    /// Where it is.
    pub(super) name: String,
    /// `valid`, `revoked` or `unreadable`.
    pub(super) key: &'static str,
}

/// What receivers shall do with mail that proves nothing (RFC 9989).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Dmarc {
    pub(super) record: Option<String>,
    /// The domain whose record applies.
    pub(super) domain: Option<String>,
    /// `none`, `quarantine` or `reject`, as it applies to the sender's domain.
    pub(super) policy: Option<&'static str>,
    /// The owner is only trying it out (`t=y`).
    pub(super) testing: bool,
    /// Where reports go.
    pub(super) reports: Vec<String>,
    /// Why it is of no use, or could not be found out.
    pub(super) fault: Option<String>,
}

/// The texts at a name, each joined; none is no failure.
pub(super) async fn texts(client: &Client, name: &str) -> Result<Vec<String>, String> {
    Ok(existing(client, name).await?.unwrap_or_default())
}

/// The same; `None` where the name does not exist.
async fn existing(client: &Client, name: &str) -> Result<Option<Vec<String>>, String> {
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

/// Whether a text is a record of this version: `v=…` first, then nothing or something else.
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

/// SPF of a domain, redirects followed.
pub(super) async fn spf(client: &Client, domain: &str) -> Spf {
    let mut spf = Spf::default();
    let mut at = domain.to_owned();

    for _ in 0..=MAX_REDIRECTS {
        let texts = match existing(client, &at).await {
            Ok(Some(texts)) => texts,
            Ok(None) => return spf.broken(format!("{at} does not exist")),
            Err(fault) => return spf.broken(fault),
        };

        match spf.read(&at, texts) {
            Some(next) => at = next,
            None => return spf,
        }
    }

    spf.broken("it redirects on and on".into())
}

impl Spf {
    fn broken(self, fault: String) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }

    /// Notes what the texts at a name say; the next name where they redirect.
    fn read(&mut self, at: &str, texts: Vec<String>) -> Option<String> {
        let mut records = texts
            .into_iter()
            .filter(|text| is_version(text, "v=spf1", &[' ']));

        let Some(text) = records.next() else {
            if self.record.is_some() {
                self.fault = Some(format!("it redirects to {at}, which has no SPF record"));
            }
            return None;
        };

        let read = SpfRecord::parse(text.as_bytes());
        self.record.get_or_insert(text);

        if records.next().is_some() {
            self.fault = Some(format!(
                "{at} has more than one SPF record, so none counts (RFC 7208 §4.5)"
            ));
            return None;
        }

        let Ok(read) = read else {
            self.fault = Some(format!("the record at {at} cannot be read (RFC 7208 §4.6)"));
            return None;
        };

        match verdict(&read) {
            Ok(others) => {
                self.others = Some(others);
                None
            }
            Err(next) => {
                self.redirects.push(next.clone());
                Some(next)
            }
        }
    }
}

/// What a record says of servers that it does not name, or where that is said.
fn verdict(record: &SpfRecord) -> Result<&'static str, String> {
    // RFC 7208 §5.1: what stands behind `all` is not looked at, nor is `redirect`.
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

/// Keys under common selectors.
pub(super) async fn dkim(client: &Client, domain: &str) -> Result<Vec<Dkim>, String> {
    let asked = SELECTORS.iter().map(|selector| async move {
        let name = format!("{selector}._domainkey.{domain}");
        (*selector, texts(client, &name).await, name)
    });
    let mut keys = Vec::new();
    let mut failed = None;
    let answers = join_all(asked).await;

    for (selector, texts, name) in answers {
        match texts {
            Ok(texts) => {
                let key = texts.iter().find_map(|text| key(text));
                keys.extend(key.map(|key| Dkim {
                    selector: selector.into(),
                    name,
                    key,
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

/// `None` for a text that is no key at all.
fn key(text: &str) -> Option<&'static str> {
    match DomainKey::parse(text.as_bytes()) {
        Ok(_) => Some("valid"),
        Err(Error::Dkim(DkimError::RevokedPublicKey)) => Some("revoked"),
        Err(_) => is_version(text, "v=DKIM1", &[';', ' ']).then_some("unreadable"),
    }
}

/// The DMARC policy of a domain, found by the tree walk of RFC 9989 §4.10.
pub(super) async fn dmarc(client: &Client, domain: &str) -> Dmarc {
    let names = walk(domain);
    let asked = names
        .iter()
        .map(|name| async move { texts(client, &format!("_dmarc.{name}")).await });
    let mut found = Vec::new();

    for (name, texts) in names.iter().zip(join_all(asked).await) {
        let texts = match texts {
            Ok(texts) => texts,
            // Top-level domains hardly ever have one, and not every resolver likes the question.
            Err(_) if !name.contains('.') || !found.is_empty() => break,
            // A record might be there.
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

        // RFC 9989 §4.10: several records are as good as none.
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

    applied(domain, found)
}

/// The names of a tree walk: the domain, then its parents up to the top, at most eight.
fn walk(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let first_parent = labels.len().saturating_sub(MAX_WALK - 1).max(1);
    let parents = (first_parent..labels.len()).map(|from| labels[from..].join("."));
    std::iter::once(domain.to_owned()).chain(parents).collect()
}

/// Which of the records on the way up applies (RFC 9989 §4.10.1, §4.10.2).
fn applied(domain: &str, found: Vec<(String, String, Option<DmarcRecord>)>) -> Dmarc {
    let own = found.iter().position(|(name, ..)| name == domain);
    let public = found.iter().position(|(name, _, record)| {
        name != domain && record.as_ref().is_some_and(|record| record.psd == Psd::Yes)
    });
    let labels = |name: &str| name.split('.').count();
    let organization = match public {
        // One label below a public suffix; without a record of its own the suffix's applies.
        Some(suffix) => {
            let below = labels(&found[suffix].0) + 1;
            found
                .iter()
                .position(|(name, ..)| labels(name) == below)
                .or(Some(suffix))
        }
        // The walk ends at `psd=n`, and else at the top: the last one.
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
        dmarc.fault = Some("the record cannot be read".into());
        return dmarc;
    };

    dmarc.policy = match if inherited { record.sp } else { record.p } {
        Policy::Reject => Some("reject"),
        Policy::Quarantine => Some("quarantine"),
        Policy::None => Some("none"),
        // RFC 9989 §4.7: without a policy, but with an address for reports, it is `none`.
        Policy::Unspecified => (!record.rua.is_empty()).then_some("none"),
    };

    if dmarc.policy.is_none() {
        dmarc.fault = Some("the record names no policy".into());
    }

    dmarc.testing = record.t;
    dmarc.reports = record.rua.iter().map(|uri| uri.uri().to_owned()).collect();

    dmarc
}

#[cfg(test)]
mod tests;
