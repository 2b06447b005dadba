//! Echo requests over surge-ping: a raw socket, or the datagram socket of macOS.
//!
//! It reports the TTL for IPv4 only and no duplicate replies, and measures time in user space. ICMP
//! errors are matched to their request by the quoted destination.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    task::Poll,
    time::{Duration, Instant},
};

use futures::{
    future::{BoxFuture, FutureExt},
    stream::{FuturesUnordered, StreamExt},
};
use socket2::Type;
use surge_ping::{
    Client, Config, ICMP, IcmpPacket, PingIdentifier, PingSequence, Pinger, SurgeError,
};

use super::{
    PingError, PingMethod,
    event::{EchoEvent, EchoOutcome, When, token},
};
use crate::{
    connect::{local_reason, source},
    egress_budget,
    icmp_error::IcmpError,
};

/// Bytes of an echo header: type, code, checksum, identifier, sequence number.
const HEADER: usize = 8;
/// ICMP types of an echo reply (RFC 792, RFC 4443 §4.2).
const REPLY: (u8, u8) = (0, 129);

type PingResult = (u16, Result<(IcmpPacket, Duration), SurgeError>);

/// A surge-ping client for one target.
pub(super) struct Surge {
    client: Client,
    target: IpAddr,
    source: IpAddr,
    ident: PingIdentifier,
    request_timeout: Duration,
    in_flight: FuturesUnordered<BoxFuture<'static, PingResult>>,
}

impl Surge {
    /// Opens the socket; `request_timeout` is the timeout of a request.
    ///
    /// # Errors
    /// [`PingError::Socket`] if it cannot be created, [`PingError::Local`] without a route to the
    /// target.
    pub(crate) fn open(target: IpAddr, request_timeout: Duration) -> Result<Self, PingError> {
        let (kind, any): (_, IpAddr) = match target {
            IpAddr::V4(_) => (ICMP::V4, Ipv4Addr::UNSPECIFIED.into()),
            IpAddr::V6(_) => (ICMP::V6, Ipv6Addr::UNSPECIFIED.into()),
        };

        // On Linux both kinds were tried already; elsewhere try the datagram socket first.
        let hint = if cfg!(target_os = "linux") {
            Type::RAW
        } else {
            Type::DGRAM
        };

        let mut config = Config::builder().kind(kind).sock_type_hint(hint);

        if cfg!(windows) {
            // An unbound socket cannot receive there.
            config = config.bind(SocketAddr::new(any, 0));
        }

        let client = Client::new(&config.build())?;

        let source = source(target).map_err(|error| PingError::Local {
            reason: local_reason(&error),
        })?;
        #[expect(clippy::cast_possible_truncation, reason = "16 random bits are enough")]
        let ident = PingIdentifier((token() >> 17) as u16);

        Ok(Self {
            client,
            target,
            source,
            ident,
            request_timeout,
            in_flight: FuturesUnordered::new(),
        })
    }

    /// Returns the source address.
    pub(crate) fn source(&self) -> IpAddr {
        self.source
    }

    /// Returns the kind of socket.
    pub(crate) fn method(&self) -> PingMethod {
        if self.client.get_socket().get_type() == Type::RAW {
            PingMethod::IcmpRaw
        } else {
            PingMethod::IcmpDatagram
        }
    }

    /// Sends a request with `size` bytes of payload.
    ///
    /// # Errors
    /// This machine could not send it, or the lookup's egress limit is reached.
    pub(crate) fn send(&mut self, seq: u16, size: u16) -> io::Result<()> {
        let payload: Vec<u8> = (0..=u8::MAX).cycle().take(size.into()).collect();
        egress_budget::charge_bytes(egress_budget::DATAGRAM + HEADER + payload.len())?;

        let (client, target, ident) = (self.client.clone(), self.target, self.ident);
        let request_timeout = self.request_timeout;
        let mut asking = async move {
            let mut pinger: Pinger = client.pinger(target, ident).await;
            pinger.timeout(request_timeout);
            (seq, pinger.ping(PingSequence(seq), &payload).await)
        }
        .boxed();

        // The first poll sends the request and returns an error if that fails.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let started = Instant::now();
        let asking = match asking.poll_unpin(&mut context) {
            Poll::Ready((_, Err(SurgeError::IOError(error)))) => return Err(error),
            Poll::Ready(outcome) => std::future::ready(outcome).boxed(),
            Poll::Pending => asking,
        };

        // Measure here: surge-ping starts its clock after sending, when a nearby host may already
        // have answered.
        let sending = started.elapsed();
        let whole = move |(packet, elapsed)| (packet, elapsed + sending);

        self.in_flight.push(
            asking
                .map(move |(seq, result)| (seq, result.map(whole)))
                .boxed(),
        );

        Ok(())
    }

