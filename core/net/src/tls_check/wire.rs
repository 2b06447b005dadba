//! A connection during a check: bounded in time and in what is read.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout_at},
};

use crate::egress_budget;

/// Most bytes read from one connection before TLS is established. A certificate message may have
/// 16 MiB; clients accept at most 100 KiB.
const MAX: usize = 512 << 10;

/// A TCP connection with a deadline and a limit of bytes.
pub(crate) struct Wire {
    stream: TcpStream,
    /// Bytes that were read ahead.
    ahead: Vec<u8>,
    read: usize,
    deadline: Instant,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, deadline: Instant) -> Self {
        Self {
            stream,
            ahead: Vec::new(),
            read: 0,
            deadline,
        }
    }

    /// Reads what has arrived; empty at the end of the stream.
    pub(crate) async fn receive(&mut self) -> io::Result<Vec<u8>> {
        if !self.ahead.is_empty() {
            return Ok(std::mem::take(&mut self.ahead));
        }
        if self.read >= MAX {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!(
                    "the server sent more than {} KiB in its handshake",
                    MAX >> 10
                ),
            ));
        }
        let mut buffer = vec![0; 16 << 10];
        let read = timeout_at(self.deadline, self.stream.read(&mut buffer)).await??;
        self.read += read;
        buffer.truncate(read);
        Ok(buffer)
    }

    /// Keeps bytes for the next [`Self::receive`].
    pub(crate) fn put_back(&mut self, bytes: Vec<u8>) {
        self.ahead = bytes;
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        egress_budget::charge_bytes(egress_budget::DATAGRAM + bytes.len())?;
        timeout_at(self.deadline, self.stream.write_all(bytes)).await?
    }

    pub(crate) fn local_address(&self) -> io::Result<std::net::SocketAddr> {
        self.stream.local_addr()
    }
}
