//! A real DNS server in the test's own process, which writes down what it is asked and can be made to wait.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, PoisonError, RwLock},
    time::Duration,
};

use hickory_server::{
    Server,
    net::runtime::{Time, TokioRuntimeProvider},
    proto::{rr::Name, serialize::txt::Parser},
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    store::in_memory::InMemoryZoneHandler,
    zone_handler::{AxfrPolicy, Catalog, ZoneType},
};
use tokio::{
    net::{TcpListener, UdpSocket},
    runtime::Runtime,
    sync::watch,
};

use crate::PATIENCE;

/// `example.test.`, unless a test needs other records.
pub const ZONE: &str = r#"
$TTL 300
@ IN SOA ns1.example.test. hostmaster.example.test. 7 7200 3600 1209600 60
@ IN NS ns1.example.test.
@ IN A 192.0.2.80
@ IN AAAA 2001:db8::80
@ IN MX 10 mail1.example.test.
@ IN MX 20 mail2.example.test.
@ IN TXT "v=spf1 mx -all"
@ IN CAA 0 issue "ca.example"
ns1 IN A 192.0.2.53
mail1 IN A 192.0.2.81
mail1 IN AAAA 2001:db8::81
mail2 IN A 192.0.2.82
www IN CNAME web.example.test.
web IN A 192.0.2.80
zero 0 IN A 192.0.2.4
short 3 IN A 192.0.2.3
_imaps._tcp IN SRV 0 5 993 mail1.example.test.
xn--bcher-kva IN A 192.0.2.7
"#;

/// Answers on loopback until dropped.
pub struct Dns {
    /// UDP and TCP.
    pub address: SocketAddr,
    origin: Name,
    catalog: Arc<RwLock<Arc<Catalog>>>,
    asked: Arc<Asked>,
    held: watch::Sender<HashSet<String>>,
    _runtime: Runtime,
}

#[derive(Default)]
struct Asked {
    /// `name. TYPE`, in order of arrival.
    questions: Mutex<Vec<String>>,
    more: Condvar,
}

struct Handler {
    catalog: Arc<RwLock<Arc<Catalog>>>,
    asked: Arc<Asked>,
    held: watch::Sender<HashSet<String>>,
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        response: R,
    ) -> ResponseInfo {
        if let Ok(info) = request.request_info() {
            let question = format!("{} {}", info.query.name(), info.query.query_type());
            self.asked
                .questions
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(question.clone());
            self.asked.more.notify_all();
            let is_held = |held: &HashSet<String>| held.contains(&question) || held.contains("*");
            let _ = self.held.subscribe().wait_for(|held| !is_held(held)).await;
        }
        let catalog = self
            .catalog
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        catalog.handle_request::<R, T>(request, response).await
    }
}

impl Dns {
    /// Serves [`ZONE`].
    pub fn start() -> Self {
        Self::serving("example.test.", ZONE)
    }

    /// Serves one zone.
    pub fn serving(origin: &str, zone: &str) -> Self {
        let origin: Name = origin.parse().expect("a name");
        let catalog = Arc::new(RwLock::new(Arc::new(catalog(&origin, zone))));
        let (asked, held) = (Arc::<Asked>::default(), watch::Sender::default());
        let handler = Handler {
            catalog: catalog.clone(),
            asked: asked.clone(),
            held: held.clone(),
        };

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");

        let address = runtime.block_on(async {
            let (udp, tcp) = sockets().await;
            let address = udp.local_addr().expect("an address");
            let mut server = Server::new(handler);
            server.register_socket(udp);
            server.register_listener(tcp, Duration::from_secs(5), 16);
            tokio::spawn(async move { server.block_until_done().await });
            address
        });

        Self {
            address,
            origin,
            catalog,
            asked,
            held,
            _runtime: runtime,
        }
    }

    /// From now on this is the zone.
    pub fn change(&self, zone: &str) {
        let catalog = Arc::new(catalog(&self.origin, zone));
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = catalog;
    }

    /// Keeps answers to this question, such as `example.test. MX`, or with `*` to all, until it is released.
    pub fn hold(&self, question: &str) {
        self.held.send_modify(|held| {
            held.insert(question.to_owned());
        });
    }

    /// Lets the answers to a held question go.
    pub fn release(&self, question: &str) {
        self.held.send_modify(|held| {
            held.remove(question);
        });
    }

    /// Waits until a question has arrived.
    pub fn wait_for(&self, question: &str) {
        let questions = self
            .asked
            .questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let absent = |questions: &mut Vec<String>| !questions.iter().any(|asked| asked == question);
        let (questions, waited) = self
            .asked
            .more
            .wait_timeout_while(questions, PATIENCE, absent)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !waited.timed_out(),
            "nobody asked for {question}, only for {questions:?}"
        );
    }

    /// Everything asked so far, in order of arrival.
    pub fn asked(&self) -> Vec<String> {
        self.asked
            .questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn catalog(origin: &Name, zone: &str) -> Catalog {
    let (_, records) = Parser::new(zone, None, Some(origin.clone()))
        .parse()
        .expect("a zone");
    let zone = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
        origin.clone(),
        records,
        ZoneType::Primary,
        AxfrPolicy::Deny,
        None,
    );
    let mut catalog = Catalog::new();
    catalog.upsert(origin.clone().into(), vec![Arc::new(zone.expect("a zone"))]);
    catalog
}

/// Both on one port.
pub(crate) async fn sockets() -> (UdpSocket, TcpListener) {
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
