//! Runs all adapters as one service, until a signal ends it.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use netvane_core::{
    Engine, Health,
    settings::Settings,
    store::{Store, state_directory},
};
use netvane_discord::Discord;
use netvane_nats::{Link, State};
use netvane_telegram::Telegram;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    agent, hub,
    process::{Process, Running, start_engine},
};

/// Time in which the NATS servers of a cluster are reached, or the state waits for them.
const FIRST_CONTACT: Duration = Duration::from_secs(3);

/// Serves until SIGTERM or SIGINT; running lookups then get time to finish. SIGHUP reloads the
/// settings with `read_again`.
pub(crate) fn run(
    settings: Settings,
    file: Option<PathBuf>,
    read_again: impl Fn() -> anyhow::Result<Settings> + Clone + Send + 'static,
) -> anyhow::Result<ExitCode> {
    let Process {
        runtime,
        logging,
        log: _log,
    } = Process::prepare(&settings, file)?;

    runtime.block_on(async {
        // Install metrics first, so that they count from the first request on.
        let metrics = netvane_webhook::Metrics::install()?;
        let Running {
            engine,
            shutdown,
            http,
        } = start_engine(&settings, logging, read_again)?;

        let (refusal, link) = hub::start(&settings, &engine, &shutdown).await?;
        let store = open_store(&settings, link).await?;
        engine.attach_state(store.clone());
        let (chats, hooks) = start_chats(&settings, &engine, &store, &shutdown)?;
        netvane_webhook::serve(
            engine.clone(),
            http,
            metrics,
            store.clone(),
            hooks,
            shutdown,
        )
        .await
        .with_context(|| format!("could not listen on {} (HTTP)", settings.http.listen))?;

        // The chat tasks end when their open replies are sent.
        chats.close();
        chats.wait().await;
        store.hand_over().await;
        netvane_core::net::smtp::drain_quits().await;

        Ok(match refusal.reason() {
            Some(reason) => agent::refused(&reason),
            None => ExitCode::SUCCESS,
        })
    })
}

/// Opens the state: of all replicas where there is a cluster, else of this process. If that is not possible now, what
/// needs it starts as soon as it is.
async fn open_store(settings: &Settings, link: Option<Link>) -> anyhow::Result<Store> {
    if let Some(link) = link {
        // A server that cannot be reached yet is taken for one that holds the state: two replicas must not begin apart.
        let _ = tokio::time::timeout(FIRST_CONTACT, link.first_contact()).await;
        if link.has_jetstream() != Some(false) {
            let state = State::start(link, settings.cluster.replicas).await;
            return Ok(Store::shared(Arc::new(state)));
        }
        tracing::warn!(
            "JetStream is not enabled at the NATS server; replicas do not share their state"
        );
    }
    let directory = state_directory(&settings.state.directory);
    let store = Store::of_service(directory.as_deref())?;
    if let Some(fault) = store.fault() {
        tracing::error!(error = %fault, "state not available, trying again");
    }
    Ok(store)
}

/// Starts the chat adapters whose token is set; returns their HTTP routes.
fn start_chats(
    settings: &Settings,
    engine: &Engine,
    store: &Store,
    shutdown: &CancellationToken,
) -> anyhow::Result<(TaskTracker, Router)> {
    let (chats, mut hooks) = (TaskTracker::new(), Router::new());

    if settings.discord.token.is_set() {
        let wait = opened(engine, store, "discord", shutdown);
        let (engine, shutdown) = (engine.clone(), shutdown.clone());
        let discord = Discord::new(&settings.discord, engine, store.clone(), shutdown)?;
        hooks = hooks.merge(discord.router());
        chats.spawn(after(wait, discord.run()));
    }

    if settings.telegram.token.is_set() {
        let wait = opened(engine, store, "telegram", shutdown);
        let (engine, shutdown) = (engine.clone(), shutdown.clone());
        let public_url = &settings.http.public_url;
        let telegram = Telegram::new(
            &settings.telegram,
            public_url,
            engine,
            store.clone(),
            shutdown,
        )?;
        hooks = hooks.merge(telegram.router());
        chats.spawn(after(wait, telegram.run()));
    }

    Ok((chats, hooks))
}

/// Waits until the state can be used: without it, a restart could answer an update twice. False if
/// the shutdown comes first.
fn opened(
    engine: &Engine,
    store: &Store,
    adapter: &'static str,
    shutdown: &CancellationToken,
) -> impl Future<Output = bool> + use<> {
    let (engine, store, shutdown) = (engine.clone(), store.clone(), shutdown.clone());
    async move {
        if let Some(fault) = store.fault() {
            let waiting = Health::Down(fault.to_string());
            engine.adapters().report(adapter, waiting);
        }
        tokio::select! {
            () = store.opened() => true,
            () = shutdown.cancelled() => false,
        }
    }
}

async fn after(wait: impl Future<Output = bool>, run: impl Future<Output = ()>) {
    if wait.await {
        run.await;
    }
}
