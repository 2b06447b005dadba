//! HTTP client for RDAP, MTA-STS policies, data updates and callbacks. The guard checks the host of
//! every redirect, and response bodies are limited.

mod download;
mod post;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use netvane_document::Failure;
use reqwest::{
    Client, StatusCode, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header, redirect,
};

pub use download::Downloaded;
pub use post::Receipt;

use super::{Guard, WHO, dns::Dns, egress_budget, local_addresses, tls::Tls};
use crate::metrics;

/// Which redirects a request follows.
#[derive(Debug, Clone, Copy)]
struct Redirects {
    most: usize,
    /// Whether a redirect must lead to an https URL.
    https_only: bool,
}

impl Redirects {
    const NONE: Self = Self {
        most: 0,
        https_only: false,
    };
    /// RFC 7480 requires RDAP clients to follow them; registries use one or two.
    const FEW: Self = Self {
        most: 4,
        https_only: false,
    };
    const FEW_TO_HTTPS: Self = Self {
        most: 4,
        https_only: true,
    };
}

/// Idle connections kept per host.
const KEPT_IDLE: usize = 2;

/// HTTP client, shared by the whole process.
#[derive(Clone)]
pub struct Http {
    dns: Dns,
    guard: Arc<Guard>,
    tls: Tls,
    agent: Arc<str>,
    client: Arc<OnceLock<Result<Client, Failure>>>,
    messenger: Arc<OnceLock<Result<Client, Failure>>>,
}

/// A response whose body was read in full.
#[derive(Debug)]
pub struct Fetched {
    /// Status code of the final response.
    pub status: u16,
    /// Host of the final response, after redirects.
    pub host: String,
    /// The complete response body.
    pub body: Vec<u8>,
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

    /// User-Agent of all requests.
    pub(super) fn agent(&self) -> &str {
        &self.agent
    }

    /// Sends a GET request and follows redirects. Reads at most `max_bytes`; `timeout` covers
    /// everything.
    pub async fn get(
        &self,
        url: &str,
        accept: &str,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<Fetched, Failure> {
        self.fetch(url, accept, max_bytes, Redirects::FEW, timeout)
            .await
    }

    /// Like [`Self::get`], but a redirect to http is an error: for data files, which nobody on the
    /// path may change.
    pub async fn get_data(
        &self,
        url: &str,
        accept: &str,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<Fetched, Failure> {
        self.fetch(url, accept, max_bytes, Redirects::FEW_TO_HTTPS, timeout)
            .await
    }

    /// Like [`Self::get`], but a redirect is an error, as RFC 8461 §3.3 requires for MTA-STS
    /// policies.
    pub async fn get_unredirected(
        &self,
        url: &str,
        accept: &str,
        max_bytes: usize,
        timeout: Duration,
    ) -> Result<Fetched, Failure> {
        self.fetch(url, accept, max_bytes, Redirects::NONE, timeout)
            .await
    }

    #[tracing::instrument(level = "debug", target = "netvane::trace", skip_all, name = "https")]
    async fn fetch(
        &self,
        url: &str,
        accept: &str,
        max_bytes: usize,
        redirects: Redirects,
        timeout: Duration,
    ) -> Result<Fetched, Failure> {
        let (url, host) = parse(url)?;

        within(host, timeout, async {
            let (response, host) = self.follow(url, accept, redirects).await?;
            let status = response.status().as_u16();
            let body = read_body(response, &host, max_bytes).await?;
            Ok(Fetched { status, host, body })
        })
        .await
    }

    /// Sends a GET request and follows redirects; returns the final response, whose body is not read yet, and its host.
    async fn follow(
        &self,
        mut url: Url,
        accept: &str,
        redirects: Redirects,
    ) -> Result<(reqwest::Response, String), Failure> {
        let client = self.client.get_or_init(|| self.build(KEPT_IDLE)).clone()?;

        for _ in 0..=redirects.most {
            let host = self.admit(&url)?;

            // Whether the pool has an open connection is unknown here, so charge for a new one.
            egress_budget::charge_bytes(
                egress_budget::CONNECTION
                    + egress_budget::HANDSHAKE
                    + egress_budget::REQUEST
                    + url.as_str().len(),
            )
            .map_err(|error| upstream(&host, &error))?;

            let response = client
                .get(url.clone())
                .header(header::ACCEPT, accept)
                .send()
                .await
                .map_err(|error| reason(&host, &error))?;

            match redirected(response.status(), response.headers(), &url) {
                Some(next) if redirects.https_only && next.scheme() != "https" => {
                    return Err(upstream(
                        &host,
                        &"redirected to http, which is not followed",
                    ));
                }
                Some(next) => url = next,
                None => return Ok((response, host)),
            }
        }

        let why = if redirects.most == 0 {
            "redirected; a redirect is not allowed here"
        } else {
            "too many redirects"
        };

        Err(upstream(url.host_str().unwrap_or_default(), &why))
    }

    /// Checks a URL and returns its host. Names are checked by the guard when they are resolved; an
    /// address in the URL is not resolved, so it is checked here.
    pub fn admit(&self, url: &Url) -> Result<String, Failure> {
        let host = url.host_str().unwrap_or_default().to_owned();
        if !matches!(url.scheme(), "https" | "http")
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(upstream(
                &host,
                &"expected an http or https URL without credentials",
            ));
        }
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            egress_budget::charge_target(self.guard.check(&host, address)?)?;
        }
        for address in local_addresses(&host).into_iter().flatten() {
            self.guard.check(&host, address)?;
        }
        Ok(host)
    }

