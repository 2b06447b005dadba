//! Echo requests over surge-ping: a raw socket, or the datagram socket of macOS.
//!
//! It tells the TTL of IPv4 only, hears no second reply to a request, and takes its times itself. ICMP errors find
//! their request by the destination that they quote.

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
    Method, PingError,
    heard::{Heard, Said, When, token},
};
use crate::{
    connect::{local_reason, source},
    notice::Notice,
    outlay,
};

/// Header of an echo: type, code, checksum, identifier, sequence number.
const HEADER: usize = 8;
/// Types of the replies (RFC 792, RFC 4443 §4.2).
const REPLY: (u8, u8) = (0, 129);

type Outcome = (u16, Result<(IcmpPacket, Duration), SurgeError>);

/// A client of surge-ping for one target.
pub(super) struct Surge {
    client: Client,
    target: IpAddr,
    source: IpAddr,
    ident: PingIdentifier,
    patience: Duration,
    asked: FuturesUnordered<BoxFuture<'static, Outcome>>,
}

impl Surge {
    /// Opens the socket; a request is waited for so long.
    ///
    /// # Errors
    /// [`PingError::Socket`] where it is not to be had, [`PingError::Local`] without a way to the target.
    pub(crate) fn open(target: IpAddr, patience: Duration) -> Result<Self, PingError> {
        let (kind, any): (_, IpAddr) = match target {
            IpAddr::V4(_) => (ICMP::V4, Ipv4Addr::UNSPECIFIED.into()),
            IpAddr::V6(_) => (ICMP::V6, Ipv6Addr::UNSPECIFIED.into()),
        };

        // On Linux the datagram socket has been tried already; elsewhere it is tried first.
        let hint = if cfg!(target_os = "linux") {
            Type::RAW
        } else {
            Type::DGRAM
        };

        let mut config = Config::builder().kind(kind).sock_type_hint(hint);

        if cfg!(windows) {
            // Nothing can be received there before.
            config = config.bind(SocketAddr::new(any, 0));
        }

        let client = Client::new(&config.build())?;

        let source = source(target).map_err(|error| PingError::Local {
            reason: local_reason(&error),
        })?;
        #[expect(clippy::cast_possible_truncation, reason = "16 of its bits")]
        let ident = PingIdentifier((token() >> 17) as u16);

        Ok(Self {
            client,
            target,
            source,
            ident,
            patience,
            asked: FuturesUnordered::new(),
        })
    }

    /// The address that this machine sends from.
    pub(crate) fn source(&self) -> IpAddr {
        self.source
    }

    /// Which kind of socket it got.
    pub(crate) fn method(&self) -> Method {
        if self.client.get_socket().get_type() == Type::RAW {
            Method::IcmpRaw
        } else {
            Method::IcmpDatagram
        }
    }

    /// Sends a request of `size` bytes of payload.
    ///
    /// # Errors
    /// This machine could not send it, or this lookup has sent all that it may.
    pub(crate) fn send(&mut self, seq: u16, size: u16) -> io::Result<()> {
        let payload: Vec<u8> = (0..=u8::MAX).cycle().take(size.into()).collect();
        outlay::spend(outlay::DATAGRAM + HEADER + payload.len())?;

        let (client, target, ident) = (self.client.clone(), self.target, self.ident);
        let patience = self.patience;
        let mut asking = async move {
            let mut pinger: Pinger = client.pinger(target, ident).await;
            pinger.timeout(patience);
            (seq, pinger.ping(PingSequence(seq), &payload).await)
        }
        .boxed();

        // The first step sends it, and is the one that tells where this cannot be done.
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let started = Instant::now();
        let asking = match asking.poll_unpin(&mut context) {
            Poll::Ready((_, Err(SurgeError::IOError(error)))) => return Err(error),
            Poll::Ready(outcome) => std::future::ready(outcome).boxed(),
            Poll::Pending => asking,
        };

        // The crate's clock begins only behind it, when a near host has answered already.
        let sending = started.elapsed();
        let whole = move |(packet, elapsed)| (packet, elapsed + sending);

        self.asked.push(
            asking
                .map(move |(seq, told)| (seq, told.map(whole)))
                .boxed(),
        );

        Ok(())
    }

    /// Waits for something to be heard; for ever while nothing is in flight. Cancel-safe.
    pub(crate) async fn listen(&mut self, heard: &mut Vec<Heard>) {
        while let Some((seq, outcome)) = self.asked.next().await {
            match outcome {
                Ok((packet, elapsed)) => heard.push(understand(seq, &packet, elapsed)),
                Err(SurgeError::IOError(_)) => heard.push(Heard {
                    seq,
                    from: Some(self.source),
                    ttl: None,
                    when: When::Stamped(None),
                    said: Said::NotSent,
                }),
                // Whoever sends gives a silent one up by itself.
                Err(_) => continue,
            }
            return;
        }
        std::future::pending().await
    }
}

fn understand(seq: u16, packet: &IcmpPacket, elapsed: Duration) -> Heard {
    let (from, ttl, said): (IpAddr, _, _) = match packet {
        IcmpPacket::V4(packet) => {
            let (kind, code) = (packet.get_icmp_type().0, packet.get_icmp_code().0);
            let said = if kind == REPLY.0 {
                Said::Reply
            } else {
                Said::Notice(Notice::from_icmp(kind, code, 0))
            };
            (packet.get_source().into(), packet.get_ttl(), said)
        }
        IcmpPacket::V6(packet) => {
            let (kind, code) = (packet.get_icmpv6_type().0, packet.get_icmpv6_code().0);
            let said = if kind == REPLY.1 {
                Said::Reply
            } else {
                Said::Notice(Notice::from_icmp6(kind, code, 0))
            };
            (packet.get_source().into(), None, said)
        }
    };

    Heard {
        seq,
        from: Some(from),
        ttl: ttl.filter(|_| said == Said::Reply),
        when: When::After(elapsed),
        said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[ignore = "needs CAP_NET_RAW"]
    async fn loopback_answers_over_a_raw_socket() {
        for (target, ttl) in [
            (IpAddr::from(Ipv4Addr::LOCALHOST), Some(64)),
            (IpAddr::from(Ipv6Addr::LOCALHOST), None),
        ] {
            let mut surge = Surge::open(target, Duration::from_secs(5)).expect("a raw socket");
            assert_eq!((surge.method(), surge.source()), (Method::IcmpRaw, target));
            let mut heard = Vec::new();
            for seq in [1, 2, 3] {
                surge.send(seq, 56).expect("sends");
            }
            while heard.len() < 3 {
                surge.listen(&mut heard).await;
            }
            heard.sort_by_key(|heard| heard.seq);
            for (seq, heard) in (1..).zip(heard) {
                assert_eq!((heard.seq, heard.from), (seq, Some(target)));
                assert_eq!((heard.ttl, heard.said), (ttl, Said::Reply));
                assert!(matches!(heard.when, When::After(elapsed)
                        if !elapsed.is_zero() && elapsed < Duration::from_secs(1)));
            }
        }
    }

    #[tokio::test]
    #[ignore = "needs CAP_NET_RAW"]
    async fn what_may_not_be_sent_is_not_sent() {
        let mut surge =
            Surge::open(Ipv4Addr::LOCALHOST.into(), Duration::from_secs(5)).expect("a raw socket");
        let sent = outlay::Outlay::new(112 + 100).during(async {
            [surge.send(1, 56), surge.send(2, 56)].map(|sent| sent.map_err(|error| error.kind()))
        });
        assert_eq!(sent.await, [Ok(()), Err(io::ErrorKind::QuotaExceeded)]);
    }
}
