//! Credentials that admit a request over HTTP.

use serde::{Deserialize, Serialize};

/// A verified API key or signature of a request. Stored and displayed as its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Credential {
    /// An entry of `http.api_keys`, by its name.
    ApiKey(String),
    /// A signature with one of `http.inbound_secrets` (Standard Webhooks).
    Signature,
}

impl Credential {
    /// Name used instead of a key's name if the request was signed. No key can have this name,
    /// because names contain no spaces.
    pub const SIGNATURE: &'static str = "a signature";

    /// Returns the name used in rules, the audit log and rate limits.
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
