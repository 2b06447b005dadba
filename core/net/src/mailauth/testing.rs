//! A DNS server on loopback with records from memory, for names and texts that no zone file can hold.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use domain::base::{Message, Rtype, ToName, name::ToLabelIter};
use tokio::{net::UdpSocket, task::JoinHandle};

use crate::dns::{Client, wire};

const NXDOMAIN: u16 = 3;
const SERVFAIL: u16 = 2;

/// One record of a test zone.
#[derive(Debug, Clone)]
pub(super) enum ZoneEntry {
    Address(IpAddr),
    Text(Vec<Vec<u8>>),
    MailServer(u16, String),
    Pointer(String),
    Alias(String),
    /// Queries for which the name has no record fail with SERVFAIL.
    Failing,
}

impl ZoneEntry {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(vec![text.as_bytes().to_vec()])
    }

    /// The record type and data; `None` if it is not a record.
    fn wire(&self) -> Option<(Rtype, Vec<u8>)> {
        Some(match self {
            Self::Address(IpAddr::V4(address)) => (Rtype::A, address.octets().to_vec()),
            Self::Address(IpAddr::V6(address)) => (Rtype::AAAA, address.octets().to_vec()),
            Self::Text(strings) => {
                let strings = strings.iter().flat_map(|text| text.chunks(255));
                let mut data: Vec<u8> = strings
                    .flat_map(|text| [&[text.len() as u8][..], text].concat())
                    .collect();
                if data.is_empty() {
                    data.push(0);
                }
                (Rtype::TXT, data)
            }
            Self::MailServer(preference, name) => {
                let data = [&preference.to_be_bytes()[..], &wire::name(name)].concat();
                (Rtype::MX, data)
            }
            Self::Pointer(name) => (Rtype::PTR, wire::name(name)),
            Self::Alias(name) => (Rtype::CNAME, wire::name(name)),
            Self::Failing => return None,
        })
    }
}

/// Records by name in lower case.
pub(super) type Zone = HashMap<String, Vec<ZoneEntry>>;

/// A zone of TXT records.
pub(super) fn text_zone(records: &[(&str, &str)]) -> Zone {
    let mut zone = Zone::new();
    for (name, text) in records {
        zone.entry((*name).into())
            .or_default()
            .push(ZoneEntry::text(text));
    }
    zone
}

/// A server for a zone; it ends when it is dropped.
pub(super) struct ZoneServer {
    pub(super) client: Client,
    pub(super) address: SocketAddr,
    /// Number of queries received so far.
    pub(super) queries: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl ZoneServer {
    pub(super) async fn start(zone: Zone) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("an address");
        let client = wire::client_of(&[address]);
        let zone = Arc::new(zone);
        let queries = Arc::<AtomicUsize>::default();
        let counter = queries.clone();
        let task = tokio::spawn(async move {
            let mut query = [0; 1024];
            while let Ok((length, peer)) = socket.recv_from(&mut query).await {
                counter.fetch_add(1, Ordering::Relaxed);
                let response = respond(&zone, &query[..length]);
                let _ = socket.send_to(&response, peer).await;
            }
        });
        Self {
            client,
            address,
            queries,
            task,
        }
    }
}

impl Drop for ZoneServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn respond(zone: &Zone, query: &[u8]) -> Vec<u8> {
    let message = Message::from_octets(query).expect("a query");
    let question = message.sole_question().expect("one question");
    let labels = question.qname().to_vec();
    let labels = labels.iter().filter(|label| !label.is_root());
    let name: Vec<String> = labels
        .map(|label| String::from_utf8_lossy(label.as_slice()).to_lowercase())
        .collect();

    let entries = zone.get(&name.join("."));
    let records: Vec<Vec<u8>> = entries
        .into_iter()
        .flatten()
        .filter_map(ZoneEntry::wire)
        .filter(|(rtype, _)| *rtype == question.qtype() || *rtype == Rtype::CNAME)
        .map(|(rtype, data)| wire::record(wire::QUESTION_NAME, rtype.to_int(), 60, &data))
        .collect();
    let fails = entries.is_some_and(|entries| {
        records.is_empty()
            && entries
                .iter()
                .any(|entry| matches!(entry, ZoneEntry::Failing))
    });
    let rcode = match entries {
        _ if fails => SERVFAIL,
        None => NXDOMAIN,
        Some(_) => 0,
    };

    let question_end = 12 + usize::from(question.qname().compose_len()) + 4;
    let mut response = query[..question_end].to_vec();
    response[2..4].copy_from_slice(&(wire::QR | rcode).to_be_bytes());
    response[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
    response[8..12].copy_from_slice(&[0; 4]);
    response.extend(records.concat());
    response
}
