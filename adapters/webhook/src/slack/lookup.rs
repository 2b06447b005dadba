//! A running lookup, and the message about its result.

use netvane_core::{
    Engine, Failure, Input, Reply, Request,
    command::Registry,
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
pub(super) struct Message {
    pub(super) document: Document,
    /// Text that ends the message, also where the rest is cut: the next commands.
    pub(super) end: Option<Block>,
    /// Concerns only the user who asked.
    pub(super) personal: bool,
}

impl From<Document> for Message {
    fn from(document: Document) -> Self {
        Self {
            document,
            end: None,
            personal: true,
        }
    }
}

/// Returns the message for a result. Commands in it have the chat's spelling.
pub(super) fn present_outcome(
    registry: &Registry,
    outcome: Result<Reply, Failure>,
    input: &Input,
    spelling: &Spelling,
) -> Message {
    let (mut document, end) = match &outcome {
        Ok(reply) => (
            reply.document().clone(),
            next_commands(registry, reply, spelling),
        ),
        Err(failure) => (netvane_chat::problem(failure, input), None),
    };
    let personal = match &outcome {
        Ok(reply) => netvane_chat::is_personal(registry, Ok(reply)),
        Err(_) => true,
    };
    if outcome.is_err() || outcome.is_ok_and(|reply| reply.command == "help") {
        spelling.apply(&mut document);
    }

    Message {
        document,
        end,
        personal,
    }
}

/// Returns the first follow-up lookups as the user has to write them; `None` if there are none.
fn next_commands(registry: &Registry, reply: &Reply, spelling: &Spelling) -> Option<Block> {
    let lines = registry
        .follow_ups(reply)
        .into_iter()
        .map(|next| spelling.spell(&next.line()))
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
