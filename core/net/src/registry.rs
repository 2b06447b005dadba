//! Registration data: RDAP through IANA's bootstrap files, whois from the root server along its referrals.

mod bootstrap;
mod merge;
mod raw;
mod referrals;
mod servers;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use netvane_document::Failure;
use netvane_facts::registration::{
    Kind, Registration, RegistrationState, bootstrap::Bootstrap, rdap,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    http::{Fetched, Http},
    whois::Whois,
};
use crate::{offload, settings};
use bootstrap::BootstrapSource;

pub use raw::RawAnswers;

/// Largest number of RDAP servers of one registry that are queried.
const MAX_RDAP_SERVERS: usize = 2;

/// Client for registries and registrars.
#[derive(Clone)]
pub struct Registries(Arc<Inner>);

struct Inner {
    http: Http,
    whois: Whois,
    rdap: settings::Rdap,
    bootstrap: BootstrapSource,
}

/// One server that was queried.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReferralStep {
    /// Host name, with the port if it is not the default.
    pub server: String,
    /// Time of the query in milliseconds.
    pub elapsed_ms: f64,
    /// Result of the query, in a few words.
    pub outcome: String,
}

/// Result of a lookup, with the servers queried.
#[derive(Debug, Clone, Default)]
pub struct RegistryAnswer {
    /// Registration data; `None` if no server returned any.
    pub registration: Option<Registration>,
    /// Every server queried, in order.
    pub chain: Vec<ReferralStep>,
    /// The answers as they arrived.
    pub raw: RawAnswers,
    /// The failure that ended the lookup, if any.
    pub failure: Option<Failure>,
}

impl Registries {
    pub(super) fn new(
        settings: &settings::Rdap,
        downloaded: Option<PathBuf>,
        http: Http,
        whois: Whois,
    ) -> Self {
        Self(Arc::new(Inner {
            http,
            whois,
            rdap: settings.clone(),
            bootstrap: BootstrapSource::new(&settings.bootstrap, downloaded),
        }))
    }

    /// Whether RDAP is enabled (`rdap.enabled`).
    pub fn has_rdap(&self) -> bool {
        self.0.rdap.enabled
    }

    /// Returns the newest publication date of the IANA files in use.
    pub fn bootstrap_date(&self) -> Option<String> {
        self.bootstrap().ok()?.published().map(str::to_owned)
    }

    /// Checks that the bootstrap files can be read, if RDAP is enabled.
    pub fn check(&self) -> Result<(), Failure> {
        if self.has_rdap() {
            self.bootstrap().map(|_| ())
        } else {
            Ok(())
        }
    }

    fn bootstrap(&self) -> Result<Arc<Bootstrap>, Failure> {
        self.0.bootstrap.current()
    }

    /// Reads downloaded bootstrap files again if they changed; returns whether they did. Reads files, so do not call it
    /// on an async thread.
    pub fn refresh_if_changed(&self) -> bool {
        self.0.bootstrap.refresh_if_changed()
    }

    /// Whether a registry answers for names below a suffix: the built-in list of whois servers or, with RDAP, IANA's
    /// bootstrap file has exactly this suffix.
    pub fn has_registry(&self, suffix: &str) -> bool {
        let rdap = || {
            self.bootstrap()
                .is_ok_and(|bootstrap| bootstrap.has_name(suffix))
        };
        servers::has_server(suffix) || self.has_rdap() && rdap()
    }

    /// Base URLs of the RDAP servers for an object. None for names below a suffix with a registry of its own, which the
    /// server of the top-level domain does not know.
    fn rdap_servers(&self, kind: Kind, query: &str) -> Result<Vec<String>, Failure> {
        let bootstrap = self.bootstrap()?;
        let separate = kind == Kind::Domain
            && servers::separate_suffix(query).is_some_and(|suffix| !bootstrap.has_name(suffix));
        Ok(if separate {
            Vec::new()
        } else {
            bootstrap.lookup(kind, query)
        })
    }

