//! `verify`: whether a mailbox exists, checked over SMTP without sending mail.

mod sentence;
mod transcript;

use std::{net::SocketAddr, time::Duration};

use domain::base::Rtype;
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity, duration};
use netvane_net::{dns::Client, smtp::Exchange};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    args::{MailAddress, mailbox},
    command::{Command, Comparison, Context, Next, Short, scalar},
    commands::dns::{
        lookup::{Outcome, look_up},
        mx,
    },
    mailbox_check::{Checks, Reason, Report, Verdict},
    spec::{Cost, Group, Spec, TargetKind},
};

use sentence::sentence;

/// What to do if port 25 is blocked.
const PORT_BLOCKED: &str = "Ask the provider of this network to open outgoing port 25, or run Netvane where it is open; many \
     networks of homes, offices and clouds block it.";

/// Whether a mailbox exists, checked over SMTP without sending mail.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    /// Email address to verify.
    email: MailAddress,
}

/// Whether the mailbox exists, and the evidence.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    #[serde(flatten)]
    report: Report,
    /// Mail servers of the domain, sorted by preference.
    mx: Vec<mx::Exchange>,
    /// Error in the address or the domain, if that decided the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// Addresses that were not contacted because policy forbids it, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
    /// The mail server is still being queried; the verdict is not yet known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    in_progress: bool,
}

impl Command for Verify {
    const SPEC: Spec = Spec {
        name: "verify",
        aliases: &["verify_email"],
        group: Group::Mail,
        examples: &["verify someone@example.com"],
        timeout: Duration::from_secs(45),
        cost: Cost::Heavy,
        sends: 32 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("mailbox"),
        Next::domain("mailcheck"),
        Next::domain("mx"),
        Next::domain("whois"),
    ];
    const SHORT: Short = Short::Members(&["/verdict"]);
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Mailbox];
    const COMPARES: Option<Comparison> = Some(Comparison::values(verdict, "verdict", "verdicts"));

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let mailbox = match mailbox::parse(self.email.as_str()) {
            Ok(mailbox) => mailbox,
            Err(invalid) => {
                return Ok(Data::new(
                    Report::invalid(self.email.as_str()),
                    Some(invalid.message),
                ));
            }
        };

        let Some(domain) = mailbox.domain_name() else {
            let fault =
                "addresses with an IP literal are not checked; use an address with a domain name"
                    .to_owned();
            return Ok(Data::new(
                Report::unprobed(&mailbox, Reason::NoExchange),
                Some(fault),
            ));
        };

        let client = cx.net.dns.client(None).await?;
        let mx = mx::find(cx, &client, domain, |_| {}).await?;

        if let Some((reason, fault)) = unprobed_reason(&mx, &client, domain).await {
            let mut data = Data::new(Report::unprobed(&mailbox, reason), fault);
            data.mx = mx.hosts;
            return Ok(data);
        }

        let (exchanges, refused) = allowed_exchanges(cx, &mx);

        if exchanges.is_empty() {
            let (reason, fault) = unreachable_reason(&mx);
            let mut data = Data::new(Report::unprobed(&mailbox, reason), Some(fault.to_owned()));
            (data.mx, data.refused) = (mx.hosts, refused);
            return Ok(data);
        }

        cx.may_ask_mail_of(domain)?;
        let mut so_far = Data::new(Report::unprobed(&mailbox, Reason::Unreachable), None);
        (so_far.mx, so_far.refused, so_far.in_progress) = (mx.hosts.clone(), refused.clone(), true);
        let report = cx
            .runtime
            .mail
            .verifier()
            .verify(&mailbox, &exchanges, |entries| {
                so_far.report.transcript = entries.to_vec();
                cx.progress(&so_far);
            });

        let mut data = Data::new(report.await, None);
        (data.mx, data.refused) = (mx.hosts, refused);

        Ok(data)
    }
}

/// Reason why none of the mail servers may be contacted.
fn unreachable_reason(mx: &mx::Data) -> (Reason, &'static str) {
    if mx.hosts.iter().any(mx::Exchange::is_unresolved) {
        (
            Reason::TemporaryFailure,
            "no mail server with a public address could be resolved",
        )
    } else {
        (
            Reason::NoExchange,
            "all mail servers of this domain resolve to addresses that cannot be reached from outside",
        )
    }
}

/// Reason why no mail server can be probed. A domain without MX and without an address only counts
/// as one if the lookup of its address did not fail.
async fn unprobed_reason(
    mx: &mx::Data,
    client: &Client,
    domain: &str,
) -> Option<(Reason, Option<String>)> {
    let (reason, fault) = undeliverable_reason(mx)?;

    let may_be_implicit = mx.lookup.outcome == Outcome::NoData && mx.hosts.is_empty();
    if reason == Reason::NoExchange && may_be_implicit {
        let (v4, v6) = futures::join!(
            look_up(client, domain, Rtype::A),
            look_up(client, domain, Rtype::AAAA)
        );
        let has_answered = |outcome| {
            matches!(
                outcome,
                Outcome::Answer | Outcome::NoData | Outcome::Nxdomain
            )
        };
        let failed = [v4, v6]
            .into_iter()
            .any(|answered| !answered.is_ok_and(|found| has_answered(found.lookup.outcome)));
        if failed {
            let fault = format!("the address of {domain} could not be resolved");
            return Some((Reason::TemporaryFailure, Some(fault)));
        }
    }

    Some((reason, fault))
}

