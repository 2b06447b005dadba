//! A stapled OCSP response (RFC 6960): what it says about a certificate, and whether its signature
//! holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use x509_parser::{
    asn1_rs::{Any, BitString, Class, GeneralizedTime},
    certificate::X509Certificate,
    prelude::FromDer,
    verify::verify_signature,
    x509::{AlgorithmIdentifier, SubjectPublicKeyInfo},
};

use super::Timestamp;

/// Object identifier of the list of timestamps, 1.3.6.1.4.1.11129.2.4.5, in DER.
const TIMESTAMPS: [u8; 10] = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 5];
/// Most extensions that are read.
const MAX_EXTENSIONS: usize = 16;
/// Most single responses that are searched.
const MAX_RESPONSES: usize = 16;
/// Most certificates in a response that are tried.
const MAX_CERTIFICATES: usize = 4;

/// Revocation status of a certificate (RFC 6960 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OcspStatus {
    /// The certificate is not revoked.
    Good,
    /// The certificate is revoked.
    Revoked,
    /// The responder does not know the certificate.
    Unknown,
}

/// The part of a response that is about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staple {
    /// The status that it gives.
    pub status: OcspStatus,
    /// When the status was known to be correct, in seconds since 1970.
    pub this_update: i64,
    /// Until when the response may be used, in seconds since 1970.
    pub next_update: Option<i64>,
    /// Timestamps of transparency logs in its extension (RFC 6962 §3.3).
    pub timestamps: Vec<Timestamp>,
}

impl Staple {
    /// Whether the response may be used at `now`. Five minutes of clock difference are tolerated.
    pub fn is_current(&self, now: i64) -> bool {
        const SKEW: i64 = 300;
        self.this_update <= now.saturating_add(SKEW)
            && self
                .next_update
                .is_none_or(|next| now <= next.saturating_add(SKEW))
    }
}

/// Reads a response about the certificate with this serial number. `issuer_key` is the issuer's
/// subject public key info in DER.
///
/// # Errors
/// The response is malformed, is an error, is about another certificate, or its signature is not by
/// the issuer or a responder that the issuer authorized.
pub fn read(response: &[u8], serial: &[u8], issuer_key: &[u8]) -> Result<Staple, String> {
    let basic = basic_response(response)?;
    let (data, algorithm, signature, rest) =
        signed_parts(&basic).ok_or("malformed OCSP response")?;

    if !is_authentic(data, &algorithm, &signature, rest, issuer_key) {
        return Err("the signature of the OCSP response could not be verified".into());
    }

    let responses = single_responses(data).ok_or("malformed OCSP response")?;
    responses
        .into_iter()
        .take(MAX_RESPONSES)
        .find_map(|response| staple(response, serial))
        .ok_or_else(|| "the OCSP response is about another certificate".into())
}

/// The next DER value and what follows it.
fn next(input: &[u8]) -> Option<(Any<'_>, &[u8])> {
    Any::from_der(input).ok().map(|(rest, any)| (any, rest))
}

/// The basic response in an OCSP response (RFC 6960 §4.2.1).
fn basic_response(response: &[u8]) -> Result<Vec<u8>, String> {
    let malformed = "malformed OCSP response";
    let (outer, _) = next(response).ok_or(malformed)?;
    let (status, rest) = next(outer.data).ok_or(malformed)?;
    if status.data != [0] {
        let name = match status.data {
            [1] => "malformed request",
            [2] => "internal error",
            [3] => "try later",
            [6] => "unauthorized",
            _ => "error",
        };
        return Err(format!("the OCSP responder answered: {name}"));
    }
    let (explicit, _) = next(rest).ok_or(malformed)?;
    let (bytes, _) = next(explicit.data).ok_or(malformed)?;
    let (_, rest) = next(bytes.data).ok_or(malformed)?;
    let (octets, _) = next(rest).ok_or(malformed)?;
    Ok(octets.data.to_vec())
}

/// Signed data with its header, algorithm, signature, and the certificates that follow.
fn signed_parts(basic: &[u8]) -> Option<(&[u8], AlgorithmIdentifier<'_>, BitString<'_>, &[u8])> {
    let (outer, _) = next(basic)?;
    let (_, after) = next(outer.data)?;
    let data = &outer.data[..outer.data.len() - after.len()];
    let (rest, algorithm) = AlgorithmIdentifier::from_der(after).ok()?;
    let (rest, signature) = BitString::from_der(rest).ok()?;
    Some((data, algorithm, signature, rest))
}

