//! Steps 2 and 3: routing by DNS, and delivery to the mail servers over SMTP.

use netvane_document::{Block, Cell, Document, Role};

use super::{
    super::{Data, receiver::Exchange},
    SHOWN_EXCHANGES, facts,
};

/// SMTP extensions that are explained, with their meaning.
const EXTENSIONS: [(&str, &str); 11] = [
    ("STARTTLS", "supports TLS (RFC 3207)"),
    ("SIZE", "maximum message size in bytes (RFC 1870)"),
    ("8BITMIME", "8-bit message bodies (RFC 6152)"),
    ("SMTPUTF8", "UTF-8 in addresses and headers (RFC 6531)"),
    ("PIPELINING", "command pipelining (RFC 2920)"),
    ("CHUNKING", "message transfer in chunks (BDAT, RFC 3030)"),
    ("DSN", "delivery status notifications on request (RFC 3461)"),
    (
        "ENHANCEDSTATUSCODES",
        "machine-readable status codes (RFC 2034)",
    ),
    (
        "REQUIRETLS",
        "delivery over TLS only, on request (RFC 8689)",
    ),
    (
        "LIMITS",
        "declares limits, e.g. recipients per message (RFC 9422)",
    ),
    ("AUTH", "login for its own users (RFC 4954)"),
];

/// Maximum number of addresses shown per mail server.
const SHOWN_ADDRESSES: usize = 2;

/// Step 2: the MX records of the recipient's domain.
pub(super) fn directory(data: &Data, document: &mut Document) {
    let (receiver, name) = (&data.receiver, data.receiver_domain());
    document.heading(format!("2. Routing: DNS names the mail servers of {name}"));
    document.text(
        "The sending server looks up the MX records of the domain after the @ in DNS (RFC 1035): the mail \
         servers that accept its mail (RFC 5321 §5.1).\nIt tries the server with the lowest preference value \
         first and the others if that fails.",
    );

    let record_cell = receiver.exchanges.iter().take(SHOWN_EXCHANGES);

    document.table(
        [">Preference", "Mail server", "Addresses"],
        record_cell.map(row).collect(),
    );

    let more = receiver.exchanges.len().saturating_sub(SHOWN_EXCHANGES);
    if more > 0 {
        document.text(format!("And {more} more."));
    }

    if receiver.implicit {
        document.text(
            "There is no MX record, so senders use the domain's own address (A or AAAA record).",
        );
        document.warn(format!(
            "{name} has no MX record; senders use its A or AAAA record (RFC 5321 §5.1)"
        ));
    }

    if receiver.mx.is_none() && receiver.faults.is_empty() {
        document.field("MX", Cell::aside(data.missing()));
    }

    if let Some(reason) = data.dead_end() {
        let proof = if receiver.null_mx { " (RFC 7505)" } else { "" };
        document.text(format!(
            "Delivery ends here: {reason}{proof}.\nThe server returns the message to the sender with the reason \
             (a bounce, RFC 3464).\nThe steps below show what would happen otherwise."
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

/// Warns of errors in the MX records.
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
            "{} names {} as its mail server, which resolves to {}: not reachable from the internet, not \
             contacted. Fix the MX or its addresses",
            data.receiver_domain(),
            exchange.exchange,
            addresses.join(", ")
        ));
    }
}

/// Step 3: what each mail server answers over SMTP.
pub(super) fn hop(data: &Data, document: &mut Document) {
    let (receiver, name) = (&data.receiver, data.receiver_domain());
    document.heading(format!("3. Delivery: from server to server, to {name}"));
    document.text(
        "The sending server connects to port 25 of the receiving server and speaks SMTP (RFC 5321).\nThe \
         receiving server greets with 220. EHLO asks for its extensions, and STARTTLS switches the connection \
         to TLS (RFC 3207).\nThen MAIL names the sender, RCPT the recipient, and DATA carries the message. This \
         lookup stopped before MAIL.",
    );

    if data.sender.domain == receiver.domain {
        document.text(
            "Both addresses are in the same domain, so its server may deliver the message internally, without \
             this step.",
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

/// Warns if a mail server is unreachable, fails or lacks STARTTLS.
fn warn_of_server(data: &Data, exchange: &Exchange, document: &mut Document) {
    let host = &exchange.exchange;

    match (&exchange.unreachable, &exchange.welcome.fault) {
        (Some(_), _) if data.receiver.port_blocked => {}
        (Some(why), _) => _ = document.warn(format!("Could not connect to {host}: {why}")),
        (None, Some(fault)) => _ = document.warn(format!("{host}: {fault}")),
        (None, None) if exchange.welcome.starttls == Some(false) => {
            document.warn(format!(
                "{host} does not offer STARTTLS: mail to it travels unencrypted"
            ));
        }
        (None, None) => {}
    }
}

/// Explains why no mail server responded, if none did.
fn explain_silence(data: &Data, document: &mut Document) {
    let receiver = &data.receiver;
    let talked = receiver.exchanges.iter().any(Exchange::answers);

    if receiver.port_blocked {
        document.text(
            "Port 25 is blocked from here, as in many networks (to stop spam), so these servers could not be tested.",
        );
    } else if data.is_unresolved() {
        document.text(
            "The addresses of the mail servers could not be looked up. A sending server keeps the message and tries again.",
        );
    } else if !data.in_progress
        && !talked
        && data.dead_end().is_none()
        && receiver.unasked.is_none()
        && receiver.mx.is_some()
    {
        document.text(
            "No mail server responded. Many networks block outgoing connections to port 25, so the cause may be \
             on our side.",
        );
    }

    if let Some(unasked) = &receiver.unasked {
        document.note(format!("Not contacted: {unasked}"));
    }
}

/// Explains the extensions that at least one mail server announces.
fn add_extensions(data: &Data, document: &mut Document) {
    let announced = EXTENSIONS.into_iter().filter(|(keyword, _)| {
        data.receiver.exchanges.iter().any(|exchange| {
            exchange.welcome.announces(keyword)
                || *keyword == "STARTTLS" && exchange.welcome.starttls == Some(true)
        })
    });

    document.table(
        ["Extension", "Meaning"],
        announced
            .map(|(keyword, means)| [Cell::exact(keyword), means.into()])
            .collect(),
    );
}
