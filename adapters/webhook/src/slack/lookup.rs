//! A running lookup, and the message about its result.

use netvane_core::{
    Caller, Engine, Failure, Input, Platform, Reply, Request,
    command::follow_ups::FollowUp,
    document::{Block, Document, Severity},
};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::spelling::Spelling;

/// Most follow-up commands at the end of an answer.
const NEXT: usize = 2;

/// A lookup that is cancelled when this is dropped.
pub(super) type Lookup = AbortOnDropHandle<Result<Reply, Failure>>;
/// The latest partial result of a lookup.
pub(super) type Progress = watch::Receiver<Option<Reply>>;

/// Starts a lookup; returns its handle and its progress.
pub(super) fn look_up(engine: &Engine, request: Request) -> (Lookup, Progress) {
    let (sender, progress) = watch::channel(None);
    let engine = engine.clone();
    let lookup = tokio::spawn(async move {
        engine
            .ask(request, |so_far| drop(sender.send_replace(Some(so_far))))
            .await
    });
    (AbortOnDropHandle::new(lookup), progress)
}

/// Waits for a partial result with a link that the user has to open before the lookup can run.
pub(super) async fn invitation(progress: &mut Progress) -> Reply {
    // A result of a lookup may also have a link, but never alone.
    let is_invitation = |reply: &Option<Reply>| {
        reply
            .as_ref()
            .is_some_and(|reply| matches!(reply.document().blocks[..], [Block::Link { .. }]))
    };
    match progress
        .wait_for(is_invitation)
        .await
        .map(|reply| reply.clone())
    {
        Ok(Some(reply)) => reply,
        _ => std::future::pending().await,
    }
}

/// A message about the result of a lookup.
pub(super) struct SlackMessage {
    pub(super) document: Document,
    /// Text that ends the message, also where the rest is cut: the next commands.
    pub(super) end: Option<Block>,
    /// Concerns only the user who asked.
    pub(super) personal: bool,
}

impl From<Document> for SlackMessage {
    fn from(document: Document) -> Self {
        Self {
            document,
            end: None,
            personal: true,
        }
    }
}

/// A command line, who sent it, and how commands are written there.
pub(super) struct Origin {
    pub(super) platform: Platform,
    pub(super) caller: Caller,
    pub(super) input: Input,
    pub(super) spelling: Spelling,
}

/// Returns the message for a result. Commands in it have the chat's spelling.
pub(super) fn present_outcome(
    engine: &Engine,
    outcome: Result<Reply, Failure>,
    origin: &Origin,
) -> SlackMessage {
    let (mut document, end) = match &outcome {
        Ok(reply) => (
            reply.document().clone(),
            next_commands(engine, reply, origin),
        ),
        Err(failure) => (netvane_chat::problem(failure, &origin.input), None),
    };
    let personal = match &outcome {
        Ok(reply) => netvane_chat::is_personal(engine.registry(), Ok(reply)),
        Err(_) => true,
    };
    if outcome.is_err() || outcome.is_ok_and(|reply| reply.command == "help") {
        origin.spelling.apply(&mut document);
    }

    SlackMessage {
        document,
        end,
        personal,
    }
}

/// Returns the first follow-up lookups that the user may run, as the user has to write them; `None` if there are none.
fn next_commands(engine: &Engine, reply: &Reply, origin: &Origin) -> Option<Block> {
    let runtime = engine.runtime();
    let may_run = |next: &FollowUp| runtime.may_run(origin.platform, &origin.caller, next.command);
    let lines = engine
        .registry()
        .follow_ups(reply)
        .into_iter()
        .filter(may_run)
        .map(|next| origin.spelling.spell(&next.line()))
        // The end of a code span.
        .filter(|line| !line.contains('`'));
    let commands: Vec<String> = lines.take(NEXT).map(|line| format!("`{line}`")).collect();
    (!commands.is_empty()).then(|| Block::Text {
        text: format!("Next: {}", commands.join(" · ")),
    })
}

/// Builds a document with a title and one sentence.
pub(super) fn note(title: &str, text: impl Into<String>) -> Document {
    Document::new(title, text, Severity::Neutral)
}