    /// Queries the RDAP server listed by IANA, then with `follow` the registrar's server for data that the registry omits.
    pub async fn rdap(&self, kind: Kind, query: &str, follow: bool) -> RegistryAnswer {
        let mut found = RegistryAnswer::default();
        let bases = match self.rdap_servers(kind, query) {
            Ok(bases) => bases,
            Err(failure) => {
                let (server, outcome) = ("RDAP bootstrap".to_owned(), failure.to_string());
                found.chain.push(ReferralStep {
                    server,
                    elapsed_ms: 0.0,
                    outcome,
                });
                return RegistryAnswer {
                    failure: Some(failure),
                    ..found
                };
            }
        };

        let path = match kind {
            Kind::Domain => format!("domain/{query}"),
            Kind::Ip | Kind::Network => format!("ip/{query}"),
            Kind::Asn => format!("autnum/{}", query.trim_start_matches("AS")),
        };

        for base in bases.iter().take(MAX_RDAP_SERVERS) {
            let related = match self
                .rdap_step(&format!("{base}{path}"), kind, query, &mut found)
                .await
            {
                Ok(related) => related,
                Err(failure) => {
                    found.failure = Some(failure);
                    continue;
                }
            };

            found.failure = None;
            let state = found
                .registration
                .as_ref()
                .map(|facts| facts.state)
                .unwrap_or_default();
            if state == RegistrationState::Unavailable {
                continue;
            }

            if follow && state == RegistrationState::Registered && kind == Kind::Domain {
                for url in related.into_iter().take(1) {
                    // The registry's answer is kept even if the registrar's server fails.
                    let _ = self.rdap_step(&url, kind, query, &mut found).await;
                }
            }

            break;
        }

        found
    }

    /// Queries one RDAP server. Returns the URLs of related answers.
    async fn rdap_step(
        &self,
        url: &str,
        kind: Kind,
        query: &str,
        found: &mut RegistryAnswer,
    ) -> Result<Vec<String>, Failure> {
        let started = Instant::now();
        let settings = &self.0.rdap;
        let timeout = Duration::from_millis(settings.timeout_ms);
        let fetched = self
            .0
            .http
            .get(
                url,
                "application/rdap+json, application/json",
                settings.max_bytes,
                timeout,
            )
            .await;

        let server = match &fetched {
            Ok(fetched) => fetched.host.clone(),
            Err(_) => url.split('/').nth(2).unwrap_or(url).to_owned(),
        };
        let read = match fetched {
            Ok(fetched) => read_rdap(kind, query, &server, fetched).await,
            Err(failure) => Err(failure),
        };

        let outcome = match &read {
            Ok((facts, ..)) => described(facts),
            Err(failure) => failure.to_string(),
        };

        found.chain.push(ReferralStep {
            server: server.clone(),
            elapsed_ms: millis(started),
            outcome,
        });

        let (facts, related, body) = read?;
        found.raw.add(&server, &String::from_utf8_lossy(&body));
        match &mut found.registration {
            Some(registry) if registry.state == RegistrationState::Registered => {
                merge::fill(registry, facts);
            }
            _ => found.take(facts),
        }

        Ok(related)
    }
}

/// Reads an RDAP response: its registration data, the URLs of related answers, and its body.
async fn read_rdap(
    kind: Kind,
    query: &str,
    server: &str,
    fetched: Fetched,
) -> Result<(Registration, Vec<String>, Vec<u8>), Failure> {
    let (query, server) = (query.to_owned(), server.to_owned());
    offload::run(fetched.body.len(), move || {
        let facts = facts(kind, &query, &server, (fetched.status, &fetched.body))?;
        let related = rdap::related(&fetched.body);
        Ok((facts, related, fetched.body))
    })
    .await
    .and_then(|read| read)
}

/// Converts an HTTP response to registration data.
fn facts(
    kind: Kind,
    query: &str,
    server: &str,
    (status, body): (u16, &[u8]),
) -> Result<Registration, Failure> {
    let failed = |why: String| {
        Err(Failure::Upstream {
            what: server.to_owned(),
            why,
        })
    };

    rdap::parse_response(kind, query, status, body).or_else(|error| match error {
        rdap::Error::Status(status) => failed(format!("HTTP status {status}")),
        error => failed(format!("not an RDAP response: {error}")),
    })
}

/// The result of a query in a few words, with the explanation of the registry if there is one.
fn described(facts: &Registration) -> String {
    match &facts.notice {
        Some(notice) => format!("{}: {notice}", outcome(facts.state)),
        None => outcome(facts.state).to_owned(),
    }
}

fn outcome(state: RegistrationState) -> &'static str {
    match state {
        RegistrationState::Registered => "answered",
        RegistrationState::Available => "not found",
        RegistrationState::Reserved => "reserved",
        RegistrationState::Throttled => "rate-limited",
        RegistrationState::Unavailable => "no usable data",
    }
}

fn millis(since: Instant) -> f64 {
    (since.elapsed().as_secs_f64() * 1e4).round() / 10.0
}

#[cfg(test)]
mod tests;
