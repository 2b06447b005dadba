//! Slots for concurrent lookups, shared fairly between clients.
//!
//! Each client is charged the time for which its lookups hold slots; the charge decays. A free slot
//! goes to the waiting client with the least charge. Half of the slots are kept for modest clients,
//! whose charge is far below the average, so that however many greedy clients there are, a modest
//! one rarely waits. A part is kept for clients with a key.

mod charge;
mod queue;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use tokio::sync::oneshot;

use self::queue::Queues;
use crate::request::Caller;

/// Part of all slots that clients without a key cannot use.
const KEYS_PART: usize = 8;

/// A number of slots for concurrent lookups. Clones share them.
#[derive(Clone)]
pub(crate) struct FairSlots {
    began: Instant,
    queues: Arc<Mutex<Queues>>,
}

/// Who asks for a slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SlotClient {
    name: Arc<str>,
    /// Whether it has an API key or a signature, or is the operator.
    keyed: bool,
}

/// A slot; free again when dropped.
pub(crate) struct Slot {
    slots: FairSlots,
    client: SlotClient,
    since: f64,
    /// Seconds that were charged when the slot was granted.
    charged: f64,
    /// Whether the slot is one of those that are open to all clients.
    open_to_all: bool,
}

/// A place in the queue; left when dropped.
struct Waiting<'a> {
    slots: &'a FairSlots,
    client: &'a SlotClient,
    id: u64,
    granted: bool,
}

impl From<&Caller> for SlotClient {
    fn from(caller: &Caller) -> Self {
        Self {
            name: caller.name().into(),
            keyed: caller.credential.is_some() || caller.own,
        }
    }
}

impl FairSlots {
    /// Creates this many slots, at least one. `has_keys` says whether there are clients with a key,
    /// for which a part is kept.
    pub(crate) fn new(count: usize, has_keys: bool) -> Self {
        let for_keys = if has_keys { count / KEYS_PART } else { 0 };
        Self {
            began: Instant::now(),
            queues: Arc::new(Mutex::new(Queues::new(count.max(1), for_keys))),
        }
    }

    /// Waits for a slot.
    pub(crate) async fn acquire(&self, client: &SlotClient) -> Slot {
        let (sender, receiver) = oneshot::channel();
        let id = self.change(|queues, now| queues.wait(client, sender, now));
        let mut waiting = Waiting {
            slots: self,
            client,
            id,
            granted: false,
        };

        let grant = receiver.await;
        waiting.granted = true;
        match grant {
            Ok(slot) => slot,
            // A queue drops the sender only together with its client's place.
            Err(_) => std::future::pending().await,
        }
    }

    /// Whether the client has used so much that it waits until others leave it a slot.
    pub(crate) fn is_held_back(&self, client: &SlotClient) -> bool {
        let now = self.now();
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.is_held_back(client, now)
    }

    fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// Changes the queues, then hands out the slots that are free.
    fn change<T>(&self, change: impl FnOnce(&mut Queues, f64) -> T) -> T {
        let now = self.now();
        let (result, grants) = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            (change(&mut queues, now), queues.grant(now))
        };
        // Outside of the lock: a slot that nobody takes is given back by its drop.
        for grant in grants {
            let slot = Slot {
                slots: self.clone(),
                client: grant.client,
                since: now,
                charged: grant.charged,
                open_to_all: grant.open_to_all,
            };
            let _ = grant.sender.send(slot);
        }
        result
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let slots = self.slots.clone();
        slots.change(|queues, now| queues.give_back(self, now));
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.granted {
            self.slots
                .change(|queues, _| queues.leave(self.client, self.id));
        }
    }
}

#[cfg(test)]
mod tests;
