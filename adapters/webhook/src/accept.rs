//! Connections that say something: hyper's timer for a request's head starts only once it knows the version of HTTP.

use std::{future::Future, io, pin::Pin, time::Duration};

use axum_server::accept::Accept;
use tokio::net::TcpStream;

/// How a connection with HTTP/2 begins (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Between two looks at a connection that has begun a preface and not gone on.
const LOOK: Duration = Duration::from_millis(20);

/// Gives up on connections that do not get to the point.
#[derive(Clone)]
pub(crate) struct Prompt {
    pub(crate) patience: Duration,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Prompt {
    type Stream = TcpStream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(TcpStream, S)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let patience = self.patience;
        Box::pin(async move {
            tokio::time::timeout(patience, begun(&stream))
                .await
                .unwrap_or(Err(io::ErrorKind::TimedOut.into()))?;
            Ok((stream, service))
        })
    }
}

/// Waits until the version of HTTP can be told.
async fn begun(stream: &TcpStream) -> io::Result<()> {
    let mut head = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut head).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length if length == PREFACE.len() || !PREFACE.starts_with(&head[..length]) => return Ok(()),
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}
