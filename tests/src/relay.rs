//! What lies between the program and a server, so that it can break.

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

/// How the way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Every connection is passed on.
    Open,
    /// Connections are refused, and those that stood are gone.
    Down,
    /// Connections are taken, and nothing passes.
    Mute,
    /// What the server says passes a few bytes at a time.
    Slow,
}

/// So many bytes pass at a time on a slow way, which is less than one row of a page.
const PIECE: usize = 40;
/// Between two pieces; a browser draws more often.
const PAUSE: Duration = Duration::from_millis(8);

/// A port of its own in front of a server, until dropped.
pub struct Relay {
    /// The same, however often the way was down.
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    _runtime: Runtime,
}

impl Relay {
    /// To a server whose address is told later, so that the server can be told the relay's own.
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

    /// From now on the way is like this. Connections that stand are cut.
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

/// The same port once more: somebody else may have it for a moment.
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
