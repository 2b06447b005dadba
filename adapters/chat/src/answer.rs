//! Handling of one request, from accepted to final reply. It is the same on every platform.

use std::{sync::OnceLock, time::Duration};

use futures::future::OptionFuture;
use netvane_core::{
    Failure, Reply, Request, UsageError,
    command::{follow_ups::FollowUp, targets},
    document::{Document, Severity},
};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    button_store::{ButtonStore, Controls, PendingSave},
    chat::{Chat, Inner},
    chat_message::{Button, ChatMessage, note, problem},
    journal::{self, OpenJob, log_unkept},
    message_sink::{CALL, MessageSink, SendError},
    personal::is_personal,
    question::{ChatRequest, Ended},
};

/// Time that a running lookup still gets after shutdown has started.
const GRACE: Duration = Duration::from_secs(5);

/// Interval at which partial results are checked and shown.
const LOOK: Duration = Duration::from_millis(500);

/// Content of the final message: a document, and its buttons and menu.
struct Last {
    document: Document,
    controls: Controls,
}

impl Chat {
    /// Runs the lookup, shows its progress and then its reply. If the platform limits the rate or
    /// fails for a while, the final message is retried until `question.time` is over.
    pub async fn answer(&self, mut question: ChatRequest, sink: &mut impl MessageSink) -> Ended {
        let inner = &self.0;
        let deadline = Instant::now() + question.time;
        let cancel = CancellationToken::new();
        let _on_desk = inner
            .button_store
            .begin(&question.id, &question.requester, cancel.clone());
        let job = question.job(sink.place());
        let persist_guard = question.persist_guard.take();
        let (resumed, open) = (question.open.take(), OnceLock::new());
        let accepted = async {
            let accepted = match resumed {
                Some(open) => Some(open),
                None => inner.journal.accept(&job, question.update.as_deref()).await,
            };
            drop(persist_guard);
            match accepted {
                Some(accepted) => drop(open.set(accepted)),
                None => cancel.cancel(),
            }
        };

        // The journal entry is written while the lookup runs. Something is shown only when it is
        // there: otherwise a crash could lose track of the request.
        let (ended, ()) = tokio::join!(self.find(&question, sink, &cancel, &open), accepted);
        let Some(open) = open.get() else {
            return Ended::Duplicate;
        };
        let (last, kept) = self.last(&question, &ended);
        let remembered = OptionFuture::from(kept);
        let shown = async {
            let message = ChatMessage {
                document: &last.document,
                buttons: &last.controls.buttons,
                menu: last.controls.menu.as_ref(),
                working: false,
                personal: self.is_personal(&ended),
            };
            match self
                .send_with_retry(
                    question.bucket,
                    sink,
                    &message,
                    deadline,
                    Some((&question, open)),
                )
                .await
            {
                Ok(()) => ended,
                Err(error) => {
                    tracing::warn!(
                        adapter = inner.platform.name(),
                        ?error,
                        "platform rejected a message"
                    );
                    Ended::Lost(error)
                }
            }
        };

        let (ended, remembered) = tokio::join!(shown, remembered);
        remembered.into_iter().for_each(log_unkept);
        log_unkept(inner.journal.close(open).await);

        ended
    }

