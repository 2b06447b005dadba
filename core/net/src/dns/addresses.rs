//! Resolves names to addresses, and tells a name that has none from a lookup that failed.

use std::net::IpAddr;

use domain::base::{Rtype, iana::OptRcode};
use futures::future::BoxFuture;
use netvane_document::Failure;
use netvane_facts::target::IpVersion;

use super::{Client, Message, Response};

/// Aliases that are followed with further queries, if the server does not follow them itself.
const MAX_CHASED: usize = 8;

/// The name has no address: an answer of DNS, not a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAddress {
    /// `NXDOMAIN` if the name or the target of its alias does not exist, otherwise `NOERROR`.
    pub rcode: String,
    /// The IP version that was asked for; `None` for both.
    pub version: Option<IpVersion>,
}

impl NoAddress {
    /// A name that exists and has no address of this version.
    pub(crate) fn without_data(version: Option<IpVersion>) -> Self {
        Self {
            rcode: rcode_name(OptRcode::NOERROR),
            version,
        }
    }

    /// The failure of a lookup that needs an address of this name.
    pub(crate) fn failure(&self, name: &str) -> Failure {
        let why = match (self.is_nxdomain(), self.version) {
            (false, None) => "the name has no A or AAAA record".into(),
            _ => format!("the name {self}"),
        };
        Failure::Upstream {
            what: name.to_owned(),
            why,
        }
    }

    /// Whether the name does not exist at all.
    pub fn is_nxdomain(&self) -> bool {
        self.rcode == "NXDOMAIN"
    }
}

impl std::fmt::Display for NoAddress {
    /// A predicate: `does not exist (NXDOMAIN)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.is_nxdomain(), self.version) {
            (true, _) => f.write_str("does not exist (NXDOMAIN)"),
            (false, Some(version)) => write!(f, "has no IPv{version} address"),
            (false, None) => f.write_str("has no address"),
        }
    }
}

/// Addresses of one type, or the RCODE of an answer without any.
type Found = Result<Vec<IpAddr>, OptRcode>;

impl Client {
    /// Resolves a name, A and AAAA in parallel, or only the type of the given IP version.
    ///
    /// # Errors
    /// There is no address, and a lookup failed: no server responded, or the answer was SERVFAIL, REFUSED or
    /// unusable. So a name without addresses is never inferred from a failure.
    pub async fn find_addresses(
        &self,
        name: &str,
        version: Option<IpVersion>,
    ) -> Result<Result<Vec<IpAddr>, NoAddress>, Failure> {
        let find = |of: IpVersion, rtype| async move {
            if version.is_none_or(|version| version == of) {
                self.find(name, rtype).await
            } else {
                Ok(Ok(Vec::new()))
            }
        };
        let (v4, v6) = futures::join!(
            find(IpVersion::V4, Rtype::A),
            find(IpVersion::V6, Rtype::AAAA)
        );
        let both = [v4, v6];

        let addresses: Vec<IpAddr> = both.iter().flatten().flatten().flatten().copied().collect();
        if !addresses.is_empty() {
            return Ok(Ok(addresses));
        }

        let is_nxdomain = both
            .iter()
            .flatten()
            .any(|found| *found == Err(OptRcode::NXDOMAIN));
        if !is_nxdomain {
            both.into_iter().collect::<Result<Vec<Found>, Failure>>()?;
        }

        let none = NoAddress::without_data(version);
        Ok(Err(if is_nxdomain {
            NoAddress {
                rcode: rcode_name(OptRcode::NXDOMAIN),
                ..none
            }
        } else {
            none
        }))
    }

    /// Looks up one type, following aliases that the server did not follow itself.
    async fn find(&self, name: &str, rtype: Rtype) -> Result<Found, Failure> {
        let failure = |why: String| Failure::Upstream {
            what: name.to_owned(),
            why: format!("could not be resolved: {why}"),
        };
        let mut names = vec![name.trim_end_matches('.').to_ascii_lowercase()];

        for _ in 0..=MAX_CHASED {
            let queried = names.last().map_or(name, String::as_str);
            let response = self.query(queried, rtype).await?;
            let message = &response.message;

            match message.rcode {
                OptRcode::NXDOMAIN => return Ok(Err(OptRcode::NXDOMAIN)),
                OptRcode::NOERROR => {}
                rcode => {
                    let resolver = &response.resolver;
                    return Err(failure(format!(
                        "{resolver} returned {}",
                        rcode_name(rcode)
                    )));
                }
            }

            let addresses = message.addresses();
            if !addresses.is_empty() {
                return Ok(Ok(addresses));
            }

            let end = message.final_name().to_ascii_lowercase();
            let is_alias = names.last().is_some_and(|last| *last != end) && !end.is_empty();
            if !is_alias || has_soa(message) {
                return conclude(&response).map_err(failure);
            }
            if names.contains(&end) {
                return Err(failure("CNAME loop".into()));
            }
            names.push(end);
        }

        Err(failure(format!("CNAME chain longer than {MAX_CHASED}")))
    }
}

/// Decides whether an answer without addresses means that the name has none (RFC 2308 §2.2).
fn conclude(response: &Response) -> Result<Found, String> {
    let (message, resolver) = (&response.message, &response.resolver);
    if message.flags.tc {
        return Err(format!("the answer of {resolver} was truncated"));
    }
    if message.flags.aa || message.flags.ra || has_soa(message) {
        return Ok(Err(OptRcode::NOERROR));
    }
    Err(format!(
        "{resolver} is not authoritative for it and does not recurse (lame)"
    ))
}

/// Whether the response has the SOA of a negative answer (RFC 2308).
fn has_soa(message: &Message) -> bool {
    message
        .authority
        .iter()
        .any(|record| record.rtype == Rtype::SOA)
}

/// The IANA name of an RCODE such as `NOERROR`, or `RCODE3841` for a number without a name.
pub fn rcode_name(rcode: OptRcode) -> String {
    match rcode
        .to_mnemonic()
        .and_then(|name| std::str::from_utf8(name).ok())
    {
        Some(name) => name.to_owned(),
        None => format!("RCODE{}", rcode.to_int()),
    }
}

impl Client {
    /// Resolves a name to at least one address, A and AAAA in parallel.
    ///
    /// # Errors
    /// The name does not exist or has no address, or that could not be resolved.
    pub(crate) async fn required_addresses(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        let found = self.find_both(name).await?;
        found.map_err(|none| none.failure(name))
    }

    /// Like [`Self::find_addresses`] of both versions, boxed: every lookup that may connect to a name holds one.
    pub(crate) fn find_both<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Result<Vec<IpAddr>, NoAddress>, Failure>> {
        Box::pin(self.find_addresses(name, None))
    }

    /// Resolves a name, A and AAAA in parallel. A name without addresses gives an empty list.
    ///
    /// # Errors
    /// Both queries failed.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        let (v4, v6) = futures::join!(self.query(name, Rtype::A), self.query(name, Rtype::AAAA));
        if v4.is_err() && v6.is_err() {
            return v4.map(|_| Vec::new());
        }
        let addresses = |response: Result<Response, Failure>| {
            response.map(|r| r.message.addresses()).unwrap_or_default()
        };
        Ok(addresses(v4).into_iter().chain(addresses(v6)).collect())
    }
}

#[cfg(test)]
mod tests;
