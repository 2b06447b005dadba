//! Other vantage points for a lookup in a terminal.

use std::{sync::Arc, time::Duration};

use netvane_core::{Engine, Input, settings::Settings, vantage::Agents as _};
use netvane_nats::{Hub, Link, Role};
use tokio::time::{Instant, sleep};

/// Longest wait for a server, and for its agents.
const WAIT: Duration = Duration::from_secs(1);
/// Time without a new agent after which all of them are known.
const QUIET: Duration = Duration::from_millis(250);
const STEP: Duration = Duration::from_millis(10);

/// Connects to the NATS servers of the settings if the request is about other vantage points. Where no server can be
/// reached, the engine says so.
pub(crate) async fn attach(
    engine: &Engine,
    settings: &Settings,
    input: &Input,
) -> anyhow::Result<()> {
    if !settings.cluster.is_set() || !engine.needs_agents(input) {
        return Ok(());
    }
    let link = Link::open(&settings.cluster, Role::Hub, engine).await?;
    let is_connected = match tokio::time::timeout(WAIT, link.first_contact()).await {
        Ok(contact) => contact.map(|()| true)?,
        Err(_) => false,
    };
    let hub = Hub::start(link).await?;
    if is_connected {
        roll_call(&hub).await;
    }
    engine.attach_agents(Arc::new(hub));
    Ok(())
}

/// Waits until the agents that are there have said so.
async fn roll_call(hub: &Hub) {
    let end = Instant::now() + WAIT;
    let (mut known, mut changed) = (0, Instant::now());
    while Instant::now() < end && (known == 0 || changed.elapsed() < QUIET) {
        sleep(STEP).await;
        let agents = hub.list().len();
        if agents != known {
            (known, changed) = (agents, Instant::now());
        }
    }
}
