//! Commands that test reachability: ping, traceroute, mtr, port checks.

commands! {
    ping::Ping,
    trace::Trace,
    mtr::Mtr,
    ports::Ports,
    port::Port,
}
