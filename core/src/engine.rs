//! The way of a request, from the line to the reply.

pub(crate) mod cache;
mod metrics;
pub(crate) mod one_time_links;
mod request_log;
mod runtime;
mod single_flight;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use tracing::Instrument;

use crate::{
    command::{
        Context, Entry as CommandEntry, Prepared, Registry,
        parse::{self, MAX_LINE, Understood},
    },
    commands,
    engine::{
        cache::{Cache, Entry},
        one_time_links::Links,
        single_flight::Flights,
    },
    health::Adapters,
    policy::rate_limits,
    request::{Caller, Input, Request, http_request::Proxies},
    settings::{Limits, Settings},
    spec::{Cost, Spec},
};
use netvane_document::{Failure, Rendition, Reply, UsageError};
use netvane_facts::{geo::Refresh, target::Host};
use netvane_net::http::{Http, Receipt};
use request_log::Asked;
use runtime::{Permits, World};

/// Answers questions. One for the whole program; clones are cheap and the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    adapters: Adapters,
    started: Instant,
    links: Links,
    cache: Cache,
    flights: Arc<Flights>,
    /// What the settings decide.
    world: ArcSwap<World>,
}

impl Engine {
    /// With all commands.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let limits = &settings.limits;
        let registry = Arc::new(commands::registry());
        let (adapters, started) = (Adapters::default(), Instant::now());
        let world = World::new(settings, &registry, &adapters, started, None)?;
        Ok(Self(Arc::new(Inner {
            registry,
            adapters,
            started,
            links: Links::default(),
            cache: Cache::new(limits.cache_entries),
            flights: Arc::default(),
            world: ArcSwap::from_pointee(world),
        })))
    }

    /// Takes up changed settings; what is running goes on with the old ones. Settings that cannot be used change nothing.
    /// Reads files, so not for an async thread.
    pub fn reload(&self, settings: &Settings) -> Result<(), Failure> {
        let Inner {
            registry,
            adapters,
            started,
            world,
            ..
        } = &*self.0;
        let new = World::new(settings, registry, adapters, *started, Some(&world.load()))?;
        new.net.dns.is_configured()?;
        world.store(Arc::new(new));
        Ok(())
    }

    /// All commands.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Whether questions can be answered; if not, what is missing. Resolvers that have failed are asked for it.
    pub async fn ready(&self) -> Result<(), Failure> {
        let net = self.0.world.load().net.clone();
        net.dns.ready().await
    }

    /// Whether there is a resolver to ask. Where the system's own are meant, they may come later.
    pub fn has_resolver(&self) -> bool {
        self.0.world.load().net.dns.is_configured().is_ok()
    }

    /// Everything that settings can get wrong and that is otherwise found out at its first use.
    pub fn check(&self) -> Result<(), Failure> {
        let world = self.0.world.load();
        world.net.dns.is_configured()?;
        world.net.registries.check()?;
        world.net.tls_roots().map(|_| ())
    }

    /// How the adapters of this process are; each one reports itself.
    pub fn adapters(&self) -> &Adapters {
        &self.0.adapters
    }

    /// Links that are handed out to those whose question only an HTTP request of their own can answer.
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// Whether all addresses of this host are the operator's own exceptions.
    pub async fn is_excepted(&self, host: &Host) -> bool {
        let net = self.0.world.load().net.clone();
        let addresses = net.addresses(host).await.unwrap_or_default();
        !addresses.is_empty()
            && addresses
                .iter()
                .all(|address| net.guard.is_excepted(*address))
    }

    /// How much at once.
    pub fn limits(&self) -> Limits {
        self.0.world.load().about.limits.clone()
    }

    /// Whom to ask, and to complain to; empty where the operator has not said.
    pub fn contact(&self) -> String {
        self.0.world.load().access.contact.clone()
    }

    /// Whose word on a request's way here is believed.
    pub fn proxies(&self) -> Arc<Proxies> {
        self.0.world.load().proxies.clone()
    }

    /// Whether a question from this address over HTTP is the operator's own: the service is reached from this machine only.
    pub fn is_own(&self, address: std::net::IpAddr) -> bool {
        address.is_loopback() && self.0.world.load().private
    }

    /// Whether only the asker is to read the answer to this command: rules may say so.
    pub fn is_private(&self, adapter: &str, caller: &Caller, command: &str) -> bool {
        let Some(entry) = self.0.registry.find(command) else {
            return false;
        };
        let admitted = self
            .0
            .world
            .load()
            .access
            .admit(adapter, caller, entry.spec.name);
        admitted.is_ok_and(|admitted| admitted.private)
    }

    /// HTTP to others, through the guard.
    pub fn http(&self) -> Http {
        self.0.world.load().net.http.clone()
    }

    /// POSTs to an address of an asker's choice; unless that is the operator, its host is charged as a target.
    pub async fn deliver(
        &self,
        url: &reqwest::Url,
        headers: http::HeaderMap,
        body: String,
        timeout: Duration,
        own: bool,
    ) -> Result<Receipt, Failure> {
        let world = self.0.world.load_full();
        let outlay = world.outlay(u32::MAX, own, rate_limits::AT_HAND);
        outlay
            .during(world.net.http.post(url, headers, body, timeout))
            .await
    }

    /// Before the process ends: waits until servers that were talked to have heard that we leave, a moment at most.
    pub async fn goodbyes(&self) {
        netvane_net::smtp::goodbyes().await;
    }

    /// Takes up databases that were replaced; a broken one is told and the old one stays. Reads files, so not
    /// for an async thread.
    pub fn refresh_data(&self) {
        match self.0.world.load().geo.refresh_if_changed() {
            Ok(Refresh::Unchanged) => {}
            Ok(Refresh::Swapped) => tracing::info!("fresh geo databases are in use"),
            Err(error) => tracing::error!(%error, "the old geo databases stay in use"),
        }
    }

    /// Answers one question. `progress` is called with what is found so far; dropping the future ends
    /// the lookup, unless someone else waits for the same answer.
    ///
    /// The order of the steps is a security property: it is written down here and nowhere configurable.
    #[tracing::instrument(
        level = "debug",
        target = "netvane::trace",
        skip_all,
        name = "ask",
        fields(adapter = request.adapter, command, outcome)
    )]
    pub async fn ask(
        &self,
        request: Request,
        progress: impl FnMut(Reply),
    ) -> Result<Reply, Failure> {
        let world = self.0.world.load_full();
        let mut asked = Asked::new(world.clone(), request);
        let answer = match self.understand(&asked.request.input) {
            Ok((command, prepared)) => {
                asked.question = Some((command.clone(), prepared.arguments().clone()));
                self.answer(&world, (command, prepared), &mut asked, progress)
                    .await
            }
            Err(error) => Err(Failure::Usage(error)),
        };
        asked.ended(&answer);
        answer
    }

    /// The answer, if it is kept from an earlier lookup; nothing is looked up.
    pub fn known(&self, request: &Request) -> Option<Reply> {
        let world = self.0.world.load_full();
        let (command, prepared) = self.understand(&request.input).ok()?;
        let entry = self.0.cache.get(&key(&command, &*prepared, request))?;
        let admitted = world
            .access
            .admit(request.adapter, &request.caller, command.spec.name)
            .ok()?;
        world.charge(request, admitted, rate_limits::AT_HAND).ok()?;
        let mut asked = Asked::new(world, request.clone());
        asked.units = rate_limits::AT_HAND;
        asked.question = Some((command, prepared.arguments().clone()));
        let answer = Ok(reply(asked.id.clone(), &entry, asked.started, true));
        asked.ended(&answer);
        answer.ok()
    }

    /// The command that this asks, or what is wrong with the question; nothing is looked up.
    pub fn understood(&self, input: &Input) -> Result<&'static str, UsageError> {
        self.understand(input).map(|(entry, _)| entry.spec.name)
    }

    fn understand(&self, input: &Input) -> Result<Understood, UsageError> {
        match input {
            Input::Text(line) if line.len() > MAX_LINE => Err(UsageError::argument(format!(
                "a command line holds at most {MAX_LINE} bytes"
            ))),
            Input::Text(line) => parse::parse(&self.0.registry, line),
            Input::Named { name, arguments } => {
                parse::parse_named(&self.0.registry, name, arguments.clone())
            }
        }
    }

    async fn answer(
        &self,
        world: &Arc<World>,
        (command, prepared): Understood,
        asked: &mut Asked,
        mut progress: impl FnMut(Reply),
    ) -> Result<Reply, Failure> {
        let (inner, name) = (&self.0, command.spec.name);
        let Asked {
            id,
            started,
            units,
            request,
            ..
        } = &mut *asked;

        let started = *started;

        // Who may ask this here.
        let admitted = world.access.admit(request.adapter, &request.caller, name)?;

        // A request of the asker's own comes with the question, or is shared through a link.
        if command.about_visit && request.visit.is_none() {
            // An open link costs as well, or one asker could take all of them.
            world.charge(request, admitted, rate_limits::AT_HAND)?;
            let invitation = inner.links.invite(name)?;
            progress(invitation.reply(id, name, started));
            request.visit = Some(invitation.accepted().await?);
        }

        let key = key(&command, &*prepared, request);
        let (fresh, bulk) = (request.fresh, request.bulk);
        let known = inner.cache.get(&key).filter(|_| !fresh);

        // How often.
        *units = if known.is_some() {
            rate_limits::AT_HAND
        } else {
            command.spec.cost.units()
        };

        let standings = world.charge(request, admitted, *units)?;

        // A forbidden target is told before anything is spent on it.
        if let Some(Host::Address(address)) = prepared.contacts() {
            world.net.guard.check(&address.to_string(), *address)?;
        }

        if let Some(entry) = known {
            return Ok(reply(id.clone(), &entry, started, true));
        }

        let _place = if request.caller.own {
            None
        } else {
            let place =
                tokio::time::timeout(command.spec.timeout, world.budgets.place(&request.caller));
            place.await.map_err(|_| Failure::RateLimited {
                message: "Your other lookups are not done yet. Wait for them, or cancel one."
                    .into(),
                retry_after: Duration::from_secs(1),
            })?
        };

        let key: Arc<str> = key.into();
        let arguments = prepared.arguments().clone();

        // Who is waited for must not wait for a share of what is asked in bulk.
        let flown: Arc<str> = if bulk {
            format!("{key} in bulk").into()
        } else {
            key.clone()
        };

        let flight = inner.flights.join(flown.clone(), |sender| {
            let context = Context {
                net: world.net.clone(),
                registry: inner.registry.clone(),
                geo: world.geo.clone(),
                mail: world.mail.clone(),
                about: world.about.clone(),
                proxies: world.proxies.clone(),
                access: world.access.clone(),
                budgets: world.budgets.clone(),
                visit: request.visit.clone().filter(|_| command.about_visit),
                adapter: request.adapter,
                caller: request.caller.clone(),
                standings,
                deadline: command.spec.timeout,
                progress: sender,
            };

            let Spec { cost, sends, .. } = command.spec;
            let outlay = world.outlay(sends, request.caller.own, cost.units());
            let permits = match cost {
                Cost::Free => None,
                Cost::Light => Some(world.light.clone()),
                Cost::Heavy => Some(world.heavy.clone()),
            };

            let longest = Duration::from_secs(world.about.limits.cache_seconds);
            let arguments = arguments.clone();
            let (engine, key) = (self.clone(), key.clone());
            let looked_up = async move {
                // Another flight may have landed since the cache was asked.
                if let Some(entry) = engine.0.cache.get(&key).filter(|_| !fresh) {
                    return Ok(entry);
                }
                let finding = outlay
                    .during(look_up(name, prepared, context, permits, bulk))
                    .await?;
                let entry = Arc::new(Entry::new(name, arguments, finding, longest));
                engine.0.cache.keep(key, entry.clone());
                Ok(entry)
            };

            looked_up.in_current_span()
        });

        let show = |rendition: Arc<Rendition>| {
            progress(Reply {
                id: id.clone(),
                command: name,
                arguments: arguments.clone(),
                rendition,
                elapsed: started.elapsed(),
                cached: false,
                fresh_for: Duration::ZERO,
            });
        };

        let outcome = flight.outcome(show).await;
        inner.flights.leave(&flown, &flight);

        Ok(reply(id.clone(), &*outcome?, started, false))
    }
}

