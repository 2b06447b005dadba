//! Asks agents on behalf of the engine.

mod ask;
mod questions;

use std::{sync::Arc, time::Duration};

use async_nats::{Message, StatusCode, Subscriber};
use futures::{StreamExt as _, future::BoxFuture};
use netvane_core::{
    Failure,
    vantage::{Agent, Agents, Question, Unanswered},
};
use serde_json::Value;
use tokio::sync::mpsc;
use ulid::Ulid;

use crate::{
    caller::CallerHash,
    connect::{Link, LinkState},
    directory::Directory,
    messages::{KIND, Kind, MAX_ANSWER},
    metrics, subjects,
};
use questions::{News, Questions};

/// Requests to stop that wait to be sent.
const STOPS: usize = 1024;
/// Interval at which the number of agents is counted.
const COUNT: Duration = Duration::from_secs(5);

/// Asks agents and knows which there are. Clones share the connection.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    link: Link,
    /// Name of this process among the replicas; part of the subject of answers.
    replica: String,
    callers: CallerHash,
    directory: Arc<Directory>,
    questions: Arc<Questions>,
    /// Agents and questions that nobody waits for any more.
    stops: mpsc::Sender<(String, String)>,
}

impl Hub {
    /// Subscribes to what agents send, and asks which are there. Works as soon as there is a connection.
    ///
    /// # Errors
    /// The connection is closed, or the system has no random numbers.
    pub async fn start(link: Link) -> Result<Self, Failure> {
        let replica = Ulid::new().to_string();
        let callers = CallerHash::new(link.key())?;
        let client = link.client();
        let subscribe = |subject: String| async move {
            let subscription = client.subscribe(subject).await;
            subscription.map_err(|error| Failure::Unavailable(error.to_string()))
        };
        let hellos = subscribe(subjects::HELLOS.to_owned()).await?;
        let replies = subscribe(subjects::replies(&replica)).await?;
        let (stops, to_stop) = mpsc::channel(STOPS);

        let hub = Inner {
            link: link.clone(),
            replica,
            callers,
            directory: Arc::default(),
            questions: Arc::default(),
            stops,
        };
        tokio::spawn(read_hellos(hellos, hub.directory.clone()));
        tokio::spawn(dispatch(replies, hub.questions.clone()));
        tokio::spawn(send_stops(to_stop, link.clone()));
        tokio::spawn(call_roll(link));
        Ok(Self(Arc::new(hub)))
    }
}

impl Agents for Hub {
    fn reachable(&self) -> Result<(), Failure> {
        self.0.link.check()
    }

    fn list(&self) -> Vec<Arc<Agent>> {
        self.0.directory.list()
    }

    fn ask(
        &self,
        agent: &str,
        question: Question,
        progress: Box<dyn FnMut(Value) + Send>,
    ) -> BoxFuture<'static, Result<Value, Unanswered>> {
        let (hub, agent) = (self.0.clone(), agent.to_owned());
        Box::pin(async move {
            let answer = ask::ask(&hub, &agent, &question, progress).await;
            metrics::question(ask::outcome(&answer));
            answer
        })
    }
}

async fn read_hellos(mut hellos: Subscriber, directory: Arc<Directory>) {
    let mut count = tokio::time::interval(COUNT);
    loop {
        tokio::select! {
            message = hellos.next() => match message {
                Some(message) => directory.take(&message.subject, &message.payload),
                None => return,
            },
            _ = count.tick() => metrics::present(directory.present()),
        }
    }
}

/// Gives each answer to the question that waits for it. Never waits for a question, so that no agent can hold up another.
async fn dispatch(mut replies: Subscriber, questions: Arc<Questions>) {
    while let Some(message) = replies.next().await {
        let Some((agent, _, id)) = subjects::parts_of_reply(&message.subject) else {
            metrics::dropped("subject");
            continue;
        };
        match news(&message) {
            Some(news) => questions.tell(agent, id, news),
            None => metrics::dropped("kind"),
        }
    }
}

fn news(message: &Message) -> Option<News> {
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        return Some(News::NobodyThere);
    }
    let kind = message.headers.as_ref()?.get(KIND)?;
    let payload = &message.payload;
    let is_large = payload.len() > MAX_ANSWER;
    Some(match Kind::from_name(kind.as_str())? {
        Kind::Ack | Kind::Alive => News::Alive,
        Kind::Progress if is_large => {
            metrics::dropped("too_large");
            News::Alive
        }
        Kind::Progress => News::Progress(payload.clone()),
        Kind::Reply | Kind::Problem if is_large => News::Unreadable,
        Kind::Reply => News::Reply(payload.clone()),
        Kind::Problem => News::Problem(payload.clone()),
    })
}

/// Tells agents to stop. Not while the connection is down: the deadline ends the lookup then.
async fn send_stops(mut stops: mpsc::Receiver<(String, String)>, link: Link) {
    while let Some((agent, id)) = stops.recv().await {
        if link.is_up() {
            let subject = subjects::stop(&agent, &id);
            let _ = link.client().publish(subject, bytes::Bytes::new()).await;
        }
    }
}

/// Asks for heartbeats each time the connection is made.
async fn call_roll(link: Link) {
    let mut changes = link.changes();
    loop {
        if *changes.borrow_and_update() == LinkState::Up {
            let _ = link
                .client()
                .publish(subjects::ROLL, bytes::Bytes::new())
                .await;
        }
        if changes.changed().await.is_err() {
            return;
        }
    }
}
