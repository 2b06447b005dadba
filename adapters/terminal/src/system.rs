//! What systems do each in their own way: users, permissions, signals. Windows has less of it to ask about.

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

/// The user of this process: its number, or on Windows its name.
#[cfg(unix)]
pub(crate) fn user() -> String {
    geteuid().to_string()
}

/// The user of this process: its number, or on Windows its name.
#[cfg(not(unix))]
pub fn user() -> String {
    std::env::var("USERNAME").unwrap_or_else(|_| "unknown".into())
}

/// Whether this user may write to something that is there: into it, where it is a directory.
#[cfg(unix)]
pub(crate) fn may_write(there: &Path) -> bool {
    let wanted = if there.is_dir() {
        AccessFlags::W_OK | AccessFlags::X_OK
    } else {
        AccessFlags::W_OK
    };
    access(there, wanted).is_ok()
}

/// Whether this user may write to something that is there. Only trying would tell; what is marked read-only is known.
#[cfg(not(unix))]
pub fn may_write(there: &Path) -> bool {
    there
        .metadata()
        .is_ok_and(|data| there.is_dir() || !data.permissions().readonly())
}

/// Who may do what with a file, in the bits of `chmod`; `None` where there are none.
#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    let data = path.metadata().ok()?;
    Some(data.permissions().mode())
}

/// Who may do what with a file, in the bits of `chmod`; `None` where there are none.
#[cfg(not(unix))]
pub fn mode(_: &Path) -> Option<u32> {
    None
}

/// What keeps an address from being taken.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "nothing is tried there"))]
pub(crate) enum ListenError {
    /// This user may not listen at the port.
    Forbidden,
    /// It is another machine's.
    Foreign,
}

/// Whether a service of this user could listen at an address. One that is in use may be this service's own.
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

/// Whether a service of this user could listen at an address: the service itself will find out.
#[cfg(not(unix))]
pub fn try_address(_: SocketAddr) -> Option<ListenError> {
    None
}

/// Whether this user may open any of the sockets that ICMP echo is sent with.
#[cfg(target_os = "linux")]
pub(crate) fn may_ping() -> bool {
    use nix::sys::socket::SockProtocol;
    [SockType::Datagram, SockType::Raw].into_iter().any(|kind| {
        let flags = SockFlag::SOCK_CLOEXEC;
        let opened = socket(AddressFamily::Inet, kind, flags, SockProtocol::Icmp);
        !matches!(opened, Err(Errno::EACCES | Errno::EPERM))
    })
}

/// Whether this user may open any of the sockets that ICMP echo is sent with: what to do where not is known of Linux only.
#[cfg(not(target_os = "linux"))]
pub fn may_ping() -> bool {
    true
}

/// Memory holds secrets, and a file of it would keep them.
///
/// # Errors
/// The system does not let its limits be lowered.
#[cfg(unix)]
pub(crate) fn no_core_files() -> io::Result<()> {
    Ok(setrlimit(Resource::RLIMIT_CORE, 0, 0)?)
}

/// Memory holds secrets; Windows keeps it only where an administrator has said so.
#[cfg(not(unix))]
pub fn no_core_files() -> io::Result<()> {
    Ok(())
}

/// The signal to read the settings again: SIGHUP, where there are signals.
pub(crate) struct Again {
    #[cfg(unix)]
    hangup: Signal,
}

impl Again {
    /// From now on the signal ends nothing.
    ///
    /// # Errors
    /// The system does not let it be caught.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one; false when there will be none.
    pub(crate) async fn next(&mut self) -> bool {
        #[cfg(unix)]
        let came = self.hangup.recv().await.is_some();
        #[cfg(not(unix))]
        let came = std::future::pending().await;
        came
    }
}

/// The signals to end: SIGTERM and SIGINT, or Ctrl-C.
pub(crate) struct End {
    #[cfg(unix)]
    signals: [Signal; 2],
    #[cfg(windows)]
    pressed: tokio::signal::windows::CtrlC,
}

impl End {
    /// From now on the signals end nothing by themselves.
    ///
    /// # Errors
    /// The system does not let them be caught.
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

    /// Waits for the first.
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
