//! Whether the addresses for DMARC reports accept them (RFC 7489 §7.1, RFC 9990 §4).

use std::collections::BTreeMap;

use futures::future::join_all;
use netvane_facts::mailpolicy::dmarc::{Record, is_record, walk::Walk};
use netvane_net::{
    dns::Client,
    mailauth::{self, dmarc},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximum number of other domains that are checked.
const MAX_DOMAINS: usize = 8;

/// An address for reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReportAddress {
    /// The address, such as `mailto:dmarc@example.com`.
    uri: String,
    /// Whether the address may receive reports about the domain: it is in the same organization, or its domain permits it.
    /// `null` if that could not be looked up, or if it is not a `mailto:` address.
    pub(super) accepted: Option<bool>,
    /// The other domain whose permission is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) external: Option<String>,
}

impl ReportAddress {
    /// The address with a remark, for people.
    pub(super) fn line(&self) -> String {
        match (self.accepted, &self.external) {
            (Some(false), _) => format!("{} (not accepted)", self.uri),
            (Some(true), Some(_)) => format!("{} (permitted)", self.uri),
            (None, Some(_)) => format!("{} (unknown)", self.uri),
            _ => self.uri.clone(),
        }
    }

    pub(super) fn is_mail(&self) -> bool {
        mail_domain(&self.uri).is_some()
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }
}

/// Checks the addresses for aggregate and failure reports of the record of `publisher`; each domain once.
pub(super) async fn check(
    client: &Client,
    record: &Record,
    publisher: &str,
    walk: &Walk,
) -> (Vec<ReportAddress>, Vec<ReportAddress>) {
    let domains: BTreeMap<String, ()> = record
        .aggregate_reports
        .iter()
        .chain(&record.failure_reports)
        .filter_map(|uri| mail_domain(uri))
        .map(|domain| (domain, ()))
        .collect();

    let checks = domains.into_keys().take(MAX_DOMAINS).map(|domain| async {
        let permission = permission(client, publisher, walk, &domain).await;
        (domain, permission)
    });
    let permissions: BTreeMap<String, Permission> = join_all(checks).await.into_iter().collect();

    let address = |uri: &String| {
        let domain = mail_domain(uri);
        let permission = domain.as_ref().and_then(|domain| permissions.get(domain));
        ReportAddress {
            uri: uri.clone(),
            accepted: match permission {
                Some(Permission::SameOrganization | Permission::Given) => Some(true),
                Some(Permission::Missing) => Some(false),
                Some(Permission::Unknown) | None => None,
            },
            external: domain.filter(|_| permission != Some(&Permission::SameOrganization)),
        }
    };
    (
        record.aggregate_reports.iter().map(address).collect(),
        record.failure_reports.iter().map(address).collect(),
    )
}

/// Whether a domain receives reports about another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Permission {
    SameOrganization,
    Given,
    Missing,
    Unknown,
}

async fn permission(client: &Client, publisher: &str, walk: &Walk, domain: &str) -> Permission {
    let is_same_by_list = psl::domain_str(domain)
        .is_some_and(|organization| psl::domain_str(publisher) == Some(organization));
    if is_same_by_list || domain == publisher || domain == walk.domain {
        return Permission::SameOrganization;
    }
    // The organizational domain of a name is the name or above it.
    if let Ok(organization) = walk.organizational_domain() {
        let is_below = domain
            .strip_suffix(organization)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        if is_below {
            let other = dmarc::walk(client, domain).await;
            match other.organizational_domain() {
                Ok(found) if found == organization => return Permission::SameOrganization,
                Ok(_) => {}
                Err(_) => return Permission::Unknown,
            }
        }
    }

    let name = format!("{publisher}._report._dmarc.{domain}");
    if name.len() > 253 {
        return Permission::Missing;
    }
    match mailauth::texts(client, &name).await {
        Ok(texts) if texts.iter().any(|text| is_record(text)) => Permission::Given,
        Ok(_) => Permission::Missing,
        Err(_) => Permission::Unknown,
    }
}

/// The domain of a `mailto:` address, in lower case.
fn mail_domain(uri: &str) -> Option<String> {
    let address = uri.strip_prefix("mailto:")?.split('?').next()?;
    let (_, domain) = address.rsplit_once('@')?;
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    let is_name = !domain.is_empty()
        && domain
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_name.then_some(domain)
}
