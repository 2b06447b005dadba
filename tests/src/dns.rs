//! The test DNS server for tests that are not async: it has its own runtime.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use netvane_test_dns::DnsServer;
use tokio::runtime::Runtime;

use crate::{PATIENCE, loopback};

/// Default zone `example.test.`, unless a test needs other records.
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

/// A DNS server on loopback, which runs until dropped.
pub struct Dns {
    /// Address of the server, for UDP and TCP.
    pub address: SocketAddr,
    server: DnsServer,
    /// Queries whose answers are held back; `*` means all.
    held: Mutex<HashSet<String>>,
    runtime: Runtime,
}

impl Dns {
    /// Starts a server for [`ZONE`].
    pub fn start() -> Self {
        Self::serving("example.test.", ZONE)
    }

    /// Starts a server for one zone.
    pub fn serving(origin: &str, zone: &str) -> Self {
        let runtime = loopback::runtime(1);
        let server = runtime.block_on(DnsServer::start(origin, zone));
        Self {
            address: server.address,
            server,
            held: Mutex::default(),
            runtime,
        }
    }

    /// Replaces the zone from now on.
    pub fn change(&self, zone: &str) {
        self.server.change(zone);
    }

    /// Holds back the answers to this query, such as `example.test. MX`, or with `*` to all, until
    /// it is released.
    pub fn hold(&self, question: &str) {
        self.change_held(|held| held.insert(question.to_owned()));
    }

    /// Holds back the answers to all queries for which this holds, such as `example.test. MX`.
    pub fn hold_where(&self, held: impl Fn(&str) -> bool + Send + Sync + 'static) {
        self.server.hold(held);
    }

    /// Releases the answers to a held query.
    pub fn release(&self, question: &str) {
        self.change_held(|held| held.remove(question));
    }

    fn change_held(&self, change: impl FnOnce(&mut HashSet<String>) -> bool) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut held);
        let held = held.clone();
        self.server
            .hold(move |question| held.contains(question) || held.contains("*"));
    }

    /// Waits until a query has arrived.
    pub fn wait_for(&self, question: &str) {
        let arrived = self
            .server
            .arrived(|asked| asked.iter().any(|asked| asked == question));
        let in_time = self
            .runtime
            .block_on(async { tokio::time::timeout(PATIENCE, arrived).await });
        assert!(
            in_time.is_ok(),
            "nobody asked for {question}, only for {:?}",
            self.asked()
        );
    }

    /// Returns all queries so far, in order of arrival.
    pub fn asked(&self) -> Vec<String> {
        self.server.asked()
    }
}
