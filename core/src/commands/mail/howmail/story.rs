//! The story: one step after the other, each in a few plain sentences with the facts below.

use super::{Data, receiver::Exchange};
use crate::{commands::dns::lookup::Outcome, mailbox_check::provider};
use netvane_document::{Block, Cell, Document, Role, Severity};
use netvane_facts::target::both_forms;

mod facts;
mod trust;

/// What a mail server may announce, and what it means.
const EXTENSIONS: [(&str, &str); 11] = [
    ("STARTTLS", "can encrypt the rest of the talk (RFC 3207)"),
    ("SIZE", "the largest message it takes, in bytes (RFC 1870)"),
    (
        "8BITMIME",
        "takes letters beyond ASCII in the text (RFC 6152)",
    ),
    ("SMTPUTF8", "takes them in addresses as well (RFC 6531)"),
    (
        "PIPELINING",
        "several commands may travel together (RFC 2920)",
    ),
    ("CHUNKING", "takes the message in counted pieces (RFC 3030)"),
    ("DSN", "reports on delivery as the sender wishes (RFC 3461)"),
    ("ENHANCEDSTATUSCODES", "gives reasons by number (RFC 2034)"),
    (
        "REQUIRETLS",
        "can promise encryption all the way (RFC 8689)",
    ),
    ("LIMITS", "says how much it takes at once (RFC 9422)"),
    ("AUTH", "lets its own users log in (RFC 4954)"),
];

