//! Starts `tests/lab/hostile_dns.py` on loopback.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

/// A DNS server that misbehaves as the first label of the query says; stopped when dropped.
pub struct Hostile {
    /// Address of the server, for UDP and TCP.
    pub address: SocketAddr,
    child: Child,
}

impl Hostile {
    /// Starts the server on a free port. It also ends by itself after 300 seconds.
    pub fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/lab/hostile_dns.py");
        let mut child = Command::new("python3")
            .args([script, "--port", "0", "--seconds", "300", "127.0.0.1"])
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .expect("python3 starts");
        let mut ready = String::new();
        let stdout = child.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut ready)
            .expect("hostile_dns.py says when it is ready");
        let port = ready
            .trim()
            .rsplit(' ')
            .next()
            .and_then(|port| port.parse().ok());
        let address = SocketAddr::from(([127, 0, 0, 1], port.expect("ready ADDRESS PORT")));
        Self { address, child }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
