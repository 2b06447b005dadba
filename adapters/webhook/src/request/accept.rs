//! Accepts connections and closes those that send nothing in time: hyper's header timeout starts
//! only once it knows the version of HTTP. Also records both the peer and the connection that a
//! proxy relays.

use std::{future::Future, io, pin::Pin, time::Duration};

use axum::{Extension, middleware::AddExtension};
use axum_server::accept::Accept;
use netvane_core::request::http_request::Connection;
use tokio::net::TcpStream;
use tower_layer::Layer;

use super::proxy_protocol;

/// The connection preface of HTTP/2 (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Time between two looks at a connection that has sent part of a preface.
const LOOK: Duration = Duration::from_millis(20);

/// Accepts connections; closes those that send no request within `patience`.
#[derive(Clone)]
pub(crate) struct Prompt {
    pub(crate) patience: Duration,
    /// Whether each connection begins with a PROXY protocol header.
    pub(crate) proxied: bool,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Prompt {
    type Stream = TcpStream;
    type Service = AddExtension<S, Connection>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(TcpStream, Self::Service)>> + Send>>;

    fn accept(&self, mut stream: TcpStream, service: S) -> Self::Future {
        let Self { patience, proxied } = *self;
        Box::pin(async move {
            let begun = async {
                let relayed = if proxied {
                    Some(proxy_protocol::read(&mut stream).await?)
                } else {
                    None
                };
                begun(&stream).await?;
                io::Result::Ok(relayed)
            };
            let relayed = tokio::time::timeout(patience, begun)
                .await
                .unwrap_or(Err(io::ErrorKind::TimedOut.into()))?;
            let connection = Connection {
                peer: stream.peer_addr()?,
                local: stream.local_addr()?,
                relayed,
            };
            Ok((stream, Extension(connection).layer(service)))
        })
    }
}

/// Waits until the bytes received show the version of HTTP.
async fn begun(stream: &TcpStream) -> io::Result<()> {
    let mut head = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut head).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length if length == PREFACE.len() || !PREFACE.starts_with(&head[..length]) => {
                return Ok(());
            }
            _ => tokio::time::sleep(LOOK).await,
        }
    }
}
