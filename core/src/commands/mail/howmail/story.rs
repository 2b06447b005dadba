//! The story: one step after the other, each in a few plain sentences with the facts below.

use netvane_document::{Block, Cell, Document, Severity};
use netvane_facts::target::both_forms;

use super::Data;
use crate::{commands::dns::lookup::Outcome, mailbox_check::provider};

mod facts;
#[cfg(test)]
mod tests;
mod trust;
mod way;

/// Exchanges that are shown; the data has them all.
pub(super) const SHOWN_EXCHANGES: usize = 10;

/// The whole story.
pub(super) fn tell(data: &Data) -> Document {
    let (summary, severity) = data.summary();
    let title = format!("How mail gets from {} to {}", data.from, data.to);
    let mut document = Document::new(title, summary, severity);

    document.text(
        "A message is handed on like a letter: you give it to your own post office, that one finds the \
         receiver's, and there it waits until it is read.\nThe servers below were looked up and greeted just \
         now; no mail was sent.",
    );

    if data.example {
        document.text(
            "Where no address was given, a well-known provider is the example; alice and bob stand for anybody.",
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

    /// In place of a fact that is not there.
    fn missing(&self) -> &'static str {
        if self.finished {
            "could not be found out in time"
        } else {
            "being looked up"
        }
    }

    /// Why mail for the receiver's domain gets nowhere, if that is certain.
    pub(super) fn dead_end(&self) -> Option<String> {
        let receiver = &self.receiver;
        let name = self.receiver_domain();
        match receiver.mx? {
            Outcome::Nxdomain => Some(format!("{name} does not exist")),
            _ if receiver.null_mx => Some(format!("{name} takes no mail (null MX)")),
            Outcome::NoData if receiver.exchanges.is_empty() => {
                Some(format!("{name} has no mail server"))
            }
            Outcome::Answer if receiver.exchanges.iter().all(|exchange| exchange.inward) => {
                Some(format!("{name}'s mail servers are out of reach"))
            }
            Outcome::Answer | Outcome::NoData
                if self.finished
                    && receiver
                        .exchanges
                        .iter()
                        .all(|exchange| exchange.addresses.is_empty()) =>
            {
                Some(format!("no mail server of {name} has an address"))
            }
            _ => None,
        }
    }

    fn summary(&self) -> (String, Severity) {
        let receiver = &self.receiver;
        let name = self.receiver_domain();

        if !self.finished {
            return (
                format!("Asking the servers of {} and {name}", self.sender_domain()),
                Severity::Neutral,
            );
        }

        if let Some(reason) = self.dead_end() {
            let severity = if receiver.null_mx {
                Severity::Neutral
            } else {
                Severity::Bad
            };
            return (format!("This mail would come back: {reason}"), severity);
        }

        match self.answering() {
            Some(answering) => (format!("{name} takes mail: {answering}"), Severity::Good),
            None => (
                format!(
                    "The story is the same, but the mail servers of {name} {}",
                    self.silence()
                ),
                Severity::Warning,
            ),
        }
    }

    /// How many of the mail servers answer, and whether encrypted; `None` where none does.
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
            0 => "without encryption",
            some if some == answering.len() => "with encryption",
            _ => "not all of them with encryption",
        };

        let servers = match (answering.len(), asked) {
            (0, _) => return None,
            (1, 1) => "the mail server answers".to_owned(),
            (some, all) if some == all => format!("all {all} mail servers asked answer"),
            (some, all) => format!("{some} of {all} mail servers asked answer"),
        };

        Some(format!("{servers}, {encryption}"))
    }

    /// Why nothing is heard of the mail servers.
    fn silence(&self) -> &'static str {
        let receiver = &self.receiver;

        match (&receiver.mx, &receiver.unasked) {
            (Some(Outcome::Answer | Outcome::NoData), Some(_)) => {
                "have been asked often enough for now"
            }
            (Some(Outcome::Answer | Outcome::NoData), None) if receiver.port_blocked => {
                "could only be looked up: port 25 is blocked from here"
            }
            (Some(Outcome::Answer | Outcome::NoData), None) => "do not answer us just now",
            _ => "could not be looked up just now",
        }
    }

    fn submission(&self, document: &mut Document) {
        let name = self.sender_domain();
        document.heading(format!(
            "1. Sending: from the mail program to the server of {name}"
        ));
        document.text(
            "A message is text: a head with From, To and Subject, and a body (RFC 5322, MIME in RFC 2045).\nYour mail \
             program hands it to your provider's server and logs in there (RFC 4954). This is submission (RFC \
             6409):\nSMTP on port 465, encrypted from the first byte (RFC 8314), or on port 587, where the command \
             STARTTLS begins the encryption (TLS, RFC 8446).\nThe server as a rule signs the message for the domain \
             (DKIM, step 4) and tries for days, if need be, until it is delivered.",
        );
        facts::services(self, self.sender.submission.as_ref(), &name, document);
    }

    fn store(&self, document: &mut Document) {
        let name = self.receiver_domain();
        document.heading("6. Arriving: into the mailbox");
        document.text(
            "The server filters (spam, viruses, the owner's own Sieve rules, RFC 5228) and hands the message \
             to the store, often by LMTP (RFC 2033).\nIt adds a `Received` line on top, as every server on \
             the way did, and the verdicts of step 4. There the message waits.",
        );

        let (Some(provider), None) = (&self.receiver.provider, self.dead_end()) else {
            return;
        };
        let who = match provider.role {
            provider::Role::Mailboxes => format!("Probably kept by {}", provider.name),
            provider::Role::Gateway => {
                format!(
                    "{} filters; the store behind it is not visible",
                    provider.name
                )
            }
            provider::Role::Forwarder => {
                format!("{} hands it on; where to is not visible", provider.name)
            }
            provider::Role::Own => format!("Taken in under {name}'s own name"),
            provider::Role::Unknown => format!("Taken in by {}", provider.name),
        };

        document.field("Store", who);
        document.field(
            "Told from",
            Cell::aside(format!("{}; a guess, not a fact", provider.evidence)),
        );
    }

    fn reading(&self, document: &mut Document) {
        document.heading("7. Reading: from the mailbox to the reader's program");
        document.text(
            "IMAP (RFC 9051, older: RFC 3501) leaves mail on the server, so that all devices see the same.\nPOP3 \
             (RFC 1939) fetches it, as a rule to one device. JMAP (RFC 8620, RFC 8621) does what IMAP does, over \
             HTTPS.\nEncrypted from the first byte: IMAP 993, POP3 995. On 143 and 110 encryption begins with \
             STARTTLS or STLS.",
        );
        facts::services(
            self,
            self.access.as_ref(),
            &self.receiver_domain(),
            document,
        );
    }
}
