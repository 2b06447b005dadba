//! State that several replicas share, in JetStream: a stream for each bucket with one message a key.
//!
//! A read is answered by the leader of the stream, since other servers may be behind. What must happen once is decided
//! by a write under a revision. While there is no connection, every call fails at once.

pub(crate) mod api;
pub(crate) mod entries;
pub(crate) mod keys;
mod replicas;
pub(crate) mod streams;
mod upkeep;

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use data_encoding::BASE64;
use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream};
use netvane_core::store::{
    Bucket, BucketUsage, Kind, ListedJob, Responder, SharedJob, SharedRole, SharedState,
    StoreError, Versioned,
    bucket::{self, WhenFull},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::watch, time::Instant};
use ulid::Ulid;

use crate::{agenda::Agenda, connect::Link, roles};
use api::{Api, Fault};
use entries::{Entry, KEY, Write};
use streams::{MAX_VALUE, stream_of, subject_of};

/// Entries that a scan reads at the same time.
const READ_AT_ONCE: usize = 16;

type Call<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// The state of all replicas. Clones share it.
#[derive(Clone)]
pub struct State(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) api: Api,
    agenda: Arc<Agenda>,
    /// Whether the streams are there, or why not.
    ready: watch::Sender<Result<(), String>>,
    usage: Mutex<HashMap<&'static str, (u64, u64)>>,
    limits: [AtomicU64; bucket::ALL.len()],
    /// Removals to be deleted once no write under an earlier revision can be on its way.
    removals: Mutex<VecDeque<(Instant, &'static Bucket, u64)>>,
}

impl State {
    /// Starts to prepare the state over this connection, with so many copies: 0 for three, or as many as there are
    /// servers.
    pub async fn start(link: Link, copies: usize) -> Self {
        let api = Api { link };
        let replica = Ulid::new().to_string();
        let waiting = "no NATS server has been reached yet".to_owned();
        let inner = Arc::new(Inner {
            agenda: Agenda::start(api.clone(), replica).await,
            api,
            ready: watch::Sender::new(Err(waiting)),
            usage: Mutex::default(),
            limits: bucket::ALL.map(|bucket| AtomicU64::new(bucket.max_bytes)),
            removals: Mutex::default(),
        });
        let copies = if copies == 0 { 3 } else { copies };
        tokio::spawn(upkeep::run(Arc::downgrade(&inner), copies));
        Self(inner)
    }
}

impl Inner {
    fn set_ready(&self, ready: Result<(), String>) {
        self.ready.send_modify(|current| *current = ready);
    }

    fn check(&self) -> Result<(), StoreError> {
        if let Err(fault) = self.api.check() {
            return Err(StoreError::Unavailable(fault.to_string()));
        }
        let ready = self.ready.borrow();
        ready
            .as_ref()
            .map_err(|reason| StoreError::Unavailable(reason.clone()))
            .copied()
    }

    /// What is to be written; fails if it is larger than the bucket permits.
    fn new_write(
        &self,
        bucket: &'static Bucket,
        key: &str,
        value: Vec<u8>,
    ) -> Result<Write, StoreError> {
        self.check()?;
        if value.len() > bucket.max_value.min(MAX_VALUE) {
            return Err(StoreError::TooLarge(bucket.name));
        }
        let limit = self.limits[bucket.index()].load(Ordering::Relaxed);
        let (_, bytes) = self.used(bucket);
        if limit < bucket.max_bytes
            && bucket.when_full == WhenFull::Refuse
            && bytes + value.len() as u64 > limit
        {
            return Err(StoreError::Full(bucket.name));
        }

        let encoded = keys::encode(key);
        let is_hashed = keys::decode(&encoded).is_none();
        let mut write = Write::new(subject_of(bucket, &encoded), value);
        write.key = is_hashed.then(|| key.to_owned());
        Ok(write)
    }

    fn used(&self, bucket: &Bucket) -> (u64, u64) {
        let usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        usage.get(bucket.name).copied().unwrap_or_default()
    }

    async fn entry(
        &self,
        bucket: &'static Bucket,
        encoded: &str,
    ) -> Result<Option<Entry>, StoreError> {
        let subject = subject_of(bucket, encoded);
        let last = self.api.last(&stream_of(bucket), &subject).await;
        let last = last.map_err(|fault| error_of(bucket.name, fault))?;
        Ok(last.filter(|last| !last.is_removed()))
    }

