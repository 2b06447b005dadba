//! Sections about optional policies: MTA-STS, TLS-RPT and BIMI.

use netvane_net::mailauth;
use serde_json::json;
use url::Url;

use super::{
    Data, Report,
    certificates::Server,
    section::{Checked, SectionName, SectionProblem, SectionState},
};
use crate::commands::dns::lookup::count;
use crate::commands::mail::{
    howmail::{
        mta_sts,
        receiver::{MtaSts, Policy},
    },
    problem::{Code, Problem, Problems},
};

impl Report<'_> {
    pub(super) async fn check_mta_sts(&self) {
        let found = mta_sts::mta_sts(self.cx, self.client, self.domain).await;
        self.record(SectionName::MtaSts, judge_mta_sts(&found));
    }

    pub(super) async fn check_tls_rpt(&self) {
        let found = mta_sts::tls_rpt(self.client, self.domain).await;
        let mut problems = Problems::default();
        let checked = match (&found.record, &found.fault) {
            (None, Some(why)) if is_failed_lookup(why) => Checked::unknown(why.clone()),
            (_, Some(why)) => {
                problems.error(
                    Code::InvalidRecord,
                    why.clone(),
                    "Publish one record such as `v=TLSRPTv1; rua=mailto:tls@example.com`",
                );
                Checked::new("Published, but invalid", problems.worst_first(), true)
            }
            (None, None) => Checked::new("Not published", Vec::new(), false),
            (Some(_), None) => Checked::new(
                format!("Reports to {}", found.reports.join(", ")),
                Vec::new(),
                true,
            ),
        };
        self.record(SectionName::TlsRpt, checked.with(&found));
    }

    pub(super) async fn check_bimi(&self) {
        let own = self.domain.to_owned();
        let organization = psl::domain_str(&own).filter(|organization| *organization != own);
        let names = [Some(own.as_str()), organization];
        let lookups = names.into_iter().flatten().map(|domain| async move {
            mailauth::texts(self.client, &format!("default._bimi.{domain}")).await
        });
        let answers = futures::future::join_all(lookups).await;

        let mut checked = Checked::new("Not published", Vec::new(), false);
        for answer in answers {
            match answer {
                Err(why) => {
                    checked = Checked::unknown(why);
                    break;
                }
                Ok(texts) => {
                    let is_bimi = |text: &String| {
                        text.trim_start()
                            .to_ascii_lowercase()
                            .starts_with("v=bimi1")
                    };
                    let records: Vec<String> = texts.into_iter().filter(is_bimi).collect();
                    if !records.is_empty() {
                        checked = judge_bimi(&records);
                        break;
                    }
                }
            }
        }
        self.record(SectionName::Bimi, checked);
    }
}

/// Whether a fault is a failed lookup, so that nothing is known about the record.
fn is_failed_lookup(fault: &str) -> bool {
    fault.starts_with("could not look up")
}

fn judge_mta_sts(found: &MtaSts) -> Checked {
    let mut problems = Problems::default();
    let summary = match (&found.record, &found.policy, &found.fault) {
        (None, None, None) => return Checked::new("Not published", Vec::new(), false),
        (None, _, Some(why)) if is_failed_lookup(why) => return Checked::unknown(why.clone()),
        (_, _, Some(why)) => {
            problems.error(
                Code::InvalidPolicy,
                format!("Senders cannot use the policy: {why}"),
                "Serve a valid policy over HTTPS and publish one record, or remove the record",
            );
            "Published, but of no use".to_owned()
        }
        (_, Some(policy), None) => {
            if policy.mode != "enforce" {
                problems.info(
                    Code::NotEnforced,
                    format!(
                        "The policy is in mode `{}`, so failures of TLS are only reported",
                        policy.mode
                    ),
                    "Change the mode to `enforce` when the reports look right",
                );
            }
            let days = (policy.max_age / 86_400) as usize;
            format!(
                "Mode {}, cached for {}",
                policy.mode,
                count(days, "day", "days")
            )
        }
        (Some(_), None, None) => return Checked::unknown("The policy was not fetched"),
    };
    Checked::new(summary, problems.worst_first(), true).with(found)
}

