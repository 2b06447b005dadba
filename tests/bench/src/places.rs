//! Vantage points beside bare NATS: what the engine, a hub and an agent add to a request and its reply.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use async_nats::Client;
use futures::StreamExt as _;
use netvane_core::{
    Caller, Engine, Input, Platform, Request,
    settings::{Cluster, Settings},
    vantage::Agents as _,
};
use netvane_nats::{Hub, Link, Role, agent};
use tokio::{task::JoinSet, time::interval};
use tokio_util::sync::CancellationToken;

use crate::{
    service::Service,
    table::{Row, Target, median},
};

/// Requests one after the other.
const SINGLE: usize = 500;
/// Agents that are asked at once.
const AGENTS: usize = 20;
/// Questions to all of them.
const ROUNDS: usize = 5;
/// Questions a second, and for how long.
const RATE: u32 = 1_000;
const LOAD: Duration = Duration::from_secs(4);
/// Size of the bare reply, as that of `geo`.
const REPLY: usize = 1_000;

/// Measures against a NATS server without permissions at this address.
pub(crate) async fn measure(
    netvane: &Path,
    nats: &str,
    scratch: &Path,
) -> anyhow::Result<Vec<Row>> {
    let bare = async_nats::connect(nats).await?;
    let mut echo = bare.subscribe("bare.echo").await?;
    let answering = bare.clone();
    let _echo = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
        while let Some(message) = echo.next().await {
            if let Some(reply) = message.reply {
                let _ = answering.publish(reply, vec![b'x'; REPLY].into()).await;
            }
        }
    }));

    let shutdown = CancellationToken::new();
    let _stop = shutdown.clone().drop_guard();
    for number in 0..AGENTS {
        start_agent(nats, number, shutdown.clone()).await?;
    }
    let engine = start_hub(nats).await?;

    let mut rows = vec![single(&engine, &bare).await?, everywhere(&engine).await?];
    rows.push(load(&engine, &bare).await?);
    rows.push(idle(netvane, nats, scratch).await?);
    Ok(rows)
}

fn settings(nats: &str) -> Settings {
    let mut settings = Settings::default();
    settings.cluster = Cluster {
        nats: vec![nats.to_owned()],
        ..settings.cluster
    };
    settings.policy.allow = vec!["127.0.0.0/8".parse().expect("a network")];
    settings
}

async fn start_agent(nats: &str, number: usize, shutdown: CancellationToken) -> anyhow::Result<()> {
    let mut settings = settings(nats);
    settings.agent.name = format!("a{number}");
    let engine = Engine::new(&settings)?;
    let role = Role::Agent(&settings.agent.name);
    let link = Link::open(&settings.cluster, role, &engine).await?;
    tokio::spawn(async move { agent::run(link, engine, &settings.agent, shutdown).await });
    Ok(())
}

