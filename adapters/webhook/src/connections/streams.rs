//! HTTP/2 streams: their tasks, and whether their readers make progress.
//!
//! hyper runs each stream as a task of its own. While the peer's flow-control window is closed, the
//! body is not polled, so a stalled stream is noticed by the time since its body gave the last part.
//! Aborting its task resets the stream.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use hyper::rt::Executor;

use super::open::OpenConnection;

tokio::task_local! {
    /// The connection whose task runs.
    pub(super) static CONNECTION: Arc<OpenConnection>;
    /// The stream whose task runs.
    static STREAM: Arc<StreamProgress>;
}

/// Whether the body of a stream waits for its reader.
#[derive(Debug, Default)]
pub(super) struct StreamProgress(AtomicU64);

impl StreamProgress {
    /// Returns the progress of the stream whose task runs; `None` for HTTP/1.
    pub(super) fn current() -> Option<Arc<Self>> {
        STREAM.try_with(Arc::clone).ok()
    }

    /// Records that a part was given at this time, in milliseconds of the connection, and waits for
    /// the reader. 0 means that the body waits for its producer.
    pub(super) fn set_waiting(&self, since: u64) {
        self.0.store(since, Relaxed);
    }

    pub(super) fn waiting_since(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Starts the tasks of streams, and registers each with its connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamExecutor;

impl<F> Executor<F> for StreamExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        let progress = Arc::<StreamProgress>::default();
        let task = tokio::spawn(STREAM.scope(progress.clone(), stream));
        // hyper starts streams while it polls their connection.
        let _ = CONNECTION.try_with(|connection| {
            connection.add_stream(&progress, task.abort_handle());
        });
    }
}