    /// Keys of a bucket in their order, removed ones included, each with its form in a subject.
    async fn keys(&self, bucket: &'static Bucket) -> Result<Vec<(String, String)>, Fault> {
        let (prefix, stream) = (subject_of(bucket, ""), stream_of(bucket));
        let mut found = Vec::new();
        for subject in self.api.subjects(&stream, &subject_of(bucket, ">")).await? {
            let Some(encoded) = subject.strip_prefix(&prefix) else {
                continue;
            };
            let key = match keys::decode(encoded) {
                Some(key) => Some(key),
                None => {
                    let last = self.api.last(&stream, &subject).await?;
                    last.and_then(|last| key_of(&last))
                }
            };
            found.extend(key.map(|key| (key, encoded.to_owned())));
        }
        found.sort();
        Ok(found)
    }
}

#[derive(Deserialize)]
struct Purged {
    purged: u64,
}

pub(crate) fn error_of(name: &'static str, fault: Fault) -> StoreError {
    match fault {
        Fault::Full => StoreError::Full(name),
        Fault::TooLarge => StoreError::TooLarge(name),
        other => StoreError::Unavailable(format!("state in NATS: {other}")),
    }
}

impl SharedState for State {
    fn fault(&self) -> Option<StoreError> {
        self.0.check().err()
    }

