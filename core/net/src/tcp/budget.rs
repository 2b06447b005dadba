//! File descriptors available to a scan.

/// Descriptors reserved for the rest of the process.
#[cfg(unix)]
const RESERVE: u64 = 64;

/// Raises the soft limit of open descriptors to the hard limit and returns it. Call it from `main`,
/// since the limit applies to the whole process. Large scans are faster with a high limit.
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

/// Converts a limit, which is signed on some systems.
#[cfg(unix)]
fn unsigned(limit: impl TryInto<u64>) -> u64 {
    limit.try_into().unwrap_or(u64::MAX)
}

/// Returns how many descriptors a scan may open now.
#[cfg(unix)]
pub(super) fn descriptors() -> usize {
    use nix::sys::resource::{Resource, getrlimit};
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(256, |(soft, _)| unsigned(soft));
    // Without /proc, assume that half of the limit is in use.
    let used = std::fs::read_dir("/proc/self/fd").map_or(limit / 2, |fds| fds.count() as u64);
    usize::try_from(limit.saturating_sub(used + RESERVE))
        .unwrap_or(usize::MAX)
        .max(8)
}

/// Does nothing: this system has no such limit.
#[cfg(not(unix))]
#[must_use]
pub fn raise_descriptor_limit() -> u64 {
    u64::MAX
}

#[cfg(not(unix))]
pub(super) fn descriptors() -> usize {
    512
}

/// Whether an error is a temporary local shortage of descriptors, memory or ports.
pub(super) fn is_shortage(error: &std::io::Error) -> bool {
    #[cfg(unix)]
    let shortages = {
        use nix::libc::{EADDRNOTAVAIL, EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM};
        [EADDRNOTAVAIL, EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM]
    };
    // WSAEMFILE, WSAEADDRNOTAVAIL, WSAENOBUFS.
    #[cfg(not(unix))]
    let shortages = [10_024, 10_049, 10_055];
    error
        .raw_os_error()
        .is_some_and(|code| shortages.contains(&code))
}
