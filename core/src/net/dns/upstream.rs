//! One DNS server and the way to speak with it, over hickory's transports.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::StreamExt;
use hickory_resolver::{
    ConnectionProvider, PoolContext, TlsConfig,
    config::{ConnectionConfig, ProtocolConfig, ResolverOpts},
    net::{
        NetError,
        runtime::{DnsUdpSocket, QuicSocketBinder, RuntimeProvider, TokioRuntimeProvider, TokioTime},
        udp::UdpClientStream,
        xfer::{DnsExchange, DnsHandle, DnsRequestSender},
    },
    proto::op::DnsRequest,
};
use tokio::{net::UdpSocket, sync::Mutex};

use crate::args::Transport;

/// One DNS server.
pub(super) struct Upstream {
    /// As the answer names it.
    pub(super) label: String,
    pub(super) transport: Transport,
    address: SocketAddr,
    /// The connection-oriented way: the server's own, or TCP behind UDP.
    stream: ProtocolConfig,
    pool: PoolContext,
    runtime: Runtime,
    /// A connection that is kept for the next question.
    kept: Mutex<Option<DnsExchange<Runtime>>>,
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
            Transport::Https => {
                ProtocolConfig::Https { server_name, path: path.unwrap_or("/dns-query").into() }
            }
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
            runtime: Runtime::default(),
            kept: Mutex::default(),
            timeout,
        }
    }

    /// One question, one answer, within the timeout.
    pub(super) async fn exchange(&self, request: DnsRequest, stream: bool) -> Result<Exchanged, NetError> {
        let started = Instant::now();
        let (transport, answer) = match self.transport {
            Transport::Udp if !stream => (Transport::Udp, self.datagram(request).await),
            Transport::Udp => (Transport::Tcp, self.connection(request).await),
            own => (own, self.connection(request).await),
        };
        Ok(Exchanged { octets: answer?, transport, elapsed: started.elapsed() })
    }

    async fn datagram(&self, request: DnsRequest) -> Result<Vec<u8>, NetError> {
        let mut sender = UdpClientStream::builder(self.address, self.runtime.clone())
            .with_timeout(Some(self.timeout))
            .with_max_retries(1)
            .with_os_port_selection(true)
            .build();
        let mut responses = sender.send_message(request);
        responses.next().await.unwrap_or(Err(NetError::Timeout)).map(|response| response.into_buffer())
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
        let answered = tokio::time::timeout(self.timeout, ask).await.unwrap_or(Err(NetError::Timeout));
        if answered.is_err() {
            *self.kept.lock().await = None;
        }
        answered
    }

    async fn connect(&self) -> Result<DnsExchange<Runtime>, NetError> {
        let mut config = ConnectionConfig::new(self.stream.clone());
        config.port = self.address.port();
        self.runtime.new_connection(self.address.ip(), &config, &self.pool)?.await
    }
}

async fn answer(connection: &DnsExchange<Runtime>, request: DnsRequest) -> Result<Vec<u8>, NetError> {
    let mut responses = connection.send(request);
    responses.next().await.unwrap_or(Err(NetError::NoConnections)).map(|response| response.into_buffer())
}

/// Tokio's runtime, with UDP sockets connected to their server: a closed port is then told at once
/// (ICMP port unreachable) instead of by silence, and the kernel drops datagrams from anyone else.
#[derive(Clone, Default)]
pub(super) struct Runtime(TokioRuntimeProvider);

impl RuntimeProvider for Runtime {
    type Handle = <TokioRuntimeProvider as RuntimeProvider>::Handle;
    type Timer = TokioTime;
    type Udp = Connected;
    type Tcp = <TokioRuntimeProvider as RuntimeProvider>::Tcp;

    fn create_handle(&self) -> Self::Handle {
        self.0.create_handle()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        bind: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        self.0.connect_tcp(server, bind, timeout)
    }

    fn bind_udp(
        &self,
        local: SocketAddr,
        server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Udp>>>> {
        Box::pin(async move {
            let socket = UdpSocket::bind(local).await?;
            socket.connect(server).await?;
            Ok(Connected { socket, server })
        })
    }

    fn quic_binder(&self) -> Option<&dyn QuicSocketBinder> {
        self.0.quic_binder()
    }
}

/// A UDP socket that knows only its server.
pub(super) struct Connected {
    socket: UdpSocket,
    server: SocketAddr,
}

#[async_trait::async_trait]
impl DnsUdpSocket for Connected {
    type Time = TokioTime;

    /// Linux tells an ICMP error as an error alone, for which Tokio's reading does not wake up.
    #[cfg(target_os = "linux")]
    async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            tokio::select! {
                received = self.socket.recv(buf) => return received.map(|length| (length, self.server)),
                ready = self.socket.ready(tokio::io::Interest::ERROR) => {
                    ready?;
                    if let Some(error) = self.socket.take_error()? {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        let mut buf = tokio::io::ReadBuf::new(buf);
        self.socket.poll_recv(cx, &mut buf).map_ok(|()| (buf.filled().len(), self.server))
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], _server: SocketAddr) -> Poll<io::Result<usize>> {
        self.socket.poll_send(cx, buf)
    }
}
