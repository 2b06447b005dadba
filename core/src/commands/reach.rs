//! Commands that test reachability: ping, traceroute, port checks, HTTP, TLS.

commands! {
    ping::Ping,
    trace::Trace,
    ports::Ports,
    port::Port,
    http::Http,
    tls::Tls,
}
