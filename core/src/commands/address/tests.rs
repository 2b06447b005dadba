//! Whois referrals and RDAP over real sockets: scripted servers on several loopback addresses with one port.

#![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

mod port_43;
mod rdap;

use crate::{Engine, settings::Settings, testing::dns::TestDns};

async fn engine(dns: &TestDns, port: u16, change: impl FnOnce(&mut Settings)) -> Engine {
    let mut settings = dns.settings();
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    settings.rdap.enabled = false;
    settings.whois.root = "root.example.test".into();
    settings.whois.port = port;
    settings.whois.timeout_ms = 400;
    change(&mut settings);
    Engine::new(&settings).expect("an engine")
}

/// The queried servers with their results.
fn steps(data: &serde_json::Value) -> Vec<(&str, &str)> {
    data["chain"]
        .as_array()
        .expect("a chain")
        .iter()
        .map(|step| {
            (
                step["server"].as_str().expect("text"),
                step["outcome"].as_str().expect("text"),
            )
        })
        .collect()
}
