//! Reads X.509 certificates (RFC 5280) and explains why a client would reject their chain.
//!
//! Everything here parses bytes that a server sent, so no input may panic, and texts are bounded.

pub mod chain;
pub mod dane;
mod distinguished_name;
mod key;
pub mod names;
pub mod ocsp;
mod signature;
mod timestamp;
pub mod validity;

use std::fmt::Write;

use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::{ASN1Time, FromDer},
};

pub use key::{Key, KeyType};
pub use names::Names;
pub use signature::Signature;
pub use timestamp::Timestamp;

/// Longest URL of an issuer's certificate that is kept, in bytes.
const MAX_URL: usize = 512;

/// The facts of one certificate.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate in DER, as the server sent it.
    pub der: Vec<u8>,
    /// Subject as text, the most specific part first: `CN=example.com, O=Example`.
    pub subject: String,
    /// Issuer as text, in the same form.
    pub issuer: String,
    /// Content of the subject in DER, without its outer header; identifies a certificate authority.
    pub subject_der: Vec<u8>,
    /// Content of the issuer in DER, without its outer header.
    pub issuer_der: Vec<u8>,
    /// Subject public key info in DER, as DANE and pins hash it.
    pub key_der: Vec<u8>,
    /// Names of servers in the subject alternative names.
    pub names: Names,
    /// Start of the validity in seconds since 1970.
    pub not_before: i64,
    /// End of the validity in seconds since 1970, the last valid second.
    pub not_after: i64,
    /// Type and size of the public key.
    pub key: Key,
    /// Algorithm of the issuer's signature.
    pub signature: Signature,
    /// Whether it may sign other certificates.
    pub is_ca: bool,
    /// Whether it may identify a TLS server (extended key usage).
    pub for_servers: bool,
    /// Whether the issuer requires an OCSP staple (RFC 7633).
    pub requires_staple: bool,
    /// Where the issuer's certificate can be downloaded.
    pub issuer_url: Option<String>,
    /// Identifier of the subject's key.
    pub subject_key_id: Option<Vec<u8>>,
    /// Identifier of the issuer's key.
    pub authority_key_id: Option<Vec<u8>>,
    /// Timestamps of certificate transparency logs (RFC 6962).
    pub timestamps: Vec<Timestamp>,
    /// Serial number, as encoded.
    pub serial: Vec<u8>,
}

impl Certificate {
    /// Parses a certificate in DER. An error says what is malformed.
    pub fn read(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) = X509Certificate::from_der(der)
            .map_err(|error| format!("malformed certificate: {}", brief(&error)))?;
        if !rest.is_empty() {
            return Err("malformed certificate: data after its end".into());
        }

        let (subject, issuer) = (parsed.subject(), parsed.issuer());
        let mut certificate = Self {
            der: der.to_vec(),
            subject: distinguished_name::text(subject),
            issuer: distinguished_name::text(issuer),
            subject_der: content(subject.as_raw()),
            issuer_der: content(issuer.as_raw()),
            key_der: parsed.public_key().raw.to_vec(),
            names: Names::default(),
            not_before: seconds(parsed.validity().not_before),
            not_after: seconds(parsed.validity().not_after),
            key: Key::of(parsed.public_key()),
            signature: Signature::of(&parsed.signature_algorithm),
            is_ca: false,
            for_servers: true,
            requires_staple: false,
            issuer_url: None,
            subject_key_id: None,
            authority_key_id: None,
            timestamps: Vec::new(),
            serial: parsed.tbs_certificate.raw_serial().to_vec(),
        };

        for extension in parsed.extensions() {
            certificate.add_extension(extension.parsed_extension());
            // TLS feature `status_request` (RFC 7633 §4): a sequence with the number 5.
            if extension.oid.to_id_string() == "1.3.6.1.5.5.7.1.24" {
                certificate.requires_staple = extension.value.ends_with(&[2, 1, 5]);
            }
        }

        Ok(certificate)
    }

    fn add_extension(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::SubjectAlternativeName(names) => {
                self.names = Names::of(&names.general_names);
            }
            ParsedExtension::BasicConstraints(constraints) => self.is_ca = constraints.ca,
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.for_servers = usage.server_auth || usage.any;
            }
            ParsedExtension::SubjectKeyIdentifier(id) => {
                self.subject_key_id = Some(id.0.to_vec());
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                // caIssuers (RFC 5280 §4.2.2.1).
                self.issuer_url = access
                    .iter()
                    .filter(|entry| entry.access_method.to_id_string() == "1.3.6.1.5.5.7.48.2")
                    .find_map(|entry| match entry.access_location {
                        GeneralName::URI(url) if url.len() <= MAX_URL => Some(url.to_owned()),
                        _ => None,
                    });
            }
            ParsedExtension::SCT(timestamps) => {
                self.timestamps = timestamps
                    .iter()
                    .take(timestamp::MAX)
                    .map(|found| Timestamp::new(found.id.key_id, found.timestamp))
                    .collect();
            }
            _ => {}
        }
    }

    /// Whether subject and issuer are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }

    /// SHA-256 of the whole certificate in lower-case hexadecimal digits.
    pub fn sha256(&self) -> String {
        hex(ring::digest::digest(&ring::digest::SHA256, &self.der).as_ref())
    }

    /// The most specific part of the subject, or the whole subject: `R3` of `CN=R3, O=Let's Encrypt`.
    pub fn subject_name(&self) -> &str {
        short_name(&self.subject)
    }

    /// The most specific part of the issuer.
    pub fn issuer_name(&self) -> &str {
        short_name(&self.issuer)
    }
}

/// The common name of a distinguished name as text, or the whole text.
pub fn short_name(text: &str) -> &str {
    let common = text
        .strip_prefix("CN=")
        .map(|rest| rest.split(", ").next().unwrap_or(rest));
    match common {
        Some(common) if !common.is_empty() => common,
        _ if text.is_empty() => "(no name)",
        _ => text,
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn seconds(time: ASN1Time) -> i64 {
    time.timestamp()
}

/// The content of a DER value, without its header.
fn content(der: &[u8]) -> Vec<u8> {
    x509_parser::asn1_rs::Any::from_der(der)
        .map(|(_, any): (_, x509_parser::asn1_rs::Any<'_>)| any.data.to_vec())
        .unwrap_or_default()
}

/// An error of the parser without the input that it quotes.
fn brief(error: &x509_parser::nom::Err<x509_parser::error::X509Error>) -> String {
    use x509_parser::nom::Err;
    match error {
        Err::Incomplete(_) => "it is truncated".into(),
        Err::Error(error) | Err::Failure(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
