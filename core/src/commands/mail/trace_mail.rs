//! `trace_mail`: origin and route of a message, from its Received headers.

mod present;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, sync::Arc, time::Duration};

use netvane_document::Failure;
use netvane_facts::{
    geo::{DatabaseInfo, GeoReader},
    mailtrace::{self, Anomaly, AuthResult, Authentication, Boundary, Claim, Trace},
};
use netvane_net::{
    mailauth::{
        Envelope,
        dmarc::{DmarcCheck, DmarcResult},
        spf::{SpfCheck, SpfResult},
    },
    offload,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::Message,
    command::{Command, Context},
    commands::address::geo::{Place, PlaceSummary},
    spec::{Cost, Group, Spec},
};

/// Timeout for SPF, DKIM, DMARC and ARC lookups. Results that miss it stay as the receiver reported them.
const AUTHENTICATION_PATIENCE: Duration = Duration::from_secs(8);

/// Origin and route of a message, from its Received headers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceMail {
    /// Message headers, or the whole message.
    message: Message,
}

/// Route, origin and authentication of a message.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    from: Option<String>,
    subject: Option<String>,
    date: Option<String>,
    message_id: Option<String>,
    /// Hops from the sender to the recipient.
    hops: Vec<Hop>,
    origin: Origin,
    authentication: Authentication,
    anomalies: Vec<Anomaly>,
    /// How far the Received headers can be trusted.
    boundary: Boundary,
    /// Addresses from other headers, all unverified.
    claims: Vec<Claim>,
    /// Parts of the input that were skipped or repaired.
    notes: Vec<String>,
    /// Geo databases that were used.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    databases: Arc<[DatabaseInfo]>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Hop {
    #[serde(flatten)]
    hop: mailtrace::MailHop,
    /// Location and network of `from_address`, for public addresses only.
    #[serde(flatten)]
    place: PlaceSummary,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Origin {
    #[serde(flatten)]
    origin: mailtrace::Origin,
    #[serde(flatten)]
    place: PlaceSummary,
}

impl Command for TraceMail {
    const SPEC: Spec = Spec {
        name: "trace_mail",
        aliases: &["trace_email"],
        group: Group::Mail,
        examples: &[
            "trace_mail Received: from a.example (a.example [192.0.2.1]) by b.example; Mon, 2 Mar 2026 10:00:00 \
             +0000",
        ],
        timeout: Duration::from_secs(15),
        cost: Cost::Light,
        sends: 32 << 10,
    };
    type Data = Data;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let mut policy = cx.runtime.mail.trusted.clone();
        policy.now = Some(jiff::Timestamp::now());
        let message = self.message.0.into_bytes();
        let (trace, signed) = offload::run(message.len(), move || {
            let trace = mailtrace::trace(&message, &policy);
            let signed = is_verifiable(&trace)
                .then(|| mailtrace::signed(&message))
                .flatten();
            (trace, signed)
        })
        .await?;
        let mut data = Data::new(&cx.runtime.geo.current(), trace.clone());
        cx.progress(&data);
        authenticate(cx, &trace, signed.as_deref(), &mut data.authentication).await;
        Ok(data)
    }
}

/// Whether the signed form of the message is needed: without a signature, DMARC depends on SPF alone.
fn is_verifiable(trace: &Trace) -> bool {
    trace.verify.dkim || trace.verify.arc || trace.verify.spf.is_some()
}

/// Verifies what the message allows: SPF if the sending address is verified; DKIM, ARC and DMARC if the body is
/// present. Temporary errors keep the result that the receiver reported.
async fn authenticate(
    cx: &Context,
    trace: &Trace,
    signed: Option<&[u8]>,
    said: &mut Authentication,
) {
    let input = trace.verify.spf.as_ref();
    let envelope = input.map(|input| Envelope {
        address: input.address,
        helo: input.helo.as_deref().unwrap_or_default(),
        by: input.by.as_deref().unwrap_or_default(),
        mail_from: &input.mail_from,
    });

    if signed.is_none() && envelope.is_none() {
        return;
    }

    let checked = cx
        .net
        .mailauth
        .verify(signed, envelope, AUTHENTICATION_PATIENCE)
        .await;

    if let Some(spf) = checked.spf.filter(|spf| spf.result != SpfResult::TempError) {
        said.spf = spf_result(&spf, envelope);
    }
    for (said, checked) in said.dkim.iter_mut().zip(checked.dkim) {
        if checked.result != "temperror" {
            (said.result, said.verified, said.detail) =
                (Some(checked.result.into()), true, checked.detail);
        }
    }
    if let Some(dmarc) = checked
        .dmarc
        .filter(|dmarc| dmarc.result != DmarcResult::TempError)
    {
        said.dmarc_policy = dmarc
            .requested_handling()
            .map(|policy| policy.as_str().to_owned());
        said.dmarc = dmarc_result(&dmarc);
    }
    if let Some(arc) = checked.arc.filter(|arc| arc.result != "temperror") {
        said.arc = verified(arc.result, arc.detail);
    }
}

fn verified(result: &str, detail: String) -> AuthResult {
    AuthResult {
        result: Some(result.into()),
        verified: true,
        detail,
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
    verified(spf.result.as_str(), detail)
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
    verified(dmarc.result.as_str(), detail)
}

impl Data {
    pub(crate) fn new(geo: &GeoReader, trace: Trace) -> Self {
        let Trace {
            from,
            subject,
            date,
            message_id,
            hops,
            boundary,
            origin,
            claims,
            authentication,
            anomalies,
            notes,
            ..
        } = trace;

        let hops = hops.into_iter().map(|hop| Hop::new(geo, hop)).collect();
        let origin = Origin::new(geo, origin);

        Self {
            from,
            subject,
            date,
            message_id,
            hops,
            origin,
            authentication,
            anomalies,
            boundary,
            claims,
            notes,
            databases: geo.databases().clone(),
        }
    }
}

impl Origin {
    fn new(geo: &GeoReader, origin: mailtrace::Origin) -> Self {
        Self {
            place: place_of(geo, origin.address),
            origin,
        }
    }
}

fn place_of(geo: &GeoReader, address: Option<IpAddr>) -> PlaceSummary {
    address
        .map(|address| PlaceSummary::from(&Place::new(geo, address)))
        .unwrap_or_default()
}

impl Hop {
    fn new(geo: &GeoReader, hop: mailtrace::MailHop) -> Self {
        Self {
            place: place_of(geo, hop.from_address),
            hop,
        }
    }
}
