//! `mailcheck`: everything that a domain publishes about its mail, and its mail servers, in one report.
//!
//! All lookups run at the same time; each section is shown when it is complete.

mod addresses;
mod certificates;
mod dane;
mod policies;
mod present;
mod schema;
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
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use super::{
    dkim, dmarc,
    howmail::receiver::{Receiver, note_servers, probe_exchanges},
    spf,
};
use crate::{
    command::{Command, Context, Next},
    commands::dns::mx,
    spec::{Cost, Group, Spec},
};
use section::{Checked, SectionName, SectionProblem, SectionState, Sections};

/// Timeout of all lookups, shorter than that of the command. Sections that are not complete then are unknown.
const TIMEOUT: Duration = Duration::from_secs(24);
/// Timeout of SMTP sessions, so that their errors are still recorded.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);
/// Maximum number of mail servers that are contacted.
const MAX_SERVERS: usize = 8;

/// Report on a domain's mail: servers, SPF, DKIM, DMARC, encryption and blocklists.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailCheck {
    /// The domain to check.
    domain: Domain,
}

/// The report about a domain, section by section.
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
    const FOLLOW_UPS: &'static [Next] = &[
        Next::target("spf"),
        Next::target("dkim"),
        Next::target("dmarc"),
        Next::target("blocklist"),
        Next::target("mx"),
        Next::target("whois"),
    ];

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
    /// Neither the mail servers nor SPF nor DMARC could be looked up: the resolver does not work.
    async fn check_all(&self) -> Result<(), Failure> {
        let (found_servers, servers) = oneshot::channel::<Vec<IpAddr>>();
        let (found_senders, senders) = oneshot::channel::<Vec<IpAddr>>();
        let addresses = async {
            let (servers, senders) = futures::join!(servers, senders);
            let addresses =
                addresses::select(&servers.unwrap_or_default(), &senders.unwrap_or_default());
            futures::join!(
                self.check_reverse(&addresses),
                self.check_blocklists(&addresses)
            );
        };

        let (servers, spf, dmarc, ..) = futures::join!(
            self.check_servers(found_servers),
            self.check_spf(found_senders),
            self.check_dmarc(),
            self.check_dkim(),
            self.check_mta_sts(),
            self.check_tls_rpt(),
            self.check_bimi(),
            addresses,
        );
        match (servers, spf, dmarc) {
            (Err(failure), Err(_), Err(_)) => Err(failure),
            _ => Ok(()),
        }
    }

    async fn check_servers(&self, addresses: oneshot::Sender<Vec<IpAddr>>) -> Result<(), Failure> {
        let found = match mx::find(self.cx, self.client, self.domain, |_| {}).await {
            Ok(found) => found,
            Err(failure) => {
                for name in [SectionName::Mx, SectionName::Starttls, SectionName::Dane] {
                    self.record(name, Checked::unknown(failure.to_string()));
                }
                return Err(failure);
            }
        };
        self.record(SectionName::Mx, servers::mx(&found));
        let all = found.hosts.iter().flat_map(|host| &host.addresses);
        // Without a receiver, the addresses are not needed any more.
        _ = addresses.send(all.copied().collect());

        self.check_encryption(&found).await;
        Ok(())
    }

    /// Contacts the mail servers, and checks their certificates and TLSA records.
    async fn check_encryption(&self, found: &mx::Data) {
        let deadline = self.start + SMTP_TIMEOUT;
        let receiver = Mutex::new(Receiver::default());
        let note = |change: &dyn Fn(&mut Receiver)| {
            change(&mut receiver.lock().unwrap_or_else(PoisonError::into_inner));
        };
        note_servers(self.domain, found, &note);

        let hosts = &found.hosts;
        let (_, records) = futures::join!(
            probe_exchanges(self.cx, self.domain, hosts, MAX_SERVERS, deadline, &note),
            certificates::look_up_tlsa(self.cx, hosts, deadline),
        );
        let receiver = receiver
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let servers = certificates::check(self.cx, &receiver, records, deadline).await;

        self.record(
            SectionName::Starttls,
            servers::starttls(&receiver, &servers),
        );
        self.record(SectionName::Dane, dane::judge(&receiver, &servers));
    }

    async fn check_spf(&self, addresses: oneshot::Sender<Vec<IpAddr>>) -> Result<(), Failure> {
        let data = match spf::check(self.client, self.domain).await {
            Ok(data) => data,
            Err(failure) => {
                self.record(SectionName::Spf, Checked::unknown(failure.to_string()));
                return Err(failure);
            }
        };
        _ = addresses.send(data.addresses.clone());
        let checked = Checked::from_command(data.state, data.summary(), &data.problems);
        self.record(SectionName::Spf, checked.with(&data));
        Ok(())
    }

    async fn check_dmarc(&self) -> Result<(), Failure> {
        match dmarc::check(self.client, self.domain).await {
            Ok(data) => {
                let checked = Checked::from_command(data.state, data.summary(), &data.problems);
                self.record(SectionName::Dmarc, checked.with(&data));
                Ok(())
            }
            Err(failure) => {
                self.record(SectionName::Dmarc, Checked::unknown(failure.to_string()));
                Err(failure)
            }
        }
    }

    async fn check_dkim(&self) {
        let checked = match dkim::check(self.client, self.domain, None).await {
            Ok(data) => {
                Checked::from_command(data.state, data.summary(), &data.problems).with(&data)
            }
            Err(failure) => Checked::unknown(failure.to_string()),
        };
        self.record(SectionName::Dkim, checked);
    }
}

impl Data {
    fn record(&mut self, name: SectionName, checked: Checked) {
        *self.sections.get_mut(name) = checked.section;
        let problems = checked.problems.into_iter();
        self.problems.extend(problems.map(|problem| SectionProblem {
            section: name,
            problem,
        }));
    }

    /// Sorts the problems, adds those that concern several sections, and finds the state of the whole report.
    fn complete(&mut self) {
        if !self.in_progress {
            policies::compare(self);
        }
        self.problems
            .sort_by_key(|it| (std::cmp::Reverse(it.problem.severity), it.section));
        self.state = SectionName::ALL
            .iter()
            .fold(SectionState::Ok, |state, name| {
                state.and(*name, self.sections.get(*name).state)
            });
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        present::document(self)
    }

    fn lifetime(&self) -> Duration {
        // What failed may work soon.
        let seconds = match self.state {
            SectionState::Unknown => 10,
            _ => 60,
        };
        Duration::from_secs(seconds)
    }
}
