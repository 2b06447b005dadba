//! One DNS server and its transports: UDP here, TCP and TLS in [`super::stream`], HTTPS in [`super::https`], QUIC in
//! [`super::quic`].

mod cookies;
mod sockets;

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::base::{Message as Wire, iana::OptRcode};
use hickory_resolver::{net::NetError, proto::op::DnsRequest};
use netvane_facts::target::Transport;
use tokio::net::UdpSocket;

use super::{https::HttpsConnection, quic::QuicConnection, stream::Connections};
use crate::{egress_budget, metrics};
use cookies::{Cookies, Sender};
use sockets::Sockets;

/// Receive buffer in bytes. EDNS announces 1,232; longer datagrams are truncated and fail to parse.
const MAX_DATAGRAM: usize = 4096;

/// A DNS server with its transports and open connection.
pub(super) struct Upstream {
    /// Name of the server in responses and errors.
    pub(super) label: String,
    pub(super) transport: Transport,
    address: SocketAddr,
    stream: Stream,
    timeout: Duration,
    /// What queries to a configured resolver share; those to servers that a user names are sent as they are.
    kept: Option<Kept>,
}

/// What is kept between the queries to one resolver.
struct Kept {
    cookies: Cookies,
    sockets: Arc<Sockets>,
}

/// The connection-oriented transport: the server's own, or TCP as the fallback of UDP.
enum Stream {
    Plain(Connections),
    Https(Box<HttpsConnection>),
    Quic(Box<QuicConnection>),
}

/// The response bytes, the transport used and the time taken.
pub(super) struct Exchanged {
    pub(super) octets: Vec<u8>,
    pub(super) transport: Transport,
    pub(super) elapsed: Duration,
}

impl Upstream {
    /// `tls` must be valid for the encrypted transports; `name` is the name in the server's certificate.
    pub(super) fn new(
        label: String,
        transport: Transport,
        address: SocketAddr,
        name: &str,
        path: Option<&str>,
        tls: rustls::ClientConfig,
        timeout: Duration,
    ) -> Self {
        let stream = match transport {
            Transport::Udp | Transport::Tcp => Stream::Plain(Connections::new(address, None)),
            Transport::Tls => {
                Stream::Plain(Connections::new(address, Some((tls, name.to_owned()))))
            }
            Transport::Https => {
                let path = path.unwrap_or("/dns-query");
                Stream::Https(Box::new(HttpsConnection::new(address, tls, name, path)))
            }
            Transport::Quic => Stream::Quic(Box::new(QuicConnection::new(address, tls, name))),
        };

        Self {
            label,
            transport,
            address,
            stream,
            timeout,
            kept: None,
        }
    }

    /// Address and port of the server.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns this server, with cookies in queries over UDP and sockets that they share.
    pub(super) fn kept(self) -> Self {
        let kept = Kept {
            cookies: Cookies::default(),
            sockets: Sockets::new(self.address),
        };
        Self {
            kept: Some(kept),
            ..self
        }
    }

