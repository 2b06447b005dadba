//! The clients that wait for slots, and which of them gets the next one.

use std::collections::{BTreeSet, HashMap, VecDeque};

use tokio::sync::oneshot;

use super::{Slot, SlotClient, charge::Charge};

/// Seconds of slot time below which a client is always modest.
const FLOOR: f64 = 0.25;
/// A client is modest below this part of the average charge.
const MODEST_PART: f64 = 0.25;
/// A client with at most this many lookups at once, running or waiting, ...
const FEW: usize = 2;
/// ... which hold their slots for at most this many seconds, is modest whatever its charge.
const BRIEF: f64 = 0.5;
/// Range of the seconds that are charged in advance, when a slot is granted.
const ADVANCE: (f64, f64) = (0.05, 5.0);
/// Number of released slots after which clients that use nothing are forgotten.
const SWEEP: u64 = 256;

/// The state of [`super::FairSlots`].
pub(super) struct Queues {
    count: usize,
    for_keys: usize,
    running: usize,
    running_without_key: usize,
    /// Slots in use that are open to all clients: half of them.
    running_open: usize,
    clients: HashMap<SlotClient, ClientQueue>,
    /// Waiting clients by class, those with the least charge first.
    order: [BTreeSet<(Charge, u64, SlotClient)>; 4],
    /// Sum of the charges of all clients.
    total: Charge,
    /// Seconds for which a lookup usually holds its slot.
    typical: f64,
    next_id: u64,
    released: u64,
}

struct ClientQueue {
    charge: Charge,
    running: usize,
    waiting: VecDeque<(u64, oneshot::Sender<Slot>)>,
    /// Seconds for which its lookups usually hold their slots.
    usual: f64,
    /// Class and key of the client's entry in the order of waiting clients.
    entry: Option<(usize, Charge, u64)>,
}

/// Whether a client has a key, and whether its lookups are few and brief.
fn class(keyed: bool, brief: bool) -> usize {
    usize::from(keyed) + 2 * usize::from(brief)
}

impl ClientQueue {
    fn new(now: f64) -> Self {
        Self {
            charge: Charge::new(now),
            running: 0,
            waiting: VecDeque::new(),
            usual: 0.0,
            entry: None,
        }
    }

    /// Whether its lookups are few and brief.
    fn is_brief(&self) -> bool {
        self.running + self.waiting.len() <= FEW && self.usual <= BRIEF
    }
}

/// A slot that is given to a client.
pub(super) struct Grant {
    pub(super) client: SlotClient,
    pub(super) sender: oneshot::Sender<Slot>,
    pub(super) charged: f64,
    pub(super) open_to_all: bool,
}

impl Queues {
    pub(super) fn new(count: usize, for_keys: usize) -> Self {
        Self {
            count,
            for_keys,
            running: 0,
            running_without_key: 0,
            running_open: 0,
            clients: HashMap::new(),
            order: Default::default(),
            total: Charge::new(0.0),
            typical: 0.1,
            next_id: 0,
            released: 0,
        }
    }

