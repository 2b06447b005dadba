//! Verifies SPF, DKIM, DMARC and ARC of a received message, through the configured resolvers.
//!
//! SPF and DMARC are evaluated here, DKIM and ARC by mail-auth, which sends its own DNS queries. Names in a message
//! cause only TXT, MX, A, AAAA and PTR queries to our resolvers, never a connection.

pub mod dmarc;
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

use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimOutput, MessageAuthenticator};
use tokio::time::timeout;

use crate::dns::Dns;
use dmarc::{DmarcCheck, DmarcResult, Identifier, Method};
use lookup::domain_name;
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
    servers: Vec<NameServerConfig>,
    timeout: Duration,
    /// Built on first use: its resolver reads certificate authorities, which takes milliseconds.
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
    pub(super) fn new(dns: Dns, timeout: Duration) -> Self {
        Self(Arc::new(Inner {
            servers: dns.name_servers(),
            dns,
            timeout,
            built: OnceLock::new(),
        }))
    }

    fn authenticator(&self) -> Option<&MessageAuthenticator> {
        let Inner {
            servers,
            timeout,
            built,
            ..
        } = &*self.0;
        let build = || {
            let mut options = ResolverOpts::default();
            options.timeout = *timeout;
            options.attempts = 1;
            let config = ResolverConfig::from_parts(None, vec![], servers.clone());
            MessageAuthenticator::new(config, options)
                .ok()
                .filter(|_| !servers.is_empty())
        };
        built.get_or_init(build).as_ref()
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
        let message = message.map(signatures::drop_surplus);
        let parsed = message.as_deref().and_then(AuthenticatedMessage::parse);

        let share = limit / 2;
        let spf = async {
            match envelope {
                Some(envelope) => Some(spf::check_host(&client, envelope, share).await),
                None => None,
            }
        };
        let signatures = timeout(share, self.verify_signatures(parsed.as_ref()));
        let (spf, signatures) = futures::join!(spf, signatures);
        let (dkim, arc) = signatures.ok().flatten().unzip();

        if let (Some(parsed), Some(spf)) = (&parsed, &spf) {
            checked.dmarc = Some(match author_domain(parsed) {
                Ok(author) => {
                    let identifiers = identifiers(spf, parsed, dkim.as_deref());
                    timeout(share, dmarc::check(&client, &author, &identifiers))
                        .await
                        .unwrap_or_else(|_| {
                            DmarcCheck::new(DmarcResult::TempError, &author, "timed out")
                        })
                }
                Err(why) => DmarcCheck::new(DmarcResult::PermError, "", why),
            });
        }

        checked.dkim = match (&parsed, &dkim) {
            (Some(parsed), Some(dkim)) => signatures::in_message_order(parsed, dkim),
            _ => Vec::new(),
        };
        checked.spf = spf;
        checked.arc = arc.flatten();
        checked
    }

    /// Results of DKIM and, with an ARC chain, of ARC. `None` if the signatures could not be verified.
    async fn verify_signatures<'a>(
        &self,
        message: Option<&'a AuthenticatedMessage<'a>>,
    ) -> Option<(Vec<DkimOutput<'a>>, Option<Checked>)> {
        let (authenticator, message) = (self.authenticator()?, message?);
        // mail-auth sends its own queries, so they are charged here.
        signatures::charge_queries(message).ok()?;

        let dkim = authenticator.verify_dkim(message).await;
        let arc = if message.ams_headers.is_empty() {
            None
        } else {
            Some(signatures::arc_checked(
                authenticator.verify_arc(message).await.result(),
            ))
        };
        Some((dkim, arc))
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

/// The domains that DMARC compares with the author's: those that passed, and those that could not be checked, which are
/// all of the message's signatures without results (`dkim`).
fn identifiers(
    spf: &SpfCheck,
    message: &AuthenticatedMessage<'_>,
    dkim: Option<&[DkimOutput<'_>]>,
) -> Vec<Identifier> {
    let signature = |domain: &str, passes| Identifier {
        method: Method::Dkim,
        domain: domain.to_owned(),
        passes,
    };
    let signatures: Vec<Identifier> = match dkim {
        Some(outputs) => outputs
            .iter()
            .filter_map(|output| {
                let domain = output.signature()?.d.as_str();
                match signatures::dkim_checked(output).result {
                    "pass" => Some(signature(domain, true)),
                    "temperror" => Some(signature(domain, false)),
                    _ => None,
                }
            })
            .collect(),
        None => message
            .dkim_headers
            .iter()
            .map(|field| signature(&field.header.d, false))
            .collect(),
    };
    let sender = matches!(spf.result, SpfResult::Pass | SpfResult::TempError).then(|| Identifier {
        method: Method::Spf,
        domain: spf.domain.clone(),
        passes: spf.result == SpfResult::Pass,
    });
    let mut all: Vec<Identifier> = Vec::new();
    for identifier in sender.into_iter().chain(signatures) {
        if !all.contains(&identifier) {
            all.push(identifier);
        }
    }
    // Identifiers that can still decide come first, for the limit.
    all.sort_by_key(|identifier| !identifier.passes);
    all
}
