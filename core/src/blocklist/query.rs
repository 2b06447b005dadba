//! Queries a list about a subject, together with its test points.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use domain::base::{Rtype, iana::OptRcode};
use futures::future::join_all;
use netvane_document::Failure;
use netvane_net::dns::{Client, Data, Record};
use tokio::time::timeout;

use super::{Blocklists, List, ListState, Listing, Subject, TargetKind, usage::Tested};

/// Time limit of one list.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// Maximum length of a list's own text, in characters.
const MAX_TEXT: usize = 200;
/// Maximum number of codes that are kept.
const MAX_CODES: usize = 16;
/// Extended DNS errors with which a resolver says that it withholds the answer (RFC 8914).
const FILTERED: [u16; 3] = [15, 16, 17];

/// Reason of a list that was closed, or whose zone the resolver blocks.
const NO_TEST_POINT: &str = "no answer for its test point (RFC 5782)";

/// State of a list, its codes, and what they mean or why there are none.
type Verdict = (ListState, Vec<Ipv4Addr>, Option<String>);

/// An answer to one query.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reply {
    /// The target is listed: addresses in 127.0.0.0/8 (RFC 5782 §2.1).
    Listed(Vec<Ipv4Addr>),
    /// The name does not exist, or has no address.
    Clean,
    /// The list does not answer this resolver.
    Refused(String),
    /// Addresses elsewhere: the zone does not belong to a list any more.
    Foreign(IpAddr),
    /// No answer, or an error.
    Failed(String),
}

impl Listing {
    /// Whether the list does not even have its own test point, which must always be listed.
    pub(crate) fn lacks_test_point(&self) -> bool {
        self.state == ListState::Dead && self.reason.as_deref() == Some(NO_TEST_POINT)
    }
}

