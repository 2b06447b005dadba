//! Finds the cause of a SERVFAIL with further queries: DNSSEC validation, CNAME loops, and the name servers of
//! the zone.

use std::{net::IpAddr, time::Duration};

use domain::base::{Rtype, iana::OptRcode};
use futures::future::join_all;
use netvane_document::Failure;
use netvane_net::dns::{Client, Data, Message, Question, Record, without_dot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::command::Context;

/// Timeout of all diagnostic queries together.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Timeout of a query to one authoritative server.
const SERVER_TIMEOUT: Duration = Duration::from_millis(1200);
/// Name servers that are queried; zones have up to 13, and a few are enough for a diagnosis.
const MAX_SERVERS: usize = 6;

/// Why a resolver returned SERVFAIL.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Diagnosis {
    pub(crate) cause: Cause,
    /// The diagnosis in one sentence.
    pub(crate) text: String,
}

/// Cause of a SERVFAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// DNSSEC validation of the answer failed.
    Dnssec,
    /// The CNAME chain is a loop.
    CnameLoop,
    /// The name servers of the zone do not answer.
    Silent,
    /// The name servers of the zone are not authoritative for it, or refuse the query.
    Lame,
    /// The name servers of the zone fail, possibly in different ways.
    Broken,
}

/// Finds out why `client` returned SERVFAIL for `name`; `None` if the cause is unclear or the queries time out.
pub(crate) async fn diagnose(
    cx: &Context,
    client: &Client,
    name: &str,
    rtype: Rtype,
) -> Option<Diagnosis> {
    tokio::time::timeout(TIMEOUT, find_cause(cx, client, name, rtype))
        .await
        .ok()
        .flatten()
}

async fn find_cause(cx: &Context, client: &Client, name: &str, rtype: Rtype) -> Option<Diagnosis> {
    let unchecked = Question {
        checking_disabled: true,
        ..Question::new(name, rtype)
    };
    let (unchecked, aliases) = futures::join!(client.ask(&unchecked), follow_aliases(client, name));

    if unchecked.is_ok_and(|response| is_conclusive(response.message.rcode)) {
        let text =
            "the query succeeds with DNSSEC validation disabled: the signatures of the zone are invalid"
                .into();
        return Some(Diagnosis {
            cause: Cause::Dnssec,
            text,
        });
    }

    let end = match aliases {
        Aliases::Loop(path) => {
            let text = format!("CNAME loop: {}", path.join(" → "));
            return Some(Diagnosis {
                cause: Cause::CnameLoop,
                text,
            });
        }
        Aliases::End(end) => end,
    };

    let (zone, servers) = delegation(cx, client, &end, rtype).await?;
    let findings = join_all(
        servers
            .iter()
            .take(MAX_SERVERS)
            .map(|server| ask_server(cx, client, server, &end, rtype)),
    )
    .await;

    let findings: Vec<(String, Finding)> = findings.into_iter().flatten().collect();

    combine(&zone, &findings)
}

/// The server gave a definite answer: the name exists or does not exist.
fn is_conclusive(rcode: OptRcode) -> bool {
    matches!(rcode, OptRcode::NOERROR | OptRcode::NXDOMAIN)
}

/// Combines the results of all name servers; `None` if they answer or none was queried.
fn combine(zone: &str, findings: &[(String, Finding)]) -> Option<Diagnosis> {
    let causes: Vec<Option<Cause>> = findings.iter().map(|(_, it)| it.cause()).collect();
    let cause = match causes[..] {
        [] => return None,
        [first, ref rest @ ..] if rest.iter().all(|cause| *cause == first) => first?,
        _ => Cause::Broken,
    };

    let descriptions: Vec<String> = findings
        .iter()
        .map(|(server, finding)| format!("{server} {}", finding.describe()))
        .collect();

    Some(Diagnosis {
        cause,
        text: format!("name servers of {zone}: {}", descriptions.join("; ")),
    })
}

enum Aliases {
    Loop(Vec<String>),
    End(String),
}

async fn follow_aliases(client: &Client, name: &str) -> Aliases {
    let mut path = vec![without_dot(name).to_ascii_lowercase()];
    for _ in 0..8 {
        let Some(last) = path.last() else { break };
        let Ok(response) = client.query(last, Rtype::CNAME).await else {
            break;
        };
        let target = response
            .message
            .answers
            .iter()
            .find_map(|record| match &record.data {
                Data::Cname(cname) => Some(without_dot(cname.cname()).to_ascii_lowercase()),
                _ => None,
            });
        let Some(target) = target else { break };
        let is_loop = path.contains(&target);
        path.push(target);
        if is_loop {
            return Aliases::Loop(path);
        }
    }
    Aliases::End(path.pop().unwrap_or_default())
}

