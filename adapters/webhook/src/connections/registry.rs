//! Which connections are open, and whether there is a place for another one.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use metrics::counter;
use netvane_core::{Caller, settings};

use super::{clients::Clients, open::OpenConnection};

/// Number of the last places, which only health checks and API keys keep.
const RESERVE: usize = 64;

/// Largest number of open connections, in all and of one client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) in_all: usize,
    pub(super) per_client: usize,
}

/// The open connections of the service, with their limits in total and per client.
#[derive(Clone)]
pub(super) struct Registry(Arc<RegistryState>);

struct RegistryState {
    most: Most,
    clients: Clients,
    open: Mutex<Places>,
    ids: AtomicU64,
}

#[derive(Default)]
struct Places {
    by_id: HashMap<u64, Arc<OpenConnection>>,
    /// Connections in the reserve that have shown no key, the oldest first.
    unproven: VecDeque<u64>,
}

/// A place among the open connections; free again when dropped.
pub(super) struct ConnectionSlot {
    registry: Registry,
    pub(super) connection: Arc<OpenConnection>,
}

impl Registry {
    pub(super) fn new(http: &settings::Http, clients: Clients) -> Self {
        let most = Most {
            in_all: http.connections,
            per_client: http.connections_per_client,
        };
        Self(Arc::new(RegistryState {
            most,
            clients,
            open: Mutex::default(),
            ids: AtomicU64::new(1),
        }))
    }

    pub(super) fn clients(&self) -> &Clients {
        &self.0.clients
    }

    pub(super) fn most(&self) -> Most {
        self.0.most
    }

    fn reserve(&self) -> usize {
        RESERVE.min(self.0.most.in_all / 4)
    }

    /// Finds a place for a new connection. In the reserve, the oldest connection without a key
    /// leaves its place to the new one; `None` if all have shown a key.
    pub(super) fn open(&self) -> Option<ConnectionSlot> {
        let most = self.0.most.in_all;
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);

        if open.by_id.len() >= most {
            let Some(oldest) = open.unproven.pop_front() else {
                refused("in_all");
                return None;
            };
            if let Some(connection) = open.by_id.remove(&oldest) {
                connection.abort();
                refused("in_all");
            }
        }

        let id = self.0.ids.fetch_add(1, Relaxed);
        let in_reserve = open.by_id.len() + self.reserve() >= most;
        if in_reserve {
            open.unproven.push_back(id);
        }
        let connection = Arc::new(OpenConnection::new(id, in_reserve));
        open.by_id.insert(id, connection.clone());

        Some(ConnectionSlot {
            registry: self.clone(),
            connection,
        })
    }

    /// Lets a connection of the reserve stay: for its key, or because others have been closed
    /// since.
    pub(super) fn promote(&self, connection: &OpenConnection, has_key: bool) -> bool {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let may = has_key || open.by_id.len() + self.reserve() <= self.0.most.in_all;
        if may {
            open.unproven.retain(|id| *id != connection.id);
            connection.in_reserve.store(false, Relaxed);
        }
        may
    }

    /// Counts the connection for the client with this address; `false` if the client has too many.
    pub(super) fn count(&self, connection: &OpenConnection, address: IpAddr) -> bool {
        let caller = Caller {
            address: Some(address.to_canonical()),
            ..Caller::default()
        };
        let client = self.0.clients.find(caller.name());
        match client.connect(self.0.most.per_client) {
            Some(unit) => {
                connection.set_client(client, unit);
                true
            }
            None => {
                refused("per_client");
                false
            }
        }
    }

    /// Calls `look` with each open connection; returns their number.
    pub(super) fn each(&self, mut look: impl FnMut(&OpenConnection)) -> usize {
        let open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.by_id.values().for_each(|connection| look(connection));
        open.by_id.len()
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        let id = self.connection.id;
        let mut open = self
            .registry
            .0
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        open.by_id.remove(&id);
        if self.connection.in_reserve.load(Relaxed) {
            open.unproven.retain(|unproven| *unproven != id);
        }
    }
}

fn refused(limit: &'static str) {
    counter!("netvane_http_connections_refused_total", "limit" => limit).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(in_all: usize, per_client: usize) -> Registry {
        let most = Most { in_all, per_client };
        Registry(Arc::new(RegistryState {
            most,
            clients: Clients::default(),
            open: Mutex::default(),
            ids: AtomicU64::new(1),
        }))
    }

    #[test]
    fn the_reserve_goes_to_the_newest_and_stays_with_keys() {
        let registry = registry(8, 8);
        let places: Vec<_> = (0..8).filter_map(|_| registry.open()).collect();
        let in_reserve = |place: &&ConnectionSlot| place.connection.in_reserve.load(Relaxed);
        assert_eq!(places.iter().filter(in_reserve).count(), 2);
        assert!(!registry.promote(&places[6].connection, false));
        assert!(registry.promote(&places[6].connection, true));

        // The place of the other one goes to each new connection in turn.
        let newest: Vec<_> = (0..20).filter_map(|_| registry.open()).collect();
        assert_eq!(newest.len(), 20);
        assert_eq!(registry.each(|_| {}), 8);
        assert!(registry.promote(&newest[19].connection, true));
        assert!(registry.open().is_none(), "all places have an owner");

        drop(places);
        assert_eq!(registry.each(|_| {}), 1);
        let last = registry.open().expect("a place");
        assert!(!last.connection.in_reserve.load(Relaxed));
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let registry = registry(100, 2);
        let places: Vec<_> = (0..4).filter_map(|_| registry.open()).collect();
        let count = |place: &ConnectionSlot, address: &str| {
            registry.count(&place.connection, address.parse().expect("an address"))
        };
        assert!(count(&places[0], "2001:db8::1"));
        assert!(count(&places[1], "2001:db8::ffff:2"));
        assert!(!count(&places[2], "2001:db8::3"));
        assert!(count(&places[3], "2001:db8:0:1::3"));
    }
}
