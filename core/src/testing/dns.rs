//! A real DNS server in the test's own process, which counts what it is asked.

#![expect(
    clippy::disallowed_methods,
    reason = "a server for tests needs sockets"
)]

use std::{
    collections::BTreeMap,
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hickory_resolver::{
    net::runtime::{Time, TokioRuntimeProvider},
    proto::{rr::Name, serialize::txt::Parser},
};
use hickory_server::{
    Server,
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    store::in_memory::InMemoryZoneHandler,
    zone_handler::{AxfrPolicy, Catalog, ZoneType},
};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::watch,
};

use crate::{
    Engine, Platform,
    request::{Input, Request as Question},
    settings::Settings,
};
use netvane_document::{Failure, Reply};

/// `example.test.` unless a test needs other records.
pub(crate) const ZONE: &str = "
$TTL 300
@ IN SOA ns1.example.test. hostmaster.example.test. 1 7200 3600 1209600 60
@ IN NS ns1.example.test.
@ IN A 192.0.2.80
@ IN MX 20 mail2.example.test.
@ IN MX 10 mail1.example.test.
@ IN TXT \"v=spf1 mx -all\"
ns1 IN A 192.0.2.53
mail1 IN A 192.0.2.81
mail1 IN AAAA 2001:db8::81
mail2 IN A 192.0.2.82
www IN CNAME web.example.test.
web IN A 192.0.2.80
short 3 IN A 192.0.2.3
zero 0 IN A 192.0.2.4
dangling IN CNAME gone.example.test.
outside IN CNAME www.elsewhere.test.
loop1 IN CNAME loop2.example.test.
loop2 IN CNAME loop1.example.test.
null IN MX 0 .
implicit IN A 192.0.2.90
broken IN MX 10 gone.example.test.
broken IN MX 20 www.example.test.
broken IN MX 30 192.0.2.1.
root IN A 127.0.0.1
registry IN A 127.0.0.2
registrar IN A 127.0.0.3
";

pub(crate) struct TestDns {
    pub(crate) address: SocketAddr,
    asked: watch::Sender<usize>,
    asked_names: Arc<Mutex<Vec<String>>>,
    released: watch::Sender<bool>,
    server: Server<Counting>,
}

/// Whether an answer waits for [`TestDns::release`]: told from the question, such as `example.test. MX`.
type Held = fn(&str) -> bool;

struct Counting {
    catalog: Catalog,
    asked: watch::Sender<usize>,
    asked_names: Arc<Mutex<Vec<String>>>,
    held: Held,
    released: watch::Receiver<bool>,
}

#[async_trait::async_trait]
impl RequestHandler for Counting {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        response: R,
    ) -> ResponseInfo {
        if let Ok(info) = request.request_info() {
            let asked = format!("{} {}", info.query.name(), info.query.query_type());
            let held = (self.held)(&asked);
            self.asked_names
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(asked);
            self.asked.send_modify(|asked| *asked += 1);
            if held {
                // An error says that the test is over.
                let _ = self.released.clone().wait_for(|released| *released).await;
            }
        }
        self.catalog.handle_request::<R, T>(request, response).await
    }
}

impl TestDns {
    pub(crate) async fn start() -> Self {
        Self::holding(|_| false).await
    }

    /// Answers these questions only when it is told to.
    pub(crate) async fn holding(held: Held) -> Self {
        Self::with("", held).await
    }

    /// Serves further records of `example.test.` as well.
    pub(crate) async fn serving(records: &str) -> Self {
        Self::with(records, |_| false).await
    }

    async fn with(records: &str, held: Held) -> Self {
        let origin: Name = "example.test.".parse().expect("a name");
        let zone = format!("{ZONE}{records}");
        let (_, records) = Parser::new(&zone, None, Some(origin.clone()))
            .parse()
            .expect("a zone");
        let records: BTreeMap<_, _> = records.into_iter().collect();
        let zone = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
            origin.clone(),
            records,
            ZoneType::Primary,
            AxfrPolicy::Deny,
            None,
        )
        .expect("a zone");

