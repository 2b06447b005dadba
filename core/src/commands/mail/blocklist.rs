//! `blocklist`: which DNS blocklists list an address or a domain (RFC 5782).

#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::{StreamExt, stream::FuturesUnordered};
use netvane_document::{Answer, Cell, Document, Failure, Role, Severity};
use netvane_facts::{
    ip_class,
    target::{Host, both_forms, name_warning},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    blocklist::{ListState, Listing, Subject, is_public},
    command::{Command, Context, Next, Short, elements, scalar},
    commands::dns::lookup::count,
    spec::{Cost, Group, Spec},
};

/// Time for which a reply is cached.
const LIFETIME: Duration = Duration::from_secs(300);

/// Blocklists that list an address or a domain.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blocklist {
    /// A public IP address, or a domain; its addresses are not looked up.
    target: Host,
}

/// What each list says.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// The address or the domain, in canonical spelling.
    target: String,
    kind: Kind,
    /// Number of lists that list the target.
    listed: usize,
    /// Number of lists that gave an answer: listed and clean.
    checked: usize,
    /// The lists: those that list the target first, then those that could not be queried.
    lists: Vec<Listing>,
    /// Class of an address that is never sent to a list, such as `private`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_public: Option<String>,
    /// Names of lists that are left out because they need a key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    without_key: Vec<String>,
    /// The resolvers in use, if they filter or block the queries: no list answers its test point.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    blocking_resolvers: Vec<String>,
    /// Number of lists whose answer is still missing.
    #[serde(default, skip_serializing_if = "is_zero")]
    waiting: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Kind of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// An IPv4 or IPv6 address.
    Ip,
    /// A domain name, which is looked up in lists of names.
    Domain,
}

impl Command for Blocklist {
    const SPEC: Spec = Spec {
        name: "blocklist",
        aliases: &["dnsbl", "blacklist"],
        group: Group::Mail,
        examples: &["blocklist 192.0.2.1", "blocklist example.com"],
        timeout: crate::commands::DNS_TIMEOUT,
        cost: Cost::Heavy,
        sends: 128 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("reverse"),
        Next::target("whois"),
        Next::target("ip"),
        Next::target("dns"),
        Next::domain("mailcheck"),
    ];
    const SHORT: Short = Short::Values(listing_lists);

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let mut data = Data {
            target: self.target.to_string(),
            kind: match self.target {
                Host::Address(_) => Kind::Ip,
                Host::Name(_) => Kind::Domain,
            },
            listed: 0,
            checked: 0,
            lists: Vec::new(),
            not_public: None,
            without_key: Vec::new(),
            blocking_resolvers: Vec::new(),
            waiting: 0,
        };

        let subject = match self.target {
            Host::Address(address) if !is_public(address) => {
                let kind = ip_class::classify(address).kind;
                data.not_public = Some(kind.as_str().replace('_', "-"));
                return Ok(data);
            }
            Host::Address(address) => Subject::Address(address),
            Host::Name(name) if cx.net.dns.is_private_name(name.as_str()) => {
                data.not_public = Some("private".into());
                return Ok(data);
            }
            Host::Name(name) => Subject::Domain(name.as_str().to_owned()),
        };
        data.ask_all(cx, &subject).await?;
        Ok(data)
    }
}

/// Names of the blocklists that list the target.
fn listing_lists(data: &Value) -> Vec<String> {
    elements(data, "lists")
        .filter(|list| list["state"] == "listed")
        .filter_map(|list| scalar(list.get("name")?))
        .collect()
}

impl Data {
    /// Asks all lists at the same time, and shows each answer when it arrives.
    async fn ask_all(&mut self, cx: &Context, subject: &Subject) -> Result<(), Failure> {
        let client = cx.net.dns.client(None).await?;
        let blocklists = &cx.runtime.blocklists;
        let asked = blocklists
            .for_kind(subject.kind())
            .map(|list| blocklists.ask(&client, list, subject, true));
        let mut asked: FuturesUnordered<_> = asked.collect();
        self.without_key = blocklists.without_key().to_vec();
        self.waiting = asked.len();

        while let Some(listing) = asked.next().await {
            self.waiting -= 1;
            self.lists.extend(listing);
            self.sort_and_count();
            if self.waiting > 0 {
                cx.progress(self);
            }
        }
        if self.is_blocked() {
            self.blame_resolvers(cx.net.dns.resolvers());
        }
        Ok(())
    }