    fn build(&self, max_idle: usize) -> Result<Client, Failure> {
        let resolver = Guarded {
            dns: self.dns.clone(),
            guard: self.guard.clone(),
        };
        self.build_with(max_idle, Arc::new(resolver))
    }

    fn build_with<R: Resolve + 'static>(
        &self,
        max_idle: usize,
        resolver: Arc<R>,
    ) -> Result<Client, Failure> {
        Client::builder()
            .use_preconfigured_tls(self.tls.client()?)
            .dns_resolver(resolver)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(&*self.agent)
            .connect_timeout(Duration::from_secs(4))
            .pool_max_idle_per_host(max_idle)
            .build()
            .map_err(|error| Failure::Unavailable(format!("HTTP client: {error}")))
    }
}

/// Returns the User-Agent, with the operator's contact if configured.
fn agent(contact: Option<&str>) -> String {
    let contact = contact
        .map(|contact| format!("{contact}; "))
        .unwrap_or_default();
    format!("{WHO} ({contact}network lookup requested by a user)")
}

/// Parses a URL and returns it with its host.
fn parse(url: &str) -> Result<(Url, String), Failure> {
    let parsed = Url::parse(url).map_err(|error| upstream(url, &error))?;
    let host = parsed.host_str().unwrap_or_default().to_owned();
    Ok((parsed, host))
}

/// Awaits an exchange with this host until the timeout, and counts its outcome.
async fn within<T>(
    host: String,
    timeout: Duration,
    exchange: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let started = Instant::now();
    let result = tokio::time::timeout(timeout, exchange)
        .await
        .unwrap_or(Err(Failure::Timeout {
            what: host,
            after: timeout,
        }));

    let outcome = match &result {
        Ok(_) => "answered",
        Err(Failure::Timeout { .. }) => "timeout",
        Err(_) => "failed",
    };

    metrics::upstream("https", outcome, started.elapsed());

    result
}

/// Reads the whole body; fails if it is larger than `max_bytes`.
async fn read_body(
    mut response: reqwest::Response,
    host: &str,
    max_bytes: usize,
) -> Result<Vec<u8>, Failure> {
    // At once, because a growing vector takes up to three times the memory.
    let announced = response.content_length().unwrap_or_default();
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0).min(max_bytes));

    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| reason(host, &error))?
    {
        if body.len() + chunk.len() > max_bytes {
            return Err(Failure::TooLarge {
                what: format!("the response from {host}"),
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

/// Returns the guard's error if there is one, otherwise the innermost cause, which is the most
/// specific.
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

/// Resolves names with Netvane's DNS client and returns only addresses that the guard accepts.
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
                None => dns.client(None).await?.required_addresses(name).await?,
            };
            let vetted: Vec<SocketAddr> = guard.check_all(name, addresses, 0)?;
            vetted
                .first()
                .map_or(Ok(()), |first| egress_budget::charge_target(first.ip()))?;
            Ok(Box::new(vetted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
