//! Jobs of all replicas: one stream with a message for each job, and one consumer for each kind.
//!
//! A job that begins here is stored with the name of this replica. Another replica that is given it asks that one
//! whether it still holds the job, and takes it if there is no answer. A job that was delivered is this replica's until it answers
//! the delivery, as long as it says now and then that it works on it. The server keeps the time of jobs that are put
//! off.

mod job;
mod message;
mod pull;
mod settle;
mod table;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use async_nats::Request;
use futures::StreamExt;
use jiff::Timestamp;
use netvane_core::store::{KINDS, Kind, ListedJob, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::Notify, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::state::{api::Api, entries::Write, error_of, keys, streams};
use message::{Delivery, StoredJob};
use settle::{Settlement, Unsettled};
use streams::{AGENDA, consumer_of, job_subject};
use table::{Job, Table};

pub(crate) use job::HeldJob;

/// Time in which another replica says whether it holds a job.
const ASK: Duration = Duration::from_secs(1);
/// Time after connecting in which other replicas connect as well.
const SETTLED: Duration = Duration::from_secs(8);
/// Longest wait for the end of the pulls.
const CLOSING: Duration = Duration::from_secs(1);
/// Pause between two rounds of what is repeated.
const ROUND: Duration = Duration::from_secs(1);
/// Rounds after which the servers are told that jobs are being worked on.
const PROGRESS: u32 = 8;

pub(crate) struct Agenda {
    api: Api,
    replica: String,
    tables: HashMap<&'static str, (Mutex<Table>, Notify)>,
    pulled: Mutex<BTreeSet<&'static str>>,
    pullers: TaskTracker,
    unsettled: Mutex<Vec<Unsettled>>,
    /// Jobs of each kind at all replicas, as of the last look.
    lengths: Mutex<HashMap<&'static str, usize>>,
    /// How often this replica has connected, and since when the last connection holds.
    connected: Mutex<(u64, Instant)>,
    closed: CancellationToken,
}

/// What a replica asks another about a job.
#[derive(Serialize, Deserialize)]
struct Question {
    kind: String,
    id: String,
    sequence: u64,
}

/// What becomes of a job that another replica began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Held,
    Done,
    /// That replica does not hold it.
    Free,
    /// That replica does not answer.
    Silence,
}

#[derive(Deserialize)]
struct ConsumerInfo {
    num_pending: usize,
    num_ack_pending: usize,
}

impl Agenda {
    pub(crate) async fn start(api: Api, replica: String) -> Arc<Self> {
        let tables = KINDS.map(|kind| (kind.name, (Mutex::new(Table::new(kind)), Notify::new())));
        let agenda = Arc::new(Self {
            api,
            replica,
            tables: tables.into(),
            pulled: Mutex::default(),
            pullers: TaskTracker::new(),
            unsettled: Mutex::default(),
            lengths: Mutex::default(),
            connected: Mutex::new((0, Instant::now())),
            closed: CancellationToken::new(),
        });
        tokio::spawn(agenda.clone().answer_questions());
        tokio::spawn(agenda.clone().repeat());
        agenda
    }

    /// Number of jobs of a kind at all replicas.
    pub(crate) fn len(&self, kind: &'static Kind) -> usize {
        let all = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
        let here = self.look(kind, |table| table.jobs.len());
        all.get(kind.name).copied().unwrap_or_default().max(here)
    }

    pub(crate) async fn look_at_length(&self) {
        for kind in KINDS {
            let subject = format!("CONSUMER.INFO.{AGENDA}.{}", consumer_of(kind));
            if let Ok(info) = self.api.call::<ConsumerInfo>(&subject, &Value::Null).await {
                let mut lengths = self.lengths.lock().unwrap_or_else(PoisonError::into_inner);
                lengths.insert(kind.name, info.num_pending + info.num_ack_pending);
            }
        }
    }

    /// All jobs of all replicas. For those that were put off, the time is not known here.
    pub(crate) async fn list(&self) -> Result<Vec<ListedJob>, StoreError> {
        let mut jobs = Vec::new();
        for kind in KINDS {
            let failed = |fault| error_of(kind.name, fault);
            let subjects = self.api.subjects(AGENDA, &job_subject(kind, ">")).await;
            for subject in subjects.map_err(failed)? {
                let last = self.api.last(AGENDA, &subject).await.map_err(failed)?;
                let Some(last) = last else { continue };
                let Ok(stored) = serde_json::from_slice::<StoredJob>(&last.value) else {
                    continue;
                };
                let age = last
                    .written
                    .map(|written| Timestamp::now().duration_since(written));
                let age = age.and_then(|age| Duration::try_from(age).ok());
                jobs.push(ListedJob {
                    kind,
                    id: stored.id,
                    owner: stored.owner,
                    delay: Duration::from_millis(stored.delay_ms)
                        .saturating_sub(age.unwrap_or_default()),
                });
            }
        }
        Ok(jobs)
    }