    #[cfg(test)]
    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Sends one query and waits for its response, within the timeout.
    #[tracing::instrument(level = "debug", target = "netvane::trace", skip_all, name = "dns", fields(server = %self.address))]
    pub(super) async fn exchange(
        &self,
        request: DnsRequest,
        stream: bool,
    ) -> Result<Exchanged, NetError> {
        let started = Instant::now();
        let (transport, answer) = match self.transport {
            Transport::Udp if !stream => match self.datagram(&request).await {
                Ok(Some(answer)) => (Transport::Udp, Ok(answer)),
                Ok(None) => (Transport::Tcp, self.connection(request).await),
                Err(error) => (Transport::Udp, Err(error)),
            },
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

    /// Sends a query over UDP; `None` if only TCP can tell whether a response is genuine.
    async fn datagram(&self, request: &DnsRequest) -> Result<Option<Vec<u8>>, NetError> {
        let mut question = request.to_vec()?;
        let Some(Kept { cookies, .. }) = &self.kept else {
            return self.answer_to(&question, None).await;
        };
        if !cookies.add(&mut question) {
            return self.answer_to(&question, None).await;
        }

        let answer = self.answer_to(&question, Some(cookies)).await;
        match &answer {
            Err(NetError::Timeout) => cookies.note_silence(),
            // It wants its current cookie, which it has sent along.
            Ok(Some(refusal)) if rcode(refusal) == Some(OptRcode::BADCOOKIE) => {
                let mut again = request.to_vec()?;
                cookies.add(&mut again);
                let answer = self.answer_to(&again, Some(cookies)).await?;
                return Ok(answer.filter(|answer| rcode(answer) != Some(OptRcode::BADCOOKIE)));
            }
            Ok(None) => cookies.note_missing(),
            _ => {}
        }
        answer
    }

    async fn answer_to(
        &self,
        question: &[u8],
        cookies: Option<&Cookies>,
    ) -> Result<Option<Vec<u8>>, NetError> {
        let exchange = async {
            match &self.kept {
                Some(Kept { sockets, .. }) => shared_exchange(sockets, question, cookies).await,
                None => single_exchange(self.address, question).await.map(Some),
            }
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or(Err(NetError::Timeout))
    }

    async fn connection(&self, request: DnsRequest) -> Result<Vec<u8>, NetError> {
        let query = request.to_vec()?;
        let exchange = async {
            match &self.stream {
                Stream::Plain(connections) => connections.exchange(&query).await,
                Stream::Https(connection) => connection.exchange(&query).await,
                Stream::Quic(connection) => Box::pin(connection.exchange(&query)).await,
            }
        };
        // Many large responses at once would take much memory.
        let exchange = egress_budget::with_response_slot(exchange);
        let answered = tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or(Err(NetError::Timeout));
        if answered.is_err() {
            match &self.stream {
                Stream::Plain(_) => {}
                Stream::Https(connection) => connection.close(),
                Stream::Quic(connection) => connection.close(),
            }
        }
        answered
    }
}

fn rcode(answer: &[u8]) -> Option<OptRcode> {
    Some(Wire::from_slice(answer).ok()?.opt_rcode())
}

/// Sends one datagram from a socket of its own and waits for its response.
///
/// Does not use hickory's UDP stream: it decodes the response and discards all of it for one malformed record, and its
/// sockets are not connected, so that a closed port looks like a timeout and any host could reply.
async fn single_exchange(server: SocketAddr, question: &[u8]) -> Result<Vec<u8>, NetError> {
    let socket = sockets::connect(server)?;
    egress_budget::charge_bytes(egress_budget::DATAGRAM + question.len())?;
    socket.send(question).await?;
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let length = receive(&socket, &mut buffer).await?;
        if is_answer(question, &buffer[..length])? {
            return Ok(buffer[..length].to_vec());
        }
    }
}

/// Sends one datagram from a socket that other queries use too, and waits for its response; `None` if one came without
/// the cookie that this server sends.
async fn shared_exchange(
    sockets: &Arc<Sockets>,
    question: &[u8],
    cookies: Option<&Cookies>,
) -> Result<Option<Vec<u8>>, NetError> {
    egress_budget::charge_bytes(egress_budget::DATAGRAM + question.len())?;
    let mut sent = sockets.send(question.to_vec()).await?;
    loop {
        let mut answer = sent.response().await?;
        match cookies.map_or(Sender::Accepted, |cookies| cookies.check(&mut answer)) {
            Sender::Accepted => return Ok(Some(answer)),
            Sender::Doubtful => return Ok(None),
            Sender::Foreign => sent.wait_again(question),
        }
    }
}

/// Whether a datagram answers the query. One with another ID or question is stray or spoofed and is ignored; one with
/// the right ID that is not a valid response is an error.
pub(super) fn is_answer(question: &[u8], answer: &[u8]) -> Result<bool, NetError> {
    if answer.get(..2) != question.get(..2) {
        return Ok(false);
    }
    let malformed = || NetError::Msg("malformed response".into());
    let query = Wire::from_slice(question).map_err(|_| malformed())?;
    let response = Wire::from_slice(answer).map_err(|_| malformed())?;
    if !response.header().qr() || response.sections().is_err() {
        return Err(malformed());
    }
    Ok(match (query.sole_question(), response.sole_question()) {
        (Ok(query), Ok(response)) => query == response,
        // Some servers omit the question in an error response.
        _ => response.header_counts().qdcount() == 0 && response.header_counts().ancount() == 0,
    })
}

/// Linux reports an ICMP error as an error event only, which does not wake up Tokio's read.
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