    /// Waits for a reply or error; forever if nothing is in flight. Cancel-safe.
    pub(crate) async fn listen(&mut self, events: &mut Vec<EchoEvent>) {
        while let Some((seq, outcome)) = self.in_flight.next().await {
            match outcome {
                Ok((packet, elapsed)) => events.push(understand(seq, &packet, elapsed)),
                Err(SurgeError::IOError(_)) => events.push(EchoEvent {
                    seq,
                    from: Some(self.source),
                    ttl: None,
                    when: When::Stamped(None),
                    outcome: EchoOutcome::NotSent,
                }),
                // The caller times out requests without a reply.
                Err(_) => continue,
            }
            return;
        }
        std::future::pending().await
    }
}

fn understand(seq: u16, packet: &IcmpPacket, elapsed: Duration) -> EchoEvent {
    let (from, ttl, outcome): (IpAddr, _, _) = match packet {
        IcmpPacket::V4(packet) => {
            let (kind, code) = (packet.get_icmp_type().0, packet.get_icmp_code().0);
            let outcome = if kind == REPLY.0 {
                EchoOutcome::Reply
            } else {
                EchoOutcome::IcmpError(IcmpError::from_icmp(kind, code, 0))
            };
            (packet.get_source().into(), packet.get_ttl(), outcome)
        }
        IcmpPacket::V6(packet) => {
            let (kind, code) = (packet.get_icmpv6_type().0, packet.get_icmpv6_code().0);
            let outcome = if kind == REPLY.1 {
                EchoOutcome::Reply
            } else {
                EchoOutcome::IcmpError(IcmpError::from_icmp6(kind, code, 0))
            };
            (packet.get_source().into(), None, outcome)
        }
    };

    EchoEvent {
        seq,
        from: Some(from),
        ttl: ttl.filter(|_| outcome == EchoOutcome::Reply),
        when: When::After(elapsed),
        outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[ignore = "needs CAP_NET_RAW"]
    async fn receives_replies_over_a_raw_socket() {
        for (target, ttl) in [
            (IpAddr::from(Ipv4Addr::LOCALHOST), Some(64)),
            (IpAddr::from(Ipv6Addr::LOCALHOST), None),
        ] {
            let mut surge = Surge::open(target, Duration::from_secs(5)).expect("a raw socket");
            assert_eq!(
                (surge.method(), surge.source()),
                (PingMethod::IcmpRaw, target)
            );
            let mut events = Vec::new();
            for seq in [1, 2, 3] {
                surge.send(seq, 56).expect("sends");
            }
            while events.len() < 3 {
                surge.listen(&mut events).await;
            }
            events.sort_by_key(|event| event.seq);
            for (seq, event) in (1..).zip(events) {
                assert_eq!((event.seq, event.from), (seq, Some(target)));
                assert_eq!((event.ttl, event.outcome), (ttl, EchoOutcome::Reply));
                assert!(matches!(event.when, When::After(elapsed)
                        if !elapsed.is_zero() && elapsed < Duration::from_secs(1)));
            }
        }
    }

    #[tokio::test]
    #[ignore = "needs CAP_NET_RAW"]
    async fn sends_nothing_over_budget() {
        let mut surge =
            Surge::open(Ipv4Addr::LOCALHOST.into(), Duration::from_secs(5)).expect("a raw socket");
        let sent = egress_budget::EgressBudget::new(112 + 100).during(async {
            [surge.send(1, 56), surge.send(2, 56)].map(|sent| sent.map_err(|error| error.kind()))
        });
        assert_eq!(sent.await, [Ok(()), Err(io::ErrorKind::QuotaExceeded)]);
    }
}
