//! Section about DANE: TLSA records of the mail servers, and whether the certificates agree with them.

use netvane_net::{
    dns::Security,
    tls_check::{DaneState, TlsaSet},
};
use serde_json::json;

use super::{certificates::Server, section::Checked};
use crate::commands::{
    dns::lookup::count,
    mail::{
        howmail::receiver::Receiver,
        problem::{Code, Problems},
    },
};

/// Judges the TLSA records of the mail servers.
pub(super) fn judge(receiver: &Receiver, servers: &[Server]) -> Checked {
    if receiver.exchanges.is_empty() {
        return Checked::new("No mail server", Vec::new(), false);
    }
    let known: Vec<(&Server, &TlsaSet)> = servers
        .iter()
        .filter_map(|server| Some((server, server.tlsa.as_ref()?)))
        .collect();
    if known.is_empty() {
        return Checked::unknown("TLSA records could not be looked up");
    }

    let mut problems = Problems::default();
    let with: Vec<_> = known
        .iter()
        .filter(|(_, tlsa)| !tlsa.records.is_empty())
        .collect();
    for (server, tlsa) in &with {
        check_server(&mut problems, server, tlsa);
    }
    if !with.is_empty() && with.len() < known.len() {
        let without: Vec<&str> = known
            .iter()
            .filter(|(_, tlsa)| tlsa.records.is_empty())
            .map(|(server, _)| server.exchange.exchange.as_str())
            .collect();
        check_gaps(&mut problems, &without);
    }

    let matching = servers
        .iter()
        .filter(|server| server.dane() == Some(DaneState::Match))
        .count();
    let summary = match (with.len(), matching) {
        (0, _) => "Not published".to_owned(),
        (_, 0) if problems.has(Code::DaneMismatch) => {
            "TLSA records that match no certificate".to_owned()
        }
        (some, 0) => format!(
            "TLSA records for {some} of {}",
            count(known.len(), "mail server", "mail servers")
        ),
        (_, matching) => format!(
            "Certificates of {matching} of {} match",
            count(known.len(), "mail server", "mail servers")
        ),
    };
    Checked::new(summary, problems.worst_first(), !with.is_empty()).with(&rows(&known))
}

/// Adds the problems of a mail server that has TLSA records.
fn check_server(problems: &mut Problems, server: &Server, tlsa: &TlsaSet) {
    let host = &server.exchange.exchange;
    match tlsa.security {
        Security::Insecure => problems.warning(
            Code::DaneWithoutDnssec,
            format!("The TLSA records of {host} are not protected by DNSSEC, so senders ignore them"),
            "Sign the zone, or remove the records",
        ),
        Security::Bogus => problems.error(
            Code::DaneBogus,
            format!("The TLSA records of {host} fail DNSSEC validation, so senders that check DANE do not deliver"),
            "Repair the DNSSEC of the zone, for example with the help of `delegation`",
        ),
        Security::Secure => check_secure(problems, server),
        Security::Indeterminate => {}
    }
}

/// Adds the problems of a mail server whose TLSA records senders have to obey.
fn check_secure(problems: &mut Problems, server: &Server) {
    let host = &server.exchange.exchange;
    let has_tls = |certificate: &crate::commands::reach::tls::Data| certificate.has_tls();

    match server.dane() {
        Some(DaneState::Mismatch) => problems.error(
            Code::DaneMismatch,
            format!("No TLSA record of {host} matches its certificate, so senders that check DANE do not deliver"),
            "Publish a TLSA record for the current certificate, such as `3 1 1` with the SHA-256 of its key, and the next one's before it is installed",
        ),
        // Records that senders cannot use count as none.
        Some(DaneState::None) => problems.warning(
            Code::DaneUnusable,
            format!("Senders cannot use the TLSA records of {host}: mail needs usage 2 or 3 and a hash of the right length"),
            "Publish a record with usage 3, such as `3 1 1` with the SHA-256 of the server's key",
        ),
        _ => {}
    }

    let is_without_tls =
        server.exchange.answers() && !server.certificate.as_ref().is_some_and(has_tls);
    if is_without_tls {
        problems.error(
            Code::DaneMismatch,
            format!(
                "{host} has TLSA records and no TLS, so senders that check DANE do not deliver"
            ),
            "Enable TLS on the mail server, or remove its TLSA records",
        );
    }
}

/// Adds the mail servers that have no records although others have.
fn check_gaps(problems: &mut Problems, without: &[&str]) {
    let (has, them) = match without.len() {
        1 => ("has", "it"),
        _ => ("have", "them"),
    };
    problems.warning(
        Code::IncompleteDane,
        format!(
            "{} {has} no TLSA records, so mail to {them} is not protected",
            without.join(", ")
        ),
        "Publish TLSA records for all mail servers",
    );
}

/// The TLSA records of each mail server.
fn rows(known: &[(&Server, &TlsaSet)]) -> serde_json::Value {
    let servers: Vec<_> = known
        .iter()
        .map(|(server, tlsa)| {
            json!({
                "exchange": server.exchange.exchange,
                "records": tlsa.presentation(),
                "authenticated": tlsa.security == Security::Secure,
                "state": server.dane(),
            })
        })
        .collect();
    json!({ "servers": servers })
}
