//! Answers requests: takes a command line or a named command and returns a reply or a failure.

mod ask;
mod cache;
mod cache_key;
mod lookup;
mod metrics;
pub(crate) mod one_time_links;
mod request_log;
mod single_flight;

use std::{sync::Arc, time::Instant};

use arc_swap::ArcSwap;
use netvane_document::Failure;

use crate::{command::Registry, commands, health::Adapters, runtime::Runtime, settings::Settings};
use cache::Cache;
use one_time_links::OneTimeLinks;
use single_flight::SingleFlight;

/// Answers requests. There is one engine per program; clones are cheap and share its state.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    adapters: Adapters,
    started: Instant,
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
        let registry = Arc::new(commands::registry());
        let (adapters, started) = (Adapters::default(), Instant::now());
        let runtime = Runtime::new(settings, &*registry, &adapters, started, None)?;

        Ok(Self(Arc::new(Inner {
            registry,
            adapters,
            started,
            links: OneTimeLinks::default(),
            cache: Cache::new(settings.limits.cache_entries),
            flights: Arc::default(),
            runtime: ArcSwap::from_pointee(runtime),
        })))
    }

    /// Applies changed settings. Running lookups keep the previous ones; if the new settings cannot
    /// be used, nothing changes. Reads files, so do not call it on an async thread.
    pub fn reload(&self, settings: &Settings) -> Result<(), Failure> {
        let Inner {
            registry,
            adapters,
            started,
            runtime,
            ..
        } = &*self.0;
        let before = runtime.load();
        let new = Runtime::new(settings, &**registry, adapters, *started, Some(&before))?;
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
        &self.0.adapters
    }

    /// Returns the one-time links, which are sent when a command about the user's HTTP request came
    /// without such a request.
    pub fn links(&self) -> &OneTimeLinks {
        &self.0.links
    }
}

#[cfg(test)]
mod tests;
