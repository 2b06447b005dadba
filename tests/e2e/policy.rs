//! Policy: rules, rate limits, the audit log, and settings that are reloaded while the service
//! runs.

mod amplification;
mod rules;

use netvane_tests::{Dns, Service};

/// Starts a service behind a trusted proxy on this machine, with an almost empty DNS zone.
fn public(settings: &[(&str, &str)]) -> (Service, Dns) {
    let dns = Dns::start();
    let server = dns.address.to_string();
    let mut all = vec![
        ("NETVANE__DNS__SERVERS", server.as_str()),
        ("NETVANE__HTTP__TRUSTED_PROXIES", "127.0.0.1"),
        ("NETVANE__POLICY__ALLOW", "127.0.0.0/8"),
    ];
    all.extend(settings);
    (Service::start(&all), dns)
}
