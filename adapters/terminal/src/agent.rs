//! `netvane agent`: this machine as a vantage point, and the keys of agents and hubs.

mod new;

use std::{path::PathBuf, process::ExitCode};

use netvane_core::{
    Engine,
    settings::{Cluster, Settings},
};
use netvane_nats::{Link, Role, StartError};
use tokio_util::sync::CancellationToken;

use crate::{
    process::{Process, Running, start_engine},
    program,
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
    let Process {
        runtime,
        logging,
        log: _log,
    } = Process::prepare(&settings, file)?;

    runtime.block_on(async {
        let Running {
            engine, shutdown, ..
        } = start_engine(&settings, logging, read_again)?;

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