/// Reason why no SMTP session is needed: the domain does not accept mail, or its MX lookup failed.
fn undeliverable_reason(mx: &mx::Data) -> Option<(Reason, Option<String>)> {
    match mx.lookup.outcome {
        Outcome::Nxdomain => Some((Reason::NoSuchDomain, None)),
        _ if mx.null_mx => Some((
            Reason::NoMailHere,
            Some("the domain does not accept mail: null MX (RFC 7505)".into()),
        )),
        Outcome::Answer | Outcome::NoData
            if mx.hosts.iter().all(|host| host.addresses.is_empty()) =>
        {
            // RFC 5321 §5.1: senders keep the mail and try again if a lookup fails.
            let unresolved = mx.hosts.iter().find(|host| host.is_unresolved());
            match unresolved {
                Some(host) => Some((Reason::TemporaryFailure, host.warning())),
                None => {
                    let why = mx.hosts.iter().find_map(mx::Exchange::warning);
                    Some((Reason::NoExchange, why))
                }
            }
        }
        Outcome::Answer | Outcome::NoData => None,
        _ => Some((
            Reason::TemporaryFailure,
            Some(mx.lookup.document("").summary),
        )),
    }
}

/// Mail servers with the addresses that policy allows, and the refusals for the others.
fn allowed_exchanges(cx: &Context, mx: &mx::Data) -> (Vec<Exchange>, Vec<String>) {
    let mut refused = Vec::new();
    let mut exchanges = Vec::new();
    for host in &mx.hosts {
        let mut addresses = Vec::new();
        for address in &host.addresses {
            match cx.net.guard.check(&host.exchange, *address) {
                Ok(address) => addresses.push(SocketAddr::new(address, cx.runtime.mail.port)),
                Err(refusal) => refused.push(refusal.to_string()),
            }
        }
        if !addresses.is_empty() {
            exchanges.push(Exchange {
                preference: host.preference,
                host: host.exchange.clone(),
                addresses,
            });
        }
    }
    (exchanges, refused)
}

impl Data {
    fn new(report: Report, fault: Option<String>) -> Self {
        Self {
            report,
            mx: Vec::new(),
            fault,
            refused: Vec::new(),
            in_progress: false,
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let Report {
            address,
            verdict,
            checks,
            ..
        } = &self.report;

        let (word, severity) = match verdict {
            _ if self.in_progress => ("Checking", Severity::Neutral),
            Verdict::Deliverable => ("Deliverable", Severity::Good),
            Verdict::Undeliverable => ("Undeliverable", Severity::Bad),
            Verdict::Risky => ("Risky", Severity::Warning),
            Verdict::Unknown => ("Unknown", Severity::Warning),
        };

        let summary = if self.in_progress {
            "Querying the mail server".into()
        } else {
            format!("{word}: {}", sentence(&self.report))
        };

        let mut document = Document::new(format!("Verification of {address}"), summary, severity);
        if let Some(fault) = &self.fault {
            document.field("Reason", fault);
        }

        if let Some(suggestion) = &self.report.suggestion {
            document.field("Did you mean", Cell::exact(suggestion));
        }

        if let Some(after) = self.report.retry_after {
            document.field("Retry after", duration::exact(after));
        }

        if !self.in_progress {
            document.table(["Check", "Result"], check_rows(checks));
        }

        if let Some(tls) = &self.report.tls {
            let trusted = match tls.trusted {
                Some(true) => ", certificate valid",
                Some(false) => ", certificate not valid for the server",
                None => "",
            };
            document.field("Encryption", format!("{}{trusted}", tls.version));
        }

        transcript::add(&mut document, &self.report, self.in_progress);
        if self.report.reason == Reason::PortBlocked {
            document.warn(PORT_BLOCKED);
        }
        for refusal in &self.refused {
            document.warn(refusal);
        }

        document
    }

    fn lifetime(&self) -> Duration {
        let seconds = match self.report.verdict {
            Verdict::Unknown => self.report.retry_after.unwrap_or(60).min(60),
            _ => 900,
        };
        Duration::from_secs(seconds)
    }
}

/// Table rows for the checks that gave a result.
fn check_rows(checks: &Checks) -> Vec<[Cell; 2]> {
    [
        ("Valid syntax", checks.syntax, true),
        ("Mail server found", checks.mx, true),
        ("SMTP reachable", checks.smtp, true),
        ("Address accepted", checks.accepts_mailbox, true),
        ("Catch-all domain", checks.catch_all, false),
        ("Mailbox full", checks.mailbox_full, false),
        ("Mailbox disabled", checks.disabled, false),
        ("Greylisted", checks.greylisted, false),
        ("Disposable domain", checks.disposable, false),
        ("Role address", checks.role, false),
    ]
    .into_iter()
    .filter_map(|(name, result, good)| {
        let result = result?;
        let role = if result == good {
            Role::Good
        } else {
            Role::Warning
        };
        let word = if result { "yes" } else { "no" };
        Some([name.into(), Cell::new(word, role)])
    })
    .collect()
}

#[cfg(test)]
mod cases;

fn verdict(data: &Value) -> Vec<String> {
    let verdict = data.get("verdict").and_then(scalar);
    verdict.into_iter().collect()
}

#[cfg(test)]
mod tests;
