//! Opportunistic TLS (RFC 7435): accepts any certificate and reports whether it is valid.
//!
//! Many mail servers have certificates that are expired, self-signed or for another name; mail is
//! delivered to them anyway, and a verification sends only an address. So the handshake accepts any
//! certificate whose key signed it, and [`Opportunistic::facts`] reports whether a strict client
//! would accept it.

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
use serde::{Deserialize, Serialize};

/// A client configuration that accepts any certificate, and a strict verifier to report on it.
#[derive(Clone, Debug)]
pub struct Opportunistic {
    config: Arc<ClientConfig>,
    verifier: Option<Arc<WebPkiServerVerifier>>,
}

/// TLS parameters of a connection after STARTTLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TlsFacts {
    /// Protocol version: "TLS 1.3" or "TLS 1.2".
    pub version: String,
    /// IANA name of the cipher suite.
    pub cipher: String,
    /// Whether the certificate is valid for the mail server; `null` if there are no certificate
    /// authorities to check it with.
    pub trusted: Option<bool>,
    /// Why the certificate is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Opportunistic {
    /// Creates the configuration; `roots` are the authorities to check certificates with.
    ///
    /// # Errors
    /// rustls rejects the cipher suites of its crypto provider.
    pub fn new(roots: RootCertStore) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let verifier = if roots.is_empty() {
            None
        } else {
            WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
                .build()
                .ok()
        };

        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
            .with_no_client_auth();

        // Sessions are not resumed, and some servers hold their next reply back until the tickets
        // have arrived (RFC 9149).
        config.resumption = Resumption::disabled();
        config.send_ticket_request = Some(TicketRequest {
            new_session_count: 0,
            resumption_count: 0,
        });

        Ok(Self {
            config: Arc::new(config),
            verifier,
        })
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    /// Returns the TLS parameters of a connection after its handshake.
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

        let fault = self
            .verifier
            .as_ref()
            .zip(connection.peer_certificates())
            .map(|(verifier, chain)| {
                let Some((leaf, intermediates)) = chain.split_first() else {
                    return Some("no certificate".to_owned());
                };
                verifier
                    .verify_server_cert(leaf, intermediates, name, &[], UnixTime::now())
                    .err()
                    .map(|error| describe(&error))
            });

        TlsFacts {
            version,
            cipher,
            trusted: fault.as_ref().map(Option::is_none),
            fault: fault.flatten(),
        }
    }
}

fn describe(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => "unknown issuer".into(),
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "certificate is for another name".into(),
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "certificate has expired".into(),
        Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "certificate is not valid yet".into(),
        other => other.to_string(),
    }
}

/// Accepts every certificate, but checks the handshake signature.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
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
