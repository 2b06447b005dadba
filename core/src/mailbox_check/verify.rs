//! Verification of one address: tries the mail servers by preference (RFC 5321 §5.1) until one
//! gives a result.

mod judge;

use std::net::SocketAddr;

use netvane_net::smtp::{
    Cleartext, End, Exchange, Opportunistic, ProbeResult, RecipientProbe, Reply, Settings, Stage,
    Transcript, TranscriptEntry, Unconnected, connect, converse, interleaved, retry_hint,
};
use tokio::time::Instant;

use super::{Control, Reach, Reason, Report, random_local::random_local};
use crate::args::mailbox::Mailbox;

/// Maximum number of addresses tried per mail server.
const MAX_ADDRESSES: usize = 4;
/// Usual greylisting delay in seconds, if the server names none (Postgrey, RFC 6647 §5).
const USUAL_GREYLIST: u64 = 300;

/// Verifies addresses; one per process, because [`Reach`] learns from all of them.
#[derive(Default)]
pub(crate) struct Verifier {
    /// Names used in the session, timeouts and limits.
    pub settings: Settings,
    /// TLS client for STARTTLS; without it, all connections stay in cleartext.
    pub tls: Option<Opportunistic>,
    /// Whether port 25 is blocked.
    pub reach: Reach,
    /// Mail server chosen by the operator as a control: if it can be connected to, port 25 is not
    /// blocked and the domain itself does not respond.
    pub control: Control,
}

/// State of one verification.
struct Run<'a> {
    verifier: &'a Verifier,
    question: RecipientProbe,
    deadline: Instant,
    /// Number of connections that may still be opened.
    budget: usize,
    transcript: Transcript<'a>,
    report: Report,
    failures: Vec<Unconnected>,
    connected: bool,
}

/// Result of probing one mail server.
enum Step {
    Settled,
    /// Try the next mail server; the reason why this one gave no result.
    Next(Reason),
}

impl Verifier {
    /// Probes the mail servers, sorted by preference, for `mailbox`; calls `observer` whenever the
    /// transcript grows.
    pub(crate) async fn verify<'a>(
        &'a self,
        mailbox: &Mailbox,
        exchanges: &[Exchange],
        observer: impl FnMut(&[TranscriptEntry]) + Send + 'a,
    ) -> Report {
        let mut report = Report::unprobed(mailbox, Reason::NoExchange);

        if exchanges
            .iter()
            .all(|exchange| exchange.addresses.is_empty())
        {
            return report;
        }

        report.checks.mx = Some(true);
        let question = RecipientProbe {
            recipient: mailbox.wire(),
            local: mailbox.local.clone(),
            random: format!("{}@{}", random_local(), mailbox.domain),
            utf8: mailbox.utf8,
        };

        let mut run = Run {
            verifier: self,
            question,
            deadline: Instant::now() + self.settings.total,
            budget: self.settings.connections,
            transcript: Transcript::observed(observer),
            report,
            failures: Vec::new(),
            connected: false,
        };

        run.probe_all(exchanges, &mailbox.domain.to_string()).await;

        Report {
            transcript: run.transcript.into_entries(),
            ..run.report
        }
    }
}

