//! The authoritative servers of the zone that a name is in.

use std::net::{IpAddr, SocketAddr};

use domain::base::Rtype;
use futures::{StreamExt, future::join_all, stream::FuturesOrdered};
use netvane_net::dns::{Client, Data, ListedServer, Message, Question, Response, without_dot};

use super::observation::{Observation, Problem};
use crate::command::Context;

/// Most name servers that are asked; large zones have 13.
const MAX_SERVERS: usize = 16;

/// Most addresses of one name server that are asked.
const MAX_ADDRESSES: usize = 4;

/// Names that are asked for NS records at the same time to find the zone.
const MAX_AT_ONCE: usize = 3;

/// Most further names that are asked one by one to find the zone.
const MAX_LABELS: usize = 16;

/// The zone and its servers.
#[derive(Debug)]
pub(super) struct Authorities {
    pub(super) zone: String,
    /// Servers with each of their addresses.
    pub(super) servers: Vec<ListedServer>,
    /// Servers without an address that can be asked.
    pub(super) without_address: Vec<String>,
}

/// Finds the zone of a name and the addresses of its servers, with the configured resolvers. `None` if they do not know.
pub(super) async fn find(cx: &Context, client: &Client, name: &str) -> Option<Authorities> {
    let (zone, names) = find_zone(client, name).await?;
    let names = names.into_iter().take(MAX_SERVERS);
    let resolved = join_all(names.map(|name| async {
        let addresses = client.addresses(&name).await.unwrap_or_default();
        (name, addresses)
    }))
    .await;

    let mut found = Authorities {
        zone,
        servers: Vec::new(),
        without_address: Vec::new(),
    };
    for (name, addresses) in resolved {
        let usable: Vec<IpAddr> = addresses
            .into_iter()
            .filter(|address| cx.net.dns.has_route(*address))
            .take(MAX_ADDRESSES)
            .collect();
        if usable.is_empty() {
            found.without_address.push(name);
            continue;
        }
        found
            .servers
            .extend(usable.into_iter().map(|address| ListedServer {
                name: name.clone(),
                address: SocketAddr::new(address, 53),
            }));
    }
    Some(found)
}

/// The nearest name at or above this one that has NS records, with them.
async fn find_zone(client: &Client, name: &str) -> Option<(String, Vec<String>)> {
    let name = without_dot(name);
    let mut ancestors = std::iter::successors(Some(name.clone()), |name| parent(name));

    // Asked at the same time: the zone is nearly always one of them.
    let near: Vec<String> = ancestors.by_ref().take(MAX_AT_ONCE).collect();
    let query = |zone: String| async move {
        let answer = client.query(&zone, Rtype::NS).await;
        (zone, answer)
    };
    let mut answers: FuturesOrdered<_> = near.into_iter().map(query).collect();
    let mut named = None;
    while let Some((zone, answer)) = answers.next().await {
        let Ok(Response { message, .. }) = answer else {
            continue;
        };
        let servers = name_servers(&message, &zone);
        if !servers.is_empty() {
            return Some((zone.to_ascii_lowercase(), servers));
        }
        named = named.or_else(|| zone_of_denial(&message, &name));
    }

    // A denial names the zone; without one, names are tried one by one.
    for zone in named.into_iter().chain(ancestors).take(MAX_LABELS) {
        if let Ok(response) = client.query(&zone, Rtype::NS).await {
            let servers = name_servers(&response.message, &zone);
            if !servers.is_empty() {
                return Some((zone.to_ascii_lowercase(), servers));
            }
        }
    }
    None
}

/// The name above this one; `None` above the root.
fn parent(name: &str) -> Option<String> {
    if name == "." {
        return None;
    }
    let parent = name.split_once('.').map_or("", |(_, rest)| rest);
    Some(if parent.is_empty() { "." } else { parent }.to_owned())
}

/// The zone of the SOA record in a denial.
fn zone_of_denial(message: &Message, name: &str) -> Option<String> {
    let mut records = message.answers.iter().chain(&message.authority);
    let soa = records.find(|record| {
        record.rtype == Rtype::SOA
            && (record.name.eq_ignore_ascii_case(name) || record.is_above(name))
    })?;
    Some(soa.name.clone())
}

/// Names of the servers in the NS records of a zone, in lower case and sorted.
fn name_servers(message: &Message, zone: &str) -> Vec<String> {
    let servers = message
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            Data::Ns(ns) if record.name.eq_ignore_ascii_case(zone) => {
                Some(without_dot(ns.nsdname()).to_ascii_lowercase())
            }
            _ => None,
        });
    let mut servers: Vec<String> = servers.collect();
    servers.sort();
    servers.dedup();
    servers
}

/// Asks one authoritative server for the records, and for the serial number of the zone.
pub(super) async fn ask(
    cx: &Context,
    server: &ListedServer,
    zone: &str,
    name: &str,
    rtype: Rtype,
) -> (Observation, Option<u32>) {
    let address = Some(server.address.ip());
    let client = match cx.net.dns.single(server, true) {
        Ok(client) => client,
        Err(_) => {
            let refused = Observation::failed(&server.name, address, Problem::Refused);
            return (refused, None);
        }
    };

    let question = |name, rtype| Question {
        recurse: false,
        ..Question::new(name, rtype)
    };
    let (records, soa) = (question(name, rtype), question(zone, Rtype::SOA));
    let (answer, soa) = futures::join!(client.ask(&records), client.ask(&soa));

    let serial = soa.ok().and_then(|response| {
        let mut answers = response.message.answers.into_iter();
        answers.find_map(|record| match record.data {
            Data::Soa(soa) if response.message.flags.aa => Some(soa.serial().into_int()),
            _ => None,
        })
    });
    let seen = Observation::of(&server.name, address, rtype, true, answer);
    (seen, serial)
}
