//! Examines the TLS of a server: what it negotiates, which certificates it sends, and whether a
//! client would trust them.
//!
//! The handshake accepts every certificate, so that a bad one is reported and not only refused. Such
//! a connection is closed after the handshake; it never carries data. What rustls cannot negotiate is
//! examined with a ClientHello of our own for TLS 1.0 to 1.2, where the certificate is not encrypted.

mod assessment;
mod client_hello;
mod dane;
mod handshake;
mod recorder;
mod server_flight;
mod starttls;
mod timestamps;
mod tls13;
mod wire;

use std::{
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use futures::future::{Either, select};
use netvane_document::Failure;
use netvane_facts::{certificate::Certificate, target::Host};
use rustls::RootCertStore;
use rustls_pki_types::ServerName;
use tokio::time::{Instant, timeout};

use crate::{Net, PortUse, check_port, egress_budget, smtp};
use handshake::{HandshakeProblem, negotiate};
use timestamps::Sent;
use wire::Wire;

pub use assessment::Assessment;
pub use dane::{Dane, DaneState, TlsaSet};
pub use handshake::Hello;
pub use recorder::Proof;
pub use starttls::StartTls;

pub(crate) use handshake::{hello as hello_of, of_connection};
pub(crate) use recorder::Recorder;

/// Timeout of one connection attempt.
const CONNECT: Duration = Duration::from_secs(4);
/// Timeout of the first handshake, STARTTLS included.
const HANDSHAKE: Duration = Duration::from_secs(6);
/// Timeout of each further connection, which looks for older versions.
const OLDER: Duration = Duration::from_secs(3);

/// What to connect to, and how.
#[derive(Debug, Clone)]
pub struct TlsTarget {
    /// The host as the user wrote it; its TLSA records are compared.
    pub host: Host,
    /// Addresses that the guard accepted.
    pub addresses: Vec<IpAddr>,
    /// TCP port, 1 to 65535.
    pub port: u16,
    /// Protocol in which TLS is started, if it does not begin at once.
    pub starttls: Option<StartTls>,
    /// Name to ask for (SNI) and to look for in the certificate.
    pub name: Host,
    /// Application protocols to offer (ALPN).
    pub alpn: &'static [&'static [u8]],
    /// When the check ends, whatever is known by then.
    pub deadline: Instant,
}

/// Result of a check.
#[derive(Debug, Clone)]
pub struct TlsReport {
    /// The address that was contacted, or the last one tried.
    pub address: IpAddr,
    /// What was negotiated, and the certificates; `None` without TLS.
    pub hello: Option<Hello>,
    /// Whether the certificates are trusted, and why not; `None` without certificates.
    pub assessment: Option<Assessment>,
    /// Why there is no TLS, or why current clients cannot connect.
    pub trouble: Option<Trouble>,
    /// Whether the certificates agree with the TLSA records; `None` without certificates, or if the
    /// records could not be looked up or validated.
    pub dane: Option<Dane>,
}

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No TCP connection: closed, filtered or unreachable.
    NotConnected(smtp::Unconnected),
    /// The server did not start TLS; the reason as a sentence.
    NoStartTls(String),
    /// The server sent something that is not TLS, made printable.
    NotTls(String),
    /// The server closed the connection or did not answer.
    Silent(String),
    /// The server and current clients have no version or algorithm in common, or the handshake is
    /// broken; the reason as a sentence.
    Refused(String),
    /// The handshake has more than the 64 KiB that clients accept.
    TooLarge,
    /// The key is of a type that many clients do not support; the connection was examined without
    /// checking the server's signature.
    UncommonKey,
}

impl Trouble {
    /// The trouble in one sentence without a full stop.
    pub fn sentence(&self, port: u16) -> String {
        match self {
            Self::NotConnected(why) => format!("port {port}: {}", why.as_str()),
            Self::NotTls(answer) if answer.is_empty() => format!("port {port} does not speak TLS"),
            Self::NotTls(answer) => {
                format!("port {port} does not speak TLS: it answered `{answer}`")
            }
            Self::NoStartTls(why) | Self::Silent(why) | Self::Refused(why) => why.clone(),
            Self::TooLarge => {
                "the server sends more than 64 KiB of certificates, which clients refuse".into()
            }
            Self::UncommonKey => {
                "the server's key is of a type that many clients do not support".into()
            }
        }
    }
}

