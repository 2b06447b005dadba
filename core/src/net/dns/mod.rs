//! DNS: one exact question to a resolver, its answer as the wire said it.

mod message;
mod upstream;
mod validate;

use std::{
    net::{IpAddr, SocketAddr},
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
        dnssec::TrustAnchors,
        op::{DnsRequest, DnsRequestOptions, Edns as RequestEdns, Message as RequestMessage, Query},
        rr::Name,
    },
};

pub use message::{Data, Edns, ExtendedError, Flags, Message, Record, without_dot};
pub use validate::{Security, Validation};

use super::{Guard, tls::Tls};
use crate::{
    args::{Host, Resolver, Transport},
    failure::Failure,
    settings::{self, Server},
};
use upstream::{Exchanged, Upstream};

/// UDP payload that fits every path (DNS Flag Day 2020).
const UDP_PAYLOAD: u16 = 1232;

/// Resolvers, configured or chosen.
#[derive(Clone)]
pub struct Dns(Arc<Inner>);

struct Inner {
    configured: Result<Client, Failure>,
    guard: Arc<Guard>,
    tls: Tls,
    timeout: Duration,
    attempts: u32,
    anchors: Arc<TrustAnchors>,
}

/// The servers that one lookup asks.
#[derive(Clone)]
pub struct Client {
    servers: Arc<[Upstream]>,
    /// The server that answered last is asked first.
    preferred: Arc<AtomicUsize>,
    attempts: u32,
}

/// One exact question.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Any spelling that DNS takes, with or without the final dot.
    pub name: &'a str,
    /// Record type.
    pub rtype: Rtype,
    /// RD: ask the server to find out.
    pub recurse: bool,
    /// DO: send signatures along.
    pub dnssec: bool,
    /// CD: send data also when it does not validate.
    pub checking_disabled: bool,
    /// Not over UDP.
    pub tcp: bool,
}

impl<'a> Question<'a> {
    /// As a stub resolver asks.
    pub fn new(name: &'a str, rtype: Rtype) -> Self {
        Self { name, rtype, recurse: true, dnssec: false, checking_disabled: false, tcp: false }
    }
}

/// An answer and how it came.
#[derive(Debug, Clone)]
pub struct Response {
    /// What the server said.
    pub message: Message,
    /// The server that said it.
    pub resolver: String,
    /// How it was carried, after a fallback to TCP.
    pub transport: Transport,
    /// From the question sent to the answer received; with the first, truncated answer, if there was one.
    pub elapsed: Duration,
}

impl Dns {
    /// With the configured resolvers; those of the system are read now.
    pub(super) fn new(settings: &settings::Dns, guard: Arc<Guard>, tls: Tls) -> Result<Self, Failure> {
        let timeout = Duration::from_millis(settings.timeout_ms);
        let anchors = match settings.trust_anchor.as_str() {
            "" => TrustAnchors::default(),
            path => TrustAnchors::from_file(path.as_ref())
                .map_err(|error| Failure::Unavailable(format!("dns.trust_anchor: {path}: {error}")))?,
        };
        let configured = configured(settings, &tls, timeout);
        let attempts = settings.attempts;
        Ok(Self(Arc::new(Inner { configured, guard, tls, timeout, attempts, anchors: Arc::new(anchors) })))
    }

    /// Those servers that the asker chose, each address vetted by the guard; else the configured ones.
    pub async fn client(&self, chosen: Option<&Resolver>) -> Result<Client, Failure> {
        let inner = &*self.0;
        let Some(resolver) = chosen else { return inner.configured.clone() };
        let port = resolver.endpoint.port.unwrap_or(resolver.transport.default_port());
        let name = resolver.endpoint.host.to_string();
        let addresses = match &resolver.endpoint.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.resolver_addresses(name.as_str()).await?,
        };
        let addresses = inner.guard.check_all(&name, addresses, port)?;
        let tls = encrypted(resolver.transport).then(|| inner.tls.client()).transpose()?;
        let upstream = |address: SocketAddr| upstream(resolver, address, tls.clone(), inner.timeout);
        Ok(Client::new(addresses.into_iter().map(upstream).collect(), inner.attempts))
    }

    /// The configured servers as answers name them.
    pub(crate) fn resolvers(&self) -> Vec<String> {
        self.0
            .configured
            .iter()
            .flat_map(|client| client.servers.iter())
            .map(|server| server.label.clone())
            .collect()
    }

    /// Whether there is a resolver to ask.
    pub(crate) fn ready(&self) -> Result<(), Failure> {
        self.0.configured.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    /// A zone's own server, at addresses that the guard lets pass; asked once, with little patience.
    pub fn authority(&self, name: &str, addresses: &[IpAddr], patience: Duration) -> Result<Client, Failure> {
        let addresses = self.0.guard.check_all(name, addresses.iter().copied(), 53)?;
        let upstream = |address: SocketAddr| {
            Upstream::new(address.to_string(), Transport::Udp, address, "", None, no_tls(), patience)
        };
        Ok(Client::new(addresses.into_iter().map(upstream).collect(), 1))
    }

    async fn resolver_addresses(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        let addresses = self.0.configured.clone()?.addresses(name).await?;
        if addresses.is_empty() {
            return Err(Failure::Upstream { what: name.into(), why: "the name has no address".into() });
        }
        Ok(addresses)
    }

    /// Validates the answer to a question from the trust anchors down, by further questions to `client`.
    pub async fn validate(&self, client: &Client, question: &Question<'_>) -> Validation {
        validate::validate(client, question, self.0.anchors.clone()).await
    }
}

