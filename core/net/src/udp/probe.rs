//! What is sent to a UDP port so that its usual service replies, and how a reply is recognized.

use crate::icmp::event::token;

/// Bytes of a QUIC Initial datagram (RFC 9000 §14.1).
const QUIC_SIZE: usize = 1200;
/// A version that no server supports, so that it lists those it does (RFC 9000 §6.3, §15).
const UNKNOWN_VERSION: [u8; 4] = [0x1a, 0x2a, 0x3a, 0x4a];
/// STUN's magic cookie (RFC 8489 §5).
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// A protocol whose servers answer a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UdpService {
    Dns,
    Ntp,
    Snmp,
    Quic,
    Stun,
    /// No service is known for the port: an empty datagram, and any reply counts.
    Unknown,
}

/// The datagrams for one port, with a random token by which replies are recognized.
#[derive(Debug)]
pub(super) struct Probe {
    service: UdpService,
    token: [u8; 8],
    datagrams: Vec<Vec<u8>>,
}

impl Probe {
    /// Makes the probe for the usual service of a port.
    pub(super) fn of(port: u16) -> Self {
        let service = match port {
            53 | 5353 | 5355 => UdpService::Dns,
            123 => UdpService::Ntp,
            161 => UdpService::Snmp,
            443 | 784 | 853 | 4433 | 8443 | 8853 => UdpService::Quic,
            3478 | 5349 | 19302 => UdpService::Stun,
            _ => UdpService::Unknown,
        };
        let token = token().to_be_bytes();
        let datagrams = match service {
            UdpService::Dns => vec![dns_query(token)],
            UdpService::Ntp => vec![ntp_request(token)],
            UdpService::Snmp => vec![snmp_get(token), snmp_discovery(token)],
            UdpService::Quic => vec![quic_initial(token)],
            UdpService::Stun => vec![stun_binding(token)],
            UdpService::Unknown => vec![Vec::new()],
        };
        Self {
            service,
            token,
            datagrams,
        }
    }

    /// The datagrams of one attempt.
    pub(super) fn datagrams(&self) -> &[Vec<u8>] {
        &self.datagrams
    }

    /// Reads a datagram: `None` if it is no reply to this probe, otherwise what it says about the
    /// service, if anything.
    pub(super) fn read(&self, reply: &[u8]) -> Option<Option<String>> {
        let t = &self.token;
        match self.service {
            UdpService::Dns => {
                let is_reply = reply.get(..2) == Some(&t[..2]) && reply.get(2)? & 0x80 != 0;
                (is_reply && reply.len() >= 12).then(|| Some("DNS".into()))
            }
            UdpService::Ntp => {
                let is_reply =
                    reply.len() >= 48 && matches!(reply[0] & 7, 4 | 5) && reply[24..32] == t[..];
                is_reply.then(|| {
                    Some(match reply[1] {
                        0 => "NTP, refuses (kiss-o'-death)".into(),
                        16.. => "NTP, not synchronized".into(),
                        stratum => format!("NTP, stratum {stratum}"),
                    })
                })
            }
            UdpService::Snmp => {
                // A sequence; the request or message number is in it.
                let has_number = reply
                    .windows(6)
                    .any(|at| at[..2] == [0x02, 0x04] && at[2..] == snmp_number(*t));
                (reply.first() == Some(&0x30) && has_number).then(|| Some("SNMP".into()))
            }
            UdpService::Quic => read_quic(reply, *t),
            UdpService::Stun => {
                let is_reply = reply.len() >= 20
                    && reply.get(4..8) == Some(&STUN_COOKIE)
                    && reply.get(8..16) == Some(&t[..])
                    && reply.first()? & 0xc0 == 0;
                is_reply.then(|| Some("STUN".into()))
            }
            UdpService::Unknown => Some(None),
        }
    }
}

