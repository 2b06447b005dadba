//! A running lookup, and the message about its result.

use netvane_core::{
    Engine, Failure, Input, Reply, Request,
    document::{Block, Document, Severity},
};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::spelling::Spelling;

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

/// Returns the document to show for a result, and whether the lookup succeeded. Commands in help and errors have the
/// chat's spelling.
pub(super) fn present_outcome(
    outcome: Result<Reply, Failure>,
    input: &Input,
    spelling: &Spelling,
) -> (Document, bool) {
    let (mut document, is_answer) = match &outcome {
        Ok(reply) => (reply.document().clone(), true),
        Err(failure) => (netvane_chat::problem(failure, input), false),
    };
    if outcome.is_err() || outcome.is_ok_and(|reply| reply.command == "help") {
        spelling.apply(&mut document);
    }
    (document, is_answer)
}

/// Builds a document with a title and one sentence.
pub(super) fn note(title: &str, text: impl Into<String>) -> Document {
    Document::new(title, text, Severity::Neutral)
}
