//! DNS lookups for mail policies, through the service's own client and its egress budget.
//!
//! Names are literal text here, without escapes: a backslash comes from a local part or a HELO name in a macro.

use domain::base::{Rtype, iana::OptRcode, name::ToLabelIter};

use netvane_facts::target::Domain;

use crate::dns::{Client, Data, Record, without_dot};

/// Maximum number of aliases that are followed with further queries, for resolvers that do not follow them.
const MAX_ALIASES: usize = 8;

/// Queries the records of one type at a name, following aliases. Empty if the name does not exist or has none.
///
/// # Errors
/// The lookup failed, or the response was truncated: whether there are records is unknown.
pub(super) async fn records(
    client: &Client,
    name: &str,
    rtype: Rtype,
) -> Result<Vec<Record>, String> {
    let failed =
        |why: &dyn std::fmt::Display| format!("could not look up {rtype} of {name}: {why}");
    let mut at = name.to_owned();

    for _ in 0..=MAX_ALIASES {
        let response = client
            .query(&escape(&at), rtype)
            .await
            .map_err(|error| failed(&error))?;
        let message = response.message;
        if message.flags.tc {
            return Err(failed(&"the response was truncated"));
        }

        let has_soa = message
            .authority
            .iter()
            .any(|record| record.rtype == Rtype::SOA);
        let (found, others): (Vec<_>, Vec<_>) = message
            .answers
            .into_iter()
            .partition(|record| record.rtype == rtype);
        let alias = others.iter().rev().find_map(|record| match &record.data {
            Data::Cname(cname) => query_name(cname.cname()),
            _ => None,
        });

        match (message.rcode, alias) {
            (OptRcode::NOERROR, Some(target)) if found.is_empty() && !has_soa => at = target,
            (OptRcode::NOERROR, _) => return Ok(found),
            (OptRcode::NXDOMAIN, _) => return Ok(Vec::new()),
            (rcode, _) => return Err(failed(&rcode)),
        }
    }

    Err(failed(&"too many aliases"))
}

/// TXT records at a name, the strings of each joined (RFC 7208 §3.3). Bytes that are not UTF-8 are replaced.
///
/// # Errors
/// The lookup failed.
pub async fn texts(client: &Client, name: &str) -> Result<Vec<String>, String> {
    let records = records(client, name, Rtype::TXT).await?;
    let texts = records.iter().filter_map(|record| match &record.data {
        Data::Txt(txt) => {
            let bytes: Vec<u8> = txt.iter().flatten().copied().collect();
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
        _ => None,
    });
    Ok(texts.collect())
}

/// Whether a name exists: every answer but NXDOMAIN (RFC 8020). An alias exists, even if its target does not.
///
/// # Errors
/// The lookup failed.
pub async fn exists(client: &Client, name: &str) -> Result<bool, String> {
    let response = client
        .query(&escape(name), Rtype::A)
        .await
        .map_err(|error| error.to_string())?;
    match response.message.rcode {
        OptRcode::NOERROR => Ok(true),
        OptRcode::NXDOMAIN => Ok(!response.message.answers.is_empty()),
        rcode => Err(rcode.to_string()),
    }
}

/// Escapes the backslashes of a literal name (RFC 1035 §5.1).
fn escape(name: &str) -> String {
    name.replace('\\', r"\\")
}

/// A name from a response as literal text. `None` for the root, and if a label contains a dot or is not UTF-8.
pub(super) fn query_name(name: &impl ToLabelIter) -> Option<String> {
    let labels = name
        .iter_labels()
        .filter(|label| !label.is_root())
        .map(|label| {
            let text = std::str::from_utf8(label.as_slice()).ok()?;
            (!text.contains('.')).then_some(text)
        });
    let labels: Vec<&str> = labels.collect::<Option<_>>()?;
    let text = labels.join(".");
    (!text.is_empty()).then_some(without_dot(text))
}

/// A domain of an address in A-labels; `None` if it is malformed or has only one label (RFC 7208 §4.3).
pub(super) fn domain_name(text: &str) -> Option<String> {
    let is_plain = text.len() <= 1024 && !text.contains(['/', '@', ':', ' ', '*']);
    let domain: Domain = is_plain.then(|| text.parse().ok()).flatten()?;
    let name = domain.as_str();
    (name.contains('.') && is_queryable(name)).then(|| name.to_owned())
}

/// Whether a name can be sent in a query: labels of 1 to 63 bytes, at most 253 in all (RFC 1035 §2.3.4).
pub(super) fn is_queryable(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len()))
}
