//! Monthly updates of the geo databases by the service itself (`geo.auto_update`).

use std::time::Duration;

use netvane_core::{Engine, settings::Settings};

use super::geo_source::{GeoSource, Update};

/// Interval of the checks whether a database is due; also the time between attempts that fail.
const INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);

/// Downloads each database that was not updated this month, until the service ends. The service loads a new one within
/// seconds.
pub(crate) async fn update_monthly(engine: Engine, settings: Settings) {
    let sources = GeoSource::all(&settings);
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        for source in sources.iter().filter(|source| source.is_due()) {
            update(&engine, source).await;
        }
    }
}

async fn update(engine: &Engine, source: &GeoSource) {
    let file = source.target().display();
    let net = engine.runtime().net.clone();
    match source.update(&net, source.modified()).await {
        Ok(Update::Installed { host, bytes }) => {
            tracing::info!(%file, host, bytes, "geo database updated");
        }
        Ok(Update::NothingNew) => {
            tracing::debug!(%file, "geo database of this month not published yet");
        }
        Err(error) => {
            let error = format!("{error:#}");
            tracing::warn!(%file, error, "geo database update failed, retrying later");
        }
    }
}
