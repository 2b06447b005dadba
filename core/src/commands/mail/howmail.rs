//! `howmail`: how e-mail works, told with the real servers of two addresses.
//!
//! Nothing is sent: servers are looked up, connected to, greeted and left. What cannot be found out leaves a gap in
//! the facts, not in the story.

mod mta_sts;
mod path;
mod receiver;
mod sender;
mod services;
mod story;
#[cfg(test)]
mod tests;

use std::{
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
    command::{Command, Context},
    spec::{Cost, Group, Spec},
};
use receiver::Receiver;
use sender::{Dkim, Dmarc, Spf};
use services::{READING, SENDING, Services};

/// Examples where no address is given: providers that publish most of what there is to tell.
const EXAMPLES: [&str; 2] = ["alice@fastmail.com", "bob@gmail.com"];
/// What is not known by then is told as not known; a little before the command's own end.
const PATIENCE: Duration = Duration::from_secs(21);
/// What mail servers may take of it, so that their last words are still noted.
const TALKS: Duration = Duration::from_secs(20);

/// How e-mail works, told with the real servers of two addresses.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HowMail {
    /// The sender's mail address; an example if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Email>,
    /// The receiver's mail address; an example if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<Email>,
}

/// The contract's `howmail`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Data {
    from: String,
    to: String,
    /// An address was not given, and an example stands in for it.
    example: bool,
    sender: Sender,
    receiver: Receiver,
    /// Where the receiver reads mail; `null` where it could not be found out in time.
    access: Option<Services>,
    /// From the sender's program to the reader's.
    path: Vec<Station>,
    #[serde(skip)]
    finished: bool,
}

/// The sender's domain; `null` is what could not be found out in time.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
struct Sender {
    domain: String,
    /// Where messages are handed in.
    submission: Option<Services>,
    spf: Option<Spf>,
    dkim: Option<DkimKeys>,
    dmarc: Option<Dmarc>,
}

/// Keys under selectors that were guessed: DNS does not list them.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
struct DkimKeys {
    keys: Vec<Dkim>,
    /// The selectors that were tried.
    tried: Vec<&'static str>,
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
        sends: 64 << 10,
    };
    type Data = Data;

    async fn run(self, cx: &Context) -> Result<Data, Failure> {
        let client = cx.net.dns.client(None).await?;
        let telling = Telling {
            cx,
            data: Mutex::new(self.untold()?),
        };
        let start = Instant::now();
        // What is noted by then is there, whatever is still under way.
        let _ = timeout_at(start + PATIENCE, telling.find_out(&client, start + TALKS)).await;
        let mut data = telling
            .data
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        data.finished = true;
        data.path = path::stations(&data);
        Ok(data)
    }
}

impl HowMail {
    /// The story before anything is known.
    fn untold(self) -> Result<Data, Failure> {
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
            finished: false,
        };

        data.path = path::stations(&data);

        Ok(data)
    }
}

/// The story while its parts come in, from several sides at once.
struct Telling<'a> {
    cx: &'a Context,
    data: Mutex<Data>,
}

impl Telling<'_> {
    fn note(&self, change: impl FnOnce(&mut Data)) {
        let so_far = {
            let mut data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut data);
            data.path = path::stations(&data);
            data.clone()
        };
        self.cx.progress(&so_far);
    }

    async fn find_out(&self, client: &Client, deadline: Instant) {
        let (from, to) = {
            let data = self.data.lock().unwrap_or_else(PoisonError::into_inner);
            (data.sender.domain.clone(), data.receiver.domain.clone())
        };
        let cx = self.cx;
        let spf = async {
            let spf = sender::spf(client, &from).await;
            self.note(|data| data.sender.spf = Some(spf));
        };
        let dkim = async {
            let keys = sender::dkim(client, &from).await;
            let tried = sender::SELECTORS.to_vec();
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
            self.note(|data| data.sender.dkim = Some(dkim));
        };

        let dmarc = async {
            let dmarc = sender::dmarc(client, &from).await;
            self.note(|data| data.sender.dmarc = Some(dmarc));
        };
        let mta_sts = async {
            let found = mta_sts::mta_sts(cx, client, &to).await;
            self.note(|data| data.receiver.mta_sts = Some(found));
        };
        let tls_rpt = async {
            let found = mta_sts::tls_rpt(client, &to).await;
            self.note(|data| data.receiver.tls_rpt = Some(found));
        };
        let receive = receiver::receive(
            cx,
            client,
            &to,
            deadline,
            |change: &dyn Fn(&mut Receiver)| {
                self.note(|data| change(&mut data.receiver));
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

    /// Servers for mail programs; one domain is asked once.
    async fn services(&self, client: &Client, from: &str, to: &str) {
        let sending = |found: &Services| {
            self.note(|data| data.sender.submission = Some(found.only(&SENDING)))
        };
        let reading = |found: &Services| self.note(|data| data.access = Some(found.only(&READING)));

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
        story::tell(self)
    }

    fn lifetime(&self) -> Duration {
        // Silence may be over soon.
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
