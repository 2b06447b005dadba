//! Checks of SPF, DKIM, DMARC and ARC, and their results as data.

use std::{sync::Arc, time::Duration};

use netvane_facts::mailtrace::{AuthResult, Authentication, Verify};
use netvane_net::mailauth::{
    AuthorClaims, Checked, Envelope, HashedMessage, MessageChecked,
    dmarc::{DmarcCheck, DmarcResult},
    spf::{SpfCheck, SpfResult},
};

use crate::command::Context;

/// Timeout for SPF, DKIM, DMARC and ARC lookups. Results that miss it stay as the receiver reported them.
const AUTHENTICATION_PATIENCE: Duration = Duration::from_secs(8);

/// Verifies what the message allows: SPF if the sending address is verified, DKIM and ARC if the body is present, and
/// DMARC with the results. Temporary errors keep the result that the receiver reported. Returns the domain of the
/// author's organization that is authenticated.
pub(super) async fn authenticate(
    cx: &Context,
    claims: &Verify,
    message: Option<Arc<HashedMessage>>,
    results: &mut Authentication,
) -> Option<String> {
    let envelope = claims.spf.as_ref().map(|input| Envelope {
        address: input.address,
        helo: input.helo.as_deref().unwrap_or_default(),
        by: input.by.as_deref().unwrap_or_default(),
        mail_from: &input.mail_from,
    });
    let author = AuthorClaims {
        from_fields: claims.from_fields,
        domains: &claims.author_domains,
        signers: &claims.signers,
    };
    if message.is_none() && envelope.is_none() && author.domains.is_empty() {
        return None;
    }

    let mut checked = cx
        .net
        .mailauth
        .verify(message, envelope, author, AUTHENTICATION_PATIENCE)
        .await;
    let authenticated = checked.authenticated.take();
    show(checked, envelope, results);
    authenticated
}

/// Replaces what the receiver reported by what was checked, except for temporary errors.
fn show(checked: MessageChecked, envelope: Option<Envelope<'_>>, results: &mut Authentication) {
    let is_final = |checked: &Checked| checked.result != "temperror";

    if let Some(spf) = checked.spf.filter(|spf| spf.result != SpfResult::TempError) {
        results.spf = spf_result(&spf, envelope);
    }
    for (results, checked) in results.dkim.iter_mut().zip(checked.dkim) {
        if is_final(&checked) {
            (results.result, results.verified, results.detail) =
                (Some(checked.result.into()), true, checked.detail);
        }
    }
    if let Some(dmarc) = checked.dmarc {
        results.dmarc_policy = dmarc
            .requested_handling()
            .map(|policy| policy.as_str().to_owned());
        if dmarc.result != DmarcResult::TempError {
            results.dmarc = dmarc_result(&dmarc);
        } else if results.dmarc.result.is_none() {
            results.dmarc.detail = dmarc_result(&dmarc).detail;
        }
    }
    if let Some(arc) = checked.arc.filter(is_final) {
        results.arc = verified(arc.result, arc.detail, "");
    }
}

fn verified(result: &str, detail: String, domain: &str) -> AuthResult {
    AuthResult {
        result: Some(result.into()),
        verified: true,
        detail,
        domain: Some(domain.to_owned()).filter(|domain| !domain.is_empty()),
    }
}

/// Shows who was checked and, unless the client may send, the reason.
fn spf_result(spf: &SpfCheck, envelope: Option<Envelope<'_>>) -> AuthResult {
    let sender = envelope.map_or(spf.domain.as_str(), |envelope| {
        if envelope.mail_from.is_empty() {
            envelope.helo
        } else {
            envelope.mail_from
        }
    });
    let address = envelope.map(|envelope| format!("{} for ", envelope.address));
    let reason = match spf.result {
        SpfResult::Pass => String::new(),
        _ => format!(": {}", spf.reason),
    };
    let detail = format!("{}{sender}{reason}", address.unwrap_or_default());
    verified(spf.result.as_str(), detail, &spf.domain)
}

/// Shows the author's domain, the reason, and the policy with the domain that published it.
fn dmarc_result(dmarc: &DmarcCheck) -> AuthResult {
    let domain = match dmarc.domain.as_str() {
        "" => String::new(),
        domain => format!("{domain}: "),
    };
    let policy = match (dmarc.policy, &dmarc.found_at) {
        (Some(policy), Some(found_at)) => {
            let testing = if dmarc.is_testing { ", test mode" } else { "" };
            format!("; policy of {found_at}: {}{testing}", policy.as_str())
        }
        _ => String::new(),
    };
    let detail = format!("{domain}{}{policy}", dmarc.reason);
    verified(dmarc.result.as_str(), detail, &dmarc.domain)
}

#[cfg(test)]
mod tests;
