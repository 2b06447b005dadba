//! Sections about addresses: reverse names and blocklists of the mail servers and of sending addresses.

use std::net::IpAddr;

use futures::{StreamExt, stream};
use serde_json::json;

use super::{
    Report,
    section::{Checked, SectionName},
};
use crate::{
    blocklist::{List, ListState, Listing, Subject, TargetKind, is_public},
    commands::{
        address::reverse::reverse,
        dns::lookup::count,
        mail::problem::{Code, Problems},
    },
};

/// Maximum number of addresses of mail servers, and of sending addresses in the SPF record.
const MAX_ADDRESSES: usize = 16;
/// Maximum number of queries to blocklists at the same time.
const AT_ONCE: usize = 64;
/// Maximum number of listings that are problems of their own.
const MAX_LISTINGS: usize = 16;

/// An address and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    address: IpAddr,
    /// It may send mail by the SPF record.
    is_sender: bool,
}

/// The public addresses, each once: at most 16 of mail servers and 16 of senders.
pub(super) fn select(servers: &[IpAddr], senders: &[IpAddr]) -> Vec<Used> {
    let mut all: Vec<Used> = Vec::new();
    for (addresses, is_sender) in [(senders, true), (servers, false)] {
        let public = addresses.iter().filter(|address| is_public(**address));
        for address in public.take(MAX_ADDRESSES) {
            if !all.iter().any(|used| used.address == *address) {
                all.push(Used {
                    address: *address,
                    is_sender,
                });
            }
        }
    }
    all
}

impl Report<'_> {
    pub(super) async fn check_reverse(&self, addresses: &[Used]) {
        if addresses.is_empty() {
            let none = Checked::new("No address to check", Vec::new(), false);
            return self.record(SectionName::Reverse, none);
        }
        let lookups = addresses
            .iter()
            .map(|used| async move { (*used, reverse(self.client, used.address).await) });
        let answers = futures::future::join_all(lookups).await;

        let mut problems = Problems::default();
        let (mut confirmed, mut unknown, mut rows) = (0, 0, Vec::new());
        for (Used { address, is_sender }, answer) in answers {
            let Ok((names, _)) = answer else {
                unknown += 1;
                continue;
            };
            match names.is_confirmed() {
                Some(true) => confirmed += 1,
                None => unknown += 1,
                Some(false) => {
                    let what = if names.has_name() {
                        "no name that resolves back to it"
                    } else {
                        "no PTR record"
                    };
                    let role = if is_sender {
                        "sends mail"
                    } else {
                        "belongs to a mail server"
                    };
                    problems.warning(
                        Code::NotForwardConfirmed,
                        format!("{address} {role} and has {what}; many receivers reject mail from such addresses"),
                        format!("Ask the owner of the network to set the PTR record of {address} to the server's name"),
                    );
                }
            }
            rows.push(names);
        }

        if unknown == addresses.len() {
            return self.record(
                SectionName::Reverse,
                Checked::unknown("The names could not be looked up"),
            );
        }
        let summary = format!(
            "{confirmed} of {} forward-confirmed",
            count(addresses.len(), "address", "addresses")
        );
        let checked = Checked::new(summary, problems.worst_first(), true);
        self.record(
            SectionName::Reverse,
            checked.with(&json!({ "addresses": rows })),
        );
    }

    pub(super) async fn check_blocklists(&self, addresses: &[Used]) {
        let blocklists = &self.cx.runtime.blocklists;
        // Others need not know the names of a private network.
        let is_private = self.cx.net.dns.is_private_name(self.domain);
        let domain = (!is_private).then(|| Subject::Domain(self.domain.to_owned()));
        let subjects: Vec<Subject> = addresses
            .iter()
            .map(|used| Subject::Address(used.address))
            .chain(domain)
            .collect();

        let mut asked = Vec::new();
        for (at, subject) in subjects.iter().enumerate() {
            for list in blocklists.for_kind(subject.kind()) {
                asked.push(self.ask(at, subject, list));
            }
        }
        let answers: Vec<(usize, Option<Listing>)> = stream::iter(asked)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        self.record(SectionName::Blocklist, judge(&subjects, &answers));
    }

    /// What a list says about the subject with this number.
    async fn ask(&self, at: usize, subject: &Subject, list: &List) -> (usize, Option<Listing>) {
        let blocklists = &self.cx.runtime.blocklists;
        let listing = blocklists.ask(self.client, list, subject, false).await;
        (at, listing)
    }
}

fn judge(subjects: &[Subject], answers: &[(usize, Option<Listing>)]) -> Checked {
    let mut problems = Problems::default();
    let mut rows = Vec::new();
    let mut checked_any = false;

    for (at, subject) in subjects.iter().enumerate() {
        let target = match subject {
            Subject::Address(address) => address.to_string(),
            Subject::Domain(domain) => domain.clone(),
        };
        let about = |state: ListState| {
            answers.iter().filter_map(move |(other, listing)| {
                let listing = listing.as_ref()?;
                (*other == at && listing.state == state).then_some(listing)
            })
        };
        let listings: Vec<&Listing> = about(ListState::Listed).collect();
        let checked = listings.len() + about(ListState::Clean).count();
        checked_any |= checked > 0;

        for listing in listings.iter().take(MAX_LISTINGS) {
            let reason = listing
                .reason
                .clone()
                .unwrap_or_else(|| listing.codes.join(" "));
            let fix = match &listing.url {
                Some(url) => format!("See {url} for the reason and removal"),
                None => format!("Ask the operator of {} for removal", listing.zone),
            };
            let text = format!("{target} is listed by {} ({reason})", listing.name);
            problems.error(Code::Listed, text, fix);
        }
        let kind = match subject.kind() {
            TargetKind::Domain => "domain",
            TargetKind::Ipv4 | TargetKind::Ipv6 => "ip",
        };
        rows.push(json!({
            "target": target,
            "kind": kind,
            "listed": listings.len(),
            "checked": checked,
            "lists": listings,
        }));
    }

    if !checked_any {
        return Checked::unknown("No blocklist could be queried").with(&json!({ "targets": rows }));
    }
    let listed = rows.iter().filter(|row| row["listed"] != 0).count();
    let all = match subjects.len() {
        0 | 1 => "the domain".to_owned(),
        more => format!("the domain and {}", count(more - 1, "address", "addresses")),
    };
    let summary = match listed {
        0 => format!("Not listed: {all}"),
        _ => format!("{listed} listed of {all}"),
    };
    Checked::new(summary, problems.worst_first(), true).with(&json!({ "targets": rows }))
}
