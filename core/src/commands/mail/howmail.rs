//! `howmail`: how email works, explained with the real servers of two addresses.
//!
//! No mail is sent: each server is resolved, contacted and left after EHLO and STARTTLS. If a lookup fails, its
//! fact is missing and the explanation is still complete.

pub(super) mod mta_sts;
mod path;
pub(super) mod receiver;
mod sender;
mod services;
mod story;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use netvane_document::{Answer, Document, Failure, Station};
use netvane_net::dns::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use crate::{
    args::Email,
    command::{Command, Context, Next, Subject},
    spec::{Cost, Group, Spec},
};
use receiver::Receiver;
use sender::{Dkim, Dmarc, Spf};
use services::{READING, SENDING, Services};

/// Example addresses (sender, recipient) at providers that publish most of the records explained here.
const EXAMPLES: [&str; 2] = ["alice@fastmail.com", "bob@gmail.com"];
/// Timeout for all lookups, shorter than the timeout of the command. Later results are reported as missing.
const TIMEOUT: Duration = Duration::from_secs(21);
/// Timeout for SMTP sessions, shorter than [`TIMEOUT`] so that their errors are still recorded.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

/// How email works, explained with the real servers of two addresses.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HowMail {
    /// Sender's email address. Default: an example address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Email>,
    /// Recipient's email address. Default: an example address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Email>,
}

/// How mail reaches the domain and which protections it has.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    from: String,
    to: String,
    /// At least one address was not given and is an example.
    example: bool,
    sender: Sender,
    receiver: Receiver,
    /// Servers from which the recipient reads mail; `null` if the lookup failed or timed out.
    access: Option<Services>,
    /// Stations from the sender's mail program to the recipient's.
    path: Vec<Station>,
    /// Lookups are still running, and their facts are missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    in_progress: bool,
}

/// The sender's domain; a field is `null` if its lookup failed or timed out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct Sender {
    domain: String,
    /// Submission servers (RFC 6409).
    submission: Option<Services>,
    spf: Option<Spf>,
    dkim: Option<DkimKeys>,
    dmarc: Option<Dmarc>,
}

/// DKIM keys at common selectors; DNS cannot list the selectors of a domain.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
struct DkimKeys {
    keys: Vec<Dkim>,
    /// Selectors that were looked up.
    tried: Vec<Cow<'static, str>>,
    fault: Option<String>,
}

impl Command for HowMail {
    const SPEC: Spec = Spec {
        name: "howmail",
        aliases: &["explain_mail"],
        group: Group::Mail,
        examples: &["howmail alice@example.com bob@example.org", "howmail"],
        timeout: Duration::from_secs(25),
        cost: Cost::Heavy,
        sends: 96 << 10,
    };
    type Data = Data;
    const FOLLOW_UPS: &'static [Next] = &[
        Next::about("verify", Subject::Argument("to")),
        Next::about("mailcheck", Subject::DomainOf("to")),
        Next::about("mailcheck", Subject::DomainOf("from")),
        Next::about("mx", Subject::DomainOf("to")),
    ];

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(None).await?;
        let collector = Collector {
            cx,
            data: Mutex::new(self.initial_data()?),
        };
        let start = Instant::now();
        // On timeout, the results recorded so far are used.
        let _ = timeout_at(
            start + TIMEOUT,
            collector.collect(&client, start + SMTP_TIMEOUT),
        )
        .await;
        let mut data = collector
            .data
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        data.in_progress = false;
        data.path = path::stations(&data);
        Ok(data)
    }
}

