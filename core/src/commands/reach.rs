//! Commands that test reachability: ping, traceroute, port checks.

commands! {
    ping::Ping,
    trace::Trace,
    ports::Ports,
    port::Port,
}
