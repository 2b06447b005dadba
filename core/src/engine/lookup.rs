//! Lookups, one at a time for all identical requests.

use std::{sync::Arc, time::Duration};

use netvane_document::{ErasedAnswer, Failure, RenderedAnswer};
use netvane_net::{EgressBudget, offload};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tracing::Instrument;

use super::{Engine, cache::Entry, cache_key::CacheKey, single_flight::FlightClass};
use crate::{
    command::{Context, Entry as CommandEntry, Prepared},
    policy::{fair_slots::SlotClient, rate_limits::Remaining},
    request::Request,
    runtime::Runtime,
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

    /// Returns the class of flights that the lookup may join. Each waits for its own kind of slot: a
    /// request must not wait for one that comes later than its own.
    fn flight_class(&self) -> FlightClass {
        let slots = self.runtime.slots(self.command.spec.cost);
        let client = SlotClient::from(&self.request.caller);
        match slots {
            _ if self.request.bulk => FlightClass::Bulk,
            Some(slots) if slots.all.is_held_back(&client) => FlightClass::HeldBack,
            _ => FlightClass::Prompt,
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
            .egress_budget(sends, &self.request, spec.cost.units())
    }

    /// Whether the operator's terminal runs it until Ctrl-C.
    fn is_endless(&self) -> bool {
        self.request.is_of_local_user() && self.prepared.is_endless()
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
        let key = (lookup.key.clone(), lookup.flight_class());

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

/// Acquires a slot of the cost class, then runs the command, both within its deadline. A bulk
/// request first waits for a bulk slot; that wait does not count towards the deadline.
async fn look_up(lookup: Lookup, context: Context) -> Result<Arc<dyn ErasedAnswer>, Failure> {
    let spec = lookup.command.spec;
    let timeout = if lookup.is_endless() {
        ENDLESS
    } else {
        spec.timeout
    };
    let slots = lookup.runtime.slots(spec.cost);
    let client = SlotClient::from(&lookup.request.caller);
    let _share = match slots {
        Some(slots) if lookup.request.bulk => Some(slots.bulk.acquire(&client).await),
        _ => None,
    };

    let run = async {
        let _slot = match slots {
            Some(slots) => Some(slots.all.acquire(&client).await),
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
