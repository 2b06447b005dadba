//! Linux sockets with error reporting: `IP_RECVERR` and the error queue (ip(7), ipv6(7)), the TTL
//! of replies, the kernel's receive time, and a TTL per packet sent.
//!
//! The error queue lets an unprivileged process see "time exceeded" from a router: the kernel
//! matches the quoted packet to the socket that sent it and queues the error with the reporter's
//! address.

use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    os::fd::{AsFd, AsRawFd},
    time::{Duration, SystemTime},
};

use nix::{
    errno::Errno,
    libc,
    sys::{
        socket::{
            ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg,
            setsockopt, sockopt,
        },
        time::TimeSpec,
    },
};
use socket2::Socket;
use tokio::{io::Interest, net::UdpSocket};

use super::{egress_budget, icmp_error::IcmpError};

/// Socket option `IP_MTU_DISCOVER`: neither fragment packets nor use the cached path MTU.
#[derive(Debug, Clone, Copy)]
struct MtuDiscover;

/// Socket option `IPV6_MTU_DISCOVER`, as [`MtuDiscover`].
#[derive(Debug, Clone, Copy)]
struct MtuDiscover6;

mod options {
    use super::{MtuDiscover, MtuDiscover6, libc};
    use nix::sys::socket::sockopt::SetStruct;

    nix::setsockopt_impl!(
        MtuDiscover,
        libc::IPPROTO_IP,
        libc::IP_MTU_DISCOVER,
        libc::c_int,
        SetStruct<'_, libc::c_int>
    );
    nix::setsockopt_impl!(
        MtuDiscover6,
        libc::IPPROTO_IPV6,
        libc::IPV6_MTU_DISCOVER,
        libc::c_int,
        SetStruct<'_, libc::c_int>
    );
}

/// Which of a socket's two queues to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Packets received by the socket itself.
    Data,
    /// Errors about packets sent.
    Errors,
}

/// One packet, or one error about a packet sent.
#[derive(Debug)]
pub(crate) struct ErrorMessage {
    /// The sender; for an error, the destination address and port of the packet it refers to.
    pub peer: Option<SocketAddr>,
    /// Bytes in the buffer; for an error, the quoted part of the packet's payload.
    pub len: usize,
    /// TTL or hop limit that the packet arrived with.
    pub ttl: Option<u8>,
    /// When the kernel received it.
    pub stamp: Option<SystemTime>,
    /// The error; `None` for a received packet.
    pub error: Option<Report>,
}

/// An error from the error queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    /// The ICMP error; `None` if this machine's kernel rejected the packet.
    pub notice: Option<IcmpError>,
    /// Address of the host or router that reported it.
    pub offender: Option<IpAddr>,
    /// MTU in bytes for "packet too big" errors, otherwise 0.
    pub info: u32,
}

/// Enables the error queue, TTLs of replies and receive times.
pub(crate) fn enable(socket: &impl AsFd, ipv6: bool) -> io::Result<()> {
    report_errors(socket, ipv6)?;
    if ipv6 {
        setsockopt(socket, sockopt::Ipv6RecvHopLimit, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv4RecvTtl, &true)?;
    }
    setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
    Ok(())
}

/// Enables the error queue only, for TCP connections.
pub(crate) fn report_errors(socket: &impl AsFd, ipv6: bool) -> io::Result<()> {
    if ipv6 {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
    } else {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
    }
    Ok(())
}

/// Disables fragmentation, ignoring the cached path MTU.
pub(crate) fn never_fragment(socket: &impl AsFd, ipv6: bool) -> io::Result<()> {
    if ipv6 {
        setsockopt(socket, MtuDiscover6, &libc::IPV6_PMTUDISC_PROBE)?;
    } else {
        setsockopt(socket, MtuDiscover, &libc::IP_PMTUDISC_PROBE)?;
    }
    Ok(())
}

/// Reads the next message of a queue; `None` if it is empty.
pub(crate) fn receive(
    socket: &impl AsFd,
    queue: Queue,
    buffer: &mut [u8],
) -> io::Result<Option<ErrorMessage>> {
    // Space for an extended error with an IPv6 address, a TTL and a timestamp, each with its
    // header.
    let mut control = nix::cmsg_space!(
        libc::sock_extended_err,
        libc::sockaddr_in6,
        libc::c_int,
        TimeSpec
    );

    let flags = match queue {
        Queue::Data => MsgFlags::MSG_DONTWAIT,
        Queue::Errors => MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_ERRQUEUE,
    };
    let fd = socket.as_fd().as_raw_fd();
    let mut pieces = [IoSliceMut::new(buffer)];
    let received = match recvmsg::<SockaddrStorage>(fd, &mut pieces, Some(&mut control), flags) {
        Ok(received) => received,
        Err(Errno::EAGAIN) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    };

    let mut message = ErrorMessage {
        peer: received.address.as_ref().and_then(socket_address),
        len: received.bytes,
        ttl: None,
        stamp: None,
        error: None,
    };

    for control in received.cmsgs()? {
        match control {
            ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) => {
                message.ttl = u8::try_from(ttl).ok();
            }
            ControlMessageOwned::ScmTimestampns(at) => {
                message.stamp = Some(SystemTime::UNIX_EPOCH + Duration::from(at));
            }
            ControlMessageOwned::Ipv4RecvErr(error, offender) => {
                let offender = offender
                    .filter(|o| i32::from(o.sin_family) == libc::AF_INET)
                    .map(|o| IpAddr::V4(Ipv4Addr::from(u32::from_be(o.sin_addr.s_addr))));
                message.error = Some(report(&error, offender));
            }
            ControlMessageOwned::Ipv6RecvErr(error, offender) => {
                let offender = offender
                    .filter(|o| i32::from(o.sin6_family) == libc::AF_INET6)
                    .map(|o| IpAddr::V6(Ipv6Addr::from(o.sin6_addr.s6_addr)));
                message.error = Some(report(&error, offender));
            }
            _ => {}
        }
    }

    Ok(Some(message))
}

