//! A resolver in front of a [`Dns`](crate::Dns) that a test can break while it is in use.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream, UdpSocket},
    runtime::Runtime,
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{PATIENCE, loopback, relay::again};

/// How the resolver answers queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Forwards to the server behind it.
    Right,
    /// Its ports are closed, and existing connections are cut.
    Dead,
    /// It receives queries but never responds.
    Silent,
    /// Sends the right response after this time.
    Slow(Duration),
    /// Sends responses to another query, with a wrong id.
    WrongId,
    /// Sends the right id, then garbage.
    Garbage,
    /// Sends truncated responses over UDP, and closes TCP connections.
    Truncated,
    /// Sends the right response plus an unrelated record that gives this name, in wire format, the
    /// address 203.0.113.66.
    Spoof(&'static [u8]),
}

/// A resolver on loopback, which runs until dropped.
pub struct Resolver {
    /// Address for UDP and TCP; it stays the same when the resolver goes down and comes up again.
    pub address: SocketAddr,
    mode: watch::Sender<Mode>,
    /// The mode that is already in effect.
    now: watch::Receiver<Mode>,
    _runtime: Runtime,
}

impl Resolver {
    /// Starts a resolver in front of this server.
    pub fn before(server: SocketAddr) -> Self {
        let runtime = loopback::runtime(1);
        let mode = watch::Sender::new(Mode::Right);
        let (udp, tcp) = runtime.block_on(netvane_test_dns::sockets());
        let address = udp.local_addr().expect("an address");
        let (reached, now) = watch::channel(Mode::Right);
        runtime.spawn(live((udp, tcp), server, mode.subscribe(), reached));
        Self {
            address,
            mode,
            now,
            _runtime: runtime,
        }
    }

    /// Changes the mode. Earlier queries get no response any more.
    #[track_caller]
    pub fn is(&self, mode: Mode) {
        self.mode.send_replace(mode);
        crate::until("the resolver has changed", || *self.now.borrow() == mode);
    }
}

async fn live(
    first: (UdpSocket, TcpListener),
    server: SocketAddr,
    mut mode: watch::Receiver<Mode>,
    reached: watch::Sender<Mode>,
) {
    let address = first.0.local_addr().expect("an address");
    let mut first = Some(first);

    loop {
        let now = *mode.borrow_and_update();

        if now != Mode::Dead {
            let sockets = match first.take() {
                Some(sockets) => sockets,
                None => (
                    again(|| UdpSocket::bind(address)).await,
                    again(|| TcpListener::bind(address)).await,
                ),
            };
            reached.send_replace(now);
            tokio::select! {
                () = answer(sockets, server, now) => {}
                changed = mode.changed() => if changed.is_err() { return },
            }
        } else {
            first = None;
            reached.send_replace(now);
            if mode.changed().await.is_err() {
                return;
            }
        }
    }
}

async fn answer((udp, tcp): (UdpSocket, TcpListener), server: SocketAddr, mode: Mode) {
    let udp = std::sync::Arc::new(udp);
    let mut tasks = JoinSet::new();
    let mut query = [0; 4096];
    loop {
        tokio::select! {
            Ok((length, requester)) = udp.recv_from(&mut query) => {
                let (udp, query) = (udp.clone(), query[..length].to_vec());
                tasks.spawn(async move {
                    if let Some(answer) = one(&query, server, mode).await {
                        let _ = udp.send_to(&answer, requester).await;
                    }
                });
            }
            Ok((stream, _)) = tcp.accept() => drop(tasks.spawn(stream_of(stream, server, mode))),
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn one(query: &[u8], server: SocketAddr, mode: Mode) -> Option<Vec<u8>> {
    match mode {
        Mode::Silent | Mode::Dead => return None,
        Mode::Slow(time) => sleep(time).await,
        _ => {}
    }

    let behind = UdpSocket::bind("127.0.0.1:0").await.ok()?;
    behind.send_to(query, server).await.ok()?;
    let mut answer = vec![0; 4096];
    let length = timeout(PATIENCE, behind.recv(&mut answer))
        .await
        .ok()?
        .ok()?;
    answer.truncate(length);
    match mode {
        Mode::WrongId => answer[0] ^= 0x55,
        Mode::Garbage => answer[12..].fill(0xee),
        Mode::Truncated => {
            answer.truncate(12);
            answer[2] |= 2;
            answer[4..].fill(0);
            // Keep the question; otherwise the response would not match any query.
            answer[5] = 1;
            answer.extend(question(query));
        }
        Mode::Spoof(name) => {
            // Insert it before the OPT record, which may be anywhere: one more record in the
            // additional section.
            answer.extend(name);
            answer.extend([0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, 203, 0, 113, 66]);
            let more = u16::from_be_bytes([answer[10], answer[11]]) + 1;
            answer[10..12].copy_from_slice(&more.to_be_bytes());
        }
        _ => {}
    }

    Some(answer)
}

/// Returns the question section of a query with one question.
fn question(query: &[u8]) -> &[u8] {
    let name = query[12..]
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or_default();
    &query[12..12 + name + 5]
}

async fn stream_of(mut stream: TcpStream, server: SocketAddr, mode: Mode) {
    match mode {
        Mode::Right | Mode::Spoof(_) => {}
        Mode::Slow(time) => sleep(time).await,
        Mode::Silent => sleep(PATIENCE).await,
        _ => return,
    }
    if let Ok(mut behind) = TcpStream::connect(server).await {
        let _ = copy_bidirectional(&mut stream, &mut behind).await;
    }
}
