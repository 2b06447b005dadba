//! Commands that test reachability: ping, traceroute, mtr, port checks, HTTP, TLS.

commands! {
    ping::Ping,
    trace::Trace,
    mtr::Mtr,
    ports::Ports,
    port::Port,
    http::Http,
    tls::Tls,
}