    /// Runs the lookup and shows its progress until it ends, is cancelled, or the process shuts
    /// down.
    async fn find(
        &self,
        question: &ChatRequest,
        sink: &mut impl MessageSink,
        cancel: &CancellationToken,
        open: &OnceLock<OpenJob>,
    ) -> Ended {
        let inner = &self.0;
        let mut request =
            Request::new(inner.platform, question.input.clone()).by(question.caller.clone());
        request.fresh = question.fresh;
        let (sender, mut progress) = watch::channel(None::<Reply>);
        let lookup = inner.engine.ask(request, move |so_far| {
            drop(sender.send_replace(Some(so_far)))
        });
        let ending = async {
            inner.shutdown.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::pin!(lookup, ending);
        let (mut shown, mut unseen) = (false, None::<Reply>);
        let mut look = Instant::now() + question.patience;

        loop {
            tokio::select! {
                biased;
                answer = &mut lookup => {
                    return match answer {
                        Ok(reply) => Ended::Answered(reply),
                        Err(failure) => Ended::Failed(failure),
                    };
                }
                () = cancel.cancelled() => return Ended::Cancelled,
                () = &mut ending => return Ended::Interrupted,
                () = tokio::time::sleep_until(look) => {}
            }

            look = Instant::now() + LOOK;
            let Some(open) = open.get() else {
                continue;
            };
            open.keep_alive();
            // What the platform did not take is shown the next time: it may be all there is to see.
            if progress.has_changed().unwrap_or_default() {
                unseen = progress.borrow_and_update().clone();
            }
            if (shown && unseen.is_none()) || !inner.send_limiter.may_show_progress(question.bucket)
            {
                continue;
            }

            if self.show_progress(question, sink, unseen.as_ref()).await {
                unseen = None;
                if !shown {
                    shown = true;
                    log_unkept(
                        inner
                            .journal
                            .update(open, &question.job(sink.place()))
                            .await,
                    );
                }
            }
        }
    }

    /// Shows the partial result, or "Looking up …" if there is none yet, with a Cancel button. Returns
    /// whether the platform accepted the message.
    async fn show_progress(
        &self,
        question: &ChatRequest,
        sink: &mut impl MessageSink,
        so_far: Option<&Reply>,
    ) -> bool {
        let working = self.working(question);
        let message = ChatMessage {
            document: so_far.map_or(&working, |reply| reply.document()),
            buttons: &[ButtonStore::cancel_button(&question.id)],
            menu: None,
            working: true,
            personal: false,
        };

        match timeout(CALL, sink.show(&message)).await {
            Ok(Ok(())) => true,
            Ok(Err(SendError::RateLimited { wait, everywhere })) => {
                let bucket = (!everywhere).then_some(question.bucket);
                self.0.send_limiter.close(bucket, wait);
                false
            }
            // A lost progress message does no harm, so other errors are ignored here. They are
            // handled when the final message is sent.
            _ => false,
        }
    }

    fn working(&self, question: &ChatRequest) -> Document {
        let command = self.understood(&question.input).unwrap_or("working");
        Document::new(command, "Looking up …", Severity::Neutral)
    }

    fn is_personal(&self, ended: &Ended) -> bool {
        let outcome = match ended {
            Ended::Answered(reply) => Ok(reply),
            Ended::Failed(failure) => Err(failure),
            _ => return false,
        };
        is_personal(self.0.engine.registry(), outcome)
    }

    /// Builds the final message. The second value, if any, is the pending write of its buttons'
    /// state.
    fn last(&self, question: &ChatRequest, ended: &Ended) -> (Last, Option<PendingSave>) {
        let inner = &self.0;
        let plain = |document| (Last::of(document, Vec::new()), None);

        match ended {
            Ended::Answered(reply) => {
                if let Some(target) = targets::of(reply).into_iter().next()
                    && !reply.arguments.is_empty()
                {
                    inner.recent.add(&question.requester, target.text);
                }

                let input = journal::keepable(&question.input);
                let follow_ups = self.follow_ups(question, reply);
                let (controls, kept) = inner.button_store.controls(
                    &inner.engine,
                    &question.id,
                    input,
                    reply,
                    follow_ups,
                );

                (
                    Last {
                        document: reply.document().clone(),
                        controls,
                    },
                    Some(kept),
                )
            }
            Ended::Failed(failure) => self.failed(question, failure),
            Ended::Cancelled => plain(note("Cancelled", "This request has expired.")),
            Ended::Interrupted | Ended::Lost(_) | Ended::Duplicate => plain(note(
                "Interrupted",
                "Netvane is restarting. Please try again in a minute.",
            )),
        }
    }

    /// Returns the follow-up lookups that the user may run.
    fn follow_ups(&self, question: &ChatRequest, reply: &Reply) -> Vec<FollowUp> {
        let Inner {
            engine, platform, ..
        } = &*self.0;
        let runtime = engine.runtime();
        let may_run = |next: &FollowUp| runtime.may_run(*platform, &question.caller, next.command);
        let follow_ups = engine.registry().follow_ups(reply).into_iter();
        follow_ups.filter(may_run).collect()
    }

    /// Builds the message about a failure, with a button that corrects a mistake, or a menu of other resolvers.
    fn failed(&self, question: &ChatRequest, failure: &Failure) -> (Last, Option<PendingSave>) {
        let inner = &self.0;
        let document = problem(failure, &question.input);

        if let Failure::Usage(UsageError {
            suggestion: Some(line),
            ..
        }) = failure
        {
            let label = line.chars().take(40).collect();
            let (buttons, kept) = inner
                .button_store
                .choice(&question.id, vec![(label, line.clone())]);
            return (Last::of(document, buttons), Some(kept));
        }

        let mut last = Last::of(document, Vec::new());
        let menu = if is_personal(inner.engine.registry(), Err(failure)) {
            None
        } else {
            inner
                .button_store
                .menu(&inner.engine, &question.id, &question.input)
        };
        let (menu, kept) = menu.unzip();
        last.controls.menu = menu;
        (last, kept)
    }
}

impl Last {
    fn of(document: Document, buttons: Vec<Button>) -> Self {
        let controls = Controls {
            buttons,
            menu: None,
        };
        Self { document, controls }
    }
}
