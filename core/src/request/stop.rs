//! Ends a lookup that has no end of its own, such as a ping until Ctrl-C.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

/// The user's wish to end a lookup and see what it found; shared by the adapter and the command.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    token: CancellationToken,
    is_awaited: Arc<AtomicBool>,
}

impl Stop {
    /// Asks the command to end. Returns whether it waits for that; any other lookup can only be
    /// cancelled.
    pub fn request(&self) -> bool {
        self.token.cancel();
        self.is_awaited.load(Ordering::Relaxed)
    }

    /// Waits until the user asks a command with `count=0` to end; forever for any other command.
    pub(crate) async fn requested(&self, is_endless: bool) {
        if is_endless {
            self.is_awaited.store(true, Ordering::Relaxed);
            self.token.cancelled().await;
        } else {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn only_an_endless_command_hears_of_it() {
        let stop = Stop::default();
        assert!(stop.requested(false).now_or_never().is_none());
        assert!(!stop.request(), "nobody waits");
        assert!(stop.requested(false).now_or_never().is_none());

        let stop = Stop::default();
        assert!(stop.requested(true).now_or_never().is_none());
        assert!(stop.clone().request());
        stop.requested(true).await;
    }
}
