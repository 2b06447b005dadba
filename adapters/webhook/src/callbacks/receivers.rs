//! Receivers that fail for long: no attempts are made to them for a while.
//!
//! A receiver is a URL of one client, so that no client can disable a receiver for others by
//! deliveries that it refuses.

use std::time::Duration;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use netvane_core::store::{StoreError, bucket::CALLBACK_RECEIVERS};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::{delivery::Delivery, lookups::log_error, service::Callbacks};

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
    pub(super) async fn disabled_until(&self, delivery: &Delivery) -> Option<Timestamp> {
        let failures = self.failures(&key(delivery)).await?;
        failures
            .disabled_until
            .filter(|until| *until > Timestamp::now())
    }

    /// Records that an attempt to a receiver succeeded.
    pub(super) async fn note_success(&self, delivery: &Delivery) {
        let key = key(delivery);
        if self.failures(&key).await.is_some() {
            self.enable(delivery).await;
        }
    }

    /// Removes what is recorded of a receiver, so that attempts are made again.
    pub(super) async fn enable(&self, delivery: &Delivery) {
        let removed = self
            .0
            .store
            .remove(&CALLBACK_RECEIVERS, &key(delivery))
            .await;
        log_error(removed.map(|_| ()));
    }

    /// Records that an attempt to a receiver failed, and disables one that has failed for long.
    pub(super) async fn note_failure(&self, delivery: &Delivery) {
        let (key, now) = (key(delivery), Timestamp::now());
        let failures = self.failures(&key).await;
        let before = failures.as_ref().and_then(|before| before.disabled_until);
        let failures = add_failure(failures, now, self.0.disable_after);

        if failures.disabled_until != before {
            let host = delivery.url.host_str().unwrap_or_default();
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

/// Key of a receiver in the store: a hash of the client and of the URL without the query, which may
/// hold a token.
fn key(delivery: &Delivery) -> String {
    let mut url = delivery.url.clone();
    url.set_query(None);
    let client = match &delivery.client {
        _ if delivery.own => "operator".to_owned(),
        Some(client) => client.name(),
        None => String::new(),
    };
    let text = format!("{client}\n{url}");
    HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref())
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
    fn a_receiver_is_a_url_of_one_client() {
        let key = |url: &str, own: bool, last: Option<u8>| {
            let client = last.map(
                |last| serde_json::json!({ "roles": [], "address": format!("192.0.2.{last}") }),
            );
            let delivery = serde_json::json!({
                "id": "dlv_1", "command": "a", "url": url, "question": null, "own": own,
                "state": "delivering", "created": Timestamp::UNIX_EPOCH, "attempts": [],
                "next_attempt": null, "client": client,
            });
            key(&serde_json::from_value(delivery).expect("a delivery"))
        };
        let one = key("https://a.example/x?token=1", false, Some(1));
        assert_eq!(one, key("https://a.example/x?token=2", false, Some(1)));
        for other in [
            key("https://a.example/y", false, Some(1)),
            key("https://a.example/x", false, Some(2)),
            key("https://a.example/x", true, Some(1)),
            key("https://a.example/x", false, None),
        ] {
            assert_ne!(one, other);
        }
    }
}
