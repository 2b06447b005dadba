//! One DNS server and the way to speak with it, over hickory's transports.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::base::Message as Wire;
use futures::StreamExt;
use hickory_resolver::{
    ConnectionProvider, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ProtocolConfig, ResolverOpts},
    net::{
        NetError,
        runtime::TokioRuntimeProvider,
        xfer::{DnsExchange, DnsHandle},
    },
    proto::op::DnsRequest,
};
use netvane_facts::target::Transport;
use tokio::{net::UdpSocket, sync::Mutex};

use crate::{metrics, outlay};

/// We announce 1,232; what a server sends beyond this is cut, and then not readable.
const MAX_DATAGRAM: usize = 4096;

/// One DNS server.
pub(super) struct Upstream {
    /// As the answer names it.
    pub(super) label: String,
    pub(super) transport: Transport,
    address: SocketAddr,
    /// The connection-oriented way: the server's own, or TCP behind UDP.
    stream: ProtocolConfig,
    pool: PoolContext,
    runtime: TokioRuntimeProvider,
    /// A connection that is kept for the next question.
    kept: Mutex<Option<DnsExchange<TokioRuntimeProvider>>>,
    timeout: Duration,
}

/// What came back, and how.
pub(super) struct Exchanged {
    pub(super) octets: Vec<u8>,
    pub(super) transport: Transport,
    pub(super) elapsed: Duration,
}

impl Upstream {
    /// `tls` must be there for the encrypted transports; `name` is the one that its certificate carries.
    pub(super) fn new(
        label: String,
        transport: Transport,
        address: SocketAddr,
        name: &str,
        path: Option<&str>,
        tls: rustls::ClientConfig,
        timeout: Duration,
    ) -> Self {
        let server_name: Arc<str> = name.into();
        let stream = match transport {
            Transport::Udp | Transport::Tcp => ProtocolConfig::Tcp,
            Transport::Tls => ProtocolConfig::Tls { server_name },
            Transport::Https => ProtocolConfig::Https {
                server_name,
                path: path.unwrap_or("/dns-query").into(),
            },
            Transport::Quic => ProtocolConfig::Quic { server_name },
        };

        let mut options = ResolverOpts::default();
        options.timeout = timeout;

        Self {
            label,
            transport,
            address,
            stream,
            pool: PoolContext::new(options, TlsConfig { config: tls }),
            runtime: TokioRuntimeProvider::default(),
            kept: Mutex::default(),
            timeout,
        }
    }

    /// The same server for others that ask by themselves.
    pub(super) fn name_server(&self) -> NameServerConfig {
        let connection = |protocol| {
            let mut config = ConnectionConfig::new(protocol);
            config.port = self.address.port();
            config
        };
        let mut connections = vec![connection(self.stream.clone())];
        if self.transport == Transport::Udp {
            connections.insert(0, connection(ProtocolConfig::Udp));
        }
        NameServerConfig::new(self.address.ip(), true, connections)
    }

    /// One question, one answer, within the timeout.
    #[tracing::instrument(level = "debug", target = "netvane::trace", skip_all, name = "dns", fields(server = %self.address))]
    pub(super) async fn exchange(
        &self,
        request: DnsRequest,
        stream: bool,
    ) -> Result<Exchanged, NetError> {
        let started = Instant::now();
        let (transport, answer) = match self.transport {
            Transport::Udp if !stream => (Transport::Udp, self.datagram(request).await),
            Transport::Udp => (Transport::Tcp, self.connection(request).await),
            own => (own, self.connection(request).await),
        };
        let elapsed = started.elapsed();
        let outcome = match &answer {
            Ok(_) => "answered",
            Err(NetError::Timeout) => "timeout",
            Err(_) => "failed",
        };
        metrics::upstream("dns", outcome, elapsed);
        Ok(Exchanged {
            octets: answer?,
            transport,
            elapsed,
        })
    }

    async fn datagram(&self, request: DnsRequest) -> Result<Vec<u8>, NetError> {
        tokio::time::timeout(self.timeout, datagram(self.address, &request))
            .await
            .unwrap_or(Err(NetError::Timeout))
    }

