//! What every server in here begins with.

use std::net::SocketAddr;

use tokio::{net::TcpListener, runtime::Runtime};

/// A runtime with so many threads of its own, beside that of the test.
pub fn runtime(threads: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A port of 127.0.0.1 that nobody else has.
pub(crate) fn listen(runtime: &Runtime) -> (TcpListener, SocketAddr) {
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}
