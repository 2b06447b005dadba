//! UDP sockets of a configured resolver. A socket carries several queries: to open, connect and close one costs more
//! than a query.
//!
//! Who forges a response must guess the port and the ID (RFC 5452 §4), so ports stay many and short-lived: at least
//! [`MIN_SOCKETS`] are in use before one is used again, each for few queries and a short time, and IDs are random.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use hickory_resolver::net::NetError;
use tokio::{
    net::UdpSocket,
    sync::oneshot,
    time::{Instant, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

use super::{MAX_DATAGRAM, is_answer, receive};

/// Queries that wait on one socket at the same time.
const MAX_WAITING: usize = 16;
/// Sockets that are opened before one of them is used again.
const MIN_SOCKETS: usize = 8;
/// Queries after which a socket is replaced.
const MAX_QUERIES: u32 = 200;
/// Age at which a socket is replaced.
const MAX_AGE: Duration = Duration::from_secs(10);

/// The bytes of a response, or why there is none.
type Response = Result<Vec<u8>, NetError>;

/// The sockets that are connected to one resolver.
pub(super) struct Sockets {
    server: SocketAddr,
    open: Mutex<Vec<Arc<SocketState>>>,
}

/// A socket with the queries that wait on it.
struct SocketState {
    socket: Arc<UdpSocket>,
    opened: Instant,
    queries: Arc<Mutex<Queries>>,
    _reader: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct Queries {
    waiting: HashMap<u16, PendingQuery>,
    /// Number of all queries so far.
    total: u32,
}

struct PendingQuery {
    question: Vec<u8>,
    response: oneshot::Sender<Response>,
}

/// A query that was sent. Dropping it forgets it; without a response its socket gets no further query, since a
/// middlebox may have lost the whole flow.
pub(super) struct Sent {
    shared: Arc<SocketState>,
    id: u16,
    response: oneshot::Receiver<Response>,
}

impl Sockets {
    pub(super) fn new(server: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            server,
            open: Mutex::default(),
        })
    }

    /// Sends a query, whose ID is changed if another query waits with it.
    pub(super) async fn send(self: &Arc<Self>, mut question: Vec<u8>) -> Result<Sent, NetError> {
        let shared = self.pick()?;
        let (response, id) = shared.register(&mut question)?;
        let sent = Sent {
            shared,
            id,
            response,
        };
        sent.shared.socket.send(&question).await?;
        Ok(sent)
    }

    /// Returns one of the open sockets at random, or a new one.
    fn pick(self: &Arc<Self>) -> io::Result<Arc<SocketState>> {
        let mut open = lock(&self.open);
        open.retain(|shared| shared.is_young());

        if open.len() >= MIN_SOCKETS {
            let start = rand::random_range(0..open.len());
            let (before, after) = open.split_at(start);
            let free = after
                .iter()
                .chain(before)
                .find(|shared| lock(&shared.queries).waiting.len() < MAX_WAITING);
            if let Some(shared) = free {
                return Ok(shared.clone());
            }
        }

        let shared = Arc::new(SocketState::open(self)?);
        open.push(shared.clone());
        Ok(shared)
    }
}

impl SocketState {
    fn open(sockets: &Arc<Sockets>) -> io::Result<Self> {
        let socket = Arc::new(connect(sockets.server)?);
        let queries = Arc::<Mutex<Queries>>::default();
        let opened = Instant::now();
        let reader = ResponseReader {
            sockets: Arc::downgrade(sockets),
            socket: socket.clone(),
            queries: queries.clone(),
            replaced_at: opened + MAX_AGE,
        };
        Ok(Self {
            socket,
            opened,
            queries,
            _reader: AbortOnDropHandle::new(tokio::spawn(reader.run())),
        })
    }

    fn is_young(&self) -> bool {
        self.opened.elapsed() < MAX_AGE && lock(&self.queries).total < MAX_QUERIES
    }

    fn register(
        &self,
        question: &mut [u8],
    ) -> Result<(oneshot::Receiver<Response>, u16), NetError> {
        let mut queries = lock(&self.queries);
        let Some(&[high, low]) = question.first_chunk() else {
            return Err(NetError::Msg("query without ID".into()));
        };
        let mut id = u16::from_be_bytes([high, low]);
        while queries.waiting.contains_key(&id) {
            id = rand::random();
        }
        question[..2].copy_from_slice(&id.to_be_bytes());

        let (response, receiver) = oneshot::channel();
        let question = question.to_vec();
        queries
            .waiting
            .insert(id, PendingQuery { question, response });
        queries.total += 1;
        Ok((receiver, id))
    }
}

impl Sent {
    /// Waits for the next response to the query.
    pub(super) async fn response(&mut self) -> Response {
        (&mut self.response)
            .await
            .unwrap_or(Err(NetError::NoConnections))
    }

    /// Waits for a response again, because somebody else sent the last one.
    pub(super) fn wait_again(&mut self, question: &[u8]) {
        let (response, receiver) = oneshot::channel();
        self.response = receiver;
        let mut question = question.to_vec();
        question[..2].copy_from_slice(&self.id.to_be_bytes());
        lock(&self.shared.queries)
            .waiting
            .insert(self.id, PendingQuery { question, response });
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        let mut queries = lock(&self.shared.queries);
        if queries.waiting.remove(&self.id).is_some() {
            queries.total = MAX_QUERIES;
        }
    }
}

/// Reads a socket and hands each response to the query that waits for it.
struct ResponseReader {
    sockets: Weak<Sockets>,
    socket: Arc<UdpSocket>,
    queries: Arc<Mutex<Queries>>,
    replaced_at: Instant,
}

impl ResponseReader {
    async fn run(self) {
        let mut buffer = vec![0; MAX_DATAGRAM];
        let _ = timeout_at(self.replaced_at, self.read(&mut buffer)).await;
        self.retire();

        // The queries that still wait hold the socket; the last one ends this task.
        self.read(&mut buffer).await;
    }

    /// Delivers responses until the socket reports an error.
    async fn read(&self, buffer: &mut [u8]) {
        loop {
            match receive(&self.socket, buffer).await {
                Ok(length) => self.deliver(&buffer[..length]),
                Err(error) => return self.fail(&error),
            }
        }
    }

    fn deliver(&self, datagram: &[u8]) {
        let Some(&[high, low]) = datagram.first_chunk() else {
            return;
        };
        let id = u16::from_be_bytes([high, low]);
        let mut queries = lock(&self.queries);
        let response = match queries.waiting.get(&id) {
            Some(waiting) => is_answer(&waiting.question, datagram),
            None => return,
        };
        let response = match response {
            Ok(true) => Ok(datagram.to_vec()),
            // Stray or forged.
            Ok(false) => return,
            Err(error) => Err(error),
        };
        if let Some(waiting) = queries.waiting.remove(&id) {
            let _ = waiting.response.send(response);
        }
    }

    /// Fails all queries: nothing that they sent was received, or nothing can be.
    fn fail(&self, error: &io::Error) {
        for (_, waiting) in lock(&self.queries).waiting.drain() {
            let error = match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => error.kind().into(),
            };
            let _ = waiting.response.send(Err(error.into()));
        }
    }

    /// Takes the socket out of use for new queries; it closes when its last query ends.
    fn retire(&self) {
        if let Some(sockets) = self.sockets.upgrade() {
            lock(&sockets.open).retain(|shared| !Arc::ptr_eq(&shared.socket, &self.socket));
        }
    }
}

/// Opens a socket that receives only what the server sends. The kernel picks a random port.
pub(super) fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if server.is_ipv4() {
        Ipv4Addr::UNSPECIFIED.into()
    } else {
        Ipv6Addr::UNSPECIFIED.into()
    };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.set_nonblocking(true)?;
    socket.connect(server)?;
    UdpSocket::from_std(socket)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
