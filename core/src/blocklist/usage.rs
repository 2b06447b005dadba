//! What is known about the lists: whether their test points hold, and how many queries they got today.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use moka::sync::Cache;
use tokio::sync::OnceCell;

use super::TargetKind;

/// Time for which the result of the test points is kept.
const LIFETIME: Duration = Duration::from_secs(3600);
/// Maximum number of results that are kept.
const MAX_RESULTS: u64 = 1000;
/// Maximum number of lists whose queries are counted.
const MAX_COUNTERS: usize = 1000;
const SECONDS_PER_DAY: u64 = 86_400;

/// What the test points of a list say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tested {
    /// Both test entries are as RFC 5782 §5 requires.
    Works,
    /// What must be listed is not.
    Closed,
    /// What must not be listed is: the list answers every name.
    Wildcard,
    /// The list refuses this resolver.
    Refused,
    /// The list is of another kind, whose test points hold.
    OtherKind,
}

type Key = (String, TargetKind);
type Counter = (u64, u32);

/// Results of test points for an hour, and queries of the current day (UTC).
pub(super) struct Usage {
    tested: Cache<Key, Arc<OnceCell<Tested>>>,
    sent: Mutex<HashMap<String, Counter>>,
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            tested: Cache::builder()
                .max_capacity(MAX_RESULTS)
                .time_to_live(LIFETIME)
                .build(),
            sent: Mutex::default(),
        }
    }
}

impl Usage {
    /// The result of a list's test points: the one that is kept, or that of `test`, which runs once for all that wait.
    ///
    /// # Errors
    /// The list did not answer; that is not kept.
    pub(super) async fn tested(
        &self,
        zone: &str,
        kind: TargetKind,
        test: impl Future<Output = Result<Tested, String>>,
    ) -> Result<Tested, String> {
        let cell = self.tested.get_with((zone.to_owned(), kind), Arc::default);
        cell.get_or_try_init(|| test).await.copied()
    }

    /// Counts queries to a list; `false` if it has had `most` today.
    pub(super) fn count(&self, zone: &str, queries: u32, most: u32) -> bool {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let today = since_1970.map_or(0, |time| time.as_secs() / SECONDS_PER_DAY);
        self.count_on(today, zone, queries, most)
    }

    pub(super) fn count_on(&self, today: u64, zone: &str, queries: u32, most: u32) -> bool {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if sent.len() >= MAX_COUNTERS {
            sent.retain(|_, (day, _)| *day == today);
        }
        let (day, count) = sent.entry(zone.to_owned()).or_insert((today, 0));
        if *day != today {
            (*day, *count) = (today, 0);
        }
        if count.saturating_add(queries) > most {
            return false;
        }
        *count += queries;
        true
    }
}
