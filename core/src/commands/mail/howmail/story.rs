//! Renders the explanation step by step: a few sentences each, followed by the facts.

use netvane_document::{Block, Cell, Document, Severity};
use netvane_facts::target::both_forms;

use super::Data;
use crate::{commands::dns::lookup::Outcome, mailbox_check::provider};

mod facts;
#[cfg(test)]
mod tests;
mod trust;
mod way;

/// Maximum number of mail servers shown; the data contains all of them.
pub(super) const SHOWN_EXCHANGES: usize = 10;

/// Renders the whole explanation.
pub(super) fn render(data: &Data) -> Document {
    let (summary, severity) = data.summary();
    let title = format!("How mail gets from {} to {}", data.from, data.to);
    let mut document = Document::new(title, summary, severity);

    document.text(
        "Mail travels like a letter: you hand it to your provider, which finds the recipient's server, where it \
         waits to be read.\nThe servers below were looked up and contacted just now; no mail was sent.",
    );

    if data.example {
        document.text(
            "Where no address was given, an example at a well-known provider is used; alice and bob are \
             placeholders.",
        );
    }

    document.block(Block::Path {
        stations: data.path.clone(),
    });
    data.submission(&mut document);
    way::directory(data, &mut document);
    way::hop(data, &mut document);
    trust::sender(data, &mut document);
    trust::encryption(data, &mut document);
    data.store(&mut document);
    data.reading(&mut document);

    document
}

impl Data {
    fn sender_domain(&self) -> String {
        both_forms(&self.sender.domain)
    }

    fn receiver_domain(&self) -> String {
        both_forms(&self.receiver.domain)
    }