/// A name server of a zone with the addresses from its glue records.
struct Server {
    name: String,
    glue: Vec<IpAddr>,
}

/// The zone of `name` and its name servers, from the delegation in the nearest parent zone that answers.
async fn delegation(
    cx: &Context,
    client: &Client,
    name: &str,
    rtype: Rtype,
) -> Option<(String, Vec<Server>)> {
    let mut ancestor = name;

    for _ in 0..8 {
        ancestor = ancestor.split_once('.').map_or(".", |(_, rest)| rest);
        let Ok(response) = client.query(ancestor, Rtype::NS).await else {
            continue;
        };
        let parents = name_servers(&response.message.answers);

        if parents.is_empty() {
            if ancestor == "." {
                return None;
            }
            continue;
        }

        for parent in parents.iter().take(2) {
            let addresses = client.addresses(parent).await.unwrap_or_default();
            let Ok(authority) = cx.net.dns.authority(parent, &addresses, SERVER_TIMEOUT) else {
                continue;
            };
            let question = Question {
                recurse: false,
                ..Question::new(name, rtype)
            };
            if let Ok(response) = authority.ask(&question).await
                && let Some(delegation) = read_delegation(&response.message)
            {
                return Some(delegation);
            }
        }

        return None;
    }

    None
}

fn name_servers(records: &[Record]) -> Vec<String> {
    let server = |record: &Record| match &record.data {
        Data::Ns(ns) => Some(without_dot(ns.nsdname())),
        _ => None,
    };
    records.iter().filter_map(server).collect()
}

fn read_delegation(message: &Message) -> Option<(String, Vec<Server>)> {
    let zone = message
        .authority
        .iter()
        .find(|record| record.rtype == Rtype::NS)?
        .name
        .clone();

    let server = |name: String| {
        let glue = message
            .additional
            .iter()
            .filter(|record| record.name.eq_ignore_ascii_case(&name));
        Server {
            glue: glue.filter_map(Record::address).collect(),
            name,
        }
    };

    Some((
        zone,
        name_servers(&message.authority)
            .into_iter()
            .map(server)
            .collect(),
    ))
}

/// How one name server of the zone handled the query.
enum Finding {
    Silent,
    ConnectionRefused,
    Rcode(OptRcode),
    NotAuthoritative,
    NoAddress,
    Answers,
}

impl Finding {
    fn from_response(message: &Message) -> Self {
        match message.rcode {
            rcode if is_conclusive(rcode) && message.flags.aa => Self::Answers,
            OptRcode::NOERROR => Self::NotAuthoritative,
            rcode => Self::Rcode(rcode),
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self {
            Self::Silent | Self::ConnectionRefused | Self::NoAddress => Some(Cause::Silent),
            Self::Rcode(OptRcode::REFUSED) | Self::NotAuthoritative => Some(Cause::Lame),
            Self::Rcode(_) => Some(Cause::Broken),
            Self::Answers => None,
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Silent => "does not answer".into(),
            Self::ConnectionRefused => "refused the connection".into(),
            Self::Rcode(OptRcode::REFUSED) => "refused the query (REFUSED)".into(),
            Self::Rcode(rcode) => format!("returned {}", super::outcome::rcode_name(*rcode)),
            Self::NotAuthoritative => "is not authoritative (lame delegation)".into(),
            Self::NoAddress => "has no address".into(),
            Self::Answers => "answers".into(),
        }
    }
}

/// Queries one name server; `None` if the guard refuses its address.
async fn ask_server(
    cx: &Context,
    client: &Client,
    server: &Server,
    name: &str,
    rtype: Rtype,
) -> Option<(String, Finding)> {
    let addresses = if server.glue.is_empty() {
        client.addresses(&server.name).await.unwrap_or_default()
    } else {
        server.glue.clone()
    };

    let Some(address) = addresses.first() else {
        return Some((server.name.clone(), Finding::NoAddress));
    };
    let authority = cx
        .net
        .dns
        .authority(&server.name, &[*address], SERVER_TIMEOUT)
        .ok()?;

    let question = Question {
        recurse: false,
        ..Question::new(name, rtype)
    };
    let finding = match authority.ask(&question).await {
        Ok(response) => Finding::from_response(&response.message),
        Err(Failure::Upstream { .. }) => Finding::ConnectionRefused,
        Err(_) => Finding::Silent,
    };

    Some((format!("{} ({address})", server.name), finding))
}

#[cfg(test)]
mod tests;
