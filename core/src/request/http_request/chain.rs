//! The chain of proxies from the connection to the client, and how much of it is trusted.

use std::{borrow::Cow, net::IpAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Connection, HttpRequestInfo, Proxies, forwarded,
    node::{Node, node},
};
use crate::settings::CLIENT_ADDRESS_HEADERS;

/// Maximum number of proxies listed, nearest first.
const MOST_HOPS: usize = 32;

const USUAL: usize = 3;

/// One proxy or client in the chain of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProxyHop {
    /// Its address, if it is known.
    pub address: Option<IpAddr>,
    /// Its port, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Text of the header, if it is not just an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// Source of this entry: `connection`, `proxy_protocol`, or the name of a header field.
    pub source: Cow<'static, str>,
    /// Whether it was observed directly or reported by a trusted proxy; otherwise it is a claim.
    pub trusted: bool,
}

/// The path of a request, from the connection outwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyChain {
    /// The client's address, as far as it can be trusted.
    pub caller: IpAddr,
    /// The client's port, if it is known.
    pub port: Option<u16>,
    /// Whether the request came through a trusted proxy.
    pub proxied: bool,
    /// Proxies and clients, the nearest first.
    pub hops: Vec<ProxyHop>,
    /// Number of entries beyond the listed ones.
    pub left_out: usize,
    /// Contradictions in the chain, in words.
    pub notes: Vec<String>,
}

impl HttpRequestInfo {
    /// Returns the client's address. Does not read untrusted claims, because it runs for every
    /// request.
    pub fn caller(&self, proxies: &Proxies) -> IpAddr {
        let Connection { peer, relayed, .. } = &self.connection;
        match relayed {
            None if !proxies.trusts(peer.ip()) => peer.ip().to_canonical(),
            _ => self.chain(proxies).caller,
        }
    }

    /// Returns the client's address and the chain that it is based on.
    pub fn chain(&self, proxies: &Proxies) -> ProxyChain {
        let mut chain = ProxyChain::of(&self.connection, proxies);
        if chain.hops.last().is_some_and(|hop| !hop.trusted) {
            chain.claims(self, None);
            return chain;
        }
        let counts: Vec<&'static str> = match &proxies.field {
            Some(field) => CLIENT_ADDRESS_HEADERS
                .into_iter()
                .filter(|name| field == name)
                .collect(),
            None => CLIENT_ADDRESS_HEADERS.into_iter().take(USUAL).collect(),
        };
        let named = counts.into_iter().map(|name| (name, entries(self, name)));
        let Some((name, stations)) = named.into_iter().find(|(_, stations)| !stations.is_empty())
        else {
            chain.claims(self, None);
            return chain;
        };
        chain.follow(name, stations, proxies);
        chain.claims(self, Some(name));
        chain
    }
}

impl ProxyChain {
    /// Starts the chain with the connection and its PROXY protocol header.
    fn of(connection: &Connection, proxies: &Proxies) -> Self {
        let Connection { peer, relayed, .. } = connection;
        let caller = peer.ip().to_canonical();
        let hop = |address: IpAddr, port, source, trusted| ProxyHop {
            address: Some(address.to_canonical()),
            port: Some(port),
            said: None,
            source: Cow::Borrowed(source),
            trusted,
        };

        let mut chain = Self {
            caller,
            port: Some(peer.port()),
            proxied: false,
            hops: vec![hop(caller, peer.port(), "connection", true)],
            left_out: 0,
            notes: Vec::new(),
        };

        if let Some((source, _)) = relayed.as_ref().and_then(|relayed| relayed.ends) {
            let trusted = connection.relayed_client(proxies).is_some();
            chain
                .hops
                .push(hop(source.ip(), source.port(), "proxy_protocol", trusted));
            if trusted {
                (chain.caller, chain.port, chain.proxied) =
                    (source.ip().to_canonical(), Some(source.port()), true);
            }
        }

        chain
    }

    /// Follows a header field outwards as long as each entry is a trusted proxy.
    fn follow(&mut self, name: &'static str, stations: Vec<Node>, proxies: &Proxies) {
        let mut believed = proxies.trusts(self.caller);

        for Node {
            address,
            port,
            said,
        } in stations.into_iter().rev()
        {
            if believed {
                match address {
                    Some(address) => (self.caller, self.port, self.proxied) = (address, port, true),
                    None => self.notes.push(format!(
                        "{} does not name its client, so its own address is used",
                        self.caller
                    )),
                }
            }

            self.push(ProxyHop {
                address,
                port,
                said,
                source: Cow::Borrowed(name),
                trusted: believed,
            });

            believed = believed && address.is_some_and(|address| proxies.trusts(address));
        }
    }

    /// Adds the entries of all other fields than the one that was followed.
    fn claims(&mut self, http_request: &HttpRequestInfo, followed: Option<&str>) {
        // A field that names the same caller does not contradict the followed one.
        let mut differing = Vec::new();
        let trusted_peer = self.proxied;

        for (index, name) in CLIENT_ADDRESS_HEADERS.into_iter().enumerate() {
            if Some(name) == followed {
                continue;
            }

            for Node {
                address,
                port,
                said,
            } in entries(http_request, name).into_iter().rev()
            {
                let trusted = trusted_peer && address == Some(self.caller);
                if trusted_peer && !trusted && index < USUAL {
                    differing.push(name);
                }
                self.push(ProxyHop {
                    address,
                    port,
                    said,
                    source: Cow::Borrowed(name),
                    trusted,
                });
            }
        }

        if let (Some(followed), Some(other)) = (followed, differing.first()) {
            self.notes.push(format!(
                "{followed} was used; {other} differs. If your proxy writes {other}, set `http.client_address_header`"
            ));
        }
    }

    fn push(&mut self, hop: ProxyHop) {
        if self.hops.len() < MOST_HOPS {
            self.hops.push(hop)
        } else {
            self.left_out += 1
        }
    }
}

/// Returns the entries of a field, the nearest one last.
fn entries(http_request: &HttpRequestInfo, name: &str) -> Vec<Node> {
    let lines = http_request.headers.get_all(name);
    let lines = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()));
    match name {
        "forwarded" => lines
            .flat_map(|line| forwarded::elements(&line))
            .map(|element| node(&element.r#for.unwrap_or_default()))
            .collect(),
        _ => {
            let nodes = lines.flat_map(|line| line.split(',').map(node).collect::<Vec<_>>());
            nodes
                .filter(|node| node.said.as_deref() != Some(""))
                .collect()
        }
    }
}
