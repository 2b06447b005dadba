//! Whois client (RFC 3912, port 43): one query to one server, limited in time and bytes.
//!
//! whois-rust sends the query and decodes the answer. It discards a partial answer if the server resets the connection,
//! never closes it or exceeds the size limit. Such a server is queried again with a reader that keeps the partial answer,
//! and for the next hour with that reader only.

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

use super::{Guard, PortUse, check_port, connect::connection_reason, dns::Dns, egress_budget};
use crate::{metrics, settings};

/// How long to remember servers that do not end their answers properly, and how many.
const CUT_OFF_CACHE: (Duration, u64) = (Duration::from_secs(3600), 1024);

/// Client for whois, RFC 3912.
#[derive(Clone)]
pub(crate) struct Whois {
    dns: Dns,
    guard: Arc<Guard>,
    /// Servers whose answers whois-rust discards, by name.
    cut_off: Cache<String, ()>,
    /// Default port, timeout and limits.
    pub settings: Arc<settings::Whois>,
}

/// A query to the addresses of one server.
struct WhoisQuery<'a> {
    /// Host name of the server.
    name: &'a str,
    /// Whether the user named the server; others come from the settings and from referrals.
    is_named: bool,
    /// Query line, without CRLF.
    line: &'a str,
    /// The domain, address, network or AS number that the query is about.
    subject: &'a str,
}

/// Result of a query with whois-rust.
enum QueryResult {
    /// The complete answer, decoded.
    Complete(String),
    /// The connection to the address with this index did not end properly, or the bytes fit no single charset.
    CutOff(usize),
}

impl Whois {
    pub(super) fn new(settings: &settings::Whois, dns: Dns, guard: Arc<Guard>) -> Self {
        let (time, number) = CUT_OFF_CACHE;
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

    /// Sends one line about `subject` to `server` and returns the answer, in most cases already converted to UTF-8. An
    /// answer that exceeds the limits is returned truncated. `is_named` says that the user named the server.
    ///
    /// # Errors
    /// The server is refused by the guard, cannot be resolved or reached, or sends nothing.
    #[tracing::instrument(level = "debug", target = "netvane::trace", skip_all, name = "whois", fields(server = %server))]
    pub(crate) async fn query(
        &self,
        server: &Endpoint,
        is_named: bool,
        line: &str,
        subject: &str,
    ) -> Result<Vec<u8>, Failure> {
        let started = Instant::now();
        let mut answer = Vec::new();
        let question = WhoisQuery {
            name: &server.host.to_string(),
            is_named,
            line,
            subject,
        };

        let conversation = self.converse(server, &question, &mut answer);
        let ended = tokio::time::timeout(self.timeout(), conversation).await;

        let outcome = match &ended {
            _ if !answer.is_empty() => "answered",
            Err(_) => "timeout",
            Ok(_) => "failed",
        };

        metrics::upstream("whois", outcome, started.elapsed());

        refuse_banner(server, &answer)?;
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

    fn timeout(&self) -> Duration {
        Duration::from_millis(self.settings.timeout_ms)
    }

    async fn converse(
        &self,
        server: &Endpoint,
        question: &WhoisQuery<'_>,
        answer: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let mut addresses = self.addresses(server, question).await?;
        let server_name = server.to_string();

        if !self.cut_off.contains_key(&server_name) {
            match self.ask(question, &addresses).await? {
                QueryResult::Complete(text) => {
                    *answer = whois::as_sent(text);
                    return Ok(());
                }
                QueryResult::CutOff(index) => {
                    self.cut_off.insert(server_name, ());
                    // The address may be unreachable: try the others first.
                    addresses.rotate_left(index + 1);
                }
            }
        }
        self.read(question, &addresses, answer).await
    }

    /// Resolves a server and checks its addresses with the guard.
    async fn addresses(
        &self,
        server: &Endpoint,
        question: &WhoisQuery<'_>,
    ) -> Result<Vec<SocketAddr>, Failure> {
        let addresses = match &server.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                self.dns
                    .client(None)
                    .await?
                    .required_addresses(name.as_str())
                    .await?
            }
        };
        let port = server.port.unwrap_or(self.settings.port);
        let addresses = if question.is_named {
            self.guard.check_all_named(question.name, addresses, port)?
        } else {
            self.guard.check_all(question.name, addresses, port)?
        };
        if !self.is_configured(server) {
            let written = server.to_string();
            for address in &addresses {
                check_port(PortUse::Server, &written, *address, self.settings.port)?;
            }
        }
        Ok(addresses)
    }

    /// Whether the operator chose the port of this server: the root, or the port of all servers.
    fn is_configured(&self, server: &Endpoint) -> bool {
        let root = self.settings.root.parse::<Endpoint>();
        server.port.is_none_or(|port| port == self.settings.port)
            || root.is_ok_and(|root| root == *server)
    }

    /// Whether text of this server that is no registration data may be shown.
    pub(crate) fn shows_any_text(&self, server: &Endpoint) -> bool {
        self.is_configured(server) || !egress_budget::is_restricted()
    }

