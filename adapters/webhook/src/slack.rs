//! `POST /hooks/slack`: slash commands in Slack's form, which Mattermost and Rocket.Chat send, too.
//!
//! A chat waits 3 seconds. What is not found by then is delivered to the address that came with the command.

mod blocks;
mod form;
mod later;
mod markdown;
mod sender;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use netvane_core::{
    Failure, Input, Platform, Reply, Request,
    document::{Block, Document, Severity},
    settings::Http,
};
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, watch},
    time::{sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle, task::TaskTracker};

use crate::{App, ask, problem};
use form::Form;
use later::{Deliveries, Delivery};
use sender::Senders;

/// Of the 3 seconds that a chat waits, what the way there and back leaves.
const PATIENCE: Duration = Duration::from_millis(2300);

/// Questions whose answers may be outstanding at a time.
const MOST_OPEN: usize = 256;

/// At the end, what cannot be answered any more is told within this time.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What this path needs to know.
pub(crate) struct Slack {
    senders: Senders,
    in_channel: bool,
    open: Arc<Semaphore>,
    tasks: TaskTracker,
    ending: CancellationToken,
}

/// Whose form it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// Takes blocks, and replaces what was said before.
    Slack,
    /// Mattermost, Rocket.Chat and the like: markdown.
    Other,
}

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readers {
    Asker,
    Channel,
}

/// A lookup that runs for someone.
type Lookup = AbortOnDropHandle<Result<Reply, Failure>>;
type Progress = watch::Receiver<Option<Reply>>;

impl Slack {
    /// From settings that have been checked.
    pub(crate) fn new(http: &Http) -> Self {
        Self {
            senders: Senders::new(&http.slack_signing_secret, &http.slash_tokens),
            in_channel: http.slash_in_channel,
            open: Arc::new(Semaphore::new(MOST_OPEN)),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
        }
    }

    /// Gives what is outstanding this long; who still waits then is told that it was in vain.
    pub(crate) async fn finish(&self, drain: Duration) {
        self.tasks.close();
        if timeout(drain, self.tasks.wait()).await.is_err() {
            self.ending.cancel();
            let _ = timeout(LAST_WORDS, self.tasks.wait()).await;
        }
    }

    fn readers(&self) -> Readers {
        if self.in_channel {
            Readers::Channel
        } else {
            Readers::Asker
        }
    }
}

impl Dialect {
    fn platform(self) -> Platform {
        match self {
            Self::Slack => Platform::Slack,
            Self::Other => Platform::Slash,
        }
    }

    /// As the metrics and the log name it.
    fn name(self) -> &'static str {
        self.platform().name()
    }

    fn message(self, document: &Document, readers: Readers) -> Value {
        let response_type = match readers {
            Readers::Asker => "ephemeral",
            Readers::Channel => "in_channel",
        };
        match self {
            Self::Slack => json!({
                "response_type": response_type,
                // For notifications; the blocks are what is shown.
                "text": blocks::fallback(document),
                "mrkdwn": false,
                "unfurl_links": false,
                "unfurl_media": false,
                "blocks": blocks::blocks(document),
            }),
            Self::Other => {
                json!({ "response_type": response_type, "text": markdown::message(document) })
            }
        }
    }
}

