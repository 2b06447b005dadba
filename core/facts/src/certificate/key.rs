//! Type and size of public keys, and which of them clients accept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use x509_parser::{
    asn1_rs, prelude::FromDer, public_key::RSAPublicKey, x509::SubjectPublicKeyInfo,
};

/// Smallest RSA key that browsers and public authorities accept, in bits.
const MIN_RSA_BITS: usize = 2048;

/// A public key: its type and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Algorithm of the key.
    pub kind: KeyType,
    /// Size in bits: of the modulus, or of the curve. Zero if it is unknown.
    pub bits: usize,
}

/// Algorithm of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// RSA (RFC 8017), also when restricted to RSASSA-PSS.
    Rsa,
    /// An elliptic curve, for ECDSA (RFC 5480).
    Ecdsa,
    /// Edwards curve 25519, of 256 bits (RFC 8410).
    Ed25519,
    /// Edwards curve 448, of 456 bits (RFC 8410).
    Ed448,
    /// DSA (FIPS 186), which TLS clients no longer support.
    Dsa,
    /// An algorithm that is not listed here.
    Other,
}

impl KeyType {
    /// The name as people write it: `RSA`, `ECDSA`, `Ed25519`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Ecdsa => "ECDSA",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::Dsa => "DSA",
            Self::Other => "unknown type",
        }
    }
}

impl Key {
    pub(super) fn of(key: &SubjectPublicKeyInfo<'_>) -> Self {
        let (kind, bits) = match key.algorithm.algorithm.to_id_string().as_str() {
            // rsaEncryption and id-RSASSA-PSS.
            "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => (KeyType::Rsa, modulus_bits(key)),
            "1.2.840.10045.2.1" => (KeyType::Ecdsa, curve_bits(key)),
            "1.3.101.112" => (KeyType::Ed25519, 256),
            "1.3.101.113" => (KeyType::Ed448, 456),
            "1.2.840.10040.4.1" => (KeyType::Dsa, prime_bits(key)),
            _ => (KeyType::Other, 0),
        };
        Self { kind, bits }
    }

    /// Whether clients reject the key because it is too short or of a type that they do not support.
    pub fn is_weak(self) -> bool {
        match self.kind {
            KeyType::Rsa => self.bits < MIN_RSA_BITS,
            KeyType::Ecdsa => (1..256).contains(&self.bits),
            KeyType::Dsa => true,
            KeyType::Ed25519 | KeyType::Ed448 | KeyType::Other => false,
        }
    }
}

impl Key {
    /// Whether all current clients support keys of this type and size.
    pub fn is_common(self) -> bool {
        match self.kind {
            KeyType::Rsa => self.bits <= 8192,
            KeyType::Ecdsa => matches!(self.bits, 256 | 384),
            KeyType::Ed25519 => true,
            KeyType::Ed448 | KeyType::Dsa | KeyType::Other => false,
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.bits {
            0 => f.write_str(self.kind.as_str()),
            bits => write!(f, "{}, {bits} bits", self.kind.as_str()),
        }
    }
}

fn modulus_bits(key: &SubjectPublicKeyInfo<'_>) -> usize {
    RSAPublicKey::from_der(&key.subject_public_key.data)
        .map(|(_, key)| bits(key.modulus))
        .unwrap_or_default()
}

/// Bits of the prime `p`, the first of the parameters of a DSA key.
fn prime_bits(key: &SubjectPublicKeyInfo<'_>) -> usize {
    key.algorithm
        .parameters
        .as_ref()
        .and_then(|parameters| asn1_rs::Integer::from_der(parameters.data).ok())
        .map(|(_, prime)| bits(prime.as_ref()))
        .unwrap_or_default()
}

fn curve_bits(key: &SubjectPublicKeyInfo<'_>) -> usize {
    let curve = key.algorithm.parameters.as_ref();
    let curve = curve.and_then(|parameters| parameters.as_oid().ok());
    match curve.map(|oid| oid.to_id_string()).as_deref() {
        Some("1.2.840.10045.3.1.1") => 192,
        Some("1.3.132.0.33") => 224,
        Some("1.2.840.10045.3.1.7" | "1.3.132.0.10" | "1.3.36.3.3.2.8.1.1.7") => 256,
        Some("1.3.132.0.34" | "1.3.36.3.3.2.8.1.1.11") => 384,
        Some("1.3.36.3.3.2.8.1.1.13") => 512,
        Some("1.3.132.0.35") => 521,
        _ => 0,
    }
}

/// Number of significant bits of a big-endian number.
fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    match number.get(zeros..) {
        Some([first, rest @ ..]) => 8 * rest.len() + 8 - first.leading_zeros() as usize,
        _ => 0,
    }
}
