//! The first bytes of a connection: the PROXY header, if there is one, and enough to know the
//! version of HTTP. hyper's timeout of a request's head starts only then.

use std::io;

use bytes::{Bytes, BytesMut};
use netvane_core::request::http_request::Relayed;
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::proxy_protocol;

/// The connection preface of HTTP/2 (RFC 9113 §3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The first bytes of a connection, as far as they were read.
pub(crate) struct Opening {
    /// Contents of the PROXY header.
    pub(crate) relayed: Option<Relayed>,
    /// Bytes after it, which belong to HTTP.
    pub(crate) ahead: Bytes,
}

/// Reads the PROXY header if the connection is to begin with one, and waits until the bytes after
/// it show the version of HTTP. The caller limits the time.
pub(crate) async fn read_opening(stream: &mut TcpStream, proxied: bool) -> io::Result<Opening> {
    let mut seen = BytesMut::with_capacity(512);
    let relayed = if proxied {
        Some(proxy_protocol::read(stream, &mut seen).await?)
    } else {
        None
    };

    while seen.len() < PREFACE.len() && PREFACE.starts_with(&seen) {
        more(stream, &mut seen).await?;
    }

    Ok(Opening {
        relayed,
        ahead: seen.freeze(),
    })
}

/// Waits for more bytes; fails at the end of the stream.
pub(super) async fn more(stream: &mut TcpStream, seen: &mut BytesMut) -> io::Result<()> {
    seen.reserve(512);
    match stream.read_buf(seen).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
