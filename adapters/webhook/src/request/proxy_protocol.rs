//! The PROXY protocol, versions 1 and 2: what a load balancer tells about the connection that it
//! relays.

use std::io;

use bytes::{Buf, BytesMut};
use netvane_core::request::http_request::{ClientTls, Relayed};
use ppp::{PartialResult, v1, v2};
use tokio::net::TcpStream;

use super::opening::more;

/// Longest header of version 1 in bytes: one line.
const LONGEST_LINE: usize = 107;
/// Longest accepted header of version 2 in bytes. It states its own length, and TLVs with
/// certificate data can be long.
const LONGEST: usize = 4096;

/// TLV types of version 2 (§2.2): the server name of a TLS client (SNI), and the TLS data; inside
/// the latter the TLS version, the client certificate's common name and the cipher.
const AUTHORITY: u8 = 0x02;
const SSL: u8 = 0x20;
const SSL_VERSION: u8 = 0x21;
const SSL_CN: u8 = 0x22;
const SSL_CIPHER: u8 = 0x23;

/// Reads the header at the start of a connection and leaves what follows it in `seen`; fails if
/// the connection does not start with one.
pub(crate) async fn read(stream: &mut TcpStream, seen: &mut BytesMut) -> io::Result<Relayed> {
    let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);

    loop {
        match relayed(&seen[..seen.len().min(LONGEST)]) {
            Some(Ok((relayed, length))) => {
                seen.advance(length);
                return Ok(relayed);
            }
            Some(Err(why)) => return Err(invalid(why)),
            None if seen.len() >= LONGEST => {
                return Err(invalid("a PROXY header without end".into()));
            }
            None => more(stream, seen).await?,
        }
    }
}

pub(crate) type ProxyHeader = (Relayed, usize);

/// Parses a whole header and its length; `None` while the bytes may still become one.
pub(crate) fn relayed(seen: &[u8]) -> Option<Result<ProxyHeader, String>> {
    let begins = |magic: &[u8]| {
        let shared = seen.len().min(magic.len());
        seen[..shared] == magic[..shared]
    };

    if begins(b"PROXY ") {
        // Only parse complete lines: ppp reports a truncated port or character as invalid.
        return match seen
            .iter()
            .take(LONGEST_LINE)
            .position(|byte| *byte == b'\n')
        {
            Some(end) => {
                let header = v1::Header::try_from(&seen[..=end]);
                Some(
                    header
                        .map(|header| (first(&header), end + 1))
                        .map_err(refused),
                )
            }
            None if seen.len() < LONGEST_LINE => None,
            None => Some(Err(refused("its line does not end"))),
        };
    }

    match v2::Header::try_from(seen) {
        Ok(header) => Some(Ok((second(&header), header.len()))),
        // Do not wait for more bytes of another protocol.
        Err(error) if error.is_incomplete() && begins(v2::PROTOCOL_PREFIX) => None,
        Err(error) => Some(Err(refused(error))),
    }
}

fn refused(why: impl std::fmt::Display) -> String {
    format!("no PROXY header: {why}")
}

fn first(header: &v1::Header) -> Relayed {
    let ends = match header.addresses {
        v1::Addresses::Tcp4(ends) => Some((
            (ends.source_address, ends.source_port).into(),
            (ends.destination_address, ends.destination_port).into(),
        )),
        v1::Addresses::Tcp6(ends) => Some((
            (ends.source_address, ends.source_port).into(),
            (ends.destination_address, ends.destination_port).into(),
        )),
        v1::Addresses::Unknown => None,
    };

    Relayed {
        version: 1,
        ends,
        tls: None,
    }
}

fn second(header: &v2::Header) -> Relayed {
    let ends = match (header.command, header.addresses) {
        (v2::Command::Proxy, v2::Addresses::IPv4(ends)) => Some((
            (ends.source_address, ends.source_port).into(),
            (ends.destination_address, ends.destination_port).into(),
        )),
        (v2::Command::Proxy, v2::Addresses::IPv6(ends)) => Some((
            (ends.source_address, ends.source_port).into(),
            (ends.destination_address, ends.destination_port).into(),
        )),
        _ => None,
    };

    let mut tls = None::<ClientTls>;
    let mut server_name = None;

    for tlv in header.tlvs().map_while(Result::ok) {
        match tlv.kind {
            AUTHORITY => server_name = Some(words(&tlv.value)),
            SSL => tls = ssl(&tlv.value),
            _ => {}
        }
    }

    let tls = tls.map(|tls| ClientTls { server_name, ..tls });

    Relayed {
        version: 2,
        ends,
        tls,
    }
}

/// Parses the TLS data (§2.2.6): one byte of flags, four of the verification result, then nested
/// TLVs.
fn ssl(value: &[u8]) -> Option<ClientTls> {
    let (flags, mut rest) = (value.first()?, value.get(5..)?);
    if flags & 1 == 0 {
        return None;
    }
    let mut tls = ClientTls::default();
    while let [kind, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((value, tail)) = tail.split_at_checked(length) else {
            break;
        };
        match *kind {
            SSL_VERSION => tls.protocol = Some(words(value)),
            SSL_CIPHER => tls.cipher = Some(words(value)),
            SSL_CN => tls.client_name = Some(words(value)),
            _ => {}
        }
        rest = tail;
    }
    Some(tls)
}

fn words(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[..value.len().min(255)]).into_owned()
}

#[cfg(test)]
mod tests;
