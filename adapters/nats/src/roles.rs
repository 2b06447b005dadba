//! Roles: work that one replica does at a time, such as polling a chat platform.
//!
//! A role is an entry that the servers remove 20 s after it was last written. Its holder writes it every 5 s, and steps
//! down 16 s after its last success, before another replica can take the role.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use netvane_core::store::SharedRole;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};
use ulid::Ulid;

use crate::state::{
    api::Api,
    entries::Write,
    streams::{ROLES, role_subject},
};

/// Pause between two attempts to take a role.
const TRY: Duration = Duration::from_secs(1);
/// Pause between two renewals.
const RENEW: Duration = Duration::from_secs(5);
/// Pause before a renewal that failed is repeated.
const AGAIN: Duration = Duration::from_millis(500);
/// Time after the last renewal at which a holder steps down.
const STEP_DOWN: Duration = Duration::from_secs(16);
/// Longest wait for the servers when a role is given up.
const GIVE_UP: Duration = Duration::from_secs(2);

/// A role that this process holds, until it is lost or given up.
pub(crate) struct Role {
    api: Api,
    name: &'static str,
    held: watch::Receiver<Option<u64>>,
    renewal: JoinHandle<()>,
}

/// Waits until this process holds the role.
pub(crate) async fn take(api: Api, name: &'static str) -> Role {
    let holder = Ulid::new().to_string();
    loop {
        let write = Write::new(role_subject(name), holder.clone());
        let asked = Instant::now();
        let taken = timeout_at(asked + TRY * 3, api.create(ROLES, &write)).await;
        match taken {
            Ok(Ok(Some(revision))) if asked.elapsed() < STEP_DOWN => {
                tracing::info!(role = name, "role taken");
                let (sender, held) = watch::channel(Some(revision));
                let renewal = renew(api.clone(), write, sender, asked);
                return Role {
                    api,
                    name,
                    held,
                    renewal: tokio::spawn(renewal),
                };
            }
            Ok(Err(fault)) => tracing::debug!(%fault, role = name, "role not taken"),
            _ => {}
        }
        sleep(TRY).await;
    }
}

/// Renews a role until that is no longer possible.
async fn renew(api: Api, write: Write, held: watch::Sender<Option<u64>>, mut renewed: Instant) {
    let mut revision = *held.borrow();
    while let Some(current) = revision {
        let next = tokio::time::sleep_until(renewed + RENEW);
        next.await;
        let end = renewed + STEP_DOWN;

        revision = loop {
            let asked = Instant::now();
            let written = timeout_at(end, api.write(ROLES, &write, Some(current))).await;
            match written {
                Ok(Ok(Some(next))) => {
                    renewed = asked;
                    break Some(next);
                }
                // Somebody else has it, or the time is over.
                Ok(Ok(None)) | Err(_) => break None,
                Ok(Err(_)) if Instant::now() + AGAIN < end => sleep(AGAIN).await,
                Ok(Err(_)) => break None,
            }
        };
        held.send_replace(revision);
    }
}

impl SharedRole for Role {
    fn lost(&self) -> BoxFuture<'_, ()> {
        async {
            let mut held = self.held.clone();
            // A renewal that ended without a word has lost it as well.
            let _ = held.wait_for(Option::is_none).await;
            tracing::warn!(role = self.name, "role lost");
        }
        .boxed()
    }

    fn give_up(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move {
            self.renewal.abort();
            let Some(revision) = *self.held.borrow() else {
                return;
            };
            let subject = role_subject(self.name);
            let given_up = self.api.remove_revision(ROLES, &subject, revision);
            let given_up = timeout_at(Instant::now() + GIVE_UP, given_up).await;
            if matches!(given_up, Ok(Ok(Some(_)))) {
                tracing::info!(role = self.name, "role given up");
            }
        }
        .boxed()
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}
