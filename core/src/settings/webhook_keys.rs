//! Keys of Standard Webhooks: those that sign callbacks, and those that verify signed requests.
//! Symmetric keys are HMAC-SHA256 secrets (`whsec_`, signatures `v1,`), asymmetric ones Ed25519
//! (`whsk_` signs, `whpk_` verifies, signatures `v1a,`). No error repeats a key.

use std::fmt;

use data_encoding::BASE64;
use ring::{
    hmac,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use url::Url;

/// Prefixes of a shared secret, a private key and a public key.
const SECRET: &str = "whsec_";
const PRIVATE: &str = "whsk_";
const PUBLIC: &str = "whpk_";

/// Allowed number of bytes of a shared secret.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Size in bytes of an Ed25519 seed and of a public key (RFC 8032).
const ED25519_BYTES: usize = 32;

/// Most keys that may be in force at once: the new one and the old one during rotation.
pub const MAX_SIGNING_KEYS: usize = 2;

/// Distinguishes derived secrets from other uses of the same key.
const DERIVATION: &[u8] = b"netvane callback receiver 1\n";

/// A key that signs callbacks.
pub enum SigningKey {
    /// A secret that is shared with the receivers.
    Shared(Vec<u8>),
    /// A private key; receivers need only the public one.
    Private(Box<Ed25519KeyPair>),
}

/// A key that verifies the signatures of one client.
pub enum VerifyingKey {
    /// A secret that is shared with the client.
    Shared(hmac::Key),
    /// The client's public key.
    Public(Vec<u8>),
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKey")
    }
}

impl SigningKey {
    /// Parses the keys of `http.callback_secret`, separated by spaces or commas; none if it is
    /// empty.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        let mut seen: Vec<&str> = Vec::new();
        for word in text.split([' ', ',', '\n']).filter(|word| !word.is_empty()) {
            if seen.contains(&word) {
                return Err("the same key twice".into());
            }
            seen.push(word);
        }
        if seen.len() > MAX_SIGNING_KEYS {
            return Err(format!(
                "expected at most {MAX_SIGNING_KEYS} keys, the new one and the old one"
            ));
        }
        seen.into_iter().map(Self::read).collect()
    }

    /// Parses one key: `whsec_` and 24 to 64 bytes, or `whsk_` and the 32 bytes of an Ed25519 seed,
    /// which the public key may follow; both in Base64.
    fn read(text: &str) -> Result<Self, String> {
        let wrong = || {
            "expected `whsec_` and 24 to 64 bytes in base64, or `whsk_` and an Ed25519 key of 32 bytes"
                .to_owned()
        };
        if let Some(bytes) = decode(text, SECRET) {
            let is_sound = SECRET_BYTES.contains(&bytes.len());
            return is_sound.then_some(Self::Shared(bytes)).ok_or_else(wrong);
        }

        let bytes = decode(text, PRIVATE).ok_or_else(wrong)?;
        let pair = match bytes.split_at_checked(ED25519_BYTES) {
            Some((seed, [])) => Ed25519KeyPair::from_seed_unchecked(seed),
            Some((seed, public)) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
            None => return Err(wrong()),
        };
        pair.map(|pair| Self::Private(Box::new(pair)))
            .map_err(|_| wrong())
    }

    /// Signs a message; returns an element of the field `webhook-signature`.
    pub fn sign(&self, message: &[u8]) -> String {
        match self {
            Self::Shared(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                format!("v1,{}", BASE64.encode(hmac::sign(&key, message).as_ref()))
            }
            Self::Private(pair) => format!("v1a,{}", BASE64.encode(pair.sign(message).as_ref())),
        }
    }

    /// Returns the secret of one receiver, so that no receiver can sign for another. The whole URL
    /// counts. A private key has none: a receiver cannot sign with the public one.
    pub fn derive(&self, receiver: &Url) -> Option<Self> {
        let Self::Shared(secret) = self else {
            return None;
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let message = [DERIVATION, receiver.as_str().as_bytes()].concat();
        Some(Self::Shared(hmac::sign(&key, &message).as_ref().to_vec()))
    }

    /// Returns the public key, `whpk_…`; `None` for a shared secret.
    pub fn public(&self) -> Option<String> {
        match self {
            Self::Shared(_) => None,
            Self::Private(pair) => {
                let bytes = BASE64.encode(pair.public_key().as_ref());
                Some(format!("{PUBLIC}{bytes}"))
            }
        }
    }

    /// Returns what a receiver needs to verify signatures: the secret `whsec_…` itself, or the
    /// public key `whpk_…`.
    pub fn for_receiver(&self) -> String {
        match self {
            Self::Shared(secret) => format!("{SECRET}{}", BASE64.encode(secret)),
            Self::Private(_) => self.public().unwrap_or_default(),
        }
    }
}

impl VerifyingKey {
    /// Parses an entry of `http.inbound_secrets`: `whsec_` and 24 to 64 bytes, or `whpk_` and an
    /// Ed25519 public key of 32 bytes, in Base64.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.starts_with(PRIVATE) {
            return Err(
                "this is a private key; the server needs only the public one, `whpk_…`".into(),
            );
        }
        if let Some(public) = decode(text, PUBLIC).filter(|bytes| bytes.len() == ED25519_BYTES) {
            return Ok(Self::Public(public));
        }
        let secret = decode(text, SECRET).filter(|bytes| SECRET_BYTES.contains(&bytes.len()));
        let secret = secret.ok_or(
            "expected `whsec_` and 24 to 64 random bytes in base64 (`echo whsec_$(openssl rand -base64 32)`), or `whpk_` and an Ed25519 public key",
        )?;
        Ok(Self::Shared(hmac::Key::new(hmac::HMAC_SHA256, &secret)))
    }

    /// Whether an element of the field `webhook-signature`, such as `v1,BASE64`, is this key's
    /// signature of the message. A key accepts signatures of its own kind only.
    pub fn verify(&self, message: &[u8], signature: &str) -> bool {
        let Some((version, tag)) = signature.split_once(',') else {
            return false;
        };
        let Ok(tag) = BASE64.decode(tag.as_bytes()) else {
            return false;
        };
        match self {
            Self::Shared(key) => version == "v1" && hmac::verify(key, message, &tag).is_ok(),
            Self::Public(public) => {
                let key = UnparsedPublicKey::new(&ED25519, public);
                version == "v1a" && key.verify(message, &tag).is_ok()
            }
        }
    }
}

fn decode(text: &str, prefix: &str) -> Option<Vec<u8>> {
    let coded = text.strip_prefix(prefix)?;
    BASE64.decode(coded.as_bytes()).ok()
}

#[cfg(test)]
mod tests;
