//! Builds DNS messages byte by byte for tests, including malformed ones that no library would write.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use netvane_facts::target::Transport;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UdpSocket},
};

use super::{no_tls, upstream::Upstream};

pub(crate) const QR: u16 = 0x8000;
pub(super) const TC: u16 = 0x0200;
pub(super) const FORMERR: u16 = 1;
pub(super) const SERVFAIL: u16 = 2;
pub(super) const REFUSED: u16 = 5;

/// The name in the question, as a compression pointer (RFC 1035 §4.1.4).
pub(crate) const QUESTION_NAME: &[u8] = &[0xc0, 12];

/// Encodes a name in wire format.
pub(crate) fn name(text: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        wire.push(u8::try_from(label.len()).expect("a short label"));
        wire.extend(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// Encodes a record of class IN.
pub(crate) fn record(owner: &[u8], rtype: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short data");
    let mut wire = owner.to_vec();
    wire.extend(rtype.to_be_bytes());
    wire.extend(1_u16.to_be_bytes());
    wire.extend(ttl.to_be_bytes());
    wire.extend(length.to_be_bytes());
    wire.extend(data);
    wire
}

/// Encodes an OPT record; `ttl` holds version and flags (RFC 6891 §6.1.3).
pub(super) fn opt(size: u16, ttl: u32, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (code, option) in options {
        data.extend(code.to_be_bytes());
        data.extend(u16::try_from(option.len()).expect("short").to_be_bytes());
        data.extend(*option);
    }

    let mut wire = record(&[0], 41, ttl, &data);
    wire[3..5].copy_from_slice(&size.to_be_bytes());
    wire
}

/// Encodes a message with ID 7.
pub(super) fn message(
    flags: u16,
    question: Option<(&str, u16)>,
    [answers, authority, additional]: [&[Vec<u8>]; 3],
) -> Vec<u8> {
    let count = |number: usize| u16::try_from(number).expect("few").to_be_bytes();
    let mut wire = vec![0, 7];
    wire.extend(flags.to_be_bytes());
    wire.extend(count(usize::from(question.is_some())));

    for section in [answers, authority, additional] {
        wire.extend(count(section.len()));
    }

    if let Some((owner, rtype)) = question {
        wire.extend(name(owner));
        wire.extend(rtype.to_be_bytes());
        wire.extend([0, 1]);
    }

    for record in [answers, authority, additional].into_iter().flatten() {
        wire.extend(record);
    }

    wire
}

/// Maps a query to the bytes to send back; `None` sends nothing.
type Script = fn(&[u8]) -> Option<Vec<u8>>;

/// Builds a response to `query` with these flags and QR, and one A record if `address` is given.
pub(super) fn answer(query: &[u8], flags: u16, address: Option<[u8; 4]>) -> Vec<u8> {
    let end = 12
        + query[12..]
            .iter()
            .position(|octet| *octet == 0)
            .expect("a name")
        + 5;
    let mut wire = query[..end].to_vec();
    wire[2..4].copy_from_slice(&(QR | flags).to_be_bytes());
    wire[6..12].copy_from_slice(&[0, u8::from(address.is_some()), 0, 0, 0, 0]);
    if let Some(address) = address {
        wire.extend(record(QUESTION_NAME, 1, 60, &address));
    }
    wire
}

/// A server on loopback that runs one script over UDP and another over TCP on the same port.
pub(super) struct Scripted {
    pub(super) address: SocketAddr,
    queries: Arc<AtomicUsize>,
}

impl Scripted {
    pub(super) async fn start(udp: Script, tcp: Option<Script>) -> Self {
        let queries = Arc::<AtomicUsize>::default();
        let (socket, listener) = sockets().await;
        let address = socket.local_addr().expect("an address");
        let counter = queries.clone();

        tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((length, peer)) = socket.recv_from(&mut query).await {
                counter.fetch_add(1, Ordering::Relaxed);
                if let Some(response) = udp(&query[..length]) {
                    let _ = socket.send_to(&response, peer).await;
                }
            }
        });

        if let Some(tcp) = tcp {
            tokio::spawn(play(listener, tcp));
        }

        Self { address, queries }
    }

    /// Number of datagrams received so far.
    pub(super) fn query_count(&self) -> usize {
        self.queries.load(Ordering::Relaxed)
    }

    pub(super) fn upstream(&self) -> Upstream {
        upstream(self.address)
    }
}

/// Returns an upstream with plain DNS to an address.
pub(super) fn upstream(address: SocketAddr) -> Upstream {
    Upstream::new(
        address.to_string(),
        Transport::Udp,
        address,
        "",
        None,
        no_tls(),
        Duration::from_secs(5),
    )
}

/// Returns a client that sends each query once to each server until one answers.
pub(crate) fn client_of(servers: &[SocketAddr]) -> super::Client {
    super::Client::new(servers.iter().copied().map(upstream).collect(), 1)
}

/// Binds a port that is free for both protocols.
async fn sockets() -> (UdpSocket, TcpListener) {
    for _ in 0..16 {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("binds");
        let address = socket.local_addr().expect("an address");
        if let Ok(listener) = TcpListener::bind(address).await {
            return (socket, listener);
        }
    }
    panic!("no port is free for both protocols")
}

/// Answers one query per connection, with a length prefix (RFC 1035 §4.2.2).
async fn play(listener: TcpListener, script: Script) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut query = [0; 512];
        let Ok(length) = stream.read_u16().await else {
            continue;
        };
        let query = &mut query[..usize::from(length)];
        if stream.read_exact(query).await.is_err() {
            continue;
        }
        let response = script(query).unwrap_or_default();
        let _ = stream.write_u16(response.len() as u16).await;
        let _ = stream.write_all(&response).await;
    }
}
