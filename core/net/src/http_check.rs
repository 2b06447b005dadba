//! One HTTP request for a person to look at: each step of the redirects with its phases, the final
//! answer, and the certificate.
//!
//! Connections are made here and not by a client library, which would hide the phases. Each step
//! resolves its host and passes the guard. A certificate that is not trusted is reported, and the
//! answer read all the same: the request carries nothing secret.

mod body;
mod exchange;
mod redirect;
mod step;

use std::{net::IpAddr, time::Duration};

use netvane_document::Failure;
use netvane_facts::target::IpVersion;
use tokio::time::Instant;
use url::Url;

use crate::{Net, tls_check::TlsReport};

pub use body::Body;
pub use redirect::without_credentials;

/// Most redirects that are followed.
pub const MAX_REDIRECTS: usize = 10;

/// The request of a check: its URL, its method and its limits.
#[derive(Debug, Clone)]
pub struct HttpQuery {
    /// An http or https URL without credentials.
    pub url: Url,
    /// Whether only the header is requested (HEAD).
    pub head: bool,
    /// Use only this IP version.
    pub version: Option<IpVersion>,
    /// Whether redirects are followed.
    pub follow: bool,
    /// Address to connect to for the host of the URL, instead of those in DNS.
    pub resolve: Option<IpAddr>,
    /// When the check ends, whatever is known by then.
    pub deadline: Instant,
}

/// Result of a request.
#[derive(Debug, Clone, Default)]
pub struct HttpReport {
    /// The requests in order; the last one has the final answer.
    pub steps: Vec<HttpStep>,
    /// The final answer; `None` if the last step has none.
    pub answer: Option<HttpAnswer>,
    /// TLS of the last step that used it, if that is the last step.
    pub tls: Option<TlsReport>,
    /// Why the last step has no answer, or why its redirect was not followed.
    pub trouble: Option<HttpTrouble>,
}

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct HttpStep {
    /// URL of this request: the first one, or the target of a redirect.
    pub url: Url,
    /// Address that was contacted; `None` without one.
    pub address: Option<IpAddr>,
    /// Status code; `None` without an answer.
    pub status: Option<u16>,
    /// Where the answer redirects to, as an absolute URL where possible, without credentials.
    pub location: Option<String>,
    /// Duration of each phase.
    pub timings: Timings,
}

/// Durations of the phases of a step; `None` where a phase did not occur.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Time to resolve the host name; `None` for an address or a connection that is reused.
    pub dns: Option<Duration>,
    /// The TCP handshake, with attempts at other addresses.
    pub connect: Option<Duration>,
    /// Time of the TLS handshake; `None` without TLS.
    pub tls: Option<Duration>,
    /// From sending the request to the first byte of the answer.
    pub first_byte: Option<Duration>,
    /// The whole step, with the body that was read.
    pub total: Duration,
}

/// The response after the last redirect.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// Version of the protocol, `HTTP/1.1` or `HTTP/2`.
    pub version: &'static str,
    /// Header fields in order, name and value.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it was read.
    pub body: Body,
}

/// Why there is no final answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpTrouble {
    /// The name does not exist or has no address; the RCODE of its lookup.
    NoAddress(String),
    /// The name could not be resolved; the reason.
    NotResolved(String),
    /// The guard does not allow the target of a redirect; the reason.
    Forbidden(String),
    /// No TCP connection; the reason.
    NotConnected(String),
    /// The TLS handshake failed; the reason.
    NoTls(String),
    /// The connection broke, or the answer is not valid HTTP; the reason.
    NotHttp(String),
    /// No answer before the deadline.
    Silent,
    /// The redirects go round in a circle.
    Loop,
    /// There are more redirects than are followed.
    TooMany,
    /// The answer redirects to something that is not an http or https URL.
    BadLocation(String),
}

impl HttpTrouble {
    /// Whether nothing answered, so that another scheme may be tried.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::NotConnected(_) | Self::NoTls(_))
    }
}

impl Net {
    /// Sends a request and follows its redirects. Whatever servers do is a result, not a failure.
    ///
    /// # Errors
    /// The first target is refused by the guard or its rate limit, or cannot be resolved.
    pub async fn check_http(
        &self,
        query: &HttpQuery,
        mut progress: impl FnMut(&HttpReport),
    ) -> Result<HttpReport, Failure> {
        // Read while the first connection is made; they are needed only to judge the certificate.
        let net = self.clone();
        tokio::spawn(async move { net.trusted_roots().await.is_ok() });

        let mut report = HttpReport::default();
        let mut url = query.url.clone();

        loop {
            let outcome = match step::take(self, query, &url).await {
                Ok(outcome) => outcome,
                Err(failure) if report.steps.is_empty() => return Err(failure),
                Err(failure) => {
                    report.trouble = Some(refusal(failure));
                    return Ok(report);
                }
            };

            let redirect = outcome.redirect;
            report.steps.push(outcome.step);
            report.answer = outcome.answer;
            report.tls = outcome.tls;
            report.trouble = outcome.trouble;

            let next = match redirect {
                Some(redirect) if query.follow => redirect,
                _ => return Ok(report),
            };
            match next_url(&report, next) {
                Ok(next) => url = next,
                Err(trouble) => {
                    report.trouble = Some(trouble);
                    return Ok(report);
                }
            }
            progress(&report);
        }
    }
}

impl HttpStep {
    fn without_answer(url: Url) -> Self {
        Self {
            url,
            address: None,
            status: None,
            location: None,
            timings: Timings::default(),
        }
    }
}

/// The target of a redirect if it may be followed.
fn next_url(report: &HttpReport, redirect: Result<Url, String>) -> Result<Url, HttpTrouble> {
    let next = redirect.map_err(HttpTrouble::BadLocation)?;
    let is_same = |step: &HttpStep| {
        redirect::without_fragment(&step.url) == redirect::without_fragment(&next)
    };
    if report.steps.iter().any(is_same) {
        return Err(HttpTrouble::Loop);
    }
    if report.steps.len() > MAX_REDIRECTS {
        return Err(HttpTrouble::TooMany);
    }
    Ok(next)
}

/// Why a redirect could not be followed.
fn refusal(failure: Failure) -> HttpTrouble {
    match failure {
        Failure::Refused { what, why } => HttpTrouble::Forbidden(format!("{what} {why}")),
        Failure::RateLimited { message, .. } => HttpTrouble::Forbidden(message),
        Failure::RefusedPort { .. } => HttpTrouble::Forbidden(failure.to_string()),
        failure => HttpTrouble::NotResolved(failure.to_string()),
    }
}

#[cfg(test)]
mod tests;
