//! Egress budget of one lookup: a maximum number of bytes, and no traffic to a host whose rate
//! limit is used up.
//!
//! The budget is a task-local of the task that runs the lookup, so that it need not be passed
//! along. All code in this crate that sends charges it first. Traffic without a user (callbacks,
//! database updates) has limits of its own.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use netvane_document::Failure;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use crate::{ports::PortUse, settings::Ports};

/// Bytes of the headers of a UDP datagram over IPv6 (RFC 8200, RFC 768).
pub(super) const DATAGRAM: usize = 48;
/// Bytes of the first packet of a TCP connection, including options.
pub(super) const SYN: usize = 80;
/// Bytes sent to open and close a TCP connection, including one repeated SYN.
pub(super) const CONNECTION: usize = 400;
/// Bytes sent in a TLS handshake, including the record overhead of what follows.
pub(super) const HANDSHAKE: usize = 1200;
/// Bytes of an HTTP request without its URL.
pub(super) const REQUEST: usize = 800;

tokio::task_local!(static OUTLAY: Arc<EgressBudget>);

/// Responses over a connection that one lookup receives at the same time; each takes up to 64 KiB.
const RESPONSES_AT_ONCE: usize = 8;
/// Charges a host's rate limit; fails if the limit is reached.
type TargetCharge = Box<dyn Fn(IpAddr) -> Result<(), Failure> + Send + Sync>;

/// Number of bytes one lookup may still send, and the hosts it has been charged for.
pub struct EgressBudget {
    most: u32,
    left: AtomicU32,
    toll: Option<TargetCharge>,
    private_names: bool,
    /// Whether the user may name private and loopback addresses.
    private_targets: bool,
    approached: Mutex<Vec<IpAddr>>,
    /// Ports that may be used, and what charges a port check to a network; every port without it.
    ports: Option<(Arc<Ports>, TargetCharge)>,
    responses: Arc<Semaphore>,
}

impl EgressBudget {
    /// Allows `most` bytes in total, without a limit per host.
    pub fn new(most: u32) -> Self {
        Self {
            most,
            left: AtomicU32::new(most),
            toll: None,
            private_names: false,
            private_targets: false,
            approached: Mutex::default(),
            ports: None,
            responses: Arc::new(Semaphore::new(RESPONSES_AT_ONCE)),
        }
    }

    /// Also charges each contacted host once, with `toll`.
    pub fn charging(
        self,
        toll: impl Fn(IpAddr) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Self {
        Self {
            toll: Some(Box::new(toll)),
            ..self
        }
    }

    /// Says whether the lookup may query names of the operator's network.
    pub fn with_private_names(self, private_names: bool) -> Self {
        Self {
            private_names,
            ..self
        }
    }

    /// Says whether the user may name private and loopback addresses as targets, resolvers and servers.
    pub fn with_private_targets(self, private_targets: bool) -> Self {
        Self {
            private_targets,
            ..self
        }
    }

    /// Also restricts the ports that may be used. `charge` counts a port check of the host's network.
    pub fn restricting(
        self,
        ports: Arc<Ports>,
        charge: impl Fn(IpAddr) -> Result<(), Failure> + Send + Sync + 'static,
    ) -> Self {
        Self {
            ports: Some((ports, Box::new(charge))),
            ..self
        }
    }

    /// Runs a lookup under this budget.
    pub async fn during<F: Future>(self, lookup: F) -> F::Output {
        OUTLAY.scope(Arc::new(self), lookup).await
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
                format!("egress limit of this lookup reached ({most} bytes)"),
            )
        })
    }

    fn charge_target(&self, address: IpAddr) -> Result<(), Failure> {
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

/// Charges bytes, headers included, before they are sent.
///
/// # Errors
/// [`io::ErrorKind::QuotaExceeded`] if the lookup's budget does not allow them.
pub(super) fn charge_bytes(bytes: usize) -> io::Result<()> {
    OUTLAY
        .try_with(|egress_budget| egress_budget.take(bytes))
        .unwrap_or(Ok(()))
}

/// Charges a host that the user's input led to, before it is contacted; once per lookup.
///
/// # Errors
/// [`Failure::RateLimited`] if the host's rate limit, shared by all users, is reached.
pub(super) fn charge_target(address: IpAddr) -> Result<(), Failure> {
    OUTLAY
        .try_with(|egress_budget| egress_budget.charge_target(address))
        .unwrap_or(Ok(()))
}

/// Checks a port against the ports that the lookup may use; see [`crate::check_port`].
pub(super) fn check_port(
    port_use: PortUse,
    what: &str,
    target: SocketAddr,
    counts_as_check: bool,
) -> Result<(), Failure> {
    let check = |budget: &Arc<EgressBudget>| match &budget.ports {
        None => Ok(()),
        Some((ports, charge)) => {
            ports.check(port_use, what, target.port())?;
            if counts_as_check {
                charge(target.ip())?;
            }
            Ok(())
        }
    };
    OUTLAY.try_with(check).unwrap_or(Ok(()))
}

/// Awaits an exchange whose response may be large, while not too many others of the running lookup do.
pub(super) async fn with_response_slot<F: Future>(exchange: F) -> F::Output {
    let slots = OUTLAY.try_with(|budget| budget.responses.clone()).ok();
    let _slot = match slots {
        // Cannot fail: nothing closes the semaphore.
        Some(slots) => slots.acquire_owned().await.ok(),
        None => None,
    };
    exchange.await
}

/// Runs a future in a task of its own, under the budget of the running lookup; `None` if it panicked. The task ends when
/// the returned future is dropped.
pub(super) async fn in_own_task<F>(future: F) -> Option<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let task = match OUTLAY.try_with(Arc::clone) {
        Ok(budget) => tokio::spawn(OUTLAY.scope(budget, future).in_current_span()),
        Err(_) => tokio::spawn(future.in_current_span()),
    };
    AbortOnDropHandle::new(task).await.ok()
}

