//! The measurements. Netvane and its peer take turns, so that other load on the machine
//! affects both.

use std::{
    fmt,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::ensure;
use tokio::{task::JoinSet, time::interval};

use crate::{
    bare,
    http::{Client, question},
    service::{Service, netvane},
    table::{Row, Target, median},
};

/// Connections of the closed loop.
const CONNECTIONS: usize = 16;
/// Number of turns of the closed loop, and the duration of one.
const TURNS: u32 = 20;
const TURN: Duration = Duration::from_millis(400);

/// Domains of the zone, each used once, so that no reply comes from a cache by accident.
pub(crate) struct Domains {
    next: u32,
    /// Number of domains in the zone.
    pub count: u32,
}

impl Domains {
    /// Creates the list for a zone with this many domains.
    pub(crate) fn new(count: u32) -> Self {
        Self { next: 0, count }
    }

    /// Returns a domain that has not been used yet.
    pub(crate) fn fresh(&mut self) -> anyhow::Result<String> {
        ensure!(self.next < self.count, "not enough domains in the zone");
        self.next += 1;
        Ok(format!("d{}.bench.test.", self.next - 1))
    }
}

/// Measures uncached `mx` over HTTP against the same queries by the bare resolver, each 200 times a
/// second.
pub(crate) async fn uncached_mx(
    service: SocketAddr,
    dns: SocketAddr,
    domains: &mut Domains,
    seconds: usize,
) -> anyhow::Result<Row> {
    let resolver = bare::resolver(dns)?;
    let idle: Arc<Mutex<Vec<Client>>> = Arc::default();
    let mut asked = JoinSet::new();
    let mut tick = interval(Duration::from_micros(2500));

    for turn in 0..seconds * 400 {
        let domain = domains.fresh()?;
        let (resolver, idle) = (resolver.clone(), idle.clone());
        tick.tick().await;
        asked.spawn(async move {
            let own = turn % 2 == 0;
            let elapsed = if own {
                let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut client = match kept {
                    Some(client) => client,
                    None => Client::connect(service).await?,
                };
                let request = question(&format!("/mx {domain}"));
                let started = Instant::now();
                client.ask(&request).await?;
                let elapsed = started.elapsed();
                idle.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(client);
                elapsed
            } else {
                let started = Instant::now();
                bare::mx(&resolver, &domain).await?;
                started.elapsed()
            };

            anyhow::Ok((own, elapsed))
        });
    }

    let mut times = [Vec::new(), Vec::new()];

    while let Some(answered) = asked.join_next().await {
        let (own, elapsed) = answered??;
        times[usize::from(own)].push(elapsed);
    }

    let [peer, own] = times;

    Ok(Row::times(
        "uncached mx over HTTP, 200/s",
        own,
        "hickory-resolver",
        peer,
        Target::AtMost(1.5),
    ))
}

/// Sends one request repeatedly to two services in turns; compares the requests per second in a
/// closed loop, and the CPU time per request, which depends less on other load.
pub(crate) async fn closed_loop(
    what: &'static str,
    (service, request): (&Service, &[u8]),
    (peer, who): (&Service, &str),
    target: Target,
) -> anyhow::Result<Row> {
    let request: Arc<[u8]> = request.into();
    let (mut own, mut other, mut ratios) = (Loop::default(), Loop::default(), Vec::new());
    for _ in 0..TURNS {
        let rates = (
            own.turn(service, &request).await?,
            other.turn(peer, &request).await?,
        );
        ratios.push(rates.0 / rates.1);
    }
    Ok(Row {
        what,
        own: own.to_string(),
        peer: format!("{other} {who}"),
        ratio: median(ratios),
        target,
    })
}

/// Sends the same request 1,000 times a second to each of two services; compares the 99th
/// percentile of the response times.
pub(crate) async fn paced(
    what: &'static str,
    (service, request): (SocketAddr, &[u8]),
    (peer, who): (SocketAddr, &str),
    seconds: usize,
    target: Target,
) -> anyhow::Result<Row> {
    let (mut own, mut other) = (Vec::new(), Vec::new());
    let mut clients = (
        Client::connect(service).await?,
        Client::connect(peer).await?,
    );
    let mut tick = interval(Duration::from_millis(1));

    for _ in 0..seconds * 1000 {
        tick.tick().await;
        for (client, times) in [(&mut clients.0, &mut own), (&mut clients.1, &mut other)] {
            let started = Instant::now();
            client.ask(request).await?;
            times.push(started.elapsed());
        }
    }

    let p99 = |mut times: Vec<Duration>| {
        times.sort_unstable();
        times[times.len() * 99 / 100].as_secs_f64() * 1e3
    };
    let (own, other) = (p99(own), p99(other));

    Ok(Row {
        what,
        own: format!("{own:.2} ms"),
        peer: format!("{other:.2} ms {who}"),
        ratio: own / other,
        target,
    })
}

/// Results of a closed loop, turn by turn.
#[derive(Default)]
struct Loop {
    rates: Vec<f64>,
    answered: f64,
    processor: f64,
}

impl Loop {
    /// Runs one turn; returns its requests per second.
    async fn turn(&mut self, service: &Service, request: &Arc<[u8]>) -> anyhow::Result<f64> {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            clients.push(Client::connect(service.address).await?);
        }

        let before = service.processor()?;
        let started = Instant::now();
        let mut running = JoinSet::new();

        for mut client in clients {
            let request = request.clone();
            running.spawn(async move {
                let mut answered = 0;
                while started.elapsed() < TURN {
                    client.ask(&request).await?;
                    answered += 1;
                }
                anyhow::Ok(answered)
            });
        }

        let mut answered = 0;
        while let Some(one) = running.join_next().await {
            answered += one??;
        }

        let rate = f64::from(answered) / started.elapsed().as_secs_f64();
        self.rates.push(rate);
        self.answered += f64::from(answered);
        self.processor += service.processor()? - before;

        Ok(rate)
    }
}

