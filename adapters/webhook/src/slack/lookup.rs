//! A lookup that runs for someone, and what is said of its outcome.

use netvane_core::{
    Engine, Failure, Input, Reply, Request,
    document::{Block, Document, Severity},
};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Ends when nobody waits for it any more.
pub(super) type Lookup = AbortOnDropHandle<Result<Reply, Failure>>;
/// What is found so far.
pub(super) type Progress = watch::Receiver<Option<Reply>>;

/// Starts a lookup; gives its future and its progress.
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

/// A link that the user has to open before the lookup can run.
pub(super) async fn invitation(progress: &mut Progress) -> Reply {
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
pub(super) fn present_outcome(outcome: Result<Reply, Failure>, input: &Input) -> (Document, bool) {
    match outcome {
        Ok(reply) => (reply.rendition.document().clone(), true),
        Err(failure) => (netvane_chat::problem(&failure, input), false),
    }
}

/// A document of a title and one sentence.
pub(super) fn note(title: &str, text: impl Into<String>) -> Document {
    Document::new(title, text, Severity::Neutral)
}
