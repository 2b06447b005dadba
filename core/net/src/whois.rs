//! Port 43 (RFC 3912): one query to one server, bounded in time and bytes.
//!
//! whois-rust carries it and decodes. It drops what it has read when a server resets the connection, never closes
//! it or says more than is read; such a server is asked once more by a reader that keeps the part, and for an hour
//! from then on by that reader alone.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use moka::sync::Cache;
use netvane_document::Failure;
use netvane_facts::{
    registration::whois,
    target::{Endpoint, Host},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use whois_rust::{WhoIs, WhoIsError, WhoIsLookupOptions, WhoIsServerValue};

use super::{Guard, dns::Dns, outlay};
use crate::{metrics, settings};

/// How long a server that does not end its answers properly is remembered, and how many of them are.
const REMEMBERED: (Duration, u64) = (Duration::from_secs(3600), 1024);

/// Asks whois servers.
#[derive(Clone)]
pub(crate) struct Whois {
    dns: Dns,
    guard: Arc<Guard>,
    /// Servers, as they are named, of whose answers whois-rust keeps nothing.
    cut_off: Cache<String, ()>,
    /// Port where a server is named without one, patience, and so on.
    pub settings: Arc<settings::Whois>,
}

/// A query on its way to the addresses of one server.
struct Question<'a> {
    /// The server's name.
    name: &'a str,
    /// What is written, without the line's end.
    line: &'a str,
    /// The domain, address, network or AS number that it is about.
    subject: &'a str,
}

/// What came of asking with whois-rust.
enum Asked {
    /// The whole answer.
    Told(String),
    /// The connection to the address with this number did not end well, or its bytes fit no one charset.
    Cut(usize),
}

impl Whois {
    pub(super) fn new(settings: &settings::Whois, dns: Dns, guard: Arc<Guard>) -> Self {
        let (time, number) = REMEMBERED;
        Self {
            dns,
            guard,
            cut_off: Cache::builder()
                .max_capacity(number)
                .time_to_live(time)
                .build(),
            settings: Arc::new(settings.clone()),
        }
    }

    /// What `server` says to one line about `subject`: bytes to decode, mostly in UTF-8 by now. An answer that is
    /// cut off by the limits is kept as far as it came, except when nothing came at all.
    ///
    /// # Errors
    /// When the server is forbidden, unknown, unreachable, silent, or breaks off before it has said anything.
    #[tracing::instrument(level = "debug", target = "netvane::trace", skip_all, name = "whois", fields(server = %server))]
    pub(crate) async fn query(
        &self,
        server: &Endpoint,
        line: &str,
        subject: &str,
    ) -> Result<Vec<u8>, Failure> {
        let started = Instant::now();
        let mut answer = Vec::new();
        let question = Question {
            name: &server.host.to_string(),
            line,
            subject,
        };

        let conversation = self.converse(server, &question, &mut answer);
        let ended = tokio::time::timeout(self.patience(), conversation).await;

        let outcome = match &ended {
            _ if !answer.is_empty() => "answered",
            Err(_) => "timeout",
            Ok(_) => "failed",
        };

        metrics::upstream("whois", outcome, started.elapsed());

        match ended {
            Ok(Ok(())) => Ok(answer),
            Ok(Err(failure)) if answer.is_empty() => Err(failure),
            Err(_) if answer.is_empty() => Err(Failure::Timeout {
                what: server.to_string(),
                after: started.elapsed(),
            }),
            Ok(Err(_)) | Err(_) => Ok(answer),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_millis(self.settings.timeout_ms)
    }

    async fn converse(
        &self,
        server: &Endpoint,
        question: &Question<'_>,
        answer: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let mut addresses = self.addresses(server, question.name).await?;
        let known_as = server.to_string();

        if !self.cut_off.contains_key(&known_as) {
            match self.ask(question, &addresses).await? {
                Asked::Told(text) => {
                    *answer = whois::as_sent(text);
                    return Ok(());
                }
                Asked::Cut(index) => {
                    self.cut_off.insert(known_as, ());
                    // It may have been the address that is dead: the others come first now.
                    addresses.rotate_left(index + 1);
                }
            }
        }
        self.read(question, &addresses, answer).await
    }

    /// All addresses of a server, vetted.
    async fn addresses(&self, server: &Endpoint, name: &str) -> Result<Vec<SocketAddr>, Failure> {
        let addresses = match &server.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                self.dns
                    .client(None)
                    .await?
                    .addresses(name.as_str())
                    .await?
            }
        };
        let port = server.port.unwrap_or(self.settings.port);
        self.guard.check_all(name, addresses, port)
    }

    /// Asks with whois-rust, one address after the other until one takes the connection.
    async fn ask(
        &self,
        question: &Question<'_>,
        addresses: &[SocketAddr],
    ) -> Result<Asked, Failure> {
        // The rest is for the next address, or for the reader.
        let quarters = if addresses.len() > 1 { 2 } else { 3 };
        let patience = self.patience() * quarters / 4;

        let mut failure = question.no_address();

        for (index, address) in addresses.iter().enumerate() {
            if let Err(error) = question.pay(*address) {
                failure = question.failed(error)?;
                continue;
            }
            match question
                .look_up(*address, patience, self.settings.max_bytes)
                .await
            {
                Ok(text) if !text.contains(char::REPLACEMENT_CHARACTER) => {
                    return Ok(Asked::Told(text));
                }
                Err(error) if !is_cut(&error) => failure = question.told(&error),
                Ok(_) | Err(_) => return Ok(Asked::Cut(index)),
            }
        }

        Err(failure)
    }

    /// The same with a reader that leaves in `answer` what came, whatever ends it.
    async fn read(
        &self,
        question: &Question<'_>,
        addresses: &[SocketAddr],
        answer: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let mut failure = question.no_address();

        for address in addresses {
            if let Err(error) = question.pay(*address) {
                failure = question.failed(error)?;
                continue;
            }

            // Several addresses share the patience: a dead one must not use it up.
            let connecting = TcpStream::connect(address);
            let mut stream = match tokio::time::timeout(self.patience() / 2, connecting).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    failure = question.told(&error);
                    continue;
                }
                Err(_) => {
                    let (what, after) = (question.name.to_owned(), self.patience() / 2);
                    failure = Failure::Timeout { what, after };
                    continue;
                }
            };

            let line = format!("{}\r\n", question.line);
            let told = |error: io::Error| question.told(&error);
            stream.write_all(line.as_bytes()).await.map_err(told)?;
            let mut bounded = stream.take(self.settings.max_bytes as u64);
            bounded.read_to_end(answer).await.map_err(told)?;
            return Ok(());
        }

        Err(failure)
    }
}

