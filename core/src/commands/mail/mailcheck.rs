//! `mailcheck`: everything that a domain publishes about its mail, and its mail servers, in one report.
//!
//! All lookups run at the same time; each section is shown when it is complete.

mod addresses;
mod policies;
mod present;
mod section;
mod servers;
#[cfg(test)]
mod tests;

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use netvane_document::{Answer, Document, Failure};
use netvane_facts::target::Domain;
use netvane_net::dns::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::{
    dkim, dmarc,
    howmail::receiver::{Receiver, contact},
    problem::Level,
    spf,
};
use crate::{
    blocklist::is_public,
    command::{Command, Context},
    commands::dns::mx,
    spec::{Cost, Group, Spec, TargetKind},
};
use section::{Checked, Section, SectionName, SectionProblem, SectionState, Sections};

/// Timeout of all lookups, shorter than that of the command. Sections that are not complete then are unknown.
const TIMEOUT: Duration = Duration::from_secs(24);
/// Timeout of SMTP sessions, so that their errors are still recorded.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum number of addresses of mail servers, and of sending addresses in the SPF record, that are checked.
const MAX_ADDRESSES: usize = 16;

/// Report on a domain's mail: servers, SPF, DKIM, DMARC, encryption and blocklists.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailCheck {
    /// The domain to check.
    domain: Domain,
}

/// The report.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    domain: String,
    /// The worst state of all sections, not counting optional policies that are not published.
    state: SectionState,
    sections: Sections,
    /// Problems of all sections, worst first.
    problems: Vec<SectionProblem>,
    /// Lookups are still running.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    in_progress: bool,
}

impl Command for MailCheck {
    const SPEC: Spec = Spec {
        name: "mailcheck",
        aliases: &["mailhealth"],
        group: Group::Mail,
        examples: &["mailcheck example.com"],
        timeout: Duration::from_secs(28),
        cost: Cost::Heavy,
        sends: 512 << 10,
    };
    type Data = Data;
    const OFFERED_FOR: &'static [TargetKind] = &[TargetKind::Mailbox];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(None).await?;
        let domain = self.domain.as_str();
        let report = Report {
            cx,
            client: &client,
            domain,
            start: Instant::now(),
            data: Mutex::new(Data {
                domain: domain.to_owned(),
                state: SectionState::Unknown,
                sections: Sections::default(),
                problems: Vec::new(),
                in_progress: true,
            }),
        };

        // Sections that are missing after the timeout stay unknown.
        let found = timeout_at(report.start + TIMEOUT, report.check_all()).await;
        let mut data = report
            .data
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if let Ok(Err(failure)) = found {
            return Err(failure);
        }
        data.in_progress = false;
        data.complete();
        Ok(data)
    }
}

/// Collects the sections, and shows the report after each.
struct Report<'a> {
    cx: &'a Context,
    client: &'a Client,
    domain: &'a str,
    start: Instant,
    data: Mutex<Data>,
}

impl Report<'_> {
    fn record(&self, name: SectionName, checked: Checked) {
        let so_far = {
            let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
            data.record(name, checked);
            data.complete();
            data.clone()
        };
        self.cx.progress(&so_far);
    }

    /// Runs all checks.
    ///
    /// # Errors
    /// Neither the mail servers nor any of the policies could be looked up: the resolver does not work.
    async fn check_all(&self) -> Result<(), Failure> {
        let (servers, policies, (), spf) = futures::join!(
            mx::find(self.cx, self.client, self.domain, |_| {}),
            self.check_dkim_and_dmarc(),
            self.check_optional_policies(),
            spf::check(self.client, self.domain),
        );
        let _ = (servers, policies, spf);
        Ok(())
    }
}
