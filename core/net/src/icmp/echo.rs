//! One interface over the sockets that send echo requests.

use std::{io, net::IpAddr, time::Duration};

use super::{Method, PingError, heard::Heard, surge::Surge};

#[cfg(target_os = "linux")]
use super::socket::EchoSocket;

/// A socket for requests to one target.
pub(super) enum Echo {
    /// Linux' datagram socket: no privilege, and the kernel tells most.
    #[cfg(target_os = "linux")]
    Datagram(EchoSocket),
    /// surge-ping, for the systems and processes that have only another.
    Surge(Surge),
}

impl Echo {
    /// Opens whichever this process may open; a request is waited for so long.
    ///
    /// # Errors
    /// [`PingError::NotPermitted`] where that is none, [`PingError::Local`] without a way to the target.
    pub(crate) fn open(target: IpAddr, patience: Duration) -> Result<Self, PingError> {
        #[cfg(target_os = "linux")]
        let first = match EchoSocket::datagram(target) {
            Err(PingError::Socket(error)) => Some(error),
            opened => return opened.map(Self::Datagram),
        };
        #[cfg(not(target_os = "linux"))]
        let first: Option<io::Error> = None;

        match (Surge::open(target, patience), first) {
            (Err(PingError::Socket(_)), Some(first)) if !is_denied(&first) => Err(first.into()),
            (Err(PingError::Socket(error)), _) if is_denied(&error) => {
                Err(PingError::NotPermitted { hint: hint() })
            }
            (opened, _) => opened.map(Self::Surge),
        }
    }

    /// The address that this machine sends from.
    pub(crate) fn source(&self) -> IpAddr {
        match self {
            #[cfg(target_os = "linux")]
            Self::Datagram(socket) => socket.source(),
            Self::Surge(surge) => surge.source(),
        }
    }

    /// Which kind it became.
    pub(crate) fn method(&self) -> Method {
        match self {
            #[cfg(target_os = "linux")]
            Self::Datagram(_) => Method::IcmpDatagram,
            Self::Surge(surge) => surge.method(),
        }
    }

    /// Whether a second reply to a request would be heard.
    pub(crate) fn hears_duplicates(&self) -> bool {
        match self {
            #[cfg(target_os = "linux")]
            Self::Datagram(_) => true,
            Self::Surge(_) => false,
        }
    }

    /// Sends a request of `size` bytes of payload.
    ///
    /// # Errors
    /// This machine could not send it, or an earlier request's ICMP error was in the way: then [`Self::collect`] it.
    pub(crate) fn send(&mut self, seq: u16, size: u16) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Datagram(socket) => socket.send(seq, size, None),
            Self::Surge(surge) => surge.send(seq, size),
        }
    }

    /// Waits for something to be heard and adds it to `heard`. Cancel-safe.
    ///
    /// # Errors
    /// The socket failed.
    pub(crate) async fn listen(&mut self, heard: &mut Vec<Heard>) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Datagram(socket) => socket.listen(heard).await,
            Self::Surge(surge) => {
                surge.listen(heard).await;
                Ok(())
            }
        }
    }

    /// Adds what is there already, without waiting.
    pub(crate) fn collect(&self, heard: &mut Vec<Heard>) {
        match self {
            #[cfg(target_os = "linux")]
            Self::Datagram(socket) => socket.collect(heard),
            // Its socket returns no error of another request.
            Self::Surge(_) => _ = heard,
        }
    }
}

fn is_denied(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

/// What is missing, with what it is now.
#[cfg(target_os = "linux")]
fn hint() -> String {
    let group = nix::unistd::getegid();
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ping_group_range")
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let range = match &range {
        Ok(range) => format!("is \"{range}\", which leaves out this process's group {group}"),
        Err(_) => format!("does not include this process's group {group}"),
    };
    let program = std::env::current_exe()
        .map_or_else(|_| "the program".into(), |path| path.display().to_string());
    format!(
        "this process may not send ICMP echo: net.ipv4.ping_group_range {range} \
         (sysctl -w net.ipv4.ping_group_range=\"{group} {group}\" would allow it), \
         and it lacks CAP_NET_RAW (setcap cap_net_raw+ep {program} would give it)"
    )
}

/// What is missing.
#[cfg(not(target_os = "linux"))]
fn hint() -> String {
    "this process may not send ICMP echo: the system keeps raw sockets for administrators".into()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_hint_names_setting_and_capability() {
        let hint = hint();
        assert!(hint.contains("net.ipv4.ping_group_range") && hint.contains("CAP_NET_RAW"));
    }
}
