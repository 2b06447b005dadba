//! When a connection attempt was answered. A thread that only waits for these events notes the time,
//! so that a round trip does not include the time until this process gets to read the event.

use std::{
    collections::HashMap,
    os::fd::AsFd,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use nix::{
    errno::Errno,
    libc,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        socket::{getsockopt, sockopt::GetStruct},
    },
};

/// Events read at once.
const BATCH: usize = 64;

/// Socket option `TCP_INFO`: the kernel's statistics of a connection.
#[derive(Debug, Clone, Copy)]
struct TcpInfo;

nix::getsockopt_impl!(
    TcpInfo,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    libc::tcp_info,
    GetStruct<libc::tcp_info>
);

/// Returns the round trip that the kernel measured for a connection, in microseconds; `None` if it
/// has not measured any.
pub(super) fn kernel_rtt(socket: &impl AsFd) -> Option<u64> {
    let info = getsockopt(socket, TcpInfo).ok()?;
    (info.tcpi_rtt > 0).then(|| u64::from(info.tcpi_rtt))
}

struct Clock {
    epoll: Epoll,
    /// Time of the first event of each attempt, by its number.
    stamps: Mutex<HashMap<u64, Option<Instant>>>,
    next: AtomicU64,
}

/// The clock of this process, made at the first attempt; `None` if the system could not create it.
static CLOCK: OnceLock<Option<&'static Clock>> = OnceLock::new();

impl Clock {
    fn start() -> Option<&'static Self> {
        // Its thread lives as long as the process.
        let clock: &'static Self = Box::leak(Box::new(Self {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).ok()?,
            stamps: Mutex::default(),
            next: AtomicU64::new(0),
        }));
        let thread = thread::Builder::new().name("connect-clock".into());
        thread.spawn(|| clock.run()).ok()?;
        Some(clock)
    }

    fn run(&self) {
        let mut events = [EpollEvent::empty(); BATCH];
        loop {
            match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => self.note(&events[..count], Instant::now()),
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }

    fn note(&self, events: &[EpollEvent], now: Instant) {
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if let Some(stamp) = stamps.get_mut(&event.data()) {
                stamp.get_or_insert(now);
            }
        }
    }
}

/// One attempt whose answer is awaited.
pub(crate) struct Watch {
    clock: &'static Clock,
    number: u64,
}

impl Watch {
    /// Watches a socket that is connecting; `None` if that is not possible. The socket's descriptor
    /// leaves the set when it is closed.
    pub(super) fn of_connect(socket: &impl AsFd) -> Option<Self> {
        Self::start(socket, EpollFlags::EPOLLOUT)
    }

    /// Watches a socket that has sent a datagram, for a reply or an ICMP error.
    pub(crate) fn of_reply(socket: &impl AsFd) -> Option<Self> {
        Self::start(socket, EpollFlags::EPOLLIN)
    }

    fn start(socket: &impl AsFd, event: EpollFlags) -> Option<Self> {
        let clock = (*CLOCK.get_or_init(Clock::start))?;
        let number = clock.next.fetch_add(1, Ordering::Relaxed);
        let watch = Self { clock, number };
        watch.stamps().insert(number, None);
        let mut event = EpollEvent::new(event | EpollFlags::EPOLLONESHOT, number);
        let added = match clock.epoll.add(socket, event) {
            // An earlier attempt with the same socket.
            Err(Errno::EEXIST) => clock.epoll.modify(socket, &mut event),
            added => added,
        };
        added.is_ok().then_some(watch)
    }

    /// Returns the time of the answer if it was noted before `now`, otherwise `now`.
    pub(crate) fn answered_before(&self, now: Instant) -> Instant {
        let noted = self.stamps().get(&self.number).copied().flatten();
        noted.map_or(now, |noted| noted.min(now))
    }

    fn stamps(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Option<Instant>>> {
        self.clock
            .stamps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stamps().remove(&self.number);
    }
}
