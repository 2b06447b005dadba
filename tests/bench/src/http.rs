//! A small HTTP/1.1 client on one persistent connection: the same for Netvane and its peer, and
//! lightweight, because it shares the machine with what it measures.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A client on one persistent connection.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Returns the bytes of the request for one command line.
pub(crate) fn question(line: &str) -> Vec<u8> {
    let body = format!(r#"{{"command":"{line}"}}"#);
    let length = body.len();
    format!(
        "POST /v1/commands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Client {
    /// Connects to the server.
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(64 * 1024),
        })
    }

    /// Sends a request and returns the body of the response. Fails unless the status is a success.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let body = loop {
            let received = self.stream.read_buf(&mut self.buffer).await?;
            ensure!(received > 0, "connection closed by the server");
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
        };

        let head = std::str::from_utf8(&self.buffer[..body])?;
        let end = body + length(head)?;
        let succeeded = head.starts_with("HTTP/1.1 200 ");

        while self.buffer.len() < end {
            ensure!(
                self.stream.read_buf(&mut self.buffer).await? > 0,
                "connection closed by the server"
            );
        }

        ensure!(
            succeeded,
            "unexpected status: {}",
            String::from_utf8_lossy(&self.buffer)
        );

        Ok(&self.buffer[body..end])
    }
}

fn length(head: &str) -> anyhow::Result<usize> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .context("no Content-Length in the response")
}
