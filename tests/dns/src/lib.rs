//! A real DNS server on loopback, in the test's own process. It records queries and can delay
//! replies.

mod handler;
pub mod oversized;

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use hickory_server::{Server, proto::rr::Name, zone_handler::Catalog};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::watch,
};

use handler::{Handler, catalog};

/// Time that an idle TCP connection is kept open.
const IDLE: Duration = Duration::from_secs(5);

/// Whether to delay the reply to a query such as `example.test. MX`.
pub type Held = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// Receives queries over UDP and never answers. Its port is closed when it is dropped.
pub struct SilentServer {
    /// Loopback address of the server, for UDP and TCP.
    pub address: SocketAddr,
    _socket: UdpSocket,
}

impl SilentServer {
    /// Listens on a free port.
    ///
    /// # Panics
    /// If no port is free.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        Self {
            address: socket.local_addr().expect("an address"),
            _socket: socket,
        }
    }
}

/// A server for one zone, over UDP and TCP on one port. It ends when it is dropped.
pub struct DnsServer {
    /// Address of the server, the same for UDP and TCP.
    pub address: SocketAddr,
    origin: Name,
    catalog: Arc<RwLock<Arc<Catalog>>>,
    asked: watch::Sender<Vec<String>>,
    held: watch::Sender<Held>,
    server: Server<Handler>,
}

impl DnsServer {
    /// Serves `zone`, a zone file without `$ORIGIN`, under the name `origin`.
    ///
    /// # Panics
    /// If the zone is invalid or no port is free.
    pub async fn start(origin: &str, zone: &str) -> Self {
        let origin: Name = origin.parse().expect("a name");
        let catalog = Arc::new(RwLock::new(Arc::new(catalog(&origin, zone))));
        let asked = watch::Sender::new(Vec::new());
        let held: watch::Sender<Held> = watch::Sender::new(Box::new(|_| false));
        let mut server = Server::new(Handler {
            catalog: catalog.clone(),
            asked: asked.clone(),
            held: held.clone(),
        });

        let (udp, tcp) = sockets().await;
        let address = udp.local_addr().expect("an address");
        server.register_socket(udp);
        server.register_listener(tcp, IDLE, 16);

        Self {
            address,
            origin,
            catalog,
            asked,
            held,
            server,
        }
    }

    /// Also answers over QUIC; returns its address, and the CA certificate in PEM that
    /// `dns.example.test` is signed with.
    pub fn over_quic(&mut self) -> (SocketAddr, String) {
        let own = rcgen::generate_simple_self_signed(["dns.example.test".to_owned()])
            .expect("a certificate");
        let key = rustls_pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der())
            .expect("a key");
        let provider = rustls::crypto::ring::default_provider();
        let certified =
            CertifiedKey::from_der(vec![own.cert.der().clone()], key, &provider).expect("they fit");

        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("binds");
        socket.set_nonblocking(true).expect("a socket for Tokio");
        let socket = UdpSocket::from_std(socket).expect("a socket for Tokio");
        let address = socket.local_addr().expect("an address");
        self.server
            .register_quic_listener(socket, IDLE, Arc::new(SingleCertAndKey::from(certified)))
            .expect("listens");
        (address, own.cert.pem())
    }

    /// Replaces the zone from now on.
    pub fn change(&self, zone: &str) {
        let catalog = Arc::new(catalog(&self.origin, zone));
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = catalog;
    }

    /// Holds back the answers to these queries from now on, and to no others.
    pub fn hold(&self, held: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.held.send_modify(|current| *current = Box::new(held));
    }

    /// Answers everything from now on, including held queries.
    pub fn release(&self) {
        self.hold(|_| false);
    }

    /// Returns `name. TYPE` of each query so far, in order of arrival.
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// Waits until the queries so far satisfy a condition. Has no timeout; the caller should set
    /// one.
    pub async fn arrived(&self, questions: impl FnMut(&Vec<String>) -> bool) {
        // This struct holds the sender, so waiting cannot fail.
        let _ = self.asked.subscribe().wait_for(questions).await;
    }
}

/// Binds a UDP and a TCP socket to the same port of 127.0.0.1.
///
/// # Panics
/// If no port is free for both.
pub async fn sockets() -> (UdpSocket, TcpListener) {
    for _ in 0..50 {
        let tcp = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = tcp.local_addr().expect("an address");
        if let Ok(udp) = UdpSocket::bind(address).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both UDP and TCP")
}
