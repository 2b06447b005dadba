//! `myip`: the client's IP address, the proxies in between, and its location.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::ip_class::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{http_request, myrequest::truncate};
use crate::{
    command::{Command, Context, Next, Subject},
    commands::address::{geo::Place, ip::names},
    request::http_request::{HttpRequestInfo, ProxyChain, ProxyHop},
    spec::{Cost, Group, Spec},
};

/// Timeout of the PTR lookup, so that a slow name server does not delay the reply.
const NAMES_TIMEOUT: Duration = Duration::from_secs(2);

/// Prefixes of header fields that proxies, CDNs and load balancers add.
const PROXY_HEADER_PREFIXES: [&str; 12] = [
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

/// The client's address and its proxies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// Address of the client, from the last trusted proxy.
    address: IpAddr,
    /// Source port of the client, if known.
    port: Option<u16>,
    /// Direct connection or through proxies.
    via: Via,
    /// Addresses from the connection outwards, nearest first; each is reported by the previous one.
    chain: Vec<ProxyHop>,
    /// Number of further addresses in the chain that are omitted.
    #[serde(default, skip_serializing_if = "is_zero")]
    chain_left_out: usize,
    /// Header fields that proxies added, unchanged.
    proxy_headers: BTreeMap<String, String>,
    geo: Place,
    /// Names from PTR records, without the final dot.
    names: Vec<String>,
    /// Inconsistencies between the sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// How the client connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Via {
    /// Direct connection from the client.
    Direct,
    /// Through at least one trusted proxy.
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
    const FOLLOW_UPS: &'static [Next] = &[
        Next::about("ip", Subject::FirstAddress),
        Next::about("whois", Subject::FirstAddress),
        Next::about("reverse", Subject::FirstAddress),
    ];
    const ABOUT_VISIT: bool = true;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let http_request = http_request(cx)?;
        let ProxyChain {
            caller,
            port,
            proxied,
            hops,
            left_out,
            notes,
        } = http_request.chain(&cx.runtime.proxies);

        let geo = Place::of(cx, caller);
        let names = match geo.scope {
            // Loopback and link-local addresses have no public PTR; do not leak them to resolvers.
            Kind::Loopback | Kind::LinkLocal => Vec::new(),
            _ => {
                let lookup = tokio::time::timeout(NAMES_TIMEOUT, names(cx, caller)).await;
                lookup.unwrap_or(Ok(Vec::new())).unwrap_or_default()
            }
        };

        Ok(Data {
            address: caller,
            port,
            via: if proxied { Via::Proxy } else { Via::Direct },
            chain: hops,
            chain_left_out: left_out,
            proxy_headers: proxy_headers(http_request),
            geo,
            names,
            notes,
        })
    }
}

fn proxy_headers(http_request: &HttpRequestInfo) -> BTreeMap<String, String> {
    let names = http_request
        .headers
        .keys()
        .map(http::HeaderName::as_str)
        .filter(|name| {
            crate::settings::CLIENT_ADDRESS_HEADERS.contains(name)
                || *name == PROXY_CONNECTION
                || PROXY_HEADER_PREFIXES
                    .iter()
                    .any(|start| name.starts_with(start))
        });
    names
        .filter_map(|name| Some((name.to_owned(), truncate(&http_request.header(name)?))))
        .collect()
}

impl Data {
    fn describe_via(&self) -> String {
        match self.via {
            Via::Proxy => {
                let proxies = self
                    .chain
                    .iter()
                    .take_while(|hop| hop.address != Some(self.address));
                let proxies: Vec<String> = proxies
                    .filter_map(|hop| hop.address)
                    .map(|address| address.to_string())
                    .collect();
                format!("via {}", proxies.join(", "))
            }
            Via::Direct => "direct connection".into(),
        }
    }
}

impl Data {
    /// Adds the addresses of the proxies, if there is more than one.
    fn add_chain(&self, document: &mut Document) {
        if self.chain.len() < 2 {
            return;
        }

        let rows = self.chain.iter().map(|hop| {
            let address = match (hop.address, &hop.said) {
                (Some(address), _) => Cell::new(address, Role::Address),
                (None, text) => Cell::exact(text.as_deref().unwrap_or_default()),
            };
            let trust = if hop.trusted {
                Cell::new("verified", Role::Good)
            } else {
                Cell::new("unverified", Role::Warning)
            };
            [address, source_name(&hop.source).into(), trust]
        });

        document
            .heading("Proxy chain, nearest first")
            .table(["Address", "Source", "Trust"], rows.collect());
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let summary = format!(
            "Your IP address is {}, {}",
            self.address,
            self.describe_via()
        );
        let mut document = Document::new("Your IP address", summary, Severity::Neutral);
        self.geo.add_facts(&mut document);
        if !self.names.is_empty() {
            document.field("Names", Cell::domain(self.names.join("\n")));
        }

        if let Some(port) = self.port {
            document.field("Your port", port);
        }

        self.add_chain(&mut document);
        if !self.proxy_headers.is_empty() {
            let rows = self
                .proxy_headers
                .iter()
                .map(|(name, value)| [name.into(), Cell::exact(value)]);
            document
                .heading("Proxy headers")
                .table(["Field", "Value"], rows.collect());
        }

        if self.chain_left_out > 0 {
            document.note(format!(
                "{} more addresses in the chain are not shown",
                self.chain_left_out
            ));
        }

        if self.chain.iter().any(|hop| !hop.trusted) {
            document.note(
                "Unverified entries may be forged; only entries added by trusted proxies are verified.",
            );
        }

        for note in &self.notes {
            document.note(note);
        }

        self.geo.add_source(&mut document);

        document
    }

    /// Names change rarely, so repeated requests may reuse the reply.
    fn lifetime(&self) -> Duration {
        Duration::from_secs(30)
    }
}

fn source_name(source: &str) -> String {
    match source {
        "connection" => "this connection".into(),
        "proxy_protocol" => "PROXY protocol".into(),
        field => field.into(),
    }
}

#[cfg(test)]
mod tests;
