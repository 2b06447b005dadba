//! The clients that have a connection, a request or an unread response.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use metrics::gauge;

use super::unread::most_unread;

/// What one client holds at this moment.
#[derive(Debug, Default)]
pub(crate) struct ConnectedClient {
    connections: AtomicUsize,
    requests: AtomicUsize,
    unread: AtomicUsize,
}

/// All clients by name, and the sum of the bytes that they have not read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clients(Arc<Table>);

#[derive(Debug, Default)]
struct Table {
    by_name: Mutex<HashMap<String, Weak<ConnectedClient>>>,
    unread: AtomicUsize,
}

/// A unit of one of a client's counts; given back when dropped.
#[derive(Debug)]
pub(super) struct Unit {
    client: Arc<ConnectedClient>,
    count: fn(&ConnectedClient) -> &AtomicUsize,
}

impl Clients {
    /// Returns the client of this name, as `Caller::name` writes it.
    pub(crate) fn find(&self, name: String) -> Arc<ConnectedClient> {
        let mut clients = self
            .0
            .by_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = clients.entry(name).or_default();
        entry.upgrade().unwrap_or_else(|| {
            let client = Arc::default();
            *entry = Arc::downgrade(&client);
            client
        })
    }

    /// Removes the clients that hold nothing.
    pub(super) fn sweep(&self) {
        let mut clients = self
            .0
            .by_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, client| client.strong_count() > 0);
        if clients.capacity() > 64 + 4 * clients.len() {
            clients.shrink_to_fit();
        }
        gauge!("netvane_http_clients").set(clients.len() as f64);
        gauge!("netvane_http_unread_bytes").set(self.0.unread.load(Relaxed) as f64);
    }

    /// Counts bytes that the client has not read; `false` if that would be more than its share.
    pub(super) fn add_unread(&self, client: &ConnectedClient, bytes: usize) -> bool {
        let all = self.0.unread.fetch_add(bytes, Relaxed);
        let own = client.unread.fetch_add(bytes, Relaxed);
        let fits = own.saturating_add(bytes) <= most_unread(all - own.min(all));
        if !fits {
            self.remove_unread(client, bytes);
        }
        fits
    }

    pub(super) fn remove_unread(&self, client: &ConnectedClient, bytes: usize) {
        self.0.unread.fetch_sub(bytes, Relaxed);
        client.unread.fetch_sub(bytes, Relaxed);
    }
}

impl ConnectedClient {
    /// Counts one more connection; `None` if the client has `most` already.
    pub(super) fn connect(self: &Arc<Self>, most: usize) -> Option<Unit> {
        self.take(most, |client| &client.connections)
    }

    /// Counts one more open request; `None` if the client has `most` already.
    pub(super) fn request(self: &Arc<Self>, most: usize) -> Option<Unit> {
        self.take(most, |client| &client.requests)
    }

    fn take(self: &Arc<Self>, most: usize, count: fn(&Self) -> &AtomicUsize) -> Option<Unit> {
        let unit = Unit {
            client: self.clone(),
            count,
        };
        (count(self).fetch_add(1, Relaxed) < most).then_some(unit)
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        (self.count)(&self.client).fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_no_more_than_its_connections_and_gets_them_back() {
        let clients = Clients::default();
        let one = clients.find("192.0.2.1".into());
        let held: Vec<_> = (0..3).map(|_| one.connect(3)).collect();
        assert!(held.iter().all(Option::is_some));
        assert!(clients.find("192.0.2.1".into()).connect(3).is_none());
        assert!(clients.find("192.0.2.2".into()).connect(3).is_some());
        drop(held);
        assert!(one.connect(1).is_some());
        assert!(one.connect(1).is_some(), "a refusal counts as nothing");
    }

    #[test]
    fn clients_that_hold_nothing_are_forgotten() {
        let clients = Clients::default();
        let held = clients.find("a".into());
        for name in 0..1000 {
            clients.find(name.to_string());
        }
        clients.sweep();
        assert_eq!(clients.0.by_name.lock().expect("a lock").len(), 1);
        assert!(Arc::ptr_eq(&held, &clients.find("a".into())));
    }

    #[test]
    fn greedy_clients_leave_room_for_others() {
        let clients = Clients::default();
        let greedy: Vec<_> = (0..20).map(|n| clients.find(n.to_string())).collect();
        for _ in 0..1000 {
            for client in &greedy {
                let _ = clients.add_unread(client, 1 << 16);
            }
        }
        let modest = clients.find("modest".into());
        assert!(clients.add_unread(&modest, 1 << 20), "a whole reply fits");
        let all = clients.0.unread.load(Relaxed);
        assert!(all <= super::super::unread::MOST_UNREAD, "{all}");

        for client in &greedy {
            let own = client.unread.load(Relaxed);
            clients.remove_unread(client, own);
        }
        clients.remove_unread(&modest, 1 << 20);
        assert_eq!(clients.0.unread.load(Relaxed), 0);
    }
}