/// Whether the running lookup is restricted to the ports of `policy.ports`, as those of users are.
pub(super) fn is_restricted() -> bool {
    OUTLAY
        .try_with(|budget| budget.ports.is_some())
        .unwrap_or(false)
}

/// Returns whether the running lookup may query names of the operator's network. Queries of the
/// service itself, outside of a lookup, may.
pub(super) fn may_query_private_names() -> bool {
    OUTLAY
        .try_with(|egress_budget| egress_budget.private_names)
        .unwrap_or(true)
}

/// Returns whether the running lookup may contact private and loopback addresses that the user names. Nothing outside of
/// a lookup may.
pub(super) fn may_contact_private() -> bool {
    OUTLAY
        .try_with(|egress_budget| egress_budget.private_targets)
        .unwrap_or(false)
}

/// Charges the host and the bytes of a TCP connection. If the host's limit is reached, the error
/// carries the [`Failure`].
pub(super) fn connect(address: SocketAddr) -> io::Result<()> {
    charge_target(address.ip())
        .map_err(|failure| io::Error::new(io::ErrorKind::QuotaExceeded, failure))?;
    charge_bytes(CONNECTION)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_lookup_cannot_exceed_its_byte_budget() {
        let lookup = async {
            assert!(charge_bytes(60).is_ok());
            let error = charge_bytes(41).expect_err("over budget");
            assert_eq!(error.kind(), io::ErrorKind::QuotaExceeded);
            assert_eq!(
                error.to_string(),
                "egress limit of this lookup reached (100 bytes)"
            );
            assert!(charge_bytes(40).is_ok(), "a refused charge costs nothing");
        };
        EgressBudget::new(100).during(lookup).await;
        assert!(
            charge_bytes(usize::MAX).is_ok(),
            "no limit outside a lookup"
        );
    }

    #[tokio::test]
    async fn a_host_is_charged_once_per_lookup() {
        let charged = Arc::new(AtomicU32::new(0));
        let [host, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        for may in [true, true, false] {
            let lookup =
                async { [charge_target(host), charge_target(host)].map(|outcome| outcome.is_ok()) };
            let charged = charged.clone();
            let egress_budget = EgressBudget::new(0).charging(move |_| {
                match charged.fetch_add(1, Ordering::Relaxed) {
                    0 | 1 => Ok(()),
                    _ => Err(Failure::Internal),
                }
            });
            assert_eq!(egress_budget.during(lookup).await, [may, may]);
        }
        // Once by each of the two allowed lookups, and on both attempts of the refused one.
        assert_eq!(charged.load(Ordering::Relaxed), 4);
        let both = EgressBudget::new(0).charging(|address| match address.to_string().as_str() {
            "192.0.2.1" => Ok(()),
            _ => Err(Failure::Internal),
        });
        let both =
            both.during(async { [charge_target(host).is_ok(), charge_target(other).is_ok()] });
        assert_eq!(both.await, [true, false]);
        let own = EgressBudget::new(0).during(async { charge_target(host) });
        assert!(own.await.is_ok(), "no charge without a target limit");
    }
}