    /// Queries with whois-rust, one address after the other until one accepts the connection.
    async fn ask(
        &self,
        question: &WhoisQuery<'_>,
        addresses: &[SocketAddr],
    ) -> Result<QueryResult, Failure> {
        // The remaining time is for the next address or the reader.
        let quarters = if addresses.len() > 1 { 2 } else { 3 };
        let timeout = self.timeout() * quarters / 4;

        let mut failure = question.no_address();

        for (index, address) in addresses.iter().enumerate() {
            if let Err(error) = question.charge(*address) {
                failure = question.charge_failure(error)?;
                continue;
            }
            match question
                .look_up(*address, timeout, self.settings.max_bytes)
                .await
            {
                Ok(text) if !text.contains(char::REPLACEMENT_CHARACTER) => {
                    return Ok(QueryResult::Complete(text));
                }
                Err(error) if !is_cut_off(&error) => failure = question.upstream_failure(&error),
                Ok(_) | Err(_) => return Ok(QueryResult::CutOff(index)),
            }
        }

        Err(failure)
    }

    /// Queries with a reader that keeps a partial answer in `answer`.
    async fn read(
        &self,
        question: &WhoisQuery<'_>,
        addresses: &[SocketAddr],
        answer: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let mut failure = question.no_address();

        for address in addresses {
            if let Err(error) = question.charge(*address) {
                failure = question.charge_failure(error)?;
                continue;
            }

            // Several addresses share the timeout: an unreachable one must not use it up.
            let connecting = TcpStream::connect(address);
            let mut stream = match tokio::time::timeout(self.timeout() / 2, connecting).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    failure = question.upstream_failure(&error);
                    continue;
                }
                Err(_) => {
                    let (what, after) = (question.name.to_owned(), self.timeout() / 2);
                    failure = Failure::Timeout { what, after };
                    continue;
                }
            };

            let line = format!("{}\r\n", question.line);
            let upstream_failure = |error: io::Error| question.upstream_failure(&error);
            stream
                .write_all(line.as_bytes())
                .await
                .map_err(upstream_failure)?;
            let mut bounded = stream.take(self.settings.max_bytes as u64);
            bounded
                .read_to_end(answer)
                .await
                .map_err(upstream_failure)?;
            return Ok(());
        }

        Err(failure)
    }
}

impl WhoisQuery<'_> {
    /// Charges the connection and the line to the egress budget.
    fn charge(&self, address: SocketAddr) -> io::Result<()> {
        egress_budget::connect(address)?;
        egress_budget::charge_bytes(egress_budget::SYN + self.line.len())
    }

    /// Converts an error of [`Self::charge`]; returns an error if that ends the lookup.
    fn charge_failure(&self, error: io::Error) -> Result<Failure, Failure> {
        match error.downcast::<Failure>() {
            Ok(failure) => Err(failure),
            Err(error) => Ok(self.upstream_failure(&error)),
        }
    }

    async fn look_up(
        &self,
        address: SocketAddr,
        timeout: Duration,
        max_bytes: usize,
    ) -> Result<String, WhoIsError> {
        let mut server = WhoIsServerValue::from_string(address.to_string())?;
        server.query = Some(self.line.to_owned());
        // The line is sent unmodified: the crate uses only the last label of a domain, to guess the charset. For a target
        // that the crate cannot parse, an address is passed instead, without a hint.
        let mut options = WhoIsLookupOptions::from_str(self.subject)
            .or_else(|_| WhoIsLookupOptions::from_string(address.ip().to_string()))?;
        options.server = Some(server);
        options.follow = 0;
        options.timeout = Some(timeout);
        options.max_response_size = Some(max_bytes);

        WhoIs::from_host(address.to_string())?
            .lookup_async(options)
            .await
    }

    fn upstream_failure(&self, error: &(dyn std::error::Error + 'static)) -> Failure {
        let io_error = match error.downcast_ref() {
            Some(WhoIsError::IOError(error)) => Some(error),
            _ => error.downcast_ref::<io::Error>(),
        };
        Failure::Upstream {
            what: self.name.to_owned(),
            why: io_error.map_or_else(|| error.to_string(), connection_reason),
        }
    }

    fn no_address(&self) -> Failure {
        Failure::Upstream {
            what: self.name.to_owned(),
            why: "no address of the server could be reached".into(),
        }
    }
}

/// Fails if an answer begins like another protocol: a lookup of registration data must not read banners.
fn refuse_banner(server: &Endpoint, answer: &[u8]) -> Result<(), Failure> {
    // SSH, SMTP and FTP, POP3, IMAP, HTTP, RTSP, SIP, VNC, Redis (an error), rsync; below MySQL and TLS.
    const GREETINGS: [&[u8]; 12] = [
        b"SSH-",
        b"220 ",
        b"220-",
        b"+OK",
        b"* OK",
        b"* PREAUTH",
        b"HTTP/",
        b"RTSP/",
        b"SIP/",
        b"RFB ",
        b"-ERR",
        b"@RSYNCD",
    ];
    let is_text = |greeting: &&[u8]| answer.starts_with(greeting);
    let is_binary = matches!(answer, [0x15 | 0x16, 3, 0..=4, ..] | [_, _, 0, 0, 10, ..]);

    if is_binary || GREETINGS.iter().any(is_text) {
        return Err(Failure::Upstream {
            what: server.to_string(),
            why: "not a whois server".into(),
        });
    }
    Ok(())
}

/// Whether a connection was, or may have been, accepted and then did not end as RFC 3912 requires.
fn is_cut_off(error: &WhoIsError) -> bool {
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
