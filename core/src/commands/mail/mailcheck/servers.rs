//! Sections about the mail servers: MX, STARTTLS with certificates, and DANE.

use netvane_document::Severity;
use serde_json::json;

use super::section::Checked;
use crate::commands::{
    dns::{
        lookup::{Outcome, count},
        mx,
    },
    mail::{
        howmail::receiver::{Exchange, Receiver},
        problem::{Code, Problems},
    },
};

/// The mail servers of the domain.
pub(super) fn mx(found: &mx::Data) -> Checked {
    let document = found.head();
    let mut problems = Problems::default();

    match found.lookup.outcome {
        Outcome::Answer | Outcome::NoData | Outcome::Nxdomain => {}
        _ => return Checked::unknown(document.summary).with(found),
    }
    if found.lookup.outcome == Outcome::Nxdomain {
        problems.error(
            Code::NoMailServer,
            document.summary.clone(),
            "Check the spelling of the domain",
        );
    } else if document.severity == Severity::Bad {
        problems.error(
            Code::NoMailServer,
            document.summary.clone(),
            "Publish an MX record whose name has a public address; a domain without mail needs a null MX (`MX 0 .`, RFC 7505)",
        );
    } else if found.implicit {
        problems.warning(
            Code::ImplicitMx,
            document.summary.clone(),
            "Publish an MX record, or a null MX (`MX 0 .`, RFC 7505) if the domain receives no mail",
        );
    }
    for warning in found.hosts.iter().filter_map(mx::Exchange::warning) {
        problems.warning(
            Code::BrokenMx,
            warning,
            "Correct the MX record or the name that it points to",
        );
    }
    Checked::new(document.summary, problems.worst_first(), true).with(found)
}

/// STARTTLS and the certificate of each mail server that was contacted.
pub(super) fn starttls(receiver: &Receiver) -> Checked {
    if receiver.null_mx || receiver.exchanges.is_empty() {
        return Checked::new("No mail server to connect to", Vec::new(), false);
    }
    if receiver.exchanges.iter().all(|exchange| exchange.inward) {
        return Checked::new(
            "No mail server can be reached from the Internet",
            Vec::new(),
            false,
        );
    }
    if let Some(why) = &receiver.unasked {
        return Checked::unknown(why.clone());
    }
    if receiver.port_blocked {
        return Checked::unknown(
            "Port 25 seems to be blocked from here, so no mail server was contacted",
        );
    }

    // Those with private addresses only are in the section about MX.
    let contacted: Vec<&Exchange> = receiver
        .exchanges
        .iter()
        .filter(|exchange| !exchange.inward)
        .filter(|exchange| {
            exchange.answers() || exchange.unreachable.is_some() || exchange.welcome.fault.is_some()
        })
        .collect();
    let encrypted = contacted
        .iter()
        .filter(|exchange| exchange.welcome.tls.is_some())
        .count();
    let is_reachable = contacted.iter().any(|exchange| exchange.answers());

    let mut problems = Problems::default();
    for exchange in &contacted {
        check_server(&mut problems, exchange, is_reachable);
    }
    if contacted.is_empty() {
        return Checked::unknown("No mail server was contacted");
    }
    let summary = format!(
        "{encrypted} of {} with TLS",
        count(contacted.len(), "mail server", "mail servers")
    );
    let data = json!({ "servers": contacted });
    Checked::new(summary, problems.worst_first(), true).with(&data)
}

fn check_server(problems: &mut Problems, exchange: &Exchange, is_reachable: bool) {
    let host = &exchange.exchange;
    let welcome = &exchange.welcome;
    let fault = welcome.fault.as_deref();

    if let Some(why) = &exchange.unreachable {
        let text = format!("{host} cannot be reached on port 25: {why}");
        let fix = "Check that the server runs and that no firewall blocks port 25";
        return if is_reachable {
            problems.warning(Code::Unreachable, text, fix);
        } else {
            problems.error(Code::Unreachable, text, fix);
        };
    }
    match (welcome.starttls, &welcome.tls) {
        (_, Some(tls)) if tls.trusted == Some(false) => problems.warning(
            Code::InvalidCertificate,
            format!(
                "The certificate of {host} is not valid: {}",
                tls.fault.as_deref().unwrap_or("unknown reason")
            ),
            format!("Install a certificate for {host} that a public authority signed"),
        ),
        (_, Some(_)) => {}
        (Some(false), None) => problems.error(
            Code::NoStarttls,
            format!("{host} does not offer STARTTLS, so mail to it can be read on the way"),
            "Enable TLS on the mail server",
        ),
        (Some(true), None) => problems.error(
            Code::NoStarttls,
            format!("STARTTLS of {host} fails: {}", fault.unwrap_or("no TLS")),
            "Check the TLS settings and the certificate of the mail server",
        ),
        (None, None) => problems.warning(
            Code::Unreachable,
            format!(
                "{host} did not answer as a mail server: {}",
                fault.unwrap_or("no greeting")
            ),
            "Check the mail server, and whether it rejects unknown clients",
        ),
    }
}

/// TLSA records of the mail servers. They are not compared with the certificates.
pub(super) fn dane(receiver: &Receiver) -> Checked {
    let known: Vec<(&str, bool, bool)> = receiver
        .exchanges
        .iter()
        .filter_map(|exchange| {
            let dane = exchange.dane.as_ref()?;
            Some((
                exchange.exchange.as_str(),
                !dane.records.is_empty(),
                dane.authenticated,
            ))
        })
        .collect();
    if known.is_empty() {
        return if receiver.exchanges.is_empty() {
            Checked::new("No mail server", Vec::new(), false)
        } else {
            Checked::unknown("TLSA records could not be looked up")
        };
    }

    let with: Vec<_> = known
        .iter()
        .filter(|(_, has_records, _)| *has_records)
        .collect();
    let mut problems = Problems::default();
    for (host, ..) in with.iter().filter(|(.., is_signed)| !is_signed) {
        problems.warning(
            Code::DaneWithoutDnssec,
            format!(
                "The TLSA records of {host} are not validated with DNSSEC, so senders ignore them"
            ),
            "Sign the zone, and use a resolver that validates",
        );
    }
    if !with.is_empty() && with.len() < known.len() {
        let without = known.iter().filter(|(_, has_records, _)| !has_records);
        let names: Vec<&str> = without.map(|(host, ..)| *host).collect();
        problems.warning(
            Code::IncompleteDane,
            format!(
                "{} no TLSA records, so mail to {} is not protected",
                has(&names),
                them(&names)
            ),
            "Publish TLSA records for all mail servers",
        );
    }
    let summary = match with.len() {
        0 => "Not published".to_owned(),
        some => format!(
            "TLSA records for {some} of {}",
            count(known.len(), "mail server", "mail servers")
        ),
    };
    Checked::new(summary, problems.worst_first(), !with.is_empty()).with(&records(receiver))
}

/// The TLSA records of each mail server.
fn records(receiver: &Receiver) -> serde_json::Value {
    let servers: Vec<_> = receiver
        .exchanges
        .iter()
        .filter_map(|exchange| {
            let dane = exchange.dane.as_ref()?;
            Some(json!({
                "exchange": exchange.exchange,
                "records": dane.records,
                "authenticated": dane.authenticated,
            }))
        })
        .collect();
    json!({ "servers": servers })
}

fn has(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "has" } else { "have" };
    format!("{} {verb}", names.join(", "))
}

fn them(names: &[&str]) -> &'static str {
    if names.len() == 1 { "it" } else { "them" }
}
