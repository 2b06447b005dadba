//! Asking servers: in order, again, over TCP where an answer is cut short, without EDNS where it is not understood.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::base::{Rtype, iana::OptRcode};
use hickory_resolver::{
    net::NetError,
    proto::{
        op::{
            DnsRequest, DnsRequestOptions, Edns as RequestEdns, Message as RequestMessage, Query,
        },
        rr::Name,
    },
};
use netvane_document::Failure;
use netvane_facts::target::Transport;

use super::{
    Message, Question, Response,
    alive::Alive,
    upstream::{Exchanged, Upstream},
};
use crate::connect::local_reason;

/// UDP payload that fits every path (DNS Flag Day 2020).
const UDP_PAYLOAD: u16 = 1232;

/// The servers that one lookup asks.
#[derive(Clone)]
pub struct Client {
    pub(super) servers: Arc<[Upstream]>,
    /// The server that answered last is asked first.
    preferred: Arc<AtomicUsize>,
    attempts: u32,
    /// Told how it goes, where that is of interest.
    alive: Option<Arc<Alive>>,
}

impl Client {
    pub(super) fn new(servers: Vec<Upstream>, attempts: u32) -> Self {
        Self {
            servers: servers.into(),
            preferred: Arc::default(),
            attempts,
            alive: None,
        }
    }

    /// The same, whose success is noted.
    pub(super) fn noted_by(self, alive: Arc<Alive>) -> Self {
        Self {
            alive: Some(alive),
            ..self
        }
    }

    /// Asks as a stub resolver does.
    pub async fn query(&self, name: &str, rtype: Rtype) -> Result<Response, Failure> {
        self.ask(&Question::new(name, rtype)).await
    }

    /// The addresses of a name, v4 and v6 asked together; a name without any is an empty list.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        let (v4, v6) = futures::join!(self.query(name, Rtype::A), self.query(name, Rtype::AAAA));
        if v4.is_err() && v6.is_err() {
            return v4.map(|_| Vec::new());
        }
        let found = |response: Result<Response, Failure>| {
            response.map(|r| r.message.addresses()).unwrap_or_default()
        };
        Ok(found(v4).into_iter().chain(found(v6)).collect())
    }

    /// Asks one exact question: server by server, round by round, until one gives an answer that another
    /// server would not better.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Response, Failure> {
        let answer = self.ask_in_turn(question).await;
        if let Some(alive) = &self.alive {
            alive.note(answer.is_ok());
        }
        answer
    }

    async fn ask_in_turn(&self, question: &Question<'_>) -> Result<Response, Failure> {
        let started = std::time::Instant::now();
        let count = self.servers.len();
        let first = self.preferred.load(Ordering::Relaxed);
        let mut negative = None;
        let mut last: Option<(&Upstream, NetError)> = None;

        for attempt in 0..self.attempts as usize * count {
            let index = (first + attempt) % count;
            let server = &self.servers[index];

            match self.ask_server(server, question).await {
                Ok(response)
                    if count > 1 && is_refusal(&response.message) && negative.is_none() =>
                {
                    negative = Some(response);
                }
                Ok(response) if is_refusal(&response.message) => {
                    return Ok(negative.unwrap_or(response));
                }
                Ok(response) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(response);
                }
                Err(Asked::Nonsense(why)) => {
                    return Err(Failure::Upstream {
                        what: server.label.clone(),
                        why,
                    });
                }
                Err(Asked::Net(error)) => last = Some((server, error)),
            }
        }

        match (negative, last) {
            (Some(response), _) => Ok(response),
            (None, Some((server, error))) => Err(failure(server, &error, started.elapsed())),
            (None, None) => Err(Failure::Unavailable(
                "no resolver is configured; see `[dns] servers`".into(),
            )),
        }
    }

    async fn ask_server(
        &self,
        server: &Upstream,
        question: &Question<'_>,
    ) -> Result<Response, Asked> {
        let request = request(question, true)?;
        let mut exchanged = server.exchange(request, question.tcp).await?;
        let mut message =
            Message::read(std::mem::take(&mut exchanged.octets)).map_err(Asked::Nonsense)?;

        // A server from before EDNS refuses the format (RFC 6891 §7): ask as it understands.
        if message.edns.is_none() && matches!(message.rcode, OptRcode::FORMERR | OptRcode::NOTIMP) {
            exchanged = server
                .exchange(request_without_edns(question)?, question.tcp)
                .await?;
            message =
                Message::read(std::mem::take(&mut exchanged.octets)).map_err(Asked::Nonsense)?;
        }

        if message.flags.tc && exchanged.transport == Transport::Udp {
            let first = exchanged.elapsed;
            match server.exchange(self::request(question, true)?, true).await {
                Ok(Exchanged {
                    octets,
                    transport,
                    elapsed,
                }) => {
                    message = Message::read(octets).map_err(Asked::Nonsense)?;
                    exchanged.transport = transport;
                    exchanged.elapsed = first + elapsed;
                }
                // What came over UDP is all there is; its TC flag says that it is not all.
                Err(error) => tracing::debug!(server = server.label, %error, "no answer over TCP"),
            }
        }

        answers_the_question(question, &message).map_err(Asked::Nonsense)?;
        let Exchanged {
            transport, elapsed, ..
        } = exchanged;

        Ok(Response {
            message,
            resolver: server.label.clone(),
            transport,
            elapsed,
        })
    }
}

