//! ICMP echo socket of Linux for one target, with its error queue: a datagram socket, which needs
//! no privilege, or a raw one.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::{
    PingError, PingMethod,
    event::{EchoEvent, EchoOutcome, When, token},
};
use crate::{
    connect::local_reason,
    errqueue::{self, ErrorMessage, Queue},
};

/// Bytes of an ICMP echo header: type, code, checksum, identifier, sequence number.
const HEADER: usize = 8;
/// Random bytes at the start of the payload, which identify our replies.
const TOKEN: usize = 8;

/// An ICMP socket connected to one target.
pub struct EchoSocket {
    socket: UdpSocket,
    target: IpAddr,
    mark: Mark,
    source: IpAddr,
}

/// How to recognize our packets.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// Identifier, for a raw socket, which also receives replies to other processes.
    raw: bool,
    ident: u16,
    token: u64,
}

impl EchoSocket {
    /// Opens a datagram socket if the sysctl allows it, otherwise a raw socket if the capability
    /// allows it.
    ///
    /// # Errors
    /// Neither is allowed, or this machine has no route to the target.
    pub fn open(target: IpAddr) -> Result<Self, PingError> {
        match Self::of_kind(Type::DGRAM, target) {
            Err(PingError::Socket(_)) => Self::of_kind(Type::RAW, target),
            opened => opened,
        }
    }

    fn of_kind(kind: Type, target: IpAddr) -> Result<Self, PingError> {
        let (domain, protocol) = match target {
            IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
            IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, kind.nonblocking().cloexec(), Some(protocol))?;
        errqueue::enable(&socket, target.is_ipv6())?;
        socket
            .connect(&SocketAddr::new(target, 0).into())
            .map_err(|error| PingError::Local {
                reason: local_reason(&error),
            })?;

        let source = socket
            .local_addr()?
            .as_socket()
            .map_or(target, |address| address.ip());
        let socket = errqueue::watch(socket)?;
        let token = token();
        #[expect(clippy::cast_possible_truncation, reason = "16 random bits are enough")]
        let ident = (token >> 17) as u16;

        Ok(Self {
            socket,
            target,
            mark: Mark {
                raw: kind == Type::RAW,
                ident,
                token,
            },
            source,
        })
    }

    /// Returns the kind of socket.
    pub fn method(&self) -> PingMethod {
        if self.mark.raw {
            PingMethod::IcmpRaw
        } else {
            PingMethod::IcmpDatagram
        }
    }

    /// Returns the source address.
    pub fn source(&self) -> IpAddr {
        self.source
    }

    /// Sends a request with `size` bytes of payload, and with the given TTL if any.
    pub fn send(&self, seq: u16, size: u16, ttl: Option<u8>) -> io::Result<()> {
        let Mark { ident, token, .. } = self.mark;
        let packet = request(self.target.is_ipv6(), ident, seq, token, size);
        let ttl = ttl.map(|ttl| (ttl, self.target.is_ipv6()));
        errqueue::send(&self.socket, &packet, None, ttl)
    }

    /// Waits for replies and errors about our requests and adds them to `events`. Cancel-safe.
    pub async fn listen(&self, events: &mut Vec<EchoEvent>) -> io::Result<()> {
        errqueue::next_batch(&self.socket, |queue, message, bytes| {
            events.extend(self.understand(queue, message, bytes));
        })
        .await
    }

    /// Adds the queued replies and errors, without waiting.
    pub fn collect(&self, events: &mut Vec<EchoEvent>) {
        errqueue::drain(&self.socket, |queue, message, bytes| {
            events.extend(self.understand(queue, message, bytes));
        });
    }

    fn understand(&self, queue: Queue, message: &ErrorMessage, bytes: &[u8]) -> Option<EchoEvent> {
        let ipv6 = self.target.is_ipv6();

        if queue == Queue::Data {
            if message.peer.map(|peer| peer.ip()) != Some(self.target) {
                return None;
            }
            let icmp = if self.mark.raw && !ipv6 {
                behind_ip_header(bytes)?
            } else {
                bytes
            };
            let seq = self.mark.sequence(icmp, if ipv6 { 129 } else { 0 }, true)?;
            return Some(EchoEvent {
                seq,
                from: Some(self.target),
                ttl: message.ttl,
                when: When::Stamped(message.stamp),
                outcome: EchoOutcome::Reply,
            });
        }

        let report = message.error?;

        Some(EchoEvent {
            // The quoted packet is our own request; routers may truncate it after eight bytes.
            seq: self
                .mark
                .sequence(bytes, if ipv6 { 128 } else { 8 }, false)?,
            from: report.offender,
            ttl: None,
            when: When::Stamped(message.stamp),
            outcome: report
                .notice
                .map_or(EchoOutcome::NotSent, EchoOutcome::IcmpError),
        })
    }
}

impl Mark {
    /// Returns the sequence number of an echo packet if it is ours.
    fn sequence(&self, icmp: &[u8], kind: u8, whole: bool) -> Option<u16> {
        let header: &[u8; HEADER] = icmp.first_chunk()?;
        if header[0] != kind || header[1] != 0 {
            return None;
        }
        // On a datagram socket the kernel sets the identifier and has already matched it.
        if self.raw && u16::from_be_bytes([header[4], header[5]]) != self.ident {
            return None;
        }
        match icmp[HEADER..].first_chunk::<TOKEN>() {
            Some(found) if u64::from_be_bytes(*found) != self.token => return None,
            None if whole => return None,
            _ => {}
        }
        Some(u16::from_be_bytes([header[6], header[7]]))
    }
}

