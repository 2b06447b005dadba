//! A certificate verifier that accepts every certificate and records what the server sent.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        ResolvesClientCert, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Whether the server proved that it has the private key of its certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Proof {
    /// The handshake was not signed, or the signature was not seen.
    #[default]
    Missing,
    /// The signature of the handshake is valid.
    Valid,
    /// The signature could not be verified with this key: too short, or not supported.
    Invalid,
}

/// What a server sent in its handshake.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recording {
    pub(crate) chain: Vec<Vec<u8>>,
    /// The stapled OCSP response; empty without one.
    pub(crate) staple: Vec<u8>,
    pub(crate) proof: Proof,
    /// Whether the server asked for a certificate of the client.
    pub(crate) wants_client_certificate: bool,
}

/// Records a handshake, and lets it succeed.
#[derive(Debug)]
pub(crate) struct Recorder {
    recording: Mutex<Recording>,
    provider: CryptoProvider,
    /// Whether a handshake whose signature cannot be verified is accepted too. Such a connection
    /// must not carry data.
    accepts_unproven: bool,
}

impl Recorder {
    /// For handshakes only: accepts everything.
    pub(crate) fn tolerant(alpn: &[&[u8]]) -> (Arc<Self>, Arc<ClientConfig>) {
        Self::build(alpn, true)
    }

    /// For connections that carry data: any certificate, but the server must have its key.
    pub(crate) fn proven(alpn: &[&[u8]]) -> (Arc<Self>, Arc<ClientConfig>) {
        Self::build(alpn, false)
    }

    fn build(alpn: &[&[u8]], accepts_unproven: bool) -> (Arc<Self>, Arc<ClientConfig>) {
        let provider = ring::default_provider();
        let recorder = Arc::new(Self {
            recording: Mutex::default(),
            provider: provider.clone(),
            accepts_unproven,
        });

        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap_or_else(|error| unreachable!("ring speaks TLS 1.2 and 1.3: {error}"))
            .dangerous()
            .with_custom_certificate_verifier(recorder.clone())
            .with_client_cert_resolver(recorder.clone());
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();

        (recorder, Arc::new(config))
    }

    pub(crate) fn recording(&self) -> Recording {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Recording> {
        self.recording
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn record_proof(
        &self,
        verified: Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.lock().proof = match verified {
            Ok(_) => Proof::Valid,
            Err(_) => Proof::Invalid,
        };
        match verified {
            Err(_) if self.accepts_unproven => Ok(HandshakeSignatureValid::assertion()),
            verified => verified,
        }
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        staple: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut recording = self.lock();
        recording.chain = std::iter::once(leaf)
            .chain(intermediates)
            .map(|certificate| certificate.to_vec())
            .collect();
        recording.staple = staple.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.record_proof(verify_tls12_signature(
            message,
            certificate,
            signature,
            algorithms,
        ))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.record_proof(verify_tls13_signature(
            message,
            certificate,
            signature,
            algorithms,
        ))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self
            .provider
            .signature_verification_algorithms
            .supported_schemes();
        if self.accepts_unproven {
            // Offered so that servers with such keys answer; the signature is not verified.
            schemes.extend([
                SignatureScheme::ECDSA_NISTP521_SHA512,
                SignatureScheme::ED448,
                SignatureScheme::RSA_PKCS1_SHA1,
                SignatureScheme::ECDSA_SHA1_Legacy,
            ]);
        }
        schemes
    }
}

impl ResolvesClientCert for Recorder {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.lock().wants_client_certificate = true;
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}