    /// Adds a job that is due after this delay; false if there is one.
    pub(crate) async fn add(
        &self,
        kind: &'static Kind,
        id: &str,
        owner: &str,
        delay: Duration,
    ) -> Result<bool, StoreError> {
        self.check_room(kind)?;
        let write = self.new_write(kind, id, owner, delay, None);
        let added = self.api.write(AGENDA, &write, Some(0)).await;
        Ok(added.map_err(|fault| error_of(kind.name, fault))?.is_some())
    }

    /// Adds a job that the caller has taken; `None` if another replica holds it.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        kind: &'static Kind,
        id: &str,
        owner: &str,
    ) -> Result<Option<HeldJob>, StoreError> {
        self.check_room(kind)?;
        // Before it is stored: it may be delivered before the reply comes.
        let Some(taken) = self.look(kind, |table| table.begin(id, owner)) else {
            return Ok(None);
        };
        let write = self.new_write(kind, id, owner, Duration::ZERO, Some(&self.replica));
        let stored = self.store_begun(&write).await;

        if let Ok(Some(sequence)) = stored {
            self.look(kind, |table| {
                if let Some(job) = table.jobs.get_mut(id) {
                    job.sequence = job.sequence.max(sequence);
                }
            });
            return Ok(Some(HeldJob {
                agenda: self.clone(),
                kind,
                taken: Some(taken),
            }));
        }

        let job = self.look(kind, |table| table.finish(&taken));
        stored.map_err(|fault| {
            // It may be stored all the same; the caller goes on without it.
            if let Some(job) = job {
                let (id, settlement) = (id.to_owned(), Settlement::Done);
                self.unsettled(|all| {
                    all.push(Unsettled {
                        kind,
                        id,
                        job,
                        settlement,
                    });
                });
            }
            error_of(kind.name, fault)
        })?;
        Ok(None)
    }

    /// Stores a job that begins here, also in place of one that nobody holds.
    async fn store_begun(&self, write: &Write) -> Result<Option<u64>, crate::state::api::Fault> {
        if let Some(sequence) = self.api.write(AGENDA, write, Some(0)).await? {
            return Ok(Some(sequence));
        }
        let Some(last) = self.api.last(AGENDA, &write.subject).await? else {
            return self.api.write(AGENDA, write, Some(0)).await;
        };
        let stored = serde_json::from_slice::<StoredJob>(&last.value);
        if stored.is_ok_and(|stored| stored.holder.is_none() && stored.delay_ms > 0) {
            return self.api.write(AGENDA, write, Some(last.revision)).await;
        }
        Ok(None)
    }

    fn new_write(
        &self,
        kind: &'static Kind,
        id: &str,
        owner: &str,
        delay: Duration,
        holder: Option<&str>,
    ) -> Write {
        let stored = StoredJob {
            id: id.to_owned(),
            owner: owner.to_owned(),
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            holder: holder.map(str::to_owned),
        };
        let subject = job_subject(kind, &keys::encode(id));
        Write::new(subject, serde_json::to_vec(&stored).unwrap_or_default())
    }

    fn check_room(&self, kind: &'static Kind) -> Result<(), StoreError> {
        if self.len(kind) >= kind.max_jobs {
            return Err(StoreError::Full(kind.name));
        }
        Ok(())
    }

    /// The next job that is due here.
    pub(crate) async fn take(self: &Arc<Self>, kind: &'static Kind) -> HeldJob {
        let is_new = self
            .pulled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(kind.name);
        if is_new {
            self.pullers.spawn(self.clone().pull(kind));
        }

        loop {
            let mut changed = std::pin::pin!(self.tables[kind.name].1.notified());
            changed.as_mut().enable();
            let now = std::time::Instant::now();
            let (taken, next) = self.look(kind, |table| {
                (table.queue.take(now), table.queue.next_event())
            });
            if let Some(taken) = taken {
                return HeldJob {
                    agenda: self.clone(),
                    kind,
                    taken: Some(taken),
                };
            }
            match next {
                Some(next) => {
                    let next = Instant::from_std(next);
                    let _ = tokio::time::timeout_at(next, changed).await;
                }
                None => changed.await,
            }
        }
    }

    /// Gives back what this replica holds, and takes nothing more.
    pub(crate) async fn hand_over(&self) {
        self.closed.cancel();
        // What is given back must not come to a pull of this replica.
        self.pullers.close();
        let _ = tokio::time::timeout(CLOSING, self.pullers.wait()).await;

        self.settle_rest().await;
        for kind in KINDS {
            let jobs: Vec<_> = self.look(kind, |table| table.jobs.drain().collect());
            for (id, job) in jobs {
                let now = Settlement::postponed(Duration::ZERO);
                let given_back = match &job.ack {
                    Some(ack) => self.answer(ack, now).await,
                    None if job.sequence > 0 => self.rewrite(kind, &id, &job, Duration::ZERO).await,
                    None => Ok(()),
                };
                if let Err(fault) = given_back {
                    tracing::debug!(%fault, "job not given back; another replica takes it later");
                    return;
                }
            }
        }
    }

    /// Whether this replica has been connected for so long that the others are as well, if they live.
    fn is_settled(&self) -> bool {
        let (_, since) = self.look_at_connection();
        self.api.check().is_ok() && since.elapsed() >= SETTLED
    }

    fn look_at_connection(&self) -> (u64, Instant) {
        let statistics = self.api.link.client().statistics();
        let connects = statistics.connects.load(Ordering::Relaxed);
        let mut connected = self
            .connected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if connected.0 != connects {
            *connected = (connects, Instant::now());
        }
        *connected
    }

    fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Asks the replica that began a job about it.
    async fn ask(&self, kind: &'static Kind, delivery: &Delivery, holder: &str) -> Answer {
        if !crate::subjects::is_id(holder) {
            return Answer::Free;
        }
        let question = Question {
            kind: kind.name.to_owned(),
            id: delivery.job.id.clone(),
            sequence: delivery.sequence,
        };
        let body = serde_json::to_vec(&question).unwrap_or_default();
        let request = Request::new().payload(body.into()).timeout(Some(ASK));
        let client = self.api.link.client();
        match client.send_request(job_questions(holder), request).await {
            Ok(reply) if &*reply.payload == b"held" => Answer::Held,
            Ok(reply) if &*reply.payload == b"done" => Answer::Done,
            Ok(_) => Answer::Free,
            Err(_) => Answer::Silence,
        }
    }

    /// Tells other replicas about the jobs that began here.
    async fn answer_questions(self: Arc<Self>) {
        let client = self.api.link.client().clone();
        let Ok(mut questions) = client.subscribe(job_questions(&self.replica)).await else {
            return;
        };
        while let Some(question) = questions.next().await {
            let Some(reply) = question.reply.clone() else {
                continue;
            };
            let answer = match serde_json::from_slice(&question.payload) {
                Ok(question) => self.answer_to(&question),
                Err(_) => continue,
            };
            let _ = client.publish(reply, answer.into()).await;
        }
    }

    fn answer_to(&self, question: &Question) -> &'static str {
        let Some(kind) = KINDS.iter().find(|kind| kind.name == question.kind) else {
            return "free";
        };
        match self.settlement_of(kind, &question.id, question.sequence) {
            Some(Settlement::Done) => return "done",
            Some(Settlement::Postponed(_)) => return "held",
            None => {}
        }
        let is_held = self.look(kind, |table| table.jobs.contains_key(&question.id));
        if is_held { "held" } else { "free" }
    }

    /// Repeats what the servers must know: that jobs are worked on, and how those have ended that they still give out.
    async fn repeat(self: Arc<Self>) {
        let mut round = 0_u32;
        let mut ticks = tokio::time::interval(ROUND);
        loop {
            ticks.tick().await;
            self.look_at_connection();
            if self.api.check().is_err() {
                continue;
            }
            round = round.wrapping_add(1);
            if round.is_multiple_of(PROGRESS) {
                self.report_progress().await;
            }
            self.settle_rest().await;
        }
    }

    async fn report_progress(&self) {
        for kind in KINDS {
            let acks: Vec<_> = self.look(kind, |table| {
                let jobs = table.jobs.values_mut();
                jobs.filter_map(|job: &mut Job| {
                    job.confirmed = Instant::now();
                    job.ack.clone()
                })
                .collect()
            });
            for ack in acks {
                let _ = self.api.link.client().publish(ack, "+WPI".into()).await;
            }
        }
    }

    /// Runs something on the jobs of a kind, and wakes those who wait for one.
    fn change<T>(&self, kind: &Kind, run: impl FnOnce(&mut Table) -> T) -> T {
        let value = self.look(kind, run);
        self.tables[kind.name].1.notify_waiters();
        value
    }

    fn look<T>(&self, kind: &Kind, run: impl FnOnce(&mut Table) -> T) -> T {
        let (table, _) = &self.tables[kind.name];
        run(&mut table.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The subject on which a replica tells about the jobs that began there.
fn job_questions(replica: &str) -> String {
    format!("nv.1.replica.{replica}.job")
}
