//! Jobs with a time: what must be done, also after a restart, at least once. What must not happen twice is decided by
//! `create` and `replace` on the record of the job.

pub mod queue;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::{
    Backing, SharedJob, Store, StoreError, embedded::Embedded, transaction::Step, unix_millis,
};
use queue::{LEASE, Queue, Taken};

/// Pause before a job is given out again whose holder dropped it without a word, as a panic does.
const AFTER_DROP: Duration = Duration::from_secs(5);

/// Age at which a job of all replicas whose record is not there is ended.
const GIVE_UP: Duration = Duration::from_secs(60);

/// A kind of jobs with its bounds.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Name in the database: `[a-z-]+`.
    pub name: &'static str,
    /// Jobs of all owners together.
    pub max_jobs: usize,
    /// Jobs of one owner that are taken at a time.
    pub per_owner: usize,
}

/// Callbacks whose reply is not known yet; the owner is the client.
pub static CALLBACK_LOOKUPS: Kind = Kind {
    name: "callback-lookups",
    max_jobs: 10_000,
    per_owner: 32,
};

/// Callbacks whose reply is to be delivered; the owner is the host of the receiver, then its address.
pub static CALLBACK_DELIVERIES: Kind = Kind {
    name: "callback-deliveries",
    max_jobs: 20_000,
    per_owner: 4,
};

/// Requests on Discord that are not answered yet.
pub static CHAT_DISCORD: Kind = Kind {
    name: "chat-discord",
    max_jobs: 100_000,
    per_owner: usize::MAX,
};

/// Requests on Telegram that are not answered yet.
pub static CHAT_TELEGRAM: Kind = Kind {
    name: "chat-telegram",
    max_jobs: 100_000,
    per_owner: usize::MAX,
};

/// Every kind of jobs.
pub static KINDS: [&Kind; 4] = [
    &CALLBACK_LOOKUPS,
    &CALLBACK_DELIVERIES,
    &CHAT_DISCORD,
    &CHAT_TELEGRAM,
];

/// A job as the database and exports hold it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredJob {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) owner: String,
    /// Unix time in milliseconds.
    pub(super) due: u64,
    /// When `due` was decided, as Unix time in milliseconds.
    pub(super) decided: u64,
}

/// The jobs of a store, by kind. Clones share them.
#[derive(Clone)]
pub struct Agenda {
    store: Store,
}

/// The queues in memory, filled from the database when it is opened first.
pub(super) struct Queues {
    queues: Mutex<HashMap<&'static str, Queue>>,
    changed: Notify,
}

/// A job that was taken. Dropped without [`done`](Self::done) or [`postpone`](Self::postpone), it is given out again.
pub struct Due {
    kind: &'static Kind,
    held: Held,
}

enum Held {
    /// A job of this process alone.
    Here(Lease),
    /// A job of all replicas.
    Shared(Box<dyn SharedJob>),
}

/// A job that was taken from the queue of this process.
struct Lease {
    embedded: Embedded,
    kind: &'static Kind,
    taken: Option<Taken>,
}

impl Queues {
    pub(super) fn new() -> Self {
        let queues = KINDS.map(|kind| (kind.name, Queue::new(kind.per_owner)));
        Self {
            queues: Mutex::new(queues.into()),
            changed: Notify::new(),
        }
    }

    /// Adds the jobs of an earlier process. However the clock was set meanwhile, none waits longer than was decided.
    pub(super) fn fill(&self, jobs: Vec<StoredJob>) {
        let (now, wall) = (Instant::now(), unix_millis());
        let mut queues = self.lock();
        for job in jobs {
            let Some(queue) = queues.get_mut(job.kind.as_str()) else {
                continue;
            };
            if queue.contains(&job.id) {
                continue;
            }
            let planned = job.due.saturating_sub(job.decided);
            let wait = job.due.saturating_sub(wall).min(planned);
            queue.add(&job.id, &job.owner, now + Duration::from_millis(wait));
        }
        drop(queues);
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<&'static str, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs something on the queue of a kind, and wakes those who wait for jobs.
    fn change<T>(&self, kind: &Kind, run: impl FnOnce(&mut Queue) -> T) -> T {
        let value = self.look(kind, run);
        self.changed.notify_waiters();
        value
    }

    fn look<T>(&self, kind: &Kind, run: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queues = self.lock();
        let queue = queues
            .entry(kind.name)
            .or_insert_with(|| Queue::new(kind.per_owner));
        run(queue)
    }
}

impl Agenda {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Number of jobs of a kind, taken ones included.
    pub fn len(&self, kind: &'static Kind) -> usize {
        match &self.store.0 {
            Backing::Embedded(embedded) => queues(embedded).look(kind, |queue| queue.len()),
            Backing::Shared(state) => state.jobs(kind),
        }
    }

