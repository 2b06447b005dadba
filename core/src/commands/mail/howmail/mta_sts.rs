//! MTA-STS and TLS-RPT: policies of the recipient's domain on encryption (RFC 8461, RFC 8460).

use std::time::Duration;

use netvane_net::{
    dns::Client,
    mailauth::{
        self,
        records::{MtaSts as StsRecord, ReportUri, TlsRpt as RptRecord, TxtRecordParser},
    },
};

use super::{
    receiver::{MtaSts, Policy, TlsRpt},
    sender::is_version,
};
use crate::command::Context;

/// Maximum size of a policy file in bytes (RFC 8461 §3.2).
const MAX_POLICY: usize = 64 * 1024;
/// Timeout for fetching the policy file.
const TIMEOUT: Duration = Duration::from_secs(8);
/// Upper bound of `max_age` in seconds, about one year (RFC 8461 §3.2).
const MAX_AGE: u64 = 31_557_600;
/// Maximum number of `mx` patterns stored per policy.
const MAX_NAMES: usize = 64;

/// Looks up the DNS record and fetches the policy.
pub(crate) async fn mta_sts(cx: &Context, client: &Client, domain: &str) -> MtaSts {
    let record = match single_record(client, &format!("_mta-sts.{domain}"), "v=STSv1").await {
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
        found.fault = Some("the record is invalid".into());
        return found;
    }

    let url = format!("https://mta-sts.{domain}/.well-known/mta-sts.txt");
    let fetched = cx
        .net
        .http
        .get_unredirected(&url, "text/plain", MAX_POLICY, TIMEOUT)
        .await;

    let read = match fetched {
        Ok(fetched) if fetched.status == 200 => {
            parse_policy(&String::from_utf8_lossy(&fetched.body))
        }
        Ok(fetched) => Err(format!("{url} returned HTTP status {}", fetched.status)),
        Err(failure) => Err(format!("{url} could not be fetched: {failure}")),
    };

    match read {
        Ok(policy) => found.policy = Some(policy),
        Err(fault) => found.fault = Some(fault),
    }

    found
}

/// Looks up the addresses for TLS reports.
pub(crate) async fn tls_rpt(client: &Client, domain: &str) -> TlsRpt {
    let record = match single_record(client, &format!("_smtp._tls.{domain}"), "v=TLSRPTv1").await {
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
        Err(_) => found.fault = Some("the record is invalid".into()),
    }

    found
}

/// The only record of a version; fails if there are several (RFC 8461 §3.1, RFC 8460 §3).
async fn single_record(
    client: &Client,
    name: &str,
    version: &str,
) -> Result<Option<String>, String> {
    let texts = mailauth::texts(client, name).await?;
    let mut records = texts
        .into_iter()
        .filter(|text| is_version(text, version, &[';', ' ']));
    match (records.next(), records.next()) {
        (Some(_), Some(_)) => Err(format!(
            "expected one record at {name}, got several; senders ignore them"
        )),
        (first, _) => Ok(first),
    }
}

/// Parses a policy file of `key: value` lines (RFC 8461 §3.2).
pub(crate) fn parse_policy(text: &str) -> Result<Policy, String> {
    let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());

    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let Some((key, value)) = line.split_once(':') else {
            return Err("invalid policy: expected `key: value` lines".into());
        };
        let value = value.trim();
        // If a key appears several times, the first one applies.
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
        return Err("invalid policy: expected `version: STSv1`".into());
    }

    let mode = mode.filter(|mode| matches!(*mode, "enforce" | "testing" | "none"));
    let mode = mode
        .ok_or("invalid policy: `mode` must be `enforce`, `testing` or `none`")?
        .to_owned();
    let digits =
        max_age.filter(|age| age.len() <= 10 && age.bytes().all(|byte| byte.is_ascii_digit()));
    let max_age: u64 = digits
        .and_then(|age| age.parse().ok())
        .ok_or("invalid policy: `max_age` must be a number of seconds")?;
    if mx.is_empty() && mode != "none" {
        return Err("invalid policy: expected at least one `mx`".into());
    }

    Ok(Policy {
        mode,
        mx,
        max_age: max_age.min(MAX_AGE),
    })
}

impl Policy {
    /// Whether the policy lists this mail server; `*` matches exactly one label (RFC 8461 §4.1).
    pub(crate) fn names(&self, exchange: &str) -> bool {
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
    fn valid_policies_are_parsed() {
        let text = "version: STSv1\r\nmode: enforce\r\nmx: Mail.example.test\r\nmx: *.example.test.\r\nmax_age: 604800\r\nfuture: x\r\n";
        let read = parse_policy(text).expect("valid");
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
            parse_policy("version:STSv1\nmode:none\nmax_age:0").map(|read| read.mx.len()),
            Ok(0)
        );
        let forever = "version: STSv1\nmode: testing\nmx: a.test\nmax_age: 9999999999";
        assert_eq!(parse_policy(forever).map(|read| read.max_age), Ok(MAX_AGE));
    }

    #[test]
    fn rejects_invalid_policies() {
        for (text, fault) in [
            ("", "invalid policy: expected `version: STSv1`"),
            ("<html>", "invalid policy: expected `key: value` lines"),
            (
                "version: STSv2\nmode: none\nmax_age: 1",
                "invalid policy: expected `version: STSv1`",
            ),
            (
                "version: STSv1\nmode: maybe\nmax_age: 1",
                "invalid policy: `mode` must be `enforce`, `testing` or `none`",
            ),
            (
                "version: STSv1\nmode: enforce\nmx: a.test",
                "invalid policy: `max_age` must be a number of seconds",
            ),
            (
                "version: STSv1\nmode: enforce\nmx: a.test\nmax_age: -1",
                "invalid policy: `max_age` must be a number of seconds",
            ),
            (
                "version: STSv1\nmode: enforce\nmax_age: 1",
                "invalid policy: expected at least one `mx`",
            ),
        ] {
            assert_eq!(parse_policy(text), Err(fault.into()), "{text:?}");
        }
    }
}
