//! One question, from accepted to answered: the way that is the same on every platform.

use std::time::Duration;

use futures::future::OptionFuture;
use netvane_core::{
    Failure, Reply, Request, UsageError,
    command::targets,
    document::{Document, Severity},
};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    chat::Chat,
    desk::{Desk, Kept},
    journal::{self, log_unkept},
    outlet::{CALL, Outlet, Trouble},
    page::{Button, Page, note, problem},
    question::{Ended, Question},
};

/// A lookup that runs when the process is to end gets this long.
const GRACE: Duration = Duration::from_secs(5);

/// Progress is looked at this often.
const LOOK: Duration = Duration::from_millis(500);

/// What to show at the end.
struct Last {
    document: Document,
    buttons: Vec<Button>,
}

impl Chat {
    /// Asks, shows progress, and shows the answer. The final page is not lost to a flood or a fault that passes
    /// within the question's time.
    pub async fn answer(&self, mut question: Question, outlet: &mut impl Outlet) -> Ended {
        let inner = &self.0;
        let deadline = Instant::now() + question.time;
        let cancel = CancellationToken::new();
        let _on_desk = inner
            .desk
            .begin(&question.id, &question.asker, cancel.clone());
        let job = question.job(outlet.place());
        let unkept = question.unkept.take();
        let kept = async {
            log_unkept(inner.journal.accept(&job, question.update.as_deref()).await);
            drop(unkept);
        };

        // Written down while the lookup runs; the answer is only shown when both are done.
        let (ended, ()) = tokio::join!(self.find(&question, outlet, &cancel), kept);
        let (last, kept) = self.last(&question, &ended);
        let remembered = OptionFuture::from(kept);
        let shown = async {
            let page = Page {
                document: &last.document,
                buttons: &last.buttons,
                working: false,
            };
            match self
                .insist(question.room, outlet, &page, deadline, Some(&question))
                .await
            {
                Ok(()) => ended,
                Err(trouble) => {
                    tracing::warn!(
                        adapter = inner.platform.name(),
                        ?trouble,
                        "platform rejected a message"
                    );
                    Ended::Lost(trouble)
                }
            }
        };

        let (ended, remembered) = tokio::join!(shown, remembered);
        remembered.into_iter().for_each(log_unkept);
        log_unkept(inner.journal.close(&question.id).await);

        ended
    }

    /// The lookup, with its progress shown.
    async fn find(
        &self,
        question: &Question,
        outlet: &mut impl Outlet,
        cancel: &CancellationToken,
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
        let mut shown = false;
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
            let so_far = match progress.has_changed() {
                Ok(true) => progress.borrow_and_update().clone(),
                _ => None,
            };
            if (shown && so_far.is_none()) || !inner.pace.may_show_progress(question.room) {
                continue;
            }

            if self.show_progress(question, outlet, so_far.as_ref()).await && !shown {
                shown = true;
                log_unkept(inner.journal.open(&question.job(outlet.place())).await);
            }
        }
    }

    /// Shows what is known so far, or that work goes on, with a way to cancel it; whether the platform took it.
    async fn show_progress(
        &self,
        question: &Question,
        outlet: &mut impl Outlet,
        so_far: Option<&Reply>,
    ) -> bool {
        let working = self.working(question);
        let page = Page {
            document: so_far.map_or(&working, |reply| reply.rendition.document()),
            buttons: &[Desk::cancel_button(&question.id)],
            working: true,
        };

        match timeout(CALL, outlet.show(&page)).await {
            Ok(Ok(())) => true,
            Ok(Err(Trouble::Flood { wait, everywhere })) => {
                let room = (!everywhere).then_some(question.room);
                self.0.pace.close(room, wait);
                false
            }
            // The answer will tell whether the platform takes it.
            _ => false,
        }
    }

    fn working(&self, question: &Question) -> Document {
        let command = self.understood(&question.input).unwrap_or("working");
        Document::new(command, "Looking …", Severity::Neutral)
    }

    /// The final page; what its buttons stand for is written down meanwhile.
    fn last(&self, question: &Question, ended: &Ended) -> (Last, Option<Kept>) {
        let inner = &self.0;
        let plain = |document| {
            (
                Last {
                    document,
                    buttons: Vec::new(),
                },
                None,
            )
        };

        match ended {
            Ended::Answered(reply) => {
                if let Some(target) = targets::of(reply).into_iter().next()
                    && !reply.arguments.is_empty()
                {
                    inner.recent.add(&question.asker, target.text);
                }

                let input = journal::keepable(&question.input);
                let (buttons, kept) =
                    inner
                        .desk
                        .buttons(inner.engine.registry(), &question.id, input, reply);

                (
                    Last {
                        document: reply.rendition.document().clone(),
                        buttons,
                    },
                    Some(kept),
                )
            }
            Ended::Failed(failure) => {
                let document = problem(failure, &question.input);
                let Failure::Usage(UsageError {
                    suggestion: Some(line),
                    ..
                }) = failure
                else {
                    return plain(document);
                };
                let label = line.chars().take(40).collect();
                let (buttons, kept) = inner.desk.choice(&question.id, vec![(label, line.clone())]);
                (Last { document, buttons }, Some(kept))
            }
            Ended::Cancelled => plain(note("Cancelled", "This request has expired.")),
            Ended::Interrupted | Ended::Lost(_) => plain(note(
                "Interrupted",
                "Netvane is restarting. Please try again in a minute.",
            )),
        }
    }
}
