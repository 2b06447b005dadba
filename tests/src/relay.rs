//! A TCP relay between the program and a server, which a test can break.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{PATIENCE, loopback};

/// State of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Connections are forwarded in both directions.
    Open,
    /// New connections are refused, and existing ones are cut.
    Down,
    /// Connections are accepted, but nothing is forwarded.
    Mute,
    /// Data from the server is forwarded a few bytes at a time.
    Slow,
}

/// Bytes that a slow relay forwards at a time: less than one row of a page.
const PIECE: usize = 40;
/// Pause between two pieces; shorter than a browser's frame.
const PAUSE: Duration = Duration::from_millis(8);

/// A relay on its own port in front of a server, until dropped.
pub struct Relay {
    /// Address of the relay, which stays the same when it goes down and comes up again.
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    _runtime: Runtime,
}

impl Relay {
    /// Starts a relay whose server is set later, so that the server can be told the relay's address
    /// first.
    pub fn start() -> (Self, impl FnOnce(SocketAddr)) {
        let runtime = loopback::runtime(1);
        let (listener, address) = loopback::listen(&runtime);
        let way = watch::Sender::new(Way::Open);
        let (seen, handle) = (way.subscribe(), runtime.handle().clone());
        let to = move |server| drop(handle.spawn(live(listener, server, seen)));
        (
            Self {
                address,
                way,
                _runtime: runtime,
            },
            to,
        )
    }

    /// Starts a relay in front of this server.
    pub fn before(server: SocketAddr) -> Self {
        let (relay, to) = Self::start();
        to(server);
        relay
    }

    /// Changes the state of the relay. Existing connections are cut.
    pub fn is(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn live(listener: TcpListener, server: SocketAddr, mut way: watch::Receiver<Way>) {
    let address = listener.local_addr().expect("an address");
    let mut first = Some(listener);
    loop {
        let now = *way.borrow_and_update();
        if now == Way::Down {
            drop(first.take());
            if way.changed().await.is_err() {
                return;
            }
            continue;
        }
        let listener = match first.take() {
            Some(listener) => listener,
            None => again(|| TcpListener::bind(address)).await,
        };
        tokio::select! {
            () = pass(&listener, server, now) => {}
            changed = way.changed() => if changed.is_err() { return },
        }
        first = Some(listener);
    }
}

async fn pass(listener: &TcpListener, server: SocketAddr, way: Way) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            Ok((mut stream, _)) = listener.accept() => drop(tasks.spawn(async move {
                if way == Way::Mute {
                    return sleep(PATIENCE * 10).await;
                }
                let _ = stream.set_nodelay(true);
                if let Ok(mut behind) = TcpStream::connect(server).await {
                    let _ = behind.set_nodelay(true);
                    let _ = match way {
                        Way::Slow => slowly(&mut stream, &mut behind).await,
                        _ => copy_bidirectional(&mut stream, &mut behind).await.map(drop),
                    };
                }
            })),
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn slowly(client: &mut TcpStream, server: &mut TcpStream) -> io::Result<()> {
    let ((mut asks, mut hears), (mut says, mut takes)) = (client.split(), server.split());
    let back = async {
        let mut piece = [0; PIECE];
        loop {
            match says.read(&mut piece).await? {
                0 => return hears.shutdown().await,
                length => hears.write_all(&piece[..length]).await?,
            }
            sleep(PAUSE).await;
        }
    };
    tokio::try_join!(copy(&mut asks, &mut takes), back).map(drop)
}

/// Binds the same port again; retries, because another process may use it for a moment.
pub(crate) async fn again<T, F: Future<Output = io::Result<T>>>(bind: impl Fn() -> F) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match bind().await {
            Ok(bound) => return bound,
            Err(error) => assert!(
                Instant::now() < end,
                "the port is not to be had again: {error}"
            ),
        }
        sleep(Duration::from_millis(20)).await;
    }
}
