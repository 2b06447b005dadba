//! The addresses of the network that `attack/run` makes: all are this machine's.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use netvane_tests::{
    Service,
    http::{Client, Response},
};
use serde_json::json;

/// Where the service listens: not on loopback, so that nobody is taken for the operator.
const LISTEN: &str = "203.0.113.1:0";
/// Network of the servers that the service is asked to contact.
pub(crate) const SERVERS: &str = "198.51.100.0/24";

/// Starts a service with default settings but for its resolver, its address and these, which may
/// contact [`SERVERS`].
pub(crate) fn serve(dns: SocketAddr, more: &[(&str, &str)]) -> Service {
    let dns = dns.to_string();
    let mut settings = vec![
        ("NETVANE__HTTP__LISTEN", LISTEN),
        ("NETVANE__DNS__SERVERS", dns.as_str()),
        ("NETVANE__POLICY__ALLOW", SERVERS),
    ];
    settings.extend(more);
    Service::start(&settings)
}

/// Returns the address of a client, 250 of them in each /24 of the network for benchmarks
/// (RFC 2544).
pub(crate) fn client(number: usize) -> IpAddr {
    let octet = |number: usize| u8::try_from(number).expect("fewer clients");
    Ipv4Addr::new(198, 18, octet(number / 250), octet(number % 250 + 1)).into()
}

/// Returns the address of a client that is alone in its /24.
pub(crate) fn distant_client(number: usize) -> IpAddr {
    Ipv4Addr::from(0xc612_0001 + (u32::try_from(number).expect("few") << 8)).into()
}

/// Runs a command line as the client at this address.
pub(crate) fn ask(service: &Service, from: IpAddr, line: &str) -> Response {
    post(service, from, &json!({ "command": line }).to_string())
}

/// Sends a body to `POST /v1/commands` as the client at this address.
pub(crate) fn post(service: &Service, from: IpAddr, body: &str) -> Response {
    let headers = [("Content-Type", "application/json")];
    Client::connect_from(from, service.address).ask("POST /v1/commands", &headers, body.as_bytes())
}

/// Returns the value of a metric, whose name includes its labels; 0 if it does not exist.
pub(crate) fn metric(service: &Service, name: &str) -> f64 {
    let metrics = service.get("/metrics");
    let line = metrics
        .text()
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or(0.0)
}