async fn start_hub(nats: &str) -> anyhow::Result<Engine> {
    let settings = settings(nats);
    let engine = Engine::new(&settings)?;
    let link = Link::open(&settings.cluster, Role::Hub, &engine).await?;
    tokio::time::timeout(Duration::from_secs(5), link.first_contact())
        .await
        .context("no NATS server")??;
    let hub = Hub::start(link).await?;
    let end = Instant::now() + Duration::from_secs(10);
    while hub.list().len() < AGENTS {
        ensure!(Instant::now() < end, "not all agents are there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    engine.attach_agents(Arc::new(hub));
    Ok(engine)
}

/// Asks without any cache; returns how long it took.
async fn ask(engine: &Engine, line: &str) -> anyhow::Result<Duration> {
    // Agents have limits for each user.
    static USERS: AtomicUsize = AtomicUsize::new(0);
    let caller = Caller {
        own: true,
        user: Some(USERS.fetch_add(1, Ordering::Relaxed).to_string()),
        ..Caller::default()
    };
    let request = Request::new(Platform::Terminal, Input::Text(line.into())).by(caller);
    let request = Request {
        fresh: true,
        ..request
    };
    let started = Instant::now();
    engine.ask(request, |_| {}).await?;
    Ok(started.elapsed())
}

async fn ask_bare(bare: &Client) -> anyhow::Result<Duration> {
    let started = Instant::now();
    bare.request("bare.echo", vec![b'x'; 300].into()).await?;
    Ok(started.elapsed())
}

/// One question after the other, in turns with bare requests.
async fn single(engine: &Engine, bare: &Client) -> anyhow::Result<Row> {
    let (mut own, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..SINGLE {
        own.push(ask(engine, "geo 192.0.2.1 from=a0").await?);
        peer.push(ask_bare(bare).await?);
    }
    let target = Target::AtMost(5.0);
    Ok(Row::times(
        "geo from one agent",
        own,
        "bare request",
        peer,
        target,
    ))
}

/// A lookup with progress at all agents, beside the slowest of them alone.
async fn everywhere(engine: &Engine) -> anyhow::Result<Row> {
    let names: Vec<String> = (0..AGENTS).map(|number| format!("a{number}")).collect();
    let line = format!("ping 127.0.0.1 count=2 from={}", names.join(","));
    let (mut own, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own.push(ask(engine, &line).await?);
        peer.push(ask(engine, "ping 127.0.0.1 count=2 from=local").await?);
    }
    let (own, peer) = (median(own), median(peer));
    Ok(Row {
        what: "ping of 20 agents, beyond one",
        own: format!("{:.1} ms", own.as_secs_f64() * 1e3),
        peer: format!("{:.1} ms local ping", peer.as_secs_f64() * 1e3),
        ratio: own.saturating_sub(peer).as_secs_f64() * 1e3,
        target: Target::AtMost(10.0),
    })
}

/// 1,000 questions a second through the hub, then as many bare requests: how much later the last hundredth is.
async fn load(engine: &Engine, bare: &Client) -> anyhow::Result<Row> {
    let engine = engine.clone();
    let own = at_rate(move |number| {
        let engine = engine.clone();
        async move {
            let line = format!(
                "geo 198.51.{}.{} from=a{}",
                number / 250 % 250,
                number % 250,
                number as usize % AGENTS
            );
            ask(&engine, &line).await
        }
    })
    .await?;
    let bare = bare.clone();
    let peer = at_rate(move |_| {
        let bare = bare.clone();
        async move { ask_bare(&bare).await }
    })
    .await?;
    Ok(Row {
        what: "1,000 questions/s, p99 beyond bare",
        own: format!("{:.1} ms", own.as_secs_f64() * 1e3),
        peer: format!("{:.1} ms bare request", peer.as_secs_f64() * 1e3),
        ratio: own.saturating_sub(peer).as_secs_f64() * 1e3,
        target: Target::AtMost(25.0),
    })
}

/// Starts requests at a fixed rate, whatever the earlier ones do; returns the 99th percentile.
async fn at_rate<F>(start: impl Fn(u32) -> F) -> anyhow::Result<Duration>
where
    F: Future<Output = anyhow::Result<Duration>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut ticks = interval(Duration::from_millis(1));
    let started = Instant::now();
    let mut sent = 0;
    while started.elapsed() < LOAD {
        ticks.tick().await;
        // A tick that came late makes up for those that it missed.
        let due = (started.elapsed().as_secs_f64() * f64::from(RATE)) as u32;
        for number in sent..due {
            tasks.spawn(start(number));
        }
        sent = due.max(sent);
    }
    let mut times = Vec::with_capacity(sent as usize);
    while let Some(time) = tasks.join_next().await {
        times.push(time??);
    }
    times.sort_unstable();
    times
        .get(times.len() * 99 / 100)
        .copied()
        .context("no request was answered")
}

/// Memory of an agent that nobody asks.
async fn idle(netvane: &Path, nats: &str, scratch: &Path) -> anyhow::Result<Row> {
    let mut command = Command::new(netvane);
    command
        .arg("agent")
        .env_clear()
        .env("NETVANE__CLUSTER__NATS", nats)
        .env("NETVANE__AGENT__NAME", "idle")
        .stdin(Stdio::null());
    let agent = Service::spawn(&mut command, &scratch.join("agent.log"))?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let resident = agent.resident()?;
    Ok(Row {
        what: "memory of an idle agent",
        own: format!("{resident:.1} MB"),
        peer: String::new(),
        ratio: resident,
        target: Target::AtMost(30.0),
    })
}
