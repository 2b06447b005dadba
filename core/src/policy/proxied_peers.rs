//! Peers on this machine that turned out to be proxies: what they send is not the operator's.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use crate::request::http_request::HttpRequestInfo;

/// Most peers that are remembered one by one; beyond it, every peer counts as a proxy.
const MOST_PEERS: usize = 64;

/// Loopback addresses from which a forwarding header has arrived, until the process ends.
#[derive(Debug, Default)]
pub(crate) struct ProxiedPeers(Mutex<HashSet<IpAddr>>);

impl ProxiedPeers {
    /// Remembers the peer of a request with a forwarding header, and logs it the first time.
    pub(crate) fn note(&self, request: &HttpRequestInfo) {
        let peer = request.connection.peer.ip().to_canonical();
        if !peer.is_loopback() {
            return;
        }
        let Some(header) = request.forwarding_field() else {
            return;
        };

        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() <= MOST_PEERS && peers.insert(peer) {
            tracing::warn!(
                %peer,
                %header,
                "peer is a proxy that is not in http.trusted_proxies: no operator privilege for it until restart"
            );
        }
    }

    /// Returns whether a forwarding header has arrived from this peer.
    pub(crate) fn contain(&self, peer: IpAddr) -> bool {
        let peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.len() > MOST_PEERS || peers.contains(&peer.to_canonical())
    }
}
