//! Bytes of responses that clients have not read: each is charged to a client and counted in all.

use std::sync::Arc;

use super::{
    clients::{Clients, ConnectedClient},
    open::OpenConnection,
};

/// Most unread bytes in all.
pub(super) const MOST_UNREAD: usize = 64 << 20;
/// Most unread bytes of one connection, whatever its client is allowed.
pub(super) const MOST_OF_CONNECTION: usize = 8 << 20;
/// Unread bytes of a connection above which its next requests wait.
pub(super) const WAIT_ABOVE: usize = 1 << 20;

/// Returns how many bytes a client may hold while the others hold this many: half of what they
/// leave. However many greedy clients there are, there is always some room for a new one.
pub(super) fn most_unread(others: usize) -> usize {
    MOST_UNREAD.saturating_sub(others) / 2
}

/// Unread bytes that are charged to a client; given back when dropped.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    clients: Clients,
    client: Arc<ConnectedClient>,
    connection: Option<Arc<OpenConnection>>,
    bytes: usize,
}

impl HeldBytes {
    /// Charges these bytes to the client; `None` if it holds too many already.
    pub(crate) fn charge(
        clients: &Clients,
        client: &Arc<ConnectedClient>,
        bytes: usize,
    ) -> Option<Self> {
        clients.add_unread(client, bytes).then(|| Self {
            clients: clients.clone(),
            client: client.clone(),
            connection: None,
            bytes,
        })
    }

    /// Charges these bytes to the client and to its connection; `None` if either holds too many.
    pub(super) fn charge_on(
        connection: &Arc<OpenConnection>,
        clients: &Clients,
        client: &Arc<ConnectedClient>,
        bytes: usize,
    ) -> Option<Self> {
        let mut held = Self::charge(clients, client, bytes)?;
        if !connection.add_unread(bytes) {
            return None;
        }
        held.connection = Some(connection.clone());
        Some(held)
    }

    /// Returns a charge of no bytes.
    pub(super) fn nothing(
        connection: &Arc<OpenConnection>,
        clients: &Clients,
        client: &Arc<ConnectedClient>,
    ) -> Self {
        Self {
            clients: clients.clone(),
            client: client.clone(),
            connection: Some(connection.clone()),
            bytes: 0,
        }
    }

    /// Charges more bytes to the same client; `false` if it holds too many already.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        if !self.clients.add_unread(&self.client, bytes) {
            return false;
        }
        if let Some(connection) = &self.connection
            && !connection.add_unread(bytes)
        {
            self.clients.remove_unread(&self.client, bytes);
            return false;
        }
        self.bytes += bytes;
        true
    }

    /// Separates the charge of some of the bytes.
    pub(super) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self {
            clients: self.clients.clone(),
            client: self.client.clone(),
            connection: self.connection.clone(),
            bytes,
        }
    }

    /// Number of bytes that are charged.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.clients.remove_unread(&self.client, self.bytes);
            if let Some(connection) = &self.connection {
                connection.remove_unread(self.bytes);
            }
        }
    }
}
