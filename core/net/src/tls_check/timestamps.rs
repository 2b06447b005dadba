//! Timestamps of transparency logs in the TLS handshake (RFC 6962 §3.3.1), which rustls does not ask for.
//!
//! A connection of its own reads a server's first flight, completes the handshake so that the server logs no error, and
//! ends. The signature is not verified: the timestamps count only if the certificate is that of the main connection.

use std::time::Duration;

use netvane_facts::target::Host;
use ring::{
    agreement::{EphemeralPrivateKey, X25519},
    rand::{SecureRandom, SystemRandom},
};

use super::{
    client_hello,
    server_flight::{Flight, extension, message, prefixed},
    tls13::Session,
    wire::Wire,
};

/// How long the check waits at least for the timestamps after its main connection is examined.
pub(super) const WAIT: Duration = Duration::from_millis(100);

/// What a server sent.
pub(super) struct Sent {
    /// Its certificate in DER.
    pub(super) leaf: Vec<u8>,
    /// The list of timestamps, encoded.
    pub(super) timestamps: Vec<u8>,
}

/// Reads the timestamps; `None` if the server sends none, or its handshake cannot be read.
pub(super) async fn read(wire: &mut Wire, name: &Host) -> Option<Sent> {
    let generator = SystemRandom::new();
    let key = EphemeralPrivateKey::generate(&X25519, &generator).ok()?;
    let public = key.compute_public_key().ok()?;
    let mut random = [0; 32];
    generator.fill(&mut random).ok()?;

    let hello = client_hello::build_13(name, random, public.as_ref());
    wire.send(&hello).await.ok()?;
    let mut records = Records::default();
    let (kind, _, first) = records.next(wire).await?;
    let (2, server_hello, rest) = message(&first).filter(|_| kind == 0x16)? else {
        return None;
    };

    let (suite, extensions) = read_server_hello(server_hello)?;
    if extension(extensions, 43) != Some(&[3, 4]) {
        records.put_back(&first);
        return read_plain(wire, records).await;
    }
    let share = key_share(extensions)?;
    // No other message may follow in this record, since the next ones are encrypted.
    if !rest.is_empty() {
        return None;
    }
    let transcript = [&hello[5..], &first].concat();
    let session = Session::agree(key, share, suite, &transcript)?;
    read_encrypted(wire, records, session, transcript).await
}

/// The cipher suite and the extensions of a ServerHello.
fn read_server_hello(hello: &[u8]) -> Option<(u16, &[u8])> {
    // Version, random, session, suite, compression.
    let (_, after) = prefixed(hello.get(34..)?, 1)?;
    let ([high, low, _], after) = after.split_first_chunk::<3>()?;
    let (extensions, _) = prefixed(after, 2).unwrap_or_default();
    Some((u16::from_be_bytes([*high, *low]), extensions))
}

/// The server's public key of X25519; `None` if it asks for a key of another group.
fn key_share(extensions: &[u8]) -> Option<&[u8]> {
    let (group, share) = extension(extensions, 51)?.split_first_chunk::<2>()?;
    let (share, _) = prefixed(share, 2).filter(|_| *group == [0, 29])?;
    Some(share)
}

/// Reads the flight of TLS 1.2, which is not encrypted.
async fn read_plain(wire: &mut Wire, records: Records) -> Option<Sent> {
    let mut flight = Flight::default();
    let mut bytes = records.bytes;
    loop {
        flight.feed(&bytes).ok()?;
        if flight.is_complete {
            break;
        }
        bytes = wire.receive().await.ok().filter(|it| !it.is_empty())?;
    }
    let hello = flight.finish().ok()?;
    Some(Sent {
        leaf: hello.chain.into_iter().next()?,
        timestamps: hello.timestamps?,
    })
}

/// Reads the flight of TLS 1.3 and completes the handshake.
async fn read_encrypted(
    wire: &mut Wire,
    mut records: Records,
    mut session: Session,
    mut transcript: Vec<u8>,
) -> Option<Sent> {
    let (mut messages, mut sent, mut request) = (Vec::new(), None, None);

    'flight: loop {
        let (kind, header, content) = records.next(wire).await?;
        match kind {
            // A change of ciphers that means nothing (RFC 8446 §5).
            0x14 => continue,
            0x17 => {}
            _ => return None,
        }
        let (kind, content) = session.open(header, &content)?;
        if kind != 0x16 {
            return None;
        }
        messages.extend(content);

        while let Some((kind, content, rest)) = message(&messages) {
            match kind {
                11 => sent = read_certificate(content),
                13 => request = prefixed(content, 1).map(|(context, _)| context.to_vec()),
                _ => {}
            }
            let is_finished = kind == 20;
            let rest = rest.to_vec();
            transcript.extend(&messages[..messages.len() - rest.len()]);
            messages = rest;
            if is_finished {
                break 'flight;
            }
        }
    }

    // The server's answer is of no interest.
    let _ = finish(wire, session, transcript, request).await;
    sent
}

/// Sends the client's part of the handshake: no certificate if one is asked for, and Finished.
async fn finish(
    wire: &mut Wire,
    mut session: Session,
    mut transcript: Vec<u8>,
    request: Option<Vec<u8>>,
) -> Option<()> {
    if let Some(context) = request {
        let length = u8::try_from(context.len()).ok()?;
        let mut certificate = vec![11, 0, 0, length.checked_add(4)?, length];
        certificate.extend(context);
        certificate.extend([0, 0, 0]);
        wire.send(&session.seal(&certificate)?).await.ok()?;
        transcript.extend(certificate);
    }
    let finished = session.finished(&transcript);
    wire.send(&session.seal(&finished)?).await.ok()
}

/// The first certificate of a message of TLS 1.3, and the timestamps in its extensions (RFC 8446 §4.4.2).
fn read_certificate(content: &[u8]) -> Option<Sent> {
    let (_, list) = prefixed(content, 1)?;
    let (list, _) = prefixed(list, 3)?;
    let (leaf, rest) = prefixed(list, 3)?;
    let (extensions, _) = prefixed(rest, 2)?;
    Some(Sent {
        leaf: leaf.to_vec(),
        timestamps: extension(extensions, 18)?.to_vec(),
    })
}

/// Records as they arrive.
#[derive(Default)]
struct Records {
    bytes: Vec<u8>,
}

impl Records {
    /// The next record: its type, header and content; `None` at the end.
    async fn next(&mut self, wire: &mut Wire) -> Option<(u8, [u8; 5], Vec<u8>)> {
        loop {
            if let Some((header, rest)) = self.bytes.split_first_chunk::<5>() {
                let header = *header;
                let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
                if let Some((content, rest)) = rest.split_at_checked(length) {
                    let content = content.to_vec();
                    self.bytes = rest.to_vec();
                    return Some((header[0], header, content));
                }
            }
            let more = wire.receive().await.ok()?;
            if more.is_empty() {
                return None;
            }
            self.bytes.extend(more);
        }
    }

    /// Puts the content of a handshake record back in front.
    fn put_back(&mut self, content: &[u8]) {
        let [high, low] = (content.len() as u16).to_be_bytes();
        let record = [&[0x16, 3, 3, high, low][..], content, &self.bytes].concat();
        self.bytes = record;
    }
}
