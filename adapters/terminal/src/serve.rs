//! All adapters as one service, until a signal ends it.

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use netvane_core::{Engine, settings::Settings};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::log;

/// How often the files of the databases are looked at.
const LOOK_AT_DATA: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT; what is running then gets its time to finish.
pub fn run(settings: Settings) -> anyhow::Result<ExitCode> {
    let _log = log::start(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        // Metrics are counted from the first request on.
        let metrics = netvane_webhook::Metrics::install()?;
        let engine = Engine::new(&settings)?;
        for (key, token) in
            [("telegram.token", &settings.telegram.token), ("discord.token", &settings.discord.token)]
        {
            if token.is_set() {
                tracing::warn!("{key} is set, but this version has no such adapter yet");
            }
        }
        tokio::spawn(follow_data(engine.clone()));
        let shutdown = CancellationToken::new();
        tokio::spawn(ended_by_signal(shutdown.clone())?);
        netvane_webhook::serve(engine, &settings.http, metrics, shutdown)
            .await
            .with_context(|| format!("cannot serve HTTP on {}", settings.http.listen))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Replaced databases are taken up without a restart.
async fn follow_data(engine: Engine) {
    let mut ticks = tokio::time::interval(LOOK_AT_DATA);
    loop {
        ticks.tick().await;
        let engine = engine.clone();
        let _ = tokio::task::spawn_blocking(move || engine.refresh_data()).await;
    }
}

fn ended_by_signal(shutdown: CancellationToken) -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("shutting down");
        shutdown.cancel();
    })
}
