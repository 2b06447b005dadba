//! HTTPS for RDAP, MTA-STS policies, data updates and messages that others asked for: every host of every redirect
//! passes the guard, and what is read is bounded.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use netvane_document::Failure;
use reqwest::{
    Client, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{self, HeaderMap},
    redirect,
};

use super::{Guard, WHO, dns::Dns, local_addresses, outlay, tls::Tls};
use crate::metrics;

/// RFC 7480 asks clients to follow redirects; registries need one or two.
const MAX_REDIRECTS: usize = 4;

/// Connections to a host that wait for the next question to it.
const KEPT_IDLE: usize = 2;

/// One client for the whole program.
#[derive(Clone)]
pub struct Http {
    dns: Dns,
    guard: Arc<Guard>,
    tls: Tls,
    agent: Arc<str>,
    client: Arc<OnceLock<Result<Client, Failure>>>,
    messenger: Arc<OnceLock<Result<Client, Failure>>>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Fetched {
    /// Status of the last answer.
    pub status: u16,
    /// Host that gave it, after redirects.
    pub host: String,
    /// The whole body.
    pub body: Vec<u8>,
}

/// What the receiver of a message said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Status of its answer.
    pub status: u16,
    /// `Retry-After`, as it was written.
    pub retry_after: Option<String>,
}

impl Http {
    pub(super) fn new(dns: Dns, guard: Arc<Guard>, tls: Tls, contact: Option<&str>) -> Self {
        let agent = agent(contact).into();
        Self {
            dns,
            guard,
            tls,
            agent,
            client: Arc::default(),
            messenger: Arc::default(),
        }
    }

    /// GET, redirects followed, at most `max_bytes` read and `timeout` waited in all.
    pub async fn get(
        &self,
        url: &str,
        accept: &str,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<Fetched, Failure> {
        self.fetch(url, accept, (max_bytes, MAX_REDIRECTS), timeout)
            .await
    }

    /// The same for what counts only where it is (RFC 8461 §3.3): a redirect is a failure.
    pub async fn get_unredirected(
        &self,
        url: &str,
        accept: &str,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<Fetched, Failure> {
        self.fetch(url, accept, (max_bytes, 0), timeout).await
    }

    /// POSTs once. Redirects are answers like any other, and the body of the answer is not read. Each call resolves and
    /// vets the host anew and has a connection of its own: one that was vetted for an earlier call is never used again.
    pub async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: String,
        timeout: Duration,
    ) -> Result<Receipt, Failure> {
        let client = self.messenger.get_or_init(|| self.build(0)).clone()?;
        let host = self.admit(url)?;
        let sent = client.post(url.clone()).headers(headers).body(body).send();
        let answer = tokio::time::timeout(timeout, sent)
            .await
            .map_err(|_| Failure::Timeout {
                what: host.clone(),
                after: timeout,
            })?
            .map_err(|error| reason(&host, &error))?;

        let retry_after = answer
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok());

        Ok(Receipt {
            status: answer.status().as_u16(),
            retry_after: retry_after.map(str::to_owned),
        })
    }

    #[tracing::instrument(level = "debug", target = "netvane::trace", skip_all, name = "https")]
    async fn fetch(
        &self,
        url: &str,
        accept: &str,
        bounds: (usize, usize),
        timeout: Duration,
    ) -> Result<Fetched, Failure> {
        let started = Instant::now();
        let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
        let parsed = Url::parse(url).map_err(|error| upstream(url, &error))?;
        let what = host(&parsed);
        let fetch = self.follow(parsed, accept, bounds);
        let fetched = tokio::time::timeout(timeout, fetch)
            .await
            .unwrap_or(Err(Failure::Timeout {
                what,
                after: started.elapsed(),
            }));

        let outcome = match &fetched {
            Ok(_) => "answered",
            Err(Failure::Timeout { .. }) => "timeout",
            Err(_) => "failed",
        };

        metrics::upstream("https", outcome, started.elapsed());

        fetched
    }

