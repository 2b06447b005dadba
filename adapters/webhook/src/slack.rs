//! `POST /hooks/slack`: slash commands in Slack's format, which Mattermost and Rocket.Chat send,
//! too.
//!
//! A chat waits 3 seconds. A reply that takes longer is sent to the command's `response_url`.

mod blocks;
mod dialect;
mod form;
mod later;
mod lookup;
mod markdown;
mod sender;
mod spelling;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use netvane_core::{Failure, Input, Reply, Request, document::Document, settings::Http};
use serde_json::Value;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{api::service::method_not_allowed, app::App, body, response::problem};
use dialect::{Dialect, Readers};
use form::Form;
use later::{Deliveries, Delivery};
use lookup::{Lookup, Origin, Progress, invitation, look_up, note, present_outcome};
use sender::Senders;

/// Time to wait for a lookup: the chat's 3 seconds, less the time on the network.
const PATIENCE: Duration = Duration::from_millis(2300);

/// Most lookups with outstanding replies at a time.
const MOST_OPEN: usize = 256;

/// On shutdown, time to tell users that their lookups are not completed.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// State of the slash command handler.
pub(crate) struct Slack {
    senders: Senders,
    in_channel: bool,
    open: Arc<Semaphore>,
    tasks: TaskTracker,
    ending: CancellationToken,
}

/// State that the handler extracts.
#[derive(Clone)]
struct Hook {
    app: App,
    slack: Arc<Slack>,
}

impl Slack {
    /// Builds the state from settings that have been validated.
    pub(crate) fn new(http: &Http) -> Self {
        Self {
            senders: Senders::new(&http.slack_signing_secret, &http.slash_tokens),
            in_channel: http.slash_in_channel,
            open: Arc::new(Semaphore::new(MOST_OPEN)),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
        }
    }

    /// Waits this long for open replies; users of the others are told that the server stopped.
    pub(crate) async fn finish(&self, drain: Duration) {
        self.tasks.close();
        if timeout(drain, self.tasks.wait()).await.is_err() {
            self.ending.cancel();
            let _ = timeout(LAST_WORDS, self.tasks.wait()).await;
        }
    }

    /// Returns who reads the answer: the operator may hide it by a setting and by rules.
    fn readers(&self, app: &App, origin: &Origin) -> Readers {
        let engine = &app.engine;
        let is_private = engine.understood(&origin.input).is_ok_and(|command| {
            engine
                .runtime()
                .is_private(origin.platform, &origin.caller, command)
        });
        if self.in_channel && !is_private {
            Readers::Channel
        } else {
            Readers::Requester
        }
    }
}

/// Builds the route with its own state.
pub(crate) fn router(app: App, slack: Arc<Slack>) -> Router {
    Router::new()
        .route("/hooks/slack", post(take))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Hook { app, slack })
}

/// Handles `POST /hooks/slack`: authenticates the sender and runs the command.
async fn take(State(hook): State<Hook>, headers: HeaderMap, body: Body) -> Response {
    let arrived = Instant::now();
    let Hook { app, slack } = &hook;

    if !slack.senders.are_expected() {
        return problem::failure(&Failure::Unavailable(
            "slash commands are not configured; the operator can set `http.slack_signing_secret`, or `http.slash_tokens` for Mattermost and Rocket.Chat"
                .into(),
        ));
    }

    let body = match body::body(app, body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let (platform, form) = match slack
        .senders
        .authenticate(&headers, &body, &app.store)
        .await
    {
        Ok(sent) => sent,
        Err(failure) => {
            metrics::counter!("netvane_http_refused_total", "credential" => "slash").increment(1);
            return problem::failure(&failure);
        }
    };

    if form.is_check() {
        return StatusCode::OK.into_response();
    }

    Json(respond(&hook, platform, form, arrived).await).into_response()
}

/// Returns the reply if it is ready in time, otherwise a message that it follows.
async fn respond(hook: &Hook, platform: Dialect, form: Form, arrived: Instant) -> Value {
    let Hook { app, slack } = hook;
    let origin = Origin {
        platform: platform.platform(),
        caller: form.caller(),
        input: Input::Text(form.line(platform, app.engine.registry())),
        spelling: form.spelling(app.engine.registry()),
    };
    let Ok(permit) = slack.open.clone().try_acquire_owned() else {
        let text = "Too many lookups are running. Please try again in a minute.";
        return platform.message(&note("Busy", text).into(), Readers::Requester);
    };

    let readers = slack.readers(app, &origin);
    let request = Request::new(origin.platform, origin.input.clone()).by(origin.caller.clone());
    let (mut lookup, mut progress) = look_up(&app.engine, request);
    let invited = tokio::select! {
        biased;
        answer = &mut lookup => {
            let outcome = answer.unwrap_or(Err(Failure::Internal));
            let message = present_outcome(&app.engine, outcome, &origin);
            return platform.message(&message, readers);
        }
        invitation = invitation(&mut progress) => Some(invitation),
        () = sleep_until((arrived + PATIENCE).into()) => None,
    };

    let open = Open {
        lookup,
        progress,
        invited,
        origin,
        arrived,
        readers,
        permit,
    };

    let document = match form.response_url(&app.engine).await {
        Ok(url) => later(
            slack,
            Deliveries::new(app.engine.clone(), url, platform),
            open,
        ),
        Err(why) => not_later(slack, platform, open, &why),
    };

    platform.message(&document.into(), Readers::Requester)
}

/// A lookup whose reply was not ready in time.
struct Open {
    lookup: Lookup,
    progress: Progress,
    /// The message with a link that the user has to open first.
    invited: Option<Reply>,
    origin: Origin,
    arrived: Instant,
    readers: Readers,
    permit: OwnedSemaphorePermit,
}

/// Schedules delivery of the reply, and returns what is shown until then.
fn later(slack: &Slack, deliveries: Deliveries, open: Open) -> Document {
    // A visitor who presses Share on the link's page posts the result for everyone.
    let readers = if open.invited.is_some() {
        Readers::Channel
    } else {
        open.readers
    };

    let delivery = Delivery {
        lookup: open.lookup,
        progress: open.progress,
        preview: open.invited.clone(),
        origin: open.origin,
        readers,
        arrived: open.arrived,
        ending: slack.ending.clone(),
    };

    slack.tasks.spawn(async move {
        deliveries.run(delivery).await;
        drop(open.permit);
    });

    match open.invited {
        Some(reply) => reply.document().clone(),
        None => note("Looking up …", "Working on it…"),
    }
}

/// Returns the message for a reply that cannot be delivered.
fn not_later(slack: &Slack, platform: Dialect, open: Open, why: &str) -> Document {
    tracing::warn!(
        adapter = platform.platform().name(),
        "could not deliver the reply: {why}"
    );
    if open.invited.is_none() {
        // Let the lookup finish, so that running the same command again finds the reply in the
        // cache.
        slack.tasks.spawn(async move {
            let _ = open.lookup.await;
            drop(open.permit);
        });
    }
    let text = format!(
        "The lookup takes longer than the chat waits, and the reply cannot be delivered later: {why}"
    );
    note("Please try again in a moment", text)
}

/// Whether a request is signed with this secret.
#[cfg(feature = "fuzzing")]
pub(crate) fn is_signed(secret: &[u8], headers: &HeaderMap, body: &[u8], now: u64) -> bool {
    sender::is_signed(secret, headers, body, now)
}
