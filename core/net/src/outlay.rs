//! What one lookup may send to others: so many bytes, and nothing to a host that all askers together have asked enough.
//!
//! It belongs to the task that runs the lookup, so that nobody on the way has to hand it on. Every place in this room
//! that sends asks here first. What has no asker (callbacks, fresh databases) has bounds of its own, and none here.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use netvane_document::Failure;

/// Headers of a datagram over IPv6 (RFC 8200, RFC 768).
pub(super) const DATAGRAM: usize = 48;
/// The first packet of a TCP connection, options included.
pub(super) const SYN: usize = 80;
/// What opening and closing a TCP connection sends, a repeated SYN included.
pub(super) const CONNECTION: usize = 400;
/// What a TLS handshake sends, and the keys' own share of what follows.
pub(super) const HANDSHAKE: usize = 1200;
/// Fields of an HTTP request that are not its address.
pub(super) const REQUEST: usize = 800;

tokio::task_local!(static OUTLAY: Outlay);

/// Charges a host for being contacted, or says why it is not to be.
type Toll = Box<dyn Fn(IpAddr) -> Result<(), Failure> + Send + Sync>;

/// One lookup's share.
pub struct Outlay {
    most: u32,
    left: AtomicU32,
    toll: Option<Toll>,
    approached: Mutex<Vec<IpAddr>>,
}

impl Outlay {
    /// So many bytes, and any hosts.
    pub fn new(most: u32) -> Self {
        Self {
            most,
            left: AtomicU32::new(most),
            toll: None,
            approached: Mutex::default(),
        }
    }

    /// The same, with hosts charged for being contacted.
    pub fn charging(
        self,
        toll: impl Fn(IpAddr) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Self {
        Self {
            toll: Some(Box::new(toll)),
            ..self
        }
    }

    /// Runs a lookup that may send this and no more.
    pub async fn during<F: Future>(self, lookup: F) -> F::Output {
        OUTLAY.scope(self, lookup).await
    }

    fn take(&self, bytes: usize) -> io::Result<()> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            });
        taken.map(|_| ()).map_err(|_| {
            let most = self.most;
            io::Error::new(
                io::ErrorKind::QuotaExceeded,
                format!("this lookup has sent all that it may ({most} bytes)"),
            )
        })
    }

    fn approach(&self, address: IpAddr) -> Result<(), Failure> {
        let Some(toll) = &self.toll else {
            return Ok(());
        };
        let mut approached = self
            .approached
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !approached.contains(&address) {
            toll(address)?;
            approached.push(address);
        }
        Ok(())
    }
}

/// So many bytes, headers included, are about to be sent.
///
/// # Errors
/// [`io::ErrorKind::QuotaExceeded`]: this lookup has sent all that it may.
pub(super) fn spend(bytes: usize) -> io::Result<()> {
    OUTLAY
        .try_with(|outlay| outlay.take(bytes))
        .unwrap_or(Ok(()))
}

/// A host that the asker led us to is about to be contacted; it is charged once for each lookup.
///
/// # Errors
/// [`Failure::RateLimited`]: it has been asked enough for now, by all askers together.
pub(super) fn approach(address: IpAddr) -> Result<(), Failure> {
    OUTLAY
        .try_with(|outlay| outlay.approach(address))
        .unwrap_or(Ok(()))
}

/// Both, for a TCP connection. The error of the second carries the [`Failure`].
pub(super) fn connect(address: SocketAddr) -> io::Result<()> {
    approach(address.ip())
        .map_err(|failure| io::Error::new(io::ErrorKind::QuotaExceeded, failure))?;
    spend(CONNECTION)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_lookup_sends_what_it_may_and_no_more() {
        let lookup = async {
            assert!(spend(60).is_ok());
            let error = spend(41).expect_err("too much");
            assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
            assert_eq!(
                error.to_string(),
                "this lookup has sent all that it may (100 bytes)"
            );
            assert!(spend(40).is_ok(), "what is refused costs nothing");
        };
        Outlay::new(100).during(lookup).await;
        assert!(spend(usize::MAX).is_ok(), "no lookup, no bound here");
    }

    #[tokio::test]
    async fn a_host_is_charged_once_for_each_lookup_whatever_it_is_called() {
        let charged = Arc::new(AtomicU32::new(0));
        let [host, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        for may in [true, true, false] {
            let lookup = async { [approach(host), approach(host)].map(|outcome| outcome.is_ok()) };
            let charged = charged.clone();
            let outlay =
                Outlay::new(0).charging(move |_| match charged.fetch_add(1, Ordering::Relaxed) {
                    0 | 1 => Ok(()),
                    _ => Err(Failure::Internal),
                });
            assert_eq!(outlay.during(lookup).await, [may, may]);
        }
        // Twice by those who may, and by who may not, each time that they try.
        assert_eq!(charged.load(Ordering::Relaxed), 4);
        let both = Outlay::new(0).charging(|address| match address.to_string().as_str() {
            "192.0.2.1" => Ok(()),
            _ => Err(Failure::Internal),
        });
        let both = both.during(async { [approach(host).is_ok(), approach(other).is_ok()] });
        assert_eq!(both.await, [true, false]);
        let own = Outlay::new(0).during(async { approach(host) });
        assert!(own.await.is_ok(), "the operator's own question");
    }
}
