//! Commands that test reachability: ping, traceroute, port checks, TLS.

commands! {
    ping::Ping,
    trace::Trace,
    ports::Ports,
    port::Port,
    tls::Tls,
}
