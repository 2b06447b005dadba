//! TLSA records of DANE (RFC 6698, RFC 7671), compared with certificates.

use ring::digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Certificate, hex};

/// The data of a TLSA record (RFC 6698 §2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tlsa {
    /// Which certificate the record is about; see [`Usage`].
    pub usage: u8,
    /// 0: the whole certificate; 1: its public key.
    pub selector: u8,
    /// 0: the exact content; 1: its SHA-256; 2: its SHA-512.
    pub matching: u8,
    /// What the content or its hash must be.
    pub data: Vec<u8>,
}

/// Certificate usage of a TLSA record (RFC 6698 §2.1.1, names of RFC 7218).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Usage {
    /// A certificate authority above the server's certificate; the usual checks apply as well.
    #[serde(rename = "PKIX-TA")]
    PkixTa,
    /// The server's certificate; the usual checks apply as well.
    #[serde(rename = "PKIX-EE")]
    PkixEe,
    /// A certificate authority that is trusted for this server.
    #[serde(rename = "DANE-TA")]
    DaneTa,
    /// The server's certificate, whatever else it says.
    #[serde(rename = "DANE-EE")]
    DaneEe,
}

impl Tlsa {
    /// The usage; `None` if it is not assigned, and the record unusable.
    pub fn usage(&self) -> Option<Usage> {
        match self.usage {
            0 => Some(Usage::PkixTa),
            1 => Some(Usage::PkixEe),
            2 => Some(Usage::DaneTa),
            3 => Some(Usage::DaneEe),
            _ => None,
        }
    }

    /// Whether a client can use the record (RFC 7671 §10.1.1): its fields are assigned, and a hash
    /// has the length of its algorithm.
    pub fn is_usable(&self) -> bool {
        let length = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => false,
        };
        length && self.selector <= 1 && self.usage().is_some()
    }

    /// Whether selector and matching type give the record's data for this certificate.
    pub fn matches(&self, certificate: &Certificate) -> bool {
        let content = match self.selector {
            0 => &certificate.der,
            1 => &certificate.key_der,
            _ => return false,
        };
        self.matches_content(content)
    }

    /// Whether the record is about this public key (subject public key info in DER).
    pub fn matches_key(&self, key_der: &[u8]) -> bool {
        self.selector == 1 && self.matches_content(key_der)
    }

    fn matches_content(&self, content: &[u8]) -> bool {
        match self.matching {
            0 => self.data == content,
            1 => self.data == digest::digest(&digest::SHA256, content).as_ref(),
            2 => self.data == digest::digest(&digest::SHA512, content).as_ref(),
            _ => false,
        }
    }

    /// The record's data in presentation format, shortened to 128 digits.
    pub fn digits(&self) -> String {
        hex(&self.data[..self.data.len().min(64)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(usage: u8, selector: u8, matching: u8, length: usize) -> Tlsa {
        Tlsa {
            usage,
            selector,
            matching,
            data: vec![0; length],
        }
    }

    #[test]
    fn a_record_with_unassigned_fields_or_a_wrong_length_is_unusable() {
        for (usage, selector, matching, length, usable) in [
            (3, 1, 1, 32, true),
            (2, 0, 2, 64, true),
            (0, 0, 0, 700, true),
            (3, 1, 1, 31, false),
            (3, 1, 2, 32, false),
            (3, 1, 0, 0, false),
            (4, 1, 1, 32, false),
            (3, 2, 1, 32, false),
            (3, 1, 3, 32, false),
            (255, 1, 1, 32, false),
        ] {
            let record = record(usage, selector, matching, length);
            assert_eq!(record.is_usable(), usable, "{record:?}");
        }
    }

    #[test]
    fn digits_are_bounded() {
        assert_eq!(record(3, 1, 0, 5000).digits().len(), 128);
    }
}
