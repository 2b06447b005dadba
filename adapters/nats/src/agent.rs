//! Answers the questions of hubs with the engine of this process.
//!
//! The settings of this process hold for them: its guard, its rules, its limits. A hub can ask, and nothing else.

mod accept;
mod commands;
mod presence;
mod question;
mod running;

use std::{sync::Arc, time::Duration};

use async_nats::{Message, Subscriber};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use netvane_core::{Engine, settings};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    connect::{Link, LinkState, StartError},
    messages::Kind,
    subjects,
};
use running::{NoSlot, Running};

/// Code of the problem of an agent whose slots are all taken.
pub(crate) const BUSY: &str = "busy";
/// Time that running questions have when the process ends.
const DRAIN: Duration = Duration::from_secs(5);
/// Time for the last messages to be sent.
const FLUSH: Duration = Duration::from_secs(1);

/// What the parts of an agent share.
struct Agent {
    link: Link,
    engine: Engine,
    name: String,
    running: Running,
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
        running: Running::default(),
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
                    Some(message) => {
                        let id = subjects::id_of_stop(&message.subject, &self.name);
                        id.inspect(|id| self.running.stop(id));
                    }
                    None => return,
                },
                roll = from.rolls.next() => match roll {
                    Some(_) => self.running.wake(),
                    None => return,
                },
                changed = link.changed() => match changed {
                    Ok(()) if *link.borrow_and_update() == LinkState::Up => self.running.wake(),
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
        match self.running.start(&question.id) {
            Ok(slot) => {
                let answer = question::answer(self.clone(), slot, question, subject);
                tasks.spawn(answer);
            }
            Err(NoSlot::Busy) => self.refuse(&subject, accept::busy()),
            Err(NoSlot::Superfluous) => {}
        }
    }

    /// Sends a problem, unless the connection is so busy that it would have to wait.
    fn refuse(&self, subject: &str, problem: Vec<u8>) {
        let message = question::message(subject, Kind::Problem, problem.into());
        let _ = question::send(self.link.client(), message).now_or_never();
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
            self.running.stop_all();
            let _ = timeout(FLUSH, tasks.wait()).await;
        }
        if self.link.is_up() {
            let _ = timeout(FLUSH, self.link.client().flush()).await;
        }
    }
}