    /// Adds a job that is due after this delay. It is on disk when this returns. False if there is such a job already.
    pub async fn add(
        &self,
        kind: &'static Kind,
        id: &str,
        owner: &str,
        delay: Duration,
    ) -> Result<bool, StoreError> {
        match &self.store.0 {
            Backing::Embedded(embedded) => {
                let Some(lease) = embedded.insert(kind, id, owner, delay).await? else {
                    return Ok(false);
                };
                lease.postpone_in_memory(delay);
                Ok(true)
            }
            Backing::Shared(state) => state.add_job(kind, id, owner, delay).await,
        }
    }

    /// Adds a job that the caller has taken. It is on disk when this returns, and given out again after a restart.
    /// `None` if there is such a job already.
    pub async fn begin(
        &self,
        kind: &'static Kind,
        id: &str,
        owner: &str,
    ) -> Result<Option<Due>, StoreError> {
        let held = match &self.store.0 {
            Backing::Embedded(embedded) => {
                let lease = embedded.insert(kind, id, owner, Duration::ZERO).await?;
                lease.map(Held::Here)
            }
            Backing::Shared(state) => state.begin_job(kind, id, owner).await?.map(Held::Shared),
        };
        Ok(held.map(|held| Due { kind, held }))
    }

    /// The next job of a kind that is due. Owners take turns.
    pub async fn take(&self, kind: &'static Kind) -> Due {
        let held = match &self.store.0 {
            Backing::Embedded(embedded) => Held::Here(embedded.take(kind).await),
            Backing::Shared(state) => Held::Shared(state.take_job(kind).await),
        };
        Due { kind, held }
    }
}

fn queues(embedded: &Embedded) -> &Queues {
    &embedded.shared().queues
}

impl Embedded {
    /// Adds a taken job that is due after this delay once the process has ended.
    async fn insert(
        &self,
        kind: &'static Kind,
        id: &str,
        owner: &str,
        delay: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let taken = queues(self).look(kind, |queue| {
            if queue.contains(id) {
                Ok(None)
            } else if queue.len() >= kind.max_jobs {
                Err(StoreError::Full(kind.name))
            } else {
                Ok(Some(queue.add_taken(id, owner, Instant::now())))
            }
        })?;
        let Some(taken) = taken else {
            return Ok(None);
        };

        let lease = Lease {
            embedded: self.clone(),
            kind,
            taken: Some(taken),
        };
        match self.write(kind, id, owner, delay).await {
            Ok(()) => Ok(Some(lease)),
            Err(error) => {
                lease.forget();
                Err(error)
            }
        }
    }

    async fn take(&self, kind: &'static Kind) -> Lease {
        loop {
            let mut changed = std::pin::pin!(queues(self).changed.notified());
            changed.as_mut().enable();

            let (taken, next) = queues(self).look(kind, |queue| {
                (queue.take(Instant::now()), queue.next_event())
            });
            if let Some(taken) = taken {
                return Lease {
                    embedded: self.clone(),
                    kind,
                    taken: Some(taken),
                };
            }

            match next {
                Some(next) => {
                    let next = tokio::time::Instant::from_std(next);
                    let _ = tokio::time::timeout_at(next, changed).await;
                }
                None => changed.await,
            }
        }
    }

    async fn write(
        &self,
        kind: &Kind,
        id: &str,
        owner: &str,
        delay: Duration,
    ) -> Result<(), StoreError> {
        let decided = unix_millis();
        let step = Step::AddJob(StoredJob {
            kind: kind.name.to_owned(),
            id: id.to_owned(),
            owner: owner.to_owned(),
            due: decided + u64::try_from(delay.as_millis()).unwrap_or(u64::MAX >> 1),
            decided,
        });
        self.change(step).await.map(|_| ())
    }
}

impl Due {
    /// Identifier of the job, the key of its record.
    pub fn id(&self) -> &str {
        match &self.held {
            Held::Here(lease) => lease.taken.as_ref().map_or("", |taken| taken.id.as_str()),
            Held::Shared(job) => job.id(),
        }
    }

    /// Whose turn the job takes.
    pub fn owner(&self) -> &str {
        match &self.held {
            Held::Here(lease) => lease
                .taken
                .as_ref()
                .map_or("", |taken| taken.owner.as_str()),
            Held::Shared(job) => job.owner(),
        }
    }

