//! An HTTP/1.1 client that sends exactly the given bytes, invalid ones included.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::PATIENCE;

/// An HTTP/1.1 client on one connection.
pub struct Client(BufReader<TcpStream>);

/// Response with its header fields and body.
#[derive(Debug)]
pub struct Response {
    /// Status code of the response.
    pub status: u16,
    /// Header fields in order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body after decoding the transfer coding.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects to the server; panics if it cannot.
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)
            .unwrap_or_else(|error| panic!("{address}: {error}"));
        Self::over(stream)
    }

    /// Connects from this address, which this machine must have; panics if it cannot.
    pub fn connect_from(from: impl Into<IpAddr>, address: SocketAddr) -> Self {
        Self::over(connect_from(from, address, None))
    }

    /// Speaks HTTP on a connection.
    pub fn over(stream: TcpStream) -> Self {
        for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            set(&stream, Some(PATIENCE)).expect("a timeout can be set");
        }
        // Head and body are written separately; the body must not wait until the head is
        // acknowledged.
        stream.set_nodelay(true).expect("an option can be set");
        Self(BufReader::new(stream))
    }

    /// Sends raw bytes; false if the server no longer accepts them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Returns a handle to the same connection, for sending from another thread.
    pub fn sender(&self) -> Self {
        Self(BufReader::new(
            self.0
                .get_ref()
                .try_clone()
                .expect("a socket can be shared"),
        ))
    }

    /// Sends a request and returns its response; `target` is method and path.
    pub fn ask(&mut self, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        self.request(target, headers, body);
        self.response()
            .unwrap_or_else(|error| panic!("{target}: {error}"))
    }

    /// Sends a request with its body.
    pub fn request(&mut self, target: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{target} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        head += "\r\n";
        // A server may respond before it has read everything.
        let _ = self.send(head) && self.send(body);
    }

    /// Reads the next response; fails if the connection ends before one.
    pub fn response(&mut self) -> io::Result<Response> {
        let (status, headers) = self.head()?;
        let find = |name: &str| {
            headers
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, value)| value.as_str())
        };

        let mut body = Vec::new();

        if find("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk()? {
                body.extend(chunk);
            }
        } else if let Some(length) = find("content-length") {
            body.resize(length.parse().map_err(invalid)?, 0);
            self.0.read_exact(&mut body)?;
        } else {
            self.0.read_to_end(&mut body)?;
        }

        Ok(Response {
            status,
            headers,
            body,
        })
    }

    /// Reads the status line and the header fields.
    pub fn head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let status = self.line()?;
        let status = status
            .split(' ')
            .nth(1)
            .unwrap_or_default()
            .parse()
            .map_err(invalid)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok((status, headers))
    }

    /// Reads the next chunk of a chunked body; `None` at its end.
    pub fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = usize::from_str_radix(self.line()?.trim(), 16).map_err(invalid)?;
        let mut chunk = vec![0; size];
        self.0.read_exact(&mut chunk)?;
        self.line()?;
        Ok((size > 0).then_some(chunk))
    }

    /// Reads everything until the server closes the connection.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(error),
            _ => Ok(rest),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

/// Connects from this address, which this machine must have, with a receive buffer of this size in
/// bytes.
pub fn connect_from(
    from: impl Into<IpAddr>,
    address: SocketAddr,
    buffer: Option<usize>,
) -> TcpStream {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    if let Some(bytes) = buffer {
        socket.set_recv_buffer_size(bytes).expect("a buffer size");
    }
    let from = SocketAddr::from((from.into(), 0));
    socket
        .bind(&from.into())
        .unwrap_or_else(|error| panic!("{from}: {error}"));
    socket
        .connect_timeout(&address.into(), PATIENCE)
        .unwrap_or_else(|error| panic!("{from} to {address}: {error}"));
    socket.into()
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error)
}

/// Returns a header field's value, or an empty text.
pub(crate) fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers
        .iter()
        .find(|(n, _)| n == name)
        .map_or("", |(_, value)| value)
}

impl Response {
    /// Returns a header field's value, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// Returns the body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body in UTF-8")
    }

    /// Returns the body of a 200 response as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(
            (self.status, self.header("content-type")),
            (200, "application/json"),
            "{}",
            self.text()
        );
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Returns the body as a problem document (RFC 9457), whose status must match that of the
    /// response.
    #[track_caller]
    pub fn problem(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text()
        );
        let problem: Value = serde_json::from_slice(&self.body).expect("a problem in JSON");
        assert_eq!(problem["status"], self.status, "{problem}");
        problem
    }

    /// Returns the events of a `text/event-stream` body: their names with their data as JSON.
    #[track_caller]
    pub fn events(&self) -> Vec<(String, Value)> {
        let field = |event: &str, name: &str| {
            let values = event
                .lines()
                .filter_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            values
                .map(|value| value.strip_prefix(' ').unwrap_or(value))
                .collect::<Vec<_>>()
                .join("\n")
        };
        let events = self
            .text()
            .split("\n\n")
            .filter(|event| event.contains("data:"));
        events
            .map(|event| {
                let data = field(event, "data");
                let data =
                    serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"));
                (field(event, "event"), data)
            })
            .collect()
    }
}
