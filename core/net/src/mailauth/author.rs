//! The author that a message claims, and the domains that SPF and DKIM authenticate.

use std::collections::BTreeSet;

use netvane_facts::mailtrace::names::is_same_organization;

use super::{
    dmarc::{Identifier, IdentifierMethod},
    lookup::domain_name,
    spf::{SpfCheck, SpfResult},
};

/// What the header section says about its authors and signatures.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuthorClaims<'a> {
    /// Number of `From` fields.
    pub from_fields: usize,
    /// Domains of the addresses in `From`.
    pub domains: &'a [String],
    /// Domains of the signatures (`d=`), whether they can be verified or not.
    pub signers: &'a [String],
}

impl AuthorClaims<'_> {
    /// The one domain of the message's authors (RFC 9989 §5.3.1).
    ///
    /// # Errors
    /// There is no single one, and why.
    pub(super) fn domain(self) -> Result<String, String> {
        if self.from_fields > 1 {
            return Err(format!(
                "the message has {} From fields, only one is allowed (RFC 5322 §3.6)",
                self.from_fields
            ));
        }

        let domains: BTreeSet<String> = self
            .domains
            .iter()
            .map(|domain| domain_name(domain).unwrap_or_else(|| domain.to_owned()))
            .collect();
        let mut domains = domains.into_iter();
        match (domains.next(), domains.next()) {
            (Some(domain), None) => Ok(domain),
            (None, _) => Err("the From field has no address".into()),
            (Some(_), Some(_)) => Err("the From field has addresses of several domains".into()),
        }
    }
}

/// The domains that DMARC compares with the author's.
pub(super) struct Identifiers {
    /// Those that passed first, then those that could not be checked.
    pub(super) all: Vec<Identifier>,
    /// Whether SPF was evaluated, which needs the envelope of the message.
    pub(super) has_envelope: bool,
}

impl Identifiers {
    /// Collects them from the results. Without results of signatures, all of the message's signatures (`signers`)
    /// could not be checked.
    pub(super) fn new(
        spf: Option<&SpfCheck>,
        signatures: Option<&[Identifier]>,
        signers: &[String],
    ) -> Self {
        let signatures: Vec<Identifier> = match signatures {
            Some(checked) => checked.to_vec(),
            None => signers
                .iter()
                .map(|domain| Identifier {
                    method: IdentifierMethod::Dkim,
                    domain: domain.clone(),
                    passes: false,
                })
                .collect(),
        };

        let sender = spf
            .filter(|spf| matches!(spf.result, SpfResult::Pass | SpfResult::TempError))
            .map(|spf| Identifier {
                method: IdentifierMethod::Spf,
                domain: spf.domain.clone(),
                passes: spf.result == SpfResult::Pass,
            });
        let mut all: Vec<Identifier> = Vec::new();
        for identifier in sender.into_iter().chain(signatures) {
            if !all.contains(&identifier) {
                all.push(identifier);
            }
        }
        // Identifiers that can still decide come first, for the limit.
        all.sort_by_key(|identifier| !identifier.passes);

        Self {
            all,
            has_envelope: spf.is_some(),
        }
    }

    /// The first domain that passed and is of the same organization as the only author's, by the Public Suffix List.
    pub(super) fn authenticated(&self, authors: &[String]) -> Option<String> {
        let [author] = authors else {
            return None;
        };
        let passed = self.all.iter().filter(|identifier| identifier.passes);
        passed
            .map(|identifier| &identifier.domain)
            .find(|domain| is_same_organization(domain, author))
            .cloned()
    }
}
