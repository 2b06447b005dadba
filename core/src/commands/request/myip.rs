//! `myip`: the caller's address, how it is known, and what is known of it.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::ip_class::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{myrequest::shortened, visit};
use crate::{
    command::{Command, Context},
    commands::address::{geo::Place, ip::names},
    request::http_request::{Chain, Hop, Visit},
    spec::{Cost, Group, Spec},
};

/// A name server of somebody else's must not hold up what is known already.
const NAMES_PATIENCE: Duration = Duration::from_secs(2);

/// Header fields that proxies, content networks and load balancers write.
const OF_PROXIES: [&str; 12] = [
    "via",
    "cdn-loop",
    "x-forwarded-",
    "x-original-",
    "x-envoy-",
    "x-azure-",
    "x-amz-cf-",
    "x-vercel-",
    "x-appengine-",
    "cf-",
    "cloudfront-",
    "fly-",
];
const PROXY_CONNECTION: &str = "proxy-connection";

/// Your IP address, the proxies in between, and its location.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MyIp {}

/// The caller's address.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Data {
    /// As far as it is believed.
    address: IpAddr,
    /// The caller's, where it is known.
    port: Option<u16>,
    via: Way,
    /// Stations, the nearest first; each one is told by the one before it.
    chain: Vec<Hop>,
    /// Stations that were named beyond those.
    #[serde(skip_serializing_if = "is_zero")]
    chain_left_out: usize,
    /// Header fields that proxies write, as they came.
    proxy_headers: BTreeMap<String, String>,
    geo: Place,
    /// PTR, without the final dot.
    names: Vec<String>,
    /// What does not fit together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// How the caller came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Way {
    /// With a connection of its own.
    Direct,
    /// Through a trusted proxy.
    Proxy,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Command for MyIp {
    const SPEC: Spec = Spec {
        name: "myip",
        aliases: &["ip_me"],
        group: Group::Request,
        examples: &["myip"],
        timeout: Duration::from_secs(5),
        cost: Cost::Free,
        sends: 0,
    };
    type Data = Data;
    const ABOUT_VISIT: bool = true;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let visit = visit(cx)?;
        let Chain {
            caller,
            port,
            proxied,
            hops,
            left_out,
            notes,
        } = visit.chain(&cx.runtime.proxies);

        let geo = Place::of(cx, caller);
        let names = match geo.scope {
            // Nobody else's business, and nobody else knows.
            Kind::Loopback | Kind::LinkLocal => Vec::new(),
            _ => {
                let asked = tokio::time::timeout(NAMES_PATIENCE, names(cx, caller)).await;
                asked.unwrap_or(Ok(Vec::new())).unwrap_or_default()
            }
        };

        Ok(Data {
            address: caller,
            port,
            via: if proxied { Way::Proxy } else { Way::Direct },
            chain: hops,
            chain_left_out: left_out,
            proxy_headers: proxy_headers(visit),
            geo,
            names,
            notes,
        })
    }
}

fn proxy_headers(visit: &Visit) -> BTreeMap<String, String> {
    let names = visit
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| {
            crate::settings::CLIENT_ADDRESS_HEADERS.contains(name)
                || *name == PROXY_CONNECTION
                || OF_PROXIES.iter().any(|start| name.starts_with(start))
        });
    names
        .filter_map(|name| Some((name.to_owned(), shortened(&visit.header(name)?))))
        .collect()
}

impl Data {
    fn way(&self) -> String {
        match self.via {
            Way::Proxy => {
                let proxies = self
                    .chain
                    .iter()
                    .take_while(|hop| hop.address != Some(self.address));
                let proxies: Vec<String> = proxies
                    .filter_map(|hop| hop.address)
                    .map(|address| address.to_string())
                    .collect();
                format!("through {}", proxies.join(", "))
            }
            Way::Direct => "directly".into(),
        }
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let summary = format!("You come from {}, {}", self.address, self.way());
        let mut document = Document::new("Your address", summary, Severity::Neutral);
        self.geo.facts(&mut document);
        if !self.names.is_empty() {
            document.field("Names", Cell::domain(self.names.join("\n")));
        }

        if let Some(port) = self.port {
            document.field("Your port", port);
        }

        if self.chain.len() > 1 {
            let rows = self.chain.iter().map(|hop| {
                let address = match (hop.address, &hop.said) {
                    (Some(address), _) => Cell::new(address, Role::Address),
                    (None, said) => Cell::exact(said.as_deref().unwrap_or_default()),
                };
                let worth = if hop.trusted {
                    Cell::new("believed", Role::Good)
                } else {
                    Cell::new("a claim", Role::Warning)
                };
                [address, said_by(&hop.source).into(), worth]
            });
            document
                .heading("From here outwards")
                .table(["Station", "Said by", "Worth"], rows.collect());
        }

        if !self.proxy_headers.is_empty() {
            let rows = self
                .proxy_headers
                .iter()
                .map(|(name, value)| [name.into(), Cell::exact(value)]);
            document
                .heading("What proxies wrote")
                .table(["Field", "Value"], rows.collect());
        }

        if self.chain_left_out > 0 {
            document.note(format!("{} more stations were named", self.chain_left_out));
        }

        if self.chain.iter().any(|hop| !hop.trusted) {
            document.note(
                "Claims come from whoever sent the request; only trusted proxies are believed.",
            );
        }

        for note in &self.notes {
            document.note(note);
        }

        self.geo.source(&mut document);

        document
    }

    /// Names change rarely; who calls again on the same connection is told the same.
    fn lifetime(&self) -> Duration {
        Duration::from_secs(30)
    }
}

fn said_by(source: &str) -> String {
    match source {
        "connection" => "this connection".into(),
        "proxy_protocol" => "PROXY protocol".into(),
        field => field.into(),
    }
}

#[cfg(test)]
mod tests;