/// Sends one packet, with the given TTL if any. Without `to`, it goes to the connected peer.
pub(crate) fn send(
    socket: &impl AsFd,
    payload: &[u8],
    to: Option<SocketAddr>,
    ttl: Option<(u8, bool)>,
) -> io::Result<()> {
    egress_budget::charge_bytes(egress_budget::DATAGRAM + payload.len())?;
    let to = to.map(SockaddrStorage::from);
    let hops = ttl.map_or(0, |(ttl, _)| libc::c_int::from(ttl));
    let control = ttl.map(|(_, ipv6)| {
        if ipv6 {
            ControlMessage::Ipv6HopLimit(&hops)
        } else {
            ControlMessage::Ipv4Ttl(&hops)
        }
    });

    sendmsg(
        socket.as_fd().as_raw_fd(),
        &[IoSlice::new(payload)],
        control.as_slice(),
        MsgFlags::MSG_DONTWAIT,
        to.as_ref(),
    )?;

    Ok(())
}

fn report(error: &libc::sock_extended_err, offender: Option<IpAddr>) -> Report {
    let notice = match error.ee_origin {
        libc::SO_EE_ORIGIN_ICMP => Some(IcmpError::from_icmp(
            error.ee_type,
            error.ee_code,
            error.ee_info,
        )),
        libc::SO_EE_ORIGIN_ICMP6 => Some(IcmpError::from_icmp6(
            error.ee_type,
            error.ee_code,
            error.ee_info,
        )),
        _ => None,
    };
    Report {
        notice,
        offender,
        info: error.ee_info,
    }
}

fn socket_address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::from((v4.ip(), v4.port())));
    }
    storage
        .as_sockaddr_in6()
        .map(|v6| SocketAddr::from((v6.ip(), v6.port())))
}

/// Messages read before yielding, so that a flood does not block the thread.
const BATCH: usize = 256;

/// Registers a socket with tokio, to wait for either queue.
///
/// Any datagram socket is wrapped in a [`UdpSocket`]: tokio only waits for readiness here, and
/// unlike `AsyncFd` it needs no `unsafe`. This module sends and receives.
pub(crate) fn watch(socket: Socket) -> io::Result<UdpSocket> {
    UdpSocket::from_std(socket.into())
}

/// Waits until a socket is ready, then passes the messages of both queues to `each`.
///
/// Cancel-safe: a message is passed on as soon as it is read.
pub(crate) async fn next_batch(
    socket: &UdpSocket,
    mut each: impl FnMut(Queue, &ErrorMessage, &[u8]),
) -> io::Result<()> {
    socket.ready(Interest::READABLE | Interest::ERROR).await?;

    // One after the other: `try_io` cannot check two interests at once (tokio 1.54).
    // Errors first: reading them clears the pending error that a read of data would return.
    for (queue, interest) in [
        (Queue::Errors, Interest::ERROR),
        (Queue::Data, Interest::READABLE),
    ] {
        let read = socket.try_io(interest, || {
            // "Would block" makes tokio wait for the next event; otherwise it would poll again at
            // once.
            let empty = drain_queue(socket, queue, &mut each);
            if empty {
                Err(io::ErrorKind::WouldBlock.into())
            } else {
                Ok(())
            }
        });
        match read {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
    }

    Ok(())
}

/// Passes the messages of both queues to `each`, without waiting.
pub(crate) fn drain(socket: &impl AsFd, mut each: impl FnMut(Queue, &ErrorMessage, &[u8])) {
    for queue in [Queue::Errors, Queue::Data] {
        drain_queue(socket, queue, &mut each);
    }
}

/// Empties a queue; returns false if more than one batch was queued.
fn drain_queue(
    socket: &impl AsFd,
    queue: Queue,
    each: &mut impl FnMut(Queue, &ErrorMessage, &[u8]),
) -> bool {
    let mut buffer = [0; 2048];
    for _ in 0..BATCH {
        match receive(socket, queue, &mut buffer) {
            Ok(Some(message)) => {
                let length = message.len.min(buffer.len());
                each(queue, &message, &buffer[..length]);
            }
            Ok(None) => return true,
            // The pending error of a report that was just read or just arrived; it is not about
            // this read.
            Err(_) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
