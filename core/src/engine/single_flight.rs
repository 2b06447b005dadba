//! Single flight: identical requests share one running lookup.

use std::{
    collections::HashMap,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use netvane_document::{Failure, RenderedAnswer};
use tokio::sync::watch;

use super::{cache::Entry, cache_key::CacheKey};

/// Key of the request, and the class of its flight.
pub(super) type FlightKey = (Arc<CacheKey>, FlightClass);

/// How a flight gets its slot; identical requests share one only within a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum FlightClass {
    /// It gets the next slot.
    Prompt,
    /// Its client has used much and waits for others.
    HeldBack,
    /// It waits for one of the slots of bulk requests.
    Bulk,
}

type LookupResult = Result<Arc<Entry>, Failure>;

/// A running lookup. Those who wait for it run it, so that it needs no task of its own; it is cancelled when nobody
/// waits for it any more.
pub(crate) struct Flight {
    progress: watch::Receiver<Option<Arc<RenderedAnswer>>>,
    outcome: Shared<BoxFuture<'static, LookupResult>>,
}

/// Running lookups by the key of their request.
#[derive(Default)]
pub(crate) struct SingleFlight(Mutex<HashMap<FlightKey, Weak<Flight>>>);

impl SingleFlight {
    /// Joins the running flight for `key`, or starts one.
    pub(crate) fn join<F>(
        self: &Arc<Self>,
        key: FlightKey,
        start: impl FnOnce(watch::Sender<Option<Arc<RenderedAnswer>>>) -> F,
    ) -> Arc<Flight>
    where
        F: Future<Output = LookupResult> + Send + 'static,
    {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);

        if let Some(flight) = flights.get(&key).and_then(Weak::upgrade)
            && flight.outcome.peek().is_none()
        {
            return flight;
        }

        let (progress_sender, progress) = watch::channel(None);
        // A panic ends the lookup for all who wait for it, and nothing else.
        let lookup = AssertUnwindSafe(start(progress_sender)).catch_unwind();
        let outcome = lookup.map(|found| found.unwrap_or(Err(Failure::Internal)));
        let flight = Arc::new(Flight {
            progress,
            outcome: outcome.boxed().shared(),
        });

        flights.insert(key, Arc::downgrade(&flight));

        // Flights that everyone left keep their key in the map, so remove such keys now and then.
        if flights.len() > 64 && flights.len().is_power_of_two() {
            flights.retain(|_, flight| flight.strong_count() > 0);
        }

        flight
    }

    /// Removes a finished flight from the map.
    pub(crate) fn leave(&self, key: &FlightKey, flight: &Arc<Flight>) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if flights
            .get(key)
            .is_some_and(|known| Weak::as_ptr(known) == Arc::as_ptr(flight))
        {
            flights.remove(key);
        }
    }
}

impl Flight {
    /// Waits for the result; calls `show` with each intermediate one.
    pub(crate) async fn outcome(&self, mut show: impl FnMut(Arc<RenderedAnswer>)) -> LookupResult {
        let mut progress = self.progress.clone();
        let mut outcome = self.outcome.clone();
        let mut under_way = true;
        loop {
            tokio::select! {
                biased;
                found = &mut outcome => return found,
                changed = progress.changed(), if under_way => match changed {
                    Ok(()) => {
                        let found = progress.borrow_and_update().clone();
                        found.into_iter().for_each(&mut show);
                    }
                    Err(_) => under_way = false,
                },
            }
        }
    }
}
