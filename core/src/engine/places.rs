//! Lookups at other vantage points: one agent in place of this process, or several side by side.

mod agent;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use netvane_document::{ErasedAnswer, Failure, RenderedAnswer, Reply, UsageError, duration};
use netvane_net::offload;
use serde_json::{Map, Value};
use tokio::time::MissedTickBehavior;

pub(super) use agent::ask_agents;

use super::{
    Engine,
    ask::{acquire_slot, cached_units, check_target, prepared_reply},
    cache::Entry,
    cache_key::CacheKey,
    lookup::Lookup,
    request_log::RequestLog,
};
use crate::{
    command::{ByPlace, Entry as CommandEntry, PlaceAnswer, PlaceRow, PlaceState, Prepared, parse},
    policy::rules::Admission,
    request::Input,
    runtime::Runtime,
    vantage::{
        Agent,
        selection::{Choice, Chosen, NoChoice, Selection},
    },
};

/// Shortest time between two intermediate results of several vantage points.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Time that an answer may arrive after the deadline of its lookup.
const GRACE: Duration = Duration::from_secs(3);

/// Longest message of an agent that is shown, in characters.
const MAX_MESSAGE: usize = 300;

/// Where a request is answered.
pub(super) enum Route {
    /// By this process.
    Here,
    /// By an agent in its place.
    Agent(Chosen),
    /// At several vantage points.
    Several(SeveralPlaces),
}

/// A request to several vantage points.
pub(super) struct SeveralPlaces {
    pub(super) command: Arc<CommandEntry>,
    pub(super) arguments: Arc<Map<String, Value>>,
    pub(super) from: Selection,
    pub(super) places: Vec<Chosen>,
    /// Number of matching vantage points that are not asked.
    pub(super) left_out: usize,
    pub(super) admitted: Admission,
}

/// The rows of the vantage points, which their lookups fill.
struct Board {
    command: Arc<CommandEntry>,
    left_out: usize,
    rows: Mutex<(Vec<PlaceRow>, bool)>,
}

impl Engine {
    /// Whether a request is about agents at other vantage points.
    pub fn needs_agents(&self, input: &Input) -> bool {
        self.understand(input).is_ok_and(|read| {
            let from = read.envelope.from.as_ref();
            from.is_some_and(|from| !from.is_local()) || read.entry.spec.name == "places"
        })
    }

    /// Decides where a request is answered that names these vantage points, if any. What is recorded of it then has them.
    pub(super) fn route(
        &self,
        command: &Arc<CommandEntry>,
        prepared: &dyn Prepared,
        from: Option<&Selection>,
        admitted: Admission,
        log: &mut RequestLog,
    ) -> Result<Route, Failure> {
        let Some(from) = from.filter(|from| command.takes_from() && !from.is_local()) else {
            return Ok(Route::Here);
        };
        let arguments = prepared.arguments();
        log.question = Some((command.clone(), with_from(arguments, &from.text())));

        let Choice { places, left_out } = self.choose(&log.runtime, command, arguments, from)?;
        Ok(match <[Chosen; 1]>::try_from(places) {
            Ok([only]) if only.is_local() => Route::Here,
            Ok([only]) => Route::Agent(only),
            Err(places) => Route::Several(SeveralPlaces {
                command: command.clone(),
                arguments: arguments.clone(),
                from: from.clone(),
                places,
                left_out,
                admitted,
            }),
        })
    }

    /// Chooses the vantage points that a request names.
    fn choose(
        &self,
        runtime: &Runtime,
        command: &CommandEntry,
        arguments: &Map<String, Value>,
        from: &Selection,
    ) -> Result<Choice, Failure> {
        let agents = runtime.process.agents.get().ok_or_else(|| {
            Failure::Unavailable(
                "This service has no vantage points but its own. Operators add them with `[cluster] nats` and \
                 `netvane agent`."
                    .into(),
            )
        })?;
        agents.reachable()?;

        let known = agents.list();
        let choice = from.choose(&known, runtime.limits.agents_per_question);
        let choice = choice.map_err(|none| not_chosen(none, &known, command, arguments, from))?;
        if choice.places.is_empty() {
            return Err(Failure::Unavailable(
                "No agent is connected at the moment; see `places`.".into(),
            ));
        }
        Ok(choice)
    }

