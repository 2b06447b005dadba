//! Judges the certificates of a server: trusted or why not, for this name or not, revoked or not.

use std::time::{SystemTime, UNIX_EPOCH};

use netvane_facts::{
    certificate::{
        Certificate,
        chain::{self, ChainFault, ChainVerdict},
        ocsp::{self, Staple},
    },
    target::Host,
};
use rustls::{
    CertificateError, Error, RootCertStore, client::verify_server_cert_signed_by_trust_anchor,
    crypto::ring, server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};

use super::{Hello, Proof};

/// What can be said about the certificates of a server.
#[derive(Debug, Clone)]
pub struct Assessment {
    /// The certificates that could be read, in the order in which they were sent, 32 at most.
    pub certificates: Vec<Certificate>,
    /// How many certificates were sent.
    pub sent: usize,
    /// Whether the chain leads to a trusted root and clients accept it; `None` if that cannot be
    /// checked.
    pub trusted: Option<bool>,
    /// Why it is not trusted.
    pub faults: Vec<ChainFault>,
    /// Whether the certificate is for the name that was asked for.
    pub name_matches: bool,
    /// Why the first certificate could not be read.
    pub unreadable: Option<String>,
    /// What the stapled OCSP response says, if there is one.
    pub staple: Option<Result<Staple, String>>,
    /// Time of the check in seconds since 1970.
    pub now: i64,
}

impl Assessment {
    /// Judges what a server sent.
    pub fn of(hello: &Hello, name: &Host, roots: &RootCertStore) -> Self {
        let now = now();
        let mut unreadable = None;
        let mut certificates = Vec::new();
        for (position, der) in hello.chain.iter().take(chain::MAX).enumerate() {
            match Certificate::read(der) {
                Ok(certificate) => certificates.push(certificate),
                Err(why) if position == 0 => {
                    unreadable = Some(why);
                    break;
                }
                Err(_) => {}
            }
        }

        let verdict = verdict(&certificates, roots);
        let is_anchor = |subject: &[u8]| {
            roots
                .roots
                .iter()
                .any(|root| root.subject.as_ref() == subject)
        };
        let mut faults = match &unreadable {
            Some(why) => vec![ChainFault::Other(why.clone())],
            None => chain::faults(&certificates, &verdict, &is_anchor, now),
        };

        let leaf = certificates.first();
        // A key that is long enough, of a type that can be checked, and still a wrong signature: the
        // server does not have the key of the certificate.
        if hello.proof == Proof::Invalid
            && leaf.is_some_and(|leaf| leaf.key.is_common() && !leaf.key.is_weak())
        {
            faults.push(ChainFault::Other(
                "the server did not prove that it has the certificate's private key".into(),
            ));
        }

        let is_unsupported = matches!(verdict, ChainVerdict::Unsupported(_))
            && faults
                .iter()
                .all(|fault| matches!(fault, ChainFault::Other(_)));
        let trusted = (unreadable.is_some() || !is_unsupported).then_some(faults.is_empty());

        Self {
            sent: hello.chain.len(),
            trusted,
            name_matches: leaf.is_some_and(|leaf| leaf.names.hold_for(name)),
            unreadable,
            staple: hello
                .staple
                .as_deref()
                .zip(leaf)
                .map(|(staple, leaf)| read_staple(staple, leaf, &certificates, roots)),
            certificates,
            faults,
            now,
        }
    }
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|elapsed| elapsed.as_secs() as i64)
        .unwrap_or_default()
}

/// Whether webpki finds a path from the first certificate to one of these roots.
pub(super) fn is_trusted(chain: &[Certificate], roots: &RootCertStore) -> bool {
    verdict(chain, roots) == ChainVerdict::Trusted
}

fn verdict(chain: &[Certificate], roots: &RootCertStore) -> ChainVerdict {
    let ders: Vec<CertificateDer<'_>> = chain
        .iter()
        .map(|certificate| CertificateDer::from(certificate.der.as_slice()))
        .collect();
    let Some((leaf, intermediates)) = ders.split_first() else {
        return ChainVerdict::UnknownIssuer;
    };

    // A self-signed certificate that the operator made a root, as in a test network.
    if is_root_itself(&chain[0], roots) {
        return ChainVerdict::Trusted;
    }

    let algorithms = ring::default_provider()
        .signature_verification_algorithms
        .all;
    let result = ParsedCertificate::try_from(leaf).and_then(|leaf| {
        verify_server_cert_signed_by_trust_anchor(
            &leaf,
            roots,
            intermediates,
            UnixTime::now(),
            algorithms,
        )
    });

    match result {
        Ok(()) => ChainVerdict::Trusted,
        Err(Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => ChainVerdict::UnknownIssuer,
        Err(Error::InvalidCertificate(
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        )) => ChainVerdict::Unsupported(
            "the signature algorithm of the certificate is not supported by this check".into(),
        ),
        Err(Error::InvalidCertificate(why)) => ChainVerdict::Other(why.to_string()),
        Err(error) => ChainVerdict::Other(error.to_string()),
    }
}

/// Whether a certificate is itself one of the roots, and valid now.
fn is_root_itself(certificate: &Certificate, roots: &RootCertStore) -> bool {
    let now = now();
    certificate.is_self_issued()
        && (certificate.not_before..=certificate.not_after).contains(&now)
        && roots.roots.iter().any(|root| {
            root.subject.as_ref() == certificate.subject_der && key_of(root) == certificate.key_der
        })
}

/// The public key of a root as subject public key info in DER. A root has its content only.
pub(super) fn key_of(root: &TrustAnchor<'_>) -> Vec<u8> {
    let content = root.subject_public_key_info.as_ref();
    let length = content.len();
    let mut der = vec![0x30];
    match length {
        0..=0x7f => der.push(length as u8),
        0x80..=0xff => der.extend([0x81, length as u8]),
        _ => {
            let [high, low] = (length.min(0xffff) as u16).to_be_bytes();
            der.extend([0x82, high, low]);
        }
    }
    der.extend(content);
    der
}

/// Reads a stapled response with the key of the issuer, which was sent or is a root.
fn read_staple(
    staple: &[u8],
    leaf: &Certificate,
    chain: &[Certificate],
    roots: &RootCertStore,
) -> Result<Staple, String> {
    let sent = chain
        .iter()
        .filter(|one| one.subject_der == leaf.issuer_der)
        .map(|one| one.key_der.clone());
    let trusted = roots
        .roots
        .iter()
        .filter(|root| root.subject.as_ref() == leaf.issuer_der)
        .map(key_of);

    let mut result = Err(
        "the issuer of the certificate is not known, so the OCSP response cannot be verified"
            .into(),
    );
    for key in sent.chain(trusted).take(4) {
        result = ocsp::read(staple, &leaf.serial, &key);
        if result.is_ok() {
            break;
        }
    }
    result
}
