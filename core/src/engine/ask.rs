//! The steps of a request, from the command line to the reply.
//!
//! The order of the steps is a security property: it is defined in [`Engine::answer`] and cannot be
//! configured.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use netvane_document::{Failure, RenderedAnswer, Reply, UsageError};
use netvane_facts::target::Host;
use netvane_net::offload;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Engine, cache::Entry, cache_key::CacheKey, lookup::Lookup, places::Route,
    recent_lines::RecentLine, request_log::RequestLog, short::shorten,
};
use crate::{
    command::parse::{self, Envelope, MAX_LINE, Understood},
    platform::Platform,
    policy::{rate_limits::AT_HAND, rules::Admission},
    request::{Input, Request},
    runtime::Runtime,
    spec::Cost,
};

impl Engine {
    /// Answers one request. Calls `progress` with each intermediate result. Dropping the future
    /// cancels the lookup, unless another caller waits for the same result.
    #[tracing::instrument(
        level = "debug",
        target = "netvane::trace",
        skip_all,
        name = "ask",
        fields(adapter = request.platform.name(), command, outcome)
    )]
    pub async fn ask(
        &self,
        request: Request,
        progress: impl FnMut(Reply),
    ) -> Result<Reply, Failure> {
        let mut log = RequestLog::new(self.runtime(), request);

        if let Some(recalled) = self.recall(&log) {
            let answer = self.answer_again(recalled, &mut log).await;
            self.remember(&log, &answer);
            log.finish(&answer);
            return answer;
        }

        let answer = match self.understand(&log.request.input) {
            Ok(understood) => {
                log.question = Some((
                    understood.entry.clone(),
                    understood.prepared.arguments().clone(),
                ));
                let answer = self.answer(understood, &mut log, progress).await;
                answer.map_err(|failure| self.located(&log.request.input, failure))
            }
            Err(error) => match charge_usage_error(&log.runtime, &log.request) {
                Ok(units) => {
                    log.units = units;
                    Err(Failure::Usage(error))
                }
                Err(limited) => Err(limited),
            },
        };

        self.remember(&log, &answer);
        log.finish(&answer);
        answer
    }

    /// Adds the position in the line to a usage error that the command found when it ran. Its message begins with the name
    /// of the argument.
    pub(super) fn located(&self, input: &Input, failure: Failure) -> Failure {
        let (Input::Text(line), Failure::Usage(error)) = (input, &failure) else {
            return failure;
        };
        let argument = error
            .message
            .strip_prefix('`')
            .and_then(|rest| rest.split_once('`'))
            .map(|(argument, _)| argument);
        let position = argument
            .filter(|_| error.position.is_none())
            .and_then(|argument| parse::position(&self.0.registry, line, argument));
        match position {
            Some(position) => Failure::Usage(error.clone().at(position)),
            None => failure,
        }
    }

    /// Remembers a reply that its client may keep.
    fn remember(&self, log: &RequestLog, answer: &Result<Reply, Failure>) {
        if log.request.bulk || log.request.platform != Platform::Http {
            return;
        }
        if let (Ok(reply), Some((entry, _))) = (answer, &log.question)
            && entry.is_keepable()
        {
            self.0.recent.add(&log.request, reply);
        }
    }

    /// Returns the cached reply to a request, if there is one; never starts a lookup.
    pub fn cached(&self, request: &Request) -> Option<Reply> {
        let runtime = self.runtime();
        let Understood {
            entry: command,
            prepared,
            envelope: Envelope { short, from },
        } = self.understand(&request.input).ok()?;
        if from.is_some() || runtime.access.has_vantage_points() {
            return None;
        }
        let key = CacheKey::new(&command, &*prepared, request);
        // A large reply may have to be rendered again, for which there are other threads.
        let entry = self
            .0
            .cache
            .get(&key)
            .filter(|entry| entry.reply_bytes <= offload::SMALL)?;
        let admitted = runtime
            .access
            .admit(request.platform, &request.caller, command.spec.name)
            .ok()?;
        let units = cached_units(&entry);
        runtime.charge(request, admitted, units).ok()?;

        let mut log = RequestLog::new(runtime, request.clone());
        log.units = units;
        log.question = Some((command.clone(), prepared.arguments().clone()));
        let reply = reply(log.id.clone(), &entry, log.started, true);
        let answer = Ok(if short {
            shorten(reply, command.short)
        } else {
            reply
        });
        log.finish(&answer);
        answer.ok()
    }

    /// Returns the name of the command that the input calls, or what is wrong with the input; never
    /// starts a lookup.
    pub fn understood(&self, input: &Input) -> Result<&'static str, UsageError> {
        self.understand(input).map(|read| read.entry.spec.name)
    }

    pub(super) fn understand(&self, input: &Input) -> Result<Understood, UsageError> {
        match input {
            Input::Text(line) if line.len() > MAX_LINE => Err(UsageError::argument(format!(
                "command too long: at most {MAX_LINE} bytes"
            ))),
            Input::Text(line) => parse::parse(&self.0.registry, line),
            Input::Named { name, arguments } => {
                parse::parse_named(&self.0.registry, name, arguments.clone())
            }
        }
    }

    async fn answer(
        &self,
        understood: Understood,
        log: &mut RequestLog,
        mut progress: impl FnMut(Reply),
    ) -> Result<Reply, Failure> {
        let Understood {
            entry: command,
            prepared,
            envelope: Envelope { short, from },
        } = understood;
        let form = command.short;
        let present = |reply| if short { shorten(reply, form) } else { reply };
        let (runtime, spec) = (log.runtime.clone(), command.spec);
        let (id, started) = (log.id.clone(), log.started);

        let admitted =
            runtime
                .access
                .admit(log.request.platform, &log.request.caller, spec.name)?;

        // Boxed, as everything that not every request needs: the future of a request is copied from layer to layer.
        if command.about_visit && log.request.http_request.is_none() {
            Box::pin(self.bring_visit(spec.name, admitted, log, &mut progress)).await?;
        }

        if spec.cost == Cost::Free {
            log.units = spec.cost.units();
            let standings = runtime.charge(&log.request, admitted, log.units)?;
            let lookup = Lookup::new(command, prepared, runtime, &log.request, standings);
            let entry = Box::pin(self.look_up_at_hand(lookup)).await?;
            return prepared_reply(id, entry, started, false).await.map(present);
        }

        let from = from.as_ref().or_else(|| runtime.access.from(admitted));
        let at = match self.route(&command, &*prepared, from, admitted, log)? {
            Route::Here => None,
            Route::Agent(place) => Some(place),
            Route::Several(asked) => {
                let reply = self.answer_from_several(asked, log, |reply| progress(present(reply)));
                return Box::pin(reply).await.map(present);
            }
        };

        let key = CacheKey::new(&command, &*prepared, &log.request);
        let key = Arc::new(match &at {
            Some(place) => key.at(&place.key()),
            None => key,
        });
        let is_cached = self.0.cache.get(&key).filter(|_| !log.request.fresh);
        log.units = is_cached.as_deref().map_or(spec.cost.units(), cached_units);
        let standings = runtime.charge(&log.request, admitted, log.units)?;
        check_target(&runtime, &log.request, prepared.contacts(), at.is_some())?;
        if let Some(entry) = is_cached {
            let line = || RecentLine::new(&command, &*prepared, &log.request, short);
            if at.is_none() {
                self.0.recent_lines.keep(&log.request, &command, line);
            }
            return prepared_reply(id, entry, started, true).await.map(present);
        }

        let _slot = acquire_slot(&runtime, &log.request, spec.timeout).await?;
        let lookup = Lookup::new(command, prepared, runtime, &log.request, standings);
        let lookup = match at {
            Some(place) => lookup.at(place),
            None => lookup,
        };
        let vantage: Option<Arc<str>> = lookup.at.as_ref().map(|at| at.name().into());
        let looked_up = self.look_up_once(lookup, key, |rendition, arguments| {
            progress(present(Reply {
                id: id.clone(),
                command: spec.name,
                arguments,
                rendition,
                short: None,
                elapsed: started.elapsed(),
                cached: false,
                fresh_for: Duration::ZERO,
                vantage: vantage.clone(),
            }));
        });
        let entry = Box::pin(looked_up).await?;

        prepared_reply(id.clone(), entry, started, false)
            .await
            .map(present)
    }

    /// Finds the cached answer to a line that was asked before, without reading the line again.
    fn recall(&self, log: &RequestLog) -> Option<Recalled> {
        if log.runtime.access.has_vantage_points() {
            return None;
        }
        let line = self.0.recent_lines.find(&log.request)?;
        let entry = self.0.cache.get(&line.key)?;
        Some(Recalled { line, entry })
    }

    /// Answers from the cache, with the same checks and charges as [`Engine::answer`].
    async fn answer_again(
        &self,
        recalled: Recalled,
        log: &mut RequestLog,
    ) -> Result<Reply, Failure> {
        let Recalled { line, entry } = recalled;
        let command = &line.command;
        log.question = Some((command.clone(), line.arguments.clone()));
        let (runtime, request) = (log.runtime.clone(), &log.request);

        let admitted =
            runtime
                .access
                .admit(request.platform, &request.caller, command.spec.name)?;
        log.units = cached_units(&entry);
        runtime.charge(request, admitted, log.units)?;
        check_target(&runtime, request, line.contacts.as_ref(), false)?;

        let reply = prepared_reply(log.id.clone(), entry, log.started, true).await?;
        Ok(if line.short {
            shorten(reply, command.short)
        } else {
            reply
        })
    }

    /// Obtains the caller's HTTP request: sends a one-time link and waits until the user shares a
    /// request through it.
    async fn bring_visit(
        &self,
        command: &'static str,
        admitted: Admission,
        log: &mut RequestLog,
        progress: &mut impl FnMut(Reply),
    ) -> Result<(), Failure> {
        // An open link is charged too; otherwise one client could use up all of them.
        log.runtime.charge(&log.request, admitted, AT_HAND)?;
        let invitation = self.0.links.invite(command)?;

        progress(invitation.reply(&log.id, command, log.started));
        log.request.http_request = Some(invitation.accepted().await?);
        Ok(())
    }
}