    fn opened(&self) -> BoxFuture<'_, ()> {
        async {
            let mut ready = self.0.ready.subscribe();
            // The sender lives as long as this handle.
            let _ = ready.wait_for(Result::is_ok).await;
        }
        .boxed()
    }

    fn set_limit(&self, bucket: &'static Bucket, max_bytes: u64) {
        self.0.limits[bucket.index()].store(max_bytes, Ordering::Relaxed);
    }

    fn usage(&self) -> Vec<BucketUsage> {
        let all = bucket::ALL.into_iter();
        all.map(|bucket| {
            let (entries, bytes) = self.0.used(bucket);
            BucketUsage {
                bucket: bucket.name.to_owned(),
                entries,
                bytes,
            }
        })
        .collect()
    }

    fn get<'a>(
        &'a self,
        bucket: &'static Bucket,
        key: &'a str,
    ) -> Call<'a, Option<Versioned<Vec<u8>>>> {
        async move {
            self.0.check()?;
            let entry = self.0.entry(bucket, &keys::encode(key)).await?;
            Ok(entry.map(|entry| Versioned {
                value: entry.value,
                revision: entry.revision,
            }))
        }
        .boxed()
    }

    fn create<'a>(
        &'a self,
        bucket: &'static Bucket,
        key: &'a str,
        value: Vec<u8>,
    ) -> Call<'a, Option<u64>> {
        async move {
            let write = self.0.new_write(bucket, key, value)?;
            let created = self.0.api.create(&stream_of(bucket), &write).await;
            created.map_err(|fault| error_of(bucket.name, fault))
        }
        .boxed()
    }

    fn replace<'a>(
        &'a self,
        bucket: &'static Bucket,
        key: &'a str,
        value: Vec<u8>,
        revision: u64,
    ) -> Call<'a, Option<u64>> {
        async move {
            let write = self.0.new_write(bucket, key, value)?;
            // Revision 0 would create an entry.
            if revision == 0 {
                return Ok(None);
            }
            let stream = stream_of(bucket);
            let replaced = self.0.api.write(&stream, &write, Some(revision)).await;
            replaced.map_err(|fault| error_of(bucket.name, fault))
        }
        .boxed()
    }

    fn put<'a>(&'a self, bucket: &'static Bucket, key: &'a str, value: Vec<u8>) -> Call<'a, u64> {
        async move {
            let write = self.0.new_write(bucket, key, value)?;
            let written = self.0.api.write(&stream_of(bucket), &write, None).await;
            let written = written.map_err(|fault| error_of(bucket.name, fault))?;
            Ok(written.unwrap_or_default())
        }
        .boxed()
    }

    fn remove<'a>(&'a self, bucket: &'static Bucket, key: &'a str) -> Call<'a, bool> {
        async move {
            self.0.check()?;
            let subject = subject_of(bucket, &keys::encode(key));
            let removed = self.0.api.remove(&stream_of(bucket), &subject).await;
            let removed = removed.map_err(|fault| error_of(bucket.name, fault))?;
            if let Some(revision) = removed {
                let mut removals = self
                    .0
                    .removals
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                removals.push_back((Instant::now() + upkeep::KEEP_REMOVAL, bucket, revision));
            }
            Ok(removed.is_some())
        }
        .boxed()
    }

    fn scan<'a>(
        &'a self,
        bucket: &'static Bucket,
        after: &'a str,
        most: usize,
    ) -> Call<'a, Vec<(String, Versioned<Vec<u8>>)>> {
        async move {
            self.0.check()?;
            let keys = self.0.keys(bucket).await;
            let keys = keys.map_err(|fault| error_of(bucket.name, fault))?;
            let keys = keys.into_iter().filter(|(key, _)| key.as_str() > after);
            let read = |(key, encoded): (String, String)| async move {
                let entry = self.0.entry(bucket, &encoded).await?;
                Ok::<_, StoreError>(entry.map(|entry| (key, entry)))
            };
            let mut found: Vec<(String, Versioned<Vec<u8>>)> = Vec::new();
            let mut entries = std::pin::pin!(stream::iter(keys.map(read)).buffered(READ_AT_ONCE));
            while found.len() < most
                && let Some(next) = entries.try_next().await?
            {
                if let Some((key, entry)) = next {
                    let Entry {
                        value, revision, ..
                    } = entry;
                    found.push((key, Versioned { value, revision }));
                }
            }
            Ok(found)
        }
        .boxed()
    }

    fn clear(&self, bucket: &'static Bucket) -> Call<'_, u64> {
        async move {
            self.0.check()?;
            let subject = format!("STREAM.PURGE.{}", stream_of(bucket));
            let purged = self.0.api.call::<Purged>(&subject, &Value::Null).await;
            let purged = purged.map_err(|fault| error_of(bucket.name, fault))?;
            Ok(purged.purged)
        }
        .boxed()
    }

    fn add_job<'a>(
        &'a self,
        kind: &'static Kind,
        id: &'a str,
        owner: &'a str,
        delay: Duration,
    ) -> Call<'a, bool> {
        async move {
            self.0.check()?;
            self.0.agenda.add(kind, id, owner, delay).await
        }
        .boxed()
    }

    fn begin_job<'a>(
        &'a self,
        kind: &'static Kind,
        id: &'a str,
        owner: &'a str,
    ) -> Call<'a, Option<Box<dyn SharedJob>>> {
        async move {
            self.0.check()?;
            let job = self.0.agenda.begin(kind, id, owner).await?;
            Ok(job.map(|job| Box::new(job) as Box<dyn SharedJob>))
        }
        .boxed()
    }

    fn take_job(&self, kind: &'static Kind) -> BoxFuture<'_, Box<dyn SharedJob>> {
        async move {
            self.opened().await;
            let job = self.0.agenda.take(kind).await;
            Box::new(job) as Box<dyn SharedJob>
        }
        .boxed()
    }

    fn jobs(&self, kind: &'static Kind) -> usize {
        self.0.agenda.len(kind)
    }

    fn respond(&self, topic: String, responder: Responder) {
        tokio::spawn(replicas::respond(self.0.api.clone(), topic, responder));
    }

    fn ask_replicas(&self, topic: String, question: Vec<u8>) -> BoxFuture<'_, Option<Vec<u8>>> {
        replicas::ask(self.0.api.clone(), topic, question).boxed()
    }

    fn list_jobs(&self) -> Call<'_, Vec<ListedJob>> {
        async move {
            self.0.check()?;
            self.0.agenda.list().await
        }
        .boxed()
    }

    fn take_role(&self, role: &'static str) -> BoxFuture<'_, Box<dyn SharedRole>> {
        async move {
            self.opened().await;
            let role = roles::take(self.0.api.clone(), role).await;
            Box::new(role) as Box<dyn SharedRole>
        }
        .boxed()
    }

    fn hand_over(&self) -> BoxFuture<'_, ()> {
        self.0.agenda.hand_over().boxed()
    }
}

/// The key of an entry whose subject has only its hash.
fn key_of(entry: &Entry) -> Option<String> {
    let key = BASE64.decode(entry.header(KEY)?.as_bytes()).ok()?;
    String::from_utf8(key).ok()
}