impl Question<'_> {
    /// Charges the connection and the line.
    fn pay(&self, address: SocketAddr) -> io::Result<()> {
        outlay::connect(address)?;
        outlay::spend(outlay::SYN + self.line.len())
    }

    /// What it means that it could not be paid; an error where that ends the lookup.
    fn failed(&self, error: io::Error) -> Result<Failure, Failure> {
        match error.downcast::<Failure>() {
            Ok(failure) => Err(failure),
            Err(error) => Ok(self.told(&error)),
        }
    }

    async fn look_up(
        &self,
        address: SocketAddr,
        patience: Duration,
        max_bytes: usize,
    ) -> Result<String, WhoIsError> {
        let mut server = WhoIsServerValue::from_string(address.to_string())?;
        server.query = Some(self.line.to_owned());
        // The line is sent as it is: of the target only a domain's last label counts, as a hint to the charset.
        // An address stands in for what the crate knows no form of, and gives no hint.
        let mut options = WhoIsLookupOptions::from_str(self.subject)
            .or_else(|_| WhoIsLookupOptions::from_string(address.ip().to_string()))?;
        options.server = Some(server);
        options.follow = 0;
        options.timeout = Some(patience);
        options.max_response_size = Some(max_bytes);

        WhoIs::from_host(address.to_string())?
            .lookup_async(options)
            .await
    }

    fn told(&self, error: &dyn std::error::Error) -> Failure {
        Failure::Upstream {
            what: self.name.to_owned(),
            why: error.to_string(),
        }
    }

    fn no_address(&self) -> Failure {
        Failure::Upstream {
            what: self.name.to_owned(),
            why: "the name has no address".into(),
        }
    }
}

/// Whether a connection was taken, or may have been, and then did not end as RFC 3912 wants it.
fn is_cut(error: &WhoIsError) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData, TimedOut};
    match error {
        WhoIsError::Elapsed(_) => true,
        WhoIsError::IOError(error) => matches!(
            error.kind(),
            BrokenPipe | ConnectionAborted | ConnectionReset | InvalidData | TimedOut
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