impl fmt::Display for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.processor / self.answered * 1e6;
        write!(f, "{:.0} /s, {each:.1} µs", median(self.rates.clone()))
    }
}

/// Measures `dns` over HTTP against the slowest of its queries, sent one by one by the bare
/// resolver.
pub(crate) async fn every_type(
    what: &'static str,
    service: SocketAddr,
    dns: SocketAddr,
    domains: &mut Domains,
    times: usize,
) -> anyhow::Result<Row> {
    let resolver = bare::resolver(dns)?;
    let mut client = Client::connect(service).await?;
    let (mut own, mut slowest) = (Vec::new(), Vec::new());

    for _ in 0..times {
        let request = question(&format!("/dns {}", domains.fresh()?));
        let started = Instant::now();
        client.ask(&request).await?;
        own.push(started.elapsed());
        slowest.push(bare::slowest(&resolver, &domains.fresh()?).await?);
    }

    Ok(Row::times(
        what,
        own,
        "slowest single query",
        slowest,
        Target::AtMost(1.5),
    ))
}

/// Measures a whole run of the program for one lookup against one of dig.
pub(crate) fn program(
    program: &Path,
    dns: SocketAddr,
    domains: &mut Domains,
    times: usize,
) -> anyhow::Result<Row> {
    let (mut own, mut peer) = (Vec::new(), Vec::new());

    for _ in 0..times {
        own.push(run(netvane(program, dns).args(["a", &domains.fresh()?]))?);
        let mut dig = Command::new("dig");
        dig.args([
            "-r",
            &format!("@{}", dns.ip()),
            "-p",
            &dns.port().to_string(),
            &domains.fresh()?,
        ]);
        peer.push(run(&mut dig)?);
    }

    Ok(Row::times(
        "netvane a NAME, whole process",
        own,
        "dig NAME",
        peer,
        Target::AtMost(1.0),
    ))
}

fn run(command: &mut Command) -> anyhow::Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let started = Instant::now();
    let status = command.status()?;
    let elapsed = started.elapsed();
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(elapsed)
}
