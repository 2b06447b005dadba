//! Sections about the mail servers: MX, and STARTTLS with certificates.

use netvane_document::Severity;
use serde_json::json;

use super::{certificates::Server, section::Checked};
use crate::commands::{
    dns::{
        lookup::{Outcome, count},
        mx,
    },
    mail::{
        howmail::receiver::Receiver,
        problem::{Code, Problems},
    },
    reach::tls::problems::{CheckProblem, Weight},
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
pub(super) fn starttls(receiver: &Receiver, servers: &[Server]) -> Checked {
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
    let contacted: Vec<&Server> = servers
        .iter()
        .filter(|server| {
            let exchange = &server.exchange;
            let is_known = exchange.unreachable.is_some() || exchange.welcome.fault.is_some();
            !exchange.inward && (exchange.answers() || is_known)
        })
        .collect();
    let encrypted = contacted
        .iter()
        .filter(|server| server.exchange.welcome.tls.is_some())
        .count();
    let is_reachable = contacted.iter().any(|server| server.exchange.answers());

    let mut problems = Problems::default();
    for server in &contacted {
        check_server(&mut problems, server, is_reachable);
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

fn check_server(problems: &mut Problems, server: &Server, is_reachable: bool) {
    let exchange = &server.exchange;
    let host = &exchange.exchange;
    let fault = exchange.welcome.fault.as_deref();

    if let Some(why) = &exchange.unreachable {
        let text = format!("{host} cannot be reached on port 25: {why}");
        let fix = "Check that the server runs and that no firewall blocks port 25";
        return if is_reachable {
            problems.warning(Code::Unreachable, text, fix);
        } else {
            problems.error(Code::Unreachable, text, fix);
        };
    }

    match (exchange.welcome.starttls, &exchange.welcome.tls) {
        (_, Some(_)) => check_certificate(problems, server),
        (Some(false), None) => problems.error(
            Code::NoStarttls,
            format!("{host} does not offer STARTTLS, so mail to it can be read on the way"),
            "Enable TLS on the mail server",
        ),
        (Some(true), None) => {
            let certificate = server.certificate.as_ref();
            let found = certificate.and_then(|certificate| certificate.problems().first());
            let (why, fix) = match found {
                Some(found) => (found.text.as_str(), found.fix.as_str()),
                None => (
                    fault.unwrap_or("no TLS"),
                    "Check the TLS settings and the certificate of the mail server",
                ),
            };
            problems.error(
                Code::NoStarttls,
                format!("STARTTLS of {host} fails: {}", why.trim_end_matches('.')),
                fix.trim_end_matches('.'),
            );
        }
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

/// Adds what is wrong with a certificate. Mail is delivered all the same unless a policy forbids it, so these are
/// warnings. Problems that a TLSA record makes harmless have no weight.
fn check_certificate(problems: &mut Problems, server: &Server) {
    let Some(certificate) = &server.certificate else {
        return;
    };
    let host = &server.exchange.exchange;
    let serious = || {
        let found = certificate.problems().iter();
        found.filter(|found| found.severity > Weight::Info)
    };

    // DANE has a section of its own.
    let is_reason = |found: &&CheckProblem| {
        found.severity == Weight::Error
            && !matches!(found.code.as_str(), "expires_soon" | "dane_mismatch")
    };
    if let Some(first) = serious().find(is_reason) {
        problems.warning(
            Code::InvalidCertificate,
            format!(
                "The certificate of {host} is not valid: {}",
                certificate.reason().unwrap_or(&first.text)
            ),
            first.fix.trim_end_matches('.'),
        );
    }

    for found in serious() {
        let code = match found.code.as_str() {
            "expires_soon" => Code::CertificateExpires,
            _ if found.severity == Weight::Warning => Code::TlsWarning,
            _ => continue,
        };
        problems.warning(
            code,
            format!("{host}: {}", found.text.trim_end_matches('.')),
            found.fix.trim_end_matches('.'),
        );
    }
}