impl Run<'_> {
    async fn probe_all(&mut self, exchanges: &[Exchange], domain: &str) {
        let mut best: Option<(Reason, &str)> = None;

        for exchange in exchanges
            .iter()
            .filter(|exchange| !exchange.addresses.is_empty())
        {
            if self.is_exhausted() {
                break;
            }
            match self.probe(exchange).await {
                Step::Settled => return,
                Step::Next(reason) => {
                    if best.is_none_or(|(known, _)| reason.weight() > known.weight()) {
                        best = Some((reason, &exchange.host));
                    }
                }
            }
        }

        let (reason, host) = best.unwrap_or((Reason::Unreachable, ""));
        self.report.checks.smtp.get_or_insert(false);
        self.report.exchange = self.connected.then(|| host.to_owned());
        let blocked = !self.connected && self.is_blocked(domain).await;
        let reason = if blocked { Reason::PortBlocked } else { reason };
        self.report.failed(reason);
    }

    fn is_exhausted(&self) -> bool {
        self.budget == 0 || Instant::now() >= self.deadline
    }

    /// Whether outgoing port 25 is blocked.
    async fn is_blocked(&mut self, domain: &str) -> bool {
        let Verifier {
            reach,
            control,
            settings,
            ..
        } = self.verifier;
        let is_suspected = reach.missed(domain, &self.failures);

        let is_known = self.failures.is_empty()
            || self.failures.contains(&Unconnected::Refused)
            || self.failures.contains(&Unconnected::BudgetExhausted)
            || reach.is_open();
        if is_known {
            return false;
        }

        match control.is_port_open(settings.connect).await {
            Some(true) => {
                reach.reached();
                false
            }
            Some(false) => true,
            None => is_suspected,
        }
    }

    /// Probes one mail server, one address after the other until one gives a result.
    async fn probe(&mut self, exchange: &Exchange) -> Step {
        let mut addresses = interleaved(&exchange.addresses);
        addresses.truncate(MAX_ADDRESSES);
        let mut best: Option<Reason> = None;

        while !addresses.is_empty() && !self.is_exhausted() {
            let attempt = connect(&addresses, self.verifier.settings.connect, self.deadline).await;

            for (address, failure) in &attempt.failed {
                self.failures.push(*failure);
                self.transcript
                    .note(&label(exchange, *address), Stage::Connect, failure.as_str());
            }

            let Some((stream, address)) = attempt.connected else {
                let any = |wanted| attempt.failed.iter().any(|(_, failure)| *failure == wanted);
                let reason = match (any(Unconnected::BudgetExhausted), any(Unconnected::Refused)) {
                    (true, _) => Reason::BudgetExhausted,
                    (false, true) => Reason::ConnectionRefused,
                    (false, false) => Reason::Unreachable,
                };
                best.get_or_insert(reason);
                break;
            };

            addresses.retain(|known| {
                *known != address && !attempt.failed.iter().any(|(at, _)| at == known)
            });
            self.connected = true;
            self.verifier.reach.reached();
            self.budget -= 1;
            match self.converse_with(exchange, address, stream).await {
                Step::Settled => return Step::Settled,
                Step::Next(reason) => {
                    let known = best.get_or_insert(reason);
                    if reason.weight() > known.weight() {
                        *known = reason;
                    }
                    // Other addresses of the host give the same reply, unless this one is broken.
                    if !matches!(reason, Reason::TimedOut | Reason::Closed | Reason::NotSmtp) {
                        break;
                    }
                }
            }
        }

        Step::Next(best.unwrap_or(Reason::Unreachable))
    }

    /// Runs a session, and a second one after a failed TLS handshake or greylisting.
    async fn converse_with(
        &mut self,
        exchange: &Exchange,
        address: SocketAddr,
        stream: netvane_net::TcpStream,
    ) -> Step {
        let label = label(exchange, address);
        let mut tls = self.verifier.tls.as_ref();
        let mut stream = Some(stream);

        loop {
            let stream = match stream.take() {
                Some(stream) => stream,
                None => match self.reconnect(address).await {
                    Some(stream) => stream,
                    None if self.report.checks.greylisted == Some(true) => {
                        return self.greylisted(exchange);
                    }
                    None => return Step::Next(Reason::TlsFailed),
                },
            };

            let outcome = self.converse_once(stream, exchange, &label, tls).await;

            if let Some(End::Broken(Stage::Starttls, _)) = &outcome.end
                && outcome.tls_failed
                && tls.is_some()
            {
                if self.verifier.settings.cleartext == Cleartext::Never {
                    return Step::Next(Reason::Unencrypted);
                }
                // RFC 7435: cleartext is better than no delivery.
                tls = None;
                let text = "TLS failed; connecting again to continue in cleartext";
                self.transcript.note(&label, Stage::Connect, text);
                continue;
            }

            if let Some(reply) = self.greylisting(&outcome) {
                let first = self.report.checks.greylisted.replace(true).is_none();
                if first && self.wait_for_greylist(reply).await {
                    continue;
                }
                self.report.checks.smtp = Some(true);
                return self.greylisted(exchange);
            }

            let step = self.judge(exchange, outcome);
            let greylisted = self.report.checks.greylisted == Some(true);

            return match step {
                Step::Next(_) if greylisted => self.greylisted(exchange),
                step => step,
            };
        }
    }

    async fn converse_once(
        &mut self,
        stream: tokio::net::TcpStream,
        exchange: &Exchange,
        label: &str,
        tls: Option<&Opportunistic>,
    ) -> ProbeResult {
        let outcome = converse(
            stream,
            (exchange.host.as_str(), label),
            tls,
            (&self.verifier.settings, &self.question),
            self.deadline,
            &mut self.transcript,
        )
        .await;
        self.report.tls.clone_from(&outcome.tls);
        outcome
    }

    /// Connects to the same address again.
    async fn reconnect(&mut self, address: SocketAddr) -> Option<netvane_net::TcpStream> {
        if self.is_exhausted() {
            return None;
        }
        let attempt = connect(&[address], self.verifier.settings.connect, self.deadline).await;
        let (stream, _) = attempt.connected?;
        self.budget -= 1;
        Some(stream)
    }

    /// Waits for the delay that a greylisting server asks for; returns false if it is too long.
    async fn wait_for_greylist(&mut self, reply: &Reply) -> bool {
        let settings = &self.verifier.settings;
        let hint = retry_hint(reply);
        self.report.retry_after = Some(hint.unwrap_or(USUAL_GREYLIST));
        let pause = match hint {
            // Servers round the delay down, so wait a little longer.
            Some(seconds) => {
                std::time::Duration::from_secs(seconds) + std::time::Duration::from_millis(200)
            }
            None => settings.greylist_pause,
        };
        let acceptable = pause <= settings.greylist_wait.max(settings.greylist_pause)
            && Instant::now() + pause < self.deadline
            && self.budget > 0;
        if acceptable {
            tokio::time::sleep(pause).await;
        }
        acceptable
    }
}

fn label(exchange: &Exchange, address: SocketAddr) -> String {
    format!("{} ({})", exchange.host, address.ip())
}
