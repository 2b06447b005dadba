//! `dkim`: the DKIM keys of a domain, by selector (RFC 6376).

mod key;
mod selector;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::future::join_all;
use netvane_document::{Answer, Cell, Document, Failure, Role};
use netvane_facts::{
    mailpolicy::dkim,
    target::{Domain, Host, Resolver, both_forms, name_warning},
};
use netvane_net::{dns::Client, mailauth};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    is_nxdomain,
    problem::{Code, Problem, Problems, State, show, tally},
};
use crate::{
    command::{Command, Context, Next},
    commands::dns::lookup::count,
    spec::{Cost, Group, Spec},
};
use key::{Key, KeyState};

pub(crate) use selector::{COMMON, Selector};

/// A selector that nobody publishes: a key there shows that every selector has one.
const UNUSED: &str = "netvane-unused-selector";

/// DKIM keys of a domain: type, size and problems.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dkim {
    /// The domain to check.
    domain: Domain,
    /// Selector of the key, from `s=` of a signature; default: common selectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    selector: Option<Selector>,
    /// DNS server to query instead of the configured ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resolver: Option<Resolver>,
}

/// The keys of a domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    domain: String,
    pub(crate) state: State,
    /// The domain does not exist (NXDOMAIN).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    nxdomain: bool,
    /// Keys that were found, in the order of the selectors.
    pub(crate) keys: Vec<Key>,
    /// Selectors that were looked up.
    searched: Vec<String>,
    /// The selectors are a guess: common ones, because none was given and DNS cannot list them.
    guessed: bool,
    /// Problems of the domain and of all keys, worst first.
    pub(crate) problems: Vec<Problem>,
    /// Smallest TTL of all records that were looked up, in seconds.
    ttl: u32,
}

impl Command for Dkim {
    const SPEC: Spec = Spec {
        name: "dkim",
        aliases: &[],
        group: Group::Mail,
        examples: &["dkim example.com", "dkim example.com selector1"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 64 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::domain("spf"),
        Next::domain("dmarc"),
        Next::domain("mailcheck"),
        Next::domain("mx"),
    ];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(self.resolver.as_ref()).await?;
        check(&client, self.domain.as_str(), self.selector.as_ref()).await
    }

    fn contacts(&self) -> Option<&Host> {
        self.resolver.as_ref().map(Resolver::host)
    }
}

/// Looks up and checks the key at a selector, or at the common ones.
///
/// # Errors
/// No lookup succeeded.
pub(crate) async fn check(
    client: &Client,
    domain: &str,
    selector: Option<&Selector>,
) -> Result<Data, Failure> {
    let client = &client.recording_ttls();
    let selectors: Vec<&str> = match selector {
        Some(selector) => vec![selector.as_str()],
        None => COMMON.to_vec(),
    };
    // A pasted name such as `s1._domainkey.example.com` is the domain's own.
    let domain = domain
        .split_once("._domainkey.")
        .map_or(domain, |(_, domain)| domain);

    let names = selectors
        .iter()
        .chain(selector.is_none().then_some(&UNUSED))
        .map(|selector| format!("{selector}._domainkey.{domain}"));
    let lookups = names.map(|name| async move { mailauth::texts(client, &name).await });
    let mut answers = join_all(lookups).await;
    let unused = match selector {
        Some(_) => None,
        None => answers.pop().and_then(Result::ok),
    };

    if let Some(why) = failure(&answers) {
        return Err(Failure::Upstream {
            what: format!("DKIM keys of {domain}"),
            why,
        });
    }
    let has_texts = answers.iter().flatten().any(|texts| !texts.is_empty());
    let nxdomain = !has_texts && is_nxdomain(client, domain).await;

    let mut data = Data {
        domain: domain.to_owned(),
        state: State::None,
        nxdomain,
        keys: Vec::new(),
        searched: selectors
            .iter()
            .map(|selector| (*selector).to_owned())
            .collect(),
        guessed: selector.is_none(),
        problems: Vec::new(),
        ttl: client.shortest_ttl(),
    };
    data.read(&selectors, answers, unused.unwrap_or_default());
    Ok(data)
}

/// The reason if no lookup succeeded.
fn failure(answers: &[Result<Vec<String>, String>]) -> Option<String> {
    if answers.iter().any(Result::is_ok) {
        return None;
    }
    answers
        .iter()
        .find_map(|answer| answer.as_ref().err().cloned())
}

