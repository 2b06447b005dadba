//! Commands that tell whether a host is there, and on which way.

commands! {
    ping::Ping,
    trace::Trace,
    ports::Ports,
    port::Port,
}
