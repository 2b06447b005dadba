//! One open connection: what it holds, and when it last made progress.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{sync::Notify, task::AbortHandle, time::Instant};

use super::{
    STALL,
    clients::{ConnectedClient, Unit},
    streams::StreamProgress,
    unread::{MOST_OF_CONNECTION, WAIT_ABOVE},
};

/// An open connection of a client, and what is needed to end it.
#[derive(Debug)]
pub(super) struct OpenConnection {
    pub(super) id: u64,
    /// Time from which the milliseconds below are counted.
    began: Instant,
    /// The client, and its count of connections; unset for a trusted proxy.
    client: OnceLock<(Arc<ConnectedClient>, Unit)>,
    /// Whether it was accepted in the reserve and has shown no key.
    pub(super) in_reserve: AtomicBool,
    requests: AtomicUsize,
    unread: AtomicUsize,
    /// When the socket stopped accepting bytes; 0 while it accepts them.
    blocked_since: AtomicU64,
    /// When a part of a response was last sent, or the first one began to wait.
    progress_at: AtomicU64,
    /// When a request last began or ended.
    request_at: AtomicU64,
    has_room: Notify,
    close: Notify,
    task: OnceLock<AbortHandle>,
    /// The HTTP/2 streams that are running, each with the handle that cancels it.
    streams: Mutex<Vec<(Weak<StreamProgress>, AbortHandle)>>,
}

/// An open request of a connection; it ends when this is dropped.
pub(super) struct OpenRequest(Arc<OpenConnection>);

impl OpenConnection {
    pub(super) fn new(id: u64, in_reserve: bool) -> Self {
        Self {
            id,
            began: Instant::now(),
            client: OnceLock::new(),
            in_reserve: in_reserve.into(),
            requests: AtomicUsize::default(),
            unread: AtomicUsize::default(),
            blocked_since: AtomicU64::default(),
            progress_at: AtomicU64::default(),
            request_at: AtomicU64::default(),
            has_room: Notify::new(),
            close: Notify::new(),
            task: OnceLock::new(),
            streams: Mutex::default(),
        }
    }

    /// Milliseconds since the connection was accepted, at least 1.
    pub(super) fn now(&self) -> u64 {
        (self.began.elapsed().as_millis() as u64).max(1)
    }

    pub(super) fn set_client(&self, client: Arc<ConnectedClient>, unit: Unit) {
        let _ = self.client.set((client, unit));
    }

    pub(super) fn client(&self) -> Option<&Arc<ConnectedClient>> {
        self.client.get().map(|(client, _)| client)
    }

    pub(super) fn set_task(&self, task: AbortHandle) {
        let _ = self.task.set(task);
    }

    /// Closes the connection at once.
    pub(super) fn abort(&self) {
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }

    /// Lets the open requests end, then closes the connection.
    pub(super) fn end(&self) {
        self.close.notify_one();
    }

    /// Waits until the connection is to end.
    pub(super) async fn ending(&self) {
        self.close.notified().await;
    }

    pub(super) fn begin_request(self: &Arc<Self>) -> OpenRequest {
        self.requests.fetch_add(1, Relaxed);
        self.request_at.store(self.now(), Relaxed);
        OpenRequest(self.clone())
    }

    /// Counts unread bytes; `false` if there are too many already.
    pub(super) fn add_unread(&self, bytes: usize) -> bool {
        let before = self.unread.fetch_add(bytes, Relaxed);
        if before + bytes > MOST_OF_CONNECTION {
            self.unread.fetch_sub(bytes, Relaxed);
            return false;
        }
        if before == 0 {
            self.progress_at.store(self.now(), Relaxed);
        }
        true
    }

    pub(super) fn remove_unread(&self, bytes: usize) {
        let before = self.unread.fetch_sub(bytes, Relaxed);
        self.progress_at.store(self.now(), Relaxed);
        if before > WAIT_ABOVE && before - bytes <= WAIT_ABOVE {
            self.has_room.notify_waiters();
        }
    }

    /// Waits until few enough bytes are unread for another request; `false` if that takes too long.
    pub(super) async fn room(&self) -> bool {
        let wait = async {
            loop {
                let freed = self.has_room.notified();
                if self.unread.load(Relaxed) <= WAIT_ABOVE {
                    return;
                }
                freed.await;
            }
        };
        if self.unread.load(Relaxed) <= WAIT_ABOVE {
            return true;
        }
        // A stream of HTTP/2 is reset while it waits, like one whose body waits.
        let stream = StreamProgress::current();
        if let Some(stream) = &stream {
            stream.set_waiting(self.now());
        }
        let has_room = tokio::time::timeout(STALL * 2, wait).await.is_ok();
        if let Some(stream) = &stream {
            stream.set_waiting(0);
        }
        has_room
    }