/// Bytes of a cached reply, or of a request that is not understood, that cost one unit.
const BYTES_PER_UNIT: usize = 16 << 10;

/// Returns the units that a cached reply costs: it is written and sent each time.
pub(super) fn cached_units(entry: &Entry) -> u32 {
    AT_HAND + units_of(entry.reply_bytes)
}

fn units_of(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES_PER_UNIT).unwrap_or(u32::MAX)
}

/// Charges a request that is not understood by its size: reading a large one is work. Returns the units; a short one
/// costs nothing.
fn charge_usage_error(runtime: &Runtime, request: &Request) -> Result<u32, Failure> {
    let units = units_of(request.input.size());
    if units > 0 {
        runtime.charge(request, Admission::default(), units)?;
    }
    Ok(units)
}

/// A line that was asked before, and the cached answer to it.
struct Recalled {
    line: Arc<RecentLine>,
    entry: Arc<Entry>,
}

/// Refuses a forbidden target address before the lookup takes a slot or sends anything. An agent has a guard of its own;
/// what this operator denies is denied there too.
pub(super) fn check_target(
    runtime: &Runtime,
    request: &Request,
    contacts: Option<&Host>,
    at_agent: bool,
) -> Result<(), Failure> {
    let Some(Host::Address(address)) = contacts else {
        return Ok(());
    };
    let (guard, text) = (&runtime.net.guard, address.to_string());
    if at_agent {
        return guard.check_denied(&text, *address);
    }
    let may_be_private = runtime.may_name_private(request);
    guard
        .check_target(&text, *address, may_be_private)
        .map(|_| ())
}