impl Net {
    /// Examines a server's TLS. Everything that the server does is a result, not a failure.
    ///
    /// # Errors
    /// The trusted certificate authorities cannot be read, a limit of what is sent is reached, or the port is not one
    /// that may be used (`policy.ports`).
    pub async fn check_tls(&self, target: &TlsTarget) -> Result<TlsReport, Failure> {
        if let Some(address) = target.addresses.first() {
            let address = SocketAddr::new(*address, target.port);
            // The table names few ports, so none of them counts as a port check.
            check_port(PortUse::Tls, &target.host.to_string(), address, target.port)?;
        }

        let tlsa = tokio::time::timeout_at(target.deadline, self.tlsa(&target.host, target.port));
        let examined = examine_with_timestamps(target);
        let (roots, tlsa, findings) = tokio::join!(self.trusted_roots(), tlsa, examined);
        let tlsa = tlsa.ok().and_then(Result::ok);
        Ok(judge(target, findings, tlsa.as_ref(), &*roots?))
    }

    /// Judges a handshake that another client completed, such as an SMTP session. `tlsa` are the
    /// records of the service, if they could be looked up.
    ///
    /// # Errors
    /// The trusted certificate authorities cannot be read.
    pub async fn judge_handshake(
        &self,
        target: &TlsTarget,
        address: IpAddr,
        hello: Hello,
        tlsa: Option<&TlsaSet>,
    ) -> Result<TlsReport, Failure> {
        let roots = self.trusted_roots().await?;
        Ok(judge(target, (address, Some(hello), None), tlsa, &roots))
    }

    /// Returns the trusted certificate authorities, read once and not by an async worker.
    pub(crate) async fn trusted_roots(&self) -> Result<Arc<RootCertStore>, Failure> {
        let tls = self.tls.clone();
        tokio::task::spawn_blocking(move || tls.shared_roots())
            .await
            .map_err(|_| Failure::Internal)?
    }
}

/// The address that was contacted, what the server sent there, and why the handshake failed.
type Findings = (IpAddr, Option<Hello>, Option<Trouble>);

/// Judges what a server sent.
fn judge(
    target: &TlsTarget,
    (address, hello, trouble): Findings,
    tlsa: Option<&TlsaSet>,
    roots: &RootCertStore,
) -> TlsReport {
    let assessment = hello
        .as_ref()
        .filter(|hello| !hello.chain.is_empty())
        .map(|hello| Assessment::of(hello, &target.name, roots));
    let dane = assessment
        .as_ref()
        .zip(tlsa)
        .and_then(|(assessment, tlsa)| tlsa.compare(assessment, target.starttls, roots));

    // The handshake went through only because its signature need not be verified here.
    let leaf = assessment.as_ref().and_then(|one| one.certificates.first());
    let is_unproven = hello
        .as_ref()
        .is_some_and(|hello| hello.proof == Proof::Invalid);
    let is_uncommon = leaf.is_some_and(|leaf| !leaf.key.is_common() && !leaf.key.is_weak());
    let trouble = trouble.or((is_unproven && is_uncommon).then_some(Trouble::UncommonKey));

    TlsReport {
        address,
        hello,
        assessment,
        trouble,
        dane,
    }
}

/// Examines a server, and at the same time reads the timestamps in its handshake.
async fn examine_with_timestamps(target: &TlsTarget) -> Findings {
    let started = Instant::now();
    let (examined, reading) = (pin!(examine(target)), pin!(read_timestamps(target)));

    let ((address, mut hello, trouble), sent) = match select(examined, reading).await {
        Either::Left((findings, reading)) => {
            let wait = started.elapsed().max(timestamps::WAIT);
            let is_fine = findings.1.is_some();
            let wait = if is_fine { wait } else { Duration::ZERO };
            (findings, timeout(wait, reading).await.ok().flatten())
        }
        Either::Right((sent, examined)) => (examined.await, sent),
    };

    if let (Some(hello), Some(sent)) = (&mut hello, sent)
        && hello.timestamps.is_none()
        && hello.chain.first() == Some(&sent.leaf)
    {
        hello.timestamps = Some(sent.timestamps);
    }
    (address, hello, trouble)
}

/// Reads the timestamps in the handshake of the first address, where TLS begins at once.
async fn read_timestamps(target: &TlsTarget) -> Option<Sent> {
    let address = target
        .addresses
        .first()
        .filter(|_| target.starttls.is_none())?;
    let address = SocketAddr::new(*address, target.port);
    let mut wire = reconnect(address, target.deadline).await.ok()?;
    timestamps::read(&mut wire, &target.name).await
}

