//! The test DNS server with this crate's zone, and an engine that queries it.

use std::io::Write;

use netvane_document::{Failure, Reply};
use netvane_test_dns::DnsServer;

use crate::{
    Engine, Platform,
    request::{Input, Request},
    settings::Settings,
    testing::read_back,
};

/// Zone of `example.test.`, used unless a test needs other records.
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

pub(crate) struct TestDns(DnsServer);

impl std::ops::Deref for TestDns {
    type Target = DnsServer;

    fn deref(&self) -> &DnsServer {
        &self.0
    }
}

impl TestDns {
    pub(crate) async fn start() -> Self {
        Self::serving("").await
    }

    /// Starts a server that holds back its replies to the matching queries until they are released.
    pub(crate) async fn holding(held: fn(&str) -> bool) -> Self {
        let server = Self::start().await;
        server.hold(held);
        server
    }

    /// Starts a server with additional records of `example.test.`.
    pub(crate) async fn serving(records: &str) -> Self {
        Self(DnsServer::start("example.test.", &format!("{ZONE}{records}")).await)
    }

    /// Starts a server for the zone `test.`, for tests that need several organizations.
    pub(crate) async fn several(records: &str) -> Self {
        let head = "$TTL 300\n@ IN SOA ns.test. hostmaster.test. 1 7200 3600 1209600 60\n@ IN NS ns.test.\n";
        Self(DnsServer::start("test.", &format!("{head}{records}")).await)
    }

    /// Serves DNS over QUIC too; returns the address and a file with the CA certificate that signed
    /// the certificate of `dns.example.test`.
    pub(crate) fn over_quic(&mut self) -> (std::net::SocketAddr, tempfile::NamedTempFile) {
        let (address, pem) = self.0.over_quic();
        let mut authority = tempfile::NamedTempFile::new().expect("a file");
        authority.write_all(pem.as_bytes()).expect("writes");
        (address, authority)
    }

    /// Returns the number of queries received so far.
    pub(crate) fn asked(&self) -> usize {
        self.0.asked().len()
    }

    /// Waits until this many queries have arrived.
    pub(crate) async fn arrived(&self, questions: usize) {
        self.0.arrived(|asked| asked.len() >= questions).await;
    }

    /// Returns `name. TYPE` of each query received, sorted.
    pub(crate) fn asked_names(&self) -> Vec<String> {
        let mut names = self.0.asked();
        names.sort();
        names
    }

    /// Returns settings with this server as the only resolver.
    pub(crate) fn settings(&self) -> Settings {
        let variables = [
            ("NETVANE__DNS__SERVERS", self.address.to_string()),
            // Servers that tests name listen on any port.
            ("NETVANE__POLICY__PORTS__HTTP", "1-65535".into()),
            ("NETVANE__POLICY__PORTS__TLS", "1-65535".into()),
            ("NETVANE__POLICY__PORTS__RESOLVER", "1-65535".into()),
            ("NETVANE__POLICY__PORTS__SERVER", "1-65535".into()),
            // No test waits for this timeout; on a busy machine a reply may be slow.
            ("NETVANE__DNS__TIMEOUT_MS", "5000".into()),
        ];
        let variables = variables.map(|(key, value)| (key.to_owned(), value));
        let mut settings = Settings::load(None, variables).expect("settings");
        // Nothing leaves the machine.
        settings.dns.public_resolvers.clear();
        settings.dns.root_hints = vec![format!("root.test={}", self.address)];
        settings
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::new(&self.settings()).expect("an engine")
    }
}

/// One line asked, its final answer. The data of all its replies can be read back.
pub(crate) async fn ask(engine: &Engine, line: &str) -> Result<Reply, Failure> {
    let request = Request::new(Platform::Terminal, Input::Text(line.into()));
    let reply = engine
        .ask(request, |so_far| check_read_back(engine, &so_far))
        .await?;
    check_read_back(engine, &reply);
    Ok(reply)
}

/// Checks that the data of a reply, complete or partial, can be read back.
fn check_read_back(engine: &Engine, reply: &Reply) {
    let entry = engine.registry().find(reply.command).expect(reply.command);
    read_back::check(&*reply.rendition.finding, &|data| {
        entry.read_reply(data, reply.vantage.as_deref())
    });
}

/// Runs one command line and returns the reply as the JSON object that a client sees.
pub(crate) async fn ask_json(engine: &Engine, line: &str) -> serde_json::Value {
    let reply = ask(engine, line)
        .await
        .unwrap_or_else(|failure| panic!("{line}: {failure}"));
    serde_json::from_str(&reply.to_json()).expect("JSON")
}