    /// Gives the job back at once, to be taken as one of this owner's. On disk its owner stays until it is postponed.
    pub fn release_to(self, owner: &str) {
        match self.held {
            Held::Here(lease) => lease.release_to(owner),
            Held::Shared(job) => job.release(Some(owner)),
        }
    }

    /// Says that the job is being worked on. False if it was given to someone else meanwhile.
    pub fn alive(&self) -> bool {
        match &self.held {
            Held::Here(lease) => lease.alive(),
            Held::Shared(job) => job.alive(),
        }
    }

    /// Lets the owner's next job be given out although this one is still held.
    pub fn free_turn(&self) {
        match &self.held {
            Held::Here(lease) => lease.free_turn(),
            Held::Shared(job) => job.free_turn(),
        }
    }

    /// Works on the job, and says meanwhile that it is being worked on.
    pub async fn work<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            match tokio::time::timeout(LEASE / 3, &mut work).await {
                Ok(value) => return value,
                Err(_) => self.alive(),
            };
        }
    }

    /// Gives the job back at once, for the next one who takes it.
    pub fn release(self) {
        match self.held {
            Held::Here(lease) => drop(lease.postpone_in_memory(Duration::ZERO)),
            Held::Shared(job) => job.release(None),
        }
    }

    /// Gives the job back until this delay is over. An error means that after a restart it is due earlier or later.
    pub async fn postpone(self, delay: Duration) -> Result<(), StoreError> {
        match self.held {
            Held::Here(lease) => lease.postpone(delay).await,
            Held::Shared(job) => job.postpone(delay).await,
        }
    }

    /// Ends the job. An error means that it is given out once more after a restart.
    pub async fn done(self) -> Result<(), StoreError> {
        match self.held {
            Held::Here(lease) => lease.done().await,
            Held::Shared(job) => job.done().await,
        }
    }

    /// Ends the job because it has no record. Over several replicas the record may be about to be written, or the
    /// read may be stale, so that a young job is put off instead.
    pub async fn done_without_record(self) -> Result<(), StoreError> {
        match self.held {
            Held::Here(lease) => lease.done().await,
            Held::Shared(job) if job.age() < GIVE_UP => job.postpone(AFTER_DROP).await,
            Held::Shared(job) => job.done().await,
        }
    }
}

impl Lease {
    fn release_to(self, owner: &str) {
        if let Some(taken) = &self.taken {
            self.queues().change(self.kind, |queue| {
                queue.set_owner(taken, owner);
                queue.postpone(taken, Instant::now())
            });
        }
    }

    fn alive(&self) -> bool {
        self.taken.as_ref().is_some_and(|taken| {
            self.queues()
                .look(self.kind, |queue| queue.renew(taken, Instant::now()))
        })
    }

    fn free_turn(&self) {
        if let Some(taken) = &self.taken {
            self.queues()
                .change(self.kind, |queue| queue.free_turn(taken));
        }
    }

    async fn postpone(self, delay: Duration) -> Result<(), StoreError> {
        let Some(taken) = self.postpone_in_memory(delay) else {
            return Ok(());
        };
        let (embedded, kind) = (self.embedded.clone(), self.kind);
        embedded.write(kind, &taken.id, &taken.owner, delay).await
    }

    async fn done(self) -> Result<(), StoreError> {
        let (embedded, kind) = (self.embedded.clone(), self.kind.name.to_owned());
        let Some(taken) = self.forget() else {
            return Ok(());
        };
        let step = Step::RemoveJob { kind, id: taken.id };
        embedded.change(step).await.map(|_| ())
    }

    fn postpone_in_memory(&self, delay: Duration) -> Option<Taken> {
        let taken = self.taken.clone()?;
        let due = Instant::now() + delay;
        self.queues()
            .change(self.kind, |queue| queue.postpone(&taken, due))
            .then_some(taken)
    }

    /// Removes the job from memory; gives it if it was still the caller's.
    fn forget(mut self) -> Option<Taken> {
        let taken = self.taken.take()?;
        self.queues()
            .change(self.kind, |queue| queue.finish(&taken))
            .then_some(taken)
    }

    fn queues(&self) -> &Queues {
        queues(&self.embedded)
    }
}

impl std::fmt::Debug for Due {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Due({} {})", self.kind.name, self.id())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(taken) = self.taken.take() {
            let due = Instant::now() + AFTER_DROP;
            self.queues()
                .change(self.kind, |queue| queue.postpone(&taken, due));
        }
    }
}