    /// Asks all vantage points at once and puts their answers side by side.
    pub(super) async fn answer_from_several(
        &self,
        asked: SeveralPlaces,
        log: &mut RequestLog,
        mut progress: impl FnMut(Reply),
    ) -> Result<Reply, Failure> {
        let lookups = self.lookups(&asked, log)?;
        let is_cached = lookups.iter().all(|lookup| lookup.cached.is_some());
        let board = Arc::new(Board::new(&asked));
        let arguments = with_from(&asked.arguments, &asked.from.text());
        let vantage: Arc<str> = asked.from.text().into();
        let command = asked.command.spec.name;
        let (id, started) = (log.id.clone(), log.started);
        let _slot = acquire_slot(&log.runtime, &log.request, asked.command.spec.timeout).await?;

        let reply = |rendition, elapsed| Reply {
            id: id.clone(),
            command,
            arguments: arguments.clone(),
            rendition,
            short: None,
            elapsed,
            cached: false,
            fresh_for: Duration::ZERO,
            vantage: Some(vantage.clone()),
        };
        let mut waiting: FuturesUnordered<_> = lookups
            .into_iter()
            .enumerate()
            .map(|(index, lookup)| self.fill_row(index, lookup, &board, started))
            .collect();
        let mut ticks = tokio::time::interval(PROGRESS_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                filled = waiting.next() => if filled.is_none() { break },
                _ = ticks.tick() => if let Some(answers) = board.changed() {
                    let rendition = Arc::new(RenderedAnswer::new(Arc::new(answers)));
                    progress(reply(rendition, started.elapsed()));
                },
            }
        }
        drop(waiting);

        let answers = board.answers();
        let (size, arguments) = (answers.data_size(), arguments.clone());
        let entry = offload::run(size, move || {
            Entry::new(command, arguments, Arc::new(answers), Duration::ZERO)
        });
        let entry = Arc::new(entry.await??.at(Some(vantage.clone())));
        prepared_reply(id.clone(), entry, started, is_cached).await
    }

    /// Prepares a lookup for each vantage point and charges for all of them.
    fn lookups(
        &self,
        asked: &SeveralPlaces,
        log: &mut RequestLog,
    ) -> Result<Vec<PlaceLookup>, Failure> {
        let mut lookups = Vec::with_capacity(asked.places.len());
        for place in &asked.places {
            let prepared = asked.command.prepare(Map::clone(&asked.arguments));
            let prepared = prepared.map_err(|_| Failure::Internal)?;
            let from_agent = !place.is_local();
            let refused =
                check_target(&log.runtime, &log.request, prepared.contacts(), from_agent).err();
            let key = CacheKey::new(&asked.command, &*prepared, &log.request);
            let key = if from_agent {
                key.at(&place.key())
            } else {
                key
            };
            let lookup = Lookup::new(
                asked.command.clone(),
                prepared,
                log.runtime.clone(),
                &log.request,
                Vec::new(),
            );
            lookups.push(PlaceLookup {
                cached: self.0.cache.get(&key).filter(|_| !log.request.fresh),
                key: Arc::new(key),
                lookup: if from_agent {
                    lookup.at(place.clone())
                } else {
                    lookup
                },
                refused,
            });
        }

        let lookup_units = asked.command.spec.cost.units();
        log.units = lookups
            .iter()
            .map(|lookup| lookup.cached.as_deref().map_or(lookup_units, cached_units))
            .sum();
        log.runtime
            .charge(&log.request, asked.admitted, log.units)?;
        Ok(lookups)
    }

    /// Runs the lookup of one vantage point and writes what it finds in its row.
    async fn fill_row(&self, index: usize, asked: PlaceLookup, board: &Board, started: Instant) {
        let outcome = match asked {
            PlaceLookup {
                refused: Some(refused),
                ..
            } => Err(refused),
            PlaceLookup {
                cached: Some(entry),
                ..
            } => Ok(entry),
            PlaceLookup { lookup, key, .. } => {
                let looked_up = self.look_up_once(lookup, key, |rendition, _| {
                    board.set(index, |row| row.answer = Some(PlaceAnswer::new(rendition)));
                });
                Box::pin(looked_up).await
            }
        };

        board.set(index, |row| {
            row.elapsed = Some(started.elapsed());
            match outcome {
                Ok(entry) => {
                    row.state = PlaceState::Answered;
                    row.answer = Some(PlaceAnswer::new(entry.rendition().0));
                    if let Some(vantage) = &entry.vantage {
                        row.vantage = vantage.to_string();
                    }
                }
                Err(failure) => {
                    row.state = PlaceState::of(&failure);
                    row.answer = None;
                    row.problem = Some(failure);
                }
            }
        });
    }
}

