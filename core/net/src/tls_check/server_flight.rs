//! Reads a server's first flight of TLS 1.0 to 1.2 (RFC 5246 §7.3), where the certificates are not
//! encrypted. The handshake goes no further.

use netvane_facts::target::Host;

use super::{
    client_hello,
    handshake::{Hello, broken, describe_alert, is_tls, printable},
    recorder::Proof,
    wire::Wire,
};

/// Most certificates that are kept; more are counted as one chain that is too long.
const MAX_CERTIFICATES: usize = 128;

/// Sends a ClientHello of this version and reads the answer.
///
/// # Errors
/// The server refuses the version, or its answer is not TLS.
pub(super) async fn read(wire: &mut Wire, version: u16, name: &Host) -> Result<Hello, String> {
    // Not secret, and different for each connection.
    let mut random = [0; 32];
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random);
    wire.send(&client_hello::build(version, name, random))
        .await
        .map_err(|error| format!("{:?}", broken(&error)))?;

    let mut flight = Flight::default();

    while !flight.is_complete {
        let bytes = match wire.receive().await {
            Ok(bytes) if bytes.is_empty() => return flight.finish(),
            Ok(bytes) => bytes,
            Err(_) if !flight.hello.chain.is_empty() => return flight.finish(),
            Err(error) => return Err(format!("{:?}", broken(&error))),
        };
        flight.feed(&bytes)?;
    }

    flight.finish()
}

/// What has arrived so far.
#[derive(Default)]
pub(super) struct Flight {
    /// Bytes of an incomplete record.
    records: Vec<u8>,
    /// Bytes of an incomplete handshake message.
    messages: Vec<u8>,
    hello: Hello,
    has_records: bool,
    /// Whether the server's part has ended.
    pub(super) is_complete: bool,
}

impl Flight {
    /// Reads the next bytes from the server, in pieces of any size.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.records.extend(bytes);
        if !is_tls(&self.records) && !self.has_records {
            return Err(format!("not TLS: {}", printable(&self.records)));
        }
        self.read_records()
    }

    fn read_records(&mut self) -> Result<(), String> {
        let records = std::mem::take(&mut self.records);
        let mut rest = &records[..];

        while let [kind, _, _, high, low, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some(content) = after.get(..length) else {
                break;
            };
            self.has_records = true;
            match (kind, content) {
                (0x15, [level, alert]) if *level == 2 => return Err(describe_alert(*alert)),
                (0x15, _) => {}
                (0x16, content) => self.messages.extend(content),
                _ => return Err("the server sent a record that is not part of a handshake".into()),
            }
            rest = &after[length..];
        }

        self.records = rest.to_vec();
        self.read_messages()
    }

    fn read_messages(&mut self) -> Result<(), String> {
        let messages = std::mem::take(&mut self.messages);
        let mut rest = &messages[..];

        while let Some((kind, content, after)) = message(rest) {
            rest = after;
            match kind {
                2 => self.read_server_hello(content)?,
                11 => self.read_certificates(content)?,
                22 => {
                    self.hello.staple = match content {
                        [1, response @ ..] => prefixed(response, 3).map(|(one, _)| one.to_vec()),
                        _ => None,
                    };
                }
                13 => self.hello.wants_client_certificate = true,
                14 => self.is_complete = true,
                _ => {}
            }
        }

        self.messages = rest.to_vec();
        Ok(())
    }

    fn read_server_hello(&mut self, content: &[u8]) -> Result<(), String> {
        let malformed = "the server sent a malformed ServerHello";
        let [major, minor, rest @ ..] = content else {
            return Err(malformed.into());
        };
        self.hello.protocol = match (major, minor) {
            (3, 0) => "SSL 3.0",
            (3, 1) => "TLS 1.0",
            (3, 2) => "TLS 1.1",
            (3, 3) => "TLS 1.2",
            _ => return Err(malformed.into()),
        }
        .into();

        let after = rest.get(32..).ok_or(malformed)?;
        let (_, after) = prefixed(after, 1).ok_or(malformed)?;
        let [high, low, _, after @ ..] = after else {
            return Err(malformed.into());
        };
        let number = u16::from_be_bytes([*high, *low]);
        self.hello.cipher = rustls::CipherSuite::from(number)
            .as_str()
            .map_or_else(|| format!("0x{number:04x}"), str::to_owned);

        let extensions = prefixed(after, 2).map_or(&[][..], |(all, _)| all);
        self.hello.timestamps = extension(extensions, 18).map(<[u8]>::to_vec);
        Ok(())
    }

    fn read_certificates(&mut self, content: &[u8]) -> Result<(), String> {
        let malformed = "the server sent a malformed list of certificates";
        let (mut list, _) = prefixed(content, 3).ok_or(malformed)?;
        while !list.is_empty() && self.hello.chain.len() < MAX_CERTIFICATES {
            let (certificate, rest) = prefixed(list, 3).ok_or(malformed)?;
            self.hello.chain.push(certificate.to_vec());
            list = rest;
        }
        Ok(())
    }

    /// What the server sent; an error if that is not even a ServerHello.
    pub(super) fn finish(self) -> Result<Hello, String> {
        if self.hello.protocol.is_empty() {
            return Err("the server closed the connection during the TLS handshake".into());
        }
        Ok(Hello {
            proof: Proof::Missing,
            ..self.hello
        })
    }
}

/// The first handshake message: its type, its content and what follows.
pub(super) fn message(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (content, after) = prefixed(rest, 3)?;
    Some((*kind, content, after))
}

/// Content of the first extension with this number.
pub(super) fn extension(mut extensions: &[u8], number: u16) -> Option<&[u8]> {
    while let Some((found, after)) = extensions.split_first_chunk::<2>() {
        let (content, rest) = prefixed(after, 2)?;
        if u16::from_be_bytes(*found) == number {
            return Some(content);
        }
        extensions = rest;
    }
    None
}

/// Content after a length of `size` bytes, and what follows it.
pub(super) fn prefixed(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(size)?;
    let length = length
        .iter()
        .fold(0, |length, octet| length << 8 | usize::from(*octet));
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests;