/// A query for the name servers of the root, which also a server without recursion answers.
fn dns_query(token: [u8; 8]) -> Vec<u8> {
    let mut query = vec![token[0], token[1], 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend([0, 0, 2, 0, 1]);
    query
}

/// A client request of NTP version 4 (RFC 5905); the reply repeats the transmit timestamp.
fn ntp_request(token: [u8; 8]) -> Vec<u8> {
    let mut request = vec![0; 48];
    request[0] = 0b00_100_011;
    request[40..].copy_from_slice(&token);
    request
}

/// A positive number of four bytes for SNMP's request and message numbers.
fn snmp_number(token: [u8; 8]) -> [u8; 4] {
    [token[0] & 0x3f | 0x40, token[1], token[2], token[3]]
}

/// Wraps contents in a BER tag with a short length.
fn ber(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = u8::try_from(contents.len()).unwrap_or(0x7f) & 0x7f;
    [&[tag, length], contents.as_slice()].concat()
}

/// `GetRequest` of SNMP version 2c for sysUpTime with the community `public` (RFC 3416).
fn snmp_get(token: [u8; 8]) -> Vec<u8> {
    let oid = ber(0x06, &[&[0x2b, 6, 1, 2, 1, 1, 3, 0]]);
    let bindings = ber(0x30, &[&ber(0x30, &[&oid, &[5, 0]])]);
    let number = ber(0x02, &[&snmp_number(token)]);
    let request = ber(0xa0, &[&number, &[2, 1, 0], &[2, 1, 0], &bindings]);
    ber(0x30, &[&[2, 1, 1], &ber(0x04, &[b"public"]), &request])
}

/// Engine discovery of SNMP version 3 (RFC 3414 §4), which needs no community.
fn snmp_discovery(token: [u8; 8]) -> Vec<u8> {
    let number = ber(0x02, &[&snmp_number(token)]);
    let size = ber(0x02, &[&[0x05, 0x00]]);
    let header = ber(0x30, &[&number, &size, &[4, 1, 4], &[2, 1, 3]]);
    let user = ber(
        0x30,
        &[&[4, 0], &[2, 1, 0], &[2, 1, 0], &[4, 0], &[4, 0], &[4, 0]],
    );
    let security = ber(0x04, &[&user]);
    let request = ber(0xa0, &[&number, &[2, 1, 0], &[2, 1, 0], &[0x30, 0]]);
    let scoped = ber(0x30, &[&[4, 0], &[4, 0], &request]);
    ber(0x30, &[&[2, 1, 3], &header, &security, &scoped])
}

/// An Initial packet of an unknown version; servers reply with Version Negotiation (RFC 8999 §6).
fn quic_initial(token: [u8; 8]) -> Vec<u8> {
    let mut packet = vec![0xc0];
    packet.extend(UNKNOWN_VERSION);
    packet.push(8);
    packet.extend(token);
    packet.push(8);
    packet.extend(token.map(|octet| !octet));
    packet.resize(QUIC_SIZE, 0);
    packet
}

/// Reads Version Negotiation: our connection IDs swapped, then the versions.
fn read_quic(reply: &[u8], token: [u8; 8]) -> Option<Option<String>> {
    let rest = reply.get(1..)?;
    let is_reply = reply[0] & 0x80 != 0
        && rest.get(..4) == Some(&[0; 4])
        && rest.get(4) == Some(&8)
        && rest.get(5..13) == Some(&token.map(|octet| !octet)[..])
        && rest.get(13) == Some(&8)
        && rest.get(14..22) == Some(&token[..]);
    if !is_reply {
        return None;
    }

    let mut names: Vec<&str> = Vec::new();
    for version in rest[22..].chunks_exact(4) {
        let name = match version {
            [0, 0, 0, 1] => "1",
            [0x6b, 0x33, 0x43, 0xcf] => "2",
            [0xff, 0, 0, _] => "draft",
            _ => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Some(Some(if names.is_empty() {
        "QUIC".into()
    } else {
        format!("QUIC, versions {}", names.join(", "))
    }))
}

/// A STUN binding request (RFC 8489 §6).
fn stun_binding(token: [u8; 8]) -> Vec<u8> {
    let mut request = vec![0, 1, 0, 0];
    request.extend(STUN_COOKIE);
    request.extend(token);
    request.extend([0; 4]);
    request
}

#[cfg(test)]
mod tests;
