//! Final pages: shown again and again until the platform takes them, or their time is over.

use std::time::Duration;

use netvane_core::{Input, document::Document};
use tokio::time::{Instant, timeout};

use crate::{
    chat::{Chat, Inner},
    journal::{Job, log_unkept},
    outlet::{CALL, Outlet, Trouble},
    pace::Room,
    page::{Button, Page, note},
    question::Question,
    waits::Waits,
};

/// What no lookup stands behind is tried to be said for this long.
const TELL: Duration = Duration::from_secs(60);

/// Tries to show a page lie at most this far apart.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Chat {
    /// A question that a restart interrupted and that cannot be asked again ends with a word about it.
    pub async fn give_up(&self, job: &Job, room: Room, outlet: &mut impl Outlet) {
        let (text, input) = if job.in_doubt {
            (
                "Netvane restarted during this lookup. If no reply arrived, please try again.",
                &job.input,
            )
        } else {
            (
                "Netvane restarted before the lookup finished. Please try again.",
                &None,
            )
        };
        let buttons = match input {
            Some(Input::Text(line)) => self.choice(vec![("Try again".into(), line.clone())]).await,
            _ => Vec::new(),
        };
        // The reason is logged where sending fails.
        let _ = self
            .tell(&note("Interrupted", text), &buttons, room, outlet)
            .await;
        log_unkept(self.0.journal.close(&job.id).await);
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
                adapter = self.0.platform.name(),
                ?trouble,
                "could not send a notice"
            );
        }
        told
    }

    /// Shows a final page, again and again until the platform takes it or its time is over. While that of a question is
    /// on its way for the first time, it is kept that it may have arrived.
    pub(crate) async fn insist(
        &self,
        room: Room,
        outlet: &mut impl Outlet,
        page: &Page<'_>,
        deadline: Instant,
        question: Option<&Question>,
    ) -> Result<(), Trouble> {
        let Inner { pace, journal, .. } = &*self.0;
        let mut in_doubt = false;
        let mut waits = Waits::up_to(LONGEST_WAIT);

        loop {
            pace.turn(room).await;
            if let Some(question) = question.filter(|_| outlet.is_new() && !in_doubt) {
                in_doubt = true;
                log_unkept(
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
                Err(_) => Trouble::Passing("the platform did not respond in time".into()),
            };

            let wait = match &trouble {
                Trouble::Lasting(_) => return Err(trouble),
                Trouble::Flood { wait, everywhere } => {
                    pace.close((!everywhere).then_some(room), *wait);
                    if let Some(question) = question.filter(|_| in_doubt) {
                        // It did not arrive.
                        in_doubt = false;
                        log_unkept(journal.open(&question.job(outlet.place())).await);
                    }
                    Duration::ZERO
                }
                Trouble::Passing(_) => waits.next_wait(),
            };

            if Instant::now() + wait > deadline {
                return Err(trouble);
            }

            tokio::time::sleep(wait).await;
        }
    }
}
