//! A handshake with rustls, driven here so that the connection can still be examined when it fails.

use std::{io, sync::Arc};

use rustls::{
    AlertDescription, ClientConfig, ClientConnection, Error, InvalidMessage, ProtocolVersion,
};
use rustls_pki_types::ServerName;

use super::{
    Trouble,
    recorder::{Proof, Recorder},
    wire::Wire,
};
use crate::connect::connection_reason;

/// Name of the alert of a server that has none of the offered application protocols (RFC 7301).
pub(super) const NO_APPLICATION_PROTOCOL: &str = "no_application_protocol";

/// Most bytes of an answer that is not TLS which are shown.
const MAX_SHOWN: usize = 120;

/// What a server negotiated and sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hello {
    /// Protocol version: `TLS 1.3`.
    pub protocol: String,
    /// IANA name of the cipher suite.
    pub cipher: String,
    /// Application protocol that the server selected (ALPN).
    pub alpn: Option<String>,
    /// Certificates in DER, in the order in which they were sent.
    pub chain: Vec<Vec<u8>>,
    /// Stapled OCSP response, if there is one.
    pub staple: Option<Vec<u8>>,
    /// Timestamps of transparency logs in the TLS extension (RFC 6962 §3.3.1), encoded.
    pub timestamps: Option<Vec<u8>>,
    /// Whether the server proved that it has the private key.
    pub proof: Proof,
    /// Whether the server asks for a certificate of the client.
    pub wants_client_certificate: bool,
}

/// Why a handshake failed.
pub(crate) struct HandshakeProblem {
    pub(crate) trouble: Trouble,
    /// What the server had sent before, if it has sent certificates.
    pub(crate) hello: Option<Box<Hello>>,
}

/// Completes a handshake. An error has what the server sent until then.
pub(crate) async fn negotiate(
    wire: &mut Wire,
    config: Arc<ClientConfig>,
    recorder: &Recorder,
    name: ServerName<'static>,
) -> Result<ClientConnection, HandshakeProblem> {
    let mut connection = ClientConnection::new(config, name).map_err(|error| HandshakeProblem {
        trouble: Trouble::Refused(error.to_string()),
        hello: None,
    })?;
    let mut is_first = true;

    loop {
        if let Err(error) = flush(wire, &mut connection).await {
            return Err(problem(&connection, recorder, broken(&error)));
        }
        if !connection.is_handshaking() {
            return Ok(connection);
        }

        let bytes = match wire.receive().await {
            Ok(bytes) if bytes.is_empty() => {
                let why = "the server closed the connection during the TLS handshake";
                return Err(problem(&connection, recorder, Trouble::Silent(why.into())));
            }
            Ok(bytes) => bytes,
            Err(error) => return Err(problem(&connection, recorder, broken(&error))),
        };
        if is_first && !is_tls(&bytes) {
            return Err(problem(
                &connection,
                recorder,
                Trouble::NotTls(printable(&bytes)),
            ));
        }
        is_first = false;

        if let Err(error) = feed(wire, &mut connection, &bytes) {
            let _ = flush(wire, &mut connection).await;
            let why = match error {
                Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge) => {
                    Trouble::TooLarge
                }
                error => Trouble::Refused(describe(&error)),
            };
            return Err(problem(&connection, recorder, why));
        }
    }
}

async fn flush(wire: &mut Wire, connection: &mut ClientConnection) -> io::Result<()> {
    while connection.wants_write() {
        let mut out = Vec::new();
        connection.write_tls(&mut out)?;
        wire.send(&out).await?;
    }
    Ok(())
}

/// Processes received bytes. What follows the handshake stays in the wire.
fn feed(wire: &mut Wire, connection: &mut ClientConnection, bytes: &[u8]) -> Result<(), Error> {
    let mut rest = bytes;
    while !rest.is_empty() && connection.is_handshaking() {
        // The buffer of rustls is smaller than its largest message only before it is processed.
        match connection.read_tls(&mut rest) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return Err(Error::General(error.to_string())),
        }
        connection.process_new_packets()?;
    }
    wire.put_back(rest.to_vec());
    Ok(())
}

