//! Why a resolver said SERVFAIL, found out by asking further: signatures, circles of aliases, and the
//! servers of the zone themselves.

use std::{net::IpAddr, time::Duration};

use domain::base::{Rtype, iana::OptRcode};
use futures::future::join_all;
use netvane_document::Failure;
use netvane_net::dns::{Client, Data, Message, Question, Record, without_dot};
use schemars::JsonSchema;
use serde::Serialize;

use crate::command::Context;

/// All further questions together end by then.
const PATIENCE: Duration = Duration::from_secs(4);
/// One authoritative server is waited for this long.
const SERVER_PATIENCE: Duration = Duration::from_millis(1200);
/// Zones have up to 13 servers; a few tell enough.
const MAX_SERVERS: usize = 6;

/// Why a resolver failed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Diagnosis {
    pub(crate) cause: Cause,
    /// One sentence.
    pub(crate) text: String,
}

/// Causes of SERVFAIL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// Signatures do not hold.
    Dnssec,
    /// Aliases lead in a circle.
    CnameLoop,
    /// The zone's servers do not answer.
    Silent,
    /// The zone's servers do not know the zone, or refuse.
    Lame,
    /// The zone's servers themselves fail, each in its way.
    Broken,
}

/// Finds out why `client` said SERVFAIL about `name`; `None` where it cannot be told.
pub(crate) async fn diagnose(
    cx: &Context,
    client: &Client,
    name: &str,
    rtype: Rtype,
) -> Option<Diagnosis> {
    tokio::time::timeout(PATIENCE, find_out(cx, client, name, rtype))
        .await
        .ok()
        .flatten()
}

async fn find_out(cx: &Context, client: &Client, name: &str, rtype: Rtype) -> Option<Diagnosis> {
    let unchecked = Question {
        checking_disabled: true,
        ..Question::new(name, rtype)
    };
    let (unchecked, aliases) = futures::join!(client.ask(&unchecked), follow_aliases(client, name));

    if unchecked.is_ok_and(|response| exists_or_not(response.message.rcode)) {
        let text =
            "without validation the data does come: the zone's DNSSEC signatures do not hold"
                .into();
        return Some(Diagnosis {
            cause: Cause::Dnssec,
            text,
        });
    }

    let end = match aliases {
        Aliases::Circle(path) => {
            let text = format!("the aliases lead in a circle: {}", path.join(" → "));
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

    judge(&zone, &findings)
}

/// The server looked and said what there is, or that there is nothing.
fn exists_or_not(rcode: OptRcode) -> bool {
    matches!(rcode, OptRcode::NOERROR | OptRcode::NXDOMAIN)
}

/// What the zone's servers did, taken together; `None` where they answer, or none was asked.
fn judge(zone: &str, findings: &[(String, Finding)]) -> Option<Diagnosis> {
    let causes: Vec<Option<Cause>> = findings.iter().map(|(_, it)| it.cause()).collect();
    let cause = match causes[..] {
        [] => return None,
        [first, ref rest @ ..] if rest.iter().all(|cause| *cause == first) => first?,
        _ => Cause::Broken,
    };

    let told: Vec<String> = findings
        .iter()
        .map(|(server, finding)| format!("{server} {}", finding.words()))
        .collect();

    Some(Diagnosis {
        cause,
        text: format!("of the servers of {zone}, {}", told.join("; ")),
    })
}

enum Aliases {
    Circle(Vec<String>),
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
        let circle = path.contains(&target);
        path.push(target);
        if circle {
            return Aliases::Circle(path);
        }
    }
    Aliases::End(path.pop().unwrap_or_default())
}

/// A server of a zone, with the addresses that its delegation gives.
struct Server {
    name: String,
    glue: Vec<IpAddr>,
}

/// The zone that `name` lies in and its servers, as the nearest zone above that works delegates it.
async fn delegation(
    cx: &Context,
    client: &Client,
    name: &str,
    rtype: Rtype,
) -> Option<(String, Vec<Server>)> {
    let mut above = name;

    for _ in 0..8 {
        above = above.split_once('.').map_or(".", |(_, rest)| rest);
        let Ok(response) = client.query(above, Rtype::NS).await else {
            continue;
        };
        let parents = name_servers(&response.message.answers);

        if parents.is_empty() {
            if above == "." {
                return None;
            }
            continue;
        }

        for parent in parents.iter().take(2) {
            let addresses = client.addresses(parent).await.unwrap_or_default();
            let Ok(authority) = cx.net.dns.authority(parent, &addresses, SERVER_PATIENCE) else {
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

/// What one server of the zone did with the question.
enum Finding {
    Silent,
    Closed,
    Said(OptRcode),
    NotAuthoritative,
    NoAddress,
    Answers,
}

impl Finding {
    /// Of what it answered.
    fn of(message: &Message) -> Self {
        match message.rcode {
            rcode if exists_or_not(rcode) && message.flags.aa => Self::Answers,
            OptRcode::NOERROR => Self::NotAuthoritative,
            rcode => Self::Said(rcode),
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self {
            Self::Silent | Self::Closed | Self::NoAddress => Some(Cause::Silent),
            Self::Said(OptRcode::REFUSED) | Self::NotAuthoritative => Some(Cause::Lame),
            Self::Said(_) => Some(Cause::Broken),
            Self::Answers => None,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Silent => "does not answer".into(),
            Self::Closed => "runs no DNS server".into(),
            Self::Said(OptRcode::REFUSED) => "refuses to answer for it (REFUSED)".into(),
            Self::Said(rcode) => format!("answers {}", super::outcome::rcode_name(*rcode)),
            Self::NotAuthoritative => "knows nothing of it (lame delegation)".into(),
            Self::NoAddress => "has no address".into(),
            Self::Answers => "answers".into(),
        }
    }
}

/// `None` where the guard forbids to ask.
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
        .authority(&server.name, &[*address], SERVER_PATIENCE)
        .ok()?;

    let question = Question {
        recurse: false,
        ..Question::new(name, rtype)
    };
    let finding = match authority.ask(&question).await {
        Ok(response) => Finding::of(&response.message),
        Err(Failure::Upstream { .. }) => Finding::Closed,
        Err(_) => Finding::Silent,
    };

    Some((format!("{} ({address})", server.name), finding))
}

#[cfg(test)]
mod tests;
