//! One question, from accepted to answered: the way that is the same on every platform.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::OptionFuture;
use netvane_core::{
    Caller, Failure, Input, Reply, Request, UsageError,
    command::targets,
    document::{Document, Severity},
    store::StoreError,
};
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::{
    Chat, Inner,
    desk::{Desk, Kept, Press, Pressed},
    journal::{self, Job},
    pace::Room,
    page::{Button, Page, note, problem},
};

/// One call to the platform ends by then.
const CALL: Duration = Duration::from_secs(20);

/// What no lookup stands behind is tried to be said for this long.
const TELL: Duration = Duration::from_secs(60);

/// A lookup that runs when the process is to end gets this long.
const GRACE: Duration = Duration::from_secs(5);

/// Progress is looked at this often.
const LOOK: Duration = Duration::from_millis(500);

/// How a platform took what was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Too much; again after this time. In this room, or everywhere.
    Flood {
        /// As the platform says.
        wait: Duration,
        /// Not only this room.
        everywhere: bool,
    },
    /// The network or the platform failed; it may work the next time.
    Passing(String),
    /// It will never work: the message, the chat or the right to write is gone.
    Lasting(String),
}

/// Where the answer to one question is written: a message that is made once and then edited.
pub trait Outlet: Send {
    /// Shows this in place of what it showed before.
    fn show(&mut self, page: &Page<'_>) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// How to find the message again after a restart.
    fn place(&self) -> Value;

    /// Whether what is shown next is a new message, which `place` does not lead to and which would be there twice if it
    /// were sent again.
    fn is_new(&self) -> bool {
        false
    }
}

/// A question, accepted.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its number; buttons carry it.
    pub id: String,
    /// The update that brought it, to be handled once.
    pub update: Option<String>,
    /// What is asked.
    pub input: Input,
    /// Do not take an answer that is kept already.
    pub fresh: bool,
    /// Who asks, as buttons and suggestions know them.
    pub asker: String,
    /// Who asks, as the operator's rules know them.
    pub caller: Caller,
    /// Whose pace its messages count towards.
    pub room: Room,
    /// How long the platform lets us answer.
    pub time: Duration,
    /// Work that takes longer than this is shown to go on.
    pub patience: Duration,
    /// Dropped when the question is kept: whoever waits for that may then forget it.
    pub unkept: Option<Unkept>,
}

/// Held as long as a question is not kept yet.
pub type Unkept = mpsc::Sender<()>;

/// How it ended.
pub enum Ended {
    /// The answer stands there.
    Answered(Reply),
    /// A failure is told there.
    Failed(Failure),
    /// Someone pressed Cancel.
    Cancelled,
    /// The process is ending, and it says so there.
    Interrupted,
    /// The platform did not take it.
    Lost(Trouble),
}

impl Question {
    /// With a number of its own.
    pub fn new(input: Input, asker: impl Into<String>, room: Room) -> Self {
        let asker = asker.into();
        Self {
            id: Ulid::new().to_string(),
            update: None,
            input,
            fresh: false,
            caller: Caller {
                user: Some(asker.clone()),
                ..Caller::default()
            },
            asker,
            room,
            time: Duration::from_secs(600),
            patience: Duration::from_millis(400),
            unkept: None,
        }
    }

    /// The same question after a restart; `None` where it cannot be asked again, or may have been answered.
    pub fn resumed(job: &Job, room: Room) -> Option<Self> {
        if job.in_doubt {
            return None;
        }
        let mut question = Self::new(job.input.clone()?, job.asker.clone(), room);
        question.id.clone_from(&job.id);
        question.caller.clone_from(&job.caller);
        question.time = Duration::from_secs(job.until.saturating_sub(journal::seconds()));
        question.patience = Duration::ZERO;
        Some(question)
    }