/// `POST /hooks/slack`
pub(crate) async fn take(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let arrived = Instant::now();
    if !app.slack.senders.are_expected() {
        return problem::failure(&Failure::Unavailable(
            "slash commands are not set up here: the operator can set `http.slack_signing_secret`, or `http.slash_tokens` for Mattermost and Rocket.Chat"
                .into(),
        ));
    }
    let body = match ask::body(&app, body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let (platform, form) = match app.slack.senders.sent(&headers, &body) {
        Ok(sent) => sent,
        Err(failure) => {
            metrics::counter!("netvane_http_refused_total", "credential" => "slash").increment(1);
            return problem::failure(&failure);
        }
    };
    if form.is_check() {
        return StatusCode::OK.into_response();
    }
    Json(said(&app, platform, form, arrived).await).into_response()
}

/// The answer, if it is there in time; else a word that it follows.
async fn said(app: &App, platform: Dialect, form: Form, arrived: Instant) -> Value {
    let slack = &app.slack;
    let say = |document: &Document| platform.message(document, Readers::Asker);
    let input = Input::Text(form.line(platform, app.engine.registry()));
    let Ok(permit) = slack.open.clone().try_acquire_owned() else {
        return say(&note(
            "Busy",
            "Too many questions are being answered. Please ask again in a minute.",
        ));
    };

    let (mut lookup, mut progress) = look_up(
        app,
        Request::new(platform.platform(), input.clone()).by(form.caller()),
    );
    let invited = tokio::select! {
        biased;
        answer = &mut lookup => {
            let (document, is_answer) = told(answer.unwrap_or(Err(Failure::Internal)), &input);
            let readers = if is_answer { slack.readers() } else { Readers::Asker };
            return platform.message(&document, readers);
        }
        invitation = invitation(&mut progress) => Some(invitation),
        () = sleep_until((arrived + PATIENCE).into()) => None,
    };

    let deliveries = match form.response_url(&app.engine).await {
        Ok(url) => Deliveries::new(app.engine.runtime().http().clone(), url, platform),
        Err(why) => {
            tracing::warn!(
                adapter = platform.name(),
                "an answer cannot be delivered: {why}"
            );
            if invited.is_none() {
                // Whoever asks again finds it.
                slack.tasks.spawn(async move {
                    let _ = lookup.await;
                    drop(permit);
                });
            }
            let text = format!(
                "This takes longer than a chat waits, and it cannot be delivered later: {why}"
            );
            return say(&note("Ask again in a moment", text));
        }
    };

    // Whoever opens a link and presses Share there says it to all.
    let readers = if invited.is_some() {
        Readers::Channel
    } else {
        slack.readers()
    };

    let (seen, ending) = (invited.clone(), slack.ending.clone());
    let delivery = Delivery {
        lookup,
        progress,
        seen,
        input,
        readers,
        arrived,
        ending,
    };

    slack.tasks.spawn(async move {
        deliveries.run(delivery).await;
        drop(permit);
    });

    match invited {
        Some(reply) => say(reply.rendition.document()),
        None => say(&note(
            "Looking …",
            "This takes a moment; the answer follows here.",
        )),
    }
}

fn look_up(app: &App, request: Request) -> (Lookup, Progress) {
    let (sender, progress) = watch::channel(None);
    let engine = app.engine.clone();
    let lookup = tokio::spawn(async move {
        engine
            .ask(request, |so_far| drop(sender.send_replace(Some(so_far))))
            .await
    });
    (AbortOnDropHandle::new(lookup), progress)
}

/// A link that the asker has to open before there can be an answer.
async fn invitation(progress: &mut Progress) -> Reply {
    let is_link = |reply: &Option<Reply>| {
        let blocks = reply
            .iter()
            .flat_map(|reply| &reply.rendition.document().blocks);
        blocks
            .into_iter()
            .any(|block| matches!(block, Block::Link { .. }))
    };
    match progress.wait_for(is_link).await.map(|reply| reply.clone()) {
        Ok(Some(reply)) => reply,
        _ => std::future::pending().await,
    }
}

/// What is said of an outcome, and whether it is an answer.
fn told(outcome: Result<Reply, Failure>, input: &Input) -> (Document, bool) {
    match outcome {
        Ok(reply) => (reply.rendition.document().clone(), true),
        Err(failure) => (netvane_chat::problem(&failure, input), false),
    }
}

fn note(title: &str, text: impl Into<String>) -> Document {
    Document::new(title, text, Severity::Neutral)
}

/// Whether a request is signed with this secret.
#[cfg(feature = "fuzzing")]
pub(crate) fn is_signed(secret: &[u8], headers: &HeaderMap, body: &[u8], now: u64) -> bool {
    sender::Senders::is_signed(secret, headers, body, now)
}