impl Data {
    /// Reads the keys at each selector; `unused` has the records at a selector that nobody publishes.
    fn read(
        &mut self,
        selectors: &[&str],
        answers: Vec<Result<Vec<String>, String>>,
        unused: Vec<String>,
    ) {
        let mut problems = Problems::default();
        let is_wildcard = unused.iter().any(|text| dkim::is_record(text));
        if is_wildcard {
            problems.info(
                Code::WildcardKey,
                "Every selector has a record (wildcard), so common selectors say nothing",
                "Give the selector of a signature (`s=` in DKIM-Signature)",
            );
            self.keys.push(Key::read("*", &unused));
        }

        let mut failed = 0;
        for (selector, answer) in selectors.iter().zip(answers) {
            match answer {
                Ok(texts) if is_wildcard && texts == unused => {}
                Ok(texts) if self.guessed && !texts.iter().any(|text| dkim::is_record(text)) => {}
                Ok(texts) if texts.is_empty() => {}
                Ok(texts) => self.keys.push(Key::read(selector, &texts)),
                Err(_) => failed += 1,
            }
        }

        if failed > 0 {
            problems.warning(
                Code::LookupFailed,
                format!("{} failed", count(failed, "lookup", "lookups")),
                "Try again later",
            );
        }
        if self.keys.is_empty() {
            self.report_missing(&mut problems);
        }
        let mut all = problems.worst_first();
        all.extend(self.keys.iter().flat_map(Key::named_problems));
        all.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
        self.state = State::of(&all, !self.keys.is_empty());
        self.problems = all;
    }

    fn report_missing(&self, problems: &mut Problems) {
        if self.nxdomain {
            // Of guessed selectors a key is not expected, so its absence is no fault of the domain.
            let add = if self.guessed {
                Problems::info
            } else {
                Problems::warning
            };
            let text = format!("{} does not exist (NXDOMAIN)", self.domain);
            add(
                problems,
                Code::NoKey,
                text,
                "Check the spelling of the domain",
            );
        } else if self.guessed {
            problems.info(
                Code::NoKey,
                format!(
                    "No key at {} common selectors. The domain may use others: DNS cannot list them.",
                    self.searched.len()
                ),
                "Give the selector of a signature (`s=` in DKIM-Signature)",
            );
        } else {
            let selector = self.searched.first().map_or("", String::as_str);
            problems.warning(
                Code::NoKey,
                format!("No key at selector `{selector}`, so its signatures fail"),
                format!(
                    "Publish the key as TXT at {selector}._domainkey.{}",
                    self.domain
                ),
            );
        }
    }

    /// The result in one sentence, without the domain.
    pub(crate) fn summary(&self) -> String {
        let guess = if self.guessed {
            " at common selectors (a guess)"
        } else {
            ""
        };
        if self.keys.is_empty() {
            return match self
                .problems
                .iter()
                .find(|problem| problem.code == Code::NoKey)
            {
                Some(problem) => problem.text.clone(),
                None => "No DKIM key found".into(),
            };
        }
        let keys = count(self.keys.len(), "key", "keys");
        match tally(self.problems.iter()) {
            tally if tally.is_empty() => format!("{keys}{guess}, no problems"),
            tally => format!("{keys}{guess}, {tally}"),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let title = format!("DKIM of {}", both_forms(&self.domain));
        let mut document = Document::new(title, self.summary(), self.state.severity());

        let rows: Vec<[Cell; 4]> = self
            .keys
            .iter()
            .map(|key| {
                let (state, role) = match key.state {
                    KeyState::Ok => ("OK", Role::Good),
                    KeyState::Warning => ("warning", Role::Warning),
                    KeyState::Error => ("error", Role::Bad),
                    KeyState::Revoked => ("revoked", Role::Aside),
                };
                [
                    Cell::exact(&key.selector),
                    key.key_type().into(),
                    key.bits
                        .map(|bits| bits.to_string())
                        .unwrap_or_default()
                        .into(),
                    Cell::new(state, role),
                ]
            })
            .collect();
        document.table(["Selector", "Type", ">Bits", "State"], rows);

        if !self.keys.is_empty() {
            show(
                &mut document,
                self.problems.iter().map(|problem| (problem, None)),
            );
        } else if let Some(problem) = self.problems.first() {
            document.text(format!("→ {}", problem.fix));
        }
        if self.guessed && !self.keys.is_empty() {
            document.note("Common selectors were tried; DNS cannot list the selectors of a domain");
        }
        if let Some(warning) = name_warning(&self.domain) {
            document.warn(warning);
        }
        document
    }

    fn lifetime(&self) -> Duration {
        Duration::from_secs(self.ttl.into())
    }
}