    /// Adds a lookup to its client's queue; returns its id.
    pub(super) fn wait(
        &mut self,
        client: &SlotClient,
        sender: oneshot::Sender<Slot>,
        now: f64,
    ) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let queue = self
            .clients
            .entry(client.clone())
            .or_insert_with(|| ClientQueue::new(now));
        queue.waiting.push_back((id, sender));
        self.sort(client);
        id
    }

    /// Removes a lookup from its client's queue.
    pub(super) fn leave(&mut self, client: &SlotClient, id: u64) {
        if let Some(queue) = self.clients.get_mut(client) {
            queue.waiting.retain(|(waiting, _)| *waiting != id);
            self.sort(client);
        }
    }

    /// Takes a slot back and charges its client what it has used.
    pub(super) fn give_back(&mut self, slot: &Slot, now: f64) {
        let used = (now - slot.since).max(0.0);
        self.typical += (used - self.typical) / 32.0;
        self.running -= 1;
        self.running_without_key -= usize::from(!slot.client.keyed);
        self.running_open -= usize::from(slot.open_to_all);

        self.total.add(used - slot.charged, now);
        if let Some(queue) = self.clients.get_mut(&slot.client) {
            queue.running -= 1;
            queue.usual += (used - queue.usual) / 4.0;
            queue.charge.add(used - slot.charged, now);
            self.sort(&slot.client);
        }

        self.released += 1;
        if self.released.is_multiple_of(SWEEP) {
            self.clients.retain(|_, queue| {
                queue.running > 0 || !queue.waiting.is_empty() || queue.charge.seconds(now) > 0.01
            });
        }
    }

    /// Gives free slots to waiting lookups, as many as may run.
    pub(super) fn grant(&mut self, now: f64) -> Vec<Grant> {
        let mut grants = Vec::new();
        while self.running < self.count
            && let Some((client, open_to_all)) = self.next(now)
        {
            let Some(queue) = self.clients.get_mut(&client) else {
                break;
            };
            let Some((_, sender)) = queue.waiting.pop_front() else {
                self.sort(&client);
                continue;
            };

            if !sender.is_closed() {
                let charged = self.typical.clamp(ADVANCE.0, ADVANCE.1);
                queue.charge.add(charged, now);
                queue.running += 1;
                self.total.add(charged, now);
                self.running += 1;
                self.running_without_key += usize::from(!client.keyed);
                self.running_open += usize::from(open_to_all);
                grants.push(Grant {
                    client: client.clone(),
                    sender,
                    charged,
                    open_to_all,
                });
            }
            self.sort(&client);
        }
        grants
    }

    /// Returns the waiting client that gets the next slot, and whether it is a slot that is open to
    /// all.
    fn next(&self, now: f64) -> Option<(SlotClient, bool)> {
        let for_all = self.running_without_key + self.for_keys < self.count;
        let classes = [(true, true), (true, false), (false, true), (false, false)];
        // The first of each class has the least charge: if it is not modest, none of them is.
        classes
            .into_iter()
            .filter(|(keyed, _)| *keyed || for_all)
            .filter_map(|(keyed, brief)| {
                let entry = self.order[class(keyed, brief)].first()?;
                let modest = brief || self.is_modest(entry.0, now);
                (modest || self.is_open()).then_some((entry, !modest))
            })
            .min_by(|(one, to_all), (other, to_all_too)| (to_all, one).cmp(&(to_all_too, other)))
            .map(|((_, _, client), open_to_all)| (client.clone(), open_to_all))
    }

    /// Whether one of the slots that are open to all is free.
    fn is_open(&self) -> bool {
        self.running_open < self.count.div_ceil(2)
    }

    fn is_modest(&self, charge: Charge, now: f64) -> bool {
        let average = self.total.seconds(now) / self.clients.len().max(1) as f64;
        charge.seconds(now) < FLOOR.max(average * MODEST_PART)
    }

    pub(super) fn is_held_back(&mut self, client: &SlotClient, now: f64) -> bool {
        let modest = |queue: &ClientQueue| queue.is_brief() || self.is_modest(queue.charge, now);
        !self.is_open() && !self.clients.get(client).is_none_or(modest)
    }

    /// Returns the number of lookups that wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.clients.values().map(|queue| queue.waiting.len()).sum()
    }

    /// Puts a client at its place in the order of waiting clients, or takes it out.
    fn sort(&mut self, client: &SlotClient) {
        let Some(queue) = self.clients.get_mut(client) else {
            return;
        };
        let class = class(client.keyed, queue.is_brief());
        let entry = queue
            .waiting
            .front()
            .map(|(id, _)| (class, queue.charge, *id));
        if entry == queue.entry {
            return;
        }
        if let Some((class, charge, id)) = queue.entry {
            self.order[class].remove(&(charge, id, client.clone()));
        }
        if let Some((class, charge, id)) = entry {
            self.order[class].insert((charge, id, client.clone()));
        }
        queue.entry = entry;
    }
}
