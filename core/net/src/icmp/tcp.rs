//! Ping without ICMP: a TCP connect, where both SYN-ACK and RST prove that the host is up.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use tokio::time::{sleep, sleep_until, timeout};

use super::{EchoReply, PingError, PingMethod, PingOptions, PingOutcome, ReplyError, millis};
use crate::{
    connect::{Answer, connect, local_reason},
    tcp::PortState,
};

/// Ports in the order they are tried; a closed port answers as well as an open one.
const PORTS: [u16; 2] = [443, 80];
/// Delay before the second port is tried too.
const HEAD_START: Duration = Duration::from_millis(250);

/// Measures with TCP connections to a port, or without one to 443, then 80. `size` is not used.
///
/// Without a port, the first request finds the one that answers; the others use it. One request is in flight at a
/// time, so a host that does not answer takes at most `count` times the timeout.
///
/// # Errors
/// This machine cannot connect to the address.
pub async fn tcp_ping(
    address: IpAddr,
    options: PingOptions,
    port: Option<u16>,
    stop: impl Future<Output = ()>,
    mut on_reply: impl FnMut(&EchoReply),
) -> Result<PingOutcome, PingError> {
    let mut replies = Vec::new();
    let mut port_in_use = port;
    tokio::pin!(stop);
    let mut next = Instant::now();

    for seq in 1..=options.count {
        let one = async {
            sleep_until(next.into()).await;
            next = (next + options.interval).max(Instant::now());
            timeout(options.timeout, request(address, port_in_use)).await
        };
        let outcome = tokio::select! {
            biased;
            () = &mut stop => break,
            outcome = one => outcome,
        };
        if let Ok(Ok(answered)) = &outcome {
            port_in_use = Some(answered.port);
        }
        let reply = reply(seq, outcome.ok())?;
        on_reply(&reply);
        replies.push(reply);
    }

    let method = PingMethod::Tcp {
        port: port_in_use.unwrap_or(PORTS[0]),
    };

    Ok(PingOutcome::new(address, method, replies, Some(0)))
}

/// Converts the result of a request; `None` is a timeout. Returns an error if the measurement must
/// end.
fn reply(seq: u16, outcome: Option<Result<Answered, Failure>>) -> Result<EchoReply, PingError> {
    let mut state = None;
    let (elapsed, error) = match outcome {
        None => (None, None),
        Some(Ok(answered)) => {
            state = Some(answered.state);
            (Some(answered.elapsed), None)
        }
        Some(Err(Failure::Socket(error))) => return Err(PingError::Socket(error)),
        Some(Err(Failure::Local(reason))) if seq == 1 => {
            return Err(PingError::Local { reason });
        }
        Some(Err(Failure::Local(text))) => {
            let error = ReplyError {
                notice: None,
                from: None,
                local: true,
                text,
            };
            (None, Some(error))
        }
        Some(Err(Failure::Unreachable(error))) => (None, Some(error)),
    };

    Ok(EchoReply {
        seq,
        rtt_ms: elapsed.map(millis),
        ttl: None,
        state,
        error,
    })
}

/// The answer to a connection attempt.
#[derive(Debug)]
struct Answered {
    port: u16,
    state: PortState,
    elapsed: Duration,
}

#[derive(Debug)]
enum Failure {
    Unreachable(ReplyError),
    Local(String),
    Socket(std::io::Error),
}

/// Sends one request: to the port that answered before, otherwise to both in turn.
async fn request(address: IpAddr, port_in_use: Option<u16>) -> Result<Answered, Failure> {
    if let Some(port) = port_in_use {
        return attempt(address, port).await;
    }

    let first = attempt(address, PORTS[0]);
    let second = async {
        sleep(HEAD_START).await;
        attempt(address, PORTS[1]).await
    };
    tokio::pin!(first, second);

    tokio::select! {
        biased;
        // A firewall may reject one port only.
        result = &mut first => match result {
            Err(failure @ Failure::Unreachable(_)) => {
                attempt(address, PORTS[1]).await.map_err(|_| failure)
            }
            result => result,
        },
        result = &mut second => match result {
            Err(_) => first.await,
            result => result,
        },
    }
}

async fn attempt(address: IpAddr, port: u16) -> Result<Answered, Failure> {
    let target = SocketAddr::new(address, port);
    let (answer, elapsed) = connect(target, None).await.map_err(Failure::Socket)?;
    let answered = |state| Answered {
        port,
        state,
        elapsed,
    };
    match answer {
        Answer::Open(_) => Ok(answered(PortState::Open)),
        Answer::Refused => Ok(answered(PortState::Closed)),
        Answer::IcmpError(notice, from) => {
            let error = ReplyError {
                notice: Some(notice),
                from,
                local: false,
                text: notice.to_string(),
            };
            Err(Failure::Unreachable(error))
        }
        Answer::Failed(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            // The kernel's timeout is longer than any set here; wait for the latter.
            std::future::pending().await
        }
        Answer::Failed(error) => Err(Failure::Local(local_reason(&error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn open_and_closed_ports_both_answer() {
        let options = PingOptions {
            count: 2,
            interval: Duration::from_millis(5),
            ..PingOptions::default()
        };
        let mut seen = Vec::new();
        let target = IpAddr::from([127, 0, 0, 1]);
        let outcome = tcp_ping(target, options, None, std::future::pending(), |reply| {
            seen.push(reply.seq)
        })
        .await
        .expect("there");
        assert_eq!((outcome.sent, outcome.received), (2, 2));
        assert_eq!(seen, [1, 2]);
    }

    #[tokio::test]
    async fn a_chosen_port_is_the_only_one_used_until_it_is_stopped() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("binds");
        let port = listener.local_addr().expect("an address").port();
        let options = PingOptions {
            count: u16::MAX,
            interval: Duration::from_millis(20),
            ..PingOptions::default()
        };
        let stop = sleep(Duration::from_millis(300));
        let target = IpAddr::from([127, 0, 0, 1]);
        let outcome = tcp_ping(target, options, Some(port), stop, |_| {}).await;
        let outcome = outcome.expect("there");
        assert_eq!(outcome.method, PingMethod::Tcp { port });
        assert!(outcome.received > 3 && outcome.sent == outcome.received);
        let is_open = |reply: &EchoReply| reply.state == Some(PortState::Open);
        assert!(outcome.replies.iter().all(is_open));
    }

    #[test]
    fn only_a_failure_of_the_first_request_ends_the_measurement() {
        let local = || Some(Err(Failure::Local("no route".into())));
        let error = reply(1, local()).expect_err("nothing to measure");
        assert!(matches!(error, PingError::Local { reason } if reason == "no route"));
        let later = reply(2, local()).expect("a reply").error.expect("an error");
        assert!(later.local && later.from.is_none() && later.text == "no route");
        let socket = Failure::Socket(std::io::Error::other("no descriptors"));
        assert!(matches!(
            reply(9, Some(Err(socket))),
            Err(PingError::Socket(_))
        ));
    }

    #[test]
    fn a_timeout_is_a_lost_request() {
        let lost = reply(3, None).expect("a reply");
        assert_eq!((lost.seq, lost.rtt_ms, lost.error), (3, None, None));
        let closed = Answered {
            port: 80,
            state: PortState::Closed,
            elapsed: Duration::from_micros(1500),
        };
        let answered = reply(4, Some(Ok(closed))).expect("a reply");
        assert_eq!((answered.seq, answered.rtt_ms), (4, Some(1.5)));
        assert_eq!(answered.state, Some(PortState::Closed));
    }
}