fn request(ipv6: bool, ident: u16, seq: u16, token: u64, size: u16) -> Vec<u8> {
    let size = usize::from(size).max(TOKEN);
    let mut packet = Vec::with_capacity(HEADER + size);
    packet.extend([if ipv6 { 128 } else { 8 }, 0, 0, 0]);
    packet.extend(ident.to_be_bytes());
    packet.extend(seq.to_be_bytes());
    packet.extend(token.to_be_bytes());
    packet.extend((0..=u8::MAX).cycle().take(size - TOKEN));
    if !ipv6 {
        // The ICMPv6 checksum includes a pseudo-header; the kernel computes it.
        let sum = checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}

/// Computes the Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        sum += u32::from(u16::from_be_bytes([
            pair[0],
            pair.get(1).copied().unwrap_or(0),
        ]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    #[expect(clippy::cast_possible_truncation, reason = "folded to 16 bits above")]
    let folded = sum as u16;
    !folded
}

fn behind_ip_header(bytes: &[u8]) -> Option<&[u8]> {
    let words = bytes.first()? & 0x0f;
    bytes.get(usize::from(words) * 4..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_over_a_packet_with_its_checksum_is_zero() {
        let packet = request(false, 0x1234, 7, 42, 57);
        assert_eq!(packet.len(), 65);
        assert_eq!(checksum(&packet), 0);
        assert_eq!(request(true, 1, 1, 1, 0).len(), 16);
    }

    #[test]
    fn rejects_short_ip_headers() {
        assert!(behind_ip_header(&[]).is_none());
        assert!(behind_ip_header(&[0x4f, 0, 0]).is_none());
        assert_eq!(behind_ip_header(&[0x41, 1, 2, 3, 9]), Some(&[9][..]));
    }

    #[tokio::test]
    #[ignore = "needs CAP_NET_RAW"]
    async fn a_raw_socket_reports_the_hop_limit_of_both_ip_versions() {
        for target in ["127.0.0.1", "::1"] {
            let target: IpAddr = target.parse().expect("an address");
            let socket = EchoSocket::of_kind(Type::RAW, target).expect("a raw socket");
            assert_eq!(
                (socket.method(), socket.source()),
                (PingMethod::IcmpRaw, target)
            );
            for seq in [1, 2] {
                socket.send(seq, 56, None).expect("sends");
            }

            let mut events = Vec::new();
            while events.len() < 2 {
                socket.listen(&mut events).await.expect("listens");
            }
            for event in events {
                assert_eq!((event.ttl, event.outcome), (Some(64), EchoOutcome::Reply));
            }
        }
    }

    const MARK: Mark = Mark {
        raw: true,
        ident: 0x1234,
        token: 0x0102_0304_0506_0708,
    };

    #[test]
    fn a_request_has_the_layout_of_rfc_792() {
        let packet = request(false, 0x1234, 0x0506, MARK.token, 10);
        let expected = [
            8, 0, 0xd0, 0xb0, 0x12, 0x34, 5, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1,
        ];
        assert_eq!(packet, expected);
        let v6 = request(true, 0x1234, 0x0506, MARK.token, 10);
        assert_eq!(v6[..4], [128, 0, 0, 0], "computed by the kernel");
        assert_eq!(v6[4..], packet[4..]);
    }

    #[test]
    fn computes_the_checksum_of_rfc_1071() {
        // §3: 0001 f203 f4f5 f6f7 sum to ddf2.
        assert_eq!(checksum(&[0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&[]), 0xffff);
        assert_eq!(checksum(&[0xff]), 0x00ff, "an odd octet is padded");
        assert_eq!(
            checksum(&[0xff; 65_535]),
            checksum(&[0xff]),
            "carries are folded"
        );
    }

    #[test]
    fn accepts_only_our_own_packets() {
        let ours = request(false, MARK.ident, 7, MARK.token, 8);
        let with = |at: usize, octet: u8| {
            let mut packet = ours.clone();
            packet[at] = octet;
            packet
        };

        for (packet, whole, expected) in [
            (ours.clone(), true, Some(7)),
            (with(0, 0), true, None),
            (with(1, 1), true, None),
            (with(4, 0), true, None),
            (with(7, 9), true, Some(9)),
            (with(8, 0xff), true, None),
            (with(8, 0xff), false, None),
            // Routers may truncate the quoted packet after eight bytes.
            (ours[..8].to_vec(), false, Some(7)),
            (ours[..8].to_vec(), true, None),
            (ours[..12].to_vec(), false, Some(7)),
            (ours[..7].to_vec(), false, None),
            (Vec::new(), false, None),
        ] {
            assert_eq!(MARK.sequence(&packet, 8, whole), expected, "{packet:?}");
        }

        let datagram = Mark { raw: false, ..MARK };

        assert_eq!(
            datagram.sequence(&with(4, 0), 8, true),
            Some(7),
            "matched by the kernel"
        );
    }
}
