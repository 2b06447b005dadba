//! Setup that all test servers share.

use std::net::SocketAddr;

use tokio::{net::TcpListener, runtime::Runtime};

/// Creates a runtime with this many threads, separate from that of the test.
pub fn runtime(threads: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Listens on a free port of 127.0.0.1.
pub(crate) fn listen(runtime: &Runtime) -> (TcpListener, SocketAddr) {
    let listener = runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .expect("loopback has a free port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}
