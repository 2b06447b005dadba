//! Whether a message is from the domain that its author claims.

use netvane_facts::mailtrace::{Authentication, Verify, names::is_same_organization};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known about the author's domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// SPF or DKIM, checked here, authenticates it.
    Authenticated,
    /// The recipient's server reports that it is authenticated, which was not checked here.
    Reported,
    /// It is not authenticated: the address may be forged.
    Unauthenticated,
    /// No result decides whether the sender is authenticated.
    #[default]
    Unknown,
}

/// The answer to the question whether the sender is who it claims to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Sender {
    pub(super) verdict: Verdict,
    /// The domain of the author's address; `null` if there is no single one.
    pub(super) domain: Option<String>,
    /// Why this is the verdict, without a final full stop.
    pub(super) reason: String,
}

/// The results of DMARC: the one that was checked here and the one that the recipient's server reports.
struct Results<'a> {
    checked: Option<&'a str>,
    reported: Option<&'a str>,
}

/// Decides from the results. `authenticated` is a domain of the author's organization that SPF or DKIM, checked here,
/// authenticates.
pub(super) fn judge(
    authentication: &Authentication,
    claims: &Verify,
    authenticated: Option<&str>,
) -> Sender {
    let [domain] = claims.author_domains.as_slice() else {
        return without_domain(claims);
    };
    if claims.from_fields > 1 {
        return without_domain(claims);
    }

    let dmarc = &authentication.dmarc;
    let reported = authentication
        .reported
        .iter()
        .find(|reported| reported.method == "dmarc");
    let results = Results {
        checked: dmarc.result.as_deref().filter(|_| dmarc.verified),
        reported: reported.map(|reported| reported.result.as_str()),
    };
    let policy = authentication.dmarc_policy.as_deref();

    let (verdict, reason) = match results {
        Results {
            checked: Some("pass"),
            reported: Some("fail"),
        } => (
            Verdict::Unknown,
            "DMARC passes now, but failed for the receiver".to_owned(),
        ),
        Results {
            checked: Some("pass"),
            ..
        } => (Verdict::Authenticated, "DMARC pass".to_owned()),
        Results {
            checked: Some("fail"),
            ..
        } => (
            Verdict::Unauthenticated,
            format!("DMARC fail{}", requested(policy)),
        ),
        Results {
            reported: Some("fail"),
            ..
        } => (
            Verdict::Unauthenticated,
            format!("DMARC failed for the receiver{}", requested(policy)),
        ),
        Results { reported, .. } => {
            by_alignment(authentication, domain, authenticated, reported, policy)
        }
    };

    Sender {
        verdict,
        domain: Some(domain.clone()),
        reason,
    }
}

/// What the domain asks receivers to do.
fn requested(policy: Option<&str>) -> String {
    match policy {
        Some("reject") => ", the domain asks to reject such mail (p=reject)".to_owned(),
        Some("quarantine") => {
            ", the domain asks to treat such mail as suspicious (p=quarantine)".to_owned()
        }
        Some(policy) => format!(", policy {policy}"),
        None => String::new(),
    }
}

/// Decides without a DMARC record, or where DMARC could not be checked.
fn by_alignment(
    authentication: &Authentication,
    domain: &str,
    authenticated: Option<&str>,
    reported: Option<&str>,
    policy: Option<&str>,
) -> (Verdict, String) {
    if let Some(by) = authenticated {
        let reason = format!("SPF or DKIM passes for {by}");
        return (Verdict::Authenticated, reason);
    }
    if reported == Some("pass") {
        return (
            Verdict::Reported,
            "DMARC passed for the receiver; not checked here".to_owned(),
        );
    }

    let spf = &authentication.spf;
    let is_authors = spf
        .domain
        .as_deref()
        .is_some_and(|sender| is_same_organization(sender, domain));
    if spf.verified && spf.result.as_deref() == Some("fail") && is_authors && policy.is_none() {
        return (
            Verdict::Unauthenticated,
            "SPF fails, and no signature passes".to_owned(),
        );
    }

    let dmarc = &authentication.dmarc;
    let record = match (dmarc.verified, dmarc.result.as_deref()) {
        (true, Some("none")) => "there is no DMARC record",
        (true, Some("permerror")) => "the DMARC record is invalid",
        _ => "DMARC cannot be decided",
    };
    let reason = format!("{}, and {record}", missing_proofs(authentication));
    (Verdict::Unknown, reason)
}