    /// Whether most of several lists lack their test point and none gave an answer: lists do not close all at once.
    fn is_blocked(&self) -> bool {
        let lacking = self.lists.iter().filter(|list| list.lacks_test_point());
        let lacking = lacking.count();
        self.checked == 0 && lacking > 1 && lacking * 2 > self.lists.len()
    }

    /// Notes that the resolvers are at fault, and not the lists, which therefore are unreachable instead of dead.
    fn blame_resolvers(&mut self, resolvers: Vec<String>) {
        self.blocking_resolvers = resolvers;
        for list in &mut self.lists {
            if list.lacks_test_point() {
                list.state = ListState::Unreachable;
            }
        }
        self.sort_and_count();
    }

    fn sort_and_count(&mut self) {
        self.lists
            .sort_by(|a, b| (rank(a.state), &a.name).cmp(&(rank(b.state), &b.name)));
        let with = |state| self.lists.iter().filter(|list| list.state == state).count();
        self.listed = with(ListState::Listed);
        self.checked = self.listed + with(ListState::Clean);
    }

    fn summary(&self) -> (String, Severity) {
        let target = both_forms(&self.target);
        if let Some(kind) = &self.not_public {
            let what = match self.kind {
                Kind::Ip => format!("is not a public address ({kind})"),
                Kind::Domain => "is a name of a private network".to_owned(),
            };
            let text = format!("{target} {what}, so no blocklist was queried");
            return (text, Severity::Neutral);
        }
        let lists = count(self.checked, "blocklist", "blocklists");
        match (self.listed, self.checked) {
            (0, 0) if self.waiting > 0 => ("Querying blocklists".into(), Severity::Neutral),
            (0, 0) if !self.blocking_resolvers.is_empty() => {
                let resolvers = self.blocking_resolvers.join(", ");
                let text = format!(
                    "No list answers its test point (RFC 5782) through {resolvers}: the resolver filters or blocks DNSBL queries. Use a resolver of your own."
                );
                (text, Severity::Warning)
            }
            (0, 0) => ("No blocklist could be queried".into(), Severity::Warning),
            (0, _) => (format!("Not listed by {lists}"), Severity::Good),
            (listed, _) => (format!("Listed by {listed} of {lists}"), Severity::Bad),
        }
    }
}

/// Order of the lists: what has to be read comes first.
fn rank(state: ListState) -> u8 {
    match state {
        ListState::Listed => 0,
        ListState::Refused => 1,
        ListState::Unreachable => 2,
        ListState::Dead => 3,
        ListState::Clean => 4,
    }
}

/// The state for people.
fn state_cell(state: ListState) -> Cell {
    match state {
        ListState::Listed => Cell::new("listed", Role::Bad),
        ListState::Clean => Cell::new("clean", Role::Good),
        ListState::Refused => Cell::new("refused", Role::Warning),
        ListState::Unreachable => Cell::new("unreachable", Role::Warning),
        ListState::Dead => Cell::new("dead", Role::Aside),
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        let (summary, severity) = self.summary();
        let title = format!("Blocklists for {}", both_forms(&self.target));
        let mut document = Document::new(title, summary, severity);

        let (clean, others): (Vec<&Listing>, Vec<&Listing>) = self
            .lists
            .iter()
            .partition(|list| list.state == ListState::Clean);
        let rows: Vec<[Cell; 3]> = others
            .iter()
            .map(|list| {
                let codes = list.codes.join(" ");
                let reason = list.reason.clone().unwrap_or_default();
                let detail = match (codes.is_empty(), reason.is_empty()) {
                    (false, false) => format!("{codes}: {reason}"),
                    _ => codes + &reason,
                };
                [
                    Cell::from(&list.name),
                    state_cell(list.state),
                    Cell::exact(detail),
                ]
            })
            .collect();
        document.table(["List", "State", "Reason"], rows);

        if !clean.is_empty() {
            let names: Vec<&str> = clean.iter().map(|list| list.name.as_str()).collect();
            document.field("Clean", names.join(", "));
        }
        for list in others.iter().filter(|list| list.state == ListState::Listed) {
            if let Some(url) = &list.url {
                document.note(format!(
                    "{}: for the reason and removal see {url}",
                    list.name
                ));
            }
        }
        if others.iter().any(|list| list.state == ListState::Refused) {
            document.note("Refused: many lists answer only a resolver of your own, or need a key (`[blocklist] keys`)");
        }
        if self.waiting > 0 {
            document.note(format!(
                "Waiting for {}",
                count(self.waiting, "list", "lists")
            ));
        }
        if let Some(warning) = name_warning(&self.target) {
            document.warn(warning);
        }
        document
    }

    fn lifetime(&self) -> Duration {
        LIFETIME
    }
}
