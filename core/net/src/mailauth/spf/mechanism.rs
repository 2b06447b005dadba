//! Decides whether a mechanism matches the client (RFC 7208 §5).

use std::net::IpAddr;

use domain::base::Rtype;
use ipnet::{Ipv4Net, Ipv6Net};
use netvane_facts::{
    mailpolicy::spf::{MacroString, Mechanism, PrefixLengths, Term},
    target::reverse_name,
};

use super::{MAX_NAMES, SpfResult, SpfStep, SpfVerdict, evaluation::Evaluation, lookup};
use crate::dns::{Data, Record};

/// The terms of included records that led to a match; `None` if the mechanism does not match.
pub(super) type Match = Option<Vec<SpfStep>>;

impl Evaluation<'_> {
    /// Evaluates a mechanism of the record of `domain`.
    ///
    /// # Errors
    /// A `temperror` or `permerror` that ends the check.
    pub(super) async fn matches(
        &mut self,
        domain: &str,
        term: &Term,
        mechanism: &Mechanism,
    ) -> Result<Match, SpfVerdict> {
        // An `include` is counted where it is followed.
        if mechanism.needs_lookup() && !matches!(mechanism, Mechanism::Include(_)) {
            self.count_lookup(domain, term)?;
        }

        let is_match = match mechanism {
            Mechanism::All => true,
            Mechanism::Ip4(network) => {
                matches!(self.address, IpAddr::V4(address) if network.contains(&address))
            }
            Mechanism::Ip6(network) => {
                matches!(self.address, IpAddr::V6(address) if network.contains(&address))
            }
            Mechanism::Include(target) => return self.include(domain, term, target).await,
            Mechanism::A(target, lengths) => {
                let records = self
                    .target_records(domain, term, target.as_ref(), self.address_type())
                    .await?;
                self.has_address(&records, *lengths)
            }
            Mechanism::Mx(target, lengths) => {
                let servers = self
                    .target_records(domain, term, target.as_ref(), Rtype::MX)
                    .await?;
                self.is_mail_server(domain, term, &servers, *lengths)
                    .await?
            }
            Mechanism::Ptr(target) => match self.target(domain, target.as_ref()).await {
                Some(name) => {
                    let names = self.reverse_names().await;
                    names.iter().any(|reverse| is_within(reverse, &name))
                }
                None => false,
            },
            Mechanism::Exists(target) => {
                let records = self
                    .target_records(domain, term, Some(target), Rtype::A)
                    .await?;
                !records.is_empty()
            }
        };

        Ok(is_match.then(Vec::new))
    }

    /// Checks another domain: only its `pass` is a match (RFC 7208 §5.2).
    async fn include(
        &mut self,
        domain: &str,
        term: &Term,
        target: &MacroString,
    ) -> Result<Match, SpfVerdict> {
        let verdict = self.follow(domain, term, target).await;
        match verdict.result {
            SpfResult::Pass => Ok(Some(verdict.path)),
            SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral => Ok(None),
            SpfResult::None | SpfResult::TempError | SpfResult::PermError => Err(verdict),
        }
    }

    /// Looks up records of a term's target. A target that is not a valid name has none.
    async fn target_records(
        &mut self,
        domain: &str,
        term: &Term,
        target: Option<&MacroString>,
        rtype: Rtype,
    ) -> Result<Vec<Record>, SpfVerdict> {
        let Some(name) = self.target(domain, target).await else {
            return Ok(Vec::new());
        };
        let records = lookup::records(self.client, &name, rtype)
            .await
            .map_err(|why| SpfVerdict::new(SpfResult::TempError, why))?;
        if records.is_empty() {
            self.count_void(domain, term)?;
        }
        Ok(records)
    }

    /// Whether one of the mail servers has the client's address. Their own lookups are not counted as void: whether a
    /// server has an address of the client's IP version is not the domain's choice.
    async fn is_mail_server(
        &self,
        domain: &str,
        term: &Term,
        servers: &[Record],
        lengths: PrefixLengths,
    ) -> Result<bool, SpfVerdict> {
        if servers.len() > MAX_NAMES {
            return Err(SpfVerdict::new(
                SpfResult::PermError,
                format!(
                    "`{}` of {domain} has {} mail servers, at most {MAX_NAMES} are allowed (RFC 7208 §4.6.4)",
                    term.text,
                    servers.len()
                ),
            ));
        }

        let names = servers.iter().filter_map(|record| match &record.data {
            Data::Mx(mx) => lookup::query_name(mx.exchange()),
            _ => None,
        });
        for name in names {
            let addresses = lookup::records(self.client, &name, self.address_type())
                .await
                .map_err(|why| SpfVerdict::new(SpfResult::TempError, why))?;
            if self.has_address(&addresses, lengths) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The record type for addresses of the client's IP version.
    fn address_type(&self) -> Rtype {
        if self.address.is_ipv4() {
            Rtype::A
        } else {
            Rtype::AAAA
        }
    }

    /// Whether the client is in the network of one of these addresses.
    fn has_address(&self, records: &[Record], lengths: PrefixLengths) -> bool {
        records
            .iter()
            .filter_map(Record::address)
            .any(|address| match (address, self.address) {
                (IpAddr::V4(address), IpAddr::V4(own)) => {
                    Ipv4Net::new(address, lengths.v4).is_ok_and(|network| network.contains(&own))
                }
                (IpAddr::V6(address), IpAddr::V6(own)) => {
                    Ipv6Net::new(address, lengths.v6).is_ok_and(|network| network.contains(&own))
                }
                _ => false,
            })
    }

    /// The confirmed reverse name for `%{p}`: the domain itself, a name in it, any other, or `unknown` (RFC 7208 §7.3).
    pub(super) async fn reverse_name(&mut self, domain: &str) -> String {
        let names = self.reverse_names().await;
        let best = names
            .iter()
            .find(|name| name.eq_ignore_ascii_case(domain))
            .or_else(|| names.iter().find(|name| is_within(name, domain)))
            .or_else(|| names.first());
        best.cloned().unwrap_or_else(|| "unknown".into())
    }

    /// Reverse names of the client that resolve to its address, of the first ten (RFC 7208 §5.5). Looked up once;
    /// errors mean that there is none.
    async fn reverse_names(&mut self) -> &[String] {
        if self.reverse_names.is_none() {
            let confirmed = self.look_up_reverse_names().await;
            self.reverse_names = Some(confirmed);
        }
        self.reverse_names.as_deref().unwrap_or_default()
    }

    async fn look_up_reverse_names(&self) -> Vec<String> {
        let pointers = lookup::records(self.client, &reverse_name(self.address), Rtype::PTR).await;
        let pointers = pointers.unwrap_or_default();
        let names = pointers
            .iter()
            .filter_map(|record| match &record.data {
                Data::Ptr(ptr) => lookup::query_name(ptr.ptrdname()),
                _ => None,
            })
            .take(MAX_NAMES);

        let mut confirmed = Vec::new();
        for name in names {
            let addresses = lookup::records(self.client, &name, self.address_type()).await;
            if self.has_address(&addresses.unwrap_or_default(), PrefixLengths::default()) {
                confirmed.push(name);
            }
        }
        confirmed
    }
}

/// Whether a name is the domain or below it.
fn is_within(name: &str, domain: &str) -> bool {
    let Some(at) = name.len().checked_sub(domain.len()) else {
        return false;
    };
    let is_suffix = name
        .get(at..)
        .is_some_and(|suffix| suffix.eq_ignore_ascii_case(domain));
    is_suffix && (at == 0 || name.as_bytes()[at - 1] == b'.')
}
