//! What a request over HTTP is admitted by.

use serde::{Deserialize, Serialize};

/// A key or a signature that came with a request and was verified. Stored and shown as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Credential {
    /// An entry of `http.api_keys`, by its name.
    ApiKey(String),
    /// A signature with one of `http.inbound_secrets` (Standard Webhooks).
    Signature,
}

impl Credential {
    /// What stands in the place of a key's name where a request was signed. No key can have this name: names hold no
    /// spaces.
    pub const SIGNATURE: &'static str = "a signature";

    /// The name that rules, the audit and rate limits know it by.
    pub fn name(&self) -> &str {
        match self {
            Self::ApiKey(name) => name,
            Self::Signature => Self::SIGNATURE,
        }
    }
}

impl From<String> for Credential {
    fn from(name: String) -> Self {
        match name.as_str() {
            Self::SIGNATURE => Self::Signature,
            _ => Self::ApiKey(name),
        }
    }
}

impl From<Credential> for String {
    fn from(credential: Credential) -> Self {
        match credential {
            Credential::ApiKey(name) => name,
            Credential::Signature => Credential::SIGNATURE.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_reads_back_from_its_stored_name() {
        for (credential, stored) in [
            (Credential::ApiKey("ops".into()), r#""ops""#),
            (Credential::Signature, r#""a signature""#),
        ] {
            assert_eq!(
                serde_json::to_string(&credential).expect("serializes"),
                stored
            );
            assert_eq!(
                serde_json::from_str::<Credential>(stored).expect("reads back"),
                credential
            );
        }
    }
}