async fn examine(target: &TlsTarget) -> Findings {
    let deadline = target.deadline;
    let addresses: Vec<SocketAddr> = target
        .addresses
        .iter()
        .map(|address| SocketAddr::new(*address, target.port))
        .collect();
    let attempt = smtp::connect(&smtp::interleaved(&addresses), CONNECT, deadline).await;

    let Some((stream, address)) = attempt.connected else {
        let (address, why) = attempt.failed.last().map_or_else(
            || (first_address(target), smtp::Unconnected::Failed),
            |(address, why)| (address.ip(), *why),
        );
        return (address, None, Some(Trouble::NotConnected(why)));
    };

    let end = deadline.min(Instant::now() + HANDSHAKE);
    let mut first = with_current_client(Wire::new(stream, end), target, target.alpn).await;

    // The server knows none of the offered application protocols; it may have another one.
    if let Err(HandshakeProblem {
        trouble: Trouble::Refused(why),
        ..
    }) = &first
        && why.contains(handshake::NO_APPLICATION_PROTOCOL)
        && let Ok(wire) = reconnect(address, deadline).await
    {
        first = with_current_client(wire, target, &[]).await;
    }

    match first {
        Ok(hello) => (address.ip(), Some(hello), None),
        Err(HandshakeProblem { trouble, hello }) => match (trouble, hello) {
            (trouble @ (Trouble::Refused(_) | Trouble::TooLarge), None) => {
                let (hello, trouble) = with_older_clients(target, address, trouble).await;
                (address.ip(), hello, Some(trouble))
            }
            // The certificates arrived before the handshake failed, for example because the server
            // demands a certificate of the client.
            (trouble, hello) => (address.ip(), hello.map(|hello| *hello), Some(trouble)),
        },
    }
}

fn first_address(target: &TlsTarget) -> IpAddr {
    target
        .addresses
        .first()
        .copied()
        .unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

/// A handshake as current clients do it.
async fn with_current_client(
    mut wire: Wire,
    target: &TlsTarget,
    alpn: &[&[u8]],
) -> Result<Hello, HandshakeProblem> {
    if let Some(protocol) = target.starttls {
        starttls::start(&mut wire, protocol, &target.name, target.port)
            .await
            .map_err(|trouble| HandshakeProblem {
                trouble,
                hello: None,
            })?;
    }

    let (recorder, config) = Recorder::tolerant(alpn);
    negotiate(&mut wire, config, &recorder, server_name(&target.name))
        .await
        .map(|connection| handshake::hello(&connection, &recorder))
}

/// Looks for what the server does support: TLS 1.2, 1.1 and 1.0 with a ClientHello of our own.
async fn with_older_clients(
    target: &TlsTarget,
    address: SocketAddr,
    trouble: Trouble,
) -> (Option<Hello>, Trouble) {
    for version in client_hello::VERSIONS {
        let Ok(mut wire) = reconnect(address, target.deadline).await else {
            break;
        };
        if let Some(protocol) = target.starttls
            && starttls::start(&mut wire, protocol, &target.name, target.port)
                .await
                .is_err()
        {
            break;
        }

        match server_flight::read(&mut wire, version, &target.name).await {
            Ok(hello) => {
                let trouble = explain(&hello, trouble);
                return (Some(hello), trouble);
            }
            Err(error) => tracing::debug!(?error, version, "older TLS version not accepted"),
        }
    }

    (None, trouble)
}

/// Why current clients cannot connect to a server that chose this version and cipher.
fn explain(hello: &Hello, otherwise: Trouble) -> Trouble {
    if otherwise == Trouble::TooLarge {
        return otherwise;
    }
    if hello.protocol != "TLS 1.2" {
        return Trouble::Refused(format!(
            "the server supports nothing newer than {}, which current clients refuse",
            hello.protocol
        ));
    }

    let is_supported = rustls::crypto::ring::default_provider()
        .cipher_suites
        .iter()
        .any(|suite| suite.suite().as_str() == Some(hello.cipher.as_str()));
    if !is_supported {
        return Trouble::Refused(format!(
            "the server supports only cipher suites that current clients refuse ({})",
            hello.cipher
        ));
    }

    let key = hello
        .chain
        .first()
        .and_then(|leaf| Certificate::read(leaf).ok())
        .map(|leaf| leaf.key);
    match key {
        Some(key) if !key.is_weak() && !key.is_common() => Trouble::UncommonKey,
        _ => otherwise,
    }
}

async fn reconnect(address: SocketAddr, deadline: Instant) -> std::io::Result<Wire> {
    egress_budget::connect(address)?;
    let end = deadline.min(Instant::now() + OLDER);
    let stream = tokio::time::timeout_at(end, tokio::net::TcpStream::connect(address)).await??;
    let _ = stream.set_nodelay(true);
    Ok(Wire::new(stream, end))
}

/// The name in the form of rustls; an address is not sent as SNI.
pub(crate) fn server_name(name: &Host) -> ServerName<'static> {
    let text = name.to_string();
    ServerName::try_from(text.trim_end_matches('.').to_owned())
        .unwrap_or_else(|_| ServerName::IpAddress(IpAddr::from([0, 0, 0, 0]).into()))
}

#[cfg(test)]
mod tests;
