//! Ping without ICMP: a TCP connect, where SYN-ACK and RST both prove the host is there.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use tokio::time::{sleep, sleep_until, timeout};

use super::{Method, PingError, PingOptions, PingOutcome, Reply, ReplyError, millis};
use crate::connect::{Answer, connect, local_reason};

/// Tried in this order; a closed one answers as well as an open one.
const PORTS: [u16; 2] = [443, 80];
/// The second port is tried as well when the first has been silent for so long.
const HEAD_START: Duration = Duration::from_millis(250);

/// Measures with TCP connections to port 443, then 80. `size` is not used.
///
/// The first request finds out which port answers; the others keep to it. One request is in
/// flight at a time, so a silent host takes `count` times the timeout at most.
///
/// # Errors
/// When this machine has no way to connect to the address.
pub async fn tcp_ping(
    address: IpAddr,
    options: PingOptions,
    mut on_reply: impl FnMut(&Reply),
) -> Result<PingOutcome, PingError> {
    let mut replies = Vec::new();
    let mut known = None;
    let mut next = Instant::now();

    for seq in 1..=options.count {
        sleep_until(next.into()).await;
        next = (next + options.interval).max(Instant::now());
        let outcome = timeout(options.timeout, request(address, known)).await;
        if let Ok(Ok((port, _))) = &outcome {
            known = Some(*port);
        }
        let reply = reply(seq, outcome.ok())?;
        on_reply(&reply);
        replies.push(reply);
    }

    let method = Method::Tcp {
        port: known.unwrap_or(PORTS[0]),
    };

    Ok(PingOutcome::new(address, method, replies, Some(0)))
}

/// What one request came to, `None` where nothing did in time; an error where that ends the measurement.
fn reply(seq: u16, outcome: Option<Result<(u16, Duration), Failure>>) -> Result<Reply, PingError> {
    let (elapsed, error) = match outcome {
        None => (None, None),
        Some(Ok((_, elapsed))) => (Some(elapsed), None),
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
        Some(Err(Failure::Said(error))) => (None, Some(error)),
    };

    Ok(Reply {
        seq,
        rtt_ms: elapsed.map(millis),
        ttl: None,
        error,
    })
}

#[derive(Debug)]
enum Failure {
    Said(ReplyError),
    Local(String),
    Socket(std::io::Error),
}

/// One request: to the port that answered before, else to both, one after the other.
async fn request(address: IpAddr, known: Option<u16>) -> Result<(u16, Duration), Failure> {
    if let Some(port) = known {
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
        // One port may be rejected while the other answers.
        result = &mut first => match result {
            Err(failure @ Failure::Said(_)) => {
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

async fn attempt(address: IpAddr, port: u16) -> Result<(u16, Duration), Failure> {
    let target = SocketAddr::new(address, port);
    let (answer, elapsed) = connect(target, None).await.map_err(Failure::Socket)?;
    match answer {
        Answer::Open(_) | Answer::Refused => Ok((port, elapsed)),
        Answer::Notice(notice, from) => {
            let error = ReplyError {
                notice: Some(notice),
                from,
                local: false,
                text: notice.to_string(),
            };
            Err(Failure::Said(error))
        }
        Answer::Failed(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            // The kernel's patience is beyond any deadline set here; wait for that instead.
            std::future::pending().await
        }
        Answer::Failed(error) => Err(Failure::Local(local_reason(&error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn loopback_answers_open_or_closed() {
        let options = PingOptions {
            count: 2,
            interval: Duration::from_millis(5),
            ..PingOptions::default()
        };
        let mut seen = Vec::new();
        let outcome = tcp_ping(IpAddr::from([127, 0, 0, 1]), options, |reply| {
            seen.push(reply.seq)
        })
        .await
        .expect("there");
        assert_eq!((outcome.sent, outcome.received), (2, 2));
        assert_eq!(seen, [1, 2]);
    }

    #[test]
    fn only_the_first_request_may_end_the_measurement() {
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
    fn silence_is_a_lost_request_and_an_answer_a_round_trip() {
        let lost = reply(3, None).expect("a reply");
        assert_eq!((lost.seq, lost.rtt_ms, lost.error), (3, None, None));
        let answered = reply(4, Some(Ok((80, Duration::from_micros(1500))))).expect("a reply");
        assert_eq!((answered.seq, answered.rtt_ms), (4, Some(1.5)));
    }
}
