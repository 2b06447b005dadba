//! The way of a request, from the line to the reply.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;
use ulid::Ulid;

use crate::{
    adapters::Adapters,
    args::Host,
    cache::{Cache, Entry},
    command::{Cost, Entry as CommandEntry, Prepared, Registry},
    commands,
    context::{About, Context},
    failure::{Failure, UsageError},
    flight::Flights,
    geo::{GeoHandle, GeoPaths, Refresh},
    grammar::{self, MAX_LINE, Understood},
    links::Links,
    mail::Mail,
    meters,
    net::Net,
    reply::{Rendition, Reply},
    request::{Input, Request},
    settings::Settings,
    visit::{Proxies, Visit},
};

/// Answers questions. One for the whole program; clones are cheap and the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    net: Net,
    geo: Arc<GeoHandle>,
    mail: Arc<Mail>,
    about: Arc<About>,
    proxies: Arc<Proxies>,
    links: Links,
    cache: Cache,
    flights: Arc<Flights>,
    light: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
}

impl Engine {
    /// With all commands.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let limits = &settings.limits;
        let net = Net::new(settings)?;
        let path = |text: &str| (!text.is_empty()).then(|| text.into());
        let geo = GeoHandle::open(GeoPaths { city: path(&settings.geo.city), asn: path(&settings.geo.asn) })
            .map_err(|error| Failure::Unavailable(error.to_string()))?;
        let mail = Mail::new(settings, &net)?;
        let about = About {
            started: Instant::now(),
            limits: limits.clone(),
            resolvers: net.dns.resolvers(),
            adapters: Adapters::default(),
        };
        Ok(Self(Arc::new(Inner {
            registry: Arc::new(commands::registry()),
            net,
            geo: Arc::new(geo),
            mail: Arc::new(mail),
            about: Arc::new(about),
            proxies: Arc::new(Proxies::new(&settings.http)),
            links: Links::default(),
            cache: Cache::new(limits.cache_entries, Duration::from_secs(limits.cache_seconds)),
            flights: Arc::default(),
            light: Arc::new(Semaphore::new(limits.light)),
            heavy: Arc::new(Semaphore::new(limits.heavy)),
        })))
    }

    /// All commands.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// Whether questions can be answered at all; if not, what is missing.
    pub fn ready(&self) -> Result<(), Failure> {
        self.0.net.dns.ready()
    }

    /// Everything that settings can get wrong and that is otherwise found out at its first use.
    pub fn check(&self) -> Result<(), Failure> {
        self.ready()?;
        self.0.net.registries.check()?;
        self.0.net.tls_roots().map(|_| ())
    }

    /// How the adapters of this process are; each one reports itself.
    pub fn adapters(&self) -> &Adapters {
        &self.0.about.adapters
    }

    /// Links that are handed out to those whose question only an HTTP request of their own can answer.
    pub fn links(&self) -> &Links {
        &self.0.links
    }

    /// Whose word on a request's way here is believed.
    pub fn proxies(&self) -> &Proxies {
        &self.0.proxies
    }

    /// Takes up databases that were replaced; a broken one is told and the old one stays. Reads files, so not
    /// for an async thread.
    pub fn refresh_data(&self) {
        match self.0.geo.refresh_if_changed() {
            Ok(Refresh::Unchanged) => {}
            Ok(Refresh::Swapped) => tracing::info!("fresh geo databases are in use"),
            Err(error) => tracing::error!(%error, "the old geo databases stay in use"),
        }
    }

    /// Answers one question. `progress` is called with what is found so far; dropping the future ends
    /// the lookup, unless someone else waits for the same answer.
    ///
    /// The order of the steps is a security property: it is written down here and nowhere configurable.
    pub async fn ask(&self, request: Request, progress: impl FnMut(Reply)) -> Result<Reply, Failure> {
        let started = Instant::now();
        let understood = self.understand(&request.input);
        let command = understood.as_ref().map_or("-", |(entry, _)| entry.spec.name);
        let answer = match understood {
            Ok(understood) => self.answer(understood, &request, started, progress).await,
            Err(error) => Err(Failure::Usage(error)),
        };
        record(&request, command, &answer, started.elapsed());
        answer
    }

    /// The answer, if it is kept from an earlier lookup; nothing is looked up.
    pub fn known(&self, request: &Request) -> Option<Reply> {
        let started = Instant::now();
        let (command, prepared) = self.understand(&request.input).ok()?;
        let entry = self.0.cache.get(&key(&command, &*prepared, request.visit.as_deref()))?;
        let answer = Ok(reply(Ulid::new().to_string(), &entry, started, true));
        record(request, command.spec.name, &answer, started.elapsed());
        answer.ok()
    }

    /// The command that this asks, or what is wrong with the question; nothing is looked up.
    pub fn understood(&self, input: &Input) -> Result<&'static str, UsageError> {
        self.understand(input).map(|(entry, _)| entry.spec.name)
    }

    fn understand(&self, input: &Input) -> Result<Understood, UsageError> {
        match input {
            Input::Text(line) if line.len() > MAX_LINE => {
                Err(UsageError::argument(format!("a command line holds at most {MAX_LINE} bytes")))
            }
            Input::Text(line) => grammar::parse(&self.0.registry, line),
            Input::Named { name, arguments } => {
                grammar::parse_named(&self.0.registry, name, arguments.clone())
            }
        }
    }

    async fn answer(
        &self,
        (command, prepared): Understood,
        request: &Request,
        started: Instant,
        mut progress: impl FnMut(Reply),
    ) -> Result<Reply, Failure> {
        let inner = &self.0;
        // A forbidden target is told before anything is spent on it.
        if let Some(Host::Address(address)) = prepared.contacts() {
            inner.net.guard.check(&address.to_string(), *address)?;
        }
        let id = Ulid::new().to_string();
        let name = command.spec.name;
        let fresh = request.fresh;
        let visit = match &request.visit {
            None if command.about_visit => {
                let invitation = inner.links.invite(name)?;
                progress(invitation.reply(&id, name, started));
                Some(invitation.accepted().await?)
            }
            visit => visit.clone().filter(|_| command.about_visit),
        };
        let key = key(&command, &*prepared, visit.as_deref());
        if let Some(entry) = inner.cache.get(&key).filter(|_| !fresh) {
            return Ok(reply(id, &entry, started, true));
        }
        let key: Arc<str> = key.into();
        let arguments = Arc::new(prepared.arguments().clone());
        let flight = inner.flights.join(key.clone(), |sender| {
            let context = Context {
                net: inner.net.clone(),
                registry: inner.registry.clone(),
                geo: inner.geo.clone(),
                mail: inner.mail.clone(),
                about: inner.about.clone(),
                proxies: inner.proxies.clone(),
                visit,
                deadline: command.spec.timeout,
                progress: sender,
            };
            let permits = match command.spec.cost {
                Cost::Free => None,
                Cost::Light => Some(inner.light.clone()),
                Cost::Heavy => Some(inner.heavy.clone()),
            };
            let (arguments, longest) = (arguments.clone(), inner.cache.longest);
            let (engine, key) = (self.clone(), key.clone());
            async move {
                // Another flight may have landed since the cache was asked.
                if let Some(entry) = engine.0.cache.get(&key).filter(|_| !fresh) {
                    return Ok(entry);
                }
                let finding = look_up(name, prepared, context, permits).await?;
                let entry = Arc::new(Entry::new(name, arguments, finding, longest));
                engine.0.cache.keep(key, entry.clone());
                Ok(entry)
            }
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
        inner.flights.leave(&key, &flight);
        Ok(reply(id, &*outcome?, started, false))
    }
}

/// Identical questions have the same. A question about the request that brings it is identical only where that is.
fn key(command: &CommandEntry, prepared: &dyn Prepared, visit: Option<&Visit>) -> String {
    let arguments = serde_json::to_string(prepared.arguments()).unwrap_or_default();
    let visit = visit.filter(|_| command.about_visit).map(Visit::key).unwrap_or_default();
    format!("{} {arguments}{visit}", command.spec.name)
}

/// A permit for its cost class, then the command, all within its deadline.
async fn look_up(
    name: &'static str,
    prepared: Box<dyn Prepared>,
    context: Context,
    permits: Option<Arc<Semaphore>>,
) -> Result<Arc<dyn crate::command::Finding>, Failure> {
    let deadline = context.deadline;
    let run = async {
        let _permit = match permits {
            Some(permits) => Some(permits.acquire_owned().await.map_err(|_| Failure::Internal)?),
            None => None,
        };
        prepared.run(&context).await
    };
    tokio::time::timeout(deadline, run)
        .await
        .unwrap_or_else(|_| Err(Failure::Timeout { what: format!("`{name}`"), after: deadline }))
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

/// One line in the log and one count in the metrics for each request; what was asked stays out of both.
fn record(request: &Request, command: &'static str, answer: &Result<Reply, Failure>, elapsed: Duration) {
    let outcome = match answer {
        Ok(reply) if reply.cached => "cached",
        Ok(_) => "answered",
        Err(failure) => failure.code().0,
    };
    meters::count(command, request.adapter, outcome, elapsed);
    tracing::info!(
        command,
        adapter = request.adapter,
        outcome,
        elapsed_ms = elapsed.as_millis() as u64,
        "request"
    );
}

#[cfg(test)]
mod tests;