        let mut catalog = Catalog::new();
        catalog.upsert(origin.into(), vec![Arc::new(zone)]);
        let asked = watch::Sender::new(0);
        let released = watch::Sender::new(false);
        let asked_names: Arc<Mutex<Vec<String>>> = Arc::default();
        let handler = Counting {
            catalog,
            asked: asked.clone(),
            asked_names: asked_names.clone(),
            held,
            released: released.subscribe(),
        };

        let mut server = Server::new(handler);
        let (udp, tcp, address) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.expect("binds");
            let address = udp.local_addr().expect("an address");
            // A port that is free for UDP may be taken for TCP.
            if let Ok(tcp) = TcpListener::bind(address).await {
                break (udp, tcp, address);
            }
        };

        server.register_socket(udp);
        server.register_listener(tcp, Duration::from_secs(5), 16);

        Self {
            address,
            asked,
            asked_names,
            released,
            server,
        }
    }

    /// Answers over QUIC as well: where, and a file with the authority that vouches for `dns.example.test`.
    pub(crate) fn over_quic(&mut self) -> (SocketAddr, tempfile::NamedTempFile) {
        let name = "dns.example.test";
        let own = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let mut authority = tempfile::NamedTempFile::new().expect("a file");
        authority
            .write_all(own.cert.pem().as_bytes())
            .expect("writes");
        let key = rustls_pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der())
            .expect("a key");
        let provider = rustls::crypto::ring::default_provider();
        let certified =
            CertifiedKey::from_der(vec![own.cert.der().clone()], key, &provider).expect("they fit");
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("binds");
        socket.set_nonblocking(true).expect("a socket for Tokio");
        let socket = UdpSocket::from_std(socket).expect("a socket for Tokio");
        let address = socket.local_addr().expect("an address");
        let resolver = Arc::new(SingleCertAndKey::from(certified));
        self.server
            .register_quic_listener(socket, Duration::from_secs(5), resolver)
            .expect("listens");
        (address, authority)
    }

    /// How many questions have arrived.
    pub(crate) fn asked(&self) -> usize {
        *self.asked.borrow()
    }

    /// Waits until so many questions have arrived.
    pub(crate) async fn arrived(&self, questions: usize) {
        let mut asked = self.asked.subscribe();
        asked
            .wait_for(|asked| *asked >= questions)
            .await
            .expect("the sender is here");
    }

    /// From now on everything is answered.
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }

    /// `name. TYPE` of each, sorted.
    pub(crate) fn asked_names(&self) -> Vec<String> {
        let mut names = self
            .asked_names
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        names.sort();
        names
    }

    /// Settings that ask this server and nobody else.
    pub(crate) fn settings(&self) -> Settings {
        let variables = [
            ("NETVANE__DNS__SERVERS", self.address.to_string()),
            // No test waits for it; on a busy machine an answer may take its time.
            ("NETVANE__DNS__TIMEOUT_MS", "5000".into()),
        ];
        Settings::load(None, variables.map(|(key, value)| (key.to_owned(), value)))
            .expect("settings")
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::new(&self.settings()).expect("an engine")
    }
}

/// One line asked, its final answer.
pub(crate) async fn ask(engine: &Engine, line: &str) -> Result<Reply, Failure> {
    engine
        .ask(
            Question::new(Platform::Terminal, Input::Text(line.into())),
            |_| {},
        )
        .await
}

/// The same as the JSON object that a client sees.
pub(crate) async fn ask_json(engine: &Engine, line: &str) -> serde_json::Value {
    let reply = ask(engine, line)
        .await
        .unwrap_or_else(|failure| panic!("{line}: {failure}"));
    serde_json::from_str(&reply.to_json()).expect("JSON")
}
