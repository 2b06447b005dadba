//! Reads the length of an RSA key from its DER encoding (X.690).

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// Object identifier 1.2.840.113549.1.1.1, rsaEncryption, with its tag and length.
const RSA_ENCRYPTION: [u8; 11] = [
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
];

/// Length of the modulus in bits, of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) or an RSAPublicKey (RFC 8017 §A.1.1).
/// `None` if it is neither.
pub(super) fn rsa_bits(der: &[u8]) -> Option<usize> {
    let (body, _) = element(der, SEQUENCE)?;
    if body.first() == Some(&INTEGER) {
        return modulus_bits(body);
    }

    let (algorithm, rest) = element(body, SEQUENCE)?;
    if !algorithm.starts_with(&RSA_ENCRYPTION) {
        return None;
    }
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first byte is the number of unused bits.
    let (key, _) = element(bits.strip_prefix(&[0])?, SEQUENCE)?;
    modulus_bits(key)
}

/// Length of the first of two integers, the modulus and the exponent.
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let (modulus, rest) = element(key, INTEGER)?;
    element(rest, INTEGER)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let digits = &modulus[zeros..];
    let first = digits.first()?;
    Some(digits.len() * 8 - first.leading_zeros() as usize)
}

/// The content of the element at the start, which must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = der.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => {
            let (&[length], rest) = rest.split_first_chunk()?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (&length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(length)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
