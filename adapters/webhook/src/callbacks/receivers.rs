//! Receivers that fail for long: no attempts are made to them for a while.

use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use netvane_core::store::{StoreError, bucket::CALLBACK_RECEIVERS};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{lookups::log_error, service::Callbacks};

/// Time for which a receiver is disabled. Then one delivery tries it again.
const DISABLED_FOR: Duration = Duration::from_secs(24 * 3600);

/// Least number of failed attempts in a row before a receiver is disabled.
const MIN_FAILURES: u32 = 5;

/// Failures of a receiver since its last success, as they are stored. There is no record of a
/// receiver that has not failed since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ReceiverFailures {
    since: Timestamp,
    count: u32,
    disabled_until: Option<Timestamp>,
}

impl Callbacks {
    /// Until when a receiver is disabled; `None` if it is not.
    pub(super) async fn disabled_until(&self, receiver: &Url) -> Option<Timestamp> {
        let failures = self.failures(&key(receiver)).await?;
        failures
            .disabled_until
            .filter(|until| *until > Timestamp::now())
    }

    /// Records that an attempt to a receiver succeeded.
    pub(super) async fn note_success(&self, receiver: &Url) {
        let key = key(receiver);
        if self.failures(&key).await.is_some() {
            self.enable(receiver).await;
        }
    }

    /// Removes what is recorded of a receiver, so that attempts are made again.
    pub(super) async fn enable(&self, receiver: &Url) {
        let removed = self
            .0
            .store
            .remove(&CALLBACK_RECEIVERS, &key(receiver))
            .await;
        log_error(removed.map(|_| ()));
    }

    /// Records that an attempt to a receiver failed, and disables one that has failed for long.
    pub(super) async fn note_failure(&self, receiver: &Url) {
        let (key, now) = (key(receiver), Timestamp::now());
        let failures = self.failures(&key).await;
        let before = failures.as_ref().and_then(|before| before.disabled_until);
        let failures = add_failure(failures, now, self.0.disable_after);

        if failures.disabled_until != before {
            let host = receiver.host_str().unwrap_or_default();
            let since = failures.since;
            tracing::warn!(host, %since, count = failures.count, "callback receiver disabled");
        }
        let written = self.0.store.put(&CALLBACK_RECEIVERS, &key, &failures).await;
        log_error(written.map(|_| ()));
    }

    async fn failures(&self, key: &str) -> Option<ReceiverFailures> {
        let found = self.0.store.get(&CALLBACK_RECEIVERS, key).await;
        found
            .inspect_err(|error: &StoreError| tracing::debug!(%error, "receiver state unreadable"))
            .ok()?
            .map(|found| found.value)
    }
}

/// Adds a failure; the receiver is disabled if it has had none but failures for `disable_after`.
fn add_failure(
    before: Option<ReceiverFailures>,
    now: Timestamp,
    disable_after: Duration,
) -> ReceiverFailures {
    let mut failures = before.unwrap_or(ReceiverFailures {
        since: now,
        count: 0,
        disabled_until: None,
    });
    failures.count = failures.count.saturating_add(1);
    let failing_for = Duration::try_from(now.duration_since(failures.since)).unwrap_or_default();
    let is_disabled = failures.disabled_until.is_some_and(|until| until > now);
    if !is_disabled && failures.count >= MIN_FAILURES && failing_for >= disable_after {
        failures.disabled_until = Some(now.saturating_add(DISABLED_FOR).unwrap_or(Timestamp::MAX));
    }
    failures
}

/// Key of a receiver in the store: a hash of its URL without the query, which may hold a token.
fn key(receiver: &Url) -> String {
    let mut receiver = receiver.clone();
    receiver.set_query(None);
    HEXLOWER.encode(digest(&SHA256, receiver.as_str().as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn disables_after_enough_failures_over_a_long_time() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let mut failures = None;
        for hour in 0..72 {
            let now = start + Duration::from_secs(hour * 3600);
            let after = add_failure(failures, now, 3 * DAY);
            assert_eq!(after.disabled_until, None, "hour {hour}");
            failures = Some(after);
        }
        let disabled = add_failure(failures, start + 3 * DAY, 3 * DAY);
        assert_eq!(disabled.disabled_until, Some(start + 4 * DAY));

        let meanwhile = add_failure(Some(disabled.clone()), start + 3 * DAY + DAY / 2, 3 * DAY);
        assert_eq!(meanwhile.disabled_until, Some(start + 4 * DAY));
        let probe = add_failure(Some(disabled), start + 4 * DAY, 3 * DAY);
        assert_eq!(probe.disabled_until, Some(start + 5 * DAY));
    }

    #[test]
    fn few_failures_do_not_disable() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
        let mut failures = None;
        for week in 0..4 {
            let after = add_failure(failures, start + 7 * week * DAY, 3 * DAY);
            assert_eq!(after.disabled_until, None, "week {week}");
            failures = Some(after);
        }
    }

    #[test]
    fn the_query_does_not_distinguish_receivers() {
        let key = |url: &str| key(&Url::parse(url).expect("a URL"));
        assert_eq!(
            key("https://a.example/x?token=1"),
            key("https://a.example/x?token=2")
        );
        assert_ne!(key("https://a.example/x"), key("https://a.example/y"));
    }
}
