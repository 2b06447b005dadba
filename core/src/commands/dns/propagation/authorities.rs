//! The authoritative servers of the zone that a name is in.

use std::net::{IpAddr, SocketAddr};

use domain::base::Rtype;
use futures::future::join_all;
use netvane_net::dns::{Client, Data, ListedServer, Message, Question, without_dot};

use super::observation::{Observation, Problem};
use crate::command::Context;

/// Most name servers that are asked; large zones have 13.
const MAX_SERVERS: usize = 16;

/// Most addresses of one name server that are asked.
const MAX_ADDRESSES: usize = 4;

/// Most labels that are removed from a name to find its zone.
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
    let mut ancestor = zone_of_soa(client, name)
        .await
        .unwrap_or_else(|| without_dot(name));

    for _ in 0..MAX_LABELS {
        if let Ok(response) = client.query(&ancestor, Rtype::NS).await {
            let servers = name_servers(&response.message, &ancestor);
            if !servers.is_empty() {
                return Some((ancestor.to_ascii_lowercase(), servers));
            }
        }
        if ancestor == "." {
            return None;
        }
        ancestor = match ancestor.split_once('.') {
            Some((_, rest)) if !rest.is_empty() => rest.to_owned(),
            _ => ".".to_owned(),
        };
    }
    None
}

/// The zone that an SOA query names: in the answer, or in the denial.
async fn zone_of_soa(client: &Client, name: &str) -> Option<String> {
    let message = client.query(name, Rtype::SOA).await.ok()?.message;
    let name = without_dot(name);
    let mut records = message.answers.iter().chain(&message.authority);
    let soa = records.find(|record| {
        record.rtype == Rtype::SOA
            && (record.name.eq_ignore_ascii_case(&name) || record.is_above(&name))
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
