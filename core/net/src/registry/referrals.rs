//! Follows whois referrals from the first server.

use std::time::Instant;

use netvane_document::Failure;
use netvane_facts::{
    registration::{Kind, Registration, RegistrationState, subject, whois},
    target::Endpoint,
};

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
            queried.push(server.host.to_string());
            let started = Instant::now();
            let line = servers::line(kind, query, &server);
            let answer = self.0.whois.query(&server, &line, query).await;
            let elapsed_ms = millis(started);
            let (outcome_text, text) = found.read(kind, query, answer);

            // The root gave no referral: use the built-in table.
            let default =
                || servers::default_server(query).filter(|_| at_root && kind == Kind::Domain);
            let separate = at_root && servers::separate_suffix(query).is_some();
            let referral = referral(&text).filter(|_| kind != Kind::Domain || !separate);
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
                found.raw.push((server.host.to_string(), text));
            }

            if queried.len() >= settings.max_referrals && next.is_some() {
                found.failure = Some(too_many_referrals(&server, settings.max_referrals));
                break;
            }
        }

        found
    }
}

impl RegistryAnswer {
    /// Merges an answer. Returns a short outcome and the text.
    fn read(
        &mut self,
        kind: Kind,
        query: &str,
        answer: Result<Vec<u8>, Failure>,
    ) -> (String, String) {
        match answer {
            Ok(bytes) => {
                let text = whois::decode_for(query, &bytes);
                let facts = if kind == Kind::Domain && subject::names_another(query, &text) {
                    Registration::empty(kind)
                } else {
                    whois::parse(kind, query, &text)
                };
                let outcome_text = outcome(facts.state).to_owned();
                self.take(facts);
                (outcome_text, text)
            }
            Err(failure) => {
                let outcome_text = failure.to_string();
                // Keep the first failure: it is the one to fix.
                self.failure.get_or_insert(failure);
                (outcome_text, String::new())
            }
        }
    }
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
