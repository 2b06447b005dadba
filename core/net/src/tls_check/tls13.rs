//! Keys and records of a TLS 1.3 handshake with SHA-256 (RFC 8446 §5.2 and §7.1), as far as needed to read a server's
//! certificates.

use ring::{
    aead::{AES_128_GCM, Aad, Algorithm, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey},
    agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral},
    digest, hmac,
};

/// Both directions of a handshake whose keys are agreed.
pub(super) struct Session {
    server: Protection,
    client: Protection,
    client_secret: [u8; 32],
}

/// The keys of one direction.
struct Protection {
    key: LessSafeKey,
    iv: [u8; 12],
    /// Number of records so far: the sequence number of the next one (RFC 8446 §5.3).
    sequence: u64,
}

impl Session {
    /// Agrees on the keys. `transcript` is ClientHello and ServerHello without record headers.
    ///
    /// Returns `None` if the server's key or the cipher suite cannot be used.
    pub(super) fn agree(
        key: EphemeralPrivateKey,
        share: &[u8],
        suite: u16,
        transcript: &[u8],
    ) -> Option<Self> {
        let algorithm = match suite {
            0x1301 => &AES_128_GCM,
            0x1303 => &CHACHA20_POLY1305,
            _ => return None,
        };
        let share = UnparsedPublicKey::new(&X25519, share);
        let secret = agree_ephemeral(key, &share, handshake_secret).ok()?;

        let hash = sha256(transcript);
        let client_secret = expand(&secret, "c hs traffic", &hash);
        let server_secret = expand(&secret, "s hs traffic", &hash);
        Some(Self {
            server: Protection::new(&server_secret, algorithm)?,
            client: Protection::new(&client_secret, algorithm)?,
            client_secret,
        })
    }

    /// Opens a record of the server: its content type and content. `None` if it is not authentic.
    pub(super) fn open(&mut self, header: [u8; 5], content: &[u8]) -> Option<(u8, Vec<u8>)> {
        let mut sealed = content.to_vec();
        let nonce = self.server.next_nonce();
        let opened = self
            .server
            .key
            .open_in_place(nonce, Aad::from(header), &mut sealed)
            .ok()?;
        // Padding follows the content type.
        let end = opened.iter().rposition(|byte| *byte != 0)?;
        Some((opened[end], opened[..end].to_vec()))
    }

    /// The record of a handshake message of the client.
    pub(super) fn seal(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let mut content = message.to_vec();
        content.push(0x16);
        let length = u16::try_from(content.len() + self.client.key.algorithm().tag_len()).ok()?;
        let [high, low] = length.to_be_bytes();
        let header = [0x17, 3, 3, high, low];

        let nonce = self.client.next_nonce();
        self.client
            .key
            .seal_in_place_append_tag(nonce, Aad::from(header), &mut content)
            .ok()?;
        Some([&header[..], &content].concat())
    }

    /// The message Finished of the client after this transcript (RFC 8446 §4.4.4).
    pub(super) fn finished(&self, transcript: &[u8]) -> Vec<u8> {
        let key = expand(&self.client_secret, "finished", &[]);
        let mut message = vec![20, 0, 0, 32];
        message.extend(authenticate(&key, &sha256(transcript)));
        message
    }
}

impl Protection {
    fn new(secret: &[u8; 32], algorithm: &'static Algorithm) -> Option<Self> {
        let key = &expand_to(secret, "key", &[], algorithm.key_len() as u8)[..algorithm.key_len()];
        let iv = expand_to(secret, "iv", &[], 12);
        Some(Self {
            key: LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?),
            iv: *iv.first_chunk()?,
            sequence: 0,
        })
    }

    fn next_nonce(&mut self) -> Nonce {
        let mut nonce = self.iv;
        for (octet, number) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *octet ^= number;
        }
        self.sequence += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

/// The handshake secret for the secret that was agreed, without a pre-shared key.
fn handshake_secret(shared: &[u8]) -> [u8; 32] {
    let early = authenticate(&[0; 32], &[0; 32]);
    let salt = expand(&early, "derived", &sha256(&[]));
    authenticate(&salt, shared)
}

/// HKDF-Expand-Label to 32 octets.
fn expand(secret: &[u8; 32], label: &str, context: &[u8]) -> [u8; 32] {
    expand_to(secret, label, context, 32)
}

/// HKDF-Expand-Label (RFC 8446 §7.1) to at most 32 octets, which are the first of the result.
fn expand_to(secret: &[u8; 32], label: &str, context: &[u8], length: u8) -> [u8; 32] {
    let mut info = vec![0, length, (6 + label.len()) as u8];
    info.extend(b"tls13 ");
    info.extend(label.as_bytes());
    info.push(context.len() as u8);
    info.extend(context);
    // The first block, which is all that is needed (RFC 5869 §2.3).
    info.push(1);
    authenticate(secret, &info)
}

fn authenticate(key: &[u8], content: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), content);
    let mut all = [0; 32];
    all.copy_from_slice(tag.as_ref());
    all
}

fn sha256(content: &[u8]) -> [u8; 32] {
    let mut all = [0; 32];
    all.copy_from_slice(digest::digest(&digest::SHA256, content).as_ref());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(digits: &str) -> Vec<u8> {
        (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal"))
            .collect()
    }

    #[test]
    fn derives_the_keys_of_rfc_8448() {
        let shared = octets("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
        assert_eq!(
            handshake_secret(&shared).to_vec(),
            octets("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac")
        );
        let server = octets("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        let server: [u8; 32] = server.try_into().expect("32 octets");
        assert_eq!(
            expand_to(&server, "key", &[], 16)[..16],
            octets("3fce516009c21727d0f2e4e86ee403bc")
        );
        assert_eq!(
            expand_to(&server, "iv", &[], 12)[..12],
            octets("5d313eb2671276ee13000b30")
        );
    }
}
