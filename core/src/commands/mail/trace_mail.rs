//! `trace_mail`: where a message was sent from, hop by hop.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::commands::{address::geo::Place, dns::lookup::count};
use crate::{
    args::Message,
    command::{Command, Context},
    spec::{Cost, Group, Spec},
};
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    geo::{ATTRIBUTION, GeoReader},
    mailtrace::{
        self, Anomaly, Authentication, Boundary, BoundaryKind, Claim, Confidence, Outcome, Trace,
    },
    target::both_forms,
};
use netvane_net::mailauth::{Checked, Envelope};

/// Looking up policies and keys ends by then; what is not back stays as the receiver said it.
const AUTHENTICATION_PATIENCE: Duration = Duration::from_secs(8);

/// Where a message was sent from, hop by hop.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TraceMail {
    /// The message's headers, or the whole message.
    message: Message,
}

/// The contract's `trace_mail`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Data {
    from: Option<String>,
    subject: Option<String>,
    date: Option<String>,
    message_id: Option<String>,
    /// From the sender to the reader.
    hops: Vec<Hop>,
    origin: Origin,
    authentication: Authentication,
    anomalies: Vec<Anomaly>,
    /// Where belief ends.
    boundary: Boundary,
    /// Addresses that others name, none of them proven.
    claims: Vec<Claim>,
    /// What was left out or mended in the input.
    notes: Vec<String>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Hop {
    #[serde(flatten)]
    hop: mailtrace::Hop,
    /// Of a public address, ISO 3166-1 alpha-2.
    country: Option<String>,
    asn: Option<u32>,
    #[serde(skip)]
    place: Option<String>,
    #[serde(skip)]
    holder: Option<String>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Origin {
    #[serde(flatten)]
    origin: mailtrace::Origin,
    country: Option<String>,
    city: Option<String>,
    asn: Option<u32>,
    organization: Option<String>,
    #[serde(skip)]
    place: Option<String>,
    #[serde(skip)]
    holder: Option<String>,
}

impl Command for TraceMail {
    const SPEC: Spec = Spec {
        name: "trace_mail",
        aliases: &["trace_email"],
        about: "Where a message was sent from, hop by hop, told from its headers",
        group: Group::Mail,
        examples: &[
            "trace_mail Received: from a.example (a.example [192.0.2.1]) by b.example; Mon, 2 Mar 2026 10:00:00 +0000",
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
        // A message of many megabytes takes its time to read.
        let (trace, message) =
            tokio::task::spawn_blocking(move || (mailtrace::trace(&message, &policy), message))
                .await
                .map_err(|_| Failure::Internal)?;
        let mut data = Data::new(&cx.runtime.geo.current(), trace.clone());
        cx.progress(&data);
        authenticate(cx, &trace, &message, &mut data.authentication).await;
        Ok(data)
    }
}

/// Evaluates again what can be: SPF for the address that is a fact, and with the body DKIM, ARC and DMARC.
async fn authenticate(cx: &Context, trace: &Trace, message: &[u8], said: &mut Authentication) {
    let input = trace.verify.spf.as_ref();
    let envelope = input.map(|input| Envelope {
        address: input.address,
        helo: input.helo.as_deref().unwrap_or_default(),
        by: input.by.as_deref().unwrap_or_default(),
        mail_from: &input.mail_from,
    });

    let spf = async {
        match envelope {
            Some(envelope) => cx.net.mailauth.spf(envelope).await,
            None => None,
        }
    };

    // Of a message without any signature SPF alone decides DMARC.
    let worth = trace.verify.dkim || trace.verify.arc || envelope.is_some();
    let signed = worth.then(|| mailtrace::signed(message)).flatten();
    let whole = async {
        match &signed {
            Some(signed) => Some(cx.net.mailauth.message(signed, envelope).await),
            None => None,
        }
    };

    let checks = async { futures::join!(spf, whole) };
    let Ok((spf, whole)) = tokio::time::timeout(AUTHENTICATION_PATIENCE, checks).await else {
        return;
    };
    let outcome = |checked: Checked| Outcome {
        result: Some(checked.result.into()),
        verified: true,
        detail: checked.detail,
    };

    if let Some(spf) = spf.filter(|spf| spf.result != "temperror") {
        said.spf = outcome(spf);
    }

    let Some(whole) = whole else { return };

    for (said, checked) in said.dkim.iter_mut().zip(whole.dkim) {
        if checked.result != "temperror" {
            (said.result, said.verified, said.detail) =
                (Some(checked.result.into()), true, checked.detail);
        }
    }

    if let Some(dmarc) = whole.dmarc.filter(|dmarc| dmarc.result != "temperror") {
        said.dmarc = outcome(dmarc);
    }

    if let Some(arc) = whole.arc.filter(|arc| arc.result != "temperror") {
        said.arc = outcome(arc);
    }
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

        let located =
            |address: Option<std::net::IpAddr>| address.map(|address| Place::new(geo, address));
        let hops = hops
            .into_iter()
            .map(|hop| {
                let place = located(hop.from_address);
                Hop {
                    country: place
                        .as_ref()
                        .and_then(|place| place.country.as_ref())
                        .map(|country| country.code.to_string()),
                    asn: place.as_ref().and_then(|place| place.network.as_ref()?.asn),
                    place: place.as_ref().and_then(Place::place),
                    holder: place.as_ref().and_then(Place::holder),
                    hop,
                }
            })
            .collect();

        let place = located(origin.address);
        let network = place.as_ref().and_then(|place| place.network.clone());
        let origin = Origin {
            country: place
                .as_ref()
                .and_then(|place| place.country.as_ref())
                .map(|country| country.code.to_string()),
            city: place.as_ref().and_then(|place| place.city.clone()),
            asn: network.as_ref().and_then(|network| network.asn),
            organization: network.and_then(|network| network.organization),
            place: place.as_ref().and_then(Place::place),
            holder: place.as_ref().and_then(Place::holder),
            origin,
        };

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
        }
    }

    fn summary(&self) -> (String, Severity) {
        let Origin {
            origin,
            place,
            holder,
            ..
        } = &self.origin;

        let Some(address) = origin.address else {
            return if self.hops.is_empty() {
                (
                    "There are no Received lines in this; nothing can be traced".into(),
                    Severity::Bad,
                )
            } else {
                (
                    "No line names the address that the message came from".into(),
                    Severity::Warning,
                )
            };
        };

        let named = origin
            .host
            .as_deref()
            .map(|host| format!("{} ", both_forms(host)))
            .unwrap_or_default();

        let at = match (place, holder) {
            (Some(place), Some(holder)) => format!(", {place}, network of {holder}"),
            (Some(only), None) | (None, Some(only)) => format!(", {only}"),
            (None, None) => String::new(),
        };

        match origin.confidence {
            Confidence::Fact => (
                format!("Handed over by {named}[{address}]{at}: a fact"),
                self.severity(),
            ),
            _ => (
                format!("Said to come from {named}[{address}]{at}: only a claim"),
                Severity::Warning,
            ),
        }
    }

    fn severity(&self) -> Severity {
        if self.anomalies.is_empty() {
            Severity::Good
        } else {
            Severity::Warning
        }
    }
}

