//! Verifies SPF, DKIM, DMARC and ARC of a received message, through the configured resolvers.
//!
//! SPF and DMARC are evaluated here, DKIM and ARC by mail-auth, which sends its own DNS queries. Names in a message
//! cause only TXT, MX, A, AAAA and PTR queries to our resolvers, never a connection.

mod author;
mod body;
pub mod dmarc;
mod lookup;
mod signatures;
pub mod spf;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, DkimOutput, MessageAuthenticator};
use tokio::time::timeout;

use crate::dns::{Client, Dns};
use author::Identifiers;
use dmarc::{DmarcCheck, DmarcResult};
use lookup::domain_name;
use spf::SpfCheck;

pub use author::AuthorClaims;
pub use body::HashedMessage;
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
    /// DMARC result; `None` without an author. Temporary (`temperror`) also if neither SPF nor the signatures that
    /// could be checked decide it.
    pub dmarc: Option<DmarcCheck>,
    /// Domain of the author's organization that SPF or DKIM authenticates; `None` without one.
    pub authenticated: Option<String>,
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
    /// (RFC 9989) with an author. Takes at most `limit`: a check that takes longer leaves enough time for the others.
    pub async fn verify(
        &self,
        message: Option<&HashedMessage>,
        envelope: Option<Envelope<'_>>,
        author: AuthorClaims<'_>,
        limit: Duration,
    ) -> MessageChecked {
        let mut checked = MessageChecked::default();
        let Ok(client) = self.0.dns.client(None).await else {
            return checked;
        };
        let parsed = message.and_then(HashedMessage::parse);

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

        if author.from_fields > 0 {
            let identifiers = Identifiers::new(spf.as_ref(), dkim.as_deref(), author.signers);
            checked.authenticated = identifiers.authenticated(author.domains);
            checked.dmarc = Some(check_dmarc(&client, author, &identifiers, share).await);
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

async fn check_dmarc(
    client: &Client,
    author: AuthorClaims<'_>,
    identifiers: &Identifiers,
    limit: Duration,
) -> DmarcCheck {
    let domain = match author.domain() {
        Ok(domain) => domain,
        Err(why) => return DmarcCheck::new(DmarcResult::PermError, "", why),
    };
    let check = timeout(limit, dmarc::check(client, &domain, &identifiers.all)).await;
    let mut check =
        check.unwrap_or_else(|_| DmarcCheck::new(DmarcResult::TempError, &domain, "timed out"));

    // The envelope that is not known might be the author's.
    if check.result == DmarcResult::Fail && !identifiers.has_envelope {
        check.result = DmarcResult::TempError;
        check.reason = format!("{}; the envelope is not known", check.reason);
    }
    check
}