fn encrypted(transport: Transport) -> bool {
    !matches!(transport, Transport::Udp | Transport::Tcp)
}

fn upstream(
    resolver: &Resolver,
    address: SocketAddr,
    tls: Option<rustls::ClientConfig>,
    timeout: Duration,
) -> Upstream {
    let host = resolver.endpoint.host.to_string();
    let label = match resolver.transport {
        Transport::Udp | Transport::Tcp if matches!(resolver.endpoint.host, Host::Address(_)) => {
            address.to_string()
        }
        Transport::Udp | Transport::Tcp => format!("{host} ({address})"),
        _ => resolver.to_string(),
    };
    let name = resolver.name.as_deref().unwrap_or(&host);
    let tls = tls.unwrap_or_else(no_tls);
    Upstream::new(label, resolver.transport, address, name, resolver.path.as_deref(), tls, timeout)
}

/// For plain DNS, whose connections never look at it: a configuration that trusts nobody.
fn no_tls() -> rustls::ClientConfig {
    use std::sync::OnceLock;
    static NONE: OnceLock<rustls::ClientConfig> = OnceLock::new();
    NONE.get_or_init(|| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap_or_else(|error| unreachable!("ring speaks TLS 1.3: {error}"))
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth()
    })
    .clone()
}

/// The operator's own choice needs no guard: a resolver on loopback is the usual one.
fn configured(settings: &settings::Dns, tls: &Tls, timeout: Duration) -> Result<Client, Failure> {
    let mut upstreams = Vec::new();
    for server in &settings.servers {
        match server {
            Server::System(_) => {
                for address in system_resolvers()? {
                    let address = SocketAddr::new(address, 53);
                    let label = address.to_string();
                    upstreams.push(Upstream::new(
                        label,
                        Transport::Udp,
                        address,
                        "",
                        None,
                        no_tls(),
                        timeout,
                    ));
                }
            }
            Server::Resolver(resolver) => {
                let Host::Address(address) = resolver.endpoint.host else {
                    return Err(Failure::Unavailable(format!(
                        "dns.servers: `{resolver}` needs an address, with the certificate's name after `#`"
                    )));
                };
                let port = resolver.endpoint.port.unwrap_or(resolver.transport.default_port());
                let tls = encrypted(resolver.transport).then(|| tls.client()).transpose()?;
                upstreams.push(upstream(resolver, SocketAddr::new(address, port), tls, timeout));
            }
        }
    }
    Ok(Client::new(upstreams, settings.attempts))
}

fn system_resolvers() -> Result<Vec<IpAddr>, Failure> {
    let (config, _) = hickory_resolver::system_conf::read_system_conf().map_err(|error| {
        Failure::Unavailable(format!(
            "the system names no resolver ({error}); set one with `[dns] servers` or ask with `resolver=`"
        ))
    })?;
    Ok(config.name_servers().iter().map(|server| server.ip).collect())
}

impl Client {
    fn new(servers: Vec<Upstream>, attempts: u32) -> Self {
        Self { servers: servers.into(), preferred: Arc::default(), attempts }
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
        let found =
            |response: Result<Response, Failure>| response.map(|r| r.message.addresses()).unwrap_or_default();
        Ok(found(v4).into_iter().chain(found(v6)).collect())
    }

