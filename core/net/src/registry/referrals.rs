//! Whois, from the first server down its referrals.

use std::time::Instant;

use netvane_document::Failure;
use netvane_facts::{
    registration::{Kind, Registration, State, subject, whois},
    target::Endpoint,
};

use super::{Found, Registries, Step, millis, outcome, servers};

impl Registries {
    /// Asks whois servers: `first` if given, else the root; then with `follow` where each one refers to.
    pub async fn whois(
        &self,
        kind: Kind,
        query: &str,
        first: Option<&Endpoint>,
        follow: bool,
    ) -> Found {
        let settings = &self.0.whois.settings;
        let mut found = Found::default();
        let mut next = first.cloned().or_else(|| settings.root.parse().ok());
        let mut asked: Vec<String> = Vec::new();

        while let Some(server) = next.take() {
            let at_root = first.is_none() && asked.is_empty();
            asked.push(server.host.to_string());
            let started = Instant::now();
            let line = servers::line(kind, query, &server);
            let answer = self.0.whois.query(&server, &line, query).await;
            let elapsed_ms = millis(started);
            let (told, text) = found.read(kind, query, answer);

            // The root did not say where: the table that ships with the program may know.
            let known =
                || servers::default_server(query).filter(|_| at_root && kind == Kind::Domain);
            let referral = referral(&text);
            let referred = referral.is_some();
            next = referral.or_else(known);
            next = next.filter(|next| follow && !asked.contains(&next.host.to_string()));

            found.chain.push(Step {
                server: server.to_string(),
                elapsed_ms,
                outcome: with_direction(told, next.as_ref(), referred),
            });

            if !text.is_empty() {
                found.raw.push((server.host.to_string(), text));
            }

            if asked.len() >= settings.max_referrals && next.is_some() {
                found.failure = Some(endless(&server, settings.max_referrals));
                break;
            }
        }

        found
    }
}

impl Found {
    /// Takes an answer in: what came of it in a few words, and its text.
    fn read(
        &mut self,
        kind: Kind,
        query: &str,
        answer: Result<Vec<u8>, Failure>,
    ) -> (String, String) {
        match answer {
            Ok(bytes) => {
                let text = whois::decode(&bytes);
                let facts = if kind == Kind::Domain && subject::names_another(query, &text) {
                    Registration::empty(kind)
                } else {
                    whois::parse(kind, query, &text)
                };
                let told = outcome(facts.state).to_owned();
                self.take(facts);
                (told, text)
            }
            Err(failure) => {
                let told = failure.to_string();
                // The first fault is the one to mend.
                self.failure.get_or_insert(failure);
                (told, String::new())
            }
        }
    }
}

/// The whois server that an answer refers to.
fn referral(text: &str) -> Option<Endpoint> {
    let referral = whois::referral(text).filter(|referral| !referral.rwhois)?;
    // 43 is what the setting stands for.
    let port = Some(referral.port).filter(|port| *port != 43);
    Some(Endpoint {
        host: referral.host.parse().ok()?,
        port,
    })
}

/// What came of an answer, with the server that is asked next.
fn with_direction(told: String, next: Option<&Endpoint>, referred: bool) -> String {
    match next {
        Some(next) if referred && told == outcome(State::Unavailable) => {
            format!("refers to {}", next.host)
        }
        Some(next) if referred => format!("{told}, refers to {}", next.host),
        Some(next) => format!("{told}; {} is known to serve it", next.host),
        None => told,
    }
}

fn endless(server: &Endpoint, most: usize) -> Failure {
    Failure::Upstream {
        what: server.to_string(),
        why: format!("more than {most} servers refer to each other"),
    }
}

#[cfg(test)]
mod tests;
