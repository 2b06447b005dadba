//! Functions that differ between operating systems: users, permissions, signals. On Windows, some
//! of them do nothing.

use std::{io, net::SocketAddr, path::Path};

#[cfg(unix)]
use nix::{
    errno::Errno,
    sys::{
        resource::{Resource, setrlimit},
        socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, socket},
    },
    unistd::{AccessFlags, access, geteuid},
};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Returns the user of this process: the numeric id, or on Windows the name.
#[cfg(unix)]
pub(crate) fn user() -> String {
    geteuid().to_string()
}

/// Returns the user of this process: the numeric id, or on Windows the name.
#[cfg(not(unix))]
pub fn user() -> String {
    std::env::var("USERNAME").unwrap_or_else(|_| "unknown".into())
}

/// Whether this user may write to an existing file, or create files in an existing directory.
#[cfg(unix)]
pub(crate) fn may_write(there: &Path) -> bool {
    let wanted = if there.is_dir() {
        AccessFlags::W_OK | AccessFlags::X_OK
    } else {
        AccessFlags::W_OK
    };
    access(there, wanted).is_ok()
}

/// Whether this user may write to an existing path. Only the read-only attribute is checked; trying
/// would be the only sure way.
#[cfg(not(unix))]
pub fn may_write(there: &Path) -> bool {
    there
        .metadata()
        .is_ok_and(|data| there.is_dir() || !data.permissions().readonly())
}

/// Returns the mode bits of a file, as `chmod` sets them; `None` if the file cannot be read.
#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let data = path.metadata().ok()?;
    Some(data.permissions().mode())
}

/// Returns the mode bits of a file; always `None` here, because there are none.
#[cfg(not(unix))]
pub fn mode(_: &Path) -> Option<u32> {
    None
}

/// Why the service cannot listen on an address.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "nothing is tried there"))]
pub(crate) enum ListenError {
    /// This user may not listen on the port.
    Forbidden,
    /// The address belongs to another machine.
    Foreign,
}

/// Tries to bind an address; `None` if that works, or if the address is in use, perhaps by this
/// very service.
#[cfg(unix)]
pub(crate) fn try_address(address: SocketAddr) -> Option<ListenError> {
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    let socket = socket(family, SockType::Stream, SockFlag::empty(), None).ok()?;
    let taken = bind(
        std::os::fd::AsRawFd::as_raw_fd(&socket),
        &SockaddrStorage::from(address),
    );
    match taken.err()? {
        Errno::EACCES => Some(ListenError::Forbidden),
        Errno::EADDRNOTAVAIL => Some(ListenError::Foreign),
        _ => None,
    }
}

/// Does not check anything here: the service reports the error when it starts.
#[cfg(not(unix))]
pub fn try_address(_: SocketAddr) -> Option<ListenError> {
    None
}

/// Whether this user may open a socket for ICMP echo, unprivileged or raw.
#[cfg(target_os = "linux")]
pub(crate) fn may_ping() -> bool {
    use nix::sys::socket::SockProtocol;
    [SockType::Datagram, SockType::Raw].into_iter().any(|kind| {
        let flags = SockFlag::SOCK_CLOEXEC;
        let opened = socket(AddressFamily::Inet, kind, flags, SockProtocol::Icmp);
        !matches!(opened, Err(Errno::EACCES | Errno::EPERM))
    })
}

/// Always true: how to get the permission is known for Linux only.
#[cfg(not(target_os = "linux"))]
pub fn may_ping() -> bool {
    true
}

/// Limits the heaps of glibc's allocator to two: by default it has eight per processor, and each keeps what it once
/// needed, so that memory grows for hours. The limit is an environment variable that is read when a program starts, so
/// this starts the program again, in the same process and with the same arguments, unless the variable is set.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn limit_heaps() {
    use std::{env, os::unix::process::CommandExt, process::Command};

    const LIMIT: &str = "MALLOC_ARENA_MAX";
    if env::var_os(LIMIT).is_some() || env::var_os("GLIBC_TUNABLES").is_some() {
        return;
    }
    let (Ok(program), mut arguments) = (env::current_exe(), env::args_os()) else {
        return;
    };
    let mut again = Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // Returns only if the program cannot be started, for instance because its file has been replaced.
    let _error = again.args(arguments).env(LIMIT, "2").exec();
}

/// Does nothing: other allocators give memory back.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn limit_heaps() {}

/// Disables core files, because memory holds secrets.
///
/// # Errors
/// If the limit cannot be lowered.
#[cfg(unix)]
pub(crate) fn no_core_files() -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_CORE, 0, 0)?)
}

/// Does nothing: Windows writes memory dumps only if an administrator enables them.
#[cfg(not(unix))]
pub fn no_core_files() -> io::Result<()> {
    Ok(())
}

/// Waits for SIGHUP, the signal to reload the settings; never arrives on Windows.
pub(crate) struct Again {
    #[cfg(unix)]
    hangup: Signal,
}

impl Again {
    /// Starts catching the signal, which no longer ends the process.
    ///
    /// # Errors
    /// If the signal cannot be caught.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next signal; false if there will be none.
    pub(crate) async fn next(&mut self) -> bool {
        #[cfg(unix)]
        let came = self.hangup.recv().await.is_some();
        #[cfg(not(unix))]
        let came = std::future::pending().await;
        came
    }
}

/// Waits for the signals to shut down: SIGTERM and SIGINT, or Ctrl-C on Windows.
pub(crate) struct End {
    #[cfg(unix)]
    signals: [Signal; 2],
    #[cfg(windows)]
    pressed: tokio::signal::windows::CtrlC,
}

impl End {
    /// Starts catching the signals, which no longer end the process.
    ///
    /// # Errors
    /// If the signals cannot be caught.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signals: [
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
            ],
            #[cfg(windows)]
            pressed: tokio::signal::windows::ctrl_c()?,
        })
    }

    /// Waits for the first signal.
    pub(crate) async fn wait(mut self) {
        #[cfg(unix)]
        {
            let [terminate, interrupt] = &mut self.signals;
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        #[cfg(windows)]
        {
            self.pressed.recv().await;
        }
    }
}
