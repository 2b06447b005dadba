//! Queries a list of servers: in order, with retries, over TCP after a truncated response, and without EDNS if a server
//! does not support it.

mod ttls;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
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
        rr::{
            Name,
            rdata::opt::{ClientSubnet, EdnsOption, NSIDPayload},
        },
    },
};
use netvane_document::Failure;
use netvane_facts::target::{IpVersion, Transport};

use super::{
    Message, Question, Response,
    private_names::PrivateNames,
    resolver_health::ResolverHealth,
    upstream::{Exchanged, Upstream},
};
use crate::connect::local_reason;

/// Announced UDP payload size in bytes, which avoids fragmentation on every path (DNS Flag Day 2020).
const UDP_PAYLOAD: u16 = 1232;

/// The servers of one lookup, with retries and failover.
#[derive(Clone)]
pub struct Client {
    pub(super) servers: Arc<[Arc<Upstream>]>,
    /// Index of the server that answered last; it is queried first.
    pub(super) preferred: Arc<AtomicUsize>,
    pub(super) attempts: u32,
    /// Records successes and failures, for the configured resolvers.
    pub(super) resolver_health: Option<Arc<ResolverHealth>>,
    /// Names that not every caller may look up with these servers.
    pub(super) private_names: Option<Arc<PrivateNames>>,
    /// Smallest TTL of the responses, in seconds, if it is recorded.
    pub(super) ttls: Option<Arc<AtomicU32>>,
}

impl Client {
    pub(super) fn new(servers: Vec<Upstream>, attempts: u32) -> Self {
        Self {
            servers: servers.into_iter().map(Arc::new).collect(),
            preferred: Arc::default(),
            attempts,
            resolver_health: None,
            private_names: None,
            ttls: None,
        }
    }

    /// Returns this client, recording each success or failure in `resolver_health`.
    pub(super) fn with_health(self, resolver_health: Arc<ResolverHealth>) -> Self {
        Self {
            resolver_health: Some(resolver_health),
            ..self
        }
    }

    /// Returns this client, which refuses the private names to callers without trust.
    pub(super) fn with_private_names(self, private_names: Arc<PrivateNames>) -> Self {
        Self {
            private_names: Some(private_names),
            ..self
        }
    }

    /// Returns this client with only those servers whose address has this IP version.
    ///
    /// # Errors
    /// No server has such an address.
    pub fn over(self, version: IpVersion) -> Result<Self, Failure> {
        let matches = |server: &&Arc<Upstream>| version.holds(server.address().ip());
        let servers: Arc<[Arc<Upstream>]> = self.servers.iter().filter(matches).cloned().collect();
        if servers.is_empty() && !self.servers.is_empty() {
            let labels: Vec<&str> = self.servers.iter().map(|server| &*server.label).collect();
            return Err(Failure::Unavailable(format!(
                "no resolver has an IPv{version} address: {}",
                labels.join(", ")
            )));
        }
        Ok(Self {
            servers,
            preferred: Arc::default(),
            ..self
        })
    }

    /// Sends a query as a stub resolver does.
    pub async fn query(&self, name: &str, rtype: Rtype) -> Result<Response, Failure> {
        self.ask(&Question::new(name, rtype)).await
    }

    /// Sends one exact query to the servers in turn, for the configured number of rounds, until one gives an answer.
    /// After SERVFAIL, REFUSED or NOTIMP the next server is tried.
    ///
    /// # Errors
    /// No server responded, a response was malformed, or the caller may not look up the name.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Response, Failure> {
        let private_names = self.private_names.as_deref();
        private_names.map_or(Ok(()), |names| names.check(question.name))?;

        // Boxed: lookups hold many of these, which would be a large part of a stack.
        let answer = Box::pin(self.ask_in_turn(question)).await;
        if let Some(resolver_health) = &self.resolver_health {
            resolver_health.note(answer.is_ok());
        }
        if let Some(shortest) = &self.ttls {
            shortest.fetch_min(ttls::lifetime(&answer), Ordering::Relaxed);
        }
        if let (Some(names), Ok(response)) = (private_names, &answer) {
            names.check_response(&response.message)?;
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
            let server: &Upstream = &self.servers[index];

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
                Err(QueryError::Invalid(why)) => {
                    return Err(Failure::Upstream {
                        what: server.label.clone(),
                        why,
                    });
                }
                Err(QueryError::Net(error)) => last = Some((server, error)),
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
    ) -> Result<Response, QueryError> {
        let request = request(question, question.edns)?;
        let mut exchanged = server.exchange(request, question.tcp).await?;
        let mut message =
            Message::read(std::mem::take(&mut exchanged.octets)).map_err(QueryError::Invalid)?;

        // A server without EDNS support returns FORMERR or NOTIMP (RFC 6891 §7): retry without EDNS.
        let is_refused = question.edns && message.edns.is_none();
        if is_refused && matches!(message.rcode, OptRcode::FORMERR | OptRcode::NOTIMP) {
            exchanged = server
                .exchange(request_without_edns(question)?, question.tcp)
                .await?;
            message = Message::read(std::mem::take(&mut exchanged.octets))
                .map_err(QueryError::Invalid)?;
        }

        if message.flags.tc && exchanged.transport == Transport::Udp {
            let first = exchanged.elapsed;
            match server
                .exchange(self::request(question, question.edns)?, true)
                .await
            {
                Ok(Exchanged {
                    octets,
                    transport,
                    elapsed,
                }) => {
                    message = Message::read(octets).map_err(QueryError::Invalid)?;
                    exchanged.transport = transport;
                    exchanged.elapsed = first + elapsed;
                }
                // Return the UDP response; its TC flag shows that it is truncated.
                Err(error) => {
                    tracing::debug!(server = server.label, %error, "TCP retry failed, using the truncated UDP response")
                }
            }
        }

        answers_the_question(question, &message).map_err(QueryError::Invalid)?;
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

/// Why a server gave no usable response.
enum QueryError {
    Net(NetError),
    Invalid(String),
}

impl From<NetError> for QueryError {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Proto(error) => Self::Invalid(format!("malformed response: {error}")),
            error => Self::Net(error),
        }
    }
}

