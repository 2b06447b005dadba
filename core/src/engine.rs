//! Answers requests: one line or one named command in, one reply or one failure out.

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

/// Answers questions. One for the whole program; clones are cheap and the same engine.
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
    /// With all commands.
    ///
    /// # Errors
    /// A setting that cannot be used: a resolver, a database, a rule, a directory.
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

    /// Takes up changed settings; what is running goes on with the old ones. Settings that cannot be used change nothing.
    /// Reads files, so not for an async thread.
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

    /// The commands that this engine runs.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What the settings decide, as they are now.
    pub fn runtime(&self) -> Arc<Runtime> {
        self.0.runtime.load_full()
    }

    /// How the adapters of this process are; each one reports itself.
    pub fn adapters(&self) -> &Adapters {
        &self.0.adapters
    }

    /// Links for commands about the user's own HTTP request, sent where no request came with the command.
    pub fn links(&self) -> &OneTimeLinks {
        &self.0.links
    }
}

#[cfg(test)]
mod tests;
