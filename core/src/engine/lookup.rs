//! Lookups, one at a time for all identical requests.

use std::{sync::Arc, time::Duration};

use netvane_document::{ErasedAnswer, Failure, RenderedAnswer};
use netvane_net::{EgressBudget, offload};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tracing::Instrument;

use super::{Engine, cache::Entry, cache_key::CacheKey};
use crate::{
    command::{Context, Entry as CommandEntry, Prepared},
    platform::Platform,
    policy::rate_limits::Remaining,
    request::Request,
    runtime::{Permits, Runtime},
};

/// Deadline of a lookup that goes on until the user ends it.
const ENDLESS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A request that is not cached, with everything that its lookup needs.
pub(super) struct Lookup {
    command: Arc<CommandEntry>,
    prepared: Box<dyn Prepared>,
    key: Arc<CacheKey>,
    runtime: Arc<Runtime>,
    request: Request,
    standings: Vec<Remaining>,
}

impl Lookup {
    pub(super) fn new(
        command: Arc<CommandEntry>,
        prepared: Box<dyn Prepared>,
        key: Arc<CacheKey>,
        runtime: Arc<Runtime>,
        request: &Request,
        standings: Vec<Remaining>,
    ) -> Self {
        let mut request = request.clone();
        request.http_request = request.http_request.filter(|_| command.about_visit);
        Self {
            command,
            prepared,
            key,
            runtime,
            request,
            standings,
        }
    }

    fn context(
        &self,
        engine: &Engine,
        progress: watch::Sender<Option<Arc<RenderedAnswer>>>,
    ) -> Context {
        Context {
            net: self.runtime.net.clone(),
            runtime: self.runtime.clone(),
            registry: engine.0.registry.clone(),
            deadline: self.command.spec.timeout,
            platform: self.request.platform,
            caller: self.request.caller.clone(),
            standings: self.standings.clone(),
            http_request: self.request.http_request.clone(),
            stop: self.request.stop.clone(),
            progress,
        }
    }

    fn egress_budget(&self) -> EgressBudget {
        let spec = &self.command.spec;
        let sends = if self.is_endless() {
            u32::MAX
        } else {
            spec.sends
        };
        self.runtime
            .egress_budget(sends, self.request.caller.own, spec.cost.units())
    }

    /// Whether the operator's terminal runs it until Ctrl-C.
    fn is_endless(&self) -> bool {
        let at_terminal = self.request.platform == Platform::Terminal && self.request.caller.own;
        at_terminal && self.prepared.is_endless()
    }
}

impl Engine {
    /// Joins the running lookup for an identical request, or starts one.
    pub(super) async fn look_up_once(
        &self,
        lookup: Lookup,
        mut show: impl FnMut(Arc<RenderedAnswer>, Arc<Map<String, Value>>),
    ) -> Result<Arc<Entry>, Failure> {
        let arguments = lookup.prepared.arguments().clone();
        // Bulk requests have flights of their own: an interactive request must not wait for a bulk
        // permit.
        let key = (lookup.key.clone(), lookup.request.bulk);

        let flight = self.0.flights.join(key.clone(), |sender| {
            let context = lookup.context(self, sender);
            self.clone()
                .look_up_and_keep(lookup, context)
                .in_current_span()
        });
        let outcome = flight
            .outcome(|rendition| show(rendition, arguments.clone()))
            .await;
        self.0.flights.leave(&key, &flight);
        outcome
    }

    async fn look_up_and_keep(
        self,
        lookup: Lookup,
        context: Context,
    ) -> Result<Arc<Entry>, Failure> {
        // Another flight may have finished since the cache was checked.
        if let Some(entry) = self
            .0
            .cache
            .get(&lookup.key)
            .filter(|_| !lookup.request.fresh)
        {
            return Ok(entry);
        }

        let (name, arguments) = (
            lookup.command.spec.name,
            lookup.prepared.arguments().clone(),
        );
        let longest = Duration::from_secs(lookup.runtime.limits.cache_seconds);
        let (key, egress_budget) = (lookup.key.clone(), lookup.egress_budget());
        let finding = egress_budget.during(look_up(lookup, context)).await?;

        let size = finding.data_size();
        let entry = offload::run(size, move || Entry::new(name, arguments, finding, longest));
        let entry = Arc::new(entry.await??);
        self.0.cache.keep(key, entry.clone());

        Ok(entry)
    }
}

/// Acquires a permit of the cost class, then runs the command, both within its deadline. A bulk
/// request first waits for a bulk permit; that wait does not count towards the deadline.
async fn look_up(lookup: Lookup, context: Context) -> Result<Arc<dyn ErasedAnswer>, Failure> {
    let spec = lookup.command.spec;
    let timeout = if lookup.is_endless() {
        ENDLESS
    } else {
        spec.timeout
    };
    let permits: Option<&Permits> = lookup.runtime.permits(spec.cost);
    let _share = match permits {
        Some(permits) if lookup.request.bulk => Some(permits.acquire_bulk().await?),
        _ => None,
    };

    let run = async {
        let _permit = match permits {
            Some(permits) => Some(permits.acquire().await?),
            None => None,
        };
        lookup.prepared.run(&context).await
    };
    tokio::time::timeout(timeout, run)
        .await
        .unwrap_or_else(|_| {
            Err(Failure::Timeout {
                what: format!("`{}`", spec.name),
                after: timeout,
            })
        })
}
