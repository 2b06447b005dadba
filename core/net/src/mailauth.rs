//! SPF, DKIM, DMARC and ARC evaluated again, through the configured resolvers.
//!
//! mail-auth asks DNS by itself: names out of a message lead only to TXT, MX, A and PTR questions to our own
//! resolvers, never to a connection.

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

/// The records that mail policies and keys are published as, read without asking DNS.
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

/// Evaluates what a message's headers claim.
#[derive(Clone)]
pub struct MailAuth(Arc<Inner>);

struct Inner {
    servers: Vec<NameServerConfig>,
    timeout: Duration,
    /// Built with the first message: its resolver reads certificate authorities, which takes milliseconds.
    built: OnceLock<Option<MessageAuthenticator>>,
}

/// One result in RFC 8601's words, with what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// `pass`, `fail`, `softfail`, `neutral`, `none`, `temperror`, `permerror`.
    pub result: &'static str,
    /// What it is about, or why it failed.
    pub detail: String,
}

/// Everything that a whole message lets us check.
#[derive(Debug, Clone, Default)]
pub struct MessageChecked {
    /// One for each signature, in the message's order.
    pub dkim: Vec<Checked>,
    /// `None` without a `From` domain.
    pub dmarc: Option<Checked>,
    /// `None` without a chain.
    pub arc: Option<Checked>,
}

/// The envelope as a trusted server saw it.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The client.
    pub address: IpAddr,
    /// Its greeting.
    pub helo: &'a str,
    /// The server that received it.
    pub by: &'a str,
    /// Sender; empty for `<>`.
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

    /// Whether the client may send for the envelope's domain (RFC 7208).
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

    /// DKIM (RFC 6376), ARC (RFC 8617) and, with the envelope, DMARC (RFC 7489) of a whole message.
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
        // mail-auth stays neutral to a body that was changed; in RFC 8601 §2.7.1 a test that failed is `fail`.
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

/// A chain holds or does not (RFC 8617 §8.1).
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

/// One aligned pass is enough; where a policy is published and nothing has passed, that is a failure (RFC 7489 §4.2).
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