    /// Placeholder for a missing fact.
    fn missing(&self) -> &'static str {
        if self.in_progress {
            "lookup in progress"
        } else {
            "lookup failed or timed out"
        }
    }

    /// Reason why mail for the recipient's domain is certain to bounce, if it is.
    pub(super) fn dead_end(&self) -> Option<String> {
        let receiver = &self.receiver;
        let name = self.receiver_domain();
        match receiver.mx? {
            Outcome::Nxdomain => Some(format!("{name} does not exist")),
            _ if receiver.null_mx => Some(format!("{name} does not accept mail (null MX)")),
            Outcome::NoData if receiver.exchanges.is_empty() => {
                Some(format!("{name} has no mail server"))
            }
            Outcome::Answer if receiver.exchanges.iter().all(|exchange| exchange.inward) => {
                Some(format!("{name}'s mail servers have no public address"))
            }
            Outcome::Answer | Outcome::NoData
                if !self.in_progress
                    && receiver
                        .exchanges
                        .iter()
                        .all(|exchange| exchange.addresses.is_empty() && !exchange.unresolved) =>
            {
                Some(format!("no mail server of {name} has an address"))
            }
            _ => None,
        }
    }

    fn summary(&self) -> (String, Severity) {
        let receiver = &self.receiver;
        let name = self.receiver_domain();

        if self.in_progress {
            return (
                format!(
                    "Querying the servers of {} and {name}",
                    self.sender_domain()
                ),
                Severity::Neutral,
            );
        }

        if let Some(reason) = self.dead_end() {
            let severity = if receiver.null_mx {
                Severity::Neutral
            } else {
                Severity::Bad
            };
            return (format!("This mail would bounce: {reason}"), severity);
        }

        match self.answering() {
            Some(answering) => (format!("{name} accepts mail: {answering}"), Severity::Good),
            None => (
                format!("The mail servers of {name} {}", self.silence()),
                Severity::Warning,
            ),
        }
    }

    /// Says how many mail servers respond, and whether over TLS; `None` if none responds.
    fn answering(&self) -> Option<String> {
        let exchanges = &self.receiver.exchanges;
        let answering: Vec<_> = exchanges.iter().filter(|it| it.answers()).collect();
        let asked = exchanges
            .iter()
            .filter(|it| it.answers() || it.unreachable.is_some())
            .count();
        let encrypted = answering
            .iter()
            .filter(|exchange| exchange.welcome.tls.is_some())
            .count();

        let encryption = match encrypted {
            0 => "without TLS",
            some if some == answering.len() => "with TLS",
            _ => "some without TLS",
        };

        let servers = match (answering.len(), asked) {
            (0, _) => return None,
            (1, 1) => "the mail server responds".to_owned(),
            (some, all) if some == all => format!("all {all} contacted mail servers respond"),
            (some, all) => format!("{some} of {all} contacted mail servers respond"),
        };

        Some(format!("{servers}, {encryption}"))
    }

    /// Whether no mail server has an address, and the lookup of one failed.
    pub(super) fn is_unresolved(&self) -> bool {
        let exchanges = &self.receiver.exchanges;
        exchanges.iter().any(|exchange| exchange.unresolved)
            && exchanges
                .iter()
                .all(|exchange| exchange.addresses.is_empty())
    }

    /// Reason why no mail server responded.
    fn silence(&self) -> &'static str {
        let receiver = &self.receiver;

        match (&receiver.mx, &receiver.unasked) {
            (Some(Outcome::Answer | Outcome::NoData), Some(_)) => {
                "were not contacted: hourly limit for this domain reached"
            }
            (Some(Outcome::Answer | Outcome::NoData), None) if receiver.port_blocked => {
                "could not be contacted: port 25 is blocked from here"
            }
            (Some(Outcome::Answer | Outcome::NoData), None) if self.is_unresolved() => {
                "could not be resolved; this can be temporary"
            }
            (Some(Outcome::Answer | Outcome::NoData), None) => "do not respond",
            _ => "could not be looked up",
        }
    }

    fn submission(&self, document: &mut Document) {
        let name = self.sender_domain();
        document.heading(format!(
            "1. Submission: from the mail program to the mail server of {name}"
        ));
        document.text(
            "A message is text: headers such as From, To and Subject, and a body (RFC 5322, MIME in RFC \
             2045).\nYour mail program logs in to your provider's server (RFC 4954) and submits the message \
             (RFC 6409).\nIt uses SMTP on port 465 with TLS from the start (RFC 8314), or on port 587, where \
             STARTTLS switches the connection to TLS (RFC 8446).\nThe server usually signs the message for the \
             domain (DKIM, step 4). If delivery fails, it retries for several days.",
        );
        facts::services(self, self.sender.submission.as_ref(), &name, document);
    }

    fn store(&self, document: &mut Document) {
        let name = self.receiver_domain();
        document.heading("6. Filtering and storage: into the mailbox");
        document.text(
            "The receiving server filters the message (spam, viruses, the user's Sieve rules, RFC 5228) and \
             passes it to the mail store, often over LMTP (RFC 2033).\nIt adds a `Received` header at the top, \
             as every server on the way does, and the results of step 4 (`Authentication-Results`, RFC 8601).",
        );

        let (Some(provider), None) = (&self.receiver.provider, self.dead_end()) else {
            return;
        };
        let who = match provider.role {
            provider::Role::Mailboxes => format!("Probably hosted by {}", provider.name),
            provider::Role::Gateway => {
                format!(
                    "{} filters the mail; the mail store behind it is not visible",
                    provider.name
                )
            }
            provider::Role::Forwarder => {
                format!(
                    "{} forwards the mail; the destination is not visible",
                    provider.name
                )
            }
            provider::Role::Own => format!("Received by the servers of {name}"),
            provider::Role::Unknown => format!("Received by {}", provider.name),
        };

        document.field("Store", who);
        document.field(
            "Evidence",
            Cell::aside(format!("{} (inferred, not verified)", provider.evidence)),
        );
    }

    fn reading(&self, document: &mut Document) {
        document.heading("7. Reading: from the mailbox to the recipient's mail program");
        document.text(
            "IMAP (RFC 9051, formerly RFC 3501) keeps mail on the server, so all devices see the same \
             mailbox.\nPOP3 (RFC 1939) downloads it, usually to one device. JMAP (RFC 8620, RFC 8621) serves \
             the same purpose as IMAP, over HTTPS.\nIMAP on port 993 and POP3 on port 995 use TLS from the \
             start. On ports 143 and 110, STARTTLS or STLS switches the connection to TLS.",
        );
        facts::services(
            self,
            self.access.as_ref(),
            &self.receiver_domain(),
            document,
        );
    }
}
