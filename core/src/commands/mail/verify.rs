//! `verify`: does this mailbox exist?

use std::{net::SocketAddr, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_net::smtp::{Entry, Exchange, Stage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::{Text, mailbox},
    command::{Command, Context},
    commands::dns::{lookup::Outcome, mx},
    mailbox_check::{Checks, Reason, Report, Verdict},
    spec::{Cost, Group, Spec, TargetKind},
};

/// Whether a mailbox exists: a verdict with its evidence.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verify {
    /// The mail address to verify.
    email: Text,
}

/// The contract's `verify`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Data {
    #[serde(flatten)]
    report: Report,
    /// The domain's exchanges by preference.
    mx: Vec<mx::Exchange>,
    /// What is wrong with the address or the domain, where that is why.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// Some exchanges lead to hosts that nobody outside can reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
    #[serde(skip)]
    finished: bool,
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
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Mailbox];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let mailbox = match mailbox::parse(&self.email.0) {
            Ok(mailbox) => mailbox,
            Err(invalid) => {
                return Ok(Data::new(
                    Report::invalid(&self.email.0),
                    Some(invalid.message),
                ));
            }
        };

        let Some(domain) = mailbox.domain_name() else {
            let fault =
                "addresses with an IP literal are not asked about; mail for people goes to domains"
                    .to_owned();
            return Ok(Data::new(
                Report::unasked(&mailbox, Reason::NoExchange),
                Some(fault),
            ));
        };

        let client = cx.net.dns.client(None).await?;
        let mx = mx::find(cx, &client, domain, |_| {}).await?;

        if let Some((reason, fault)) = no_way(&mx) {
            let mut data = Data::new(Report::unasked(&mailbox, reason), fault);
            data.mx = mx.hosts;
            return Ok(data);
        }

        let (exchanges, refused) = vetted(cx, &mx);

        if exchanges.is_empty() {
            let fault =
                "every exchange of this domain leads to a host that cannot be reached from outside"
                    .to_owned();
            let mut data = Data::new(Report::unasked(&mailbox, Reason::NoExchange), Some(fault));
            (data.mx, data.refused) = (mx.hosts, refused);
            return Ok(data);
        }

        cx.may_ask_mail_of(domain)?;
        let mut so_far = Data::new(Report::unasked(&mailbox, Reason::Unreachable), None);
        (so_far.mx, so_far.refused, so_far.finished) = (mx.hosts.clone(), refused.clone(), false);
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

/// Domains that take no mail need no dialogue.
fn no_way(mx: &mx::Data) -> Option<(Reason, Option<String>)> {
    match mx.lookup.outcome {
        Outcome::Nxdomain => Some((Reason::NoSuchDomain, None)),
        _ if mx.null_mx => Some((
            Reason::NoMailHere,
            Some("the domain takes no mail: null MX (RFC 7505)".into()),
        )),
        Outcome::Answer | Outcome::NoData
            if mx.hosts.iter().all(|host| host.addresses.is_empty()) =>
        {
            let why = mx.hosts.iter().find_map(mx::Exchange::warning);
            Some((Reason::NoExchange, why))
        }
        Outcome::Answer | Outcome::NoData => None,
        _ => Some((
            Reason::TemporaryFailure,
            Some(mx.lookup.document("").summary),
        )),
    }
}

/// The exchanges with those addresses that the guard lets pass, and what it said about the others.
fn vetted(cx: &Context, mx: &mx::Data) -> (Vec<Exchange>, Vec<String>) {
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
            finished: true,
        }
    }

    /// The verdict in a sentence that anybody understands.
    fn sentence(&self) -> String {
        let host = self
            .report
            .exchange
            .as_deref()
            .unwrap_or("the domain's mail server");
        sentence(self.report.reason).replace("{host}", host)
    }
}

