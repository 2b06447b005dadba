//! Follows whois referrals from the first server.

use std::time::Instant;

use netvane_document::Failure;
use netvane_facts::{
    registration::{Kind, Registration, RegistrationState, subject, whois},
    target::Endpoint,
};

use crate::offload;

use super::{ReferralStep, Registries, RegistryAnswer, millis, outcome, servers};

impl Registries {
    /// Queries `first` or the root server, then with `follow` each server that an answer refers to.
    pub async fn whois(
        &self,
        kind: Kind,
        query: &str,
        first: Option<&Endpoint>,
        follow: bool,
    ) -> RegistryAnswer {
        let settings = &self.0.whois.settings;
        let mut found = RegistryAnswer::default();
        let mut next = first.cloned().or_else(|| settings.root.parse().ok());
        let mut queried: Vec<String> = Vec::new();

        while let Some(server) = next.take() {
            let at_root = first.is_none() && queried.is_empty();
            let is_named = first.is_some() && queried.is_empty();
            queried.push(server.host.to_string());
            let started = Instant::now();
            let line = servers::line(kind, query, &server);
            let answer = self.0.whois.query(&server, is_named, &line, query).await;
            let elapsed_ms = millis(started);
            let WhoisStep {
                outcome: outcome_text,
                text,
                referral,
            } = found.read(kind, query, answer).await;

            // The root gave no referral: use the built-in table.
            let default =
                || servers::default_server(query).filter(|_| at_root && kind == Kind::Domain);
            let separate = at_root && servers::separate_suffix(query).is_some();
            let referral = referral.filter(|_| kind != Kind::Domain || !separate);
            let referred = referral.is_some();
            next = referral.or_else(default);
            next = next.filter(|next| follow && !queried.contains(&next.host.to_string()));

            found.chain.push(ReferralStep {
                server: server.to_string(),
                elapsed_ms,
                outcome: with_direction(&outcome_text, next.as_ref(), referred),
            });

            // On a port that a user chose, text without registration data may be that of any service.
            let has_data = outcome_text != outcome(RegistrationState::Unavailable);
            if !text.is_empty() && (has_data || self.0.whois.shows_any_text(&server)) {
                found.raw.add(&server.host.to_string(), &text);
            }

            if queried.len() >= settings.max_referrals && next.is_some() {
                found.failure = Some(too_many_referrals(&server, settings.max_referrals));
                break;
            }
        }

        found
    }
}

/// What one server answered.
struct WhoisStep {
    /// Result in a few words.
    outcome: String,
    /// The text; empty if there is none.
    text: String,
    /// The server that the text refers to.
    referral: Option<Endpoint>,
}

impl RegistryAnswer {
    /// Parses an answer and merges it.
    async fn read(
        &mut self,
        kind: Kind,
        query: &str,
        answer: Result<Vec<u8>, Failure>,
    ) -> WhoisStep {
        let parsed = match answer {
            Ok(bytes) => {
                let query = query.to_owned();
                offload::run(bytes.len(), move || parse(kind, &query, &bytes)).await
            }
            Err(failure) => Err(failure),
        };
        match parsed {
            Ok((facts, text)) => {
                let outcome = outcome(facts.state).to_owned();
                self.take(facts);
                WhoisStep {
                    outcome,
                    referral: referral(&text),
                    text,
                }
            }
            Err(failure) => {
                let outcome = failure.to_string();
                // Keep the first failure: it is the one to fix.
                self.failure.get_or_insert(failure);
                WhoisStep {
                    outcome,
                    text: String::new(),
                    referral: None,
                }
            }
        }
    }
}

/// Decodes an answer and reads the registration data in it.
fn parse(kind: Kind, query: &str, bytes: &[u8]) -> (Registration, String) {
    let text = whois::decode_for(query, bytes);
    let facts = if kind == Kind::Domain && subject::names_another(query, &text) {
        Registration::empty(kind)
    } else {
        whois::parse(kind, query, &text)
    };
    (facts, text)
}

/// Returns the whois or rwhois server that an answer refers to. An rwhois server also answers a single line with text,
/// so it is queried like a whois server (RFC 2167 §3.1.9).
fn referral(text: &str) -> Option<Endpoint> {
    let referral = whois::referral(text)?;
    // 43 is the default; leave it to the setting.
    let port = Some(referral.port).filter(|port| *port != 43);
    Some(Endpoint {
        host: referral.host.parse().ok()?,
        port,
    })
}

/// Adds the next server to an outcome.
fn with_direction(outcome_text: &str, next: Option<&Endpoint>, referred: bool) -> String {
    match next {
        Some(next) if referred && outcome_text == outcome(RegistrationState::Unavailable) => {
            format!("refers to {next}")
        }
        Some(next) if referred => format!("{outcome_text}, refers to {next}"),
        Some(next) => format!("{outcome_text}; next: {} (built-in list)", next.host),
        None => outcome_text.to_owned(),
    }
}

fn too_many_referrals(server: &Endpoint, most: usize) -> Failure {
    Failure::Upstream {
        what: server.to_string(),
        why: format!("gave up after {most} referrals"),
    }
}

#[cfg(test)]
mod tests;