/// Why a server gave no usable answer.
enum Asked {
    Net(NetError),
    Nonsense(String),
}

impl From<NetError> for Asked {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Proto(error) => Self::Nonsense(format!("its answer is malformed: {error}")),
            error => Self::Net(error),
        }
    }
}

/// Another server may do better.
fn is_refusal(message: &Message) -> bool {
    matches!(
        message.rcode,
        OptRcode::SERVFAIL | OptRcode::REFUSED | OptRcode::NOTIMP
    )
}

fn answers_the_question(question: &Question<'_>, message: &Message) -> Result<(), String> {
    let wanted = question.name.trim_end_matches('.');
    match &message.question {
        Some((name, rtype))
            if *rtype == question.rtype
                && name.trim_end_matches('.').eq_ignore_ascii_case(wanted) =>
        {
            Ok(())
        }
        // Some servers leave the question out of an error.
        None if message.answers.is_empty() => Ok(()),
        _ => Err("it answered another question than was asked".into()),
    }
}

fn failure(server: &Upstream, error: &NetError, elapsed: Duration) -> Failure {
    let what = server.label.clone();
    let refused = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            "no DNS server listens there (connection refused)".to_owned()
        }
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof => {
            "it closed the connection without an answer".to_owned()
        }
        _ => local_reason(error),
    };

    match error {
        NetError::Timeout => Failure::Timeout {
            what,
            after: elapsed,
        },
        NetError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Failure::Timeout {
            what,
            after: elapsed,
        },
        NetError::Io(error) => Failure::Upstream {
            what,
            why: refused(error),
        },
        NetError::NoConnections => Failure::Upstream {
            what,
            why: "it closed the connection without an answer".into(),
        },
        error => Failure::Upstream {
            what,
            why: error.to_string(),
        },
    }
}

fn request(question: &Question<'_>, edns: bool) -> Result<DnsRequest, Asked> {
    let name = wire_name(question.name)
        .ok_or_else(|| Asked::Nonsense("the name cannot be asked for".into()))?;
    let mut message = RequestMessage::query();
    let query = Query::query(name, u16::from(question.rtype).into());
    message.add_query(query);
    message.metadata.recursion_desired = question.recurse;
    // RFC 6840 §5.7: this asks the resolver to tell whether it validated.
    message.metadata.authentic_data = true;
    message.metadata.checking_disabled = question.checking_disabled;
    if edns {
        let mut edns = RequestEdns::new();
        edns.set_max_payload(UDP_PAYLOAD)
            .set_dnssec_ok(question.dnssec);
        message.set_edns(edns);
    }
    let mut options = DnsRequestOptions::default();
    options.use_edns = edns;
    Ok(DnsRequest::new(message, options))
}

fn request_without_edns(question: &Question<'_>) -> Result<DnsRequest, Asked> {
    request(question, false)
}

/// A name in wire form. Not by hickory's reading of text, which refuses labels that DNS takes (RFC 2317's `0/26`).
pub(super) fn wire_name(name: &str) -> Option<Name> {
    let labels = name.trim_end_matches('.');
    let mut wire = match labels {
        "" => Name::root(),
        labels => Name::from_labels(labels.split('.').map(str::as_bytes)).ok()?,
    };
    wire.set_fqdn(true);
    Some(wire)
}

/// The way back: the text that [`wire_name`] takes. `None` for labels that no text of it can hold.
pub(super) fn text_name(name: &Name) -> Option<String> {
    let labels = name.iter().map(std::str::from_utf8);
    let labels: Vec<&str> = labels.collect::<Result<_, _>>().ok()?;
    (!labels.iter().any(|label| label.contains('.'))).then(|| labels.join("."))
}

#[cfg(test)]
mod tests;
