//! Sends echo requests at intervals and collects the replies until the last deadline.

use std::{
    net::IpAddr,
    time::{Duration, Instant, SystemTime},
};

use tokio::time::sleep_until;

use super::{
    EchoReply, PingError, PingOptions, PingOutcome, ReplyError,
    echo::Echo,
    event::{EchoEvent, EchoOutcome},
    millis,
};
use crate::{connect::local_reason, icmp_error::IcmpError};

/// Largest payload in bytes: one Ethernet frame (1,500 bytes minus the IPv4 and ICMP headers).
const MAX_SIZE: u16 = 1472;
/// Smallest payload in bytes: the token that identifies a reply.
const MIN_SIZE: u16 = 8;
/// Shortest timeout after the first replies; the timeout is then twice the slowest round trip
/// (iputils waits as long after its last request).
const LATE: Duration = Duration::from_secs(1);

/// One request: send time and result.
struct Probe {
    sent: (Instant, SystemTime),
    reply: Option<EchoReply>,
}

/// Sends `count` echo requests. `on_reply` is called for each reply as it arrives, and for each
/// lost request when it times out. Ends when all are done, or at `stop`; requests in flight do not
/// count then.
///
/// # Errors
/// No kind of ICMP socket is permitted (use [`super::tcp_ping`] then), or this machine cannot send
/// to the address.
pub async fn ping(
    address: IpAddr,
    options: PingOptions,
    stop: impl Future<Output = ()>,
    mut on_reply: impl FnMut(&EchoReply),
) -> Result<PingOutcome, PingError> {
    let mut socket = Echo::open(address, options.timeout)?;
    let source = socket.source();
    let mut run = PingRun {
        probes: Vec::new(),
        slowest: Duration::ZERO,
        duplicates: 0,
        source,
    };

    tokio::pin!(stop);
    let mut events = Vec::new();
    let mut next_send = Instant::now();
    let size = options.size.clamp(MIN_SIZE, MAX_SIZE);

    loop {
        let now = Instant::now();

        if run.probes.len() < usize::from(options.count) && now >= next_send {
            run.send(&mut socket, size, &mut on_reply)?;
            // Keep to the schedule, unless it is late by more than one request.
            next_send = (next_send + options.interval).max(now);
        }

        run.give_up(now, options.timeout, &mut on_reply);
        let is_sending = run.probes.len() < usize::from(options.count);
        let send = is_sending.then_some(next_send);
        let deadline = run.deadline(options.timeout);
        let Some(wake) = [send, deadline].into_iter().flatten().min() else {
            break;
        };

        tokio::select! {
            biased;
            result = socket.listen(&mut events) => result?,
            () = &mut stop => break,
            () = sleep_until(wake.into()) => {}
        }

        run.process(&mut events, &mut on_reply);
    }

    let replies = run
        .probes
        .into_iter()
        .filter_map(|probe| probe.reply)
        .collect();

    Ok(PingOutcome::new(
        address,
        socket.method(),
        replies,
        socket.hears_duplicates().then_some(run.duplicates),
    ))
}

struct PingRun {
    probes: Vec<Probe>,
    slowest: Duration,
    duplicates: u32,
    /// Source address of this machine towards the target.
    source: IpAddr,
}

impl PingRun {
    fn send(
        &mut self,
        socket: &mut Echo,
        size: u16,
        on_reply: &mut impl FnMut(&EchoReply),
    ) -> Result<(), PingError> {
        let seq = u16::try_from(self.probes.len() + 1).unwrap_or(u16::MAX);
        let sent = (Instant::now(), SystemTime::now());
        let mut outcome = socket.send(seq, size);

        if outcome.is_err() {
            // The ICMP error of an earlier request is returned as the error of this one: read
            // it and retry.
            let mut events = Vec::new();
            socket.collect(&mut events);
            self.process(&mut events, on_reply);
            outcome = socket.send(seq, size);
        }

        let mut probe = Probe { sent, reply: None };

        if let Err(error) = outcome {
            if seq == 1 {
                return Err(PingError::Local {
                    reason: local_reason(&error),
                });
            }

            let text = local_reason(&error);
            let error = ReplyError {
                notice: None,
                from: None,
                local: true,
                text,
            };

            let reply = EchoReply {
                seq,
                rtt_ms: None,
                ttl: None,
                state: None,
                error: Some(error),
            };

            on_reply(&reply);
            probe.reply = Some(reply);
        }

        self.probes.push(probe);

        Ok(())
    }

    fn process(&mut self, events: &mut Vec<EchoEvent>, on_reply: &mut impl FnMut(&EchoReply)) {
        for event in events.drain(..) {
            let index = usize::from(event.seq).wrapping_sub(1);
            let Some(probe) = self.probes.get_mut(index) else {
                continue;
            };

            if let Some(earlier) = &probe.reply {
                if event.outcome == EchoOutcome::Reply && earlier.rtt_ms.is_some() {
                    self.duplicates += 1;
                }
                continue;
            }

            let elapsed = event.when.since(probe.sent);
            let seq = event.seq;
            let error_reply = |notice: Option<IcmpError>, text| EchoReply {
                seq,
                rtt_ms: None,
                ttl: None,
                state: None,
                error: Some(ReplyError {
                    notice,
                    from: event.from,
                    local: event.outcome == EchoOutcome::NotSent || event.from == Some(self.source),
                    text,
                }),
            };

            let reply = match event.outcome {
                EchoOutcome::Reply => {
                    self.slowest = self.slowest.max(elapsed);
                    EchoReply {
                        seq,
                        rtt_ms: Some(millis(elapsed)),
                        ttl: event.ttl,
                        state: None,
                        error: None,
                    }
                }
                EchoOutcome::IcmpError(notice) => error_reply(Some(notice), notice.to_string()),
                EchoOutcome::NotSent => error_reply(None, "could not send the request".into()),
            };

            on_reply(&reply);
            probe.reply = Some(reply);
        }
    }

    /// Returns the timeout of a request, from the round trips so far.
    fn request_timeout(&self, timeout: Duration) -> Duration {
        if self.slowest.is_zero() {
            timeout
        } else {
            timeout.min(LATE.max(self.slowest * 2))
        }
    }

    /// Returns when the next request in flight times out.
    fn deadline(&self, timeout: Duration) -> Option<Instant> {
        let request_timeout = self.request_timeout(timeout);
        let mut waiting = self.probes.iter().filter(|probe| probe.reply.is_none());
        waiting.next().map(|probe| probe.sent.0 + request_timeout)
    }

    fn give_up(&mut self, now: Instant, timeout: Duration, on_reply: &mut impl FnMut(&EchoReply)) {
        let request_timeout = self.request_timeout(timeout);
        for (seq, probe) in (1..).zip(&mut self.probes) {
            if probe.reply.is_none() && now >= probe.sent.0 + request_timeout {
                let reply = EchoReply {
                    seq,
                    rtt_ms: None,
                    ttl: None,
                    state: None,
                    error: None,
                };
                on_reply(&reply);
                probe.reply = Some(reply);
            }
        }
    }
}

#[cfg(test)]
mod tests;
