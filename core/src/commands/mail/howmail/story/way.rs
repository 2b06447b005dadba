//! The way from server to server: what DNS says, and how the mail servers answer.

use netvane_document::{Block, Cell, Document, Role};

use super::{
    super::{Data, receiver::Exchange},
    SHOWN_EXCHANGES, facts,
};

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

/// Addresses of an exchange that are shown.
const SHOWN_ADDRESSES: usize = 2;

/// Who takes mail for the receiver's domain.
pub(super) fn directory(data: &Data, document: &mut Document) {
    let (receiver, name) = (&data.receiver, data.receiver_domain());
    document.heading(format!(
        "2. Finding the way: DNS names the servers of {name}"
    ));
    document.text(
        "The server asks DNS, the directory of the internet (RFC 1035, port 53), who takes mail for the part after \
         the @: the MX records (RFC 5321 §5.1).\nThe lowest preference is tried first; the others are there \
         for when it fails.",
    );

    let shown = receiver.exchanges.iter().take(SHOWN_EXCHANGES);

    document.table(
        [">Preference", "Mail server", "Addresses"],
        shown.map(row).collect(),
    );

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
        document.field("MX", Cell::aside(data.missing()));
    }

    if let Some(reason) = data.dead_end() {
        let proof = if receiver.null_mx { " (RFC 7505)" } else { "" };
        document.text(format!(
            "Here the way ends: {reason}{proof}.\nThe server sends the message back to the sender with the \
             reason, a bounce (RFC 3464).\nWhat follows is how it would have gone on."
        ));
    }

    warn_of_faults(data, document);
}

fn row(exchange: &Exchange) -> [Cell; 3] {
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
}

/// What is wrong with the MX records.
fn warn_of_faults(data: &Data, document: &mut Document) {
    let receiver = &data.receiver;

    for fault in receiver.faults.iter().take(SHOWN_EXCHANGES) {
        document.warn(fault);
    }

    for exchange in receiver
        .exchanges
        .iter()
        .filter(|exchange| exchange.inward)
        .take(SHOWN_EXCHANGES)
    {
        let addresses: Vec<String> = exchange.addresses.iter().map(ToString::to_string).collect();
        document.warn(format!(
            "{} names {} as its mail server, which leads to {}: nobody outside can reach that, so the domain \
             is broken, and it was not connected to",
            data.receiver_domain(),
            exchange.exchange,
            addresses.join(", ")
        ));
    }
}

/// How the mail servers answer.
pub(super) fn hop(data: &Data, document: &mut Document) {
    let (receiver, name) = (&data.receiver, data.receiver_domain());
    document.heading(format!("3. The hop: from server to server, to {name}"));
    document.text(
        "The sender's server connects to port 25 and both speak SMTP (RFC 5321).\nThe other side greets \
         with 220; EHLO asks what it can do; STARTTLS encrypts the rest (RFC 3207).\nThen MAIL names the \
         sender, RCPT the receiver, and DATA carries the message. We stopped before MAIL.",
    );

    if data.sender.domain == receiver.domain {
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
        if !exchange.inward {
            warn_of_server(data, exchange, document);
        }
    }

    explain_silence(data, document);
    add_extensions(data, document);
}

/// What is wrong with one mail server.
fn warn_of_server(data: &Data, exchange: &Exchange, document: &mut Document) {
    let host = &exchange.exchange;

    match (&exchange.unreachable, &exchange.welcome.fault) {
        (Some(_), _) if data.receiver.port_blocked => {}
        (Some(why), _) => _ = document.warn(format!("{host} is not reached from here: {why}")),
        (None, Some(fault)) => _ = document.warn(format!("{host}: {fault}")),
        (None, None) if exchange.welcome.starttls == Some(false) => {
            document.warn(format!(
                "{host} offers no STARTTLS: mail to it can be read on the way"
            ));
        }
        (None, None) => {}
    }
}

/// Why there is nothing to tell of the mail servers, where that is so.
fn explain_silence(data: &Data, document: &mut Document) {
    let receiver = &data.receiver;
    let talked = receiver.exchanges.iter().any(Exchange::answers);

    if receiver.port_blocked {
        document.text(
            "Port 25 is blocked from here, as in many networks (against spam), so nothing can be said about \
             how these servers answer others.",
        );
    } else if data.finished
        && !talked
        && data.dead_end().is_none()
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
}

/// What the mail servers announced, explained.
fn add_extensions(data: &Data, document: &mut Document) {
    let announced = EXTENSIONS.into_iter().filter(|(keyword, _)| {
        data.receiver.exchanges.iter().any(|exchange| {
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
