//! How many descriptors a scan may hold.

/// Left to the rest of the process.
#[cfg(unix)]
const RESERVE: u64 = 64;

/// Raises the soft limit of open descriptors to the hard one and returns it; for `main`, as the
/// limit is the process's. Scans work with any limit, large ones are faster with a high one.
#[cfg(unix)]
#[must_use]
pub fn raise_descriptor_limit() -> u64 {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return 0;
    };
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        return unsigned(hard);
    }
    unsigned(soft)
}

/// Limits are signed on some systems.
#[cfg(unix)]
fn unsigned(limit: impl TryInto<u64>) -> u64 {
    limit.try_into().unwrap_or(u64::MAX)
}

/// Descriptors that a scan may open now.
#[cfg(unix)]
pub(super) fn descriptors() -> usize {
    use nix::sys::resource::{Resource, getrlimit};
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(256, |(soft, _)| unsigned(soft));
    // Where the count is not to be had, half of the limit is taken for used.
    let used = std::fs::read_dir("/proc/self/fd").map_or(limit / 2, |fds| fds.count() as u64);
    usize::try_from(limit.saturating_sub(used + RESERVE))
        .unwrap_or(usize::MAX)
        .max(8)
}

/// Nothing to be raised.
#[cfg(not(unix))]
#[must_use]
pub fn raise_descriptor_limit() -> u64 {
    u64::MAX
}

#[cfg(not(unix))]
pub(super) fn descriptors() -> usize {
    512
}
