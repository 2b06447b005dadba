//! Replies after the chat's timeout: POSTs to its `response_url`, at most five within 30 minutes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, HeaderValue, header};
use netvane_core::{Engine, Failure, Reply};
use tokio::time::{sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    dialect::{Dialect, Readers},
    lookup::{Lookup, Origin, Progress, SlackMessage, note, present_outcome},
};

/// Timeout of one POST request.
const CALL: Duration = Duration::from_secs(10);

/// Time after a command in which replies are sent; the chat accepts them for 30 minutes.
const LIFE: Duration = Duration::from_secs(29 * 60);

/// Progress is shown after these times at most.
const SHOWN_AFTER: [Duration; 3] = [
    Duration::from_secs(4),
    Duration::from_secs(15),
    Duration::from_secs(45),
];

/// Most POSTs to one URL; after showing all progress, two are left for the reply.
const MOST_POSTS: usize = 5;
const TRIES: usize = 3;
const BETWEEN: Duration = Duration::from_secs(2);

/// Sends replies to one `response_url`.
pub(super) struct Deliveries {
    engine: Engine,
    url: Url,
    platform: Dialect,
    posts: usize,
}

/// A lookup whose reply is to be sent.
pub(super) struct Delivery {
    pub(super) lookup: Lookup,
    pub(super) progress: Progress,
    /// The progress that the user has already seen.
    pub(super) preview: Option<Reply>,
    pub(super) origin: Origin,
    pub(super) readers: Readers,
    pub(super) arrived: Instant,
    pub(super) ending: CancellationToken,
}

/// Why a POST failed.
enum Trouble {
    /// Temporary error; a retry may succeed.
    Passing(String),
    /// Permanent error; no retry follows.
    Lasting(String),
}

impl Deliveries {
    pub(super) fn new(engine: Engine, url: Url, platform: Dialect) -> Self {
        Self {
            engine,
            url,
            platform,
            posts: 0,
        }
    }

    /// Shows progress, and finally the reply.
    pub(super) async fn run(mut self, mut delivery: Delivery) {
        let end = (delivery.arrived + LIFE).into();
        let shown = timeout_at(end, self.follow(&mut delivery)).await;
        let message = match shown {
            Ok(Some(outcome)) => present_outcome(&self.engine, outcome, &delivery.origin),
            Ok(None) => {
                let text = "Netvane is restarting. Please try again in a minute.";
                note("Interrupted", text).into()
            }
            Err(_) => return,
        };
        self.conclude(&message, delivery.readers).await;
    }

    /// Waits for the result and shows progress meanwhile; `None` if the process ends first.
    async fn follow(&mut self, delivery: &mut Delivery) -> Option<Result<Reply, Failure>> {
        let Delivery {
            lookup,
            progress,
            preview,
            ending,
            ..
        } = delivery;

        let begun = Instant::now();

        // Only Slack replaces the previous message; elsewhere each progress would be another
        // message.
        let mut shows = match self.platform {
            Dialect::Slack => SHOWN_AFTER.as_slice(),
            Dialect::Other => &[],
        }
        .iter();

        let mut next = shows.next();

        loop {
            let pause = begun + next.copied().unwrap_or(LIFE);

            tokio::select! {
                biased;
                outcome = &mut *lookup => return Some(outcome.unwrap_or(Err(Failure::Internal))),
                () = ending.cancelled() => return None,
                () = sleep_until(pause.into()) => {}
            }

            next = shows.next();
            let so_far = progress.borrow().clone();
            let rendition = |reply: &Reply| Arc::as_ptr(&reply.rendition);
            if so_far.as_ref().map(rendition) == preview.as_ref().map(rendition) {
                continue;
            }

            *preview = so_far;
            if let Some(reply) = preview {
                let mut document = reply.document().clone();
                document.title += " …";
                // Failing to show progress does no harm.
                let _ = self.post(&document.into(), Readers::Requester).await;
            }
        }
    }

    async fn conclude(&mut self, message: &SlackMessage, readers: Readers) {
        for _ in 0..TRIES {
            let why = match self.post(message, readers).await {
                Ok(()) => return,
                Err(Trouble::Lasting(why)) => {
                    tracing::warn!(
                        adapter = self.platform.platform().name(),
                        why,
                        "platform rejected a message"
                    );
                    return;
                }
                Err(Trouble::Passing(why)) => why,
            };

            tracing::info!(
                adapter = self.platform.platform().name(),
                why,
                "platform rejected a message, retrying"
            );

            if self.posts >= MOST_POSTS {
                break;
            }

            sleep(BETWEEN).await;
        }

        tracing::warn!(
            adapter = self.platform.platform().name(),
            "an answer was given up"
        );
    }

    async fn post(&mut self, message: &SlackMessage, readers: Readers) -> Result<(), Trouble> {
        self.posts += 1;
        let personal = message.personal;
        let mut message = self.platform.message(message, readers);

        if self.platform == Dialect::Slack {
            // An ephemeral message cannot become a public one, so the reply is a new message.
            message["replace_original"] = (personal || readers == Readers::Requester).into();
        }

        let json = HeaderValue::from_static("application/json; charset=utf-8");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);

        let runtime = self.engine.runtime();

        match runtime
            .http()
            .post(&self.url, headers, message.to_string(), CALL)
            .await
        {
            Ok(answer) => match answer.status {
                200..=299 => Ok(()),
                status @ (408 | 425 | 429 | 500..=599) => {
                    Err(Trouble::Passing(format!("HTTP {status}")))
                }
                status => Err(Trouble::Lasting(format!("HTTP {status}"))),
            },
            Err(refused @ Failure::Refused { .. }) => Err(Trouble::Lasting(refused.to_string())),
            Err(failure) => Err(Trouble::Passing(failure.to_string())),
        }
    }
}
