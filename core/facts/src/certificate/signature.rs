//! Signature algorithms of certificates, and the check of one certificate with another's key.

use x509_parser::{
    certificate::X509Certificate, error::X509Error, prelude::FromDer,
    signature_algorithm::RsaSsaPssParams, x509::AlgorithmIdentifier,
};

use super::{Certificate, KeyType};

/// Algorithm of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name as OpenSSL writes it: `sha256WithRSAEncryption`; the OID if it is unknown.
    pub name: String,
    /// Whether clients reject the algorithm: MD2, MD5 and SHA-1 can be forged.
    pub is_weak: bool,
}

const ALGORITHMS: [(&str, &str); 18] = [
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.3.14.3.2.29", "sha1WithRSA"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
    ("1.2.840.10040.4.3", "dsaWithSHA1"),
    ("2.16.840.1.101.3.4.3.2", "dsa_with_SHA256"),
];

impl Signature {
    pub(super) fn of(algorithm: &AlgorithmIdentifier<'_>) -> Self {
        let oid = algorithm.algorithm.to_id_string();
        let name = ALGORITHMS
            .iter()
            .find(|(known, _)| *known == oid)
            .map_or(oid.clone(), |(_, name)| (*name).to_owned());

        let lower = name.to_ascii_lowercase();
        let is_weak = match name.as_str() {
            "rsassaPss" => pss_uses_sha1(algorithm),
            _ => lower.contains("sha1") || lower.starts_with("md"),
        };

        Self { name, is_weak }
    }
}

/// Whether the parameters of RSASSA-PSS name SHA-1 or leave out the hash, whose default is SHA-1
/// (RFC 4055 §3.1).
fn pss_uses_sha1(algorithm: &AlgorithmIdentifier<'_>) -> bool {
    let Some(parameters) = &algorithm.parameters else {
        return true;
    };
    RsaSsaPssParams::try_from(parameters)
        .is_ok_and(|parameters| parameters.hash_algorithm_oid().to_id_string() == "1.3.14.3.2.26")
}

/// Whether the key of `issuer` made the signature of `certificate`. `None` if that cannot be
/// checked: the algorithm is not supported, or the key is too short.
pub(super) fn is_signed_by(certificate: &Certificate, issuer: &Certificate) -> Option<bool> {
    let (_, signed) = X509Certificate::from_der(&certificate.der).ok()?;
    let (_, signer) = X509Certificate::from_der(&issuer.der).ok()?;

    match signed.verify_signature(Some(signer.public_key())) {
        Ok(()) => Some(true),
        // ring takes shorter RSA keys only with SHA-1.
        Err(X509Error::SignatureVerificationError)
            if !(issuer.key.kind == KeyType::Rsa && issuer.key.is_weak()) =>
        {
            Some(false)
        }
        Err(_) => None,
    }
}
