//! The hub of a service, which asks agents at other vantage points.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use netvane_core::{Engine, settings::Settings};
use netvane_nats::{Hub, Link, Role, StartError};
use tokio_util::sync::CancellationToken;

/// Time after the start in which a server that is too old ends the service. Later it is reported like one that cannot be
/// reached.
const START: Duration = Duration::from_secs(10);

/// Why the service has to end.
#[derive(Clone, Default)]
pub(crate) struct Refusal(Arc<Mutex<Option<String>>>);

impl Refusal {
    /// The reason, if there is one.
    pub(crate) fn reason(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Connects to the NATS servers of the settings, if there are any. They need not be reachable now: lookups from here work
/// without them. A server that is too old ends the service with the
/// returned reason. Gives the connection, over which replicas share their state.
pub(crate) async fn start(
    settings: &Settings,
    engine: &Engine,
    shutdown: &CancellationToken,
) -> anyhow::Result<(Refusal, Option<Link>)> {
    let refusal = Refusal::default();
    if !settings.cluster.is_set() {
        return Ok((refusal, None));
    }

    netvane_nats::metrics::describe();
    let link = Link::open(&settings.cluster, Role::Hub, engine).await?;
    let hub = Hub::start(link.clone()).await?;
    engine.attach_agents(Arc::new(hub));

    let (refused, shutdown, connection) = (refusal.clone(), shutdown.clone(), link.clone());
    tokio::spawn(async move {
        if let Err(StartError::Refused(reason)) = link.wait(START).await {
            *refused.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason);
            shutdown.cancel();
        }
    });
    Ok((refusal, Some(connection)))
}
