//! One request over an established connection, in HTTP/1.1 or HTTP/2.

use std::time::{Duration, Instant as Clock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Version, header};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Response,
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use url::Url;

use super::{Body, HttpTrouble, body::MAX};
use crate::{connect::connection_reason, egress_budget};

/// Largest header of an answer, in bytes.
const MAX_HEADER: usize = 64 << 10;

/// An answer whose body is not read yet. The connection lives as long as this.
pub(super) struct HttpExchange {
    response: Response<Incoming>,
    /// Time from sending the request to the first byte of the answer.
    pub(super) first_byte: Duration,
    connection: Connection,
}

/// The task that drives a connection; it ends with its owner.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a request and waits for the header of the answer.
pub(super) async fn send<S>(
    stream: S,
    is_http2: bool,
    request: Request<Empty<Bytes>>,
    deadline: Instant,
) -> Result<HttpExchange, HttpTrouble>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let size = egress_budget::REQUEST + request.uri().to_string().len();
    egress_budget::charge_bytes(size)
        .map_err(|error| HttpTrouble::NotConnected(error.to_string()))?;

    let started = Clock::now();
    let exchange = async {
        let io = TokioIo::new(stream);
        if is_http2 {
            let (mut sender, connection) = http2::Builder::new(TokioExecutor::new())
                .max_header_list_size(MAX_HEADER as u32)
                .handshake(io)
                .await?;
            let connection = Connection(tokio::spawn(async {
                let _ = connection.await;
            }));
            let response = sender.send_request(request).await?;
            Ok::<_, hyper::Error>((response, connection))
        } else {
            let (mut sender, connection) = http1::Builder::new()
                .max_buf_size(MAX_HEADER)
                .handshake(io)
                .await?;
            let connection = Connection(tokio::spawn(async {
                let _ = connection.await;
            }));
            let response = sender.send_request(request).await?;
            Ok((response, connection))
        }
    };

    match timeout_at(deadline, exchange).await {
        Ok(Ok((response, connection))) => Ok(HttpExchange {
            response,
            first_byte: started.elapsed(),
            connection,
        }),
        Ok(Err(error)) => Err(HttpTrouble::NotHttp(describe(&error))),
        Err(_) => Err(HttpTrouble::Silent),
    }
}

/// Builds the request for a URL. HTTP/2 takes the authority from the URI, HTTP/1.1 from `Host`.
pub(super) fn request(
    url: &Url,
    head: bool,
    agent: &str,
    is_http2: bool,
) -> Result<Request<Empty<Bytes>>, HttpTrouble> {
    let invalid = |_| HttpTrouble::NotHttp("the URL cannot be requested".into());
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let uri = if is_http2 {
        format!("{}://{authority}{path}", url.scheme())
    } else {
        path
    };

    let mut builder = Request::builder()
        .method(if head { Method::HEAD } else { Method::GET })
        .uri(uri)
        .version(if is_http2 {
            Version::HTTP_2
        } else {
            Version::HTTP_11
        })
        .header(header::USER_AGENT, agent)
        .header(header::ACCEPT, "*/*");
    if !is_http2 {
        builder = builder.header(header::HOST, authority);
    }
    builder.body(Empty::new()).map_err(invalid)
}

impl HttpExchange {
    pub(super) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(super) fn version(&self) -> &'static str {
        match self.response.version() {
            Version::HTTP_2 => "HTTP/2",
            Version::HTTP_10 => "HTTP/1.0",
            _ => "HTTP/1.1",
        }
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The first value of a header, as text.
    pub(super) fn header(&self, name: header::HeaderName) -> Option<String> {
        self.headers().get(name).map(text)
    }

    /// Reads the body up to the limit and the deadline.
    pub(super) async fn read_body(self, deadline: Instant) -> Body {
        let coding = self.header(header::CONTENT_ENCODING);
        let Self {
            response,
            connection,
            ..
        } = self;
        let mut incoming = response.into_body();
        let mut bytes = Vec::new();

        let truncated = loop {
            match timeout_at(deadline, incoming.frame()).await {
                Ok(None) => break false,
                Ok(Some(Err(_))) | Err(_) => break true,
                Ok(Some(Ok(frame))) => {
                    let Some(data) = frame.data_ref() else {
                        continue;
                    };
                    let room = MAX - bytes.len();
                    bytes.extend_from_slice(&data[..data.len().min(room)]);
                    if data.len() > room {
                        break true;
                    }
                }
            }
        };
        drop(connection);

        Body::of(bytes, truncated, coding.as_deref())
    }
}

/// A header value as text: Latin-1 where it is not UTF-8 (RFC 9110 §5.5).
pub(super) fn text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect(),
    }
}

/// Describes an error of hyper.
fn describe(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error);
    let io_cause = cause.and_then(|cause| cause.downcast_ref::<std::io::Error>());
    let is_reset =
        io_cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::ConnectionReset);
    match cause {
        _ if error.is_parse_too_large() => format!(
            "the header of the answer is larger than {} KiB",
            MAX_HEADER >> 10
        ),
        _ if error.is_parse() => "the answer is not valid HTTP".into(),
        _ if is_reset => "the server reset the connection".into(),
        _ if error.is_incomplete_message() => {
            "the server closed the connection without an answer".into()
        }
        Some(cause) => io_cause.map_or_else(|| cause.to_string(), connection_reason),
        None => error.to_string(),
    }
}
