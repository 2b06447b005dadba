//! The path of a message, as stations for the diagram.

use netvane_document::{Severity, Station};
use netvane_facts::target::both_forms;
use netvane_net::{smtp::EhloInfo, tcp::PortState};

use super::{Data, receiver::Exchange, services::Services};
use crate::mailbox_check::provider::Role;

/// Stations from the sender's mail program to the recipient's, or to where delivery fails.
pub(super) fn stations(data: &Data) -> Vec<Station> {
    let sender = &data.sender;
    let submission = sender.submission.as_ref().and_then(Services::best);
    let submitted_to = match submission {
        Some(service) => service.host.clone(),
        None => both_forms(&sender.domain),
    };
    let mut stations = vec![
        station(
            "The sender's mail program",
            &data.from,
            "",
            Severity::Neutral,
        ),
        station(
            "The sender's mail server",
            &submitted_to,
            &way(
                sender.submission.as_ref(),
                "SMTP submission, port 465 or 587, TLS",
            ),
            openness(sender.submission.as_ref()),
        ),
    ];

    if let Some(reason) = data.dead_end() {
        let bad = Severity::Bad;
        stations.push(station("Undeliverable", &reason, "DNS MX lookup", bad));
        return stations;
    }

    stations.extend(delivery(data));

    stations
}

/// Stations on the recipient's side, if its domain accepts mail.
fn delivery(data: &Data) -> [Station; 3] {
    let receiver = &data.receiver;
    let exchange = receiver
        .exchanges
        .iter()
        .find(|exchange| exchange.answers());
    let exchange = exchange.or(receiver.exchanges.first());
    let exchange_name =
        exchange.map_or_else(|| both_forms(&receiver.domain), |it| it.exchange.clone());

    let kept_by = match &receiver.provider {
        Some(provider) if provider.role == Role::Mailboxes => provider.name.clone(),
        _ => both_forms(&receiver.domain),
    };
    let access = way(
        data.access.as_ref(),
        "IMAP, port 993, or POP3, port 995, TLS",
    );

    [
        station(
            "The recipient's mail server",
            &exchange_name,
            &hop(exchange),
            exchange.map_or(Severity::Neutral, |it| {
                exchange_severity(it, receiver.port_blocked)
            }),
        ),
        station(
            "The mailbox",
            &kept_by,
            "filtering, then local delivery, often LMTP",
            Severity::Neutral,
        ),
        station(
            "The recipient's mail program",
            &data.to,
            &access,
            openness(data.access.as_ref()),
        ),
    ]
}

fn station(title: &str, name: &str, via: &str, severity: Severity) -> Station {
    Station {
        title: title.into(),
        name: name.into(),
        via: via.into(),
        severity,
    }
}

/// Good if the server that a mail program would use is open; anything else may be on our side.
fn openness(services: Option<&Services>) -> Severity {
    match services.and_then(Services::best) {
        Some(service) if service.state == Some(PortState::Open) => Severity::Good,
        _ => Severity::Neutral,
    }
}

/// Good with TLS; a warning without it, after an error or without a connection, unless port 25 is blocked here.
fn exchange_severity(exchange: &Exchange, port_blocked: bool) -> Severity {
    let welcome = &exchange.welcome;
    match (&exchange.unreachable, &welcome.fault) {
        (Some(_), _) if port_blocked => Severity::Neutral,
        (Some(_), _) | (None, Some(_)) => Severity::Warning,
        (None, None) if welcome.starttls == Some(false) => Severity::Warning,
        (None, None) => match &welcome.tls {
            Some(tls) if tls.fault.is_some() => Severity::Warning,
            Some(_) => Severity::Good,
            None => Severity::Neutral,
        },
    }
}

fn way(services: Option<&Services>, usual: &str) -> String {
    match services.and_then(Services::best) {
        Some(service) => {
            format!(
                "{}, port {}, {}",
                service.protocol.name(),
                service.port,
                service.protocol.encryption()
            )
        }
        None => usual.to_owned(),
    }
}

fn hop(exchange: Option<&Exchange>) -> String {
    let encryption = match exchange {
        Some(Exchange {
            welcome: EhloInfo { tls: Some(tls), .. },
            ..
        }) => format!(", {}", tls.version),
        Some(exchange) if exchange.welcome.starttls == Some(false) => ", not encrypted".into(),
        Some(Exchange {
            unreachable: Some(_),
            ..
        }) => "; could not connect".into(),
        _ => String::new(),
    };
    format!("SMTP, port 25{encryption}")
}

#[cfg(test)]
pub(crate) mod tests;