/// The lookup of one vantage point.
struct PlaceLookup {
    lookup: Lookup,
    key: Arc<CacheKey>,
    cached: Option<Arc<Entry>>,
    /// Why it is not started.
    refused: Option<Failure>,
}

impl Board {
    fn new(asked: &SeveralPlaces) -> Self {
        let rows = asked.places.iter().map(|place| {
            let agent = place.candidates.first();
            PlaceRow::waiting(place.name(), agent.map(|agent| &**agent))
        });
        Self {
            command: asked.command.clone(),
            left_out: asked.left_out,
            rows: Mutex::new((rows.collect(), true)),
        }
    }

    fn set(&self, index: usize, change: impl FnOnce(&mut PlaceRow)) {
        let mut guard = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(row) = guard.0.get_mut(index) {
            change(row);
        }
        guard.1 = true;
    }

    /// The rows, if any has changed since the last call.
    fn changed(&self) -> Option<ByPlace> {
        let mut guard = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut guard.1).then(|| self.with(guard.0.clone()))
    }

    fn answers(&self) -> ByPlace {
        let guard = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        self.with(guard.0.clone())
    }

    fn with(&self, rows: Vec<PlaceRow>) -> ByPlace {
        ByPlace {
            command: self.command.clone(),
            rows,
            left_out: self.left_out,
        }
    }
}

/// The arguments with the vantage points of the lookup.
pub(super) fn with_from(arguments: &Map<String, Value>, from: &str) -> Arc<Map<String, Value>> {
    let mut arguments = arguments.clone();
    arguments.insert(parse::FROM.name.clone(), from.into());
    Arc::new(arguments)
}

fn not_chosen(
    none: NoChoice,
    agents: &[Arc<Agent>],
    command: &CommandEntry,
    arguments: &Map<String, Value>,
    from: &Selection,
) -> Failure {
    match none {
        NoChoice::Away(term) => {
            let heard = agents
                .iter()
                .find(|agent| agent.name == term)
                .and_then(|agent| agent.heard);
            let since = heard.map_or_else(String::new, |heard| {
                format!(
                    ", last heard from {} ago",
                    duration::rounded(heard.elapsed().as_secs())
                )
            });
            Failure::Unavailable(format!("`{term}` is away{since}; see `places`"))
        }
        NoChoice::Unknown(term, near) => {
            let message = match &near {
                Some(near) => {
                    format!("`from`: no vantage point is `{term}`; did you mean `{near}`?")
                }
                None => format!("`from`: no vantage point is `{term}`; see `places`"),
            };
            let error = UsageError::argument(message);
            Failure::Usage(match near {
                Some(near) => {
                    let corrected = from.text_with(&term, &near);
                    let arguments = with_from(arguments, &corrected);
                    error.suggest(parse::command_line(command.spec.name, command, &arguments))
                }
                None => error,
            })
        }
    }
}

#[cfg(test)]
mod tests;
