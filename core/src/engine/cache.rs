//! Cache of answers, each kept for its lifetime.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ::metrics::gauge;
use moka::{Expiry, sync::Cache as Store};
use netvane_document::{ErasedAnswer, Failure, RenderedAnswer, TooLarge};
use netvane_net::metrics;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::cache_key::CacheKey;

/// Size in bytes of an entry after which the bound is restored at once.
const LARGE: usize = 16 << 10;
/// Bytes that an entry takes beside its content.
const OVERHEAD: usize = 1024;

/// A cached answer with the time at which it was found.
pub(crate) struct Entry {
    pub(crate) command: &'static str,
    pub(crate) arguments: Arc<Map<String, Value>>,
    finding: Arc<dyn ErasedAnswer>,
    created_at: Instant,
    lifetime: Duration,
    /// Vantage point of the lookup; `None` for this process.
    pub(crate) vantage: Option<Arc<str>>,
    /// Size of the reply as JSON in bytes, without its arguments.
    pub(crate) reply_bytes: usize,
    /// The rendered answer and the age in seconds for which it was rendered: TTLs count down.
    rendered: Mutex<(u32, Arc<RenderedAnswer>)>,
}

impl Entry {
    /// Renders the answer as JSON.
    ///
    /// # Errors
    /// The reply would be too large.
    pub(crate) fn new(
        command: &'static str,
        arguments: Arc<Map<String, Value>>,
        finding: Arc<dyn ErasedAnswer>,
        longest: Duration,
    ) -> Result<Self, Failure> {
        let lifetime = finding.lifetime().min(longest);
        let rendered = Arc::new(RenderedAnswer::new(finding.clone()));
        rendered.prepare(command, &arguments).map_err(too_large)?;
        let reply_bytes = rendered.json_size();

        Ok(Self {
            command,
            arguments,
            finding,
            created_at: Instant::now(),
            lifetime,
            vantage: None,
            reply_bytes,
            rendered: Mutex::new((0, rendered)),
        })
    }

    /// Sets the vantage point of the lookup.
    pub(crate) fn at(self, vantage: Option<Arc<str>>) -> Self {
        Self { vantage, ..self }
    }

    /// Bytes that the entry holds in memory with its key, estimated.
    fn memory(&self, key: &CacheKey) -> usize {
        // The arguments are in the key too, and in the JSON of the reply.
        let rendered = self.lock().1.size();
        // The allocator takes more than it is asked for.
        OVERHEAD + rendered + rendered / 8 + 4 * key.size()
    }

    /// Returns the answer rendered for its current age, and how long it stays fresh.
    pub(crate) fn rendition(&self) -> (Arc<RenderedAnswer>, Duration) {
        let age = self.created_at.elapsed();
        let seconds = age.as_secs() as u32;
        let mut rendered = self.lock();
        if rendered.0 != seconds {
            *rendered = (
                seconds,
                Arc::new(RenderedAnswer::new(self.finding.aged(seconds))),
            );
        }
        (rendered.1.clone(), self.lifetime.saturating_sub(age))
    }

    fn lock(&self) -> MutexGuard<'_, (u32, Arc<RenderedAnswer>)> {
        self.rendered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error for a reply that is larger than it may be. Commands leave out what does not fit, so this is rare.
fn too_large(TooLarge(part, limit): TooLarge) -> Failure {
    metrics::limit_reached("reply_bytes");
    let what = format!("the {part} of this reply");
    Failure::TooLarge { what, limit }
}

/// Cache bounded in bytes and in entries; each entry expires after its own lifetime.
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
    /// Keeps at most this many bytes, estimated, and entries.
    pub(crate) fn new(bytes: u64, entries: u64) -> Self {
        // An entry weighs at least its share, so that the bound in bytes also bounds the entries.
        let share = u32::try_from(bytes.div_ceil(entries.max(1))).unwrap_or(u32::MAX);
        let weight = move |key: &Arc<CacheKey>, entry: &Arc<Entry>| {
            u32::try_from(entry.memory(key)).map_or(u32::MAX, |memory| memory.max(share))
        };
        Self(
            Store::builder()
                .max_capacity(if entries == 0 { 0 } else { bytes })
                .weigher(weight)
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
            let is_large = entry.memory(&key) > LARGE;
            self.0.insert(key, entry);
            if is_large {
                // The store evicts a while after an insertion; large entries must not add up until then.
                self.0.run_pending_tasks();
            }
            gauge!("netvane_cache_bytes").set(self.0.weighted_size() as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use netvane_document::{Answer, Document, MAX_DATA, MAX_REPLY, Severity};
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    struct Data {
        text: String,
        /// Number of blocks with the text.
        shown: usize,
    }

    impl Answer for Data {
        fn present(&self) -> Document {
            let mut document = Document::new("A text", "one text", Severity::Good);
            for _ in 0..self.shown {
                document.code(self.text.as_str());
            }
            document
        }

        fn lifetime(&self) -> Duration {
            Duration::from_secs(60)
        }
    }

    fn entry(bytes: usize, shown: usize) -> Result<Entry, Failure> {
        let text = "x".repeat(bytes);
        let data = Data { text, shown };
        Entry::new("txt", Arc::default(), Arc::new(data), Duration::MAX)
    }

    #[test]
    fn a_reply_that_is_too_large_is_an_error() {
        for (bytes, shown, fits) in [
            (0, 0, true),
            (MAX_DATA - 100, 1, true),
            (MAX_DATA, 0, false),
            (200 << 10, 3, true),
            (200 << 10, 5, false),
        ] {
            let outcome = entry(bytes, shown).map(|entry| entry.reply_bytes);
            match outcome {
                Ok(size) => assert!(fits && size >= bytes && size <= MAX_REPLY, "{size}"),
                Err(failure) => assert!(!fits && failure.code().0 == "too_large"),
            }
        }
    }

    #[test]
    fn the_cache_is_bounded_in_bytes_and_in_entries() {
        let most = 4 << 20;
        for (entries, bytes, expected) in [
            // Small entries: their number is the bound.
            (100, 10, 100),
            // Large ones: the bytes are.
            (100_000, 100 << 10, most / (600 << 10)),
            (0, 10, 0),
        ] {
            let cache = Cache::new(most as u64, entries);
            for number in 0..300 {
                let entry = entry(bytes, 1).expect("fits");
                cache.keep(Arc::new(CacheKey::for_test(number)), Arc::new(entry));
            }
            cache.0.run_pending_tasks();
            let kept = cache.0.entry_count() as usize;
            assert!(
                kept <= expected && kept >= expected * 2 / 3,
                "{kept} of {expected}"
            );
            assert!(cache.0.weighted_size() <= most as u64);
        }
    }
}
