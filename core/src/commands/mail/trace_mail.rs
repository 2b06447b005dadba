//! `trace_mail`: origin and route of a message, from its Received headers.

#[cfg(test)]
mod cases;
mod checks;
mod present;
mod sender;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, sync::Arc, time::Duration};

use netvane_document::Failure;
use netvane_facts::{
    geo::{DatabaseInfo, GeoReader},
    mailtrace::{self, Anomaly, Authentication, Boundary, Claim, Trace, TrustPolicy},
};
use netvane_net::{mailauth::HashedMessage, offload};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    args::Message,
    command::{Command, Context, Next, Subject},
    commands::address::geo::{Place, PlaceSummary},
    spec::{Cost, Group, Spec},
};
use sender::Sender;

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
    /// The author as in the `From` field, decoded (RFC 2047); `null` without one.
    from: Option<String>,
    /// The subject, decoded (RFC 2047).
    subject: Option<String>,
    /// The `Date` field, RFC 3339 in UTC; as written if it cannot be read.
    date: Option<String>,
    /// The `Message-ID` field without angle brackets.
    message_id: Option<String>,
    /// Hops from the sender to the recipient.
    hops: Vec<Hop>,
    origin: Origin,
    authentication: Authentication,
    anomalies: Vec<Anomaly>,
    /// Whether the message is from the domain that its author claims.
    #[serde(default)]
    sender: Sender,
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
    const FOLLOW_UPS: &'static [Next] = &[
        Next::about("ip", Subject::FirstAddress),
        Next::about("whois", Subject::FirstAddress),
        Next::about("reverse", Subject::FirstAddress),
        Next::about("blocklist", Subject::FirstAddress),
    ];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let mut policy = cx.runtime.mail.trusted.clone();
        policy.now = Some(jiff::Timestamp::now());
        let message = self.message;
        let size = message.bytes.len();
        let (trace, hashed) = offload::run(size, move || read(&message, &policy)).await?;

        let claims = trace.verify.clone();
        let mut data = Data::new(&cx.runtime.geo.current(), trace);
        cx.progress(&data);
        let authenticated =
            checks::authenticate(cx, &claims, hashed.map(Arc::new), &mut data.authentication).await;
        data.sender = sender::judge(&data.authentication, &claims, authenticated.as_deref());
        Ok(data)
    }
}

/// Reads a message, and hashes its body if a signature needs that and the upload has not done it.
fn read(message: &Message, policy: &TrustPolicy) -> (Trace, Option<HashedMessage>) {
    let trace = mailtrace::trace(&message.bytes, policy);
    if trace.verify.signers.is_empty() && !trace.verify.arc {
        return (trace, None);
    }

    let hashed = match &message.rest {
        Some(whole) => whole.body_hashes.as_ref().and_then(|hashes| {
            HashedMessage::with_body_hashes(mailtrace::signed_head(&message.bytes)?, hashes)
        }),
        None => mailtrace::signed(&message.bytes)
            .map(|signed| HashedMessage::new(&signed.head, &signed.body)),
    };
    (trace, hashed)
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
            verify,
        } = trace;
        let sender = sender::judge(&authentication, &verify, None);

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
            sender,
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
