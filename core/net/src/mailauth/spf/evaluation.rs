//! Evaluates SPF records term by term (RFC 7208 §4.6), within the limits of §4.6.4.

use std::{
    net::IpAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use futures::{FutureExt, future::BoxFuture};
use netvane_facts::mailpolicy::spf::{
    self, MacroLetter, MacroString, MacroValues, Qualifier, Record, Term, TermKind,
};

use super::{
    Envelope, MAX_EXPLANATION, MAX_LOOKUPS, MAX_VOID_LOOKUPS, SpfResult, SpfVerdict, lookup, record,
};
use crate::dns::Client;

/// Maximum length of a HELO name or local part, in bytes, that is used in a macro.
const MAX_VALUE: usize = 512;

/// One check: the facts about the message, and how much of the limits is used.
pub(super) struct Evaluation<'a> {
    pub(super) client: &'a Client,
    /// The client's address; never an IPv4-mapped one (RFC 7208 §5).
    pub(super) address: IpAddr,
    local_part: &'a str,
    sender_domain: &'a str,
    helo: &'a str,
    receiver: &'a str,
    pub(super) lookups: usize,
    pub(super) void_lookups: usize,
    /// Confirmed reverse names of the client, after their first use.
    pub(super) reverse_names: Option<Vec<String>>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        client: &'a Client,
        envelope: Envelope<'a>,
        local_part: &'a str,
        sender_domain: &'a str,
    ) -> Self {
        Self {
            client,
            address: envelope.address.to_canonical(),
            local_part: clip(local_part),
            sender_domain,
            helo: clip(envelope.helo),
            receiver: clip(envelope.by),
            lookups: 0,
            void_lookups: 0,
            reverse_names: None,
        }
    }

    /// Evaluates the record of a domain. The limit of lookups bounds the recursion.
    pub(super) fn evaluate(&mut self, domain: String) -> BoxFuture<'_, SpfVerdict> {
        async move {
            let text = match record(self.client, &domain).await {
                Ok(Some(text)) => text,
                Ok(None) => {
                    return SpfVerdict::new(SpfResult::None, format!("{domain} has no SPF record"));
                }
                Err((result, reason)) => return SpfVerdict::new(result, reason),
            };

            let record = spf::parse(&text);
            if let Some(fault) = record.faults.first() {
                let reason = format!("invalid SPF record of {domain}: {fault}");
                return SpfVerdict::new(SpfResult::PermError, reason).through(&domain, &fault.term);
            }

            self.evaluate_terms(&domain, &record).await
        }
        .boxed()
    }

    async fn evaluate_terms(&mut self, domain: &str, record: &Record) -> SpfVerdict {
        for term in &record.terms {
            let TermKind::Directive(qualifier, mechanism) = &term.kind else {
                continue;
            };
            match self.matches(domain, term, mechanism).await {
                Ok(None) => {}
                Ok(Some(path)) => {
                    let mut verdict = self.decided(*qualifier, domain, term);
                    verdict.path = path;
                    if *qualifier == Qualifier::Fail {
                        verdict.explanation = record
                            .explanation()
                            .map(|name| (name.clone(), domain.to_owned()));
                    }
                    return verdict.through(domain, &term.text);
                }
                Err(verdict) => return verdict.through(domain, &term.text),
            }
        }

        let redirect = record.terms.iter().find_map(|term| match &term.kind {
            TermKind::Redirect(target) => Some((term, target)),
            _ => None,
        });
        match redirect {
            Some((term, target)) => self
                .follow(domain, term, target)
                .await
                .through(domain, &term.text),
            None => SpfVerdict::new(
                SpfResult::Neutral,
                format!("no term of {domain} matches {}", self.address),
            ),
        }
    }

    fn decided(&self, qualifier: Qualifier, domain: &str, term: &Term) -> SpfVerdict {
        let reason = format!("{} matches `{}` of {domain}", self.address, term.text);
        SpfVerdict::new(qualifier.into(), reason)
    }

    /// Evaluates the target of an `include` or `redirect`, where a missing record is an error (RFC 7208 §5.2, §6.1).
    pub(super) async fn follow(
        &mut self,
        domain: &str,
        term: &Term,
        target: &MacroString,
    ) -> SpfVerdict {
        if let Err(verdict) = self.count_lookup(domain, term) {
            return verdict;
        }
        let Some(name) = self.target(domain, Some(target)).await else {
            let reason = format!(
                "`{}` of {domain} leads to an invalid domain name",
                term.text
            );
            return SpfVerdict::new(SpfResult::PermError, reason);
        };
        let mut verdict = self.evaluate(name).await;
        if verdict.result == SpfResult::None {
            verdict.result = SpfResult::PermError;
            verdict.reason = format!("`{}` of {domain}: {}", term.text, verdict.reason);
        }
        verdict
    }

    /// Counts a term that needs lookups.
    ///
    /// # Errors
    /// The limit is reached, so the result is `permerror`.
    pub(super) fn count_lookup(&mut self, domain: &str, term: &Term) -> Result<(), SpfVerdict> {
        self.lookups += 1;
        if self.lookups <= MAX_LOOKUPS {
            return Ok(());
        }
        Err(SpfVerdict::new(
            SpfResult::PermError,
            format!(
                "more than {MAX_LOOKUPS} DNS lookups are needed: `{}` of {domain} is number {} (RFC 7208 §4.6.4)",
                term.text, self.lookups
            ),
        ))
    }

    /// Counts a term whose lookup found nothing.
    ///
    /// # Errors
    /// The limit is reached, so the result is `permerror`.
    pub(super) fn count_void(&mut self, domain: &str, term: &Term) -> Result<(), SpfVerdict> {
        self.void_lookups += 1;
        if self.void_lookups <= MAX_VOID_LOOKUPS {
            return Ok(());
        }
        Err(SpfVerdict::new(
            SpfResult::PermError,
            format!(
                "more than {MAX_VOID_LOOKUPS} DNS lookups find nothing: `{}` of {domain} is number {} (RFC 7208 §4.6.4)",
                term.text, self.void_lookups
            ),
        ))
    }

    /// The name that a term refers to; `None` if it is not a valid name, which then does not exist (RFC 7208 §4.8).
    pub(super) async fn target(
        &mut self,
        domain: &str,
        target: Option<&MacroString>,
    ) -> Option<String> {
        let Some(target) = target else {
            return Some(domain.to_owned());
        };
        let reverse_name = self.reverse_name_for(domain, target).await;
        let name = target.expand_name(&self.values(domain, &reverse_name))?;
        lookup::is_queryable(&name).then_some(name)
    }

    /// The value of `%{p}`, looked up only if the text uses it.
    async fn reverse_name_for(&mut self, domain: &str, text: &MacroString) -> String {
        if text.uses(MacroLetter::ReverseName) {
            self.reverse_name(domain).await
        } else {
            String::new()
        }
    }

    fn values<'b>(&'b self, domain: &'b str, reverse_name: &'b str) -> MacroValues<'b> {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        MacroValues {
            local_part: self.local_part,
            sender_domain: self.sender_domain,
            domain,
            address: self.address,
            reverse_name,
            helo: self.helo,
            receiver: self.receiver,
            time: since_1970.map_or(0, |time| time.as_secs()),
        }
    }

    /// Fetches the explanation of a `fail`. Any error means that there is none (RFC 7208 §6.2).
    pub(super) async fn explain(&mut self, verdict: &SpfVerdict) -> Option<String> {
        let (name, domain) = verdict.explanation.as_ref()?;
        let name = self.target(domain, Some(name)).await?;
        let [text] = <[String; 1]>::try_from(lookup::texts(self.client, &name).await.ok()?).ok()?;
        let text = MacroString::parse_text(&text).ok()?;
        let reverse_name = self.reverse_name_for(domain, &text).await;
        let text = text.expand(&self.values(domain, &reverse_name), MAX_EXPLANATION)?;
        // A local part or HELO name may contain anything.
        text.bytes()
            .all(|byte| matches!(byte, b' '..=b'~'))
            .then_some(text)
    }
}

/// Cuts a value after 512 bytes, at a character.
fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_VALUE)]
}