/// Whether bytes begin with a handshake or alert record (RFC 8446 §5.1).
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16] | [0x15 | 0x16, 3, ..])
}

fn problem(
    connection: &ClientConnection,
    recorder: &Recorder,
    trouble: Trouble,
) -> HandshakeProblem {
    let hello = hello(connection, recorder);
    let is_known = !hello.chain.is_empty();
    HandshakeProblem {
        trouble,
        hello: is_known.then(|| Box::new(hello)),
    }
}

/// What the connection negotiated and the recorder saw.
pub(crate) fn hello(connection: &ClientConnection, recorder: &Recorder) -> Hello {
    let recording = recorder.recording();
    Hello {
        chain: recording.chain,
        staple: (!recording.staple.is_empty()).then_some(recording.staple),
        proof: recording.proof,
        wants_client_certificate: recording.wants_client_certificate,
        ..of_connection(connection)
    }
}

/// What a connection negotiated, and the certificates of one whose handshake is complete: its
/// signature was verified then.
pub(crate) fn of_connection(connection: &ClientConnection) -> Hello {
    let chain = connection.peer_certificates().unwrap_or_default();
    Hello {
        protocol: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".into(),
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".into(),
            _ => "TLS".into(),
        },
        cipher: connection
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            // rustls' own names for the suites of TLS 1.3; IANA's have no version.
            .map(|name| name.replace("TLS13_", "TLS_"))
            .unwrap_or_default(),
        alpn: connection
            .alpn_protocol()
            .map(|name| String::from_utf8_lossy(name).into_owned()),
        chain: chain.iter().map(|one| one.to_vec()).collect(),
        proof: Proof::Valid,
        ..Hello::default()
    }
}

/// Why a read or write failed.
pub(super) fn broken(error: &io::Error) -> Trouble {
    Trouble::Silent(match error.kind() {
        io::ErrorKind::TimedOut => {
            "the server accepts connections but does not answer the TLS handshake".into()
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            "the server reset the connection during the TLS handshake".into()
        }
        _ => connection_reason(error),
    })
}

/// Describes an error of rustls.
fn describe(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => describe_alert(u8::from(*alert)),
        Error::PeerIncompatible(why) => format!("no common version or algorithm ({why:?})"),
        Error::InvalidMessage(why) => format!("the server sent a malformed message ({why:?})"),
        other => other.to_string(),
    }
}

/// Describes an alert of the server (RFC 8446 §6).
pub(super) fn describe_alert(alert: u8) -> String {
    let why = match AlertDescription::from(alert) {
        AlertDescription::ProtocolVersion => "it does not support the offered TLS versions",
        AlertDescription::HandshakeFailure => "no algorithm in common",
        AlertDescription::InsufficientSecurity => "it requires stronger algorithms",
        AlertDescription::UnrecognisedName => "it does not serve this name",
        AlertDescription::NoApplicationProtocol => "no application protocol in common",
        AlertDescription::CertificateRequired | AlertDescription::BadCertificate => {
            "it requires a certificate of the client"
        }
        AlertDescription::InternalError => "it has an internal error; often it has no certificate",
        AlertDescription::AccessDenied => "it denies access",
        _ => "",
    };
    let name = alert_name(alert);
    match why {
        "" => format!("the server refused the handshake (alert {name})"),
        why => format!("the server refused the handshake: {why} (alert {name})"),
    }
}

/// The name of an alert as in RFC 8446, or its number.
fn alert_name(alert: u8) -> String {
    let Some(name) = AlertDescription::from(alert).as_str() else {
        return alert.to_string();
    };
    let mut words = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// The first line of an answer that is not TLS, without control characters.
pub(super) fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_SHOWN)]);
    let line = text.lines().next().unwrap_or_default();
    if line.chars().all(|c| c.is_control() || c == '\u{fffd}') {
        return String::new();
    }
    line.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}
