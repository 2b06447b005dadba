//! Verifies SPF, DKIM, DMARC and ARC of a received message, through the configured resolvers.
//!
//! SPF and DMARC are evaluated here, DKIM and ARC by mail-auth with keys that are looked up here. Names in a message
//! cause only TXT, MX, A, AAAA and PTR queries to our resolvers, never a connection.

mod author;
mod body;
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
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::MessageAuthenticator;
use tokio::time::timeout;

use crate::{
    dns::{Client, Dns},
    offload,
};
use author::Identifiers;
use dmarc::{DmarcCheck, DmarcResult};
use keys::Keys;
use lookup::domain_name;
use signatures::Verified;
use spf::SpfCheck;

pub use author::AuthorClaims;
pub use body::{BodyHash, BodyHasher, HashedMessage};
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
    /// (RFC 9989) with an author. Takes at most `limit`: a check that takes longer leaves enough time for the others.
    pub async fn verify(
        &self,
        message: Option<Arc<HashedMessage>>,
        envelope: Option<Envelope<'_>>,
        author: AuthorClaims<'_>,
        limit: Duration,
    ) -> MessageChecked {
        let mut checked = MessageChecked::default();
        let Ok(client) = self.0.dns.client(None).await else {
            return checked;
        };

        let share = limit / 2;
        let spf = async {
            match envelope {
                Some(envelope) => Some(Box::pin(spf::check_host(&client, envelope, share)).await),
                None => None,
            }
        };
        let signatures = timeout(share, Box::pin(self.verify_signatures(&client, message)));
        let (spf, signatures) = futures::join!(spf, signatures);
        let verified = signatures.ok().flatten();

        if author.from_fields > 0 {
            let signatures = verified.as_ref().map(|verified| &verified.identifiers[..]);
            let identifiers = Identifiers::new(spf.as_ref(), signatures, author.signers);
            checked.authenticated = identifiers.authenticated(author.domains);
            checked.dmarc = Some(check_dmarc(&client, author, &identifiers, share).await);
        }

        checked.spf = spf;
        if let Some(verified) = verified {
            checked.dkim = verified.dkim;
            checked.arc = verified.arc;
        }
        checked
    }

    /// Looks up the keys of all signatures, then verifies DKIM and, with an ARC chain, ARC. `None` if the signatures
    /// could not be verified.
    async fn verify_signatures(
        &self,
        client: &Client,
        message: Option<Arc<HashedMessage>>,
    ) -> Option<Verified> {
        let (message, to_verify) = (message.clone()?, message?);
        let size = message.size();

        let names = offload::run(size, move || {
            message.parse().map(|parsed| keys::key_names(&parsed))
        });
        let keys = Keys::look_up(client, names.await.ok()??).await;

        let this = self.clone();
        offload::run(size, move || {
            signatures::verify(this.authenticator()?, &to_verify.parse()?, &keys)
        })
        .await
        .ok()?
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
