//! Whole explanations, with a DNS server and mail servers in the test process.

#![expect(clippy::disallowed_methods, reason = "servers for tests need sockets")]

mod broken;
mod servers;
mod working;

use netvane_document::{
    Reply,
    render::{Layout, text},
};

use crate::{Engine, settings::Settings, testing::dns::TestDns};

fn engine(dns: &TestDns, more: &[(&str, String)]) -> Engine {
    let variables = [
        ("NETVANE__DNS__SERVERS", dns.address.to_string()),
        ("NETVANE__DNS__TIMEOUT_MS", "5000".into()),
        ("NETVANE__SMTP__HELO", "probe.example.net".into()),
    ];
    let variables = variables.iter().chain(more);
    let settings = variables.map(|(key, value)| ((*key).to_owned(), value.clone()));
    Engine::new(&Settings::load(None, settings).expect("settings")).expect("an engine")
}

fn told(reply: &Reply) -> String {
    text(
        reply.rendition.document(),
        Layout {
            width: 100,
            color: false,
        },
    )
}
