//! Answers the questions of hubs with the engine of this process.
//!
//! The settings of this process hold for them: its guard, its rules, its limits. A hub can ask, and nothing else.

mod accept;
mod commands;
mod presence;
mod question;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::{Message, Subscriber};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use netvane_core::{Engine, settings};
use tokio::{
    sync::Notify,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    connect::{Link, LinkState, StartError},
    subjects,
};

/// Code of the problem of an agent whose slots are all taken.
pub(crate) const BUSY: &str = "busy";
/// Questions that are answered at once.
const MOST: usize = 32;
/// Requests to stop that are remembered, for questions that have not been read yet.
const EARLY_STOPS: usize = 64;
/// Time that running questions have when the process ends.
const DRAIN: Duration = Duration::from_secs(5);
/// Time for the last messages to be sent.
const FLUSH: Duration = Duration::from_secs(1);

/// What the parts of an agent share.
struct Agent {
    link: Link,
    engine: Engine,
    name: String,
    /// The questions that run, with what stops each.
    running: Mutex<HashMap<String, CancellationToken>>,
    /// Identifiers of questions that were stopped before they were read.
    early_stops: Mutex<VecDeque<String>>,
    /// Wakes the heartbeat.
    changed: Notify,
}

/// The subscriptions of an agent.
struct Subscriptions {
    asks: Subscriber,
    stops: Subscriber,
    rolls: Subscriber,
}

/// Answers questions until the shutdown, then says goodbye and gives the running ones a few seconds.
///
/// # Errors
/// The connection is closed.
pub async fn run(
    link: Link,
    engine: Engine,
    settings: &settings::Agent,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    let subscriptions = subscribe(&link, &settings.name).await?;
    let agent = Arc::new(Agent {
        link,
        engine,
        name: settings.name.clone(),
        running: Mutex::default(),
        early_stops: Mutex::default(),
        changed: Notify::new(),
    });

    let tasks = TaskTracker::new();
    let presence = tokio::spawn(presence::run(agent.clone(), settings.clone()));
    tokio::select! {
        () = agent.serve(subscriptions, &tasks) => {}
        () = shutdown.cancelled() => {}
    }

    presence.abort();
    agent.leave(&tasks).await;
    Ok(())
}

async fn subscribe(link: &Link, name: &str) -> Result<Subscriptions, StartError> {
    let subscribe = |subject: String| async move {
        let subscription = link.client().subscribe(subject).await;
        subscription.map_err(|error| StartError::Settings(error.to_string()))
    };
    Ok(Subscriptions {
        asks: subscribe(subjects::ask(name)).await?,
        stops: subscribe(subjects::stop(name, "*")).await?,
        rolls: subscribe(subjects::ROLL.to_owned()).await?,
    })
}

impl Agent {
    /// Reads what hubs send. Nothing in here waits for anything else, so that no hub can hold up another.
    async fn serve(self: &Arc<Self>, mut from: Subscriptions, tasks: &TaskTracker) {
        let mut link = self.link.changes();
        loop {
            tokio::select! {
                ask = from.asks.next() => match ask {
                    Some(message) => self.take_question(&message, tasks),
                    None => return,
                },
                stop = from.stops.next() => match stop {
                    Some(message) => self.stop(&message.subject),
                    None => return,
                },
                roll = from.rolls.next() => match roll {
                    Some(_) => self.changed.notify_one(),
                    None => return,
                },
                changed = link.changed() => match changed {
                    Ok(()) if *link.borrow_and_update() == LinkState::Up => self.changed.notify_one(),
                    Ok(()) => {}
                    Err(_) => return,
                },
            }
        }
    }

    /// Starts to answer a question, or reports why not. What is no question of a hub is dropped.
    fn take_question(self: &Arc<Self>, message: &Message, tasks: &TaskTracker) {
        let Some(subject) = accept::reply_subject(message, &self.name) else {
            return tracing::debug!("question without a valid reply subject dropped");
        };
        let question = match accept::read(message, &subject, self.engine.registry()) {
            Ok(question) => question,
            Err(problem) => return self.refuse(&subject, problem),
        };
        if self.take_early_stop(&question.id) {
            return;
        }

        let stop = {
            let mut running = self.running();
            if running.contains_key(&question.id) {
                return;
            }
            if running.len() >= MOST {
                drop(running);
                return self.refuse(&subject, accept::busy());
            }
            let stop = CancellationToken::new();
            running.insert(question.id.clone(), stop.clone());
            stop
        };
        self.changed.notify_one();
        let slot = Slot {
            agent: self.clone(),
            id: question.id.clone(),
        };
        tasks.spawn(question::answer(slot, question, subject, stop));
    }

    /// Sends a problem, unless the connection is so busy that it would have to wait.
    fn refuse(&self, subject: &str, problem: Vec<u8>) {
        let message = question::message(subject, crate::messages::Kind::Problem, problem.into());
        let _ = question::send(self.link.client(), message).now_or_never();
    }

    fn stop(&self, subject: &str) {
        let Some(id) = subjects::id_of_stop(subject, &self.name) else {
            return;
        };
        if let Some(stop) = self.running().get(id) {
            return stop.cancel();
        }
        let mut early = self
            .early_stops
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if early.len() >= EARLY_STOPS {
            early.pop_front();
        }
        early.push_back(id.to_owned());
    }

    fn take_early_stop(&self, id: &str) -> bool {
        let mut early = self
            .early_stops
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = early.len();
        early.retain(|stopped| stopped != id);
        early.len() < before
    }

    /// Says goodbye, lets running questions finish, and stops those that do not.
    async fn leave(&self, tasks: &TaskTracker) {
        let end = Instant::now() + DRAIN;
        if self.link.is_up() {
            let bye = Bytes::from_static(br#"{"bye":true}"#);
            let sent = self.link.client().publish(subjects::hello(&self.name), bye);
            let _ = timeout(FLUSH, sent).await;
            let _ = timeout(FLUSH, self.link.client().flush()).await;
        }

        tasks.close();
        if timeout_at(end, tasks.wait()).await.is_err() {
            for stop in self.running().values() {
                stop.cancel();
            }
            let _ = timeout(FLUSH, tasks.wait()).await;
        }
        if self.link.is_up() {
            let _ = timeout(FLUSH, self.link.client().flush()).await;
        }
    }

    fn busy(&self) -> usize {
        self.running().len()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a question among those that run; given back when it is dropped.
struct Slot {
    agent: Arc<Agent>,
    id: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.agent.running().remove(&self.id);
        self.agent.changed.notify_one();
    }
}
