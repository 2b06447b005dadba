//! Verifies SPF, DKIM, DMARC and ARC of a received message, through the configured resolvers.
//!
//! SPF and DMARC are evaluated here, DKIM and ARC by mail-auth with keys that are looked up here. Names in a message
//! cause only TXT, MX, A, AAAA and PTR queries to our resolvers, never a connection.

pub mod dmarc;
mod keys;
mod lookup;
mod signatures;
pub mod spf;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, MessageAuthenticator};
use tokio::time::timeout;

use crate::{dns::Dns, offload};
use dmarc::{DmarcCheck, DmarcResult, Identifier, Method};
use keys::Keys;
use lookup::domain_name;
use signatures::Verified;
use spf::{SpfCheck, SpfResult};

pub use lookup::{exists, texts};

/// Parsers of the DNS records for keys and transport policies, without DNS queries.
pub mod records {
    pub use mail_auth::{
        Error,
        common::{parse::TxtRecordParser, verify::DomainKey},
        dkim::DkimError,
        mta_sts::{MtaSts, ReportUri, TlsRpt},
    };
}

/// Verifies the authentication of a message.
#[derive(Clone)]
pub struct MailAuth(Arc<Inner>);

struct Inner {
    dns: Dns,
    /// Built on first use. It has no servers: all keys come from our own client.
    built: OnceLock<Option<MessageAuthenticator>>,
}

/// One result in the terms of RFC 8601, with its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// One of `pass`, `fail`, `softfail`, `neutral`, `none`, `temperror`, `permerror`.
    pub result: &'static str,
    /// What was checked, or why it failed.
    pub detail: String,
}

/// Results for a message.
#[derive(Debug, Clone, Default)]
pub struct MessageChecked {
    /// SPF result; `None` without an envelope.
    pub spf: Option<SpfCheck>,
    /// One result per signature in the message's order, for the first 20.
    pub dkim: Vec<Checked>,
    /// DMARC result; `None` without an envelope or a complete message.
    pub dmarc: Option<DmarcCheck>,
    /// ARC result; `None` without an ARC chain.
    pub arc: Option<Checked>,
}

/// SMTP envelope, as recorded by a trusted server.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// IP address of the client.
    pub address: IpAddr,
    /// EHLO or HELO name of the client.
    pub helo: &'a str,
    /// Name of the receiving server.
    pub by: &'a str,
    /// Envelope sender; empty for `<>`.
    pub mail_from: &'a str,
}

impl MailAuth {
    pub(super) fn new(dns: Dns) -> Self {
        Self(Arc::new(Inner {
            dns,
            built: OnceLock::new(),
        }))
    }

    fn authenticator(&self) -> Option<&MessageAuthenticator> {
        let build = || {
            let nowhere = ResolverConfig::from_parts(None, vec![], vec![]);
            MessageAuthenticator::new(nowhere, ResolverOpts::default()).ok()
        };
        self.0.built.get_or_init(build).as_ref()
    }

    /// Verifies SPF (RFC 7208) with an envelope, DKIM (RFC 6376) and ARC (RFC 8617) with a complete message, and DMARC
    /// (RFC 9989) with both. Takes at most `limit`: a check that takes longer leaves enough time for the others.
    pub async fn verify(
        &self,
        message: Option<&[u8]>,
        envelope: Option<Envelope<'_>>,
        limit: Duration,
    ) -> MessageChecked {
        let mut checked = MessageChecked::default();
        let Ok(client) = self.0.dns.client(None).await else {
            return checked;
        };
        let message: Option<Arc<[u8]>> = message.map(Arc::from);
        let share = limit / 2;

        let signed = match &message {
            Some(message) => SignedMessage::read(message.clone()).await,
            None => None,
        };
        let spf = async {
            match envelope {
                Some(envelope) => Some(Box::pin(spf::check_host(&client, envelope, share)).await),
                None => None,
            }
        };
        let signatures = timeout(
            share,
            Box::pin(async {
                let names = signed.as_ref()?.key_names.clone();
                let keys = Keys::look_up(&client, names).await;
                self.verify_signatures(message.clone()?, keys).await
            }),
        );
        let (spf, signatures) = futures::join!(spf, signatures);
        let verified = signatures.ok().flatten();

        if let (Some(signed), Some(spf)) = (&signed, &spf) {
            checked.dmarc = Some(match &signed.author {
                Ok(author) => {
                    let signatures = match &verified {
                        Some(verified) => &verified.identifiers,
                        None => &signed.unchecked,
                    };
                    let identifiers = identifiers(spf, signatures);
                    timeout(share, dmarc::check(&client, author, &identifiers))
                        .await
                        .unwrap_or_else(|_| {
                            DmarcCheck::new(DmarcResult::TempError, author, "timed out")
                        })
                }
                Err(why) => DmarcCheck::new(DmarcResult::PermError, "", why.as_str()),
            });
        }

        checked.spf = spf;
        if let Some(verified) = verified {
            checked.dkim = verified.dkim;
            checked.arc = verified.arc;
        }
        checked
    }