impl HowMail {
    /// The result before any lookup has finished.
    fn initial_data(self) -> Result<Data, Failure> {
        let example = self.from.is_none() || self.to.is_none();
        let [from, to] = [(self.from, EXAMPLES[0]), (self.to, EXAMPLES[1])].map(
            |(given, example)| match given {
                Some(email) => Some(email),
                None => example.parse::<Email>().ok(),
            },
        );

        let (Some(from), Some(to)) = (from, to) else {
            return Err(Failure::Internal);
        };
        let mut data = Data {
            from: from.to_string(),
            to: to.to_string(),
            example,
            sender: Sender {
                domain: from.domain().to_owned(),
                ..Sender::default()
            },
            receiver: Receiver {
                domain: to.domain().to_owned(),
                ..Receiver::default()
            },
            access: None,
            path: Vec::new(),
            in_progress: true,
        };

        data.path = path::stations(&data);

        Ok(data)
    }
}

/// Collects the results of concurrent lookups and reports progress after each.
struct Collector<'a> {
    cx: &'a Context,
    data: Mutex<Data>,
}

impl Collector<'_> {
    fn record(&self, change: impl FnOnce(&mut Data)) {
        let so_far = {
            let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut data);
            data.path = path::stations(&data);
            data.clone()
        };
        self.cx.progress(&so_far);
    }

    async fn collect(&self, client: &Client, deadline: Instant) {
        let (from, to) = {
            let data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
            (data.sender.domain.clone(), data.receiver.domain.clone())
        };
        let cx = self.cx;
        let spf = async {
            let spf = sender::spf(client, &from).await;
            self.record(|data| data.sender.spf = Some(spf));
        };
        let dkim = async {
            let keys = sender::dkim(client, &from).await;
            let tried = sender::selectors();
            let dkim = match keys {
                Ok(keys) => DkimKeys {
                    keys,
                    tried,
                    fault: None,
                },
                Err(fault) => DkimKeys {
                    tried,
                    fault: Some(fault),
                    ..DkimKeys::default()
                },
            };
            self.record(|data| data.sender.dkim = Some(dkim));
        };

        let dmarc = async {
            let dmarc = sender::dmarc(client, &from).await;
            self.record(|data| data.sender.dmarc = Some(dmarc));
        };
        let mta_sts = async {
            let found = mta_sts::mta_sts(cx, client, &to).await;
            self.record(|data| data.receiver.mta_sts = Some(found));
        };
        let tls_rpt = async {
            let found = mta_sts::tls_rpt(client, &to).await;
            self.record(|data| data.receiver.tls_rpt = Some(found));
        };
        let receive = receiver::receive(
            cx,
            client,
            &to,
            deadline,
            |change: &dyn Fn(&mut Receiver)| {
                self.record(|data| change(&mut data.receiver));
            },
        );

        futures::join!(
            spf,
            dkim,
            dmarc,
            mta_sts,
            tls_rpt,
            receive,
            self.services(client, &from, &to)
        );
    }

    /// Looks up the servers for mail programs; once if both addresses are in the same domain.
    async fn services(&self, client: &Client, from: &str, to: &str) {
        let sending = |found: &Services| {
            self.record(|data| data.sender.submission = Some(found.only(&SENDING)))
        };
        let reading =
            |found: &Services| self.record(|data| data.access = Some(found.only(&READING)));

        if from == to {
            let wanted = [&SENDING[..], &READING[..]].concat();
            let both = |found: Services| {
                sending(&found);
                reading(&found);
            };
            return both(services::discover(self.cx, client, from, &wanted, both).await);
        }

        let submission = async {
            sending(
                &services::discover(self.cx, client, from, &SENDING, |found| sending(&found)).await,
            );
        };

        let access = async {
            reading(
                &services::discover(self.cx, client, to, &READING, |found| reading(&found)).await,
            );
        };

        futures::join!(submission, access);
    }
}

impl Answer for Data {
    fn present(&self) -> Document {
        story::render(self)
    }

    fn lifetime(&self) -> Duration {
        // A server that did not respond may be back soon.
        if self
            .receiver
            .exchanges
            .iter()
            .any(receiver::Exchange::answers)
        {
            Duration::from_secs(300)
        } else {
            Duration::from_secs(30)
        }
    }
}
