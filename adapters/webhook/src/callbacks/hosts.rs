//! Limits the concurrent attempts to each host.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hosts with attempts in progress or waiting.
pub(super) struct Hosts {
    at_a_time: usize,
    busy: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The slot of one attempt at a host.
pub(super) struct AtHost<'a> {
    hosts: &'a Hosts,
    host: &'a str,
    permit: Option<OwnedSemaphorePermit>,
}

impl Hosts {
    pub(super) fn new(at_a_time: usize) -> Self {
        Self {
            at_a_time,
            busy: Mutex::default(),
        }
    }

    /// Waits for a slot at the host, first come, first served.
    pub(super) async fn enter<'a>(&'a self, host: &'a str) -> AtHost<'a> {
        // Made before the wait, so that a caller that stops waiting leaves no entry behind.
        let mut place = AtHost {
            hosts: self,
            host,
            permit: None,
        };
        let new = || Arc::new(Semaphore::new(self.at_a_time));
        let semaphore = self
            .busy()
            .entry(host.to_owned())
            .or_insert_with(new)
            .clone();
        place.permit = semaphore.acquire_owned().await.ok();
        place
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<String, Arc<Semaphore>>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for AtHost<'_> {
    fn drop(&mut self) {
        let mut busy = self.hosts.busy();
        self.permit = None;
        // Each attempt that is at the host or waits for it holds a reference to the semaphore as
        // well.
        if busy
            .get(self.host)
            .is_some_and(|semaphore| Arc::strong_count(semaphore) == 1)
        {
            busy.remove(self.host);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_full_host_delays_only_its_own_attempts() {
        let hosts = Hosts::new(2);
        let (first, second) = (
            hosts.enter("dead.example").await,
            hosts.enter("dead.example").await,
        );
        let mut third = Box::pin(hosts.enter("dead.example"));
        assert!(third.as_mut().now_or_never().is_none(), "it waits");
        let other = hosts
            .enter("live.example")
            .now_or_never()
            .expect("it does not wait");
        drop(first);
        let third = third.now_or_never().expect("a place is free");
        drop((second, third, other));
        assert!(hosts.busy().is_empty(), "no entry is left behind");
    }

    #[tokio::test]
    async fn a_cancelled_wait_leaves_no_entry_behind() {
        let hosts = Hosts::new(1);
        let first = hosts.enter("dead.example").await;
        let mut second = Box::pin(hosts.enter("dead.example"));
        assert!(second.as_mut().now_or_never().is_none(), "it waits");
        drop(first);
        drop(second);
        assert!(hosts.busy().is_empty());
    }
}