    async fn follow(
        &self,
        mut url: Url,
        accept: &str,
        (max_bytes, max_redirects): (usize, usize),
    ) -> Result<Fetched, Failure> {
        let client = self.client.get_or_init(|| self.build(KEPT_IDLE)).clone()?;

        for _ in 0..=max_redirects {
            let host = self.admit(&url)?;

            // Whether a connection is kept from before is not known here, so each costs one.
            outlay::spend(
                outlay::CONNECTION + outlay::HANDSHAKE + outlay::REQUEST + url.as_str().len(),
            )
            .map_err(|error| upstream(&host, &error))?;

            let response = client
                .get(url.clone())
                .header(header::ACCEPT, accept)
                .send()
                .await
                .map_err(|error| reason(&host, &error))?;

            let status = response.status();

            if let Some(next) = redirected(status, response.headers(), &url) {
                url = next;
                continue;
            }

            let body = read_body(response, &host, max_bytes).await?;

            return Ok(Fetched {
                status: status.as_u16(),
                host,
                body,
            });
        }

        let why = if max_redirects == 0 {
            "it redirects, which does not count here"
        } else {
            "it redirects on and on"
        };

        Err(upstream(url.host_str().unwrap_or_default(), &why))
    }

    /// The host of a URL that may be asked. Names pass the guard when they are resolved; an address in the URL is not
    /// resolved, so it passes here.
    pub fn admit(&self, url: &Url) -> Result<String, Failure> {
        let host = url.host_str().unwrap_or_default().to_owned();
        if !matches!(url.scheme(), "https" | "http")
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(upstream(
                &host,
                &"it leads to an address that is not plain http or https",
            ));
        }
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            outlay::approach(self.guard.check(&host, address)?)?;
        }
        for address in local_addresses(&host).into_iter().flatten() {
            self.guard.check(&host, address)?;
        }
        Ok(host)
    }

    fn build(&self, kept_idle: usize) -> Result<Client, Failure> {
        let resolver = Guarded {
            dns: self.dns.clone(),
            guard: self.guard.clone(),
        };
        Client::builder()
            .use_preconfigured_tls(self.tls.client()?)
            .dns_resolver(Arc::new(resolver))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(&*self.agent)
            .connect_timeout(Duration::from_secs(4))
            .pool_max_idle_per_host(kept_idle)
            .build()
            .map_err(|error| Failure::Unavailable(format!("HTTP client: {error}")))
    }
}

/// Who asks, as a User-Agent.
fn agent(contact: Option<&str>) -> String {
    let contact = contact
        .map(|contact| format!("{contact}; "))
        .unwrap_or_default();
    format!("{WHO} ({contact}network lookup on a person's request)")
}

/// The whole body, if it is no larger than it may be.
async fn read_body(
    mut response: reqwest::Response,
    host: &str,
    max_bytes: usize,
) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();

    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| reason(host, &error))?
    {
        if body.len() + chunk.len() > max_bytes {
            return Err(Failure::TooLarge {
                what: format!("the answer of {host}"),
                limit: max_bytes,
            });
        }
        body.extend_from_slice(&chunk);
    }

    Ok(body)
}

fn redirected(status: StatusCode, headers: &header::HeaderMap, url: &Url) -> Option<Url> {
    let location = headers
        .get(header::LOCATION)
        .filter(|_| status.is_redirection())?;
    url.join(location.to_str().ok()?).ok()
}

fn upstream(what: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::Upstream {
        what: what.to_owned(),
        why: why.to_string(),
    }
}

/// The guard's own word where it spoke; else the innermost cause, which says most.
fn reason(host: &str, error: &reqwest::Error) -> Failure {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        if let Some(failure) = inner.downcast_ref::<Failure>() {
            return failure.clone();
        }
        cause = inner;
    }
    if error.is_timeout() {
        return Failure::Timeout {
            what: host.to_owned(),
            after: Duration::from_secs(4),
        };
    }
    upstream(host, cause)
}

/// Resolves through Netvane's own DNS and lets only vetted addresses through to the connection.
struct Guarded {
    dns: Dns,
    guard: Arc<Guard>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (dns, guard) = (self.dns.clone(), self.guard.clone());
        Box::pin(async move {
            let name = name.as_str();
            let addresses = match local_addresses(name) {
                Some(addresses) => addresses.to_vec(),
                None => dns.client(None).await?.addresses(name).await?,
            };
            let vetted: Vec<SocketAddr> = guard.check_all(name, addresses, 0)?;
            vetted
                .first()
                .map_or(Ok(()), |first| outlay::approach(first.ip()))?;
            if vetted.is_empty() {
                return Err(upstream(name, &"the name has no address").into());
            }
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