    /// Records whether the socket accepts bytes.
    pub(super) fn set_blocked(&self, blocked: bool) {
        let since = self.blocked_since.load(Relaxed);
        if blocked && since == 0 {
            self.blocked_since.store(self.now(), Relaxed);
        } else if !blocked && since != 0 {
            self.blocked_since.store(0, Relaxed);
        }
    }

    /// Whether its reader has taken nothing for too long, and nothing else happens on it.
    pub(super) fn is_stalled(&self) -> bool {
        let blocked = self.blocked_since.load(Relaxed);
        let waits = self.unread.load(Relaxed) > 0 && self.requests.load(Relaxed) == 0;
        blocked != 0 && self.is_over(blocked, STALL)
            || waits && self.is_over(self.progress_at.load(Relaxed), STALL)
    }

    /// Whether it has had no request for this long.
    pub(super) fn is_idle(&self, time: Duration) -> bool {
        self.requests.load(Relaxed) == 0 && self.is_over(self.request_at.load(Relaxed), time)
    }

    fn is_over(&self, since: u64, time: Duration) -> bool {
        self.now().saturating_sub(since) >= time.as_millis() as u64
    }

    pub(super) fn add_stream(&self, progress: &Arc<StreamProgress>, task: AbortHandle) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.len() == streams.capacity() {
            streams.retain(|(progress, _)| progress.strong_count() > 0);
        }
        streams.push((Arc::downgrade(progress), task));
    }

    /// Resets the streams whose reader has taken nothing for too long; returns their number. With
    /// the first of them go those that have waited half as long: they would only take the room that
    /// it leaves, and stall in turn.
    pub(super) fn reset_stalled_streams(&self) -> u64 {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = |progress: &StreamProgress, time| {
            let since = progress.waiting_since();
            since != 0 && self.is_over(since, time)
        };
        let stalled = |(progress, _): &(Weak<StreamProgress>, _)| {
            progress
                .upgrade()
                .is_some_and(|progress| waits(&progress, STALL))
        };
        if !streams.iter().any(stalled) {
            return 0;
        }

        // Choose all before the first one is reset and its room goes to another.
        let (stalled, others) = std::mem::take(&mut *streams)
            .into_iter()
            .filter(|(progress, _)| progress.strong_count() > 0)
            .partition(|(progress, _)| {
                let progress = progress.upgrade();
                progress.is_some_and(|progress| waits(&progress, STALL / 2))
            });
        let stalled: Vec<(Weak<StreamProgress>, AbortHandle)> = stalled;
        *streams = others;
        stalled.iter().for_each(|(_, task)| task.abort());
        stalled.len() as u64
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Relaxed);
        self.0.request_at.store(self.0.now(), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_stalled_only_if_nobody_reads_and_no_request_runs() {
        let connection = Arc::new(OpenConnection::new(1, false));
        assert!(connection.add_unread(1000));
        let request = connection.begin_request();
        tokio::time::advance(STALL + Duration::from_millis(1)).await;
        assert!(!connection.is_stalled(), "a request still runs");
        drop(request);
        assert!(connection.is_stalled());
        connection.remove_unread(10);
        assert!(!connection.is_stalled(), "a part was read");
        tokio::time::advance(STALL + Duration::from_millis(1)).await;
        assert!(connection.is_stalled());
        connection.remove_unread(990);
        assert!(!connection.is_stalled(), "everything was read");

        connection.set_blocked(true);
        tokio::time::advance(STALL / 2).await;
        connection.set_blocked(true);
        tokio::time::advance(STALL / 2).await;
        assert!(connection.is_stalled(), "the socket accepts nothing");
        connection.set_blocked(false);
        assert!(!connection.is_stalled());
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_request_waits_for_a_reader() {
        let connection = Arc::new(OpenConnection::new(1, false));
        assert!(connection.add_unread(WAIT_ABOVE + 1));
        assert!(!connection.room().await);
        let waiting = tokio::spawn({
            let connection = connection.clone();
            async move { connection.room().await }
        });
        tokio::time::sleep(STALL / 2).await;
        connection.remove_unread(1);
        assert!(waiting.await.expect("it ends"));
        assert!(!connection.add_unread(MOST_OF_CONNECTION));
    }
}