    /// Asks one exact question: server by server, round by round, until one gives an answer that another
    /// server would not better.
    pub async fn ask(&self, question: &Question<'_>) -> Result<Response, Failure> {
        let started = std::time::Instant::now();
        let count = self.servers.len();
        let first = self.preferred.load(Ordering::Relaxed);
        let mut negative = None;
        let mut last: Option<(&Upstream, NetError)> = None;
        for attempt in 0..self.attempts as usize * count {
            let index = (first + attempt) % count;
            let server = &self.servers[index];
            match self.ask_server(server, question).await {
                Ok(response) if count > 1 && is_refusal(&response.message) && negative.is_none() => {
                    negative = Some(response);
                }
                Ok(response) if is_refusal(&response.message) => return Ok(negative.unwrap_or(response)),
                Ok(response) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(response);
                }
                Err(Asked::Nonsense(why)) => {
                    return Err(Failure::Upstream { what: server.label.clone(), why });
                }
                Err(Asked::Net(error)) => last = Some((server, error)),
            }
        }
        match (negative, last) {
            (Some(response), _) => Ok(response),
            (None, Some((server, error))) => Err(failure(server, &error, started.elapsed())),
            (None, None) => {
                Err(Failure::Unavailable("no resolver is configured; see `[dns] servers`".into()))
            }
        }
    }

    async fn ask_server(&self, server: &Upstream, question: &Question<'_>) -> Result<Response, Asked> {
        let request = request(question, true)?;
        let mut exchanged = server.exchange(request, question.tcp).await?;
        let mut message = Message::read(std::mem::take(&mut exchanged.octets)).map_err(Asked::Nonsense)?;
        // A server from before EDNS refuses the format (RFC 6891 §7): ask as it understands.
        if message.edns.is_none() && matches!(message.rcode, OptRcode::FORMERR | OptRcode::NOTIMP) {
            exchanged = server.exchange(request_without_edns(question)?, question.tcp).await?;
            message = Message::read(std::mem::take(&mut exchanged.octets)).map_err(Asked::Nonsense)?;
        }
        if message.flags.tc && exchanged.transport == Transport::Udp {
            let first = exchanged.elapsed;
            match server.exchange(self::request(question, true)?, true).await {
                Ok(Exchanged { octets, transport, elapsed }) => {
                    message = Message::read(octets).map_err(Asked::Nonsense)?;
                    exchanged.transport = transport;
                    exchanged.elapsed = first + elapsed;
                }
                // What came over UDP is all there is; its TC flag says that it is not all.
                Err(error) => tracing::debug!(server = server.label, %error, "no answer over TCP"),
            }
        }
        answers_the_question(question, &message).map_err(Asked::Nonsense)?;
        let Exchanged { transport, elapsed, .. } = exchanged;
        Ok(Response { message, resolver: server.label.clone(), transport, elapsed })
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
    matches!(message.rcode, OptRcode::SERVFAIL | OptRcode::REFUSED | OptRcode::NOTIMP)
}

fn answers_the_question(question: &Question<'_>, message: &Message) -> Result<(), String> {
    let wanted = question.name.trim_end_matches('.');
    match &message.question {
        Some((name, rtype))
            if *rtype == question.rtype && name.trim_end_matches('.').eq_ignore_ascii_case(wanted) =>
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
        _ => error.to_string(),
    };
    match error {
        NetError::Timeout => Failure::Timeout { what, after: elapsed },
        NetError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::Timeout { what, after: elapsed }
        }
        NetError::Io(error) => Failure::Upstream { what, why: refused(error) },
        NetError::NoConnections => {
            Failure::Upstream { what, why: "it closed the connection without an answer".into() }
        }
        error => Failure::Upstream { what, why: error.to_string() },
    }
}

fn request(question: &Question<'_>, edns: bool) -> Result<DnsRequest, Asked> {
    let name = Name::from_ascii(question.name)
        .map_err(|error| Asked::Nonsense(format!("the name cannot be asked for: {error}")))?;
    let mut message = RequestMessage::query();
    let mut query = Query::query(name, u16::from(question.rtype).into());
    query.name.set_fqdn(true);
    message.add_query(query);
    message.metadata.recursion_desired = question.recurse;
    // RFC 6840 §5.7: this asks the resolver to tell whether it validated.
    message.metadata.authentic_data = true;
    message.metadata.checking_disabled = question.checking_disabled;
    if edns {
        let mut edns = RequestEdns::new();
        edns.set_max_payload(UDP_PAYLOAD).set_dnssec_ok(question.dnssec);
        message.set_edns(edns);
    }
    let mut options = DnsRequestOptions::default();
    options.use_edns = edns;
    Ok(DnsRequest::new(message, options))
}

fn request_without_edns(question: &Question<'_>) -> Result<DnsRequest, Asked> {
    request(question, false)
}

impl Message {
    /// The addresses in the answer, whatever names they stand at.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.answers.iter().filter_map(Record::address).collect()
    }
}

impl Record {
    /// The address of an A or AAAA record.
    pub fn address(&self) -> Option<IpAddr> {
        match &self.data {
            Data::A(a) => Some(IpAddr::V4(a.addr())),
            Data::Aaaa(aaaa) => Some(IpAddr::V6(aaaa.addr())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
