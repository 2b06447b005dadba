//! Verifies SPF, DKIM, DMARC and ARC of a received message, through the configured resolvers.
//!
//! mail-auth sends its own DNS queries: names in a message cause only TXT, MX, A and PTR queries to our resolvers,
//! never a connection.

pub use lookup::texts;

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use hickory_resolver::config::{NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::{
    AuthenticatedMessage, DkimResult, DmarcOutput, DmarcResult, Error, MessageAuthenticator,
    SpfOutput, SpfResult, dkim::DkimError, dmarc::verify::DmarcParameters,
    spf::verify::SpfParameters,
};

mod lookup;
pub mod spf;
#[cfg(test)]
mod testing;

/// Parsers of the DNS records for mail policies and keys, without DNS queries.
pub mod records {
    pub use mail_auth::{
        Error,
        common::{parse::TxtRecordParser, verify::DomainKey},
        dkim::DkimError,
        dmarc::{Dmarc, Policy, Psd},
        mta_sts::{MtaSts, ReportUri, TlsRpt},
        spf::{Macro, Mechanism, Qualifier, Spf},
    };
}

/// Verifies the authentication of a message.
#[derive(Clone)]
pub struct MailAuth(Arc<Inner>);

struct Inner {
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

/// Results for a complete message.
#[derive(Debug, Clone, Default)]
pub struct MessageChecked {
    /// One result per signature, in the message's order.
    pub dkim: Vec<Checked>,
    /// DMARC result; `None` without a `From` domain or envelope.
    pub dmarc: Option<Checked>,
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
    pub(super) fn new(servers: Vec<NameServerConfig>, timeout: Duration) -> Self {
        Self(Arc::new(Inner {
            servers,
            timeout,
            built: OnceLock::new(),
        }))
    }

    fn authenticator(&self) -> Option<&MessageAuthenticator> {
        let Inner {
            servers,
            timeout,
            built,
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

    /// Checks whether the client may send for the envelope's domain (RFC 7208).
    pub async fn spf(&self, envelope: Envelope<'_>) -> Option<Checked> {
        Some(spf_checked(&self.spf_output(envelope).await?, envelope))
    }

    async fn spf_output(
        &self,
        Envelope {
            address,
            helo,
            by,
            mail_from,
        }: Envelope<'_>,
    ) -> Option<SpfOutput> {
        let authenticator = self.authenticator()?;
        Some(if mail_from.is_empty() {
            authenticator
                .verify_spf(SpfParameters::verify_ehlo(address, helo, by))
                .await
        } else {
            authenticator
                .verify_spf(SpfParameters::verify_mail_from(
                    address, helo, by, mail_from,
                ))
                .await
        })
    }

    /// Verifies DKIM (RFC 6376), ARC (RFC 8617) and, with an envelope, DMARC (RFC 7489) of a complete message.
    pub async fn message(&self, message: &[u8], envelope: Option<Envelope<'_>>) -> MessageChecked {
        let mut checked = MessageChecked::default();
        let (Some(authenticator), Some(parsed)) =
            (self.authenticator(), AuthenticatedMessage::parse(message))
        else {
            return checked;
        };

        let dkim = authenticator.verify_dkim(&parsed).await;

        checked.dkim = dkim
            .iter()
            .map(|output| {
                let about = output
                    .signature()
                    .map(|signature| format!("d={}, s={}", signature.d, signature.s));
                dkim_checked(output.result(), about.unwrap_or_default())
            })
            .collect();

        if !parsed.ams_headers.is_empty() {
            let arc = authenticator.verify_arc(&parsed).await;
            checked.arc = Some(arc_checked(arc.result()));
        }

        if let Some(envelope) = envelope
            && let Some(spf) = self.spf_output(envelope).await
        {
            let domain = envelope
                .mail_from
                .rsplit_once('@')
                .map_or(envelope.helo, |(_, domain)| domain);
            let parameters = DmarcParameters::new(&parsed, &dkim, domain, &spf);
            let dmarc = authenticator.verify_dmarc(parameters).await;
            checked.dmarc = Some(dmarc_checked(&dmarc));
        }

        checked
    }
}

fn spf_checked(output: &SpfOutput, envelope: Envelope<'_>) -> Checked {
    let result = match output.result() {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    };
    let sender = if envelope.mail_from.is_empty() {
        envelope.helo
    } else {
        envelope.mail_from
    };
    Checked {
        result,
        detail: format!("{} for {sender}", envelope.address),
    }
}

fn dkim_checked(result: &DkimResult, about: String) -> Checked {
    let (result, why) = match result {
        DkimResult::Pass => ("pass", None),
        // mail-auth returns neutral for a modified body; RFC 8601 §2.7.1 calls a failed test `fail`.
        DkimResult::Neutral(error @ Error::Dkim(DkimError::FailedBodyHashMatch)) => {
            ("fail", Some(error))
        }
        DkimResult::Neutral(error) => ("neutral", Some(error)),
        DkimResult::Fail(error) => ("fail", Some(error)),
        DkimResult::PermError(error) => ("permerror", Some(error)),
        DkimResult::TempError(error) => ("temperror", Some(error)),
        DkimResult::None => ("none", None),
    };
    let why = why
        .map(|why| format!("{}{why}", if about.is_empty() { "" } else { ": " }))
        .unwrap_or_default();
    Checked {
        result,
        detail: format!("{about}{why}"),
    }
}

/// Converts an ARC result, which is only pass or fail (RFC 8617 §8.1).
fn arc_checked(result: &DkimResult) -> Checked {
    let checked = dkim_checked(result, String::new());
    match checked.result {
        "neutral" | "permerror" => Checked {
            result: "fail",
            ..checked
        },
        _ => checked,
    }
}

/// Converts a DMARC result: one aligned pass is enough; with a policy and no aligned pass it is `fail` (RFC 7489 §4.2).
fn dmarc_checked(output: &DmarcOutput) -> Checked {
    let word = |result: &DmarcResult| match result {
        DmarcResult::Pass => "pass",
        DmarcResult::Fail(_) => "fail",
        DmarcResult::TempError(_) => "temperror",
        DmarcResult::PermError(_) => "permerror",
        DmarcResult::None => "none",
    };
    let (dkim, spf) = (word(output.dkim_result()), word(output.spf_result()));
    let detail = format!(
        "{}: aligned DKIM {dkim}, aligned SPF {spf}",
        output.domain()
    );
    Checked {
        result: word(&output.result()),
        detail,
    }
}