/// Identical questions have the same. What is about the request that brings it, or about the asker, is identical only
/// where those are.
fn key(command: &CommandEntry, prepared: &dyn Prepared, request: &Request) -> String {
    let arguments = serde_json::to_string(prepared.arguments()).unwrap_or_default();
    let visit = request.visit.as_ref().filter(|_| command.about_visit);
    let visit = visit.map(|visit| visit.key()).unwrap_or_default();
    let asker = if command.about_asker {
        format!("{} {:?}", request.adapter, request.caller)
    } else {
        String::new()
    };
    format!("{} {arguments}{visit}{asker}", command.spec.name)
}

/// A permit for its cost class, then the command, all within its deadline. In bulk, the wait for a share comes first.
async fn look_up(
    name: &'static str,
    prepared: Box<dyn Prepared>,
    context: Context,
    permits: Option<Permits>,
    bulk: bool,
) -> Result<Arc<dyn netvane_document::Finding>, Failure> {
    let deadline = context.deadline;
    let _share = match &permits {
        Some(permits) if bulk => Some(
            permits
                .bulk
                .acquire()
                .await
                .map_err(|_| Failure::Internal)?,
        ),
        _ => None,
    };

    let run = async {
        let _permit = match &permits {
            Some(permits) => Some(permits.all.acquire().await.map_err(|_| Failure::Internal)?),
            None => None,
        };
        prepared.run(&context).await
    };

    tokio::time::timeout(deadline, run)
        .await
        .unwrap_or_else(|_| {
            Err(Failure::Timeout {
                what: format!("`{name}`"),
                after: deadline,
            })
        })
}

fn reply(id: String, entry: &Entry, started: Instant, cached: bool) -> Reply {
    let (rendition, fresh_for) = entry.rendition();
    Reply {
        id,
        command: entry.command,
        arguments: entry.arguments.clone(),
        rendition,
        elapsed: started.elapsed(),
        cached,
        fresh_for,
    }
}

#[cfg(test)]
mod tests;
