//! Cache of answers, each kept for its lifetime.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use moka::{Expiry, sync::Cache as Store};
use netvane_document::{ErasedAnswer, RenderedAnswer};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::cache_key::CacheKey;

/// A cached answer with the time at which it was found.
pub(crate) struct Entry {
    pub(crate) command: &'static str,
    pub(crate) arguments: Arc<Map<String, Value>>,
    finding: Arc<dyn ErasedAnswer>,
    created_at: Instant,
    lifetime: Duration,
    /// The rendered answer and the age in seconds for which it was rendered: TTLs count down.
    rendered: Mutex<(u32, Arc<RenderedAnswer>)>,
}

impl Entry {
    pub(crate) fn new(
        command: &'static str,
        arguments: Arc<Map<String, Value>>,
        finding: Arc<dyn ErasedAnswer>,
        longest: Duration,
    ) -> Self {
        let lifetime = finding.lifetime().min(longest);
        let rendered = Mutex::new((0, Arc::new(RenderedAnswer::new(finding.clone()))));
        Self {
            command,
            arguments,
            finding,
            created_at: Instant::now(),
            lifetime,
            rendered,
        }
    }

    /// Returns the answer rendered for its current age, and how long it stays fresh.
    pub(crate) fn rendition(&self) -> (Arc<RenderedAnswer>, Duration) {
        let age = self.created_at.elapsed();
        let seconds = age.as_secs() as u32;
        let mut rendered = self
            .rendered
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if rendered.0 != seconds {
            *rendered = (
                seconds,
                Arc::new(RenderedAnswer::new(self.finding.aged(seconds))),
            );
        }
        (rendered.1.clone(), self.lifetime.saturating_sub(age))
    }
}

/// Cache of bounded size; each entry expires after its own lifetime.
pub(crate) struct Cache(Store<Arc<CacheKey>, Arc<Entry>>);

struct Lifetime;

impl Expiry<Arc<CacheKey>, Arc<Entry>> for Lifetime {
    fn expire_after_create(
        &self,
        _: &Arc<CacheKey>,
        entry: &Arc<Entry>,
        _: std::time::Instant,
    ) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

impl Cache {
    pub(crate) fn new(entries: u64) -> Self {
        Self(
            Store::builder()
                .max_capacity(entries)
                .expire_after(Lifetime)
                .build(),
        )
    }

    pub(crate) fn get(&self, key: &CacheKey) -> Option<Arc<Entry>> {
        // Check the entry's own clock, which tests can advance; the store removes expired entries
        // later.
        self.0
            .get(key)
            .filter(|entry| entry.created_at.elapsed() < entry.lifetime)
    }

    pub(crate) fn keep(&self, key: Arc<CacheKey>, entry: Arc<Entry>) {
        if !entry.lifetime.is_zero() {
            self.0.insert(key, entry);
        }
    }
}
