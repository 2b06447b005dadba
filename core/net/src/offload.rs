//! Work on large data off the async threads, by a bounded number of threads.
//!
//! Parsing, validating or rendering a large input for milliseconds on an async thread delays every other request.

use std::sync::LazyLock;

use netvane_document::Failure;
use tokio::sync::Semaphore;

use crate::metrics;

/// Largest input in bytes that is handled where it is; handing it to another thread costs more.
pub const SMALL: usize = 16 << 10;

/// Permits of the threads: one less than the processors, so that one is left for everything else.
static PERMITS: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Semaphore::new((processors - 1).max(1))
});

/// Runs `work` on an input of this size: at once if it is small, else on one of a bounded number of threads. Waits for
/// a thread as long as it takes, so callers must have a deadline. Work that began is not cancelled.
///
/// # Errors
/// [`Failure::Internal`] if `work` panicked.
pub async fn run<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    if bytes <= SMALL {
        return Ok(work());
    }
    run_with(&PERMITS, work).await
}

async fn run_with<T: Send + 'static>(
    permits: &'static Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let permit = match permits.try_acquire() {
        Ok(permit) => permit,
        Err(_) => {
            metrics::limit_reached("parsing_threads");
            permits.acquire().await.map_err(|_| Failure::Internal)?
        }
    };
    // The thread holds the permit: a caller that stops waiting does not make room for more work.
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        work()
    })
    .await
    .map_err(|_| Failure::Internal)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn small_inputs_stay_on_their_thread() {
        let here = std::thread::current().id();
        let id = || std::thread::current().id();
        assert_eq!(run(SMALL, id).await.expect("runs"), here);
        assert_ne!(run(SMALL + 1, id).await.expect("runs"), here);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn never_more_threads_than_permits() {
        // Other tests use the permits of the process.
        static TWO: Semaphore = Semaphore::const_new(2);
        let running = Arc::new(AtomicUsize::new(0));
        let work = |running: Arc<AtomicUsize>| {
            move || {
                let count = running.fetch_add(1, Ordering::SeqCst) + 1;
                std::thread::sleep(std::time::Duration::from_millis(5));
                running.fetch_sub(1, Ordering::SeqCst);
                count
            }
        };
        let all = (0..16).map(|_| run_with(&TWO, work(running.clone())));
        for count in futures::future::join_all(all).await {
            assert!(count.expect("runs") <= 2);
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_and_frees_its_thread() {
        static ONE: Semaphore = Semaphore::const_new(1);
        let failure = run_with(&ONE, || panic!("a bug"))
            .await
            .expect_err("panics");
        assert!(matches!(failure, Failure::Internal));
        assert_eq!(ONE.available_permits(), 1);
    }
}
