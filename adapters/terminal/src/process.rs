//! What long-running processes have in common: their log, their threads, and an engine that follows its data and settings.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use netvane_core::{
    Engine,
    settings::{Http, Settings},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{advice, data, log, system};

/// Interval for checking the database files for changes.
const LOOK_AT_DATA: Duration = Duration::from_secs(5);

/// What a long-running process has before its engine: its log and its threads.
pub(crate) struct Process {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) logging: Logging,
    /// Writes what is left when it is dropped.
    pub(crate) log: log::Guard,
}

/// What changed settings change in the log.
pub(crate) type Logging = (LoggedWarnings, log::Level);

impl Process {
    pub(crate) fn prepare(settings: &Settings, file: Option<PathBuf>) -> anyhow::Result<Self> {
        advice::refuse(settings)?;
        let (log, level) = log::start(settings)?;
        let logged = LoggedWarnings::new(file, settings);
        system::no_core_files().context("could not disable core dumps")?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            runtime,
            logging: (logged, level),
            log,
        })
    }
}

/// An engine that follows its data and its settings, and the signal that ends it.
pub(crate) struct Running {
    pub(crate) engine: Engine,
    pub(crate) shutdown: CancellationToken,
    /// The HTTP settings as they change.
    pub(crate) http: watch::Receiver<Http>,
}

/// Starts the engine of a long-running process.
pub(crate) fn start_engine(
    settings: &Settings,
    logging: Logging,
    read_again: impl Fn() -> anyhow::Result<Settings> + Clone + Send + 'static,
) -> anyhow::Result<Running> {
    let engine = Engine::new(settings)?;
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
        logging,
        changed,
        read_again,
    )?);

    Ok(Running {
        engine,
        shutdown,
        http,
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

/// Reloads replaced databases without a restart.
async fn follow_data(engine: Engine) {
    let mut ticks = tokio::time::interval(LOOK_AT_DATA);
    loop {
        ticks.tick().await;
        let engine = engine.clone();
        let _ = tokio::task::spawn_blocking(move || engine.runtime().refresh_data()).await;
    }
}

/// Reloads the settings on SIGHUP. If they are invalid, the previous ones stay in force.
fn follow_settings(
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

fn end_on_signal(shutdown: CancellationToken) -> anyhow::Result<impl Future<Output = ()>> {
    let end = system::End::listen()?;
    Ok(async move {
        end.wait().await;
        tracing::info!("shutting down");
        shutdown.cancel();
    })
}
