//! The work that the validation of one question may cause.
//!
//! Servers of an attacker can return many keys with the same tag and many signatures, all of which a validator tries
//! (KeyTrap, CVE-2023-50387), or names whose proofs need thousands of hashes (CVE-2023-50868).

use std::{
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use domain::base::Rtype;

use crate::{dns::Message, metrics};

/// Largest numbers of records, signatures and keys of one response. Responses of large signed zones have 20 signatures.
const MAX_RECORDS: usize = 256;
const MAX_SIGNATURES: usize = 40;
const MAX_KEYS: usize = 24;
/// Largest number of signatures and keys of all responses.
const MAX_TOTAL: usize = 400;
/// Largest time of the processor.
const MAX_TIME: Duration = Duration::from_millis(200);

/// The work of one question so far, and the limit that it reached, if any.
#[derive(Debug, Default)]
pub(super) struct WorkBudget {
    signatures_and_keys: AtomicUsize,
    reached: Mutex<Option<String>>,
}

impl WorkBudget {
    /// Counts the signatures and keys of a response before they are validated.
    ///
    /// # Errors
    /// The limit that the response exceeds.
    pub(super) fn charge(&self, message: &Message) -> Result<(), String> {
        let records = || {
            message
                .answers
                .iter()
                .chain(&message.authority)
                .chain(&message.additional)
        };
        let count = |rtype| records().filter(|record| record.rtype == rtype).count();
        let (signatures, keys) = (count(Rtype::RRSIG), count(Rtype::DNSKEY));
        let work = signatures + keys;
        let total = self.signatures_and_keys.fetch_add(work, Ordering::Relaxed) + work;

        // Records that were not read are too many, too.
        let is_read = records().count() == message.totals.iter().sum::<usize>();
        let number = if is_read {
            records().count()
        } else {
            usize::MAX
        };

        for (number, most, what) in [
            (number, MAX_RECORDS, "records in one response"),
            (signatures, MAX_SIGNATURES, "signatures in one response"),
            (keys, MAX_KEYS, "keys in one response"),
            (total, MAX_TOTAL, "signatures and keys"),
        ] {
            if number > most {
                return Err(self.reach(format!("more than {most} {what}")));
            }
        }
        self.reached().map_or(Ok(()), Err)
    }

    /// The limit that was reached, such as `more than 24 keys in one response`.
    pub(super) fn reached(&self) -> Option<String> {
        self.lock().clone()
    }

    fn reach(&self, limit: String) -> String {
        metrics::limit_reached("dnssec_work");
        self.lock().get_or_insert(limit).clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A validation that ends, without a result, when it has used its time of the processor.
pub(super) struct Metered<'a, F> {
    validation: Pin<Box<F>>,
    used: Duration,
    budget: &'a WorkBudget,
}

impl<'a, F: Future> Metered<'a, F> {
    pub(super) fn new(validation: F, budget: &'a WorkBudget) -> Self {
        Self {
            validation: Box::pin(validation),
            used: Duration::ZERO,
            budget,
        }
    }
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let start = thread_time();
        let polled = self.validation.as_mut().poll(cx);
        self.used += thread_time().saturating_sub(start);

        match polled {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.used > MAX_TIME => {
                let limit = MAX_TIME.as_millis();
                self.budget
                    .reach(format!("more than {limit} ms of processor time"));
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Time of the processor that this thread has used, or else the time since the first call.
fn thread_time() -> Duration {
    #[cfg(unix)]
    if let Ok(time) = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID) {
        return time.into();
    }
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::wire::{QR, QUESTION_NAME, message, record};

    const A: u16 = 1;
    const RRSIG: u16 = 46;
    const DNSKEY: u16 = 48;

    fn response(counts: &[(u16, usize)]) -> Message {
        let data = |rtype| match rtype {
            A => vec![192, 0, 2, 1],
            DNSKEY => vec![1, 0, 3, 13, 1, 2, 3, 4],
            _ => [&[0, 1, 13, 0][..], &[0; 14], &[0], &[7; 64]].concat(),
        };
        let records: Vec<_> = counts
            .iter()
            .flat_map(|(rtype, count)| {
                vec![record(QUESTION_NAME, *rtype, 60, &data(*rtype)); *count]
            })
            .collect();
        Message::read(message(QR, Some(("a.test", A)), [&records, &[], &[]])).expect("a response")
    }

    #[test]
    fn usual_responses_are_within_the_budget() {
        let budget = WorkBudget::default();
        // Six zones, each with two algorithms, and a proof of nonexistence.
        for _ in 0..6 {
            assert!(budget.charge(&response(&[(DNSKEY, 4), (RRSIG, 2)])).is_ok());
        }
        assert!(budget.charge(&response(&[(A, 200), (RRSIG, 2)])).is_ok());
        assert!(budget.charge(&response(&[(A, 20), (RRSIG, 20)])).is_ok());
        assert_eq!(budget.reached(), None);
    }

    #[test]
    fn responses_out_of_proportion_exhaust_the_budget() {
        for (counts, limit) in [
            (&[(DNSKEY, 25)][..], "more than 24 keys in one response"),
            (&[(RRSIG, 41)], "more than 40 signatures in one response"),
            (&[(A, 257)], "more than 256 records in one response"),
            (&[(A, 2000)], "more than 256 records in one response"),
        ] {
            let budget = WorkBudget::default();
            assert_eq!(budget.charge(&response(counts)), Err(limit.to_owned()));
            assert_eq!(budget.reached().as_deref(), Some(limit));
            // From then on, no response is validated.
            assert!(budget.charge(&response(&[(A, 1)])).is_err());
        }

        let budget = WorkBudget::default();
        let many = response(&[(DNSKEY, 20), (RRSIG, 20)]);
        let charged = (0..20).take_while(|_| budget.charge(&many).is_ok()).count();
        assert_eq!(charged, MAX_TOTAL / 40);
    }

    #[tokio::test]
    async fn a_validation_ends_when_its_time_is_used_up() {
        let budget = WorkBudget::default();
        let endless = async {
            loop {
                let start = thread_time();
                while thread_time() - start < Duration::from_millis(20) {}
                tokio::task::yield_now().await;
            }
        };
        let start = thread_time();
        let outcome: Option<()> = Metered::new(endless, &budget).await;
        assert_eq!(outcome, None);
        assert!(thread_time() - start < 2 * MAX_TIME);
        let limit = budget.reached().expect("a limit");
        assert_eq!(limit, "more than 200 ms of processor time");
    }

    #[tokio::test]
    async fn waiting_uses_no_time() {
        let budget = WorkBudget::default();
        let waiting = tokio::time::sleep(MAX_TIME + Duration::from_millis(50));
        assert!(Metered::new(waiting, &budget).await.is_some());
        assert_eq!(budget.reached(), None);
    }
}
