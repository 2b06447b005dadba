//! The DNS tree walk: finds the record that applies to a domain, and its organizational domain (RFC 9989 §4.10).

use super::{Policy, Psd, Record, Target, is_record, parse};

/// Maximum number of names that are queried.
pub const MAX_QUERIES: usize = 8;

/// Names whose `_dmarc` record is queried: the domain, then its parents up to the top-level domain, at most eight.
/// Names in the middle of a long domain are left out.
pub fn names(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let first_parent = labels.len().saturating_sub(MAX_QUERIES - 1).max(1);
    let parents = (first_parent..labels.len()).map(|from| labels[from..].join("."));
    std::iter::once(domain.to_owned()).chain(parents).collect()
}

/// The records that a tree walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The domain where the walk started.
    pub domain: String,
    /// Found records, from the domain upwards.
    pub found: Vec<Found>,
    /// Names whose several records count as none, with their number.
    pub ambiguous: Vec<(String, usize)>,
    /// The first failed lookup, and its reason: there may be a record at that name. The walk ends there.
    pub failure: Option<(String, String)>,
}

/// A record and the domain that published it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The domain, without `_dmarc`.
    pub domain: String,
    /// The record as published.
    pub text: String,
    /// The record at this name.
    pub record: Record,
}

/// The policy that applies to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied<'a> {
    /// The record, and who published it.
    pub found: &'a Found,
    /// The record is that of a parent domain.
    pub is_inherited: bool,
}

impl Applied<'_> {
    /// Policy for the domain; `None` if the record cannot be applied. `exists` tells whether the domain exists.
    pub fn policy(&self, exists: bool) -> Option<Policy> {
        self.found
            .record
            .policy_for(match (self.is_inherited, exists) {
                (false, _) => Target::Domain,
                (true, true) => Target::Subdomain,
                (true, false) => Target::MissingSubdomain,
            })
    }
}

impl Walk {
    /// Starts a walk at a domain, in A-labels and without a final dot.
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            found: Vec::new(),
            ambiguous: Vec::new(),
            failure: None,
        }
    }

    /// Adds the TXT records of `_dmarc` below one of [`names`], in their order. Returns whether the walk goes on.
    pub fn add(&mut self, name: &str, texts: Result<Vec<String>, String>) -> bool {
        let texts = match texts {
            Ok(texts) => texts,
            // Top-level domains rarely have a record, and some resolvers fail on the query.
            Err(_) if !name.contains('.') && name != self.domain => return false,
            Err(why) => {
                self.failure = Some((name.to_owned(), why));
                return false;
            }
        };

        let mut records: Vec<String> = texts.into_iter().filter(|text| is_record(text)).collect();
        match (records.pop(), records.len()) {
            (Some(text), 0) => {
                let record = parse(&text);
                let goes_on = record.psd == Psd::Unknown;
                self.found.push(Found {
                    domain: name.to_owned(),
                    text,
                    record,
                });
                goes_on
            }
            (Some(_), others) => {
                self.ambiguous.push((name.to_owned(), others + 1));
                true
            }
            (None, _) => true,
        }
    }

    /// The organizational domain (RFC 9989 §4.10.2).
    ///
    /// # Errors
    /// A lookup failed, so it is unknown: the name and the reason.
    pub fn organizational_domain(&self) -> Result<&str, &(String, String)> {
        if let Some(failure) = &self.failure {
            return Err(failure);
        }
        let Some(last) = self.found.last() else {
            return Ok(&self.domain);
        };
        // A record with `psd` ends the walk, so only the last one can have it.
        if last.record.psd == Psd::Yes && last.domain != self.domain {
            return Ok(one_label_below(&self.domain, &last.domain));
        }
        Ok(&last.domain)
    }

    /// The record that applies to the domain: its own, that of its organizational domain, or that of the public suffix
    /// above it (RFC 9989 §4.10.1).
    ///
    /// # Errors
    /// A lookup failed, so it is unknown: the name and the reason.
    pub fn applied(&self) -> Result<Option<Applied<'_>>, &(String, String)> {
        if let Some(found) = self.found.iter().find(|found| found.domain == self.domain) {
            return Ok(Some(Applied {
                found,
                is_inherited: false,
            }));
        }
        let organization = self.organizational_domain()?;
        let found = self
            .found
            .iter()
            .find(|found| found.domain == organization)
            .or(self.found.last());
        Ok(found.map(|found| Applied {
            found,
            is_inherited: true,
        }))
    }
}

/// The name one label below `parent` on the way to `domain`.
fn one_label_below<'a>(domain: &'a str, parent: &str) -> &'a str {
    let Some(head) = domain.len().checked_sub(parent.len() + 1) else {
        return domain;
    };
    let start = domain[..head].rfind('.').map_or(0, |dot| dot + 1);
    &domain[start..]
}