impl Blocklists {
    /// Asks a list about a subject; `with_text` also asks for its own text. `None` if the list turns out to be for another
    /// kind of subject.
    pub(crate) async fn ask(
        &self,
        client: &Client,
        list: &List,
        subject: &Subject,
        with_text: bool,
    ) -> Option<Listing> {
        let started = Instant::now();
        let verdict = timeout(TIME_LIMIT, self.verdict(client, list, subject, with_text)).await;
        let (state, codes, reason) = match verdict {
            Ok(Some(verdict)) => verdict,
            Ok(None) => return None,
            Err(_) => {
                let reason = format!("no answer within {} s", TIME_LIMIT.as_secs());
                (ListState::Unreachable, Vec::new(), Some(reason))
            }
        };

        let url = match (state, subject) {
            (ListState::Listed, Subject::Address(address)) => list.page(&address.to_string()),
            (ListState::Listed, Subject::Domain(domain)) => list.page(domain),
            (ListState::Refused, _) => list.policy().map(str::to_owned),
            _ => None,
        };
        Some(Listing {
            name: list.name.clone(),
            zone: list.zone.clone(),
            state,
            codes: codes.iter().map(ToString::to_string).collect(),
            reason,
            url,
            elapsed_ms: (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0,
        })
    }

    async fn verdict(
        &self,
        client: &Client,
        list: &List,
        subject: &Subject,
        with_text: bool,
    ) -> Option<Verdict> {
        let name = format!("{}.{}", label(list, subject), list.query_zone);
        if name.len() > 253 {
            return Some(failed("the name is too long for this list".into()));
        }
        let queries = 1 + u32::from(with_text);
        if !self.usage.count(&list.zone, queries, list.daily) {
            return Some(failed(format!(
                "not queried: the limit of {} queries a day is reached",
                list.daily
            )));
        }

        let text = async {
            if with_text {
                text(client, &name).await
            } else {
                None
            }
        };
        let test = self.usage.tested(
            &list.query_zone,
            subject.kind(),
            self.test(client, list, subject.kind()),
        );
        let (reply, text, tested) = futures::join!(ask(client, list, &name), text, test);

        judge(list, reply, tested, text)
    }

    /// Asks for the test points of a list (RFC 5782 §5).
    async fn test(&self, client: &Client, list: &List, kind: TargetKind) -> Result<Tested, String> {
        // Test points are few and asked once an hour, so the limit of a day does not stop them.
        let others = match kind {
            TargetKind::Ipv4 => [TargetKind::Domain, TargetKind::Ipv6],
            TargetKind::Ipv6 => [TargetKind::Ipv4, TargetKind::Domain],
            TargetKind::Domain => [TargetKind::Ipv4, TargetKind::Ipv6],
        };
        // A list that names its kinds is only asked about those.
        let others = others.iter().filter(|_| list.targets.is_empty());
        let queries = 2 + others.clone().count() as u32;
        self.usage.count(&list.zone, queries, list.daily);
        let [listed, clean] =
            test_points(list, kind).map(|name| format!("{name}.{}", list.query_zone));
        let others = others.map(|other| async move {
            let [name, _] = test_points(list, *other);
            let name = format!("{name}.{}", list.query_zone);
            ask(client, list, &name).await
        });
        let (listed, clean, others) = futures::join!(
            ask(client, list, &listed),
            ask(client, list, &clean),
            join_all(others)
        );
        let has = |wanted: fn(&Reply) -> bool| others.iter().any(wanted);

        match (listed, clean) {
            (Reply::Refused(_), _) | (_, Reply::Refused(_)) => Ok(Tested::Refused),
            (_, Reply::Listed(_) | Reply::Foreign(_)) => Ok(Tested::Wildcard),
            (Reply::Failed(why), _) | (_, Reply::Failed(why)) => {
                Err(format!("its test point could not be looked up: {why}"))
            }
            (Reply::Listed(_), Reply::Clean) => Ok(Tested::Works),
            (Reply::Clean | Reply::Foreign(_), Reply::Clean) => {
                Ok(if has(|reply| matches!(reply, Reply::Listed(_))) {
                    Tested::OtherKind
                } else if has(|reply| matches!(reply, Reply::Refused(_))) {
                    Tested::Refused
                } else {
                    Tested::Closed
                })
            }
        }
    }
}

/// Combines the answer about a subject with the result of the test points. `None` if the list is of another kind.
fn judge(
    list: &List,
    reply: Reply,
    tested: Result<Tested, String>,
    text: Option<String>,
) -> Option<Verdict> {
    let without_codes = |state, why: &str| (state, Vec::new(), Some(why.to_owned()));

    Some(match (reply, tested) {
        (Reply::Refused(why), _) => without_codes(ListState::Refused, &why),
        (Reply::Failed(why), _) | (_, Err(why)) => failed(why),
        (_, Ok(Tested::OtherKind)) => return None,
        (_, Ok(Tested::Refused)) => {
            without_codes(ListState::Refused, "it does not answer this resolver")
        }
        (_, Ok(Tested::Closed)) => without_codes(ListState::Dead, NO_TEST_POINT),
        (_, Ok(Tested::Wildcard)) => without_codes(
            ListState::Dead,
            "it lists every name, so its answers mean nothing (RFC 5782)",
        ),
        (Reply::Foreign(address), _) => {
            let why = format!("it answers with {address}, which is not in 127.0.0.0/8");
            without_codes(ListState::Dead, &why)
        }
        (Reply::Clean, _) => (ListState::Clean, Vec::new(), None),
        (Reply::Listed(codes), _) => {
            let reason = explain(list, &codes, text);
            (ListState::Listed, codes, reason)
        }
    })
}

/// A list that gave no result, and why.
fn failed(reason: String) -> Verdict {
    (ListState::Unreachable, Vec::new(), Some(reason))
}

/// The part of the query name before the zone.
fn label(list: &List, subject: &Subject) -> String {
    match subject {
        Subject::Address(address) => reversed(*address),
        Subject::Domain(domain) if list.registered => {
            psl::domain_str(domain).unwrap_or(domain).to_owned()
        }
        Subject::Domain(domain) => domain.clone(),
    }
}

/// The octets or nibbles of an address in reverse order, separated by dots (RFC 5782 §2.1, §2.4).
fn reversed(address: IpAddr) -> String {
    let parts: Vec<String> = match address {
        IpAddr::V4(address) => address.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(address) => address
            .octets()
            .iter()
            .rev()
            .flat_map(|octet| [octet & 15, octet >> 4])
            .map(|nibble| format!("{nibble:x}"))
            .collect(),
    };
    parts.join(".")
}

/// Names of what is always listed and of what never is.
fn test_points(list: &List, kind: TargetKind) -> [String; 2] {
    match kind {
        TargetKind::Ipv4 => [2, 1].map(|last| reversed(IpAddr::from([127, 0, 0, last]))),
        TargetKind::Ipv6 => [2, 1].map(|last| {
            let mapped = Ipv4Addr::from([127, 0, 0, last]).to_ipv6_mapped();
            reversed(mapped.into())
        }),
        TargetKind::Domain => [
            list.listed.clone().unwrap_or_else(|| "test".into()),
            list.clean.clone().unwrap_or_else(|| "invalid".into()),
        ],
    }
}

async fn ask(client: &Client, list: &List, name: &str) -> Reply {
    let message = match client.query(name, Rtype::A).await {
        Ok(response) => response.message,
        // The text may have the queried name, and with it the key.
        Err(Failure::Timeout { .. }) => return Reply::Failed("no answer (timeout)".into()),
        Err(_) => return Reply::Failed("no answer".into()),
    };
    let is_filtered = |code: u16| FILTERED.contains(&code);
    if message
        .extended_errors
        .iter()
        .any(|error| is_filtered(error.code))
    {
        return Reply::Failed("the resolver blocks the query".into());
    }

    match message.rcode {
        OptRcode::NOERROR => read(list, &message.answers),
        OptRcode::NXDOMAIN => Reply::Clean,
        OptRcode::REFUSED => Reply::Refused("it refused the query (REFUSED)".into()),
        rcode => Reply::Failed(format!("the resolver returned {rcode}")),
    }
}

fn read(list: &List, answers: &[Record]) -> Reply {
    let addresses: Vec<IpAddr> = answers.iter().filter_map(Record::address).collect();
    let codes: Vec<Ipv4Addr> = addresses
        .iter()
        .filter_map(|address| match address {
            IpAddr::V4(address) if address.is_loopback() => Some(*address),
            _ => None,
        })
        .take(MAX_CODES)
        .collect();

    if let Some(code) = codes.iter().find(|code| is_refusal(list, **code)) {
        return Reply::Refused(refusal(*code));
    }
    match addresses.first() {
        None => Reply::Clean,
        Some(first) if codes.is_empty() => Reply::Foreign(*first),
        Some(_) => Reply::Listed(codes),
    }
}

fn is_refusal(list: &List, code: Ipv4Addr) -> bool {
    code.octets().starts_with(&[127, 255, 255]) || list.refused.contains(&code)
}

/// What a list means by refusing; the codes of Spamhaus are used by others too.
fn refusal(code: Ipv4Addr) -> String {
    let why = match code.octets() {
        [127, 255, 255, 252] => "the zone name is wrong",
        [127, 255, 255, 254] => "it does not answer public resolvers",
        [127, 255, 255, 255] => "it got too many queries from this resolver",
        _ => "it does not answer this resolver",
    };
    format!("{why} ({code})")
}

/// What the codes mean, with the list's own text.
fn explain(list: &List, codes: &[Ipv4Addr], text: Option<String>) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for meaning in codes
        .iter()
        .filter_map(|code| list.meaning(*code))
        .chain(text)
    {
        if !parts.contains(&meaning) {
            parts.push(meaning);
        }
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The first text of a list about a name.
async fn text(client: &Client, name: &str) -> Option<String> {
    let response = client.query(name, Rtype::TXT).await.ok()?;
    let bytes: Vec<u8> = response
        .message
        .answers
        .iter()
        .find_map(|record| match &record.data {
            Data::Txt(txt) => Some(txt.iter().flatten().copied().collect()),
            _ => None,
        })?;
    let text: String = String::from_utf8_lossy(&bytes)
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_TEXT)
        .collect();
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