/// Exchanges that are shown; the data has them all.
pub(super) const SHOWN_EXCHANGES: usize = 10;
/// Addresses of an exchange that are shown.
const SHOWN_ADDRESSES: usize = 2;
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
    data.directory(&mut document);
    data.hop(&mut document);
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

        let asked = receiver
            .exchanges
            .iter()
            .filter(|it| it.answers() || it.unreachable.is_some())
            .count();

        let answering: Vec<_> = receiver
            .exchanges
            .iter()
            .filter(|exchange| exchange.answers())
            .collect();

        let encrypted = answering
            .iter()
            .filter(|exchange| exchange.welcome.tls.is_some())
            .count();

        if !answering.is_empty() {
            let encrypted = match encrypted {
                0 => "without encryption",
                some if some == answering.len() => "with encryption",
                _ => "not all of them with encryption",
            };
            let servers = match (answering.len(), asked.max(answering.len())) {
                (1, 1) => "the mail server answers".to_owned(),
                (some, all) if some == all => format!("all {all} mail servers asked answer"),
                (some, all) => format!("{some} of {all} mail servers asked answer"),
            };
            return (
                format!("{name} takes mail: {servers}, {encrypted}"),
                Severity::Good,
            );
        }

        let why = match (&receiver.mx, &receiver.unasked) {
            (None, _) => "could not be looked up just now",
            (Some(Outcome::Answer | Outcome::NoData), Some(_)) => {
                "have been asked often enough for now"
            }
            (Some(Outcome::Answer | Outcome::NoData), None) if receiver.port_blocked => {
                "could only be looked up: port 25 is blocked from here"
            }
            (Some(Outcome::Answer | Outcome::NoData), None) => "do not answer us just now",
            _ => "could not be looked up just now",
        };

        (
            format!("The story is the same, but the mail servers of {name} {why}"),
            Severity::Warning,
        )
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

    fn directory(&self, document: &mut Document) {
        let (receiver, name) = (&self.receiver, self.receiver_domain());
        document.heading(format!(
            "2. Finding the way: DNS names the servers of {name}"
        ));
        document.text(
            "The server asks DNS, the directory of the internet (RFC 1035, port 53), who takes mail for the part after \
             the @: the MX records (RFC 5321 §5.1).\nThe lowest preference is tried first; the others are there \
             for when it fails.",
        );

        let rows = receiver
            .exchanges
            .iter()
            .take(SHOWN_EXCHANGES)
            .map(|exchange| {
                let mut addresses: Vec<String> = exchange
                    .addresses
                    .iter()
                    .take(SHOWN_ADDRESSES)
                    .map(ToString::to_string)
                    .collect();

                let more = exchange.addresses.len().saturating_sub(SHOWN_ADDRESSES);
                if more > 0 {
                    addresses.push(format!("and {more} more"));
                }

                let addresses = if addresses.is_empty() {
                    Cell::new("none", Role::Bad)
                } else {
                    Cell::new(addresses.join("\n"), Role::Address)
                };

                [
                    exchange.preference.into(),
                    Cell::domain(&exchange.exchange),
                    addresses,
                ]
            });

        document.table([">Preference", "Mail server", "Addresses"], rows.collect());
        let more = receiver.exchanges.len().saturating_sub(SHOWN_EXCHANGES);
        if more > 0 {
            document.text(format!("And {more} more."));
        }

        if receiver.implicit {
            document.text("There is no MX record, so mail goes to the domain's own address.");
            document.warn(format!(
                "{name} has no MX record; mail goes to its own address (RFC 5321 §5.1)"
            ));
        }

        if receiver.mx.is_none() && receiver.faults.is_empty() {
            document.field("MX", Cell::aside(self.missing()));
        }

        if let Some(reason) = self.dead_end() {
            let proof = if receiver.null_mx { " (RFC 7505)" } else { "" };
            document.text(format!(
                "Here the way ends: {reason}{proof}.\nThe server sends the message back to the sender with the \
                 reason, a bounce (RFC 3464).\nWhat follows is how it would have gone on."
            ));
        }

        receiver
            .faults
            .iter()
            .take(SHOWN_EXCHANGES)
            .for_each(|fault| _ = document.warn(fault));

        for exchange in receiver
            .exchanges
            .iter()
            .filter(|exchange| exchange.inward)
            .take(SHOWN_EXCHANGES)
        {
            let addresses: Vec<String> =
                exchange.addresses.iter().map(ToString::to_string).collect();
            document.warn(format!(
                "{} names {} as its mail server, which leads to {}: nobody outside can reach that, so the domain \
                 is broken, and it was not connected to",
                name,
                exchange.exchange,
                addresses.join(", ")
            ));
        }
    }

    fn hop(&self, document: &mut Document) {
        let (receiver, name) = (&self.receiver, self.receiver_domain());
        document.heading(format!("3. The hop: from server to server, to {name}"));
        document.text(
            "The sender's server connects to port 25 and both speak SMTP (RFC 5321).\nThe other side greets \
             with 220; EHLO asks what it can do; STARTTLS encrypts the rest (RFC 3207).\nThen MAIL names the \
             sender, RCPT the receiver, and DATA carries the message. We stopped before MAIL.",
        );

        if self.sender.domain == receiver.domain {
            document.text(
                "Both addresses are of one domain: its own server may hand the message over inside, without \
                 this hop.",
            );
        }

        for exchange in receiver
            .exchanges
            .iter()
            .filter(|it| it.answers() || it.welcome.fault.is_some() || it.unreachable.is_some())
            .take(SHOWN_EXCHANGES)
        {
            document.block(Block::Fields {
                fields: facts::fields(exchange),
            });
            if exchange.inward {
                continue;
            }

            let host = &exchange.exchange;

            match (&exchange.unreachable, &exchange.welcome.fault) {
                (Some(_), _) if receiver.port_blocked => {}
                (Some(why), _) => {
                    _ = document.warn(format!("{host} is not reached from here: {why}"))
                }
                (None, Some(fault)) => _ = document.warn(format!("{host}: {fault}")),
                (None, None) if exchange.welcome.starttls == Some(false) => {
                    document.warn(format!(
                        "{host} offers no STARTTLS: mail to it can be read on the way"
                    ));
                }
                (None, None) => {}
            }
        }

        let talked = receiver.exchanges.iter().any(Exchange::answers);

        if receiver.port_blocked {
            document.text(
                "Port 25 is blocked from here, as in many networks (against spam), so nothing can be said about \
                 how these servers answer others.",
            );
        } else if self.finished
            && !talked
            && self.dead_end().is_none()
            && receiver.unasked.is_none()
            && receiver.mx.is_some()
        {
            document.text(
                "None of them answers us. Many networks let nobody out to port 25, so that may be our side.",
            );
        }

        if let Some(unasked) = &receiver.unasked {
            document.note(format!("Not connected to: {unasked}"));
        }

        let announced = EXTENSIONS.into_iter().filter(|(keyword, _)| {
            receiver.exchanges.iter().any(|exchange| {
                exchange.welcome.announces(keyword)
                    || *keyword == "STARTTLS" && exchange.welcome.starttls == Some(true)
            })
        });

        document.table(
            ["Announced", "Means"],
            announced
                .map(|(keyword, means)| [Cell::exact(keyword), means.into()])
                .collect(),
        );
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
