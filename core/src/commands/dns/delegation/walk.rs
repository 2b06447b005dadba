//! The walk from the root to the zone of the name.

mod keys;

use std::{
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::pin,
};

use domain::base::Rtype;
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, join_all},
    stream::FuturesUnordered,
};
use netvane_document::Failure;
use netvane_net::dns::{Client, ListedServer, Message, Response, chain::Trust};

use self::keys::Expected;
use super::{
    ChainStatus, Data, Server, State, Step,
    compare::{self, question},
    referral::{Meaning, Referral, ds_records, is_below, meaning, names_between},
};
use crate::{
    command::Context,
    commands::dns::lookup::{MAX_ROWS, RowBudget, rcode_name},
};

/// Most zones between the root and a name.
const MAX_STEPS: usize = 16;
/// Most name servers of a zone.
const MAX_SERVERS: usize = 16;
/// Most addresses of one name server.
const MAX_ADDRESSES: usize = 4;

/// A reply of one server: step, position in the step, and the outcome.
type Reply = (usize, usize, Result<Response, Failure>);

/// The state of a walk.
pub(super) struct Walk<'a> {
    cx: &'a Context,
    /// The configured resolvers, for addresses of servers without glue.
    resolver: Client,
    data: &'a mut Data,
    rtype: Rtype,
    name: String,
    /// Queries whose answer is missing, also those of zones that the walk has left.
    running: FuturesUnordered<BoxFuture<'a, Reply>>,
    /// The first useful answer of the current zone, with a client for its server.
    useful: Option<(Client, Message)>,
    /// Clients of the servers of the current zone.
    clients: Vec<Option<Client>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(cx: &'a Context, resolver: Client, data: &'a mut Data, rtype: Rtype) -> Self {
        Self {
            cx,
            resolver,
            name: data.name.clone(),
            data,
            rtype,
            running: FuturesUnordered::new(),
            useful: None,
            clients: Vec::new(),
        }
    }

    /// Walks down, then waits for the servers that have not answered yet.
    pub(super) async fn run(mut self) {
        self.walk().await;
        while let Some(reply) = self.running.next().await {
            self.note(reply);
        }
    }

    async fn walk(&mut self) {
        let mut referral = self.root();
        let mut expected = if self.cx.net.dns.has_anchor() {
            Expected::Anchor
        } else {
            Expected::Nothing
        };

        for _ in 0..MAX_STEPS {
            let zone = referral.zone.clone();
            self.start_step(&referral).await;
            let Some((client, message)) = self.first_useful().await else {
                self.note_silence(&expected);
                let reason = self.why_no_answer().to_owned();
                return self.break_at(&zone, reason);
            };
            let trust = self.check_keys(&client, &referral, expected).await;
            if zone != "." {
                let compared = client.clone();
                let parent = referral.clone();
                let found = self
                    .drive(async move { compare::servers(&compared, &parent).await })
                    .await;
                self.data.disagreements.extend(found);
            }

            let (next, proof) = match meaning(&message, &zone, &self.name) {
                Meaning::Referral(next) => (next, message),
                _ => match self.hidden_cut(&client, &zone).await {
                    Some(found) => found,
                    None => return self.finish(&zone, &trust, &message),
                },
            };
            expected = self.expect(&client, &trust, &next, &proof).await;
            referral = next;
        }
        self.break_at(&referral.zone, "there are too many zones".into());
    }

    fn root(&self) -> Referral {
        let mut servers: Vec<(String, Vec<IpAddr>)> = Vec::new();
        for hint in self.cx.net.dns.root_hints() {
            match servers.iter_mut().find(|(name, _)| *name == hint.name) {
                Some((_, addresses)) => addresses.push(hint.address.ip()),
                None => servers.push((hint.name.clone(), vec![hint.address.ip()])),
            }
        }
        Referral {
            zone: ".".into(),
            servers,
            ds: Vec::new(),
        }
    }

    /// Why no server of the current zone gives a useful answer.
    fn why_no_answer(&self) -> &'static str {
        let servers = self.data.steps.last().map(|step| &step.servers[..]);
        let all = |state| {
            servers.is_some_and(|servers| servers.iter().all(|server| server.state == state))
        };
        match servers {
            None | Some([]) => "no server of the zone can be asked from here",
            _ if all(State::Lame) => "all of its servers are lame: they do not serve the zone",
            _ if all(State::Silent) => "none of its servers answers",
            _ if all(State::NoAddress) => "none of its servers has an address",
            _ if all(State::RefusedTarget) => "its servers may not be contacted from here",
            _ => "no server of the zone answers for it",
        }
    }

    fn break_at(&mut self, zone: &str, reason: String) {
        if self.data.broken_at.is_none() {
            self.data.broken_at = Some(zone.to_owned());
            self.data.reason = Some(reason);
        }
    }

    /// Sends the query to every address of every server of a zone.
    async fn start_step(&mut self, referral: &Referral) {
        let servers = self.addresses(referral).await;
        let step = self.data.steps.len();
        let mut rows = Vec::new();
        self.clients.clear();
        self.useful = None;

        for (name, address) in servers {
            let mut row = Server {
                name: name.clone(),
                address: address.map(|address| address.ip()),
                state: State::NoAddress,
                elapsed_ms: None,
                rcode: None,
            };
            // All callers ask the servers of the root and of the top-level domains.
            let counts = referral.zone.contains('.') && referral.zone != ".";
            let client = address.map(|address| {
                let server = ListedServer { name, address };
                self.cx.net.dns.single(&server, counts)
            });
            let client = match client {
                Some(Ok(client)) => {
                    row.state = State::Silent;
                    self.ask(step, rows.len(), client.clone());
                    Some(client)
                }
                Some(Err(_)) => {
                    row.state = State::RefusedTarget;
                    None
                }
                None => None,
            };
            self.clients.push(client);
            rows.push(row);
        }

        self.data.steps.push(Step {
            zone: referral.zone.clone(),
            servers: rows,
            ds: referral.ds.clone(),
            secure: ChainStatus::Insecure,
        });
    }

    fn ask(&mut self, step: usize, position: usize, client: Client) {
        let (name, rtype) = (self.name.clone(), self.rtype);
        let query = async move {
            let answer = client.ask(&question(&name, rtype)).await;
            (step, position, answer)
        };
        self.running.push(query.boxed());
    }

    /// Each address of each server: glue, or what the resolvers know. `None` for a server without an address.
    async fn addresses(&mut self, referral: &Referral) -> Vec<(String, Option<SocketAddr>)> {
        let zone = referral.zone.clone();
        let resolver = self.resolver.clone();
        let servers: Vec<_> = referral.servers.iter().take(MAX_SERVERS).cloned().collect();
        let resolved = self
            .drive(async move {
                join_all(servers.into_iter().map(|(name, glue)| {
                    let (resolver, zone) = (resolver.clone(), zone.clone());
                    async move {
                        // A server inside of its zone cannot be found without glue.
                        let is_inside = name == zone || is_below(&name, &zone);
                        let addresses = if glue.is_empty() && !is_inside {
                            resolver.addresses(&name).await.unwrap_or_default()
                        } else {
                            glue
                        };
                        (name, addresses)
                    }
                }))
                .await
            })
            .await;

        let hints = self.cx.net.dns.root_hints();
        let port = |address: IpAddr| {
            let is_root =
                |hint: &&ListedServer| referral.zone == "." && hint.address.ip() == address;
            hints
                .iter()
                .find(is_root)
                .map_or(53, |hint| hint.address.port())
        };
        let mut all = Vec::new();
        for (name, addresses) in resolved {
            if addresses.is_empty() {
                all.push((name, None));
                continue;
            }
            for address in addresses.into_iter().take(MAX_ADDRESSES) {
                if self.cx.net.dns.has_route(address) {
                    let address = SocketAddr::new(address, port(address));
                    all.push((name.clone(), Some(address)));
                } else {
                    self.data.unrouted = true;
                }
            }
        }
        all
    }

    /// Waits until a server of the current zone gives a useful answer; `None` if none of them does.
    async fn first_useful(&mut self) -> Option<(Client, Message)> {
        let step = self.data.steps.len() - 1;
        let mut left = self.clients.iter().flatten().count();
        while self.useful.is_none() && left > 0 {
            let reply = self.running.next().await?;
            if reply.0 == step {
                left -= 1;
            }
            self.note(reply);
        }
        self.useful.take()
    }

    /// Waits for a future, and notes the replies that arrive meanwhile.
    async fn drive<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        loop {
            tokio::select! {
                value = &mut future => return value,
                Some(reply) = self.running.next() => self.note(reply),
            }
        }
    }

    /// Asks the server of a client; `None` if it does not answer.
    async fn ask_one(&mut self, client: &Client, name: &str, rtype: Rtype) -> Option<Message> {
        let (client, name) = (client.clone(), name.to_owned());
        let query = async move { client.ask(&question(&name, rtype)).await };
        let answer = self.drive(query).await;
        answer.ok().map(|response| response.message)
    }

    /// Notes the reply of a server in its row, and keeps the first useful one of the current zone.
    fn note(&mut self, (step, position, answer): Reply) {
        let is_current = step + 1 == self.data.steps.len();
        let Some(at) = self.data.steps.get_mut(step) else {
            return;
        };
        let Some(row) = at.servers.get_mut(position) else {
            return;
        };
        match answer {
            Ok(response) => {
                row.elapsed_ms = Some((response.elapsed.as_secs_f64() * 10_000.0).round() / 10.0);
                let is_useful = meaning(&response.message, &at.zone, &self.name) != Meaning::Lame;
                row.state = if is_useful { State::Ok } else { State::Lame };
                row.rcode = (!is_useful).then(|| rcode_name(response.message.rcode));
                let client = self.clients.get(position).cloned().flatten();
                if let (true, true, None, Some(client)) =
                    (is_current, is_useful, &self.useful, client)
                {
                    self.useful = Some((client, response.message));
                }
            }
            Err(_) => row.state = State::Silent,
        }
        self.data.waiting = self.running.len();
        self.cx.progress(self.data);
    }

    /// A zone between the current one and the name whose servers are the same, so that there was no referral: its
    /// servers, and the answer to a query for DS.
    async fn hidden_cut(&mut self, client: &Client, zone: &str) -> Option<(Referral, Message)> {
        let name = self.name.clone();
        // DS records are in the parent.
        let end = match (self.rtype, name.split_once('.')) {
            (Rtype::DS, Some((_, parent))) if !parent.is_empty() => parent.to_owned(),
            (Rtype::DS, _) => return None,
            _ => name,
        };
        for candidate in names_between(zone, &end) {
            let answer = self.ask_one(client, &candidate, Rtype::NS).await?;
            let found = Referral::new(&candidate, &answer.answers, &answer);
            if !answer.flags.aa || found.servers.is_empty() {
                continue;
            }
            let proof = self.ask_one(client, &candidate, Rtype::DS).await?;
            let ds = ds_records(proof.answers.iter());
            return Some((Referral { ds, ..found }, proof));
        }
        None
    }

    /// Notes the answer, and whether the keys of its zone sign it.
    fn finish(&mut self, zone: &str, trust: &Trust, message: &Message) {
        if let Trust::Secure(keys) = trust
            && let Err(why) = keys.check_answer(&self.name, self.rtype, message)
        {
            self.break_at(zone, why);
            if let Some(step) = self.data.steps.last_mut() {
                step.secure = ChainStatus::Bogus;
            }
        }

        let wants_signatures = matches!(self.rtype, Rtype::RRSIG | Rtype::ANY);
        let records = message.answers.iter();
        let records = records.filter(|record| wants_signatures || record.rtype != Rtype::RRSIG);
        let records: Vec<_> = records.cloned().collect();
        self.data.answers = RowBudget::new(MAX_ROWS).rows(&records);
        self.data.rcode = Some(rcode_name(message.rcode));
    }
}
