//! Finds the problems of a DMARC policy.

use netvane_facts::mailpolicy::dmarc::{
    Policy, Record, Target,
    walk::{Applied, Found, Walk},
};

use super::reports::ReportAddress;
use crate::commands::mail::problem::{Code, Problem, Problems};

/// What was looked up about a domain.
pub(super) struct Checked<'a> {
    /// The domain does not exist.
    pub(super) nxdomain: bool,
    pub(super) walk: &'a Walk,
    /// The record that applies to the domain.
    pub(super) applied: Option<Applied<'a>>,
    /// Policy for the domain.
    pub(super) policy: Option<Policy>,
    /// All TXT records at `_dmarc` below the domain.
    pub(super) own_texts: &'a [String],
    /// The organizational domain by the public suffix list.
    pub(super) suffix_list_domain: Option<&'a str>,
    pub(super) rua: &'a [ReportAddress],
    pub(super) ruf: &'a [ReportAddress],
}

/// All problems, worst first.
pub(super) fn problems(checked: &Checked<'_>) -> Vec<Problem> {
    let mut problems = Problems::default();
    check_versions(&mut problems, checked);

    for (name, count) in &checked.walk.ambiguous {
        problems.error(
            Code::SeveralRecords,
            format!("_dmarc.{name} has {count} DMARC records, so receivers use none of them (RFC 9989 §4.10)"),
            "Remove all but one",
        );
    }

    let Some(applied) = checked.applied else {
        report_missing(&mut problems, checked);
        return problems.worst_first();
    };
    check_record(&mut problems, applied.found);
    check_policy(&mut problems, checked, &applied);
    check_reports(&mut problems, checked, applied.found);
    check_suffix_list(&mut problems, checked, &applied);
    problems.worst_first()
}

/// Texts at `_dmarc` that were probably meant as a record.
fn check_versions(problems: &mut Problems, checked: &Checked<'_>) {
    use netvane_facts::mailpolicy::dmarc::is_record;
    let looks_like_one = |text: &&String| {
        let head: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(7)
            .collect();
        let head = head.to_ascii_lowercase();
        !is_record(text)
            && (head == "v=dmarc" || head.starts_with("dmarc") || head.starts_with("p="))
    };
    for text in checked.own_texts.iter().filter(looks_like_one) {
        let shown: String = text.chars().take(40).collect();
        problems.error(
            Code::InvalidVersion,
            format!("`{shown}` is not a DMARC record: it must start with `v=DMARC1;`, in exactly this case"),
            "Correct the start of the record",
        );
    }
}

fn report_missing(problems: &mut Problems, checked: &Checked<'_>) {
    if checked.nxdomain {
        return problems.warning(
            Code::NoRecord,
            format!("{} does not exist (NXDOMAIN)", checked.walk.domain),
            "Check the spelling of the domain",
        );
    }
    let domain = checked
        .suffix_list_domain
        .unwrap_or(checked.walk.domain.as_str());
    problems.warning(
        Code::NoRecord,
        "No DMARC record, so receivers have no instruction for mail that fails SPF and DKIM",
        format!("Publish a TXT record at _dmarc.{domain}: `v=DMARC1; p=none; rua=mailto:dmarc@{domain}`, and raise `p` when the reports look right"),
    );
}

/// Mistakes in the text of the record.
fn check_record(problems: &mut Problems, found: &Found) {
    for problem in &found.record.problems {
        if problem.is_harmless {
            problems.info(
                Code::IgnoredTag,
                problem.text.clone(),
                "Remove it if it is a mistake",
            );
        } else {
            problems.error(
                Code::InvalidRecord,
                problem.text.clone(),
                format!("Correct the record at _dmarc.{}", found.domain),
            );
        }
    }
}

