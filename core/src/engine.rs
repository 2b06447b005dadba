//! Answers requests: takes a command line or a named command and returns a reply or a failure.

mod ask;
mod cache;
mod cache_key;
mod kept_results;
mod lookup;
mod metrics;
pub(crate) mod one_time_links;
mod places;
mod recent_lines;
mod recent_replies;
mod request_log;
mod short;
mod single_flight;

use std::sync::Arc;

use arc_swap::ArcSwap;
use netvane_document::Failure;

use crate::{
    command::Registry,
    commands,
    health::Adapters,
    runtime::{Process, Runtime},
    settings::Settings,
    store::Store,
    vantage::Agents,
};
use cache::Cache;
pub use kept_results::{KeptResult, ShownResult};
use one_time_links::OneTimeLinks;
use recent_lines::RecentLines;
use recent_replies::RecentReplies;
use single_flight::SingleFlight;

/// Answers requests. There is one engine per program; clones are cheap and share its state.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    process: Process,
    recent: RecentReplies,
    recent_lines: RecentLines,
    links: OneTimeLinks,
    cache: Cache,
    flights: Arc<SingleFlight>,
    runtime: ArcSwap<Runtime>,
}

impl Engine {
    /// Builds an engine with all commands.
    ///
    /// # Errors
    ///
    /// Fails if a setting cannot be used: a resolver, a database, a rule, a directory.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let process = Process::default();
        let registry = commands::registry();
        let registry = Arc::new(if settings.cluster.is_set() {
            registry.with_vantage_points(&process.agents)
        } else {
            registry
        });
        let runtime = Runtime::new(settings, &*registry, &process, None)?;

        Ok(Self(Arc::new(Inner {
            registry,
            process,
            recent: RecentReplies::default(),
            recent_lines: RecentLines::default(),
            links: OneTimeLinks::default(),
            cache: Cache::new(settings.limits.cache_bytes, settings.limits.cache_entries),
            flights: Arc::default(),
            runtime: ArcSwap::from_pointee(runtime),
        })))
    }

    /// Applies changed settings. Running lookups keep the previous ones; if the new settings cannot
    /// be used, nothing changes. Reads files, so do not call it on an async thread.
    pub fn reload(&self, settings: &Settings) -> Result<(), Failure> {
        let Inner {
            registry,
            process,
            runtime,
            ..
        } = &*self.0;
        let before = runtime.load();
        let new = Runtime::new(settings, &**registry, process, Some(&before))?;
        new.net.dns.is_configured()?;

        runtime.store(Arc::new(new));
        Ok(())
    }

    /// Returns the commands that this engine runs.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Returns the runtime built from the current settings; [`Engine::reload`] replaces it.
    pub fn runtime(&self) -> Arc<Runtime> {
        self.0.runtime.load_full()
    }

    /// Returns the health of this process's adapters, as each of them reported it.
    pub fn adapters(&self) -> &Adapters {
        &self.0.process.adapters
    }

    /// Sets the store that outlives the process, for kept results and `status`.
    pub fn attach_state(&self, store: Store) {
        let _ = self.0.process.state.set(store);
    }

    /// Sets the agents that run lookups at other vantage points, for `from=` and `places`.
    pub fn attach_agents(&self, agents: Arc<dyn Agents>) {
        let _ = self.0.process.agents.set(agents);
    }

    /// Returns the one-time links, which are sent when a command about the user's HTTP request came
    /// without such a request.
    pub fn links(&self) -> &OneTimeLinks {
        &self.0.links
    }
}

#[cfg(test)]
mod tests;