/// Waits for one of the caller's slots for concurrent lookups, at most for `timeout`.
pub(super) async fn acquire_slot(
    runtime: &Runtime,
    request: &Request,
    timeout: Duration,
) -> Result<Option<OwnedSemaphorePermit>, Failure> {
    if request.caller.own {
        return Ok(None);
    }
    tokio::time::timeout(timeout, runtime.budgets.acquire_slot(&request.caller))
        .await
        .map_err(|_| Failure::RateLimited {
            message: "Your other lookups are still running. Wait for them, or cancel one.".into(),
            retry_after: Duration::from_secs(1),
        })
}

/// Builds the reply; a large one is rendered on another thread.
pub(super) async fn prepared_reply(
    id: String,
    entry: Arc<Entry>,
    started: Instant,
    cached: bool,
) -> Result<Reply, Failure> {
    if entry.reply_bytes <= offload::SMALL {
        return Ok(reply(id, &entry, started, cached));
    }
    Box::pin(offload::run(entry.reply_bytes, move || {
        let reply = reply(id, &entry, started, cached);
        // It fits: an answer that would be too large is an error when it is found.
        let _ = reply.rendition.prepare(reply.command, &reply.arguments);
        reply
    }))
    .await
}

fn reply(id: String, entry: &Entry, started: Instant, cached: bool) -> Reply {
    let (rendition, fresh_for): (Arc<RenderedAnswer>, Duration) = entry.rendition();
    Reply {
        id,
        command: entry.command,
        arguments: entry.arguments.clone(),
        rendition,
        short: None,
        elapsed: started.elapsed(),
        cached,
        fresh_for,
        vantage: entry.vantage.clone(),
    }
}
