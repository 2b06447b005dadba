//! Lookups, one at a time for all identical requests.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use netvane_document::{ErasedAnswer, Failure, RenderedAnswer};
use netvane_net::{EgressBudget, offload};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::{
    Engine, cache::Entry, cache_key::CacheKey, places, places::with_from,
    single_flight::FlightClass,
};
use crate::{
    command::{Context, Entry as CommandEntry, Prepared},
    policy::{fair_slots::SlotClient, rate_limits::Remaining},
    request::Request,
    runtime::Runtime,
    vantage::selection::Chosen,
};

/// Deadline of a lookup that goes on until the user ends it.
const ENDLESS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A request that is not cached, with everything that its lookup needs.
pub(super) struct Lookup {
    pub(super) command: Arc<CommandEntry>,
    pub(super) prepared: Box<dyn Prepared>,
    pub(super) runtime: Arc<Runtime>,
    pub(super) request: Request,
    standings: Vec<Remaining>,
    /// The canonical arguments, with the vantage point if there is one.
    pub(super) arguments: Arc<Map<String, Value>>,
    /// The vantage point; `None` for this process.
    pub(super) at: Option<Chosen>,
}

impl Lookup {
    pub(super) fn new(
        command: Arc<CommandEntry>,
        prepared: Box<dyn Prepared>,
        runtime: Arc<Runtime>,
        request: &Request,
        standings: Vec<Remaining>,
    ) -> Self {
        let mut request = request.clone();
        request.http_request = request.http_request.filter(|_| command.about_visit);
        let arguments = prepared.arguments().clone();
        Self {
            command,
            prepared,
            runtime,
            request,
            standings,
            arguments,
            at: None,
        }
    }

    /// The same lookup at another vantage point.
    pub(super) fn at(self, place: Chosen) -> Self {
        let arguments = with_from(&self.arguments, &place.term);
        Self {
            arguments,
            at: Some(place),
            ..self
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
            _ if self.at.is_some() => FlightClass::Prompt,
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

    /// Runs the command and renders what it finds.
    async fn run(self, context: Context) -> Result<Arc<Entry>, Failure> {
        let name = self.command.spec.name;
        let arguments = self.arguments.clone();
        let longest = Duration::from_secs(self.runtime.limits.cache_seconds);
        let (vantage, finding) = match self.at {
            Some(_) => places::ask_agents(self, context).await?,
            None => (None, look_up(self, context).await?),
        };

        let size = finding.data_size();
        let entry = offload::run(size, move || Entry::new(name, arguments, finding, longest));
        Ok(Arc::new(entry.await??.at(vantage)))
    }

    /// Whether the operator's terminal runs it until Ctrl-C.
    fn is_endless(&self) -> bool {
        self.request.is_of_local_user() && self.prepared.is_endless()
    }
}

impl Engine {
    /// Runs a command that does no I/O. It is over before another caller could join it, and the cache would cost more.
    pub(super) async fn look_up_at_hand(&self, lookup: Lookup) -> Result<Arc<Entry>, Failure> {
        let (progress, _) = watch::channel(None);
        let context = lookup.context(self, progress);
        lookup.run(context).await
    }

    /// Joins the running lookup for an identical request, or starts one.
    pub(super) async fn look_up_once(
        &self,
        lookup: Lookup,
        key: Arc<CacheKey>,
        mut show: impl FnMut(Arc<RenderedAnswer>, Arc<Map<String, Value>>),
    ) -> Result<Arc<Entry>, Failure> {
        let arguments = lookup.arguments.clone();
        let flight_key = (key.clone(), lookup.flight_class());

        let flight = self.0.flights.join(flight_key.clone(), |sender| {
            let context = lookup.context(self, sender);
            let is_bulk = lookup.request.bulk;
            let lookup = self
                .clone()
                .look_up_and_keep(lookup, key, context)
                .in_current_span();
            if is_bulk {
                spread(lookup).boxed()
            } else {
                lookup.boxed()
            }
        });
        let outcome = flight
            .outcome(|rendition| show(rendition, arguments.clone()))
            .await;
        self.0.flights.leave(&flight_key, &flight);
        outcome
    }

    async fn look_up_and_keep(
        self,
        lookup: Lookup,
        key: Arc<CacheKey>,
        context: Context,
    ) -> Result<Arc<Entry>, Failure> {
        // Another flight may have finished since the cache was checked.
        let known = self.0.cache.get(&key);
        if let Some(entry) = known.filter(|_| !lookup.request.fresh) {
            return Ok(entry);
        }

        let egress_budget = lookup.egress_budget();
        let entry = egress_budget.during(lookup.run(context)).await?;
        self.0.cache.keep(key, entry.clone());
        Ok(entry)
    }
}

/// Runs a lookup on any worker: a batch waits for all its lookups in one task.
async fn spread(
    lookup: impl Future<Output = Result<Arc<Entry>, Failure>> + Send + 'static,
) -> Result<Arc<Entry>, Failure> {
    let task = AbortOnDropHandle::new(tokio::spawn(lookup));
    task.await.unwrap_or(Err(Failure::Internal))
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
