//! A receiver of callbacks: accepts requests and lets the test answer them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use data_encoding::BASE64;
use ring::hmac;
use serde_json::Value;

use crate::{PATIENCE, http::header};

/// Listens on loopback until dropped; it then fails if the test left a request unread.
pub struct Receiver {
    /// Address that the receiver listens on.
    pub address: SocketAddr,
    arrived: Mutex<mpsc::Receiver<Message>>,
    connections: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

/// A request that arrived. Dropping it without an answer closes the connection.
pub struct Message {
    /// Request line, such as `POST /hook HTTP/1.1`.
    pub line: String,
    /// Header fields; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it was sent.
    pub body: Vec<u8>,
    stream: TcpStream,
}

impl Receiver {
    /// Starts a receiver on a free port of 127.0.0.1.
    pub fn start() -> Self {
        Self::listen("127.0.0.1:0")
    }

    /// Starts a receiver on this address.
    pub fn listen(address: &str) -> Self {
        let listener =
            TcpListener::bind(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        let address = listener.local_addr().expect("an address");
        let (sender, arrived) = mpsc::channel();
        let (connections, over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (count, end) = (connections.clone(), over.clone());

        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let sender = sender.clone();
                thread::spawn(move || {
                    drop(Message::read(stream).map(|message| sender.send(message)))
                });
            }
        });

        Self {
            address,
            arrived: Mutex::new(arrived),
            connections,
            over,
        }
    }

    /// Returns the URL of a path on this receiver.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits for the next request; panics after a timeout.
    #[track_caller]
    pub fn next(&self) -> Message {
        self.next_within(PATIENCE).expect("a request arrives")
    }

    /// Returns the next request, if it arrives within this time.
    pub fn next_within(&self, time: Duration) -> Option<Message> {
        self.arrived
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv_timeout(time)
            .ok()
    }

    /// Returns the number of connections so far, including those without a request.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if !thread::panicking() {
            let arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
            let left: Vec<_> = arrived
                .try_iter()
                .map(|message| message.line.clone())
                .collect();
            assert!(left.is_empty(), "nobody expected these: {left:?}");
        }
    }
}

impl Message {
    fn read(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();

        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim_end().is_empty() {
                break;
            }
            lines.push(line.trim_end().to_owned());
        }

        let mut lines = lines.into_iter();
        let line = lines.next().ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let field = |line: String| {
            line.split_once(':')
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers: Vec<_> = lines.filter_map(field).collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let mut body = vec![
            0;
            length
                .and_then(|(_, length)| length.parse().ok())
                .unwrap_or(0)
        ];

        reader.read_exact(&mut body)?;

        Ok(Self {
            line,
            headers,
            body,
            stream: reader.into_inner(),
        })
    }

    /// Returns a header field's value, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// Returns the body as JSON; panics unless its Standard Webhooks signature is valid for this
    /// secret.
    #[track_caller]
    pub fn verified(&self, secret: &str) -> Value {
        let key = secret
            .strip_prefix("whsec_")
            .and_then(|key| BASE64.decode(key.as_bytes()).ok());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key.expect("a secret"));
        let (id, timestamp) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &self.body].concat();
        let tag = BASE64.encode(hmac::sign(&key, &signed).as_ref());
        assert_eq!(self.header("webhook-signature"), format!("v1,{tag}"));
        serde_json::from_slice(&self.body).expect("a body in JSON")
    }

    /// Responds with this status and these header lines, without a body.
    pub fn answer(mut self, status: &str, headers: &[&str]) {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        self.send(format!(
            "HTTP/1.1 {status}\r\nContent-Length: 0\r\n{lines}\r\n"
        ));
    }

    /// Sends raw bytes; false if the client no longer accepts them.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Waits until the client closes the connection.
    #[track_caller]
    pub fn hung_up(mut self) {
        let mut rest = Vec::new();
        if let Err(error) = self.stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
        }
    }
}