fn judge_bimi(records: &[String]) -> Checked {
    let mut problems = Problems::default();
    if records.len() > 1 {
        problems.error(
            Code::SeveralRecords,
            format!("There are {} BIMI records, so none is used", records.len()),
            "Remove all but one",
        );
    }
    let record = records.first().map(String::as_str).unwrap_or_default();
    let tag = |name: &str| {
        record
            .split(';')
            .filter_map(|tag| tag.split_once('='))
            .find(|(tag, _)| tag.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    };
    let (logo, certificate) = (tag("l"), tag("a"));
    let is_https = |url: &str| Url::parse(url).is_ok_and(|url| url.scheme() == "https");

    for (name, value) in [("l", &logo), ("a", &certificate)] {
        if value
            .as_deref()
            .is_some_and(|url| !url.is_empty() && !is_https(url))
        {
            problems.error(
                Code::InvalidRecord,
                format!("`{name}=` must be an https URL"),
                "Correct the record at default._bimi",
            );
        }
    }
    let summary = match logo.as_deref() {
        None => {
            problems.error(
                Code::InvalidRecord,
                "The record has no logo: the tag `l` is missing",
                "Add `l=https://…/logo.svg`",
            );
            "Published, but invalid"
        }
        Some("") => "Declined: the domain publishes no logo",
        Some(_) if certificate.as_deref().is_some_and(|url| !url.is_empty()) => {
            "Logo with a certificate"
        }
        Some(_) => "Logo without a certificate, which many mail programs require",
    };
    let data = json!({ "record": record, "logo": logo, "certificate": certificate });
    Checked::new(summary, problems.worst_first(), true).with(&data)
}

/// Adds the problems that concern several sections, when all are complete.
pub(super) fn compare(data: &mut Data) {
    if let Some(policy) = mta_sts_policy(data) {
        compare_mail_servers(data, &policy);
        compare_certificates(data, &policy);
    }
    compare_bimi(data);
}

/// The MTA-STS policy, if there is one that asks for something.
fn mta_sts_policy(data: &Data) -> Option<Policy> {
    let policy = data.sections.mta_sts.data.get("policy")?.clone();
    let policy: Policy = serde_json::from_value(policy).ok()?;
    (policy.mode != "none").then_some(policy)
}

/// Mail servers that the MTA-STS policy names and whose certificate does not fulfil it (RFC 8461 §4.2).
fn compare_certificates(data: &mut Data, policy: &Policy) {
    let servers = data.sections.starttls.data.get("servers").cloned();
    let servers: Vec<Server> = servers
        .and_then(|servers| serde_json::from_value(servers).ok())
        .unwrap_or_default();

    let mut problems = Problems::default();
    for server in servers {
        let host = &server.exchange.exchange;
        let why = match &server.certificate {
            Some(certificate) => certificate.reason(),
            None => {
                let offers = server.exchange.welcome.starttls;
                (offers == Some(false)).then_some("it does not offer TLS")
            }
        };
        let Some(why) = why.filter(|_| policy.names(host)) else {
            continue;
        };
        let text = format!("The policy demands a valid certificate of {host}, but {why}");
        let fix = format!("Install a certificate for {host} that a public authority signed");
        if policy.mode == "enforce" {
            let text = format!("{text}; senders do not deliver there");
            problems.error(Code::PolicyUnmet, text, fix);
        } else {
            problems.warning(Code::PolicyUnmet, text, fix);
        }
    }
    data.add(SectionName::MtaSts, problems.worst_first());
}

/// Mail servers that the MTA-STS policy does not name.
fn compare_mail_servers(data: &mut Data, policy: &Policy) {
    let hosts = data
        .sections
        .mx
        .data
        .get("hosts")
        .and_then(|hosts| hosts.as_array());
    let names = hosts
        .into_iter()
        .flatten()
        .filter_map(|host| host["exchange"].as_str());
    let missing: Vec<String> = names
        .filter(|name| !policy.names(name))
        .map(str::to_owned)
        .collect();
    if missing.is_empty() {
        return;
    }

    let mut problems = Problems::default();
    let text = format!("The policy does not name {}", missing.join(", "));
    let fix =
        "Add the mail servers to the policy as `mx:` lines, and change the `id` of the record";
    if policy.mode == "enforce" {
        problems.error(
            Code::PolicyMismatch,
            format!("{text}, so senders do not deliver there"),
            fix,
        );
    } else {
        problems.warning(Code::PolicyMismatch, text, fix);
    }
    data.add(SectionName::MtaSts, problems.worst_first());
}

/// A logo is shown only for domains whose DMARC policy is enforced.
fn compare_bimi(data: &mut Data) {
    let logo = data
        .sections
        .bimi
        .data
        .get("logo")
        .and_then(|logo| logo.as_str());
    if logo.is_none_or(str::is_empty) || data.sections.dmarc.state == SectionState::Unknown {
        return;
    }
    let policy = data
        .sections
        .dmarc
        .data
        .get("policy")
        .and_then(|policy| policy.as_str());
    if matches!(policy, Some("quarantine" | "reject")) {
        return;
    }
    let mut problems = Problems::default();
    problems.warning(
        Code::BimiNeedsDmarc,
        "The logo is not shown, because BIMI needs the DMARC policy `quarantine` or `reject`",
        "Raise the DMARC policy",
    );
    data.add(SectionName::Bimi, problems.worst_first());
}

impl Data {
    /// Adds problems to a section that is complete.
    fn add(&mut self, name: SectionName, problems: Vec<Problem>) {
        let state = SectionState::worst_of(&problems);
        let section = self.sections.get_mut(name);
        section.state = section.state.and(name, state);
        self.problems
            .extend(problems.into_iter().map(|problem| SectionProblem {
                section: name,
                problem,
            }));
    }
}