    async fn connection(&self, request: DnsRequest) -> Result<Vec<u8>, NetError> {
        let ask = async {
            // A kept connection may have been closed by the server since: that is no answer to this question.
            let kept = self.kept.lock().await.clone();
            if let Some(connection) = kept {
                match answer(&connection, request.clone()).await {
                    Err(error) if !matches!(error, NetError::Timeout) => {}
                    answered => return answered,
                }
            }
            let connection = self.connect().await?;
            *self.kept.lock().await = Some(connection.clone());
            answer(&connection, request).await
        };
        let answered = tokio::time::timeout(self.timeout, ask)
            .await
            .unwrap_or(Err(NetError::Timeout));
        if answered.is_err() {
            *self.kept.lock().await = None;
        }
        answered
    }

    async fn connect(&self) -> Result<DnsExchange<TokioRuntimeProvider>, NetError> {
        // A handshake of QUIC is one of TLS in padded datagrams (RFC 9000 §14.1).
        outlay::spend(match self.transport {
            Transport::Udp | Transport::Tcp => outlay::CONNECTION,
            Transport::Tls | Transport::Https => outlay::CONNECTION + outlay::HANDSHAKE,
            Transport::Quic => 3 * outlay::HANDSHAKE,
        })?;
        let mut config = ConnectionConfig::new(self.stream.clone());
        config.port = self.address.port();
        self.runtime
            .new_connection(self.address.ip(), &config, &self.pool)?
            .await
    }
}

async fn answer(
    connection: &DnsExchange<TokioRuntimeProvider>,
    request: DnsRequest,
) -> Result<Vec<u8>, NetError> {
    outlay::spend(outlay::SYN + request.to_vec()?.len())?;
    let mut responses = connection.send(request);
    responses
        .next()
        .await
        .unwrap_or(Err(NetError::NoConnections))
        .map(|response| response.into_buffer())
}

/// One datagram out, the one that answers it back.
///
/// Not over hickory's UDP stream: that decodes the answer on the way and loses all of it for one odd record, and its
/// sockets are not connected, so that a closed port is told by silence and anyone may answer.
async fn datagram(server: SocketAddr, request: &DnsRequest) -> Result<Vec<u8>, NetError> {
    let any: IpAddr = if server.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    // The kernel picks a random port for each question.
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let question = request.to_vec()?;
    outlay::spend(outlay::DATAGRAM + question.len())?;
    socket.send(&question).await?;
    let mut answer = vec![0; MAX_DATAGRAM];
    loop {
        let length = receive(&socket, &mut answer).await?;
        if is_answer(&question, &answer[..length])? {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

/// Whether this is for us: another id or another question is somebody else's, or a forger's guess. What bears our id
/// and is no answer at all is the server's nonsense.
fn is_answer(question: &[u8], answer: &[u8]) -> Result<bool, NetError> {
    if answer.get(..2) != question.get(..2) {
        return Ok(false);
    }
    let nonsense = || NetError::Msg("its answer is malformed".into());
    let asked = Wire::from_slice(question).map_err(|_| nonsense())?;
    let told = Wire::from_slice(answer).map_err(|_| nonsense())?;
    if !told.header().qr() || told.sections().is_err() {
        return Err(nonsense());
    }
    Ok(match (asked.sole_question(), told.sole_question()) {
        (Ok(asked), Ok(told)) => asked == told,
        // Some servers leave the question out of an error.
        _ => told.header_counts().qdcount() == 0 && told.header_counts().ancount() == 0,
    })
}

/// Linux tells an ICMP error as an error alone, for which Tokio's reading does not wake up.
#[cfg(target_os = "linux")]
async fn receive(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        tokio::select! {
            received = socket.recv(buf) => return received,
            ready = socket.ready(tokio::io::Interest::ERROR) => {
                ready?;
                if let Some(error) = socket.take_error()? {
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
async fn receive(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<usize> {
    socket.recv(buf).await
}

#[cfg(test)]
mod tests;
