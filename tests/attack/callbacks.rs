//! Callbacks under attack: what one client, one receiver or one large reply may cost others, and
//! the keys that sign.

mod limits;
mod receivers;

use netvane_tests::{
    Dns, Scratch, Service,
    everything::{RETRIES, SECRET},
    until,
};
use serde_json::{Value, json};

/// Starts a service that keeps its state in this directory.
fn service(dns: &Dns, state: &Scratch, more: &[(&str, &str)]) -> Service {
    let dns = dns.address.to_string();
    let state = state.path().display().to_string();
    let mut settings = vec![
        ("NETVANE__DNS__SERVERS", dns.as_str()),
        ("NETVANE__STATE__DIRECTORY", state.as_str()),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
        ("NETVANE__HTTP__CALLBACK_SECRET", SECRET),
        RETRIES,
    ];
    settings.extend(more);
    Service::start(&settings)
}

fn delivery(service: &Service, id: &str) -> Value {
    service.get(&format!("/v1/deliveries/{id}")).json()
}

#[track_caller]
fn ended(service: &Service, id: &str, state: &str) -> Value {
    let mut seen = Value::Null;
    until(&format!("{id} is {state}"), || {
        seen = delivery(service, id);
        seen["state"] == state
    });
    seen
}
