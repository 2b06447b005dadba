//! Common interface of the sockets that send echo requests.

use std::{io, net::IpAddr, time::Duration};

use super::{PingError, PingMethod, event::EchoEvent, surge::Surge};

#[cfg(target_os = "linux")]
use super::socket::EchoSocket;

/// A socket for echo requests to one target.
pub(super) enum Echo {
    /// Linux socket, datagram or raw, with its error queue: reports the most.
    #[cfg(target_os = "linux")]
    WithErrors(EchoSocket),
    /// surge-ping, for other systems.
    Surge(Surge),
}

impl Echo {
    /// Opens a socket that this process may open; `timeout` is the timeout of a request.
    ///
    /// # Errors
    /// [`PingError::NotPermitted`] if there is none, [`PingError::Local`] without a route to the
    /// target.
    pub(crate) fn open(target: IpAddr, timeout: Duration) -> Result<Self, PingError> {
        #[cfg(target_os = "linux")]
        let first = match EchoSocket::open(target) {
            Err(PingError::Socket(error)) => Some(error),
            opened => return opened.map(Self::WithErrors),
        };
        #[cfg(not(target_os = "linux"))]
        let first: Option<io::Error> = None;

        match (Surge::open(target, timeout), first) {
            (Err(PingError::Socket(_)), Some(first)) if !is_denied(&first) => Err(first.into()),
            (Err(PingError::Socket(error)), _) if is_denied(&error) => {
                Err(PingError::NotPermitted { hint: hint() })
            }
            (opened, _) => opened.map(Self::Surge),
        }
    }

    /// Returns the source address.
    pub(crate) fn source(&self) -> IpAddr {
        match self {
            #[cfg(target_os = "linux")]
            Self::WithErrors(socket) => socket.source(),
            Self::Surge(surge) => surge.source(),
        }
    }

    /// Returns the kind of socket.
    pub(crate) fn method(&self) -> PingMethod {
        match self {
            #[cfg(target_os = "linux")]
            Self::WithErrors(socket) => socket.method(),
            Self::Surge(surge) => surge.method(),
        }
    }

    /// Whether the socket reports duplicate replies.
    pub(crate) fn hears_duplicates(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::WithErrors(_) => true,
            Self::Surge(_) => false,
        }
    }

    /// Sends a request with `size` bytes of payload.
    ///
    /// # Errors
    /// This machine could not send it, or the ICMP error of an earlier request is pending: call
    /// [`Self::collect`] and retry.
    pub(crate) fn send(&mut self, seq: u16, size: u16) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::WithErrors(socket) => socket.send(seq, size, None),
            Self::Surge(surge) => surge.send(seq, size),
        }
    }

    /// Waits for replies and errors and adds them to `events`. Cancel-safe.
    ///
    /// # Errors
    /// The socket failed.
    pub(crate) async fn listen(&mut self, events: &mut Vec<EchoEvent>) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::WithErrors(socket) => socket.listen(events).await,
            Self::Surge(surge) => {
                surge.listen(events).await;
                Ok(())
            }
        }
    }

    /// Adds the queued replies and errors, without waiting.
    pub(crate) fn collect(&self, events: &mut Vec<EchoEvent>) {
        match self {
            #[cfg(target_os = "linux")]
            Self::WithErrors(socket) => socket.collect(events),
            // Its socket never returns the error of another request.
            Self::Surge(_) => _ = events,
        }
    }
}

fn is_denied(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// Describes the missing permission, with the current setting.
#[cfg(target_os = "linux")]
fn hint() -> String {
    let group = nix::unistd::getegid();
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range")
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let range = match &range {
        Ok(range) => format!("is \"{range}\", which does not include this process's group {group}"),
        Err(_) => format!("does not include this process's group {group}"),
    };
    let program = std::env::current_exe()
        .map_or_else(|_| "the program".into(), |path| path.display().to_string());
    format!(
        "no permission to send ICMP echo: net.ipv4.ping_group_range {range} \
         (sysctl -w net.ipv4.ping_group_range=\"{group} {group}\" allows it), \
         and CAP_NET_RAW is missing (setcap cap_net_raw+ep {program} adds it)"
    )
}

/// Describes the missing permission.
#[cfg(not(target_os = "linux"))]
fn hint() -> String {
    "no permission to send ICMP echo: raw sockets need administrator rights".into()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_hint_names_the_setting_and_the_capability() {
        let hint = hint();
        assert!(hint.contains("net.ipv4.ping_group_range") && hint.contains("CAP_NET_RAW"));
    }
}
