//! Port 43 (RFC 3912): one query to one server, bounded in time and bytes.
//!
//! Not over the whois-rust crate: it takes only UTF-8, follows referrals to any host on its own, and its timeout is
//! per connection.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Guard, dns::Dns, outlay};
use crate::{metrics, settings};
use netvane_document::Failure;
use netvane_facts::target::{Endpoint, Host};

/// Asks whois servers.
#[derive(Clone)]
pub(crate) struct Whois {
    dns: Dns,
    guard: Arc<Guard>,
    /// Port where a server is named without one, patience, and so on.
    pub settings: Arc<settings::Whois>,
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    outlay::connect(address)?;
    TcpStream::connect(address).await
}

impl Whois {
    pub(super) fn new(settings: &settings::Whois, dns: Dns, guard: Arc<Guard>) -> Self {
        Self {
            dns,
            guard,
            settings: Arc::new(settings.clone()),
        }
    }

    /// What `server` says to one line; its bytes as they came. An answer that is cut off by the limits is kept as
    /// far as it came, except when nothing came at all.
    #[tracing::instrument(level = "debug", target = "netvane::trace", skip_all, name = "whois", fields(server = %server))]
    pub(crate) async fn query(&self, server: &Endpoint, line: &str) -> Result<Vec<u8>, Failure> {
        let started = Instant::now();
        let patience = Duration::from_millis(self.settings.timeout_ms);
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(patience, self.converse(server, line, &mut answer)).await;
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

    async fn converse(
        &self,
        server: &Endpoint,
        line: &str,
        answer: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let name = server.host.to_string();
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
        let mut failure = Failure::Upstream {
            what: name.clone(),
            why: "the name has no address".into(),
        };
        for address in
            self.guard
                .check_all(&name, addresses, server.port.unwrap_or(self.settings.port))?
        {
            let told = |error: std::io::Error| Failure::Upstream {
                what: name.clone(),
                why: error.to_string(),
            };
            // Several addresses share the patience: a dead one must not use it up.
            let connecting = tokio::time::timeout(
                Duration::from_millis(self.settings.timeout_ms / 2),
                open(address),
            );
            let mut stream = match connecting.await {
                Ok(Ok(stream)) => stream,
                Ok(Err(error)) => {
                    failure = match error.downcast::<Failure>() {
                        Ok(failure) => return Err(failure),
                        Err(error) => told(error),
                    };
                    continue;
                }
                Err(_) => continue,
            };
            outlay::spend(outlay::SYN + line.len()).map_err(told)?;
            stream
                .write_all(format!("{line}\r\n").as_bytes())
                .await
                .map_err(told)?;
            let mut bounded = stream.take(self.settings.max_bytes as u64);
            bounded.read_to_end(answer).await.map_err(told)?;
            return Ok(());
        }
        Err(failure)
    }
}
