//! The adapters of this process and their health, for `status`, `/readyz` and the metrics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Health of an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// Not connected yet since the process started.
    Starting,
    /// Connected and answering requests.
    Up,
    /// Reconnecting after a failure, with its reason.
    Down(String),
    /// Failed for good until a restart, with the reason.
    Failed(String),
}

/// Health of each adapter. Clones share the same table.
#[derive(Debug, Clone, Default)]
pub struct Adapters(Arc<Mutex<BTreeMap<&'static str, Health>>>);

impl Adapters {
    /// Records the health of an adapter; each change is logged once.
    pub fn report(&self, adapter: &'static str, health: Health) {
        metrics::gauge!("netvane_adapter_up", "adapter" => adapter)
            .set(f64::from(health == Health::Up));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.insert(adapter, health.clone());
        if before.as_ref().map(std::mem::discriminant) == Some(std::mem::discriminant(&health)) {
            return;
        }
        match health {
            Health::Starting => {}
            Health::Up => tracing::info!(adapter, "adapter up"),
            Health::Down(why) => tracing::warn!(adapter, why, "adapter down, reconnecting"),
            Health::Failed(why) => tracing::error!(adapter, why, "adapter failed"),
        }
    }

    /// Returns all adapters with their health, sorted by name.
    pub fn all(&self) -> Vec<(&'static str, Health)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|(name, health)| (*name, health.clone()))
            .collect()
    }
}

impl std::fmt::Display for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::Up => f.write_str("up"),
            Self::Down(why) => write!(f, "down: {why}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}