fn check_policy(problems: &mut Problems, checked: &Checked<'_>, applied: &Applied<'_>) {
    let record = &applied.found.record;
    if checked.policy == Some(Policy::None) {
        problems.warning(
            Code::PolicyNone,
            "The policy is `none`: forged mail is delivered as usual",
            "Raise the policy to `quarantine`, then to `reject`, when the reports show that your own mail passes",
        );
    }
    if record.is_testing && checked.policy > Some(Policy::None) {
        problems.warning(
            Code::Testing,
            "The policy is being tested (`t=y`), so receivers apply one step less",
            "Remove `t=y` when the test is over",
        );
    }
    check_subdomains(problems, checked, record, applied.is_inherited);
}

/// Subdomains with a weaker policy are what forgers use.
fn check_subdomains(
    problems: &mut Problems,
    checked: &Checked<'_>,
    record: &Record,
    is_inherited: bool,
) {
    if is_inherited {
        return;
    }
    for (target, tag, what) in [
        (Target::Subdomain, "sp", "subdomains"),
        (
            Target::MissingSubdomain,
            "np",
            "subdomains that do not exist",
        ),
    ] {
        let policy = record.policy_for(target);
        if let (Some(own), Some(below)) = (checked.policy, policy)
            && below < own
        {
            problems.warning(
                Code::WeakSubdomainPolicy,
                format!(
                    "For {what} the policy is only `{}`, so they can be forged",
                    below.as_str()
                ),
                format!("Remove `{tag}=`, or raise it"),
            );
            return;
        }
    }
}

fn check_reports(problems: &mut Problems, checked: &Checked<'_>, found: &Found) {
    let publisher = &found.domain;
    if checked.rua.is_empty() {
        problems.info(
            Code::NoReports,
            "No address for aggregate reports (`rua=`), so you do not see who sends in the domain's name",
            format!("Add `rua=mailto:dmarc@{publisher}`"),
        );
    }

    for address in checked.rua.iter().chain(checked.ruf) {
        let uri = address.uri();
        match (&address.external, address.accepted) {
            (Some(domain), Some(false)) => problems.error(
                Code::ReportNotAccepted,
                format!("{domain} does not permit reports about {publisher} to {uri}, so receivers do not send them (RFC 7489 §7.1)"),
                format!("The owner of {domain} must publish `v=DMARC1` as TXT at {publisher}._report._dmarc.{domain}"),
            ),
            (Some(domain), None) => problems.warning(
                Code::LookupFailed,
                format!("Whether {domain} accepts reports about {publisher} could not be looked up"),
                "Try again later",
            ),
            _ if !address.is_mail() => problems.info(
                Code::ReportScheme,
                format!("Most receivers do not send reports to {uri}"),
                "Use a `mailto:` address",
            ),
            _ => {}
        }
    }
}

/// Receivers that still follow RFC 7489 look at the domain and at its organizational domain by the public suffix list.
fn check_suffix_list(problems: &mut Problems, checked: &Checked<'_>, applied: &Applied<'_>) {
    let walk = checked.walk;
    let Some(listed) = checked.suffix_list_domain else {
        return;
    };
    let at = |domain: &str| walk.found.iter().any(|found| found.domain == domain);
    let found_by_list = [walk.domain.as_str(), listed].into_iter().find(|it| at(it));

    let found = applied.found.domain.as_str();
    if found_by_list != Some(found) {
        let other = match found_by_list {
            Some(other) => format!("that of {other}"),
            None => "none".into(),
        };
        problems.warning(
            Code::SuffixListDiffers,
            format!("Receivers that walk the tree (RFC 9989) use the record of {found}, those with the public suffix list (RFC 7489) {other}"),
            format!("Publish the same record at _dmarc.{}", walk.domain),
        );
        return;
    }
    if let Ok(organization) = walk.organizational_domain()
        && organization != listed
    {
        problems.info(
            Code::SuffixListDiffers,
            format!("The organizational domain is {organization} by the tree walk (RFC 9989) and {listed} by the public suffix list (RFC 7489), so receivers may differ on which domains match"),
            "Sign with the author's own domain, which matches for both",
        );
    }
}
