//! The ping loop.

use std::{
    net::IpAddr,
    time::{Duration, Instant, SystemTime},
};

use tokio::time::sleep_until;

use super::{
    PingError, PingOptions, PingOutcome, Reply, ReplyError,
    echo::Echo,
    heard::{Heard, Said},
    millis,
};
use crate::{connect::local_reason, notice::Notice};

/// Largest payload: one Ethernet frame (1,500 bytes less the IPv4 and ICMP headers).
const MAX_SIZE: u16 = 1472;
/// Smallest: room for what a reply is known by.
const MIN_SIZE: u16 = 8;
/// Once replies have come, one that takes more than twice the slowest of them is given up, but
/// not before this (iputils waits as long behind its last request).
const LATE: Duration = Duration::from_secs(1);

/// One request.
struct Probe {
    sent: (Instant, SystemTime),
    reply: Option<Reply>,
}

/// Sends `count` echo requests and hands each reply over as it arrives, lost ones when they are
/// given up. Ends when all are in: within one round trip of the last request if none is lost.
///
/// # Errors
/// When no kind of ICMP socket is permitted (use [`super::tcp_ping`] then), or this machine has no
/// way to send to the address.
pub async fn ping(
    address: IpAddr,
    options: PingOptions,
    mut on_reply: impl FnMut(&Reply),
) -> Result<PingOutcome, PingError> {
    let mut socket = Echo::open(address, options.timeout)?;
    let source = socket.source();
    let mut run = Run {
        probes: Vec::new(),
        slowest: Duration::ZERO,
        duplicates: 0,
        source,
    };

    let mut heard = Vec::new();
    let mut next_send = Instant::now();
    let size = options.size.clamp(MIN_SIZE, MAX_SIZE);

    loop {
        let now = Instant::now();

        if run.probes.len() < usize::from(options.count) && now >= next_send {
            run.send(&mut socket, size, &mut on_reply)?;
            // By the schedule, unless it was missed by more than a request.
            next_send = (next_send + options.interval).max(now);
        }

        run.give_up(now, options.timeout, &mut on_reply);
        let sending = run.probes.len() < usize::from(options.count);
        let deadline = run.deadline(options.timeout);
        let wake = match (sending, deadline) {
            (false, None) => break,
            (true, None) => next_send,
            (true, Some(deadline)) => deadline.min(next_send),
            (false, Some(deadline)) => deadline,
        };

        tokio::select! {
            biased;
            result = socket.listen(&mut heard) => result?,
            () = sleep_until(wake.into()) => {}
        }

        run.hear(&mut heard, &mut on_reply);
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

struct Run {
    probes: Vec<Probe>,
    slowest: Duration,
    duplicates: u32,
    /// This machine's address towards the target.
    source: IpAddr,
}

impl Run {
    fn send(
        &mut self,
        socket: &mut Echo,
        size: u16,
        on_reply: &mut impl FnMut(&Reply),
    ) -> Result<(), PingError> {
        let seq = u16::try_from(self.probes.len() + 1).unwrap_or(u16::MAX);
        let sent = (Instant::now(), SystemTime::now());
        let mut outcome = socket.send(seq, size);

        if outcome.is_err() {
            // A router's complaint about an earlier request surfaces as this one's error: take
            // it in, and try again.
            let mut heard = Vec::new();
            socket.collect(&mut heard);
            self.hear(&mut heard, on_reply);
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

            let reply = Reply {
                seq,
                rtt_ms: None,
                ttl: None,
                error: Some(error),
            };

            on_reply(&reply);
            probe.reply = Some(reply);
        }

        self.probes.push(probe);

        Ok(())
    }

    fn hear(&mut self, heard: &mut Vec<Heard>, on_reply: &mut impl FnMut(&Reply)) {
        for heard in heard.drain(..) {
            let index = usize::from(heard.seq).wrapping_sub(1);
            let Some(probe) = self.probes.get_mut(index) else {
                continue;
            };

            if let Some(earlier) = &probe.reply {
                if heard.said == Said::Reply && earlier.rtt_ms.is_some() {
                    self.duplicates += 1;
                }
                continue;
            }

            let elapsed = heard.when.since(probe.sent);
            let seq = heard.seq;
            let complaint = |notice: Option<Notice>, text| Reply {
                seq,
                rtt_ms: None,
                ttl: None,
                error: Some(ReplyError {
                    notice,
                    from: heard.from,
                    local: heard.said == Said::NotSent || heard.from == Some(self.source),
                    text,
                }),
            };

            let reply = match heard.said {
                Said::Reply => {
                    self.slowest = self.slowest.max(elapsed);
                    Reply {
                        seq,
                        rtt_ms: Some(millis(elapsed)),
                        ttl: heard.ttl,
                        error: None,
                    }
                }
                Said::Notice(notice) => complaint(Some(notice), notice.to_string()),
                Said::NotSent => complaint(None, "this machine could not send it".into()),
            };

            on_reply(&reply);
            probe.reply = Some(reply);
        }
    }

    /// How long a request waits, by what was seen so far.
    fn patience(&self, timeout: Duration) -> Duration {
        if self.slowest.is_zero() {
            timeout
        } else {
            timeout.min(LATE.max(self.slowest * 2))
        }
    }

    /// When the next request in flight is given up.
    fn deadline(&self, timeout: Duration) -> Option<Instant> {
        let patience = self.patience(timeout);
        let mut waiting = self.probes.iter().filter(|probe| probe.reply.is_none());
        waiting.next().map(|probe| probe.sent.0 + patience)
    }

    fn give_up(&mut self, now: Instant, timeout: Duration, on_reply: &mut impl FnMut(&Reply)) {
        let patience = self.patience(timeout);
        for (seq, probe) in (1..).zip(&mut self.probes) {
            if probe.reply.is_none() && now >= probe.sent.0 + patience {
                let reply = Reply {
                    seq,
                    rtt_ms: None,
                    ttl: None,
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