    /// Results of DKIM and, with an ARC chain, of ARC. `None` if the signatures could not be verified.
    async fn verify_signatures(&self, message: Arc<[u8]>, keys: Keys) -> Option<Verified> {
        let this = self.clone();
        offload::run(message.len(), move || {
            let parsed = signatures::parse(&message)?;
            signatures::verify(this.authenticator()?, &parsed, &keys)
        })
        .await
        .ok()?
    }
}

/// What must be known of a message before its signatures are verified.
struct SignedMessage {
    /// The domain of the authors, or why there is not one.
    author: Result<String, String>,
    /// Names of the keys of all signatures.
    key_names: BTreeSet<String>,
    /// The signatures, as if none could be checked.
    unchecked: Vec<Identifier>,
}

impl SignedMessage {
    /// Reads a complete message. `None` if it cannot be verified.
    async fn read(message: Arc<[u8]>) -> Option<Self> {
        offload::run(message.len(), move || {
            let parsed = signatures::parse(&message)?;
            Some(Self {
                author: author_domain(&parsed),
                key_names: keys::key_names(&parsed),
                unchecked: signatures::unchecked(&parsed),
            })
        })
        .await
        .ok()?
    }
}

/// The one domain of the message's authors (RFC 9989 §5.3.1).
///
/// # Errors
/// There is no single one, and why.
fn author_domain(message: &AuthenticatedMessage<'_>) -> Result<String, String> {
    let is_from = |name: &[u8]| name.trim_ascii().eq_ignore_ascii_case(b"From");
    let fields = message
        .headers
        .iter()
        .filter(|(name, _)| is_from(name))
        .count();
    if fields > 1 {
        return Err(format!(
            "the message has {fields} From fields, only one is allowed (RFC 5322 §3.6)"
        ));
    }

    let domains: BTreeSet<String> = message
        .froms()
        .iter()
        .filter_map(|address| address.rsplit_once('@'))
        .map(|(_, domain)| domain_name(domain).unwrap_or_else(|| domain.to_owned()))
        .collect();
    let mut domains = domains.into_iter();
    match (domains.next(), domains.next()) {
        (Some(domain), None) => Ok(domain),
        (None, _) => Err("the From field has no address".into()),
        (Some(_), Some(_)) => Err("the From field has addresses of several domains".into()),
    }
}

/// The domains that DMARC compares with the author's: those that passed, and those that could not be checked.
fn identifiers(spf: &SpfCheck, signatures: &[Identifier]) -> Vec<Identifier> {
    let sender = matches!(spf.result, SpfResult::Pass | SpfResult::TempError).then(|| Identifier {
        method: Method::Spf,
        domain: spf.domain.clone(),
        passes: spf.result == SpfResult::Pass,
    });
    let mut all: Vec<Identifier> = Vec::new();
    for identifier in sender.iter().chain(signatures) {
        if !all.contains(identifier) {
            all.push(identifier.clone());
        }
    }
    // Identifiers that can still decide come first, for the limit.
    all.sort_by_key(|identifier| !identifier.passes);
    all
}
