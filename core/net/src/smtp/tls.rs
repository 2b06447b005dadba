//! Opportunistic TLS (RFC 7435): encrypted with whoever answers, the certificate judged and only noted.
//!
//! Mail exchanges carry certificates that do not match their names, are out of date or self-made; mail is handed to
//! them nevertheless, and a verification sends no more than an address. So the handshake takes any certificate whose
//! key signs for it, and [`Opportunistic::facts`] says afterwards what a strict client would have thought of it.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        Resumption, TicketRequest, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use schemars::JsonSchema;
use serde::Serialize;

/// A client configuration that takes any certificate, and the verifier that would not.
#[derive(Clone, Debug)]
pub struct Opportunistic {
    config: Arc<ClientConfig>,
    judge: Option<Arc<WebPkiServerVerifier>>,
}

/// What STARTTLS led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TlsFacts {
    /// "TLS 1.3" or "TLS 1.2".
    pub version: String,
    /// IANA's name of the cipher suite.
    pub cipher: String,
    /// Whether the certificate is valid for the exchange; `null` where there was nothing to judge it by.
    pub trusted: Option<bool>,
    /// Why it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Opportunistic {
    /// With the authorities by which certificates are judged.
    ///
    /// # Errors
    /// The library refuses its own cipher suites.
    pub fn new(roots: RootCertStore) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let judge = if roots.is_empty() {
            None
        } else {
            WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
                .build()
                .ok()
        };

        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth();

        // No second visit is worth the tickets, and some servers hold their next reply back until those have
        // arrived (RFC 9149).
        config.resumption = Resumption::disabled();
        config.send_ticket_request = Some(TicketRequest {
            new_session_count: 0,
            resumption_count: 0,
        });

        Ok(Self {
            config: Arc::new(config),
            judge,
        })
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    /// What is known about a connection after its handshake.
    pub(super) fn facts(
        &self,
        connection: &rustls::ClientConnection,
        name: &ServerName<'_>,
    ) -> TlsFacts {
        let version = match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
            other => other
                .and_then(|version| version.as_str())
                .unwrap_or("TLS")
                .to_owned(),
        };

        let cipher = connection
            .negotiated_cipher_suite()
            .and_then(|suite| suite.suite().as_str())
            .unwrap_or_default()
            .to_owned();

        let judged =
            self.judge
                .as_ref()
                .zip(connection.peer_certificates())
                .map(|(judge, chain)| {
                    let Some((own, others)) = chain.split_first() else {
                        return Some("no certificate".to_owned());
                    };
                    judge
                        .verify_server_cert(own, others, name, &[], UnixTime::now())
                        .err()
                        .map(|error| said(&error))
                });

        TlsFacts {
            version,
            cipher,
            trusted: judged.as_ref().map(Option::is_none),
            fault: judged.flatten(),
        }
    }
}

fn said(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the issuer is not known".into()
        }
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "it is for another name".into(),
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "it has expired".into(),
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "it is not valid yet".into(),
        other => other.to_string(),
    }
}

/// Believes every certificate, but not every signature.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