/// With `{host}` for the server that the verdict is from.
fn sentence(reason: Reason) -> &'static str {
    match reason {
        Reason::Accepted => "{host} takes mail for this address, and not for just any name",
        Reason::CatchAll => {
            "{host} takes every address of this domain, so nothing is told about this one"
        }
        Reason::Unverified => "{host} takes the address without knowing whether it exists",
        Reason::NoSuchUser => "{host} says that there is no such mailbox",
        Reason::Disabled => "The mailbox exists, but is disabled",
        Reason::Full => "The mailbox exists, but is full and takes no mail just now",
        Reason::Moved => "The mailbox is elsewhere now",
        Reason::InvalidAddress => "This is not a mail address",
        Reason::NoSuchDomain => "The domain does not exist",
        Reason::NoExchange => "The domain has no mail server that can be used",
        Reason::NoMailHere => "The domain takes no mail at all",
        Reason::NoUtf8 => "{host} takes no addresses beyond ASCII (SMTPUTF8)",
        Reason::Greylisted => {
            "{host} asks strangers to come again (greylisting); nothing is told yet"
        }
        Reason::Blocked => {
            "{host} refused us, for policy or reputation; that says nothing about the mailbox"
        }
        Reason::RateLimited => {
            "{host} refused us for asking too often; that says nothing about the mailbox"
        }
        Reason::RelayDenied => "{host} does not feel responsible for this domain",
        Reason::SenderRefused => {
            "{host} does not like our sender; that says nothing about the mailbox"
        }
        Reason::ConnectionRefused => {
            "Every mail server refuses the connection; that says nothing about the mailbox"
        }
        Reason::TlsFailed => "{host} insists on TLS, which did not come about",
        Reason::TemporaryFailure => "There is a trouble that will pass; ask again later",
        Reason::Ambiguous => "{host} refuses without saying why",
        Reason::Tarpit => "{host} answers too slowly, on purpose it seems",
        Reason::TimedOut => "{host} fell silent",
        Reason::Closed => "{host} hung up",
        Reason::NotSmtp => "What answers at {host} does not speak SMTP",
        Reason::Spared => {
            "{host} was left alone: all askers together have asked it often enough for now"
        }
        Reason::Unreachable => "No mail server of the domain can be connected to",
        Reason::PortBlocked => {
            "Port 25 is blocked from here: no mail server of any domain can be connected to"
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
            _ if !self.finished => ("Asking", Severity::Neutral),
            Verdict::Deliverable => ("Deliverable", Severity::Good),
            Verdict::Undeliverable => ("Undeliverable", Severity::Bad),
            Verdict::Risky => ("Risky", Severity::Warning),
            Verdict::Unknown => ("Unknown", Severity::Warning),
        };

        let summary = if self.finished {
            format!("{word}: {}", self.sentence())
        } else {
            "Asking the mail server".into()
        };

        let mut document = Document::new(format!("Verification of {address}"), summary, severity);
        if let Some(fault) = &self.fault {
            document.field("Why", fault);
        }

        if let Some(suggestion) = &self.report.suggestion {
            document.field("Did you mean", Cell::exact(suggestion));
        }

        if let Some(after) = self.report.retry_after {
            document.field("Ask again in", format!("{after} s"));
        }

        if self.finished {
            document.table(["Check", "Result"], made(checks));
        }

        if let Some(tls) = &self.report.tls {
            let trusted = match tls.trusted {
                Some(true) => ", certificate valid",
                Some(false) => ", certificate not valid for the server",
                None => "",
            };
            document.field("Encryption", format!("{}{trusted}", tls.version));
        }

        self.transcript(&mut document);
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

/// The checks that were made, with their results.
fn made(checks: &Checks) -> Vec<[Cell; 2]> {
    [
        ("syntax", checks.syntax, true),
        ("domain has a mail server", checks.mx, true),
        ("mail server talks to us", checks.smtp, true),
        ("takes this address", checks.accepts_mailbox, true),
        ("takes any address (catch-all)", checks.catch_all, false),
        ("mailbox full", checks.mailbox_full, false),
        ("disabled", checks.disabled, false),
        ("greylisted", checks.greylisted, false),
        ("throw-away domain", checks.disposable, false),
        ("role address", checks.role, false),
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

impl Data {
    fn transcript(&self, document: &mut Document) {
        let lines: Vec<String> = self.report.transcript.iter().map(line).collect();
        if !lines.is_empty() {
            document.heading("What was said");
            document.code(lines.join("\n"));
        }
    }
}

fn line(entry: &Entry) -> String {
    let stage = match entry.stage {
        Stage::Connect => "connect",
        Stage::Banner => "banner",
        Stage::Ehlo => "EHLO",
        Stage::Starttls => "STARTTLS",
        Stage::Mail => "MAIL",
        Stage::Rcpt => "RCPT",
        Stage::RcptRandom => "RCPT (made-up name)",
        Stage::Rset => "RSET",
        Stage::Quit => "QUIT",
    };
    let code = entry
        .code
        .map(|code| format!("{code} "))
        .unwrap_or_default();
    let text = entry.text.lines().collect::<Vec<_>>().join("\n    ");
    format!("{} {stage}: {code}{text}", entry.host)
}

#[cfg(test)]
mod tests;
