//! A job as a message, and what the server says about its delivery.

use std::time::Duration;

use async_nats::Message;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest message that is read as a job, in bytes.
const MAX_LENGTH: usize = 16 << 10;

/// A job as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredJob {
    pub(super) id: String,
    pub(super) owner: String,
    /// Time after which it is due, counted from when it was stored.
    #[serde(default)]
    pub(super) delay_ms: u64,
    /// The replica that took the job when it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) holder: Option<String>,
}

/// One delivery of a job to this replica.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) job: StoredJob,
    /// The subject that answers the delivery.
    pub(super) ack: String,
    pub(super) sequence: u64,
    /// Which delivery of the job this is: 1 for the first.
    pub(super) count: u64,
    /// Time since the job was stored.
    pub(super) age: Duration,
}

/// What a pull has brought.
#[derive(Debug)]
pub(super) enum Pulled {
    Job(Delivery),
    /// A message that is no job; this subject answers it.
    Unreadable(String),
    /// The server ends the pull.
    End,
}

pub(super) fn read(message: &Message) -> Pulled {
    let Some(ack) = message.reply.as_ref().map(ToString::to_string) else {
        return Pulled::End;
    };
    if message.status.is_some() {
        return Pulled::End;
    }
    let Some((count, sequence, stored)) = parts_of_ack(&ack) else {
        return Pulled::End;
    };
    let job = (message.payload.len() <= MAX_LENGTH)
        .then(|| serde_json::from_slice(&message.payload).ok())
        .flatten();
    match job {
        Some(job) => Pulled::Job(Delivery {
            job,
            ack,
            sequence,
            count,
            age: age_of(stored),
        }),
        None => Pulled::Unreadable(ack),
    }
}

/// Number of the delivery, sequence in the stream, and Unix time in nanoseconds at which the message was stored, of
/// `$JS.ACK.<stream>.<consumer>.<count>.<sequence>.<consumer's>.<time>.<pending>`; newer servers put the domain and the
/// account before the stream, and more at the end.
fn parts_of_ack(subject: &str) -> Option<(u64, u64, i128)> {
    let tokens: Vec<_> = subject.strip_prefix("$JS.ACK.")?.split('.').collect();
    let first = match tokens.len() {
        7 => 2,
        9.. => 4,
        _ => return None,
    };
    let (count, sequence) = (tokens[first].parse().ok()?, tokens[first + 1].parse().ok()?);
    Some((count, sequence, tokens[first + 3].parse().ok()?))
}

fn age_of(stored: i128) -> Duration {
    let age = Timestamp::now().as_nanosecond().saturating_sub(stored);
    Duration::from_nanos(u64::try_from(age).unwrap_or(0))
}

/// The answer that puts a job off.
pub(super) fn nak(delay: Duration) -> String {
    let delay = u64::try_from(delay.as_nanos()).unwrap_or(i64::MAX as u64);
    format!("-NAK {{\"delay\":{delay}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_delivery_are_read() {
        let old = "$JS.ACK.nv-agenda.nv-chat.3.17.20.1700000000000000001.4";
        let new = "$JS.ACK._.x1y2.nv-agenda.nv-chat.3.17.20.1700000000000000001.4.token";
        let parts = Some((3, 17, 1_700_000_000_000_000_001));
        assert_eq!(parts_of_ack(old), parts);
        assert_eq!(parts_of_ack(new), parts);
        for other in ["", "$JS.ACK.a.b.1", "_INBOX.x", "$JS.ACK.a.b.c.d.e.f.g"] {
            assert_eq!(parts_of_ack(other), None, "{other}");
        }
    }
}