    fn job(&self, place: Value) -> Job {
        Job {
            id: self.id.clone(),
            input: journal::keepable(&self.input),
            asker: self.asker.clone(),
            caller: self.caller.clone(),
            place,
            until: journal::seconds() + self.time.as_secs(),
            in_doubt: false,
        }
    }
}

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
            tell(inner.journal.accept(&job, question.update.as_deref()).await);
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
                    tracing::warn!(adapter = inner.adapter, ?trouble, "an answer was not taken");
                    Ended::Lost(trouble)
                }
            }
        };

        let (ended, remembered) = tokio::join!(shown, remembered);
        remembered.into_iter().for_each(tell);
        tell(inner.journal.close(&question.id).await);

        ended
    }

    /// What a press on a button means; a Cancel takes effect at once.
    pub fn press(&self, press: Press<'_>) -> Pressed {
        self.0.desk.press(press)
    }

    /// Buttons that ask one line each, given with their labels.
    pub async fn choice(&self, lines: Vec<(String, String)>) -> Vec<Button> {
        let (buttons, kept) = self.0.desk.choice(&Ulid::new().to_string(), lines);
        tell(kept.await);
        buttons
    }

    /// Whether the operator lets only the asker read the answer to this.
    pub fn is_private(&self, input: &Input, caller: &Caller) -> bool {
        let command = self.understood(input);
        command.is_ok_and(|command| {
            self.0
                .engine
                .runtime()
                .is_private(self.0.platform, caller, command)
        })
    }

    /// The whole answer to a question, for a file.
    pub async fn raw(&self, input: Input, caller: Caller) -> Result<Reply, Failure> {
        self.0
            .engine
            .ask(Request::new(self.0.platform, input).by(caller), |_| {})
            .await
    }

    /// A question that a restart interrupted and that cannot be asked again ends with a word about it.
    pub async fn give_up(&self, job: &Job, room: Room, outlet: &mut impl Outlet) {
        let (text, input) = if job.in_doubt {
            (
                "Netvane was restarted while it was answering. If there is no answer, ask again.",
                &job.input,
            )
        } else {
            (
                "Netvane was restarted before the answer was there. Please ask again.",
                &None,
            )
        };
        let buttons = match input {
            Some(Input::Text(line)) => self.choice(vec![("Ask again".into(), line.clone())]).await,
            _ => Vec::new(),
        };
        // Why it was not taken is in the log.
        let _ = self
            .tell(&note("Interrupted", text), &buttons, room, outlet)
            .await;
        tell(self.0.journal.close(&job.id).await);
    }

    /// Says something that no lookup stands behind. It is not lost to a flood or a fault that passes within a minute.
    pub async fn tell(
        &self,
        document: &Document,
        buttons: &[Button],
        room: Room,
        outlet: &mut impl Outlet,
    ) -> Result<(), Trouble> {
        let page = Page {
            document,
            buttons,
            working: false,
        };
        let told = self
            .insist(room, outlet, &page, Instant::now() + TELL, None)
            .await;
        if let Err(trouble) = &told {
            tracing::warn!(
                adapter = self.0.adapter,
                ?trouble,
                "something could not be said"
            );
        }
        told
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
        let working = self.working(question);
        let buttons = [Desk::cancel_button(&question.id)];
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

            let document = so_far
                .as_ref()
                .map_or(&working, |reply| reply.rendition.document());
            let page = Page {
                document,
                buttons: &buttons,
                working: true,
            };

            match timeout(CALL, outlet.show(&page)).await {
                Ok(Ok(())) if !shown => {
                    shown = true;
                    tell(inner.journal.open(&question.job(outlet.place())).await);
                }
                Ok(Err(Trouble::Flood { wait, everywhere })) => {
                    inner
                        .pace
                        .close((!everywhere).then_some(question.room), wait);
                }
                // The answer will tell whether the platform takes it.
                _ => {}
            }
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
            Ended::Cancelled => plain(note("Cancelled", "Nobody waits for this any more.")),
            Ended::Interrupted | Ended::Lost(_) => plain(note(
                "Interrupted",
                "Netvane is being restarted. Please ask again in a minute.",
            )),
        }
    }

    /// Shows a final page, again and again until the platform takes it or its time is over. While that of a question is
    /// on its way for the first time, it is kept that it may have arrived.
    async fn insist(
        &self,
        room: Room,
        outlet: &mut impl Outlet,
        page: &Page<'_>,
        deadline: Instant,
        question: Option<&Question>,
    ) -> Result<(), Trouble> {
        let Inner { pace, journal, .. } = &*self.0;
        let mut in_doubt = false;
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(500))
            .with_max_delay(Duration::from_secs(30))
            .with_jitter()
            .without_max_times()
            .build();

        loop {
            pace.turn(room).await;
            if let Some(question) = question.filter(|_| outlet.is_new() && !in_doubt) {
                in_doubt = true;
                tell(
                    journal
                        .open(&Job {
                            in_doubt,
                            ..question.job(outlet.place())
                        })
                        .await,
                );
            }

            let trouble = match timeout(CALL, outlet.show(page)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(trouble)) => trouble,
                Err(_) => Trouble::Passing("the platform did not answer in time".into()),
            };

            let wait = match &trouble {
                Trouble::Lasting(_) => return Err(trouble),
                Trouble::Flood { wait, everywhere } => {
                    pace.close((!everywhere).then_some(room), *wait);
                    if let Some(question) = question.filter(|_| in_doubt) {
                        // It did not arrive.
                        in_doubt = false;
                        tell(journal.open(&question.job(outlet.place())).await);
                    }
                    Duration::ZERO
                }
                Trouble::Passing(_) => waits.next().unwrap_or(Duration::from_secs(30)),
            };

            if Instant::now() + wait > deadline {
                return Err(trouble);
            }

            tokio::time::sleep(wait).await;
        }
    }
}

/// That nothing can be kept is told once, by the store.
fn tell(written: Result<(), StoreError>) {
    if let Err(error) = written {
        tracing::debug!(%error, "a restart would forget this");
    }
}