/// Why neither SPF nor DKIM authenticates the author.
fn missing_proofs(authentication: &Authentication) -> String {
    let spf = if authentication.spf.verified {
        "SPF does not authenticate it"
    } else {
        "SPF could not be checked"
    };
    let dkim = &authentication.dkim;
    let signatures = if dkim.is_empty() {
        "there is no signature"
    } else if dkim.iter().all(|signature| signature.verified) {
        "no signature authenticates it"
    } else {
        "not all signatures could be checked"
    };
    format!("{spf}, {signatures}")
}

/// A message whose `From` names no single domain.
fn without_domain(claims: &Verify) -> Sender {
    let (verdict, reason) = match (claims.from_fields, claims.author_domains.len()) {
        (0, _) => (Verdict::Unknown, "there is no From header".to_owned()),
        // Bounces of local mail: `From: MAILER-DAEMON`.
        (1, 0) => (
            Verdict::Unknown,
            "the From header has no address with a domain".to_owned(),
        ),
        (1, _) => (
            Verdict::Unauthenticated,
            "the From header has addresses of several domains".to_owned(),
        ),
        (fields, _) => (
            Verdict::Unauthenticated,
            format!("there are {fields} From headers, only one is allowed"),
        ),
    };
    Sender {
        verdict,
        domain: None,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use netvane_facts::mailtrace::AuthResult;

    use super::*;

    fn claims(from_fields: usize, domains: &[&str]) -> Verify {
        Verify {
            from_fields,
            author_domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            ..Verify::default()
        }
    }

    fn checked(result: &str, domain: &str) -> AuthResult {
        AuthResult {
            result: Some(result.to_owned()),
            verified: true,
            domain: Some(domain.to_owned()),
            ..AuthResult::default()
        }
    }

    #[test]
    fn only_one_domain_can_be_authenticated() {
        let passed = Authentication {
            dmarc: checked("pass", "a.example"),
            ..Authentication::default()
        };
        for (from_fields, domains, verdict) in [
            (1, &["a.example"][..], Verdict::Authenticated),
            (2, &["a.example"], Verdict::Unauthenticated),
            (2, &["a.example", "b.example"], Verdict::Unauthenticated),
            (1, &["a.example", "b.example"], Verdict::Unauthenticated),
            (1, &[], Verdict::Unknown),
            (0, &[], Verdict::Unknown),
        ] {
            let sender = judge(&passed, &claims(from_fields, domains), Some("a.example"));
            assert_eq!(sender.verdict, verdict, "{from_fields} {domains:?}");
        }
    }

    #[test]
    fn without_a_record_the_authenticated_domain_decides() {
        for (spf, spf_domain, authenticated, verdict) in [
            (
                "pass",
                "a.example",
                Some("a.example"),
                Verdict::Authenticated,
            ),
            (
                "fail",
                "a.example",
                Some("mail.a.example"),
                Verdict::Authenticated,
            ),
            ("fail", "mail.a.example", None, Verdict::Unauthenticated),
            ("softfail", "a.example", None, Verdict::Unknown),
            ("pass", "b.example", None, Verdict::Unknown),
            ("fail", "b.example", None, Verdict::Unknown),
        ] {
            let authentication = Authentication {
                spf: checked(spf, spf_domain),
                dmarc: checked("none", "a.example"),
                ..Authentication::default()
            };
            let sender = judge(&authentication, &claims(1, &["a.example"]), authenticated);
            assert_eq!(
                sender.verdict, verdict,
                "{spf} {spf_domain} {authenticated:?}"
            );
        }
    }
}