impl Hop {
    fn row(&self) -> [Cell; 6] {
        let hop = &self.hop;
        let from = hop
            .from_host
            .clone()
            .or_else(|| hop.helo.clone())
            .unwrap_or_default();

        let address = hop
            .from_address
            .map(|address| format!("\n{address}"))
            .unwrap_or_default();
        let network = [self.place.as_deref(), self.holder.as_deref()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n");

        let how = [hop.protocol.as_deref(), hop.tls.as_ref().map(|_| "TLS")]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        let role = if hop.trusted {
            Role::Plain
        } else {
            Role::Aside
        };

        [
            hop.index.into(),
            Cell::new(format!("{from}{address}").trim(), Role::Domain),
            Cell::new(hop.by.as_deref().unwrap_or_default(), Role::Domain),
            how.join(", ").into(),
            hop.delay_seconds.map(span).unwrap_or_default().into(),
            Cell::new(network, role),
        ]
    }
}

/// `+3 s`, `−2 min`: a delay may be negative where clocks disagree.
fn span(seconds: i64) -> String {
    let sign = if seconds < 0 { "−" } else { "" };
    match seconds.unsigned_abs() {
        seconds @ 0..120 => format!("{sign}{seconds} s"),
        seconds @ 120..7200 => format!("{sign}{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{sign}{} h", seconds / 3600),
        seconds => format!("{sign}{} days", seconds / 86_400),
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let mut document = Document::new("Trace of a message", summary, severity);

        for (name, value) in [
            ("From", &self.from),
            ("Subject", &self.subject),
            ("Date", &self.date),
        ] {
            if let Some(value) = value {
                document.field(name, Cell::exact(value));
            }
        }

        document.field("Hops", count(self.hops.len(), "hop", "hops"));
        if self.boundary.kind != BoundaryKind::None || !self.boundary.text.is_empty() {
            document.field("Believed", self.boundary.text.as_str());
        }

        if !self.origin.origin.evidence.is_empty() {
            document.field("Told from", Cell::exact(&self.origin.origin.evidence));
        }

        document.table(
            [">Hop", "From", "To", "How", ">Took", "Where"],
            self.hops.iter().map(Hop::row).collect(),
        );

        let claims = self.claims.iter().map(|claim| {
            let host = claim.host.as_deref().unwrap_or_default();
            [
                Cell::exact(&claim.source),
                Cell::new(claim.address, Role::Address),
                Cell::exact(host),
            ]
        });

        document.table(["Claimed in", "Address", "Name"], claims.collect());
        let Authentication {
            spf,
            dkim,
            dmarc,
            arc,
            ..
        } = &self.authentication;

        let result = |name: &'static str, result: &Option<String>, verified: bool, detail: &str| {
            let word = result.as_deref()?;
            let role = match word {
                "pass" => Role::Good,
                "fail" | "permerror" => Role::Bad,
                "none" | "neutral" => Role::Plain,
                _ => Role::Warning,
            };

            let checked = if verified {
                "checked here"
            } else {
                "as the receiver says"
            };

            Some([
                name.into(),
                Cell::new(word, role),
                Cell::aside(checked),
                Cell::exact(detail),
            ])
        };

        let mut rows: Vec<_> = result("SPF", &spf.result, spf.verified, &spf.detail)
            .into_iter()
            .collect();

        rows.extend(
            dkim.iter()
                .filter_map(|dkim| result("DKIM", &dkim.result, dkim.verified, &dkim.detail)),
        );
        rows.extend(result(
            "DMARC",
            &dmarc.result,
            dmarc.verified,
            &dmarc.detail,
        ));

        rows.extend(result("ARC", &arc.result, arc.verified, &arc.detail));
        document.table(["Check", "Result", "By", "About"], rows);
        for Anomaly { hop, text } in &self.anomalies {
            match hop {
                Some(hop) => document.warn(format!("Hop {hop}: {text}")),
                None => document.warn(text),
            };
        }

        self.notes.iter().for_each(|note| _ = document.note(note));
        if self.hops.iter().any(|hop| hop.asn.is_some()) {
            document.field("Places by", Cell::aside(ATTRIBUTION));
        }

        document
    }
}
