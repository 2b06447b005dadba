//! `netvane agent`: this machine as a vantage point, and the keys of agents and hubs.

mod new;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use netvane_core::{
    Engine,
    settings::{Cluster, Settings},
};
use netvane_nats::{Link, Role, StartError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    advice, data, log, program,
    serve::{LoggedWarnings, end_on_signal, follow_data, follow_settings},
    system,
};

pub(crate) use new::{NewKey, new};

/// Options of `netvane agent`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AgentCommand {
    #[command(subcommand)]
    pub what: Option<AgentAction>,
}

#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum AgentAction {
    /// Create the key of an agent or a hub, and print its permissions at the NATS servers.
    New(NewKey),
}

/// Answers the questions of hubs until SIGTERM or SIGINT; running lookups then get time to finish. SIGHUP reloads the
/// settings with `read_again`.
pub(crate) fn run(
    settings: Settings,
    file: Option<PathBuf>,
    read_again: impl Fn() -> anyhow::Result<Settings> + Clone + Send + 'static,
) -> anyhow::Result<ExitCode> {
    check(&settings)?;
    advice::refuse(&settings)?;
    let (_log, level) = log::start(&settings)?;
    let logged = LoggedWarnings::new(file, &settings);
    system::no_core_files().context("could not disable core dumps")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;

    runtime.block_on(async {
        let engine = Engine::new(&settings)?;
        if engine.runtime().has_resolver() {
            engine.runtime().check()?;
        }
        tokio::spawn(follow_data(engine.clone()));
        if settings.geo.auto_update {
            tokio::spawn(data::update_monthly(engine.clone(), settings.clone()));
        }
        let shutdown = CancellationToken::new();
        tokio::spawn(end_on_signal(shutdown.clone())?);
        let (changed, _) = watch::channel(settings.http.clone());
        tokio::spawn(follow_settings(
            engine.clone(),
            settings.clone(),
            (logged, level),
            changed,
            read_again,
        )?);

        match answer(&settings, engine, shutdown).await {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(StartError::Settings(reason)) => anyhow::bail!(reason),
            Err(StartError::Refused(reason)) => Ok(refused(&reason)),
        }
    })
}

/// Checks that the settings are those of an agent.
fn check(settings: &Settings) -> anyhow::Result<()> {
    let Cluster { nats, .. } = &settings.cluster;
    anyhow::ensure!(
        !settings.agent.name.is_empty(),
        "agent.name is not set; `netvane agent new NAME` prints the settings of an agent"
    );
    anyhow::ensure!(
        !nats.is_empty(),
        "cluster.nats is not set: the NATS servers to connect to, such as tls://nats.example:4222"
    );
    Ok(())
}

/// Waits for a server, and then answers until the shutdown.
async fn answer(
    settings: &Settings,
    engine: Engine,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    let role = Role::Agent(&settings.agent.name);
    let link = Link::open(&settings.cluster, role, &engine).await?;
    tokio::select! {
        contact = link.first_contact() => contact?,
        () = shutdown.cancelled() => return Ok(()),
    }
    netvane_nats::agent::run(link, engine, &settings.agent, shutdown).await
}

/// Reports a NATS server that is too old; returns the exit status.
pub(crate) fn refused(reason: &str) -> ExitCode {
    eprintln!("{}: {reason}", program::name());
    ExitCode::FAILURE
}
