//! `mailbox`: mail servers of a mailbox, with addresses, provider and location.

use std::{net::IpAddr, sync::Arc, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Role as CellRole};
use netvane_facts::{
    geo::DatabaseInfo,
    target::{Domain, both_forms},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::{Command, Context, Next, Subject},
    commands::{
        address::geo::{Place, PlaceSummary, add_attribution},
        dns::mx,
    },
    mailbox_check::provider::{self, Provider, Role},
    spec::{Cost, Group, Spec, TargetKind},
};

/// Mail servers of a mailbox, with addresses, provider and location.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mailbox {
    /// Email address or domain.
    #[schemars(extend("x-form" = "an email address or a domain"))]
    email: Domain,
}

/// Who receives mail for the address, and where.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    domain: String,
    /// Product or company; `self-hosted` if the MX is inside the domain; `null` if the domain has no mail server.
    provider: Option<String>,
    /// Role of the provider and the evidence for it.
    about: Option<Provider>,
    /// Mail servers, lowest preference first.
    hosts: Vec<Host>,
    /// The MX lookup that the mail servers come from.
    mx: mx::Data,
    /// Geo databases that were used.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    databases: Arc<[DatabaseInfo]>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Host {
    preference: u16,
    exchange: String,
    addresses: Vec<Located>,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Located {
    address: IpAddr,
    #[serde(flatten)]
    place: PlaceSummary,
}

impl Command for Mailbox {
    const SPEC: Spec = Spec {
        name: "mailbox",
        aliases: &["find_mailbox"],
        group: Group::Mail,
        examples: &["mailbox someone@example.com", "mailbox example.com"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Light,
        sends: 32 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("verify"),
        Next::domain("mailcheck"),
        Next::domain("mx"),
        Next::domain("spf"),
        Next::about("blocklist", Subject::FirstAddress),
    ];
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Mailbox];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(None).await?;
        let domain = self.email.as_str();
        let mx = mx::find(cx, &client, domain, |so_far| {
            cx.progress(&Data::new(cx, domain, so_far.clone()))
        })
        .await?;
        Ok(Data::new(cx, domain, mx))
    }
}

impl Data {
    fn new(cx: &Context, domain: &str, mx: mx::Data) -> Self {
        let located = |address: &IpAddr| Located {
            address: *address,
            place: PlaceSummary::from(&Place::of(cx, *address)),
        };

        let hosts: Vec<Host> = mx
            .hosts
            .iter()
            .map(|host| Host {
                preference: host.preference,
                exchange: host.exchange.clone(),
                addresses: host.addresses.iter().map(located).collect(),
            })
            .collect();

        let exchanges: Vec<&str> = hosts.iter().map(|host| host.exchange.as_str()).collect();
        let holders: Vec<String> = hosts
            .iter()
            .flat_map(|host| &host.addresses)
            .filter_map(|located| located.place.holder())
            .collect();
        let holders: Vec<&str> = holders.iter().map(String::as_str).collect();

        let about = (!hosts.is_empty()).then(|| provider::of(domain, &exchanges, &holders));
        let provider = about.as_ref().map(|provider| provider.name.clone());

        Self {
            domain: domain.into(),
            provider,
            about,
            hosts,
            mx,
            databases: cx.runtime.geo.current().databases().clone(),
        }
    }
}

impl Host {
    /// One row per address; only the first shows preference and mail server.
    fn rows(&self) -> Vec<[Cell; 5]> {
        let exchange = [self.preference.into(), Cell::domain(&self.exchange)];

        if self.addresses.is_empty() {
            let [preference, exchange] = exchange;
            let none = Cell::new("no address", CellRole::Bad);
            return vec![[preference, exchange, none, "".into(), "".into()]];
        }

        let part = |text: Option<String>| Cell::from(text.unwrap_or_default());
        let mut head = Some(exchange);

        self.addresses
            .iter()
            .map(|located| {
                let [preference, exchange] = head.take().unwrap_or(["".into(), "".into()]);
                let address = Cell::new(located.address, CellRole::Address);
                let (place, holder) = (part(located.place.place()), part(located.place.holder()));
                [preference, exchange, address, place, holder]
            })
            .collect()
    }
}

/// Sentence that says who handles the mail.
fn hosting_sentence(name: &str, role: Role) -> String {
    match role {
        Role::Mailboxes => format!("Mail is hosted by {name}"),
        Role::Gateway => {
            format!(
                "{name} filters the mail; the mailbox servers behind it are not visible from outside"
            )
        }
        Role::Forwarder => {
            format!(
                "{name} receives the mail and forwards it; the destination is not visible from outside"
            )
        }
        Role::Own => "Mail is received by the domain's own servers".into(),
        Role::Unknown => format!("Mail is received by {name}"),
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let mut document = self.mx.head();
        document.title = format!("Mail hosting of {}", both_forms(&self.domain));
        if let Some(Provider {
            name,
            role,
            evidence,
        }) = &self.about
        {
            let what = hosting_sentence(name, *role);
            document.summary = format!("{what} ({})", document.summary);
            document.field("Evidence", Cell::aside(evidence));
        }

        let rows: Vec<_> = self.hosts.iter().flat_map(Host::rows).collect();

        document.table(
            [
                ">Preference",
                "Mail server",
                "Address",
                "Location",
                "Network",
            ],
            rows,
        );

        for warning in self.mx.hosts.iter().filter_map(mx::Exchange::warning) {
            document.warn(warning);
        }

        if !self.hosts.is_empty() {
            document.note("Location of the mail servers, not of the stored mail");
            add_attribution(&mut document, "Data source", &self.databases);
        }

        document
    }

    fn lifetime(&self) -> Duration {
        self.mx.lookup.lifetime()
    }

    fn age(&mut self, seconds: u32) {
        self.mx.age(seconds);
    }
}

#[cfg(test)]
mod tests;
