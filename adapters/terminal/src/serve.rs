//! Runs all adapters as one service, until a signal ends it.

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use axum::Router;
use netvane_core::{
    Engine, Health,
    settings::{Http, Settings},
    store::{Store, state_directory},
};
use netvane_discord::Discord;
use netvane_nats::{Link, State};
use netvane_telegram::Telegram;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{advice, agent, data, hub, log, system};

/// Time in which the NATS servers of a cluster are reached, or the state waits for them.
const FIRST_CONTACT: Duration = Duration::from_secs(3);

/// Interval for checking the database files for changes.
const LOOK_AT_DATA: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT; running lookups then get time to finish. SIGHUP reloads the
/// settings with `read_again`.
pub(crate) fn run(
    settings: Settings,
    file: Option<PathBuf>,
    read_again: impl Fn() -> anyhow::Result<Settings> + Clone + Send + 'static,
) -> anyhow::Result<ExitCode> {
    advice::refuse(&settings)?;
    let (_log, level) = log::start(&settings)?;
    let logged = LoggedWarnings::new(file, &settings);
    system::no_core_files().context("could not disable core dumps")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;

    runtime.block_on(async {
        // Install metrics first, so that they count from the first request on.
        let metrics = netvane_webhook::Metrics::install()?;
        let engine = Engine::new(&settings)?;

        // A resolver may become available later; nothing else that is missing will.
        if engine.runtime().has_resolver() {
            engine.runtime().check()?;
        }

        tokio::spawn(follow_data(engine.clone()));
        if settings.geo.auto_update {
            tokio::spawn(data::update_monthly(engine.clone(), settings.clone()));
        }
        let shutdown = CancellationToken::new();
        tokio::spawn(end_on_signal(shutdown.clone())?);
        let (changed, http) = watch::channel(settings.http.clone());

        tokio::spawn(follow_settings(
            engine.clone(),
            settings.clone(),
            (logged, level),
            changed,
            read_again,
        )?);

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

/// Warnings about the settings that were already logged, so that each is logged once.
pub(crate) struct LoggedWarnings {
    file: Option<PathBuf>,
    warnings: Vec<String>,
}

impl LoggedWarnings {
    pub(crate) fn new(file: Option<PathBuf>, settings: &Settings) -> Self {
        let mut logged = Self {
            file,
            warnings: Vec::new(),
        };
        logged.tell(settings);
        logged
    }

    /// Logs new warnings. A fixed problem that comes back is logged again.
    fn tell(&mut self, settings: &Settings) {
        let warnings = advice::warnings(settings, self.file.as_deref());
        for warning in warnings
            .iter()
            .filter(|warning| !self.warnings.contains(warning))
        {
            tracing::warn!("{warning}");
        }
        self.warnings = warnings;
    }
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

/// Reloads replaced databases without a restart.
pub(crate) async fn follow_data(engine: Engine) {
    let mut ticks = tokio::time::interval(LOOK_AT_DATA);
    loop {
        ticks.tick().await;
        let engine = engine.clone();
        let _ = tokio::task::spawn_blocking(move || engine.runtime().refresh_data()).await;
    }
}

/// Reloads the settings on SIGHUP. If they are invalid, the previous ones stay in force.
pub(crate) fn follow_settings(
    engine: Engine,
    started_with: Settings,
    (logged, level): (LoggedWarnings, log::Level),
    changed: watch::Sender<Http>,
    read: impl Fn() -> anyhow::Result<Settings> + Clone + Send + 'static,
) -> anyhow::Result<impl Future<Output = ()>> {
    let mut again = system::Again::listen()?;
    let logged = Arc::new(Mutex::new(logged));

    Ok(async move {
        while again.next().await {
            let (engine, read, before) = (engine.clone(), read.clone(), started_with.clone());
            let (logged, level, changed) = (logged.clone(), level.clone(), changed.clone());
            let taken_up =
                tokio::task::spawn_blocking(move || -> anyhow::Result<Vec<&'static str>> {
                    let settings = read()?;
                    advice::refuse(&settings)?;
                    engine.reload(&settings)?;
                    level.set(&settings.log)?;
                    logged
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .tell(&settings);
                    changed.send_replace(settings.http.clone());
                    Ok(before.need_a_restart(&settings))
                });

            match taken_up.await {
                Ok(Ok(waiting)) if waiting.is_empty() => {
                    tracing::info!("settings reloaded")
                }
                Ok(Ok(waiting)) => tracing::warn!(
                    sections = waiting.join(", "),
                    "settings reloaded; changes in these sections need a restart"
                ),
                Ok(Err(error)) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "invalid settings, keeping the previous ones"
                    )
                }
                Err(error) => tracing::error!(%error, "settings reload failed"),
            }
        }
    })
}

pub(crate) fn end_on_signal(
    shutdown: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()>> {
    let end = system::End::listen()?;
    Ok(async move {
        end.wait().await;
        tracing::info!("shutting down");
        shutdown.cancel();
    })
}
