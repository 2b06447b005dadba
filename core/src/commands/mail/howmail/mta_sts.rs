//! MTA-STS and TLS reporting: what a receiver publishes about encryption (RFC 8461, RFC 8460).

use std::time::Duration;

use netvane_net::{
    dns::Client,
    mailauth::records::{MtaSts as StsRecord, ReportUri, TlsRpt as RptRecord, TxtRecordParser},
};

use super::{
    receiver::{MtaSts, Policy, TlsRpt},
    sender::{is_version, texts},
};
use crate::command::Context;

/// RFC 8461 §3.2 suggests this as the limit of a policy.
const MAX_POLICY: usize = 64 * 1024;
/// For the policy file.
const PATIENCE: Duration = Duration::from_secs(8);
/// RFC 8461 §3.2: about one year.
const MAX_AGE: u64 = 31_557_600;
/// Names that are kept.
const MAX_NAMES: usize = 64;

/// The record in DNS, and the policy that it announces.
pub(super) async fn mta_sts(cx: &Context, client: &Client, domain: &str) -> MtaSts {
    let record = match only(client, &format!("_mta-sts.{domain}"), "v=STSv1").await {
        Ok(Some(record)) => record,
        Ok(None) => return MtaSts::default(),
        Err(fault) => {
            return MtaSts {
                fault: Some(fault),
                ..MtaSts::default()
            };
        }
    };

    let mut found = MtaSts {
        record: Some(record.clone()),
        ..MtaSts::default()
    };

    if StsRecord::parse(record.as_bytes()).is_err() {
        found.fault = Some("the record cannot be read".into());
        return found;
    }

    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let fetched = cx
        .net
        .http
        .get_unredirected(&url, "text/plain", MAX_POLICY, PATIENCE)
        .await;

    let read = match fetched {
        Ok(fetched) if fetched.status == 200 => policy(&String::from_utf8_lossy(&fetched.body)),
        Ok(fetched) => Err(format!("{url} answers with status {}", fetched.status)),
        Err(failure) => Err(format!(
            "the policy at {url} could not be fetched: {failure}"
        )),
    };

    match read {
        Ok(policy) => found.policy = Some(policy),
        Err(fault) => found.fault = Some(fault),
    }

    found
}

/// Where reports go.
pub(super) async fn tls_rpt(client: &Client, domain: &str) -> TlsRpt {
    let record = match only(client, &format!("_smtp._tls.{domain}"), "v=TLSRPTv1").await {
        Ok(Some(record)) => record,
        Ok(None) => return TlsRpt::default(),
        Err(fault) => {
            return TlsRpt {
                fault: Some(fault),
                ..TlsRpt::default()
            };
        }
    };

    let mut found = TlsRpt {
        record: Some(record.clone()),
        ..TlsRpt::default()
    };

    match RptRecord::parse(record.as_bytes()) {
        Ok(read) => {
            let reports = read.rua.into_iter().map(|uri| match uri {
                ReportUri::Mail(address) => address,
                ReportUri::Http(url) => url,
            });
            found.reports = reports.collect();
        }
        Err(_) => found.fault = Some("the record cannot be read".into()),
    }

    found
}

/// The one record of a version; several are as good as none (RFC 8461 §3.1, RFC 8460 §3).
async fn only(client: &Client, name: &str, version: &str) -> Result<Option<String>, String> {
    let texts = texts(client, name).await?;
    let mut records = texts
        .into_iter()
        .filter(|text| is_version(text, version, &[';', ' ']));
    match (records.next(), records.next()) {
        (Some(_), Some(_)) => Err(format!(
            "there are several records at {name}, so none counts"
        )),
        (first, _) => Ok(first),
    }
}

/// Reads a policy: `key: value` lines (RFC 8461 §3.2).
pub(super) fn policy(text: &str) -> Result<Policy, String> {
    let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());

    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((key, value)) = line.split_once(':') else {
            return Err("the policy has a line that is no `key: value`".into());
        };
        let value = value.trim();
        // Of a key that may stand only once the first counts.
        match key.trim_end() {
            "version" => _ = version.get_or_insert(value),
            "mode" => _ = mode.get_or_insert(value),
            "max_age" => _ = max_age.get_or_insert(value),
            "mx" if mx.len() < MAX_NAMES => {
                mx.push(value.trim_end_matches('.').to_ascii_lowercase())
            }
            _ => {}
        }
    }

    if version != Some("STSv1") {
        return Err("the policy does not say `version: STSv1`".into());
    }

    let mode = mode.filter(|mode| matches!(*mode, "enforce" | "testing" | "none"));
    let mode = mode
        .ok_or("the policy has no mode of `enforce`, `testing` or `none`")?
        .to_owned();
    let digits =
        max_age.filter(|age| age.len() <= 10 && age.bytes().all(|byte| byte.is_ascii_digit()));
    let max_age: u64 = digits
        .and_then(|age| age.parse().ok())
        .ok_or("the policy has no max_age in seconds")?;
    if mx.is_empty() && mode != "none" {
        return Err("the policy names no mx".into());
    }

    Ok(Policy {
        mode,
        mx,
        max_age: max_age.min(MAX_AGE),
    })
}

impl Policy {
    /// Whether an exchange is one of those that the policy names; `*` is exactly one label (RFC 8461 §4.1).
    pub(super) fn names(&self, exchange: &str) -> bool {
        let exchange = exchange.to_ascii_lowercase();
        self.mx
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(parent) => exchange
                    .split_once('.')
                    .is_some_and(|(_, rest)| rest == parent),
                None => *pattern == exchange,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies() {
        let text = "version: STSv1\r\nmode: enforce\r\nmx: Mail.example.test\r\nmx: *.example.test.\r\nmax_age: 604800\r\nfuture: x\r\n";
        let read = policy(text).expect("valid");
        assert_eq!((read.mode.as_str(), read.max_age), ("enforce", 604_800));
        assert_eq!(read.mx, ["mail.example.test", "*.example.test"]);
        for (exchange, named) in [
            ("mail.example.test", true),
            ("MX1.example.test", true),
            ("a.mx1.example.test", false),
            ("example.test", false),
            ("mail.example.test.evil.test", false),
        ] {
            assert_eq!(read.names(exchange), named, "{exchange}");
        }
        assert_eq!(
            policy("version:STSv1\nmode:none\nmax_age:0").map(|read| read.mx.len()),
            Ok(0)
        );
        let forever = "version: STSv1\nmode: testing\nmx: a.test\nmax_age: 9999999999";
        assert_eq!(policy(forever).map(|read| read.max_age), Ok(MAX_AGE));
    }

    #[test]
    fn broken_policies_are_told() {
        for (text, fault) in [
            ("", "the policy does not say `version: STSv1`"),
            ("<html>", "the policy has a line that is no `key: value`"),
            (
                "version: STSv2\nmode: none\nmax_age: 1",
                "the policy does not say `version: STSv1`",
            ),
            (
                "version: STSv1\nmode: maybe\nmax_age: 1",
                "the policy has no mode of `enforce`, `testing` or `none`",
            ),
            (
                "version: STSv1\nmode: enforce\nmx: a.test",
                "the policy has no max_age in seconds",
            ),
            (
                "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: -1",
                "the policy has no max_age in seconds",
            ),
            (
                "version: STSv1\nmode: enforce\nmax_age: 1",
                "the policy names no mx",
            ),
        ] {
            assert_eq!(policy(text), Err(fault.into()), "{text:?}");
        }
    }
}