/// Whether the issuer, or a responder with a certificate of the issuer, signed the data
/// (RFC 6960 §4.2.2.2).
fn is_authentic(
    data: &[u8],
    algorithm: &AlgorithmIdentifier<'_>,
    signature: &BitString<'_>,
    certificates: &[u8],
    issuer_key: &[u8],
) -> bool {
    let Ok((_, issuer)) = SubjectPublicKeyInfo::from_der(issuer_key) else {
        return false;
    };
    if verify_signature(&issuer, algorithm, signature, data).is_ok() {
        return true;
    }

    let Some((list, _)) = next(certificates).and_then(|(explicit, _)| next(explicit.data)) else {
        return false;
    };
    let mut rest = list.data;
    for _ in 0..MAX_CERTIFICATES {
        let Ok((after, responder)) = X509Certificate::from_der(rest) else {
            return false;
        };
        rest = after;
        let is_authorized = responder
            .extended_key_usage()
            .is_ok_and(|usage| usage.is_some_and(|usage| usage.value.ocsp_signing));
        if is_authorized
            && responder.verify_signature(Some(&issuer)).is_ok()
            && verify_signature(responder.public_key(), algorithm, signature, data).is_ok()
        {
            return true;
        }
    }
    false
}

/// The single responses in the signed data.
fn single_responses(data: &[u8]) -> Option<Vec<Any<'_>>> {
    let (outer, _) = next(data)?;
    let mut rest = outer.data;
    // Before them: version [0], responder [1] or [2], and the time of production.
    let list = loop {
        let (field, after) = next(rest)?;
        rest = after;
        if field.class() == Class::Universal && field.tag().0 == 16 {
            break field;
        }
    };

    let mut responses = Vec::new();
    let mut rest = list.data;
    while let Some((response, after)) = next(rest) {
        responses.push(response);
        rest = after;
        if responses.len() == MAX_RESPONSES {
            break;
        }
    }
    Some(responses)
}

/// Reads a single response if it is about this serial number.
fn staple(response: Any<'_>, serial: &[u8]) -> Option<Staple> {
    let (id, rest) = next(response.data)?;
    let (status, rest) = next(rest)?;
    let (this_update, rest) = next(rest)?;

    let (_, after) = next(id.data)?;
    let (_, after) = next(after)?;
    let (_, after) = next(after)?;
    let (number, _) = next(after)?;
    if number.data != serial {
        return None;
    }

    let status = match status.tag().0 {
        0 => OcspStatus::Good,
        1 => OcspStatus::Revoked,
        2 => OcspStatus::Unknown,
        _ => return None,
    };

    // Both optional: the next update [0] and extensions [1].
    let (mut next_update, mut timestamps, mut rest) = (None, Vec::new(), rest);
    while let Some((field, after)) = next(rest) {
        match (field.class(), field.tag().0) {
            (Class::ContextSpecific, 0) => {
                next_update = next(field.data).and_then(|(time, _)| seconds(time));
            }
            (Class::ContextSpecific, 1) => timestamps = read_timestamps(field.data),
            _ => break,
        }
        rest = after;
    }

    Some(Staple {
        status,
        this_update: seconds(this_update)?,
        next_update,
        timestamps,
    })
}

/// The timestamps in the extensions of a single response (RFC 6962 §3.3).
fn read_timestamps(extensions: &[u8]) -> Vec<Timestamp> {
    let mut rest = next(extensions).map_or(&[][..], |(list, _)| list.data);
    for _ in 0..MAX_EXTENSIONS {
        let Some((extension, after)) = next(rest) else {
            break;
        };
        rest = after;
        let is_list = |(id, _): &(Any<'_>, _)| id.data == TIMESTAMPS;
        let Some((_, value)) = next(extension.data).filter(is_list) else {
            continue;
        };

        // The value is an octet string in an octet string, perhaps after the mark of a critical one.
        let octets = |input| next(input).filter(|(any, _)| any.tag().0 == 4);
        let value = match octets(value) {
            Some((value, _)) => Some(value),
            None => next(value).and_then(|(_, after)| octets(after).map(|(value, _)| value)),
        };
        let list = value.and_then(|value| octets(value.data).map(|(list, _)| list.data));
        return list.map(Timestamp::read_list).unwrap_or_default();
    }
    Vec::new()
}

fn seconds(time: Any<'_>) -> Option<i64> {
    let time = GeneralizedTime::try_from(time).ok()?;
    Some(time.utc_datetime().ok()?.unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("short");
        [&[tag, 0x81, length], content].concat()
    }

    #[test]
    fn reads_the_timestamps_in_the_extensions() {
        let log = [7; 32];
        let item = [&[0][..], &log, &1000_u64.to_be_bytes(), &[0; 7]].concat();
        let prefixed = |content: &[u8]| [&[0, content.len() as u8], content].concat();
        let list = der(4, &prefixed(&prefixed(&item)));
        let other = der(0x30, &[der(6, &[1, 2]), der(4, &[5, 0])].concat());
        let mark = der(1, &[0xff]);

        for parts in [
            vec![der(6, &TIMESTAMPS), der(4, &list)],
            vec![der(6, &TIMESTAMPS), mark, der(4, &list)],
        ] {
            let extension = der(0x30, &parts.concat());
            let all = der(0x30, &[other.clone(), extension].concat());
            let found = read_timestamps(&all);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].at_ms, 1000);
        }
        let shortened = der(0x30, &[der(6, &TIMESTAMPS), der(4, &list[..20])].concat());
        assert!(read_timestamps(&der(0x30, &shortened)).is_empty());
        assert!(read_timestamps(&[]).is_empty());
    }
}
