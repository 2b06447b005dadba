//! Bounds of open deliveries: per client, per network of clients, and in all.
//!
//! Clients without a key share a part of all places, so that a crowd of them leaves places to
//! clients with a key, and no key can take all of those.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ipnet::IpNet;
use netvane_core::{Caller, Failure};

use super::keeping::STATE_TROUBLE;

/// Most open deliveries of all clients.
pub(super) const MAX_OPEN: usize = 10_000;

/// Most open deliveries of all clients without a key or a signature.
const MAX_ANONYMOUS: usize = 7_000;

/// Most open deliveries of one API key, and of all clients that sign their requests.
const MAX_PER_KEY: usize = 2_500;

/// Most open deliveries of one client without a key or a signature.
const MAX_PER_ADDRESS: usize = 20;

/// Most open deliveries of such clients in one IPv4 /24 or IPv6 /48.
const MAX_PER_NETWORK: usize = 200;

/// Counts of open deliveries. Clones share them.
#[derive(Clone, Default)]
pub(super) struct OpenDeliveries(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    all: usize,
    anonymous: usize,
    clients: HashMap<String, usize>,
    networks: HashMap<IpNet, usize>,
}

/// The place of one open delivery, free again when this is dropped.
pub(super) struct DeliverySlot {
    open: OpenDeliveries,
    payer: Payer,
}

/// Who takes a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Payer {
    /// The operator, or a client that an older version did not store.
    Uncounted,
    Key(String),
    Anonymous(String, Option<IpNet>),
}

impl Payer {
    fn of(caller: &Caller) -> Self {
        if caller.own {
            Self::Uncounted
        } else if caller.credential.is_some() {
            Self::Key(caller.name())
        } else {
            Self::Anonymous(caller.name(), caller.address.and_then(network))
        }
    }
}

impl OpenDeliveries {
    /// Takes a place for a client; fails if it, its network or all clients have reached a limit.
    pub(super) fn take(&self, caller: &Caller) -> Result<DeliverySlot, Failure> {
        let payer = Payer::of(caller);
        let mut counts = self.lock();
        if let Some((limit, failure)) = counts.refusal(&payer) {
            ::metrics::counter!("netvane_deliveries_refused_total", "limit" => limit).increment(1);
            return Err(failure);
        }
        counts.add(&payer);
        drop(counts);
        Ok(self.place(payer))
    }

    /// Takes a place for a delivery that an earlier process accepted, whatever the limits.
    pub(super) fn restore(&self, client: Option<&Caller>) -> DeliverySlot {
        let payer = client.map_or(Payer::Uncounted, Payer::of);
        self.lock().add(&payer);
        self.place(payer)
    }

    fn place(&self, payer: Payer) -> DeliverySlot {
        DeliverySlot {
            open: self.clone(),
            payer,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for DeliverySlot {
    fn drop(&mut self) {
        self.open.lock().remove(&self.payer);
    }
}

impl Counts {
    /// Returns the limit that a client has reached, and the failure to report; `None` if there is a
    /// place for it.
    fn refusal(&self, payer: &Payer) -> Option<(&'static str, Failure)> {
        if self.all >= MAX_OPEN {
            let why = format!("the limit of {MAX_OPEN} open callbacks is reached");
            return Some(("all", Failure::Unavailable(why)));
        }
        let of_client = |name: &str| self.clients.get(name).copied().unwrap_or_default();
        match payer {
            Payer::Uncounted => None,
            Payer::Key(name) if of_client(name) >= MAX_PER_KEY => Some((
                "client",
                limited(format!(
                    "this key has {MAX_PER_KEY} open callbacks, its limit"
                )),
            )),
            Payer::Key(_) => None,
            Payer::Anonymous(name, _) if of_client(name) >= MAX_PER_ADDRESS => Some((
                "client",
                limited(format!(
                    "you have {MAX_PER_ADDRESS} open callbacks, the limit without an API key"
                )),
            )),
            Payer::Anonymous(_, Some(network))
                if self.networks.get(network).copied().unwrap_or_default() >= MAX_PER_NETWORK =>
            {
                Some((
                    "network",
                    limited(format!(
                        "clients in {network} have {MAX_PER_NETWORK} open callbacks, the limit without an API key"
                    )),
                ))
            }
            Payer::Anonymous(..) if self.anonymous >= MAX_ANONYMOUS => {
                let why = format!(
                    "the limit of {MAX_ANONYMOUS} open callbacks without an API key is reached"
                );
                Some(("anonymous", Failure::Unavailable(why)))
            }
            Payer::Anonymous(..) => None,
        }
    }

    fn add(&mut self, payer: &Payer) {
        self.all += 1;
        match payer {
            Payer::Uncounted => {}
            Payer::Key(name) => *self.clients.entry(name.clone()).or_default() += 1,
            Payer::Anonymous(name, network) => {
                self.anonymous += 1;
                *self.clients.entry(name.clone()).or_default() += 1;
                if let Some(network) = network {
                    *self.networks.entry(*network).or_default() += 1;
                }
            }
        }
    }

    fn remove(&mut self, payer: &Payer) {
        self.all = self.all.saturating_sub(1);
        match payer {
            Payer::Uncounted => {}
            Payer::Key(name) => decrement(&mut self.clients, name),
            Payer::Anonymous(name, network) => {
                self.anonymous = self.anonymous.saturating_sub(1);
                decrement(&mut self.clients, name);
                if let Some(network) = network {
                    decrement(&mut self.networks, network);
                }
            }
        }
    }
}

fn decrement<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

fn network(address: IpAddr) -> Option<IpNet> {
    let address = address.to_canonical();
    let length = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new(address, length)
        .ok()
        .map(|network| network.trunc())
}

fn limited(message: String) -> Failure {
    Failure::RateLimited {
        message,
        retry_after: STATE_TROUBLE,
    }
}

#[cfg(test)]
mod tests;