/// Whether another server might give a better answer.
fn is_refusal(message: &Message) -> bool {
    matches!(
        message.rcode,
        OptRcode::SERVFAIL | OptRcode::REFUSED | OptRcode::NOTIMP
    )
}

fn answers_the_question(question: &Question<'_>, message: &Message) -> Result<(), String> {
    // Names in wire format are equal regardless of case and of how their text is escaped.
    let is_queried = |name: &str| {
        let name = wire_name(name);
        name.is_some() && name == wire_name(question.name)
    };
    match &message.question {
        Some((name, rtype)) if *rtype == question.rtype && is_queried(name) => Ok(()),
        // Some servers omit the question in an error response.
        None if message.answers.is_empty() => Ok(()),
        _ => Err("the question in the response does not match the query".into()),
    }
}

fn failure(server: &Upstream, error: &NetError, elapsed: Duration) -> Failure {
    let what = server.label.clone();
    let refused = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            "connection refused (no DNS server is listening)".to_owned()
        }
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof => {
            "connection closed without a response".to_owned()
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
            why: "connection closed without a response".into(),
        },
        error => Failure::Upstream {
            what,
            why: error.to_string(),
        },
    }
}

fn request(question: &Question<'_>, edns: bool) -> Result<DnsRequest, QueryError> {
    let name = wire_name(question.name)
        .ok_or_else(|| QueryError::Invalid("not a valid DNS name".into()))?;
    let mut message = RequestMessage::query();
    let query = Query::query(name, u16::from(question.rtype).into());
    message.add_query(query);
    message.metadata.recursion_desired = question.recurse;
    // RFC 6840 §5.7: asks the resolver to set AD if it validated the answer.
    message.metadata.authentic_data = true;
    message.metadata.checking_disabled = question.checking_disabled;
    if edns {
        message.set_edns(request_edns(question)?);
    }
    let mut options = DnsRequestOptions::default();
    options.use_edns = edns;
    Ok(DnsRequest::new(message, options))
}

/// Builds the OPT record of a query, with the options that the question has.
fn request_edns(question: &Question<'_>) -> Result<RequestEdns, QueryError> {
    let mut edns = RequestEdns::new();
    edns.set_max_payload(question.udp_payload.unwrap_or(UDP_PAYLOAD))
        .set_dnssec_ok(question.dnssec);

    if let Some(subnet) = question.subnet {
        let subnet = ClientSubnet::new(subnet.network(), subnet.prefix_len(), 0);
        edns.options_mut().insert(EdnsOption::Subnet(subnet));
    }
    if question.nsid {
        let nsid =
            NSIDPayload::new(Vec::new()).map_err(|error| QueryError::Invalid(error.to_string()))?;
        edns.options_mut().insert(EdnsOption::NSID(nsid));
    }

    Ok(edns)
}

fn request_without_edns(question: &Question<'_>) -> Result<DnsRequest, QueryError> {
    request(question, false)
}

/// Converts a name with the escapes of RFC 1035 §5.1 to wire format. Hickory's text parser is not used: it rejects labels
/// that are valid in DNS (such as `0/26` of RFC 2317). `None` if a label or the name is too long or empty, or an escape is
/// invalid.
pub(super) fn wire_name(name: &str) -> Option<Name> {
    let mut labels = labels(name)?;
    // The final dot.
    if labels.len() > 1 && labels.last().is_some_and(Vec::is_empty) {
        labels.pop();
    }
    let mut wire = match &labels[..] {
        [root] if root.is_empty() => Name::root(),
        labels if labels.iter().any(Vec::is_empty) => return None,
        labels => Name::from_labels(labels.iter().map(Vec::as_slice)).ok()?,
    };
    wire.set_fqdn(true);
    Some(wire)
}

/// Splits a name at its dots and resolves `\.` and `\046` (RFC 1035 §5.1). `.` gives two empty labels.
fn labels(name: &str) -> Option<Vec<Vec<u8>>> {
    let mut labels = vec![Vec::new()];
    let mut octets = name.bytes();

    while let Some(octet) = octets.next() {
        let label = match octet {
            b'.' => {
                labels.push(Vec::new());
                continue;
            }
            b'\\' => match octets.next()? {
                first @ b'0'..=b'9' => {
                    let digits = [first, octets.next()?, octets.next()?];
                    std::str::from_utf8(&digits).ok()?.parse().ok()?
                }
                octet => octet,
            },
            octet => octet,
        };
        labels.last_mut()?.push(label);
    }

    Some(labels)
}

/// Converts a name back to the text that [`wire_name`] parses.
pub(super) fn text_name(name: &Name) -> String {
    let labels: Vec<String> = name.iter().map(escape_label).collect();
    labels.join(".")
}

/// Escapes dots, spaces, special characters and octets beyond ASCII (RFC 1035 §5.1).
fn escape_label(label: &[u8]) -> String {
    label.iter().fold(String::new(), |mut text, octet| {
        match octet {
            b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => {
                text.push('\\');
                text.push(char::from(*octet));
            }
            0x21..=0x7e => text.push(char::from(*octet)),
            octet => text.push_str(&format!("\\{octet:03}")),
        }
        text
    })
}

#[cfg(test)]
mod tests;
